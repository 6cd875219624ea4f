"""What no price may ever do, on random tariffs of every kind and random stays (`tariffs.md` §3)."""

from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Final

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from billing.tariff import (
    Bill,
    Credits,
    DayType,
    GoesOn,
    HolidayTable,
    Pricer,
    Special,
    Tariff,
    Vehicle,
    VehicleType,
    Voucher,
    VoucherKind,
    in_words,
    quote,
    read_tariff,
)
from billing.tariff.calendar import DayKinds
from billing.tariff.plan import plan_for
from billing.tariff.stairs import Staircase
from billing.tariff.walk import Walk
from billing.tariff.words import MinutesAt, Straddle
from scada.model.money import Fen
from tests.support.tariffs import SHANGHAI, Terms, simple_tariff

DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)
LONGEST_S: Final = 4 * 24 * 3600
FEW: Final = settings(max_examples=30)
TABLE = HolidayTable.of(
    {
        **{date(2026, 10, day): Special(True, "national-day") for day in range(1, 8)},
        date(2026, 10, 10): Special(False, "national-day"),
        date(2025, 1, 1): Special(True, "new-years-day"),
        date(2027, 1, 1): Special(True, "new-years-day"),
        date(2028, 1, 1): Special(True, "new-years-day"),
        date(2029, 1, 1): Special(True, "new-years-day"),
    }
)
amounts = st.integers(0, 3000)
moments = st.lists(st.sampled_from(["ROLLING_24H", "CALENDAR_DAY", "WINDOW"]), unique=True, max_size=2)
rounding_ways = st.sampled_from(["INTERVAL_ROUND_UP", "INTERVAL_ROUND_DOWN"])


@st.composite
def units(draw: st.DrawFn) -> Terms:
    length = draw(st.sampled_from([1, 7, 15, 30, 60, 120, 600, 1440]))
    way = draw(rounding_ways)
    row: Terms = {"interval_duration": length, "interval_amount": draw(amounts), "interval_rounding": way}
    if way == "INTERVAL_ROUND_UP" and length > 1:
        key = draw(st.sampled_from(["interval_grace", "interval_tail"]))
        row[key] = draw(st.integers(0, length - 1))
    return row


@st.composite
def intervals(draw: st.DrawFn, window: Terms) -> list[Terms]:
    row = {**window, **draw(units())}
    if draw(st.booleans()):
        modes = ["FIRST_DURATION_MODE_ONLY_FIRST_DURATION", "FIRST_DURATION_MODE_EVERY_FIRST_DURATION"]
        row |= {"first_duration": draw(st.integers(1, 300)), "first_amount": draw(amounts)}
        row |= {"first_duration_mode": draw(st.sampled_from(modes))}
    return [row]


@st.composite
def segments(draw: st.DrawFn, window: Terms) -> list[Terms]:
    borders = sorted(draw(st.lists(st.integers(1, 900), unique=True, max_size=2)))
    rows = []
    for start, end in zip([0, *borders], [*borders, None], strict=True):
        row: Terms = {**window, "duration_from": start}
        if end is not None:
            row["duration_to"] = end
        if end is not None and draw(st.booleans()):
            row |= {"charge_mode": "ONE_TIME", "fixed_amount": draw(amounts)}
        else:
            row |= {"charge_mode": "INTERVAL", **draw(units())}
        rows.append(row)
    return rows


WINDOWS: Final[tuple[tuple[Terms, ...], ...]] = (
    ({},),
    ({"start_time": "08:00", "end_time": "20:00"}, {"start_time": "20:00", "end_time": "08:00"}),
    ({"start_time": "07:13", "end_time": "19:40"},),
    ({"start_time": "00:00", "end_time": "07:00"}, {"start_time": "07:00", "end_time": "24:00"}),
    ({"day_type": "DAY_TYPE_WEEKDAY"}, {"day_type": "DAY_TYPE_HOLIDAY"}),
    ({"start_time": "22:00", "end_time": "06:00"}, {"day_type": "golden", "start_time": "09:00", "end_time": "23:00"}),
)
DAILY: Final = ("DAILY_LIMIT_ROLLING_24H", "DAILY_LIMIT_CALENDAR_DAY")


