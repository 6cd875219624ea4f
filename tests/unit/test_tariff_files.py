"""Tariff files: what is wrong is told with its key and a remedy, and whatever is left open is refused."""

from pathlib import Path

import pytest

from billing.tariff import TariffError, read_tariff
from billing.versions.files import TariffFileError, read_file, read_folder
from scada.check.tariffs import mistakes_of
from tests.support.tariffs import CAP, EXAMPLES, ROW, SHIPPED, Terms, simple_terms

NIGHT: Terms = {**ROW, "start_time": "20:00", "end_time": "08:00"}
DAY: Terms = {**ROW, "start_time": "08:00", "end_time": "20:00"}
LARGE: Terms = {"vehicle_type": "VEHICLE_TYPE_LARGE", "factor": "3/2"}
JIAO: Terms = {"rounding_unit": "JIAO", "rounding_mode": "ROUND_UP"}
ROWS = "fixed_interval_rule"
FIRST: Terms = {**ROW, "first_duration": 60, "first_amount": 100}


def faults(**changes: object) -> dict[str, str]:
    """Give the keys at which terms are wrong, and what is said there."""
    with pytest.raises(TariffError) as refused:
        read_tariff(simple_terms(**changes))
    return {fault.key: f"{fault.what}; {fault.remedy}" for fault in refused.value.faults}


def test_every_shipped_tariff_is_good() -> None:
    assert [file.tariff.name for file in read_folder(SHIPPED).files] == ["demo"]
    assert len(read_folder(EXAMPLES).files) == 5
    assert not read_folder(SHIPPED).broken
    assert not read_folder(EXAMPLES).broken


TEN_SEATS: Terms = {"vehicle_type": "VEHICLE_TYPE_LARGE", "factor": 1, "seats_from": 10}
BOTH = ("vehicle_class", "from 10 seats on")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"time_rounding_type": None}, "time_rounding_type"),
        ({"restart": None}, "restart"),
        ({"free_limit": None}, "free_limit"),
        ({"first_charge_time_mode": None}, "first_charge_time_mode"),
        ({"free_period_charging_mode": None}, "free_period_charging_mode"),
        ({"free_restart": None}, "free_restart"),
        ({"fixed_interval_rule": [{**ROW, "interval_rounding": None}]}, "fixed_interval_rule[0].interval_rounding"),
        ({"fixed_interval_rule": [FIRST]}, "fixed_interval_rule[0].first_duration_mode"),
        ({"fixed_interval_rule": [DAY, NIGHT]}, "straddle"),
        ({"fixed_interval_rule": [DAY], "straddle": "STRADDLE_RESTART"}, "uncharged_time_counts"),
        ({"fixed_interval_rule": [FIRST], "restart": []}, "first_period_restart"),
        ({"fee_limit": [CAP, {"max_fee_per_stay": 9000}]}, "aggregate_limit_mode"),
        ({"fee_limit": [{"max_fee_per_day": 9000}]}, "fee_limit[0].daily_limit_type"),
        ({"vehicle_class": [LARGE]}, "factor_order"),
        ({"vehicle_class": [LARGE], "fee_limit": []}, "rounding_unit"),
        ({"fixed_interval_rule": [{**ROW, "day_type": "DAY_TYPE_HOLIDAY"}, ROW]}, "day_type_mode"),
        ({"fixed_interval_rule": [{**ROW, "day_type": "DAY_TYPE_HOLIDAY"}, ROW]}, "holiday_mode"),
        (
            {
                "fixed_interval_rule": [{**ROW, "day_type": "DAY_TYPE_HOLIDAY"}, ROW],
                "holiday_mode": "HOLIDAY_MODE_LEGAL_MODY",
            },
            "holiday_missing",
        ),
        (
            {"concession": [{"holder": "new_energy", "free_duration": 60}]},
            "concession[0].free_restart",
        ),
        (
            {
                "concession": [{"holder": "new_energy", "free_duration": 60, "free_restart": []}],
                "free_period_calculation_mode": None,
            },
            "free_period_calculation_mode",
        ),
        ({"voucher": {"minutes_at": "VOUCHER_MINUTES_AT_END", "stackable": True}}, "voucher.minutes_order"),
    ],
)
def test_what_applies_and_is_not_said_is_refused_and_never_filled_in(changes: Terms, key: str) -> None:
    rows = changes.get("fixed_interval_rule")
    if isinstance(rows, list):
        changes = {**changes, "fixed_interval_rule": [{k: v for k, v in row.items() if v is not None} for row in rows]}
    assert "missing" in faults(**changes)[key]


