"""The report `traffic`: who came and left and what was paid, by hour or day, lane, vehicle and channel."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from scada.model.saying import Words, say
from scada.reports.documents.asked import Asked, Verdict
from scada.reports.documents.document import (
    Cell,
    Chart,
    Column,
    Figure,
    Kind,
    Section,
    Series,
    Shape,
    Table,
    code,
    count,
    fen,
    text,
)
from scada.reports.documents.figures.shapes import BY_CHANNEL, CHANNEL_NAMES, Steps, steps_of
from scada.reports.lot.cars import read_cars
from scada.reports.lot.traffic import CHANNELS, Place, reckon, together, total
from scada.reports.lot.traffic import Cell as Counted
from scada.reports.money.moves import MONEY, read_moves
from scada.reports.money.working import read_working

Key = TypeVar("Key", bound=tuple[object, ...])
_COUNTED = (
    count("came", say("Came")),
    count("left", say("Left")),
    count("uncounted", say("Ended unseen or annulled")),
    count("without_fee", say("Left without a fee")),
    *BY_CHANNEL,
    fen("taken_fen", say("Taken, yuan")),
)
_LANE, _VEHICLE = text("lane", say("Lane")), code("vehicle", say("Vehicle"))


def traffic(connection: Connection, asked: Asked) -> Verdict:
    """Tell traffic and takings; they agree with what the tables of payments say."""
    steps = steps_of(asked)
    moves = read_moves(connection, asked.site, asked.since, asked.until, asked.zone)
    cars = read_cars(connection, asked.site, asked.since, asked.until, asked.zone)
    cells = reckon(cars, moves, steps.start_of)
    every = total(cells.values())
    worked = read_working(connection, asked.site, asked.since, asked.until, asked.zone).values()
    payments_fen = sum(one.taken_fen for one in worked)
    sections = (
        _together(every, payments_fen),
        _steps(cells, steps),
        Section(say("By lane"), table=_table("lanes", (_LANE,), together(cells, lambda one: (one.lane,)))),
        Section(say("By vehicle"), table=_table("vehicles", (_VEHICLE,), together(cells, lambda one: (one.vehicle,)))),
        Section(say("By channel"), table=_channels(every), chart=_shares(every)),
        Section(say("All of it together"), (_HOW,), table=_cells(cells, steps)),
    )
    return Verdict(sections, agrees=payments_fen == every.taken_fen)


_HOW = say(
    "A car counts where and when it passed, money where and when it was paid."
    " What is paid by phone belongs to no lane, what pays old debts to no vehicle."
)


def _together(every: Counted, payments_fen: int) -> Section:
    figures = (
        Figure("came", say("Came"), every.came),
        Figure("left", say("Left"), every.left),
        Figure("uncounted", say("Ended unseen or annulled"), every.uncounted),
        Figure("without_fee", say("Left without a fee"), every.without_fee),
        Figure("taken_fen", say("Taken, yuan"), every.taken_fen, Kind.FEN),
        Figure("payments_fen", say("By the tables of payments, yuan"), payments_fen, Kind.FEN),
    )
    return Section(say("Together"), figures=figures, name="sums")


def _steps(cells: dict[Place, Counted], steps: Steps) -> Section:
    by = together(cells, lambda one: (one.at,))
    title = steps.heading
    chart = Chart(
        Shape.LINES if steps.by_hour else Shape.BARS,
        tuple(at if steps.by_hour else at.date() for (at,) in by),
        (
            Series(say("Came"), tuple(cell.came for cell in by.values())),
            Series(say("Left"), tuple(cell.left for cell in by.values())),
        ),
    )
    return Section(title, table=_table("steps", (steps.column,), by), chart=chart)


def _cells(cells: dict[Place, Counted], steps: Steps) -> Table:
    keyed = {(place.at, place.lane, place.vehicle): cell for place, cell in cells.items()}
    return _table("cells", (steps.column, _LANE, _VEHICLE), keyed)


def _table(name: str, columns: tuple[Column, ...], cells: Mapping[Key, Counted]) -> Table:
    rows = tuple((*_shown(key, columns), *_counted(cell)) for key, cell in cells.items())
    return Table(name, (*columns, *_COUNTED), rows)


def _shown(key: tuple[object, ...], columns: tuple[Column, ...]) -> tuple[Cell, ...]:
    """Give the names of a row: of a day its date."""
    return tuple(_name(one, is_day=column.kind is Kind.DAY) for one, column in zip(key, columns, strict=True))


def _name(one: object, *, is_day: bool) -> Cell:
    if isinstance(one, datetime):
        return one.date() if is_day else one
    return str(one)


def _counted(cell: Counted) -> tuple[Cell, ...]:
    cars = (cell.came, cell.left, cell.uncounted, cell.without_fee)
    return (*cars, *(cell.fen[channel] for channel in CHANNELS), cell.taken_fen)


def _channels(every: Counted) -> Table:
    columns = (code("channel", say("Channel")), fen("fen", say("Amount, yuan")))
    rows = tuple((channel, every.fen[channel]) for channel in MONEY)
    return Table("channels", columns, rows)


def _shares(every: Counted) -> Chart:
    labels: tuple[Words, ...] = tuple(CHANNEL_NAMES[channel] for channel in MONEY)
    return Chart(
        Shape.BARS,
        labels,
        (Series(say("Amount, yuan"), tuple(every.fen[channel] for channel in MONEY)),),
        Kind.FEN,
    )
