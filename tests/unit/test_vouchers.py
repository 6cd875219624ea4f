"""Vouchers: what keeps a merchant from giving one, and what they let off a fee."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.tariff import CreditLine, Pricer, Voucher, VoucherKind
from billing.vouchers.counting import Shown, fitted, let_off, summed
from billing.vouchers.terms import Agreement, Given, Manner, Merchant, merchant_part, why_not_issue, why_wrong
from scada.model.money import Fen
from scada.model.names import MerchantId
from tests.support.tariffs import simple_tariff

ENTRY = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
TERMS = {
    "minutes_at": "VOUCHER_MINUTES_AT_START",
    "minutes_order": "VOUCHER_AFTER_FREE",
    "stackable": True,
    "ticket": [
        {
            "name": "cinema",
            "kind": "minutes",
            "value": 180,
            "limit": "TICKET_ONCE_PER_24_HOURS",
            "stackable": False,
        }
    ],
}
TARIFF = simple_tariff(voucher=TERMS)
MOST = {VoucherKind.MINUTES: 120, VoucherKind.FULL: 0}
SHOP = Merchant(
    MerchantId("m"), "Shop", Agreement(Manner.POSTPAID, MOST, limit_fen=Fen(10_000), per_plate=1, per_day=3)
)
CINEMA = replace(SHOP, agreement=replace(SHOP.agreement, manner=Manner.PREPAID))


def counted(hours: float, *vouchers: Voucher, settled: int = 0, used: frozenset[str] = frozenset()) -> list[int]:
    at = ENTRY + timedelta(hours=hours)
    pricer = Pricer(TARIFF, ZONE)
    shown = Shown(vouchers, used)
    lines = let_off(TARIFF, pricer, ENTRY, at, pricer.total(ENTRY, at), Fen(settled), shown)
    return [line.amount_fen for line in lines]


def why_not(merchant: Merchant, kind: VoucherKind, value: int, given: Given) -> str:
    said = why_not_issue(merchant, kind, value, given)
    return "" if said is None else said.why


@pytest.mark.parametrize(
    ("kind", "value", "given_so_far", "why"),
    [
        (VoucherKind.MINUTES, 60, Given(), ""),
        (VoucherKind.FULL, 0, Given(), ""),
        (VoucherKind.MINUTES, 121, Given(), "at most 120"),
        (VoucherKind.MONEY, 100, Given(), "no vouchers of money"),
        (VoucherKind.MINUTES, 60, Given(to_plate=1), "1 in 24 hours"),
        (VoucherKind.MINUTES, 60, Given(today=3), "3 a day"),
        (VoucherKind.MINUTES, 60, Given(owes_fen=Fen(9_000), reserved_fen=Fen(1_000)), "must pay first"),
        (VoucherKind.MINUTES, 60, Given(owes_fen=Fen(9_000), reserved_fen=Fen(999)), ""),
    ],
)
def test_a_merchant_gives_what_was_agreed_and_no_more(
    kind: VoucherKind, value: int, given_so_far: Given, why: str
) -> None:
    said = why_not(SHOP, kind, value, given_so_far)
    assert why in said
    assert bool(why) == bool(said)


def test_a_prepaid_merchant_gives_while_it_has_paid_ahead() -> None:
    assert why_not_issue(CINEMA, VoucherKind.FULL, 0, Given(owes_fen=Fen(-500))) is None
    assert "top it up" in why_not(CINEMA, VoucherKind.FULL, 0, Given(owes_fen=Fen(-500), reserved_fen=Fen(500)))


def test_who_pays_nothing_for_its_vouchers_needs_no_money() -> None:
    ward = replace(CINEMA, agreement=replace(CINEMA.agreement, pays_percent=0))
    assert why_not_issue(ward, VoucherKind.FULL, 0, Given()) is None


def test_an_ended_agreement_gives_nothing() -> None:
    assert "has ended" in why_not(replace(SHOP, ended_at=ENTRY), VoucherKind.FULL, 0, Given())


@pytest.mark.parametrize(
    ("kind", "value", "is_wrong"),
    [
        (VoucherKind.FULL, 1, True),
        (VoucherKind.PERCENT, 101, True),
        (VoucherKind.MONEY, 0, True),
        (VoucherKind.PERCENT, 100, False),
    ],
)
def test_a_voucher_has_a_value_that_makes_sense(kind: VoucherKind, value: int, is_wrong: bool) -> None:
    assert bool(why_wrong(kind, value)) is is_wrong


def test_the_merchant_never_pays_more_than_its_part() -> None:
    assert [merchant_part(Fen(999), percent) for percent in (0, 50, 100)] == [0, 499, 999]


def test_minutes_come_first_then_money_then_per_cent_of_the_rest() -> None:
    shown = Voucher(VoucherKind.PERCENT, 50), Voucher(VoucherKind.MONEY, 200), Voucher(VoucherKind.MINUTES, 60)
    assert counted(3, *shown) == [500, 200, 400]


def test_what_is_paid_already_is_let_off_by_no_voucher() -> None:
    assert counted(3, Voucher(VoucherKind.FULL), settled=1500) == []
    assert counted(3, Voucher(VoucherKind.MONEY, 900), settled=1000) == [500]


def test_a_voucher_that_stands_alone_goes_with_no_other_and_the_better_choice_counts() -> None:
    assert counted(3, Voucher(VoucherKind.MONEY, 200), Voucher(VoucherKind.MONEY, 900, alone=True)) == [900]


def test_a_ticket_counts_once_in_24_hours() -> None:
    ticket = Voucher(VoucherKind.FULL, 0, "cinema")
    assert counted(3, ticket) == [1500]
    assert counted(3, ticket, used=frozenset({"cinema"})) == []


def test_a_ticket_that_the_tariff_does_not_know_counts_for_nothing() -> None:
    assert counted(3, Voucher(VoucherKind.FULL, 0, "circus")) == []


def test_a_tariff_without_vouchers_takes_none() -> None:
    plain = simple_tariff()
    at = ENTRY + timedelta(hours=3)
    pricer = Pricer(plain, ZONE)
    assert let_off(plain, pricer, ENTRY, at, Fen(1500), Fen(0), Shown((Voucher(VoucherKind.FULL),))) == ()


vouchers = st.lists(
    st.one_of(
        st.builds(Voucher, st.just(VoucherKind.MINUTES), st.integers(1, 600), alone=st.booleans()),
        st.builds(Voucher, st.just(VoucherKind.MONEY), st.integers(1, 9_000), alone=st.booleans()),
        st.builds(Voucher, st.just(VoucherKind.PERCENT), st.integers(1, 100), alone=st.booleans()),
        st.builds(Voucher, st.just(VoucherKind.FULL), alone=st.booleans()),
    ),
    max_size=4,
)


@settings(max_examples=40)
@given(vouchers, st.integers(0, 100 * 60), st.integers(0, 9_000))
def test_paid_and_let_off_never_exceed_the_price(shown: list[Voucher], minutes: int, paid: int) -> None:
    at = ENTRY + timedelta(minutes=minutes)
    pricer = Pricer(TARIFF, ZONE)
    total = pricer.total(ENTRY, at)
    paid = min(paid, total)
    lines = let_off(TARIFF, pricer, ENTRY, at, total, Fen(paid), Shown(tuple(shown)))
    assert all(line.amount_fen > 0 for line in lines)
    payable = total - paid - summed(lines)
    assert payable >= 0
    assert paid + payable + summed(lines) == total


@given(st.lists(st.integers(0, 500), max_size=5), st.integers(0, 900))
def test_lines_are_cut_to_what_is_left_and_not_further(amounts: list[int], left: int) -> None:
    lines = [CreditLine("money", "", Fen(amount), str(n)) for n, amount in enumerate(amounts)]
    assert summed(fitted(lines, Fen(left))) == min(left, sum(amounts))
