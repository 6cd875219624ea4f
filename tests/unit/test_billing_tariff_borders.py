"""Prices where days, windows and absences meet, and caps that hold for some days, plates and holders only."""

from datetime import timedelta

import pytest

from billing.tariff import (
    GoesOn,
    PlateType,
    Pricer,
    TariffError,
    Vehicle,
    read_tariff,
)
from tests.support.tariffs import (
    SHANGHAI,
    Terms,
    example,
    fen,
    local,
    simple_tariff,
)


def test_a_split_unit_that_begins_anew_before_it_counts_is_charged_on_neither_side() -> None:
    """From 19:45 to 05:45, and anew at midnight: old and new price alike have nothing of it."""
    row: Terms = {"interval_duration": 600, "interval_amount": 480, "interval_rounding": "INTERVAL_ROUND_DOWN"}
    day, night = {"start_time": "08:00", "end_time": "20:00"}, {"start_time": "20:00", "end_time": "08:00"}
    split = simple_tariff(
        free_entry_duration=0,
        fixed_interval_rule=[{**day, **row}, {**night, **row, "interval_amount": 960}],
        fee_limit=None,
        restart=["CALENDAR_DAY"],
        straddle="STRADDLE_SPLIT",
        rounding_unit="FEN",
        rounding_mode="ROUND_UP",
    )
    assert fen(split, "19:45", "2026-03-04 05:46") == 0
    assert fen(split, "19:45", "2026-03-04 10:00") == 768 + 96


def test_a_window_that_opens_while_a_car_is_away_begins_when_it_is_back() -> None:
    """Day until 20:00, night from then on, each a stay of its own; away from 19:55 to 20:10."""
    terms = example("lanzhou-2nd-hospital").terms() | {"reentry_mode": "REENTRY_GAP_FREE", "reentry_duration": 30}
    goes_on = GoesOn(local("19:00"), ((local("19:55"), local("20:10")),))
    asked = Pricer(read_tariff(terms), SHANGHAI, goes_on=goes_on)
    costs = [asked.total(local("20:10"), local(at)) for at in ("20:10", "20:39", "20:40", "21:10", "21:11")]
    assert costs == [200, 200, 500, 500, 700]
    lines = asked.price(local("20:10"), local("20:40")).lines
    told = [(line.kind.value, f"{line.start:%H:%M}", f"{line.end:%H:%M}") for line in lines]
    assert told == [("charge", "19:00", "19:55"), ("away", "19:55", "20:10"), ("charge", "20:10", "20:40")]


def test_what_begins_the_next_day_counts_for_a_unit_that_is_moved_there() -> None:
    """A unit across midnight belongs to the later side: on a Friday that is a holiday, on a Thursday it is not."""
    row: Terms = {"interval_duration": 120, "interval_rounding": "INTERVAL_ROUND_UP"}
    tariff = simple_tariff(
        free_entry_duration=0,
        fixed_interval_rule=[
            {**row, "day_type": "DAY_TYPE_WEEKDAY", "interval_amount": 100},
            {**row, "day_type": "DAY_TYPE_HOLIDAY", "interval_amount": 900},
        ],
        fee_limit=None,
        restart=[],
        straddle="STRADDLE_LATER",
        day_type_mode="DAY_TYPE_OF_UNIT",
        holiday_mode="HOLIDAY_MODE_CALENDAR_MODY",
    )
    asked = Pricer(tariff, SHANGHAI)
    friday, thursday = local("2026-03-06 23:00"), local("2026-03-05 23:00")
    half = timedelta(minutes=30)
    assert [asked.total(at, at + half) for at in (thursday, friday, thursday)] == [100, 900, 100]


def test_a_day_that_begins_while_a_car_is_away_begins_when_it_is_back_though_its_first_window_is_over() -> None:
    hour: Terms = {"interval_duration": 60, "interval_amount": 500, "interval_rounding": "INTERVAL_ROUND_UP"}
    tariff = simple_tariff(
        free_entry_duration=0,
        fixed_interval_rule=[
            {**hour, "start_time": "00:10", "end_time": "24:00"},
            {**hour, "start_time": "00:00", "end_time": "00:10"},
        ],
        fee_limit=None,
        restart=["CALENDAR_DAY"],
        straddle="STRADDLE_EARLIER",
        reentry_mode="REENTRY_GAP_FREE",
        reentry_duration=30,
    )
    back = local("2026-03-04 00:15")
    asked = Pricer(tariff, SHANGHAI, goes_on=GoesOn(local("23:00"), ((local("23:55"), back),)))
    assert [asked.total(back, back + timedelta(minutes=minutes)) for minutes in (0, 1, 60, 61)] == [
        500,
        1000,
        1000,
        1500,
    ]


DAY_CAPS: Terms = {
    "fee_limit": [
        {"daily_limit_type": "DAILY_LIMIT_CALENDAR_DAY", "max_fee_per_day": 2000, "day_type": "DAY_TYPE_WEEKDAY"},
        {"daily_limit_type": "DAILY_LIMIT_CALENDAR_DAY", "max_fee_per_day": 3000, "day_type": "DAY_TYPE_HOLIDAY"},
        {"max_fee_per_stay": 1200, "holder": "new_energy", "name": "nev"},
        {"max_fee_per_stay": 900, "plate_type": "PLATE_TYPE_OTHERS", "name": "others"},
    ],
    "aggregate_limit_mode": "AGGREGATE_LIMIT_MODE_MIN",
    "holiday_mode": "HOLIDAY_MODE_CALENDAR_MODY",
    "restart": [],
    "free_entry_duration": 0,
}


@pytest.mark.parametrize(("mode", "total"), [("DAY_TYPE_OF_UNIT", 2000 + 3000), ("DAY_TYPE_OF_ENTRY", 2000 + 2000)])
def test_a_cap_may_hold_on_some_days_only(mode: str, total: int) -> None:
    """Friday noon to Saturday night; a Saturday counts by itself or as the day of the entry."""
    tariff = simple_tariff(**DAY_CAPS, day_type_mode=mode)
    assert fen(tariff, "2026-03-06 12:00", "2026-03-07 23:00") == total
    assert fen(tariff, "2026-03-07 08:00", "2026-03-07 23:00") == 3000


def test_a_cap_may_hold_for_some_plates_and_holders_only() -> None:
    tariff = simple_tariff(**DAY_CAPS, day_type_mode="DAY_TYPE_OF_UNIT")
    day = "2026-03-03 08:00", "2026-03-03 20:00"
    assert fen(tariff, *day) == 2000
    assert fen(tariff, *day, Vehicle(holders=frozenset({"new_energy"}))) == 1200
    assert fen(tariff, *day, Vehicle(plate=PlateType.OTHERS)) == 900


def test_a_cap_for_days_that_nobody_names_is_refused() -> None:
    limit = {"daily_limit_type": "DAILY_LIMIT_CALENDAR_DAY", "max_fee_per_day": 2000, "day_type": "easter"}
    with pytest.raises(TariffError, match="'easter' is neither a day type"):
        simple_tariff(fee_limit=[limit], day_type_mode="DAY_TYPE_OF_UNIT")
    with pytest.raises(TariffError, match="day_type_mode: is missing"):
        simple_tariff(fee_limit=[{**limit, "day_type": "DAY_TYPE_WEEKDAY"}])
