"""Month cards: their days, their price day by day, their renewals and changes."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.cards.terms import (
    Period,
    Product,
    first_period,
    month_ends,
    months_later,
    renewal,
    shares,
    why_not_change,
)
from scada.model.money import Fen

MONTH = Product("month", "月卡", Fen(30_000), 1, grace_days=3)
MAY = Period(date(2026, 5, 1), date(2026, 6, 1), Fen(30_000))
days = st.dates(date(2026, 1, 1), date(2030, 1, 1))


@pytest.mark.parametrize(
    ("first", "months", "later"),
    [
        (date(2026, 5, 10), 1, date(2026, 6, 10)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(first: date, months: int, later: date) -> None:
    assert months_later(first, months, first.day) == later


def test_a_short_month_does_not_shorten_the_months_after_it() -> None:
    card = first_period(MONTH, date(2026, 1, 31))
    assert renewal(MONTH, card.until, date(2026, 2, 20), anchor=31).until == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("today", "gap", "first"),
    [
        (date(2026, 5, 20), "continue", date(2026, 6, 1)),
        (date(2026, 6, 1), "continue", date(2026, 6, 1)),
        (date(2026, 6, 4), "continue", date(2026, 6, 1)),
        (date(2026, 6, 4), "anew", date(2026, 6, 4)),
        (date(2026, 6, 5), "continue", date(2026, 6, 5)),
    ],
)
def test_a_renewal_goes_on_from_the_end_until_the_days_of_grace_are_over(today: date, gap: str, first: date) -> None:
    product = Product("month", "月卡", Fen(30_000), 1, grace_days=3, gap="anew" if gap == "anew" else "continue")
    assert renewal(product, date(2026, 6, 1), today, anchor=1).first == first


def test_the_day_on_which_a_card_ends_is_used_and_the_rest_is_not() -> None:
    assert MAY.unused(date(2026, 5, 31)) == 0
    assert MAY.unused(date(2026, 5, 1)) == 30_000 - 30_000 // 31
    assert MAY.unused(date(2026, 4, 20)) == 30_000
    assert MAY.unused(date(2026, 9, 1)) == 0


def test_a_card_over_two_months_is_earned_in_each_by_its_days() -> None:
    card = Period(date(2026, 5, 16), date(2026, 6, 16), Fen(31_000))
    assert month_ends(card, date(2026, 7, 3)) == (date(2026, 6, 1), date(2026, 7, 1))
    assert shares(card, month_ends(card, date(2026, 7, 3))) == (
        (date(2026, 6, 1), 16_000),
        (date(2026, 7, 1), 15_000),
    )
    assert month_ends(card, date(2026, 5, 31)) == ()


@given(days, st.integers(1, 24), st.integers(1, 500_000), days)
def test_what_is_earned_and_what_is_unused_are_the_price_on_every_day(
    first: date, months: int, price: int, day: date
) -> None:
    card = Period(first, months_later(first, months, first.day), Fen(price))
    assert card.earned(day + timedelta(days=1)) + card.unused(day) == price
    assert 0 <= card.earned(day) <= card.earned(day + timedelta(days=1)) <= price
    each = card.price_fen // card.days
    assert card.earned(day + timedelta(days=1)) - card.earned(day) in (0, each, each + 1)


@given(days, st.integers(1, 24), st.integers(1, 500_000))
def test_the_months_of_a_card_earn_its_price_to_the_last_fen(first: date, months: int, price: int) -> None:
    card = Period(first, months_later(first, months, first.day), Fen(price))
    earned = shares(card, month_ends(card, date(2040, 1, 1)))
    assert sum(amount for _, amount in earned) == price


def test_a_plate_is_changed_as_often_as_agreed() -> None:
    assert why_not_change(MONTH, 0) == ""
    assert "again this month" in why_not_change(MONTH, 1)
    assert "never" in why_not_change(Product("fixed", "月卡", Fen(1), 1, changes=0), 0)
