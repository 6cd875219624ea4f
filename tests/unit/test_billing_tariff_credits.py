"""What is let off a price: vouchers, and what was paid before."""

from datetime import timedelta

import pytest

from billing.tariff import (
    Credits,
    Tariff,
    TariffError,
    Voucher,
    VoucherKind,
    quote,
)
from scada.model.money import Fen
from tests.support.tariffs import (
    ROW,
    SHANGHAI,
    Terms,
    local,
    simple_tariff,
)

DEMO = simple_tariff()

VOUCHERS: Terms = {
    "minutes_at": "VOUCHER_MINUTES_AT_START",
    "minutes_order": "VOUCHER_AFTER_FREE",
    "stackable": True,
    "ticket": [
        {"name": "patient", "kind": "minutes", "value": 60, "limit": "TICKET_ONE_PER_STAY", "stackable": True},
        {"name": "cinema", "kind": "full", "limit": "TICKET_ONCE_PER_24_HOURS", "stackable": False},
    ],
}


def payable(tariff: Tariff, minutes: int, *vouchers: Voucher, **credits: object) -> int:
    given = Credits(vouchers=vouchers, **credits)  # type: ignore[arg-type]
    return quote(
        tariff, local("10:00"), local("10:00") + timedelta(minutes=minutes), SHANGHAI, credits=given
    ).payable_fen


HOUR = Voucher(VoucherKind.MINUTES, 60)


@pytest.mark.parametrize(
    ("vouchers", "left"),
    [
        ([], 1500),
        ([HOUR], 1000),
        ([Voucher(VoucherKind.MONEY, 700)], 800),
        ([Voucher(VoucherKind.MONEY, 9000)], 0),
        ([Voucher(VoucherKind.PERCENT, 50)], 750),
        ([Voucher(VoucherKind.FULL)], 0),
        ([HOUR, Voucher(VoucherKind.MONEY, 300), Voucher(VoucherKind.PERCENT, 50)], 350),
        ([Voucher(VoucherKind.FULL, 0, "patient")], 1000),
        ([Voucher(VoucherKind.FULL, 0, "patient"), Voucher(VoucherKind.FULL, 0, "patient")], 1000),
        ([Voucher(VoucherKind.FULL, 0, "cinema"), HOUR], 0),
    ],
)
def test_vouchers_let_off_minutes_money_per_cent_or_all(vouchers: list[Voucher], left: int) -> None:
    assert payable(simple_tariff(voucher=VOUCHERS), 180, *vouchers) == left


def test_vouchers_that_do_not_stack_leave_the_best_one() -> None:
    alone = simple_tariff(voucher={**VOUCHERS, "stackable": False})
    assert payable(alone, 180, HOUR, Voucher(VoucherKind.MONEY, 700)) == 800


def test_a_ticket_that_was_used_today_does_not_count_again() -> None:
    tariff = simple_tariff(voucher=VOUCHERS)
    assert payable(tariff, 180, Voucher(VoucherKind.FULL, 0, "cinema"), used=frozenset({"cinema"})) == 1500


@pytest.mark.parametrize(
    ("at", "order", "left"),
    [
        ("START", "AFTER_FREE", 600),
        ("START", "BEFORE_FREE", 600),
        ("END", "AFTER_FREE", 100),
        ("END", "BEFORE_FREE", 0),
    ],
)
def test_a_vouchers_minutes_are_the_first_or_the_last_before_or_after_the_free_time(
    at: str, order: str, left: int
) -> None:
    rows = [{**ROW, "first_duration": 60, "first_amount": 100, "interval_amount": 600}]
    terms = {**VOUCHERS, "minutes_at": f"VOUCHER_MINUTES_AT_{at}", "minutes_order": f"VOUCHER_{order}"}
    tariff = simple_tariff(
        free_entry_duration=15,
        fee_limit=None,
        restart=[],
        first_period_restart=[],
        fixed_interval_rule=rows,
        voucher=terms,
    )
    assert payable(tariff, 75, HOUR) == left


@pytest.mark.parametrize(
    ("which", "night_first", "left"),
    [
        ("DEAREST", True, 100),
        ("DEAREST", False, 100),
        ("CHEAPEST", True, 500),
        ("CHEAPEST", False, 500),
    ],
)
def test_a_vouchers_minutes_may_be_the_dearer_or_the_cheaper_end_of_a_stay(
    which: str, night_first: bool, left: int
) -> None:
    """An hour by night at 1 yuan and one by day at 5 yuan; a voucher lets off one of them."""
    flat: Terms = {"free_entry_duration": 0, "fee_limit": None, "restart": ["WINDOW"], "straddle": "STRADDLE_RESTART"}
    night: Terms = {**ROW, "start_time": "20:00", "end_time": "08:00", "interval_amount": 100}
    day: Terms = {**ROW, "start_time": "08:00", "end_time": "20:00", "interval_amount": 500}
    terms = {**VOUCHERS, "minutes_at": f"VOUCHER_MINUTES_{which}"}
    tariff = simple_tariff(**flat, fixed_interval_rule=[night, day], voucher=terms)
    entered_at = local("07:00" if night_first else "19:00")
    made = quote(tariff, entered_at, entered_at + timedelta(hours=2), SHANGHAI, credits=Credits(vouchers=(HOUR,)))
    assert (made.total_fen, made.payable_fen) == (600, left)


def test_a_tariff_without_a_word_on_vouchers_takes_none() -> None:
    with pytest.raises(TariffError, match="voucher"):
        payable(DEMO, 180, HOUR)
    with pytest.raises(TariffError, match="cinema"):
        payable(simple_tariff(voucher=VOUCHERS), 180, Voucher(VoucherKind.FULL, 0, "shop"))


def test_what_was_paid_counts_and_gives_time_to_leave() -> None:
    paid_at = local("11:00")
    made = quote(DEMO, local("10:00"), local("12:30"), SHANGHAI, credits=Credits(Fen(1000), paid_at))
    assert (made.total_fen, made.payable_fen) == (1500, 500)
    assert made.free_exit_until == paid_at + timedelta(minutes=15)
    assert sum(line.amount_fen for line in made.credit_lines) == 1000
