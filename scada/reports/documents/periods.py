"""The report `periods`: what each time outside AUTO cost, and whose stays it may have left open."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from scada.model.ghosts import Ghost
from scada.model.saying import Words, say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.codes import spoken
from scada.reports.documents.document import (
    Cell,
    Figure,
    Kind,
    Section,
    Table,
    code,
    count,
    fen,
    figure,
    moment,
    passage,
    plate,
    several,
    text,
    yes,
)
from scada.reports.periodbooks import read_books
from scada.reports.periods import Told, reckon

_COLUMNS = (
    text("lane", say("Lane")),
    code("mode", say("Mode")),
    moment("began", say("Began")),
    moment("ended", say("Ended")),
    figure("minutes", say("Minutes"), adds=True),
    text("by", say("By")),
    text("second", say("Second person")),
    code("reason", say("Reason")),
    text("note", say("Note")),
    text("ended_by", say("Ended by"), only_data=True),
    count("counted_out", say("Counted out")),
    fen("lost_fen", say("Lost, yuan")),
    count("without_plate", say("Without a plate")),
    several("uncounted", say("Uncounted")),
    several("ghosts", say("To be closed")),
    yes("stocktake", say("Stocktake needed")),
    several("left", say("Left"), only_data=True),
    several("uncertain", say("Entries in doubt"), only_data=True),
)
_GHOSTS = (
    text("lane", say("Lane")),
    moment("began", say("Period began")),
    plate("plate", say("Plate")),
    moment("entered", say("In since")),
    text("stay", say("Stay")),
    code("why", say("Why")),
    passage("passage", say("Passage"), only_data=True),
)


def periods(connection: Connection, asked: Asked) -> Sections:
    """Tell every period outside AUTO."""
    books = read_books(connection, asked.site, asked.since, asked.until)
    ways_out = frozenset(lane.name for lane in asked.config.lanes if lane.direction != "entry")
    told = reckon(books, ways_out, timedelta(hours=asked.config.limits.stay_hours))
    figures = (
        Figure("number", say("Periods"), len(told)),
        Figure("cars", say("Cars counted out"), sum(len(one.left) for one in told)),
        Figure("lost_fen", say("Lost, yuan"), sum(one.lost_fen for one in told), Kind.FEN),
    )
    ghosts = tuple(row for one in told for row in _ghost_rows(one))
    notes = (say("Nothing is closed by itself."), *_stocktakes(told, asked))
    return (
        Section(say("Periods"), figures=figures, table=Table("periods", _COLUMNS, tuple(map(_row, told)))),
        Section(say("Stays proposed for closing"), notes, table=Table("proposed", _GHOSTS, ghosts)),
    )


def _row(told: Told) -> tuple[Cell, ...]:
    period = told.period
    return (
        period.lane,
        period.mode,
        period.began_at,
        period.ended_at,
        round(told.lasted.total_seconds() / 60, 1),
        period.by,
        period.second,
        period.reason,
        period.note,
        period.ended_by or "",
        len(told.left),
        told.lost_fen,
        told.without_plate,
        [{"passage": one.id, "plate": one.plate, "note": one.note} for one in told.uncounted],
        [_ghost(ghost) for ghost in told.ghosts],
        told.asks_stocktake,
        [{"stay": one.stay, "plate": one.plate, "lost_fen": one.lost_fen} for one in told.left],
        list(told.doubts),
    )


def _ghost(ghost: Ghost) -> dict[str, object]:
    stay = ghost.stay
    of = {"stay": stay.id, "plate": stay.plate, "entered": stay.entered_at, "lane": stay.lane}
    return {**of, "why": ghost.evidence.value, "passage": ghost.passage}


def _ghost_rows(told: Told) -> Iterator[tuple[Cell, ...]]:
    for ghost in told.ghosts:
        stay = ghost.stay
        when = told.period.lane, told.period.began_at
        yield (*when, stay.plate, stay.entered_at, stay.id, ghost.evidence.value, ghost.passage)


def _stocktakes(told: Sequence[Told], asked: Asked) -> Iterator[Words]:
    """Ask for a stocktake after each period that wants one, and name the entries that it may settle."""
    for one in told:
        if not one.asks_stocktake:
            continue
        of = {
            "mode": spoken(one.period.mode),
            "lane": one.period.lane,
            "began": f"{one.period.began_at.astimezone(asked.zone):%Y-%m-%d %H:%M}",
            "count": len(one.uncounted),
        }
        yield say("After %(mode)s of %(lane)s, %(began)s: please take stock, %(count)s went out uncounted.", **of)
        if one.doubts:
            listed = ", ".join(str(doubt) for doubt in one.doubts)
            yield say("Then settle: daozha uncertain settle %(ids)s --outcome inside|gone|no-car --by NAME", ids=listed)
