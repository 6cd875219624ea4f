"""Visitors: when a booking lets a car in, which one counts, what keeps a host from booking, and how people write it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing.bookings.sheet import moment, paying, read_file, read_line
from billing.bookings.terms import (
    AS_SHIPPED,
    Booked,
    Booking,
    BookLimit,
    Pays,
    State,
    Wanted,
    chosen,
    promised,
    state_of,
    why_not_book,
)
from billing.vouchers.terms import Agreement, Hosting, Manner, Merchant
from scada.model.money import Fen
from tests.support.hosts import HOST, HOUR, NOW, PLATE, TERMS, booking, wanted

SHANGHAI = ZoneInfo("Asia/Shanghai")
FULL, SOME = wanted(pays=Pays.FULL), wanted(pays=Pays.MONEY, value=500)
MINUTE = timedelta(minutes=1)


def host(hosting: Hosting | None = None, **terms: object) -> Merchant:
    agreed: Agreement = replace(TERMS, hosting=hosting, **terms)  # type: ignore[arg-type]
    return replace(HOST, agreement=agreed)


@pytest.mark.parametrize(
    ("at", "lets_in"),
    [
        (NOW - 31 * MINUTE, False),
        (NOW - 30 * MINUTE, True),
        (NOW, True),
        (NOW + 2 * HOUR + 60 * MINUTE, True),
        (NOW + 2 * HOUR + 61 * MINUTE, False),
    ],
)
def test_a_visitor_may_come_half_an_hour_early_and_an_hour_late(at: datetime, lets_in: bool) -> None:
    assert booking(wanted()).lets_in(at, AS_SHIPPED) is lets_in


def test_a_booking_lets_in_as_often_as_it_says_and_not_once_it_is_withdrawn() -> None:
    twice, any_ = wanted(entries=2), wanted(entries=0)
    assert [booking(twice, came=came).lets_in(NOW, AS_SHIPPED) for came in (0, 1, 2)] == [True, True, False]
    assert booking(any_, came=99).lets_in(NOW, AS_SHIPPED)
    assert not booking(any_, withdrawn=True).lets_in(NOW, AS_SHIPPED)


@pytest.mark.parametrize(
    ("one", "at", "state"),
    [
        (booking(wanted()), NOW - HOUR, State.EXPECTED),
        (booking(wanted()), NOW + 3 * HOUR, State.EXPECTED),
        (booking(wanted()), NOW + 3 * HOUR + MINUTE, State.MISSED),
        (booking(wanted(), came=1), NOW + 9 * HOUR, State.CAME),
        (booking(wanted(), withdrawn=True), NOW, State.WITHDRAWN),
        (booking(wanted(), came=1, withdrawn=True), NOW, State.CAME),
    ],
)
def test_a_booking_is_expected_has_come_was_missed_or_withdrawn(one: Booking, at: datetime, state: State) -> None:
    assert state_of(one, at, AS_SHIPPED) is state


def test_of_two_hosts_the_one_whose_time_it_is_goes_first_then_the_one_who_pays() -> None:
    late, right_now = booking(replace(FULL, until=NOW - MINUTE, since=NOW - HOUR), 1), booking(wanted(), 2)
    assert chosen([late, right_now], NOW, AS_SHIPPED) == right_now
    assert chosen([booking(wanted(), 1), booking(SOME, 2)], NOW, AS_SHIPPED) == booking(SOME, 2)
    assert chosen([booking(FULL, 2), booking(replace(FULL, until=NOW + HOUR), 3)], NOW, AS_SHIPPED) is not None
    assert chosen([booking(FULL, 2), booking(FULL, 1)], NOW, AS_SHIPPED) == booking(FULL, 1)
    assert chosen([], NOW, AS_SHIPPED) is None


@pytest.mark.parametrize(
    ("who", "what", "booked", "limit"),
    [
        (HOST, FULL, Booked(), None),
        (HOST, wanted(), Booked(owes_fen=Fen(999_999)), None),
        (host(), FULL, Booked(), BookLimit.MAY_NOT),
        (replace(HOST, ended_at=NOW), FULL, Booked(), BookLimit.ENDED),
        (HOST, replace(FULL, value=1), Booked(), BookLimit.WRONG),
        (HOST, replace(SOME, value=0), Booked(), BookLimit.WRONG),
        (HOST, wanted(pays=Pays.MINUTES, value=100_001), Booked(), BookLimit.WRONG),
        (HOST, wanted(entries=1001), Booked(), BookLimit.WRONG),
        (HOST, replace(FULL, note="x" * 65), Booked(), BookLimit.WRONG),
        (HOST, wanted(2, 2), Booked(), BookLimit.WRONG),
        (HOST, wanted(-4, -1.1), Booked(), BookLimit.PAST),
        (HOST, wanted(-4, -0.9), Booked(), None),
        (HOST, wanted(0, 24 * 31 + 1), Booked(), BookLimit.LONG),
        (HOST, wanted(24 * 90 + 1, 24 * 91), Booked(), BookLimit.FAR),
        (HOST, FULL, Booked(same_plate=[booking(wanted(1, 5))]), BookLimit.AGAIN),
        (HOST, FULL, Booked(same_plate=[booking(wanted(2, 5))]), None),
        (host(Hosting(open=2)), FULL, Booked(open=1), None),
        (host(Hosting(open=2)), FULL, Booked(open=2), BookLimit.OPEN),
        (host(Hosting(per_day=2)), FULL, Booked(today=2), BookLimit.PER_DAY),
        (host(Hosting(month_fen=Fen(1000))), SOME, Booked(month_fen=Fen(300), promised_fen=Fen(200)), None),
        (host(Hosting(month_fen=Fen(1000))), SOME, Booked(month_fen=Fen(300), promised_fen=Fen(201)), BookLimit.MONTH),
        (host(Hosting(month_fen=Fen(1000))), FULL, Booked(month_fen=Fen(1000)), BookLimit.MONTH),
        (host(Hosting(month_fen=Fen(1000))), wanted(), Booked(month_fen=Fen(1000)), None),
        (host(Hosting(), manner=Manner.PREPAID), FULL, Booked(), BookLimit.UNPAID),
        (host(Hosting(), manner=Manner.PREPAID), FULL, Booked(owes_fen=Fen(-1)), None),
        (host(Hosting(), pays_percent=0), FULL, Booked(owes_fen=Fen(999_999)), None),
        (HOST, FULL, Booked(reserved_fen=Fen(100_000)), BookLimit.UNPAID),
    ],
)
def test_a_host_books_what_was_agreed_and_no_more(
    who: Merchant, what: Wanted, booked: Booked, limit: BookLimit | None
) -> None:
    said = why_not_book(who, what, booked, NOW, AS_SHIPPED)
    assert (None if said is None else said.limit) is limit


def test_a_booking_promises_its_sum_once_for_each_time_its_car_may_still_come() -> None:
    assert promised(SOME) == 500
    assert promised(replace(SOME, entries=3), came=1) == 1000
    assert promised(replace(SOME, entries=3), came=4) == 0
    assert promised(replace(SOME, entries=0), came=4) == 500
    assert promised(FULL) == 0


@pytest.mark.parametrize(
    ("text", "day_over", "at"),
    [
        ("2026-05-01 08:00", False, datetime(2026, 5, 1, 0, 0, tzinfo=UTC)),
        ("2026-05-01T08:00", True, datetime(2026, 5, 1, 0, 0, tzinfo=UTC)),
        ("2026/5/1 8:00:00", False, datetime(2026, 5, 1, 0, 0, tzinfo=UTC)),
        ("2026-05-01", False, datetime(2026, 4, 30, 16, 0, tzinfo=UTC)),
        ("2026-05-01", True, datetime(2026, 5, 1, 16, 0, tzinfo=UTC)),
        ("2026-02-30 08:00", False, None),
        ("2026-05-01 25:00", False, None),
        ("9999-12-31", True, None),
        ("0001-01-01", False, None),
        ("tomorrow", False, None),
        ("", True, None),
    ],
)
def test_times_are_read_as_people_and_their_tables_write_them(text: str, day_over: bool, at: datetime | None) -> None:
    assert moment(text, SHANGHAI, day_over=day_over) == at


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("none", (Pays.NOTHING, 0)),
        ("FULL", (Pays.FULL, 0)),
        ("minutes:120", (Pays.MINUTES, 120)),
        (" money:2000 ", (Pays.MONEY, 2000)),
        ("money", None),
        ("full:1", None),
        ("minutes:-1", None),
        ("minutes:1²", None),
        ("money:" + "9" * 10, None),
        ("gold", None),
        ("", None),
    ],
)
def test_what_a_host_pays_is_read_or_refused(text: str, read: tuple[Pays, int] | None) -> None:
    assert paying(text) == read


HEAD = "plate,from,to,pays,entries,note,host\n"


def test_a_file_is_read_whole_with_every_mistake_and_its_line() -> None:
    text = (
        HEAD
        + "京A·12345,2026-05-01 08:00,2026-05-01,full,any,Mr Li,ACME\n\n"
        + "hello,soon,2026-05-01,gold,0,,\n"
        + "京A12346,2026-05-01,2026-05-02,,,,,,\n"
    )
    read = read_file(text, SHANGHAI)
    [line] = read.lines
    assert (line.row, line.host, line.wanted.plate, line.wanted.entries) == (2, "ACME", PLATE, 0)
    assert (line.wanted.pays, line.wanted.note) == (Pays.FULL, "Mr Li")
    told = [(fault.row, fault.column) for fault in read.faults]
    assert told == [(4, "host"), (4, "plate"), (4, "from"), (4, "pays"), (4, "entries"), (5, "host")]


def test_a_host_named_beside_the_file_announces_those_of_nobody() -> None:
    read = read_file("plate,from,to\n京A12345,2026-05-01,2026-05-01\n", SHANGHAI, "ACME")
    assert [(line.host, line.wanted.pays, line.wanted.entries) for line in read.lines] == [("ACME", Pays.NOTHING, 1)]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("plate,to\n", ["from"]),
        ("plate,from,to,colour\n", ["colour"]),
        ("plate,plate,from,to\n", ["plate"]),
        ('plate,from,to\n"京A', ["host"]),
        ("", ["plate", "from", "to"]),
    ],
)
def test_a_file_with_a_wrong_head_or_quotes_is_refused(text: str, columns: list[str]) -> None:
    assert [fault.column for fault in read_file(text, SHANGHAI, "ACME").faults] == columns


def test_one_visitor_of_a_command_is_read_as_a_row_of_a_file_is() -> None:
    cells = {"host": "ACME", "plate": "京A12345", "from": "2026-05-01 08:00", "to": "2026-05-01 18:00"}
    assert read_line(cells, SHANGHAI).lines[0].wanted.until == datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
    assert [fault.column for fault in read_line({}, SHANGHAI).faults] == ["host", "plate", "from", "to"]
