"""The report `inside`: cars inside by the age of their visit, likely ghosts, and what a stocktake has to find out."""

from datetime import timedelta

from sqlalchemy import Connection

from scada.model.saying import Words, say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import (
    Chart,
    Figure,
    Section,
    Series,
    Shape,
    Table,
    count,
    fen,
    moment,
    passage,
    plate,
    table_of,
    text,
)
from scada.reports.lot.inside import AGES_H, GHOST_AFTER, by_age, read_old, read_stocktake, read_unread
from scada.reports.lot.occupancy import read_visits
from scada.reports.periodbooks import read_books
from scada.reports.periods import reckon

_OLD = (
    plate("plate", say("Plate")),
    text("lane", say("Lane")),
    moment("entered_at", say("Came at")),
    text("stay", say("Stay")),
    fen("paid_fen", say("Paid, yuan")),
)
_GHOSTS = (
    plate("plate", say("Plate")),
    text("lane", say("Lane")),
    moment("entered_at", say("Came at")),
    text("stay", say("Stay")),
    text("why", say("Why")),
    passage("passage", say("Passage that may have been its car's")),
)
_NOTHING_CLOSED = say("They are proposed for closing after periods of these days; nothing is closed by itself.")


def inside(connection: Connection, asked: Asked) -> Sections:
    """Tell who was inside when the days ended, or is now."""
    at = min(asked.until, asked.now)
    config = asked.config
    zone_of = {lane.id: config.zone_of(lane.id) for lane in config.lanes}
    ages = by_age(read_visits(connection, asked.site, at, at, zone_of, config.park), at)
    old = read_old(connection, asked.site, at)
    found = read_stocktake(connection, asked.site, asked.since, asked.until)
    figures = (
        Figure("inside", say("Cars inside"), sum(ages)),
        Figure("old", say("Longer than %(hours)s h", hours=GHOST_AFTER // timedelta(hours=1)), len(old)),
        Figure("unread", say("Came in without a plate"), read_unread(connection, asked.site)),
        Figure("in_doubt", say("In doubt, to be settled"), found.still_open),
        Figure("stocktake_inside", say("Stocktake: was inside"), found.inside),
        Figure("stocktake_gone", say("Stocktake: was gone"), found.gone),
        Figure("stocktake_no_car", say("Stocktake: was no car"), found.no_car),
    )
    chart = Chart(Shape.HISTOGRAM, _labels(), (Series(say("Cars"), tuple(ages)),))
    columns = (text("age", say("Age")), count("cars", say("Cars")))
    table = Table("ages", columns, tuple(zip(_labels(), ages, strict=True)))
    return (
        Section(say("By age"), figures=figures, table=table, chart=chart, name="sums"),
        Section(say("Likely ghosts"), (_NOTHING_CLOSED,), table=_ghosts(connection, asked)),
        Section(say("The oldest visits"), table=table_of("old", _OLD, old)),
    )


def _labels() -> tuple[Words, ...]:
    upto = tuple(say("up to %(hours)s h", hours=border) for border in AGES_H)
    return (*upto, say("over %(hours)s h", hours=AGES_H[-1]))


def _ghosts(connection: Connection, asked: Asked) -> Table:
    books = read_books(connection, asked.site, asked.since, asked.until)
    ways_out = frozenset(lane.name for lane in asked.config.lanes if lane.direction != "entry")
    told = reckon(books, ways_out, timedelta(hours=asked.config.limits.stay_hours))
    rows = tuple(
        (ghost.stay.plate, ghost.stay.lane, ghost.stay.entered_at, ghost.stay.id, ghost.evidence.value, ghost.passage)
        for one in told
        for ghost in one.ghosts
    )
    return Table("ghosts", _GHOSTS, rows)