@st.composite
def limits(draw: st.DrawFn) -> list[Terms]:
    caps: list[st.SearchStrategy[Terms]] = [st.fixed_dictionaries({"max_fee_per_stay": st.integers(0, 30_000)})]
    rising = st.lists(st.integers(0, 9000), min_size=1, max_size=3)
    days = st.sampled_from(["DAY_TYPE_ALL_DAY", "DAY_TYPE_WEEKDAY", "DAY_TYPE_HOLIDAY", "golden"])
    caps += [
        st.fixed_dictionaries({"daily_limit_type": st.just(daily), "max_fee_per_day": rising, "day_type": days})
        for daily in DAILY
    ]
    return [draw(cap) for cap in caps if draw(st.booleans())]


@st.composite
def tariffs(draw: st.DrawFn, gap: str = "REENTRY_NEVER", *, daily: bool = False) -> Tariff:
    """Any tariff at all; `gap`: how a car goes on that comes back; `daily`: all begins anew with every 24 hours."""
    windows = draw(st.sampled_from(WINDOWS))
    kind, key, rows_of = draw(
        st.sampled_from(
            [
                ("CHARGING_RULE_FIXED_INTERVAL", "fixed_interval_rule", intervals),
                ("CHARGING_RULE_SEGMENT", "duration_segment_rule", segments),
            ]
        )
    )
    rows = [row for window in windows for row in draw(rows_of(window))]
    if len(windows) == 2 and draw(st.booleans()) and kind == "CHARGING_RULE_FIXED_INTERVAL" and "start_time" in rows[0]:
        rows[0]["interval_max_amount"] = draw(st.integers(0, 5000))
    modes = ["STRADDLE_EARLIER", "STRADDLE_LATER", "STRADDLE_RESTART", "STRADDLE_SPLIT"]
    terms: Terms = {
        "fixed_interval_rule": None,
        "reentry_mode": gap,
        "reentry_duration": None if gap == "REENTRY_NEVER" else 60,
        "rule_type": kind,
        key: rows,
        "free_entry_duration": draw(st.sampled_from([0, 15, 30, 500, 1500])),
        "free_limit": draw(st.sampled_from(["FREE_LIMIT_INCLUSIVE", "FREE_LIMIT_EXCLUSIVE"])),
        "first_charge_time_mode": draw(
            st.sampled_from(["FIRST_CHARGE_TIME_MODE_ENTER", "FIRST_CHARGE_TIME_MODE_AFTER_FREE"])
        ),
        "free_restart": draw(moments),
        "restart": draw(moments),
        "first_period_restart": draw(moments),
        "straddle": draw(st.sampled_from(modes)),
        "uncharged_time_counts": draw(st.booleans()),
        "time_rounding_type": draw(st.sampled_from(["TIME_ROUND_UP", "TIME_ROUND_DOWN"])),
        "fee_limit": draw(limits()),
        "aggregate_limit_mode": "AGGREGATE_LIMIT_MODE_MIN",
        "day_type_mode": draw(st.sampled_from(["DAY_TYPE_OF_ENTRY", "DAY_TYPE_OF_UNIT"])),
        "holiday_mode": draw(st.sampled_from(["HOLIDAY_MODE_LEGAL_MODY", "HOLIDAY_MODE_FINANCIAL_MODY"])),
        "holiday_missing": "HOLIDAY_MISSING_WEEKENDS",
        "holiday_groups": {"golden": ["national-day"]},
        "vehicle_class": [{"vehicle_type": "VEHICLE_TYPE_LARGE", "factor": draw(st.sampled_from(["1", "3/2", "1/3"]))}],
        "concession": [
            {"holder": "disabled", "free_duration": draw(st.sampled_from([45, 120])), "free_restart": draw(moments)}
        ],
        "free_period_calculation_mode": draw(
            st.sampled_from(["FREE_PERIOD_CAL_CONCURRENT_START", "FREE_PERIOD_CAL_SEQUENTIAL_START"])
        ),
        "factor_order": draw(st.sampled_from(["FACTOR_BEFORE_CAP", "FACTOR_AFTER_CAP"])),
        "rounding_unit": "FEN",
        "rounding_mode": draw(st.sampled_from(["ROUND_UP", "ROUND_DOWN", "ROUND_HALF_UP"])),
        "voucher": {
            "minutes_at": draw(st.sampled_from([where.value for where in MinutesAt])),
            "minutes_order": draw(st.sampled_from(["VOUCHER_BEFORE_FREE", "VOUCHER_AFTER_FREE"])),
            "stackable": draw(st.booleans()),
        },
    }
    if daily:
        terms |= {"restart": ["ROLLING_24H"], "free_restart": ["ROLLING_24H"], "uncharged_time_counts": True}
        terms |= {"day_type_mode": "DAY_TYPE_OF_UNIT", "straddle": draw(st.sampled_from(modes[:3]))}
        terms |= {"fee_limit": [{"daily_limit_type": DAILY[0], "max_fee_per_day": draw(amounts)}]}
        anew = {"first_duration_mode": "FIRST_DURATION_MODE_EVERY_FIRST_DURATION"}
        terms[key] = [row | anew if "first_duration" in row else row for row in rows]
    return simple_tariff(**terms)


