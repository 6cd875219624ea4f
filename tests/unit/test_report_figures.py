"""Figures agree across reports to the fen and the car, and with what truly happened: a rich month on both databases."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, create_engine, update

from billing.accounts.audit import mistakes
from scada.config import load
from scada.model.lane.words import Ending
from scada.model.names import LaneName, ZoneName
from scada.model.reports import REPORTS
from scada.model.zones import Zone, Zones
from scada.reports import daysheet, openings
from scada.reports.byhand import read_by_hand
from scada.reports.documents.asked import Asked, days_between, made
from scada.reports.lot import lanes, traffic
from scada.reports.lot.cars import read_cars
from scada.reports.lot.inside import by_age
from scada.reports.lot.occupancy import Visit, dwells, hours, read_visits
from scada.reports.money import monthcards, unpaid
from scada.reports.money.dues import DuesBook, days_from, read_dues
from scada.reports.money.moves import MONEY, read_moves
from scada.reports.plates import exact_share, read_booked, read_plates
from scada.reports.reading import read_openings
from scada.reports.reconciliation import read_channel
from scada.store import schema
from tests.support.monthbooks import SHANGHAI, SITE, Month, Shape
from tests.support.store import made_database

Key = TypeVar("Key")
CONFIG = Path(__file__).parents[2] / "config.toml"
SHAPE = Shape(first=date(2026, 3, 28), days=7, cars_a_day=36, cards=4)
"""Over the end of a month."""
PARK = Zones((Zone(ZoneName("main"), 100),))
ZONE_OF = {LaneName(lane): ZoneName("main") for lane in ("in1", "in2", "out1", "out2")}
LOT = daysheet.Lot(SITE, PARK, ZONE_OF, SHANGHAI)


@pytest.fixture(scope="module")
def month() -> Month:
    return Month(SHAPE)


@pytest.fixture
def books(month: Month, any_database: str, tmp_path: Path) -> Iterator[Connection]:
    engine = create_engine(made_database(tmp_path))
    with engine.connect() as connection:
        month.write(connection)
        yield connection
    engine.dispose()


def day_of(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def cells_of(books: Connection, month: Month) -> dict[traffic.Place, traffic.Cell]:
    moves = read_moves(books, SITE, month.since, month.until, SHANGHAI)
    return traffic.reckon(read_cars(books, SITE, month.since, month.until, SHANGHAI), moves, hour_of)


def dues_of(books: Connection, month: Month) -> DuesBook:
    return read_dues(books, SITE, month.since, month.until, SHANGHAI)


def visits_of(books: Connection, month: Month) -> list[Visit]:
    return read_visits(books, SITE, month.since, month.until, ZONE_OF, PARK)


def test_every_figure_agrees_across_reports_and_with_what_truly_happened(books: Connection, month: Month) -> None:
    assert mistakes(books, SITE) == []
    cells, dues = cells_of(books, month), dues_of(books, month)
    money_is_told(month, cells, dues)
    cars_are_told(books, month, cells)
    debts_are_told(books, month, dues)
    what_wechat_took_is_told(books, month, dues)
    openings_are_told(books, month)
    sheet = daysheet.read_sheet(books, LOT, month.since, month.until)
    assert [one for one in sheet.identities if not one.holds] == []
    assert (sheet.inside_before, sheet.inside_after, sheet.openings) == (0, month.inside, month.truth.openings)


def money_is_told(month: Month, cells: dict[traffic.Place, traffic.Cell], dues: DuesBook) -> None:
    """Hours = days = the month, by each channel, lane and vehicle; and each day of the dues adds up to nothing."""
    assert list(dues.differences) == []
    told = Counter[tuple[date, str]]()
    for one in dues.days:
        told[one.day, "fees"] = one.fees_fen
        told[one.day, "taken"] = one.taken_fen
        told[one.day, "vouchers"] = one.vouchers_fen
        told[one.day, "waived"] = one.by_rule_fen + one.by_people_fen
        told[one.day, "arrears"] = one.made_fen
        told[one.day, "recovered"] = one.recovered_fen
        told[one.day, "written_off"] = one.written_off_fen
        told[one.day, "given_back"] = one.given_back_fen
        assert (one.stays_rest_fen, one.arrears_rest_fen) == (0, 0)
    truth = month.truth.moved(lambda one: (day_of(one.at), one.what))
    cards = sum(fen for (_, what), fen in truth.items() if what == "cards")
    assert _there(told) == {key: fen for key, fen in _there(truth).items() if key[1] != "cards"}
    paid = month.truth.moved(lambda one: (hour_of(one.at), one.lane, one.channel) if one.channel else None)
    by_channel = Counter[tuple[datetime, str, str] | None]()
    for place, cell in cells.items():
        for channel, fen in cell.fen.items():
            by_channel[place.at, place.lane, channel] += fen
    assert _there(by_channel) == _there(paid)
    by_day = traffic.together(cells, lambda place: day_of(place.at))
    assert {day: by_day[day].taken_fen for day in by_day} == {one.day: one.taken_fen for one in dues.days}
    every = traffic.total(cells.values())
    assert (every.fen["VOUCHER"], every.fen["CARD"]) == (sum(one.vouchers_fen for one in dues.days), cards)
    assert all(every.fen[channel] for channel in MONEY), "the month is not rich enough"


def _there(sums: Counter[Key]) -> dict[Key, int]:
    """Leave out what is nothing, and what has no name."""
    return {key: fen for key, fen in sums.items() if fen and key is not None}


def cars_are_told(books: Connection, month: Month, cells: dict[traffic.Place, traffic.Cell]) -> None:
    """Who came and left by hours, days and lanes; occupancy begins and ends with who is inside."""
    by_lane = traffic.together(cells, lambda place: (hour_of(place.at), place.lane))
    truth = month.truth.counted(lambda one: (hour_of(one.at), one.lane, one.ending))
    assert {key: cell.came for key, cell in by_lane.items() if cell.came} == {
        (hour, lane): cars for (hour, lane, ending), cars in truth.items() if not ending
    }
    every = traffic.total(cells.values())
    endings = month.truth.counted(lambda one: one.ending)
    assert every.uncounted == endings[Ending.EXIT_UNSEEN.value] + endings[Ending.ANNULLED.value] > 0
    assert every.left == sum(endings.values()) - endings[""] - every.uncounted
    visits, starts = visits_of(books, month), [month.since + timedelta(hours=nth) for nth in range(24 * SHAPE.days)]
    filled = hours(visits, PARK, starts, month.until)
    assert (filled[0].before, filled[-1].after) == (0, month.inside)
    assert sum(one.came for one in filled) == every.came
    assert sum(one.went for one in filled) == every.left + every.uncounted
    assert all(one.before + one.came - one.went == one.after <= one.peak + one.came for one in filled)
    assert sum(by_age(visits, month.until)) == month.inside
    assert sum(dwells(visits, month.since, month.until).classes) == every.left


def debts_are_told(books: Connection, month: Month, dues: DuesBook) -> None:
    """What was left owing in the dues is what the unpaid exits and the cards say."""
    left = unpaid.read_unpaid(books, SITE, month.since, month.until)
    total = sum(one.left_fen for one in left)
    assert sum(one.open_fen for one in left) == dues.days[-1].owed_fen > 0
    written_off = sum(one.written_off_fen for one in left)
    assert written_off == sum(one.written_off_fen for one in dues.days)
    broken = sum(one.fen for one in month.truth.money if one.what == "recovered" and one.fen < 0)
    assert total == sum(one.made_fen for one in dues.days)
    assert sum(one.recovered_fen for one in left) == sum(one.recovered_fen for one in dues.days)
    assert broken < 0, "the month is not rich enough"
    lost = unpaid.read_lost(books, SITE, month.since, month.until)
    endings = month.truth.counted(lambda one: one.ending)
    assert {one.how: one.cars for one in lost} == {
        how: endings[how] for how in (Ending.EXIT_OPEN_LANE.value, Ending.EXIT_UNSEEN.value)
    }
    cards = monthcards.read_money(books, SITE, month.since, month.until)
    sold = monthcards.read_sold(books, SITE, month.since, month.until)
    assert cards.rest_fen == 0
    assert cards.sold_fen == sum(one.price_fen for one in sold)
    assert cards.earned_fen == sum(one.earned_fen for one in sold) > 0
    small = (Zone(ZoneName("main"), 3),)
    assert [one.oversold for one in monthcards.read_zones(books, SITE, month.until, small)] == [1]


def what_wechat_took_is_told(books: Connection, month: Month, dues: DuesBook) -> None:
    """The channel's report takes what the settlements say, and the dues and the cards are all of it but the surplus."""
    channel = read_channel(books, SITE, month.since, month.until, SHANGHAI)
    settled = books.execute(schema.settlement.select()).all()
    by_day = Counter[date]()
    for row in settled:
        by_day[day_of(row.settled_at)] += row.amount_fen
    assert {one.day: one.taken_fen for one in channel} == dict(by_day)
    assert days_from(month.since, month.until, SHANGHAI) == [one.day for one in channel]
    cash = sum(one.fen for one in month.truth.money if one.channel == "CASH")
    cards = sum(one.fen for one in month.truth.money if one.channel == "CARD")
    taken, surplus = (sum(getattr(one, name) for one in dues.days) for name in ("taken_fen", "surplus_fen"))
    assert sum(one.taken_fen for one in channel) == taken - cash + cards + surplus


