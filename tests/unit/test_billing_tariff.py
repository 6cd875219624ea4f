"""Prices by examples: the vectors of the reference, and each dimension of a tariff by data alone."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from billing.tariff import (
    HolidayTable,
    LineKind,
    PlateType,
    Pricer,
    Special,
    Tariff,
    TariffError,
    Vehicle,
    VehicleType,
    price,
    read_tariff,
)
from tests.support.tariffs import (
    CAP,
    ROW,
    SHANGHAI,
    Terms,
    example,
    fen,
    local,
    simple_tariff,
    vectors,
)

DEMO = simple_tariff()
NIGHT: Terms = {**ROW, "start_time": "20:00", "end_time": "08:00", "interval_amount": 100}
DAY: Terms = {**ROW, "start_time": "08:00", "end_time": "20:00"}
FLAT: Terms = {"free_entry_duration": 0, "fee_limit": None, "restart": []}


def row_id(row: Mapping[str, object]) -> str:
    return f"{row['tariff']}-{row['minutes']}"


@pytest.mark.parametrize("row", vectors(), ids=row_id)
def test_every_vector_of_the_reference_is_met_by_data_alone(row: Mapping[str, object]) -> None:
    entry = local(str(row["entry"] or "2026-03-03T10:00:00"))
    leave = local(str(row["exit"])) if row["exit"] else entry + timedelta(minutes=int(str(row["minutes"])))
    priced = price(example(str(row["tariff"])), entry, leave, SHANGHAI)
    if row["fen"] is not None:
        assert priced.total_fen == row["fen"]
    if "chargeable_minutes" in row:
        assert priced.chargeable_minutes == row["chargeable_minutes"]
    assert sum(line.amount_fen for line in priced.lines) == priced.total_fen


@pytest.mark.parametrize(
    ("name", "change", "then"),
    [
        ("beijing-road-class1", "10:45:00", 750),
        ("hangzhou-road-core", "10:45:01", 1000),
        ("lanzhou-2nd-hospital", "12:00:01", 300),
        ("chaozhou-tcm-hospital", "14:00:01", 700),
    ],
)
def test_the_next_change_is_told_to_the_second(name: str, change: str, then: int) -> None:
    found = Pricer(example(name), SHANGHAI).next_change(local("10:00"), local("10:40"))
    assert found is not None
    assert (found.at, found.total_fen) == (local(change), then)


@pytest.mark.parametrize(
    ("minutes", "total"),
    [
        (0, 0), (15, 0), (16, 500), (60, 500), (61, 1000), (120, 1000), (479, 4000), (480, 4000), (481, 4000),
        (1440, 4000), (1441, 4500), (1500, 4500), (1501, 5000), (2880, 8000), (2881, 8500), (14_400, 40_000),
    ],
)  # fmt: skip
def test_free_minutes_started_hours_and_a_cap_for_every_24_hours(minutes: int, total: int) -> None:
    assert fen(DEMO, "10:00", minutes) == total


@pytest.mark.parametrize("entered", ["00:00", "09:17", "23:50", "23:59"])
@pytest.mark.parametrize(
    ("minutes", "total"), [(15, 0), (20, 500), (70, 1000), (1439, 4000), (1440, 4000), (1441, 4500)]
)
def test_midnight_costs_nothing_and_the_cap_runs_24_hours_from_the_entry(
    entered: str, minutes: int, total: int
) -> None:
    assert fen(DEMO, entered, minutes) == total


@pytest.mark.parametrize(("minutes", "total"), [(15, 0), (16, 500), (75, 500), (76, 1000), (1440, 4000), (1441, 4500)])
def test_deducted_free_minutes_are_never_charged(minutes: int, total: int) -> None:
    tariff = simple_tariff(first_charge_time_mode="FIRST_CHARGE_TIME_MODE_AFTER_FREE")
    assert fen(tariff, "10:00", minutes) == total


def test_a_part_minute_counts_up_or_down_as_configured() -> None:
    down = simple_tariff(time_rounding_type="TIME_ROUND_DOWN")
    assert fen(DEMO, "10:00", "10:15:01") == 500
    assert fen(down, "10:00", "10:15:59") == 0
    assert fen(down, "10:00", "10:16") == 500


def test_a_clock_set_back_makes_a_stay_of_no_minutes() -> None:
    assert fen(DEMO, "10:00", -5) == 0


@pytest.mark.parametrize(("limit", "total"), [("FREE_LIMIT_INCLUSIVE", 0), ("FREE_LIMIT_EXCLUSIVE", 500)])
def test_a_stay_of_exactly_the_free_minutes_is_free_if_the_tariff_says_so(limit: str, total: int) -> None:
    assert fen(simple_tariff(free_limit=limit), "10:00", 15) == total


@pytest.mark.parametrize(("again", "total"), [([], 4500), (["ROLLING_24H"], 4000)])
def test_free_minutes_are_given_again_after_24_hours_only_if_said(again: list[str], total: int) -> None:
    assert fen(simple_tariff(free_restart=again), "10:00", 1450) == total


def test_free_minutes_over_several_entries_are_a_quota_or_once_a_day() -> None:
    came_before = Vehicle(free_used=10)
    quota = simple_tariff(free_period_charging_mode="FREE_PERIOD_CHARGING_CUMULATIVE_QUOTA_CALCULATION")
    once = simple_tariff(free_period_charging_mode="FREE_PERIOD_CHARGING_ONCE_PER_CALENDAR_DAY")
    assert [fen(quota, "10:00", minutes, came_before) for minutes in (5, 6)] == [0, 500]
    assert [fen(once, "10:00", minutes, came_before) for minutes in (0, 1)] == [0, 500]
    assert fen(DEMO, "10:00", 15, came_before) == 0


@pytest.mark.parametrize(
    ("changes", "prices"),
    [
        ({"interval_rounding": "INTERVAL_ROUND_UP"}, [500, 500, 1000, 1000]),
        ({"interval_rounding": "INTERVAL_ROUND_DOWN"}, [0, 500, 500, 1000]),
        ({"interval_rounding": "INTERVAL_ROUND_UP", "interval_grace": 10}, [500, 500, 500, 1000]),
        ({"interval_rounding": "INTERVAL_ROUND_UP", "interval_tail": 59}, [500, 500, 500, 1000]),
    ],
)
def test_started_units_full_units_grace_in_a_unit_and_a_dropped_rest(changes: Terms, prices: list[int]) -> None:
    tariff = simple_tariff(**FLAT, fixed_interval_rule=[{**ROW, **changes}])
    assert [fen(tariff, "10:00", minutes) for minutes in (59, 60, 70, 120)] == prices


def test_grace_holds_for_the_first_unit_and_a_dropped_rest_is_never_the_only_unit() -> None:
    grace = simple_tariff(**FLAT, fixed_interval_rule=[{**ROW, "interval_grace": 10}])
    tail = simple_tariff(**FLAT, fixed_interval_rule=[{**ROW, "interval_tail": 10}])
    assert (fen(grace, "10:00", 10), fen(tail, "10:00", 10)) == (0, 500)


def test_a_first_period_is_given_again_after_24_hours_or_only_once() -> None:
    row = {**ROW, "first_duration": 120, "first_amount": 300}
    terms: Terms = {**FLAT, "restart": ["ROLLING_24H"], "first_period_restart": []}
    every = simple_tariff(
        **terms, fixed_interval_rule=[{**row, "first_duration_mode": "FIRST_DURATION_MODE_EVERY_FIRST_DURATION"}]
    )
    only = simple_tariff(
        **terms, fixed_interval_rule=[{**row, "first_duration_mode": "FIRST_DURATION_MODE_ONLY_FIRST_DURATION"}]
    )
    day = 300 + 22 * 500
    assert (fen(every, "10:00", 1441), fen(only, "10:00", 1441)) == (day + 300, day + 500)


def per_entry(**changes: object) -> Tariff:
    terms: Terms = {**FLAT, "rule_type": "CHARGING_RULE_PER_ENTRY", "fixed_interval_rule": None, **changes}
    return simple_tariff(**{"pre_entry_rule": [{"amount": 1000}], **terms})


def test_a_price_for_each_entry_and_one_for_each_24_hours_or_calendar_day() -> None:
    assert fen(per_entry(), "10:00", 10_000) == 1000
    assert [fen(per_entry(restart=["ROLLING_24H"]), "10:00", minutes) for minutes in (1440, 1441)] == [1000, 2000]
    assert [fen(per_entry(restart=["CALENDAR_DAY"]), "10:00", minutes) for minutes in (840, 841)] == [1000, 2000]


@pytest.mark.parametrize(
    ("straddle", "at_border", "after"),
    [
        ("STRADDLE_EARLIER", 500, [500, 600]),
        ("STRADDLE_LATER", 100, [100, 200]),
        ("STRADDLE_SPLIT", 250, [300, 400]),
        ("STRADDLE_RESTART", 500, [600, 600]),
    ],
)
def test_a_unit_across_a_border_belongs_where_the_tariff_says(straddle: str, at_border: int, after: list[int]) -> None:
    rounding: Terms = {"rounding_unit": "FEN", "rounding_mode": "ROUND_HALF_UP"}
    tariff = simple_tariff(**FLAT, **rounding, straddle=straddle, fixed_interval_rule=[DAY, NIGHT])
    assert fen(tariff, "19:30", "20:00") == at_border
    assert [fen(tariff, "19:30", minutes) for minutes in (60, 90)] == after


def test_what_lies_outside_every_window_costs_nothing_and_counts_as_elapsed_or_not() -> None:
    row = {**DAY, "first_duration": 60, "first_amount": 100}
    terms: Terms = {**FLAT, "straddle": "STRADDLE_RESTART", "first_period_restart": [], "fixed_interval_rule": [row]}
    counts = simple_tariff(**terms, uncharged_time_counts=True)
    does_not = simple_tariff(**terms, uncharged_time_counts=False)
    assert fen(counts, "06:00", "08:00") == fen(does_not, "06:00", "08:00") == 0
    assert (fen(counts, "06:00", "08:30"), fen(does_not, "06:00", "08:30")) == (500, 100)


def test_a_stay_that_touches_two_windows_is_two_stays_or_one() -> None:
    both = {
        "first_duration": 60,
        "first_amount": 300,
        "first_duration_mode": "FIRST_DURATION_MODE_EVERY_FIRST_DURATION",
    }
    terms: Terms = {**FLAT, "first_period_restart": [], "fixed_interval_rule": [{**DAY, **both}, {**NIGHT, **both}]}
    two = simple_tariff(**{**terms, "restart": ["WINDOW"]})
    one = simple_tariff(**terms, straddle="STRADDLE_RESTART")
    assert fen(two, "19:00", "21:00") == 600
    assert fen(one, "19:00", "21:00") == 400


def test_windows_have_caps_of_their_own_and_a_cap_may_be_so_many_units() -> None:
    terms: Terms = {**FLAT, "restart": ["WINDOW"]}
    tariff = simple_tariff(
        **terms, fixed_interval_rule=[{**DAY, "interval_max_amount": 1200}, {**NIGHT, "interval_max_count": 3}]
    )
    assert fen(tariff, "08:00", "20:00") == 1200
    assert fen(tariff, "2026-03-03 20:00", "2026-03-04 08:00") == 300
    assert fen(tariff, "2026-03-03 08:00", "2026-03-05 08:00") == 3000


@pytest.mark.parametrize(
    ("limits", "more", "total"),
    [
        ([CAP], {}, 12_000),
        ([{**CAP, "daily_limit_type": "DAILY_LIMIT_CALENDAR_DAY"}], {}, 16_000),
        ([{**CAP, "max_fee_per_day": [4000, 3000, 2000]}], {}, 9000),
        ([{"daily_limit_type": "DAILY_LIMIT_ROLLING_24H", "max_units_per_day": 6}], {}, 9000),
        ([{"max_fee_per_stay": 10_000}], {}, 10_000),
        ([CAP, {"max_fee_per_stay": 10_000}], {"aggregate_limit_mode": "AGGREGATE_LIMIT_MODE_MIN"}, 10_000),
        (
            [CAP, {"max_fee_per_stay": 10_000}],
            {"aggregate_limit_mode": "AGGREGATE_LIMIT_MODE_NORMAL", "aggregate_limit_named": "max_fee_per_day"},
            12_000,
        ),
    ],
)  # fmt: skip
def test_caps_for_24_hours_calendar_days_rising_days_units_stays_and_several_at_once(
    limits: list[Terms], more: Terms, total: int
) -> None:
    tariff = simple_tariff(**{**FLAT, "restart": ["ROLLING_24H"]} | {"fee_limit": limits}, **more)
    assert fen(tariff, "10:00", 3 * 1440) == total


def test_a_cap_that_rises_from_day_to_day_ends_with_the_last_one() -> None:
    rising = simple_tariff(
        **{**FLAT, "fee_limit": [{**CAP, "max_fee_per_day": [1000, 2000, 3000]}], "restart": ["ROLLING_24H"]}
    )
    assert [fen(rising, "10:00", days * 1440) for days in (1, 2, 3, 4, 5)] == [1000, 3000, 6000, 9000, 12_000]


FACTORS: Terms = {
    **FLAT,
    "rounding_unit": "FEN",
    "rounding_mode": "ROUND_HALF_UP",
    "vehicle_class": [{"vehicle_type": "VEHICLE_TYPE_LARGE", "factor": "3/2", "seats_from": 20}],
}
LARGE = Vehicle(VehicleType.LARGE)


@pytest.mark.parametrize(("order", "total"), [("FACTOR_BEFORE_CAP", 4000), ("FACTOR_AFTER_CAP", 6000)])
def test_a_class_has_its_factor_before_or_after_the_cap(order: str, total: int) -> None:
    terms = {**FACTORS, "fee_limit": [CAP], "restart": ["ROLLING_24H"], "factor_order": order}
    tariff = simple_tariff(**terms)
    assert fen(tariff, "10:00", 60, LARGE) == 750
    assert fen(tariff, "10:00", 1440, LARGE) == total


def test_a_car_across_two_spaces_pays_twice_where_space_counts() -> None:
    tariff = simple_tariff(**{**FACTORS, "price_per_space": True})
    assert fen(tariff, "10:00", 60, Vehicle(spaces=2)) == 1000


@pytest.mark.parametrize(
    ("unit", "mode", "total"),
    [
        ("FEN", "ROUND_HALF_UP", 333),
        ("JIAO", "ROUND_DOWN", 330),
        ("JIAO", "ROUND_UP", 340),
        ("YUAN", "ROUND_HALF_UP", 300),
    ],
)
def test_the_total_is_rounded_once_to_fen_jiao_or_yuan(unit: str, mode: str, total: int) -> None:
    third = [{"vehicle_type": "VEHICLE_TYPE_LARGE", "factor": "1/3"}]
    tariff = simple_tariff(**{**FACTORS, "vehicle_class": third, "rounding_unit": unit, "rounding_mode": mode})
    assert fen(tariff, "10:00", 120, LARGE) == total
    priced = price(tariff, local("10:00"), local("12:00"), SHANGHAI, LARGE)
    assert sum(line.amount_fen for line in priced.lines) == total


def test_a_class_may_have_rows_of_its_own() -> None:
    motorcycle = {**ROW, "vehicle_type": "VEHICLE_TYPE_MOTORCYCLE", "interval_duration": 1440, "interval_amount": 100}
    tariff = simple_tariff(**FLAT, fixed_interval_rule=[ROW, motorcycle])
    assert fen(tariff, "10:00", 600, Vehicle(VehicleType.MOTORCYCLE)) == 100
    assert fen(tariff, "10:00", 600) == 5000


def test_new_energy_parks_its_first_hours_for_nothing_then_for_less_and_police_always() -> None:
    concessions = [
        {"holder": "new_energy", "free_duration": 120, "free_restart": ["ROLLING_24H"], "factor": "1/2"},
        {"holder": "police", "is_free_parking": True},
    ]
    terms = {**FACTORS, "vehicle_class": [], "concession": concessions, "restart": ["ROLLING_24H"]}
    tariff = simple_tariff(**terms, free_restart=[])
    green = Vehicle(holders=frozenset({"new_energy"}))
    assert [fen(tariff, "10:00", minutes, green) for minutes in (120, 121, 1440, 1560)] == [0, 750, 6000, 6000]
    assert fen(tariff, "10:00", 5000, Vehicle(holders=frozenset({"police"}))) == 0


@pytest.mark.parametrize(
    ("mode", "total"), [("FREE_PERIOD_CAL_CONCURRENT_START", 1000), ("FREE_PERIOD_CAL_SEQUENTIAL_START", 0)]
)
def test_free_times_start_together_or_one_after_another(mode: str, total: int) -> None:
    disabled = [{"holder": "disabled", "free_duration": 60, "free_restart": []}]
    tariff = simple_tariff(concession=disabled, free_period_calculation_mode=mode)
    assert fen(tariff, "10:00", 75, Vehicle(holders=frozenset({"disabled"}))) == total - total + (
        0 if not total else 1000
    )


def test_month_cards_and_free_plates_pay_nothing_unless_they_have_rows_of_their_own() -> None:
    monthly = Vehicle(plate=PlateType.MONTHLY)
    assert fen(DEMO, "10:00", 600, monthly) == fen(DEMO, "10:00", 600, Vehicle(plate=PlateType.FREE)) == 0
    row = {**ROW, "plate_type": "PLATE_TYPE_MONTHLY", "interval_amount": 50}
    assert fen(simple_tariff(fixed_interval_rule=[ROW, row]), "10:00", 600, monthly) == 500


TABLE = HolidayTable.of(
    {
        date(2026, 10, 1): Special(True, "national-day"),
        date(2026, 10, 10): Special(False, "national-day"),
        date(2026, 5, 1): Special(True, "labour-day"),
    }
)
BY_DAY: Terms = {
    **FLAT,
    "straddle": "STRADDLE_RESTART",
    "uncharged_time_counts": True,
    "day_type_mode": "DAY_TYPE_OF_UNIT",
    "holiday_mode": "HOLIDAY_MODE_LEGAL_MODY",
    "holiday_missing": "HOLIDAY_MISSING_REFUSE",
    "holiday_groups": {"golden": ["national-day"]},
    "season": [{"name": "summer", "from": "07-01", "to": "08-31", "weekdays": ["SATURDAY", "SUNDAY"]}],
    "fixed_interval_rule": [
        {**ROW, "day_type": "DAY_TYPE_WEEKDAY", "interval_amount": 100},
        {**ROW, "day_type": "DAY_TYPE_HOLIDAY", "interval_amount": 200},
        {**ROW, "day_type": "golden", "interval_amount": 900},
        {**ROW, "day_type": "summer", "interval_amount": 300},
    ],
}


@pytest.mark.parametrize(
    ("day", "mode", "total"),
    [
        ("2026-10-01", "LEGAL", 900),
        ("2026-10-10", "LEGAL", 100),
        ("2026-10-10", "FINANCIAL", 200),
        ("2026-05-01", "LEGAL", 200),
        ("2026-03-03", "LEGAL", 100),
        ("2026-03-07", "LEGAL", 200),
        ("2026-07-04", "LEGAL", 300),
        ("2026-07-03", "LEGAL", 100),
    ],
)
def test_workdays_off_days_holiday_groups_and_seasons_have_their_own_price(day: str, mode: str, total: int) -> None:
    tariff = simple_tariff(**{**BY_DAY, "holiday_mode": f"HOLIDAY_MODE_{mode}_MODY"})
    assert fen(tariff, f"{day} 10:00", f"{day} 11:00", table=TABLE) == total


def test_across_midnight_the_day_of_the_entry_counts_or_the_day_of_each_unit() -> None:
    by_unit, by_entry = simple_tariff(**BY_DAY), simple_tariff(**{**BY_DAY, "day_type_mode": "DAY_TYPE_OF_ENTRY"})
    stay = ("2026-09-30 23:00", "2026-10-01 01:00")
    assert (fen(by_unit, *stay, table=TABLE), fen(by_entry, *stay, table=TABLE)) == (1000, 200)


def test_a_missing_table_prices_nothing_or_takes_weekends_as_the_tariff_says() -> None:
    refuses = simple_tariff(**BY_DAY)
    assert fen(refuses, "2026-12-31 22:00", "2027-01-01 00:00", table=TABLE) == 200
    with pytest.raises(TariffError, match=r"holidays of 2027.*seed 2027"):
        fen(refuses, "2026-12-31 22:00", "2027-01-01 00:01", table=TABLE)
    weekends = simple_tariff(**{**BY_DAY, "holiday_missing": "HOLIDAY_MISSING_WEEKENDS"})
    assert fen(weekends, "2026-12-31 22:00", "2027-01-01 01:00", table=TABLE) == 300


def test_the_next_change_is_looked_for_as_far_as_the_holiday_table_goes() -> None:
    free_at_night = [{**row, "end_time": "20:00"} for row in BY_DAY["fixed_interval_rule"]]  # type: ignore[attr-defined]
    pricer = Pricer(simple_tariff(**{**BY_DAY, "fixed_interval_rule": free_at_night}), SHANGHAI, table=TABLE)
    assert pricer.next_change(local("2026-12-31 19:30"), local("2026-12-31 20:30")) is None
    found = pricer.next_change(local("2026-12-30 19:30"), local("2026-12-30 20:30"))
    assert found is not None
    assert found.at == local("2026-12-31 00:00:01")


def test_the_29th_of_february_is_a_day_like_others() -> None:
    tariff = per_entry(restart=["CALENDAR_DAY"])
    assert fen(tariff, "2028-02-28 10:00", "2028-03-01 10:00") == 3000
    assert fen(tariff, "2027-02-28 10:00", "2027-03-01 10:00") == 2000
    season = {"name": "leap", "from": "02-29", "to": "02-29"}
    rows = [{**ROW}, {**ROW, "day_type": "leap", "interval_amount": 7}]
    leap = simple_tariff(
        **FLAT, straddle="STRADDLE_RESTART", day_type_mode="DAY_TYPE_OF_UNIT", season=[season], fixed_interval_rule=rows
    )
    assert fen(leap, "2028-02-29 10:00", "2028-02-29 11:00") == 7
    assert fen(leap, "2028-02-29 23:00", "2028-03-01 01:00") == 507


def test_the_lines_explain_a_long_stay_and_days_alike_stand_together() -> None:
    priced = price(DEMO, local("10:00"), local("10:00") + timedelta(days=3, minutes=61), SHANGHAI)
    shown = [(line.kind, line.units, line.amount_fen) for line in priced.lines]
    assert shown == [
        (LineKind.CHARGE, 72, 36_000),
        (LineKind.CAP, 3, -24_000),
        (LineKind.CHARGE, 2, 1_000),
    ]
    assert priced.total_fen == sum(line.amount_fen for line in priced.lines) == 13_000


def test_lines_are_in_the_sites_own_time_and_in_both_languages() -> None:
    line = price(DEMO, local("10:00"), local("10:10"), SHANGHAI).lines[0]
    assert (line.kind, line.start.isoformat()) == (LineKind.FREE, "2026-03-03T10:00:00+08:00")
    night = price(example("lanzhou-2nd-hospital"), local("20:00"), local("22:00"), SHANGHAI).lines
    assert [line.text for line in night] == ["夜间：1 × 3.00 元", "夜间：1 × 2.00 元"]
    assert [line.text_en for line in night] == ["night: 1 × 3.00 yuan", "night: 1 × 2.00 yuan"]


def test_a_capped_stay_changes_when_the_next_24_hours_begin_and_a_stays_cap_never() -> None:
    found = Pricer(DEMO, SHANGHAI).next_change(local("10:00"), local("19:00"))
    assert found is not None
    assert (found.at, found.total_fen) == (local("2026-03-04 10:00:01"), 4500)
    stay = simple_tariff(**{**FLAT, "fee_limit": [{"max_fee_per_stay": 1000}]})
    assert Pricer(stay, SHANGHAI).next_change(local("10:00"), local("12:00")) is None


@pytest.mark.parametrize("name", ["lanzhou-2nd-hospital", "chaozhou-tcm-hospital"])
def test_years_are_priced_day_by_day(name: str) -> None:
    tariff = example(name)
    day = fen(tariff, "10:00", 1440)
    again = fen(tariff, "10:00", 2880) - day
    assert fen(tariff, "10:00", 3650 * 1440) == day + 3649 * again


def test_terms_kept_with_a_stay_give_the_same_tariff_again() -> None:
    assert read_tariff(DEMO.terms()) == DEMO
    assert hash(read_tariff(DEMO.terms())) == hash(DEMO)
    assert simple_tariff(free_exit_duration=20) != DEMO
