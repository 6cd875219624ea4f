"""Limits, counters, floods, figures and schedules of alarms; and that the shipped set is whole."""

from datetime import UTC, datetime, time, timedelta

import pytest

from scada.model.alarm.definition import Beyond, beyond, counted
from scada.model.alarm.figures import Mark, figures
from scada.model.alarm.flood import Flood
from scada.model.alarm.notify import Rule, is_on_duty, pause
from scada.settings.alarms import alarm_entries
from tests.support.alarms import site_specs_and_definitions

T0 = datetime(2026, 11, 26, tzinfo=UTC)


def test_a_value_is_beyond_its_limit_until_it_has_come_back_by_the_deadband() -> None:
    high, low = Beyond("x", 10, is_above=True, deadband=2), Beyond("x", 10, is_above=False, deadband=2)
    assert [beyond(high, value, stands=False) for value in (10, 10.1)] == [False, True]
    assert [beyond(high, value, stands=True) for value in (8.1, 8)] == [True, False]
    assert [beyond(low, value, stands=False) for value in (10, 9.9)] == [False, True]
    assert [beyond(low, value, stands=True) for value in (11.9, 12)] == [True, False]


@pytest.mark.parametrize(("before", "now", "times"), [(5, 8, 3), (65535, 1, 2), (100, 0, 0), (7, 7, 0)])
def test_a_counter_wraps_and_one_that_began_anew_tells_nothing(before: int, now: int, times: int) -> None:
    assert counted(before, now, 16) == times


def test_a_flood_begins_at_ten_and_ends_below_five() -> None:
    flood = Flood()
    for second in range(9):
        flood = flood.with_one(second)
    assert not flood.is_on
    flood = flood.with_one(9)
    assert flood.is_on
    assert flood.at(604.5).is_on
    assert not flood.at(605).is_on


def mark(s: float, alarm: str, what: str = "raised") -> Mark:
    return Mark(T0 + timedelta(seconds=s), alarm, alarm, 3, what, what == "raised")


def test_the_figures_find_floods_chatter_fleeting_and_stale_ones() -> None:
    chatter = [mark(s, "a", what) for s, what in ((0, "raised"), (5, "returned"), (20, "raised"), (25, "returned"))]
    chatter += [mark(40, "a"), mark(300, "a", "returned")]
    fleeting = [mark(1000, "b"), mark(1004, "b", "returned")]
    flood = [mark(5000 + s, f"c{s}") for s in range(10)]
    told = figures([*chatter, *fleeting, *flood], {"old": T0 - timedelta(days=2)}, T0, T0 + timedelta(hours=10))
    assert (told.announced, told.an_hour, told.most_in_ten_min) == (14, 1.4, 10)
    assert [one.alarm for one in told.chattering] == ["a"]
    assert [one.alarm for one in told.fleeting] == ["b"]
    assert told.stale == ("old",)
    assert told.floods == 1
    assert told.flood_share == pytest.approx((5005 + 600 - 5009) / 36000)
    assert told.by_priority == (0, 0, 14, 0)
    assert told.top[0].count == 3


def test_a_night_on_duty_belongs_to_the_day_on_which_it_began() -> None:
    friday = Rule("night", frozenset({1}), days=frozenset({4}), begins=time(18), ends=time(7))
    for day, hour, is_on in ((27, 17, False), (27, 18, True), (28, 6, True), (28, 7, False), (27, 6, False)):
        assert is_on_duty(friday, datetime(2026, 11, day, hour, tzinfo=UTC)) is is_on
    assert is_on_duty(Rule("always", frozenset({1})), T0)
    assert (pause(1), pause(2), pause(20)) == (timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=30))


def test_every_shipped_alarm_is_rationalised_in_both_languages_and_its_parents_are_there() -> None:
    _, definitions = site_specs_and_definitions()
    known = {one.id for one in definitions}
    assert len(known) == len(definitions) > 80
    for one in definitions:
        assert set(one.parents) <= known
        assert "{" not in (one.words.text + one.words.response + one.link).replace("{detail}", "")
        assert any(sign > "一" for sign in one.words.text_zh + one.words.response_zh)
    assert "plc1.communication" in next(one for one in definitions if one.id == "in1.mains").parents


def test_an_alarm_that_leads_to_tags_leads_to_its_own() -> None:
    specs, definitions = site_specs_and_definitions()
    words = {one.id: one.link.partition("?q=")[2] for one in definitions if one.link.startswith("/tags?")}
    assert len(words) > 10
    for name, word in words.items():
        assert any(word in spec.name for spec in specs), name


def test_a_site_changes_switches_off_and_adds_alarms_and_hears_what_is_wrong() -> None:
    changed = {entry.code: entry for entry in alarm_entries([{"code": "motor_current", "above": 6.5}])}
    assert changed["motor_current"].above == 6.5
    assert changed["motor_current"].text_zh
    assert "mains" not in {entry.code for entry in alarm_entries([{"code": "mains", "enabled": False}])}
    with pytest.raises(ValueError, match="exactly one"):
        alarm_entries([{"code": "mains", "value": "in1.gate.motor_a", "above": 3.0}])
    with pytest.raises(ValueError, match="text"):
        alarm_entries([{"code": "mine", "priority": 1, "when": "site.forced > 0"}])
