"""A lane's PLC and a barrier that fails: no start, stuck halfway, a switch that lies; and what it measures."""

import pytest

from plc.sim.image import image
from scada.model.handshake import AckResult, Mode, RiseCause
from tests.support.plc import Bench, ready_bench


@pytest.fixture(autouse=True)
def _lane_st_runs_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tested here is tested of the Structured Text too."""
    monkeypatch.setattr(Bench, "beside", True)


def jammed_at(ms: int) -> Bench:
    """Let the boom start and jam after so long."""
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block())
    bench.run(ms - 10)
    bench.wire(jammed=True)
    bench.run(3000)
    return bench


@pytest.mark.parametrize("ms", [10, 500])
def test_a_motor_that_reaches_no_limit_stops_and_starts_no_more_by_itself(ms: int) -> None:
    bench = jammed_at(ms)
    assert (bench.memory.raising, bench.memory.lowering) == (False, False)
    assert bench.memory.retained.rises == 1
    bench.wire(jammed=False)
    bench.run(5000)
    assert bench.memory.retained.position_ms < 1000
    assert bench.send(bench.block()) is AckResult.FAULT
    assert image(bench.memory)["gate.drive_fault"] is True


def test_a_boom_stuck_halfway_never_comes_down() -> None:
    bench = jammed_at(500)
    bench.wire(jammed=False, approach=False)
    bench.run(10_000)
    assert (bench.memory.now, bench.memory.down) == (0, False)


def test_the_technician_frees_the_motor_and_tests_it() -> None:
    bench = jammed_at(500)
    bench.wire(jammed=False, key=True)
    bench.wire(jog_up=True)
    bench.run(1000)
    bench.wire(jog_up=False)
    assert (bench.memory.up, image(bench.memory)["gate.drive_fault"]) == (True, False)
    bench.wire(key=False)
    assert bench.send(bench.block()) is AckResult.DONE


@pytest.mark.parametrize("how", ["hold open", "fire", "button"])
def test_a_person_or_a_fire_makes_the_motor_try_once_more(how: str) -> None:
    bench = jammed_at(500)
    bench.wire(jammed=False)
    if how == "hold open":
        bench.ask(Mode.HOLD_OPEN)
    else:
        bench.wire(**{how: True})
    bench.run(1200)
    assert bench.memory.up


def test_a_boom_that_does_not_close_stops_where_it_is() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    bench.drive_through()
    bench.run(500)
    bench.wire(jammed=True)
    bench.run(3000)
    bench.wire(jammed=False)
    bench.run(3000)
    assert (bench.memory.down, bench.memory.trip) == (False, 2)


def test_a_drive_fault_is_no_order_to_move() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.wire(drive_fault=True)
    assert bench.send(bench.block()) is AckResult.FAULT


def test_both_limit_switches_on_is_a_fault_and_nothing_moves() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.wire(up_stuck=True)
    assert image(bench.memory)["gate.drive_fault"] is True
    assert bench.send(bench.block()) is AckResult.FAULT
    bench.wire(button=True)
    bench.run(1000)
    assert bench.memory.down


def test_a_detached_boom_is_not_moved_even_in_a_fire() -> None:
    bench = ready_bench()
    bench.wire(detached=True, fire=True)
    bench.run(1000)
    assert (bench.memory.down, bench.memory.retained.rises) == (True, 0)


def test_travel_and_safety_times_are_measured() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    bench.wire(safety=True)
    bench.run(1490)
    bench.wire(approach=False)
    bench.wire(safety=False)
    bench.run(2500)
    shown = image(bench.memory)
    assert (shown["time.open_ms"], shown["time.close_ms"], shown["time.safety_on_ms"]) == (1000, 1000, 1510)


def test_a_part_of_a_travel_is_not_taken_for_the_whole() -> None:
    bench = ready_bench()
    bench.wire(key=True, jog_up=True)
    bench.run(300)
    bench.wire(jog_up=False)
    bench.wire(jog_up=True)
    bench.run(1000)
    assert (bench.memory.up, bench.memory.open_ms) == (True, 0)


def test_a_hand_that_lifts_is_a_rise_of_unknown_cause_and_the_boom_comes_down_again() -> None:
    bench = ready_bench()
    bench.wire(lifted=True)
    bench.run(500)
    assert (bench.memory.retained.rises, bench.memory.rise_cause) == (1, RiseCause.UNKNOWN)
    bench.wire(lifted=False)
    bench.run(1000)
    assert bench.memory.down


def test_a_boom_that_cannot_open_without_mains_is_no_fault_of_the_motor() -> None:
    bench = ready_bench()
    bench.wire(jammed=True, mains_lost=True)
    bench.run(3000)
    assert image(bench.memory)["gate.drive_fault"] is False
    bench.wire(jammed=False)
    bench.run(1000)
    assert bench.memory.up


def test_a_key_that_is_turned_while_the_boom_goes_up_again_ends_that() -> None:
    bench = ready_bench()
    bench.wire(lifted=True)
    bench.run(800)
    bench.wire(lifted=False)
    bench.run(100)
    bench.wire(beam=True)
    bench.wire(key=True)
    bench.wire(key=False)
    bench.run(500)
    assert (bench.memory.raising, bench.memory.up) == (False, False)
