"""What no price may ever do, on random tariffs and stays (`tariffs.md` §3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from billing.tariff import DAY_MINUTES, DailyLimit, FirstCharge, Priced, Tariff, TimeRounding, price

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONGEST_S = 5 * 24 * 3600
SECOND = timedelta(seconds=1)

tariffs = st.builds(
    Tariff,
    version=st.just("random"),
    free_entry_duration=st.integers(0, 1440),
    free_exit_duration=st.just(15),
    interval_duration=st.integers(1, 1440),
    interval_amount=st.integers(0, 3000),
    max_fee_per_day=st.integers(0, 20_000),
    daily_limit_type=st.sampled_from(DailyLimit),
    time_rounding_type=st.sampled_from(TimeRounding),
    first_charge_time_mode=st.sampled_from(FirstCharge),
)
entries = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.integers(0, LONGEST_S)


def priced(tariff: Tariff, entered_at: datetime, seconds: int) -> Priced:
    return price(tariff, entered_at, entered_at + timedelta(seconds=seconds), SHANGHAI)


@given(tariffs, entries, lengths, lengths)
def test_a_longer_stay_never_costs_less_and_none_costs_less_than_nothing(
    tariff: Tariff, entered_at: datetime, one: int, other: int
) -> None:
    shorter, longer = sorted((one, other))
    assert 0 <= priced(tariff, entered_at, shorter).total_fen <= priced(tariff, entered_at, longer).total_fen


@given(tariffs, entries, st.data())
def test_the_free_minutes_cost_nothing(tariff: Tariff, entered_at: datetime, data: st.DataObject) -> None:
    seconds = data.draw(st.integers(0, tariff.free_entry_duration * 60))
    assert priced(tariff, entered_at, seconds).total_fen == 0


@given(tariffs, entries, lengths)
def test_no_stay_costs_more_than_its_days_caps(tariff: Tariff, entered_at: datetime, seconds: int) -> None:
    result = priced(tariff, entered_at, seconds)
    assert result.total_fen <= -(-result.minutes // DAY_MINUTES) * tariff.max_fee_per_day


@given(tariffs, entries, lengths)
def test_the_price_changes_at_the_second_it_says_and_not_before(
    tariff: Tariff, entered_at: datetime, seconds: int
) -> None:
    now = priced(tariff, entered_at, seconds)
    if now.next_change_at is None:
        assert priced(tariff, entered_at, 10 * LONGEST_S).total_fen == now.total_fen
        return
    assert now.next_change_at > entered_at + timedelta(seconds=seconds)
    assert price(tariff, entered_at, now.next_change_at - SECOND, SHANGHAI).total_fen == now.total_fen
    assert price(tariff, entered_at, now.next_change_at, SHANGHAI).total_fen == now.next_total_fen != now.total_fen


@given(tariffs, entries, st.integers(1, 5), st.integers(0, DAY_MINUTES))
def test_whole_days_add_up(tariff: Tariff, entered_at: datetime, days: int, minutes: int) -> None:
    """After the first day, whose free minutes are given once, every day is priced like any other."""
    later = replace(tariff, free_entry_duration=0)
    first, day = priced(tariff, entered_at, 86_400), priced(later, entered_at, 86_400)
    rest = priced(later, entered_at, minutes * 60)
    whole = priced(tariff, entered_at, days * 86_400 + minutes * 60)
    free_all_day = tariff.free_entry_duration == DAY_MINUTES
    if not (free_all_day and tariff.first_charge_time_mode is FirstCharge.ENTER):
        assert whole.total_fen == first.total_fen + (days - 1) * day.total_fen + rest.total_fen


@given(tariffs, entries, lengths)
def test_the_lines_sum_to_the_total_and_asking_again_changes_nothing(
    tariff: Tariff, entered_at: datetime, seconds: int
) -> None:
    result = priced(tariff, entered_at, seconds)
    assert sum(line.amount_fen for line in result.lines) == result.total_fen
    assert priced(tariff, entered_at, seconds) == result


@given(tariffs, entries, lengths, st.integers(-200, 200))
def test_the_day_of_the_year_makes_no_difference(tariff: Tariff, entered_at: datetime, seconds: int, days: int) -> None:
    moved = priced(tariff, entered_at + timedelta(days=days), seconds)
    assert moved.total_fen == priced(tariff, entered_at, seconds).total_fen
