"""The report `unpaid`: stays that left owing, what of it came in, and what was lost where nothing held a car back."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection

from scada.model.saying import say
from scada.reports.documents.asked import Asked, Sections
from scada.reports.documents.document import (
    Figure,
    Kind,
    Section,
    Table,
    code,
    count,
    fen,
    moment,
    passage,
    plate,
    seconds,
    table_of,
    text,
)
from scada.reports.lot.cars import read_cars
from scada.reports.money.unpaid import Unpaid, read_lost, read_unpaid, recovery_rate
from scada.reports.periodbooks import read_books
from scada.reports.periods import Told, reckon

_ONE = (
    moment("at", say("Left at")),
    text("lane", say("Lane")),
    plate("plate", say("Plate")),
    code("ending", say("Ending")),
    code("reason", say("Reason")),
    text("stay", say("Stay"), only_data=True),
    passage("passage", say("Passage"), only_data=True),
    fen("left_fen", say("Left owing, yuan")),
    fen("recovered_fen", say("Paid since, yuan")),
    fen("written_off_fen", say("Written off, yuan")),
    fen("open_fen", say("Still owed, yuan")),
)
_LOST = (code("how", say("How")), count("cars", say("Cars")), fen("lost_fen", say("Lost, yuan")))
_PERIODS = (
    code("mode", say("Mode or fault")),
    count("periods", say("Periods")),
    seconds("lasted_s", say("Lasted"), adds=True),
    count("cars", say("Counted out")),
    fen("lost_fen", say("Lost, yuan")),
    count("uncounted", say("Out uncounted")),
    fen("estimated_fen", say("Likely lost besides, yuan")),
)
_HOW = say("What cars that went out uncounted have cost is guessed by the mean fee of those that were asked.")


def unpaid(connection: Connection, asked: Asked) -> Sections:
    """Tell the unpaid exits and the losses."""
    rows = read_unpaid(connection, asked.site, asked.since, asked.until)
    lost = read_lost(connection, asked.site, asked.since, asked.until)
    return (
        Section(say("Together"), figures=_sums(rows), name="sums"),
        Section(say("Lost without a debt"), table=table_of("lost", _LOST, lost)),
        Section(say("Lost in periods"), (_HOW,), table=_periods(connection, asked)),
        Section(say("One by one"), table=table_of("unpaid", _ONE, rows)),
    )


def _sums(rows: Sequence[Unpaid]) -> tuple[Figure, ...]:
    def total(name: str) -> int:
        return sum(getattr(one, name) for one in rows)

    return (
        Figure("stays", say("Stays that left owing"), len(rows)),
        Figure("left_fen", say("Left owing, yuan"), total("left_fen"), Kind.FEN),
        Figure("recovered_fen", say("Paid since, yuan"), total("recovered_fen"), Kind.FEN),
        Figure("written_off_fen", say("Written off, yuan"), total("written_off_fen"), Kind.FEN),
        Figure("open_fen", say("Still owed, yuan"), total("open_fen"), Kind.FEN),
        Figure("recovery_rate", say("Paid since, share"), recovery_rate(rows), Kind.PERCENT),
    )


def _periods(connection: Connection, asked: Asked) -> Table:
    books = read_books(connection, asked.site, asked.since, asked.until)
    ways_out = frozenset(lane.name for lane in asked.config.lanes if lane.direction != "entry")
    told = reckon(books, ways_out, timedelta(hours=asked.config.limits.stay_hours))
    cars = read_cars(connection, asked.site, asked.since, asked.until)
    left = [(alike.number, alike.fee_fen) for alike in cars if alike.ending == "EXIT"]
    number, fees_fen = (sum(part) for part in zip((0, 0), *left, strict=True))
    mean_fen = round(fees_fen / number) if number else 0
    of: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        of[one.period.mode].append(one)
    rows = tuple(_period(mode, periods, mean_fen) for mode, periods in sorted(of.items()))
    return Table("periods", _PERIODS, rows)


def _period(mode: str, told: Sequence[Told], mean_fen: int) -> tuple[str, int, float, int, int, int, int]:
    uncounted = sum(len(one.uncounted) for one in told)
    lasted = sum((one.lasted.total_seconds() for one in told), 0.0)
    cars, lost = sum(len(one.left) for one in told), sum(one.lost_fen for one in told)
    return mode, len(told), lasted, cars, lost, uncounted, uncounted * mean_fen