def openings_are_told(books: Connection, month: Month) -> None:
    """Cycles are openings, cars are those of the openings' report, and each opening by hand has its picture."""
    span = month.since, month.until
    rows = openings.reckon(read_openings(books, SITE, SHANGHAI, *span), SHANGHAI, *span)
    truth = month.truth.counted(lambda one: one.ending)
    assert sum(row.begun for row in rows) == truth[""]
    assert sum((row.endings for row in rows), Counter()) == {how: cars for how, cars in truth.items() if how}
    assert all(left == right for row in rows for left, right in row.balance().values())
    found = lanes.reckon(lanes.read_facts(books, SITE, *span), ("in1", "in2", "out1", "out2"), *span)
    assert sum(one.cycles for one in found) == sum(row.openings for row in rows) == month.truth.openings
    reads, booked = read_plates(books, SITE, *span), read_booked(books, SITE, *span)
    wrong = sum(row.corrected or not row.is_read for row in reads)
    assert 0 < wrong == sum(row.plate != booked.get(row.passage) for row in reads)
    assert exact_share(reads, booked) == 1 - wrong / len(reads)
    by_hand = read_by_hand(books, SITE, month.since, month.until)
    assert [(one.reason, one.passage) for one in by_hand] == [
        (reason, passage) for _, reason, passage in sorted(month.truth.by_hand)
    ]
    assert all(one.picture and one.passage in one.picture for one in by_hand)


def test_every_report_of_the_list_is_made_of_a_rich_month_and_says_whether_it_agrees(
    books: Connection, month: Month
) -> None:
    days = days_between(SHAPE.first, SHAPE.first + timedelta(days=SHAPE.days - 1), SHANGHAI)
    asked = Asked(load(CONFIG), days, month.until + timedelta(days=1))
    told = {listed.name: made(books, listed, asked) for listed in REPORTS}
    assert [name for name, report in told.items() if not report.agrees] == ["reconciliation"], "there are no bills"
    assert all(section.table or section.figures or section.notes for one in told.values() for section in one.sections)


def test_a_column_that_says_another_amount_than_the_ledger_is_found(books: Connection, month: Month) -> None:
    ended = schema.stay.c.fee_fen > 0
    books.execute(update(schema.stay).where(ended).values(fee_fen=schema.stay.c.fee_fen + 1))
    found = dues_of(books, month).differences
    assert {one.what for one in found} == {"fees"}
    assert all(one.other_fen > one.ledger_fen for one in found)
