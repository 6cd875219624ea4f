"""Old debts of a plate: which a payment clears, and who is let in."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.arrears.terms import Debt, clear, owed
from billing.rights import admission
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.model.names import StayId
from scada.model.plate import ReadBy
from tests.support.rights import LIMIT, NOW, ZONES, arrival, seen

OLD = Debt(StayId("old"), Fen(300), NOW - timedelta(days=9))
NEW = Debt(StayId("new"), Fen(500), NOW - timedelta(days=2))
debts = st.lists(st.integers(1, 5000), max_size=6).map(
    lambda amounts: [Debt(StayId(f"s{n}"), Fen(fen), NOW - timedelta(hours=fen)) for n, fen in enumerate(amounts)]
)


def test_a_payment_clears_the_oldest_debt_first() -> None:
    assert clear([NEW, OLD], Fen(350)).parts == (("old", 300), ("new", 50))


def test_what_nothing_is_owed_for_is_left_over() -> None:
    cleared = clear([OLD], Fen(350))
    assert (cleared.parts, cleared.rest_fen) == ((("old", 300),), 50)


@given(debts, st.integers(0, 30_000))
def test_cleared_and_left_over_are_what_was_paid_and_no_debt_is_overpaid(owing: list[Debt], paid: int) -> None:
    cleared = clear(owing, Fen(paid))
    amounts = {debt.stay: debt.amount_fen for debt in owing}
    assert sum(amount for _, amount in cleared.parts) + cleared.rest_fen == paid
    assert all(0 < amount <= amounts[stay] for stay, amount in cleared.parts)
    assert not cleared.rest_fen or sum(amount for _, amount in cleared.parts) == owed(owing)


def test_a_plate_that_owes_too_much_is_looked_at_by_a_person() -> None:
    car = replace(arrival(), owes_fen=Fen(1001))
    refused = admission(car, ZONES, LIMIT, owes_most=Fen(1000))
    assert (refused.reason, refused.person) == (None, True)
    assert "10.01 yuan" in refused.why


def test_a_plate_that_owes_no_more_than_the_limit_comes_in() -> None:
    assert admission(replace(arrival(), owes_fen=Fen(1000)), ZONES, LIMIT, Fen(1000)).reason is Reason.ADMITTED


def test_who_owes_comes_in_where_the_site_asks_nothing_and_where_a_person_says_so() -> None:
    car = replace(arrival(), owes_fen=Fen(99_999))
    assert admission(car, ZONES, LIMIT).reason is Reason.ADMITTED
    by_hand = replace(car, read=seen(by=ReadBy.OPERATOR))
    assert admission(by_hand, ZONES, LIMIT, Fen(0)).reason is Reason.ADMITTED
