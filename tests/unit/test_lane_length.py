"""The third cue of path B: length = v·t, from the edges of the two loops (`lanes.md` §9)."""

from dataclasses import replace

import pytest

from scada.model.lane import commands as c
from scada.model.lane import events as e
from scada.model.lane.image import OFF
from scada.model.lane.length import Crossing, Geometry, crossing, length_m, too_long_m
from scada.model.plate import PlateColour
from scada.settings.lanes import Lane as LaneConfig
from tests.support.lane import ON, Bench, entry, exit_lane, let_in, let_out, read_of

PLAIN = Geometry(gap_m=2.5, safety_m=1.5)


def driven(length: float, speed_m_s: float, at_s: float = 10.0) -> Crossing:
    """Give the edges that a vehicle makes which drives evenly."""
    rear_s = at_s + (length - PLAIN.gap_m) / speed_m_s
    return Crossing(at_s, rear_s, at_s + (length + PLAIN.safety_m) / speed_m_s)


@pytest.mark.parametrize("speed_m_s", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("length", [3.6, 4.6, 5.9])
def test_an_even_drive_over_both_loops_tells_the_length_and_never_too_much(length: float, speed_m_s: float) -> None:
    told = length_m(driven(length, speed_m_s), PLAIN)
    assert told is not None
    assert length - 1.2 <= told <= length


@pytest.mark.parametrize(("length", "is_long"), [(3.6, False), (5.9, False), (9.7, True), (12.0, True)])
def test_two_cars_close_together_are_too_long_and_one_is_not(length: float, is_long: bool) -> None:
    assert (too_long_m(driven(length, 2.4), PLAIN) is not None) is is_long


def test_what_may_have_stopped_or_was_not_seen_to_leave_a_loop_is_not_measured() -> None:
    assert length_m(driven(12.0, 1.0), PLAIN) is None
    assert length_m(driven(12.0, 1.0), replace(PLAIN, slowest_s=20.0)) is not None
    assert length_m(Crossing(1.0, None, 3.0), PLAIN) is None
    assert length_m(Crossing(1.0, 2.0), PLAIN) is None
    assert too_long_m(None, PLAIN) is None


def test_the_first_edge_of_each_loop_counts_until_the_next_vehicle_comes() -> None:
    seen = crossing(None, 1.0, stands=True, is_under=False)
    assert seen is None
    for at_s, stands, is_under in [(2.0, True, True), (3.0, False, True), (3.5, True, True), (4.0, False, True)]:
        seen = crossing(seen, at_s, stands=stands, is_under=is_under)
    seen = crossing(seen, 5.0, stands=False, is_under=False)
    assert seen == crossing(seen, 6.0, stands=True, is_under=False) == Crossing(2.0, 3.0, 5.0)
    assert crossing(seen, 7.0, stands=True, is_under=True) == Crossing(7.0)


def drives(bench: Bench, length: float) -> Bench:
    """The car whose boom is up goes through at 2 m/s."""
    bench.shows(safety=ON, close_permit=OFF)
    bench.waits((length - bench.timing.geometry.gap_m) / 2)
    bench.shows(approach=OFF)
    bench.waits((bench.timing.geometry.gap_m + bench.timing.geometry.safety_m) / 2)
    bench.passes()
    return bench


def alarms(bench: Bench) -> list[str]:
    return [alarm.text for alarm in bench.all(c.RaiseAlarm)]


def test_what_is_too_long_for_one_car_is_an_alarm_with_a_picture_and_its_stay_ends_all_the_same() -> None:
    bench = drives(let_out(exit_lane()), 10.0)
    assert alarms(bench) == ["9 m passed under one leave: a long vehicle, or two close together"]
    assert "too long" in [kept.why for kept in bench.all(c.KeepPicture)]
    assert len(bench.all(c.EndStay)) == 1


def test_one_car_is_no_alarm() -> None:
    assert alarms(drives(let_out(exit_lane()), 4.6)) == []


@pytest.mark.parametrize("colour", [PlateColour.YELLOW, PlateColour.LIMEGREEN])
def test_a_lorry_may_be_long(colour: PlateColour) -> None:
    bench = exit_lane()
    bench.arrives(1)
    lorry = replace(read_of("京A12345"), colour=colour)
    bench.hear(e.PlateSeen(bench.passage, lorry, **bench.now))
    bench.operator_opens(bench.passage)
    bench.boom_rises()
    assert alarms(drives(bench, 10.0)) == []


def test_a_lane_for_both_ways_is_not_measured() -> None:
    bench = entry()
    bench.lane = replace(bench.lane, two_way=True)
    drives(let_in(bench), 10.0)
    assert (len(bench.all(c.BeginStay)), alarms(bench)) == (1, [])


def test_the_loops_of_a_lane_are_as_its_table_says() -> None:
    table = {"name": "out1", "direction": "exit", "title": "出口", "title_en": "Exit", "geometry": {"gap_m": 1.0}}
    assert LaneConfig.model_validate(table).waits.geometry == Geometry(gap_m=1.0)
