"""The report `lanes`: how far each lane could be relied on, how often it failed, and how its boom moves."""

from sqlalchemy import Connection

from scada.model.saying import say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import (
    Chart,
    Kind,
    Section,
    Series,
    Shape,
    Table,
    code,
    count,
    figure,
    percent,
    seconds,
    table_of,
    text,
)
from scada.reports.lot.lanes import LaneFigures, read_facts, reckon

_LANES = (
    text("lane", say("Lane")),
    percent("availability", say("In AUTO and whole")),
    count("failures", say("Failures")),
    seconds("mtbf_s", say("Between failures")),
    seconds("mttr_s", say("To repair")),
    count("cycles", say("Openings")),
    count("commands", say("Commands")),
    count("no_starts", say("No starts")),
    percent("no_start_rate", say("No starts, share")),
    figure("open_median_ms", say("Opens in, ms")),
    figure("close_median_ms", say("Closes in, ms")),
    figure("drift_ms", say("Opens slower by, ms")),
)
_AWAY = (text("lane", say("Lane")), code("what", say("Mode or fault")), seconds("lasted_s", say("Lasted"), adds=True))
_HOW = say(
    "Failures are faults of the barrier, a PLC out of reach and a server that was lost; what people asked for is none."
    " Slower by: the last tenth of the openings beside the first."
)


def lanes(connection: Connection, asked: Asked) -> Sections:
    """Tell the lanes; days that are not over are told until now."""
    until = max(asked.since, min(asked.until, asked.now))
    names = [lane.name for lane in asked.config.lanes]
    found = reckon(read_facts(connection, asked.site, asked.since, until), names, asked.since, until)
    shares = tuple(one.availability for one in found)
    chart = Chart(Shape.BARS, tuple(names), (Series(say("In AUTO and whole"), shares),), Kind.PERCENT)
    return (
        Section(say("By lane"), (_HOW,), table=table_of("lanes", _LANES, found), chart=chart),
        Section(say("Not in AUTO, or broken"), table=_away(found)),
    )


def _away(found: list[LaneFigures]) -> Table:
    rows = tuple((one.lane, what, lasted) for one in found for what, lasted in sorted(one.away_s.items()))
    return Table("away", _AWAY, rows)