entries = st.datetimes(datetime(2026, 9, 1), datetime(2026, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
lengths = st.one_of(st.integers(0, LONGEST_S), st.integers(0, LONGEST_S // 60).map(lambda minutes: minutes * 60))
vehicles = st.sampled_from(
    [Vehicle(), Vehicle(VehicleType.LARGE), Vehicle(VehicleType.LARGE, holders=frozenset({"disabled"}))]
)


def pricer(tariff: Tariff, vehicle: Vehicle = Vehicle()) -> Pricer:  # noqa: B008 - a frozen value
    return Pricer(tariff, SHANGHAI, vehicle, TABLE)


def total(tariff: Tariff, entered_at: datetime, gone: int, vehicle: Vehicle = Vehicle()) -> int:  # noqa: B008
    return pricer(tariff, vehicle).total(entered_at, entered_at + timedelta(seconds=gone))


@FEW
@given(tariffs(), entries, lengths, lengths, vehicles)
def test_a_longer_stay_never_costs_less_and_none_costs_less_than_nothing(
    tariff: Tariff, entered_at: datetime, one: int, other: int, vehicle: Vehicle
) -> None:
    shorter, longer = sorted((one, other))
    assert 0 <= total(tariff, entered_at, shorter, vehicle) <= total(tariff, entered_at, longer, vehicle)


@FEW
@given(tariffs(), entries, st.data())
def test_the_free_minutes_cost_nothing(tariff: Tariff, entered_at: datetime, data: st.DataObject) -> None:
    minutes = tariff.free.minutes
    assume(minutes)
    gone = data.draw(st.integers(0, minutes * 60 - 60))
    assert total(tariff, entered_at, gone) == 0


@FEW
@given(tariffs(), entries, lengths)
def test_no_stay_costs_more_than_the_caps_it_is_under(tariff: Tariff, entered_at: datetime, gone: int) -> None:
    found = total(tariff, entered_at, gone)
    start = pricer(tariff).start(entered_at)
    days = {"ROLLING": -(-gone // 86_400), "CALENDAR": -(-(start.second + gone) // 86_400), None: 1}
    for limit in tariff.limits:
        if limit.day is not DayType.ALL:
            continue
        kind = None if limit.daily is None else "ROLLING" if "ROLLING" in limit.daily.value else "CALENDAR"
        rising = [limit.amounts[min(day, len(limit.amounts) - 1)] for day in range(days[kind])]
        assert found <= sum(rising)


@FEW
@given(tariffs(), entries, lengths, vehicles)
def test_the_price_changes_at_the_second_it_says_and_not_before(
    tariff: Tariff, entered_at: datetime, gone: int, vehicle: Vehicle
) -> None:
    asked, at = pricer(tariff, vehicle), entered_at + timedelta(seconds=gone)
    now, change = asked.total(entered_at, at), asked.next_change(entered_at, at)
    if change is None:
        assert asked.total(entered_at, at + 100 * DAY) == now
        return
    assert change.at > at
    assert asked.total(entered_at, change.at - SECOND) == now
    assert asked.total(entered_at, change.at) == change.total_fen != now


@FEW
@given(tariffs(), entries, lengths, vehicles)
def test_the_lines_sum_to_the_total_and_asking_again_changes_nothing(
    tariff: Tariff, entered_at: datetime, gone: int, vehicle: Vehicle
) -> None:
    until = entered_at + timedelta(seconds=gone)
    made = pricer(tariff, vehicle).price(entered_at, until)
    assert sum(line.amount_fen for line in made.lines) == made.total_fen
    assert made.total_fen == total(tariff, entered_at, gone, vehicle)
    assert pricer(tariff, vehicle).price(entered_at, until) == made
    assert all(isinstance(line.amount_fen, int) for line in made.lines)
    assert read_tariff(tariff.terms()) == tariff


stays = st.lists(st.tuples(entries, lengths), min_size=1, max_size=3)


@FEW
@given(tariffs(), stays, vehicles)
def test_stays_that_share_what_was_reckoned_cost_what_each_costs_by_itself(
    tariff: Tariff, asked: list[tuple[datetime, int]], vehicle: Vehicle
) -> None:
    """Stays begun in the same minute of days alike share a staircase, to the minute; alone each has its own."""
    together = pricer(tariff, vehicle)
    later = [timedelta(days=days, seconds=seconds) for days in (0, 1, 2, 7) for seconds in (0, 13)]
    near = [(at + more, gone) for at, gone in asked for more in later]
    for entered_at, gone in near:
        until = entered_at + timedelta(seconds=gone)
        assert together.total(entered_at, until) == pricer(tariff, vehicle).price(entered_at, until).total_fen


@FEW
@given(tariffs(), entries, st.lists(lengths, min_size=2, max_size=6), vehicles)
def test_it_matters_to_no_price_what_was_asked_before(
    tariff: Tariff, entered_at: datetime, asked: list[int], vehicle: Vehicle
) -> None:
    start, plan = pricer(tariff).start(entered_at), plan_for(tariff, vehicle)
    made = [Staircase(plan, start, Walk(plan, start, DayKinds(tariff.days, TABLE))) for _ in range(len(asked) + 1)]
    made[0].to(max(asked))
    firsts = [part.flight.run.first for part in made[0].parts(max(asked))]
    assert firsts == sorted(firsts)
    for gone, fresh in zip(asked, made[1:], strict=True):
        assert made[0].height(gone) == fresh.height(gone) == sum(part.charged for part in fresh.parts(gone))


@FEW
@given(entries, st.integers(1, 5), st.integers(0, 86_400), st.data())
def test_days_that_start_anew_add_up(entered_at: datetime, days: int, rest: int, data: st.DataObject) -> None:
    """Where everything begins again after 24 hours, free time included, every 24 hours are a stay of their own."""
    rows = data.draw(intervals({}))
    rows[0].pop("first_duration_mode", None)
    first = {"first_duration_mode": "FIRST_DURATION_MODE_EVERY_FIRST_DURATION", "first_duration": 0}
    tariff = simple_tariff(
        free_restart=["ROLLING_24H"],
        first_period_restart=[],
        free_entry_duration=data.draw(st.sampled_from([0, 30])),
        fixed_interval_rule=[first | rows[0]],
    )
    day, last = total(tariff, entered_at, 86_400), total(tariff, entered_at, rest)
    assert total(tariff, entered_at, days * 86_400 + rest) == days * day + last


@FEW
@given(tariffs(daily=True), entries, st.integers(1, 4), st.integers(0, 86_399))
def test_with_windows_holidays_and_caps_too_days_that_start_anew_add_up(
    tariff: Tariff, entered_at: datetime, days: int, rest: int
) -> None:
    each = [total(tariff, entered_at + day * DAY, 86_400) for day in range(days)]
    last = total(tariff, entered_at + days * DAY, rest)
    assert total(tariff, entered_at, days * 86_400 + rest) == sum(each) + last


vouchers = st.lists(
    st.one_of(
        st.builds(Voucher, st.just(VoucherKind.MINUTES), st.integers(0, 3000)),
        st.builds(Voucher, st.just(VoucherKind.MONEY), st.integers(0, 9000)),
        st.builds(Voucher, st.just(VoucherKind.PERCENT), st.integers(0, 100)),
        st.builds(Voucher, st.just(VoucherKind.FULL)),
    ),
    max_size=3,
).map(tuple)


@FEW
@given(tariffs(), entries, lengths, st.integers(0, 9000), vouchers)
def test_paid_and_rest_make_the_total_and_credits_never_make_it_less_than_nothing(
    tariff: Tariff, entered_at: datetime, gone: int, paid: int, shown: tuple[Voucher, ...]
) -> None:
    at = entered_at + timedelta(seconds=gone)
    made = quote(tariff, entered_at, at, SHANGHAI, credits=Credits(Fen(paid), at, shown), table=TABLE)
    counted = sum(line.amount_fen for line in made.credit_lines)
    assert made.payable_fen == max(0, made.total_fen - counted)
    assert all(line.amount_fen >= 0 for line in made.credit_lines)
    assert len(in_words(Bill.of(made), SHANGHAI)) == len(in_words(Bill.of(made), SHANGHAI, english=True))
    without = quote(tariff, entered_at, at, SHANGHAI, credits=Credits(Fen(paid)), table=TABLE)
    assert made.payable_fen <= without.payable_fen
    assert without.payable_fen + min(paid, without.total_fen) == without.total_fen


@FEW
@given(tariffs(), entries, lengths, st.integers(1, 8))
def test_stays_alike_on_days_alike_cost_the_same(tariff: Tariff, entered_at: datetime, gone: int, weeks: int) -> None:
    """Outside holidays the same hours of the same weekdays cost the same."""
    early = entered_at.replace(month=6, day=1 + entered_at.day % 7)
    later = early + timedelta(weeks=weeks)
    assert total(tariff, early, gone) == total(tariff, later, gone)


@FEW
@given(tariffs(), entries, st.lists(lengths, min_size=2, max_size=6))
def test_a_driver_who_asks_again_and_again_sees_no_price_sink(
    tariff: Tariff, entered_at: datetime, asked: list[int]
) -> None:
    def not_less(before: int, gone: int) -> int:
        now = total(tariff, entered_at, gone)
        assert now >= before
        return now

    reduce(not_less, sorted(asked), 0)


def parted(tariff: Tariff, entered_at: datetime, stood: int, away: int, vehicle: Vehicle) -> tuple[datetime, GoesOn]:
    """Let a car leave after so many seconds and come back after so many more; what it was told has been charged."""
    left = entered_at + timedelta(seconds=stood)
    back = left + timedelta(seconds=away)
    charged = pricer(tariff, vehicle).total(entered_at, left)
    return back, GoesOn(entered_at, ((left, back),), charged)


short = st.integers(0, 3600)


@FEW
@given(tariffs(gap="REENTRY_GAP_CHARGED"), entries, lengths, short, lengths, vehicles)
def test_a_short_exit_makes_a_stay_neither_cheaper_nor_dearer(
    tariff: Tariff, entered_at: datetime, stood: int, away: int, more: int, vehicle: Vehicle
) -> None:
    back, goes_on = parted(tariff, entered_at, stood, away, vehicle)
    until = back + timedelta(seconds=more)
    rest = Pricer(tariff, SHANGHAI, vehicle, TABLE, goes_on=goes_on).price(back, until)
    assert goes_on.charged_fen + rest.total_fen == pricer(tariff, vehicle).total(entered_at, until)
    assert sum(line.amount_fen for line in rest.lines) == rest.total_fen


@FEW
@given(tariffs(gap="REENTRY_GAP_FREE"), entries, lengths, short, lengths, vehicles)
def test_where_the_minutes_away_are_free_coming_back_costs_nothing_and_the_price_only_rises(
    tariff: Tariff, entered_at: datetime, stood: int, away: int, more: int, vehicle: Vehicle
) -> None:
    back, goes_on = parted(tariff, entered_at, stood, away, vehicle)
    asked, until = Pricer(tariff, SHANGHAI, vehicle, TABLE, goes_on=goes_on), back + timedelta(seconds=more)
    rest, change = asked.price(back, until), asked.next_change(back, until)
    assert sum(line.amount_fen for line in rest.lines) == rest.total_fen == asked.total(back, until)
    if tariff.straddle in (Straddle.EARLIER, Straddle.RESTART):
        assert asked.total(back, back) == 0
    if change is not None:
        assert change.at > until
        assert asked.total(back, change.at - SECOND) == rest.total_fen < change.total_fen
        assert asked.total(back, change.at) == change.total_fen


@FEW
@given(intervals({}), entries, lengths, short, lengths)
def test_where_only_the_length_matters_minutes_away_are_as_if_they_had_not_been(
    rows: list[Terms], entered_at: datetime, stood: int, away: int, more: int
) -> None:
    terms: Terms = {"fixed_interval_rule": rows, "first_period_restart": []}
    tariff = simple_tariff(reentry_mode="REENTRY_GAP_FREE", reentry_duration=60, **terms)
    back, goes_on = parted(tariff, entered_at, stood, away, Vehicle())
    rest = Pricer(tariff, SHANGHAI, goes_on=goes_on).total(back, back + timedelta(seconds=more))
    assert goes_on.charged_fen + rest == total(tariff, entered_at, stood + more)
