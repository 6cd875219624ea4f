"""What no set of bookings may ever do, on random windows, hosts and times."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from billing.bookings.terms import (
    AS_SHIPPED,
    Booked,
    Booking,
    Pays,
    Rules,
    State,
    Wanted,
    chosen,
    promised,
    state_of,
    why_not_book,
)
from billing.vouchers.terms import Hosting, Merchant
from scada.model.money import Fen
from scada.model.names import BookingId
from tests.support.hosts import HOST, HOUR, NOW, PLATE, TERMS

moments = st.integers(-300, 300).map(lambda tenths: NOW + tenths * HOUR / 10)
pays = st.sampled_from([(Pays.NOTHING, 0), (Pays.FULL, 0), (Pays.MINUTES, 60), (Pays.MONEY, 500)])


@st.composite
def wants(draw: st.DrawFn) -> Wanted:
    since, hours = draw(moments), draw(st.integers(1, 40))
    return Wanted(PLATE, since, since + hours * HOUR, *draw(pays), draw(st.integers(0, 3)))


@st.composite
def bookings(draw: st.DrawFn) -> Booking:
    number = draw(st.integers(0, 99))
    return Booking(
        BookingId(f"b{number:02}"), HOST.id, draw(wants()), NOW, draw(st.integers(0, 4)), draw(st.booleans())
    )


sets = st.lists(bookings(), max_size=6, unique_by=lambda one: one.id)


@given(sets, moments, st.randoms(use_true_random=False))
def test_the_booking_that_counts_lets_in_and_does_not_depend_on_the_order(
    held: list[Booking], at: datetime, random: Random
) -> None:
    found = chosen(held, at, AS_SHIPPED)
    random.shuffle(held)
    assert chosen(held, at, AS_SHIPPED) == found
    assert (found is None) == (not any(one.lets_in(at, AS_SHIPPED) for one in held))
    assert found is None or found.lets_in(at, AS_SHIPPED)


@given(sets, moments)
def test_no_host_who_would_pay_now_is_passed_over_for_one_who_does_not(held: list[Booking], at: datetime) -> None:
    found = chosen(held, at, AS_SHIPPED)
    pays_now = [
        one for one in held if one.pays and one.lets_in(at, AS_SHIPPED) and one.wanted.since <= at <= one.wanted.until
    ]
    assert not pays_now or (found is not None and found.pays)


@given(bookings(), moments, moments)
def test_what_is_over_never_comes_back_and_what_lets_in_is_not_over(
    one: Booking, at: datetime, later: datetime
) -> None:
    if one.lets_in(at, AS_SHIPPED):
        assert one.may_come(at, AS_SHIPPED)
        assert state_of(one, at, AS_SHIPPED) in (State.EXPECTED, State.CAME)
    if not one.may_come(at, AS_SHIPPED):
        assert not one.lets_in(max(at, later), AS_SHIPPED)


@given(bookings(), moments, st.integers(0, 600), st.integers(0, 600))
def test_more_tolerance_shuts_nobody_out(one: Booking, at: datetime, early: int, late: int) -> None:
    strict = Rules(early=timedelta(0), late=timedelta(0))
    loose = replace(strict, early=timedelta(minutes=early), late=timedelta(minutes=late))
    assert one.lets_in(at, loose) or not one.lets_in(at, strict)


@given(st.lists(wants(), max_size=12), st.integers(0, 4), st.integers(0, 4), st.integers(0, 3000))
def test_a_host_that_books_on_and_on_stays_within_every_limit(
    many: list[Wanted], open_: int, per_day: int, month: int
) -> None:
    agreed = replace(TERMS, limit_fen=Fen(10**9), hosting=Hosting(open_, per_day, Fen(month)))
    host: Merchant = replace(HOST, agreement=agreed)
    made: list[Booking] = []
    for number, what in enumerate(many):
        coming = [one for one in made if one.may_come(NOW, AS_SHIPPED)]
        owed = Fen(sum(promised(one.wanted) for one in coming))
        booked = Booked(coming, len(coming), len(made), promised_fen=owed)
        if why_not_book(host, what, booked, NOW, AS_SHIPPED) is None:
            made.append(Booking(BookingId(f"{number:03}"), host.id, what, NOW))
    assert not open_ or len(made) <= open_
    assert not per_day or len(made) <= per_day
    assert not month or sum(promised(one.wanted) for one in made) <= month
    spans = sorted((one.wanted.since, one.wanted.until) for one in made)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))
