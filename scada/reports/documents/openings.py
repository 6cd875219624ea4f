"""The report `openings`: was every opening right?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from scada.config import ConfigError
from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane.words import Ending
from scada.model.saying import say
from scada.reports.differences import Item, Link
from scada.reports.documents.asked import Asked, Verdict
from scada.reports.documents.codes import spoken
from scada.reports.documents.document import (
    Cell,
    Chart,
    Figure,
    Section,
    Series,
    Shape,
    Table,
    code,
    count,
    counts,
    moment,
    passage,
    picture,
    text,
)
from scada.reports.documents.spans import buckets
from scada.reports.openings import Row, reckon
from scada.reports.reading import read_openings, with_pictures
from scada.reports.stories import BY_HAND

_CAUSES = tuple(cause.name for cause in RiseCause)
_OUTCOMES = tuple(outcome.name for outcome in PassageOutcome)
_ENDINGS = tuple(ending.value for ending in Ending)
_LINKS = {
    Link.CAUSES: say("Openings to causes"),
    Link.COMMANDS: say("Authorised openings to commands"),
    Link.PASSAGES: say("Openings to passages"),
    Link.STAYS: say("Passages to stays"),
}
_COLUMNS = (
    moment("hour", say("Hour")),
    text("lane", say("Lane")),
    count("openings", say("Openings")),
    counts("causes", say("Causes"), words=_CAUSES),
    count("commands", say("Commands")),
    count("passages", say("Passages"), only_data=True),
    counts("outcomes", say("Passages"), words=_OUTCOMES),
    counts("notes", say("Notes")),
    count("through", say("Drove through"), only_data=True),
    count("stays_begun", say("Stays begun")),
    counts("stays_ended", say("Stays ended"), words=_ENDINGS),
    *(counts(link.value, title) for link, title in _LINKS.items()),
    count("unexplained", say("Unexplained")),
)
_ITEMS = (
    moment("at", say("Time")),
    text("lane", say("Lane")),
    code("name", say("What it was")),
    code("between", say("Between which counts")),
    count("change", say("Change"), adds=False),
    count("count", say("Count of the PLC"), adds=False),
    count("number", say("Number of the passage"), adds=False),
    passage("passage", say("Passage")),
    picture("picture", say("Picture")),
)


def openings(connection: Connection, asked: Asked) -> Verdict:
    """Reconcile openings, causes, commands, passages and stays."""
    rows = _rows(connection, asked)
    items = [item for row in rows for item in row.items]
    unexplained = [item for item in items if item.unexplained]
    figures = (
        Figure("openings", say("Openings"), sum(row.openings for row in rows)),
        Figure("unexplained", say("Unexplained"), len(unexplained)),
    )
    sections = (
        Section(say("Openings by cause"), figures=figures, chart=_chart(rows, asked), name="all"),
        Section(say("By hour and lane"), table=Table("rows", _COLUMNS, tuple(map(_row, rows)))),
        Section(say("Unexplained"), table=_items("unexplained", unexplained)),
        Section(say("Opened at the cabinet, to be looked at"), table=_items("by_hand", filter(_is_by_hand, items))),
    )
    return Verdict(sections, agrees=not unexplained)


def _rows(connection: Connection, asked: Asked) -> Sequence[Row]:
    lanes, chosen = [lane.name for lane in asked.config.lanes], asked.options.get("lane")
    if chosen is not None and chosen not in lanes:
        raise ConfigError(f"there is no lane {chosen!r}; the site has {', '.join(lanes)}")
    days = asked.since, asked.until
    parted = read_openings(connection, asked.site, asked.zone, *days)
    parted = replace(parted, facts=with_pictures(connection, asked.site, parted.facts, *days))
    rows = reckon(parted, asked.zone, *days)
    return [row for row in rows if chosen in (None, row.lane)]


def _row(row: Row) -> tuple[Cell, ...]:
    return (
        row.hour,
        row.lane,
        row.openings,
        dict(row.causes),
        row.commands,
        row.outcomes.total(),
        dict(row.outcomes),
        dict(row.notes),
        row.through,
        row.begun,
        dict(row.endings),
        *(row.differences(link) for link in _LINKS),
        row.unexplained,
    )


def _items(name: str, items: Iterable[Item]) -> Table:
    rows = tuple(
        (
            item.at,
            item.lane,
            item.name,
            item.link.value,
            item.change,
            item.count,
            item.number,
            item.passage,
            item.picture,
        )
        for item in items
    )
    return Table(name, _ITEMS, rows)


def _is_by_hand(item: Item) -> bool:
    return item.link is Link.PASSAGES and item.name in BY_HAND and item.count is not None


def _chart(rows: Sequence[Row], asked: Asked) -> Chart:
    """Draw how often booms rose and why; causes that never came are left out."""
    begins, place_of = buckets(asked.days, asked.zone)
    found: dict[str, Counter[int]] = {}
    for row in rows:
        for cause, times in row.causes.items():
            found.setdefault(cause, Counter())[place_of(row.hour)] += times
    series = tuple(
        Series(spoken(cause), tuple(found[cause][place] for place in range(len(begins))))
        for cause in _CAUSES
        if cause in found
    )
    return Chart(Shape.STACKED, tuple(begins), series)