@pytest.mark.parametrize(
    ("changes", "key", "word"),
    [
        ({"free_entry_duration": 1.5}, "free_entry_duration", "whole number"),
        ({"free_entry_duration": -1}, "free_entry_duration", "not from 0"),
        ({"time_rounding_type": "TIME_ROUND_UPP"}, "time_rounding_type", "did you mean TIME_ROUND_UP?"),
        ({"free_exit_durration": 3}, "free_exit_durration", "did you mean free_exit_duration?"),
        ({"restart": "ROLLING_24H"}, "restart", "is no list"),
        ({"effective_from": "May"}, "effective_from", "2026-05-01"),
        ({"fixed_interval_rule": []}, "fixed_interval_rule", "missing"),
        ({"pre_entry_rule": [{"amount": 5}]}, "pre_entry_rule", "does not go with"),
        ({"fixed_interval_rule": [{**ROW, "start_time": "8:00"}]}, "fixed_interval_rule[0].start_time", "08:00"),
        ({"fixed_interval_rule": [DAY, DAY], "straddle": "STRADDLE_RESTART"}, "start_time", "two rows hold at 08:00"),
        ({"fixed_interval_rule": [{**ROW, "day_type": "easter"}]}, "day_type", "neither a day type"),
        ({ROWS: [{**ROW, "interval_max_amount": 5}]}, f"{ROWS}[0].interval_max_amount", "fee_limit"),
        ({ROWS: [{**ROW, "interval_grace": 60}]}, f"{ROWS}[0].interval_grace", "as long"),
        ({"vehicle_class": [{**LARGE, "factor": 1.5}]}, "vehicle_class[0].factor", "never 1.5"),
        ({"vehicle_class": [{**LARGE, "factor": "3/0"}]}, "vehicle_class[0].factor", "no fraction"),
        ({"fee_limit": [{"max_fee_per_stay": 5, "max_fee_per_day": 4}]}, "fee_limit[0].max_fee_per_day", "2 of the"),
        ({**JIAO, "fee_limit": [{**CAP, "max_fee_per_day": 4005}]}, "rounding_unit", "above the cap"),
        ({"season": [{"name": "s", "from": "04-31", "to": "05-01"}]}, "season[0].from", "04-01"),
        ({"name": 5}, "name", "no text"),
        ({"demo": "yes"}, "demo", "true or false"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_told_with_what_to_do(changes: Terms, key: str, word: str) -> None:
    assert word in faults(**changes)[key]


@pytest.mark.parametrize(
    ("changes", "key", "word"),
    [
        ({"effective_from": ""}, "effective_from", "no day or moment"),
        ({"version": ""}, "version", "empty"),
        ({"version": "v" * 65}, "version", "64"),
        ({"name": "demo\n"}, "name", "one line"),
        ({"concession": [{"holder": "", "is_free_parking": True}]}, "concession[0].holder", "no word"),
        ({"concession": [{"holder": "new-energy", "is_free_parking": True}]}, "concession[0].holder", "new_energy"),
        ({"fixed_interval_rule": [ROW, {**ROW, "holder": "Disabled"}]}, "fixed_interval_rule[1].holder", "disabled"),
        ({"vehicle_class": [TEN_SEATS, {**TEN_SEATS, "vehicle_type": "VEHICLE_TYPE_EXTRA_LARGE"}]}, *BOTH),
        ({"aggregate_limit_named": "max_fee_per_day"}, "aggregate_limit_named", "names a cap"),
    ],
)
def test_what_could_be_understood_in_two_ways_or_in_none_is_refused(changes: Terms, key: str, word: str) -> None:
    assert word in faults(**changes)[key]


def test_segments_meet_and_the_last_one_has_no_end() -> None:
    segment: Terms = {"charge_mode": "INTERVAL", "duration_from": 0, **ROW}
    terms: Terms = {"rule_type": "CHARGING_RULE_SEGMENT", "fixed_interval_rule": None, "first_period_restart": []}
    gap = [{**segment, "duration_to": 60}, {**segment, "duration_from": 90}]
    assert "let them meet" in faults(**terms, duration_segment_rule=gap)["duration_segment_rule[1].duration_from"]
    short = [{**segment, "duration_to": 60}]
    assert "leave it out" in faults(**terms, duration_segment_rule=short)["duration_segment_rule[0].duration_to"]


def test_all_mistakes_of_a_file_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = (SHIPPED / "demo-1.toml").read_text("utf-8")
    file = tmp_path / "bad.toml"
    file.write_text(
        text.replace("interval_amount = 500", "interval_amount = 5.0").replace('"TIME_ROUND_UP"', '"UP"'), "utf-8"
    )
    with pytest.raises(TariffFileError) as refused:
        read_file(file)
    lines = file.read_text("utf-8").splitlines()
    told = {(one.line, one.key) for one in mistakes_of(refused.value)}
    wanted = {"time_rounding_type": '"UP"', "fixed_interval_rule[0].interval_amount": "5.0"}
    assert told == {(next(n for n, line in enumerate(lines, 1) if text in line), key) for key, text in wanted.items()}
    assert str(file) in str(refused.value)


@pytest.mark.parametrize("text", ["x = " + "[" * 5000 + "]" * 5000, "x = " + "9" * 5000])
def test_a_file_that_no_reader_can_take_is_broken_and_ends_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.toml").write_text(text, "utf-8")
    [broken] = read_folder(tmp_path).broken
    assert "is not TOML" in str(broken)


def test_a_file_that_is_no_toml_or_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    with pytest.raises(TariffFileError, match="cannot be read") as missing:
        read_file(file)
    file.write_text("name = ")
    with pytest.raises(TariffFileError, match="is not TOML") as foreign:
        read_file(file)
    assert all(fault.remedy for told in (missing, foreign) for fault in told.value.faults)
    assert len(read_folder(tmp_path).broken) == 1
