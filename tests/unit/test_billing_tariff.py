"""Prices: the first tariff's rule, by examples."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing.tariff import DailyLimit, FirstCharge, LineKind, Tariff, TimeRounding, price

SHANGHAI = ZoneInfo("Asia/Shanghai")
ENTERED = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
DEMO = Tariff(
    version="demo-1",
    free_entry_duration=15,
    free_exit_duration=15,
    interval_duration=60,
    interval_amount=500,
    max_fee_per_day=4000,
    daily_limit_type=DailyLimit.ROLLING_24H,
    time_rounding_type=TimeRounding.UP,
    first_charge_time_mode=FirstCharge.ENTER,
)
TERMS = DEMO.terms()


def with_terms(**changes: object) -> Tariff:
    return Tariff.from_terms(TERMS | changes)


def fee(tariff: Tariff, **stay: float) -> int:
    return price(tariff, ENTERED, ENTERED + timedelta(**stay), SHANGHAI).total_fen


@pytest.mark.parametrize(
    ("minutes", "fen"),
    [
        (0, 0), (15, 0), (16, 500), (60, 500), (61, 1000), (120, 1000), (479, 4000), (480, 4000), (481, 4000),
        (1440, 4000), (1441, 4500), (1500, 4500), (1501, 5000), (2880, 8000), (2881, 8500), (14_400, 40_000),
    ],
)  # fmt: skip
def test_free_minutes_started_hours_and_a_cap_for_every_24_hours(minutes: int, fen: int) -> None:
    assert fee(DEMO, minutes=minutes) == fen


@pytest.mark.parametrize("entered", ["00:00", "09:17", "23:50", "23:59"])
@pytest.mark.parametrize(("minutes", "fen"), [(15, 0), (20, 500), (70, 1000), (1439, 4000), (1440, 4000), (1441, 4500)])
def test_midnight_costs_nothing_and_the_cap_runs_24_hours_from_the_entry(entered: str, minutes: int, fen: int) -> None:
    entered_at = datetime.fromisoformat(f"2026-03-03T{entered}:00+08:00")
    assert price(DEMO, entered_at, entered_at + timedelta(minutes=minutes), SHANGHAI).total_fen == fen


@pytest.mark.parametrize(("minutes", "fen"), [(15, 0), (16, 500), (75, 500), (76, 1000), (1440, 4000), (1441, 4500)])
def test_deducted_free_minutes_are_never_charged(minutes: int, fen: int) -> None:
    tariff = with_terms(first_charge_time_mode="FIRST_CHARGE_TIME_MODE_AFTER_FREE")
    assert fee(tariff, minutes=minutes) == fen


def test_nannings_two_hours_are_charged_as_90_minutes_when_30_are_deducted() -> None:
    terms = {"free_entry_duration": 30, "interval_duration": 1, "interval_amount": 1, "max_fee_per_day": 10_000}
    assert fee(with_terms(**terms), minutes=120) == 120
    deducting = with_terms(**terms, first_charge_time_mode="FIRST_CHARGE_TIME_MODE_AFTER_FREE")
    assert fee(deducting, minutes=120) == 90


def test_a_part_minute_counts_up_or_down_as_configured() -> None:
    down = with_terms(time_rounding_type="TIME_ROUND_DOWN")
    assert fee(DEMO, minutes=15, seconds=1) == 500
    assert fee(down, minutes=15, seconds=59) == 0
    assert fee(down, minutes=16) == 500


def test_a_part_second_never_counts() -> None:
    assert fee(DEMO, minutes=15, milliseconds=999) == 0


def test_a_clock_set_back_makes_a_stay_of_no_minutes() -> None:
    assert fee(DEMO, minutes=-5) == 0


def test_the_lines_explain_a_long_stay_and_sum_to_its_price() -> None:
    priced = price(DEMO, ENTERED, ENTERED + timedelta(days=3, minutes=61), SHANGHAI)
    shown = [(line.kind, line.units, line.amount_fen) for line in priced.lines]
    assert shown == [
        (LineKind.CHARGE, 24, 12_000),
        (LineKind.CAP, 1, -8_000),
        (LineKind.CHARGE, 48, 24_000),
        (LineKind.CAP, 2, -16_000),
        (LineKind.CHARGE, 2, 1_000),
    ]
    assert priced.total_fen == sum(line.amount_fen for line in priced.lines) == 13_000


def test_lines_are_shown_in_the_sites_own_time() -> None:
    line = price(DEMO, ENTERED, ENTERED + timedelta(minutes=10), SHANGHAI).lines[0]
    assert (line.kind, line.start.isoformat()) == (LineKind.FREE, "2026-03-03T10:00:00+08:00")


def test_the_next_change_of_a_free_stay_is_its_first_charged_second() -> None:
    priced = price(DEMO, ENTERED, ENTERED + timedelta(minutes=3), SHANGHAI)
    assert priced.next_change_at == ENTERED + timedelta(minutes=15, seconds=1)
    assert priced.next_total_fen == 500


def test_a_capped_stay_changes_when_the_next_24_hours_begin() -> None:
    priced = price(DEMO, ENTERED, ENTERED + timedelta(hours=9), SHANGHAI)
    assert priced.next_change_at == ENTERED + timedelta(hours=24, seconds=1)
    assert priced.next_total_fen == 4500


def test_a_tariff_that_charges_nothing_never_changes() -> None:
    assert price(with_terms(interval_amount=0), ENTERED, ENTERED, SHANGHAI).next_change_at is None


def test_terms_kept_with_a_stay_give_the_same_tariff_again() -> None:
    assert Tariff.from_terms(DEMO.terms()) == DEMO


@pytest.mark.parametrize("missing", list(TERMS))
def test_terms_with_a_point_left_open_are_refused(missing: str) -> None:
    terms = {name: value for name, value in TERMS.items() if name != missing}
    with pytest.raises((TypeError, ValueError)):
        Tariff.from_terms(terms)
