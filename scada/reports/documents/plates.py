"""The report `plates`: how well each camera read, by hour, and the reads that were rejected."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection

from scada.model.camera.reading import ReadRow
from scada.model.saying import Words, say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import (
    Chart,
    Figure,
    Kind,
    Section,
    Series,
    Shape,
    code,
    count,
    figure,
    moment,
    passage,
    percent,
    picture,
    plate,
    table_of,
    text,
    yes,
)
from scada.reports.documents.spans import buckets
from scada.reports.plates import by_hour, exact_share, read_booked, read_plates

_HOURS = (
    text("camera", say("Camera")),
    text("lane", say("Lane"), only_data=True),
    moment("hour", say("Hour")),
    count("passages", say("Passages")),
    percent("read_rate", say("Read")),
    percent("under_gate", say("Too faint")),
    figure("confidence_p10", say("Confidence, lowest tenth")),
    figure("confidence_p50", say("Confidence, median")),
    percent("corrected", say("Corrected")),
    percent("exact", say("Read exactly")),
)
_REJECTED = (
    moment("at", say("Time")),
    text("camera", say("Camera")),
    text("lane", say("Lane")),
    code("why", say("Why")),
    plate("plate", say("Plate")),
    figure("confidence", say("Confidence")),
    passage("passage", say("Passage"), only_data=True),
    text("way", say("Way"), only_data=True),
    count("frames", say("Frames"), adds=False, only_data=True),
    picture("picture", say("Picture")),
    yes("corrected", say("Corrected")),
)


def plates(connection: Connection, asked: Asked) -> Sections:
    """Tell how well the cameras read."""
    rows = read_plates(connection, asked.site, asked.since, asked.until)
    booked = read_booked(connection, asked.site, asked.since, asked.until)
    hours, rejected = by_hour(rows, booked), [row for row in rows if not row.is_read]
    figures = (
        Figure("looked_at", say("Reads"), len(rows)),
        Figure("read", say("Read"), (len(rows) - len(rejected)) / len(rows) if rows else None, Kind.PERCENT),
        Figure("exact", say("Read exactly"), exact_share(rows, booked), Kind.PERCENT),
        Figure("corrected", say("Corrected by a person"), sum(row.corrected for row in rows)),
    )
    return (
        Section(say("Read rate"), figures=figures, chart=_chart(rows, asked), name="all"),
        Section(say("By hour and camera"), table=table_of("hours", _HOURS, hours)),
        Section(say("Rejected reads"), table=table_of("rejected", _REJECTED, rejected)),
    )


def _chart(rows: Sequence[ReadRow], asked: Asked) -> Chart:
    """Draw what share each camera read, over time; a time without a car is a gap."""
    begins, place_of = buckets(asked.days, asked.zone)
    seen: Counter[tuple[str, int]] = Counter()
    read: Counter[tuple[str, int]] = Counter()
    for row in rows:
        step = row.camera, place_of(row.at)
        seen[step] += 1
        read[step] += row.is_read
    series = []
    for camera in sorted({camera for camera, _ in seen}):
        steps = [(camera, place) for place in range(len(begins))]
        shares = tuple(read[step] / seen[step] if seen[step] else None for step in steps)
        series.append(Series(Words("%(name)s", {"name": camera}), shares))
    return Chart(Shape.LINES, tuple(begins), tuple(series), Kind.PERCENT)
