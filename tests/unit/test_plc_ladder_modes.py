"""A lane's PLC in its modes: fire, technician, held open, locked, button and handset, mains, server lost."""

from dataclasses import replace

import pytest

from plc.sim.image import field_state, image
from plc.sim.ladder import phase, power_up
from plc.sim.memory import Settings
from scada.model.handshake import AckResult, Mode, PassageOutcome, PassagePhase, RiseCause
from tests.support.plc import CLAIM, Bench, ready_bench


@pytest.fixture(autouse=True)
def _lane_st_runs_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tested here is tested of the Structured Text too."""
    monkeypatch.setattr(Bench, "beside", True)


def standing_open() -> Bench:
    bench = ready_bench()
    bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    return bench


def causes(bench: Bench) -> tuple[int, int]:
    return bench.memory.retained.rises, bench.memory.rise_cause


def test_the_fire_contact_raises_the_boom_and_is_latched_until_the_reset_on_site() -> None:
    bench = ready_bench()
    bench.wire(fire=True)
    bench.run(1200)
    assert (bench.memory.mode, bench.memory.up, *causes(bench)) == (Mode.FIRE, True, 1, RiseCause.FIRE)
    assert (image(bench.memory)["fire.contact"], field_state(bench.memory)["mode"]) == (True, Mode.FIRE)
    bench.wire(fire_reset=True)
    bench.wire(fire_reset=False)
    bench.wire(fire=False)
    bench.run(5000)
    assert (bench.memory.mode, bench.memory.up) == (Mode.FIRE, True)
    bench.wire(fire_reset=True)
    bench.run(1500)
    assert (bench.memory.mode, bench.memory.down) == (Mode.AUTO, True)


def test_a_reset_contact_that_is_stuck_never_ends_a_fire() -> None:
    bench = ready_bench()
    bench.wire(fire_reset=True)
    bench.wire(fire=True)
    bench.wire(fire=False)
    bench.run(2000)
    assert bench.memory.mode is Mode.FIRE


def test_a_fire_outlives_a_power_cut() -> None:
    bench = ready_bench()
    bench.wire(fire=True)
    bench.wire(fire=False)
    restarted = Bench(memory=power_up(bench.memory.retained))
    restarted.run(1500)
    assert (restarted.memory.mode, restarted.memory.up, restarted.memory.rise_cause) == (
        Mode.FIRE,
        True,
        RiseCause.FIRE,
    )


@pytest.mark.parametrize("before", ["key", "locked", "resync"])
def test_fire_outranks_every_mode(before: str) -> None:
    bench = Bench() if before == "resync" else ready_bench()
    if before == "key":
        bench.wire(key=True)
    elif before == "locked":
        bench.ask(Mode.LOCKED)
    bench.wire(fire=True)
    bench.run(1200)
    assert (bench.memory.mode, bench.memory.up) == (Mode.FIRE, True)


def test_cars_that_leave_in_a_fire_are_numbered_and_passed_forward() -> None:
    bench = ready_bench()
    bench.wire(fire=True)
    bench.run(1200)
    first = bench.arrive()
    bench.drive_through()
    assert (bench.memory.last, bench.memory.outcome) == (first, PassageOutcome.FORWARD)
    assert bench.send(bench.block()) is AckResult.MODE


def test_the_technician_moves_the_boom_as_long_as_he_holds_the_button() -> None:
    bench = ready_bench()
    bench.wire(key=True, jog_up=True)
    bench.run(490)
    bench.wire(jog_up=False)
    halfway = bench.memory.retained.position_ms
    bench.run(3000)
    assert (halfway, bench.memory.retained.position_ms) == (500, 500)
    assert causes(bench) == (1, RiseCause.MAINTENANCE)
    bench.wire(jog_down=True)
    bench.run(1000)
    assert bench.memory.down


def test_without_the_key_the_jog_buttons_do_nothing() -> None:
    bench = ready_bench()
    bench.wire(jog_up=True)
    bench.run(1000)
    assert (bench.memory.down, bench.memory.retained.rises) == (True, 0)


def test_under_the_key_nothing_lowers_on_a_vehicle_and_nothing_rises_by_itself() -> None:
    bench = standing_open()
    bench.wire(key=True, jog_down=True)
    bench.run(300)
    bench.wire(beam=True)
    stopped = bench.memory.retained.position_ms
    bench.run(2000)
    assert bench.memory.retained.position_ms == stopped
    assert not bench.memory.raising


def test_the_technician_may_lower_past_a_faulty_safety_loop_but_not_through_the_beam() -> None:
    bench = standing_open()
    bench.wire(safety_fault=True, approach=False)
    bench.run(8000)
    assert (bench.memory.now, bench.memory.up) == (1, True)
    bench.wire(key=True, jog_down=True, beam=True)
    bench.run(500)
    assert bench.memory.up
    bench.wire(beam=False)
    bench.run(1100)
    assert bench.memory.down


def test_hold_open_raises_numbers_and_passes_every_car_and_survives_the_server() -> None:
    bench = ready_bench()
    bench.ask(Mode.HOLD_OPEN)
    bench.run(1200)
    assert (bench.memory.mode, bench.memory.up, *causes(bench)) == (Mode.HOLD_OPEN, True, 1, RiseCause.HOLD_OPEN)
    bench.silent = True
    bench.run(4000)
    assert (bench.memory.claim, bench.memory.mode) == (0, Mode.HOLD_OPEN)
    for number in (1, 2):
        assert bench.arrive() == number
        assert phase(bench.memory) is PassagePhase.OPEN
        bench.drive_through()
        assert (bench.memory.last, bench.memory.outcome) == (number, PassageOutcome.FORWARD)
    assert (bench.memory.retained.passed, bench.memory.retained.tailed) == (2, 0)


def test_after_hold_open_the_boom_waits_for_the_car_before_it() -> None:
    bench = ready_bench()
    bench.ask(Mode.HOLD_OPEN)
    bench.run(1200)
    waiting = bench.arrive()
    bench.ask(Mode.AUTO)
    bench.run(10_000)
    assert (bench.memory.mode, bench.memory.up) == (Mode.AUTO, True)
    bench.drive_through()
    assert (bench.memory.last, bench.memory.outcome) == (waiting, PassageOutcome.FORWARD)
    bench.run(2200)
    assert bench.memory.down


def test_a_car_that_comes_after_hold_open_ended_has_no_leave() -> None:
    bench = ready_bench()
    bench.ask(Mode.HOLD_OPEN)
    bench.run(1200)
    bench.arrive()
    bench.ask(Mode.AUTO)
    bench.wire(safety=True)
    bench.wire(approach=False)
    bench.run(500)
    bench.wire(approach=True)
    bench.wire(safety=False)
    bench.drive_through()
    assert bench.memory.outcome == PassageOutcome.TAILGATE
    assert image(bench.memory)["count.tail"] == 1


def test_a_lane_that_was_never_up_in_hold_open_lowers_before_a_car() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.ask(Mode.HOLD_OPEN)
    bench.run(300)
    bench.ask(Mode.AUTO)
    bench.run(1500)
    assert bench.memory.down


def test_a_wish_is_taken_only_from_a_living_server_that_holds_the_lane() -> None:
    bench = Bench()
    bench.run(1500)
    bench.ask(Mode.LOCKED)
    bench.claim()
    assert bench.memory.mode is Mode.AUTO
    bench.silent = True
    bench.run(4000)
    bench.ask(Mode.HOLD_OPEN)
    bench.run(100)
    assert bench.memory.mode is Mode.AUTO


@pytest.mark.parametrize("wish", [Mode.FIRE, Mode.MAINTENANCE, Mode.RESYNC, 0, 7])
def test_fire_and_maintenance_cannot_be_asked_for(wish: int) -> None:
    bench = ready_bench()
    bench.ask(wish)
    bench.run(100)
    assert bench.memory.mode is Mode.AUTO


def test_a_wish_from_before_a_restart_is_no_wish_but_the_mode_itself_is_kept() -> None:
    bench = ready_bench()
    bench.ask(Mode.LOCKED)
    kept = bench.memory.retained
    fresh = Bench(memory=power_up(replace(kept, asked=int(Mode.AUTO))), inputs=bench.inputs)
    fresh.claim(CLAIM + 1)
    assert fresh.memory.mode is Mode.AUTO
    again = Bench(memory=power_up(kept))
    again.claim()
    assert again.memory.mode is Mode.LOCKED


def test_a_locked_lane_takes_no_command_and_still_reverses() -> None:
    bench = standing_open()
    bench.wire(safety=True)
    bench.wire(approach=False)
    bench.ask(Mode.LOCKED)
    bench.run(3000)
    assert bench.memory.up
    bench.wire(safety=False)
    assert bench.memory.outcome == PassageOutcome.FORWARD
    bench.run(1500)
    assert bench.memory.lowering
    bench.wire(beam=True)
    bench.run(1500)
    assert (bench.memory.up, bench.memory.rise_cause) == (True, RiseCause.REOPEN)
    bench.wire(beam=False)
    bench.run(2500)
    bench.arrive()
    assert (bench.memory.down, bench.send(bench.block())) == (True, AckResult.MODE)


@pytest.mark.parametrize("mode", [Mode.LOCKED, Mode.HOLD_OPEN])
def test_an_authorisation_that_is_not_used_ends_with_auto(mode: Mode) -> None:
    bench = standing_open()
    bench.ask(mode)
    assert not bench.memory.authorised


@pytest.mark.parametrize(("contact", "cause"), [("button", RiseCause.BUTTON), ("handset", RiseCause.HANDSET)])
def test_button_and_handset_open_for_one_vehicle_without_a_server(contact: str, cause: RiseCause) -> None:
    bench = ready_bench()
    bench.silent = True
    bench.run(4000)
    bench.arrive()
    bench.wire(**{contact: True})
    bench.wire(**{contact: False})
    bench.run(1200)
    assert (bench.memory.up, bench.memory.rise_cause, bench.memory.rise_passage) == (True, cause, 0)
    bench.drive_through()
    assert bench.memory.outcome == PassageOutcome.FORWARD
    bench.run(2200)
    assert bench.memory.down


def test_a_button_opening_ends_by_itself_but_not_before_a_waiting_car() -> None:
    bench = ready_bench()
    bench.wire(button=True)
    bench.run(44_900)
    assert bench.memory.up
    bench.arrive()
    bench.run(10_000)
    assert bench.memory.up
    bench.wire(approach=False)
    bench.run(1200)
    assert bench.memory.down


def test_the_button_frees_somebody_in_a_locked_lane_and_after_a_restart() -> None:
    locked, restarted = ready_bench(), Bench()
    locked.ask(Mode.LOCKED)
    for bench in (locked, restarted):
        bench.wire(button=False)
        bench.wire(button=True)
        bench.run(1200)
        assert (bench.memory.up, bench.memory.rise_cause) == (True, RiseCause.BUTTON)
    restarted.run(60_000)
    assert restarted.memory.up, "nothing lowers before a server has looked"


def test_a_button_that_is_stuck_opens_nothing_after_a_restart() -> None:
    bench = Bench()
    bench.wire(button=True)
    bench.run(3000)
    assert (bench.memory.down, bench.memory.retained.rises) == (True, 0)


def test_without_mains_the_boom_opens_by_itself_and_stays_until_a_server_has_looked() -> None:
    bench = ready_bench()
    bench.wire(mains_lost=True)
    bench.run(1200)
    assert (bench.memory.up, bench.memory.rise_cause) == (True, RiseCause.POWER_FAIL)
    assert image(bench.memory)["gate.mains"] is False
    bench.arrive()
    assert bench.send(bench.block()) is AckResult.FAULT
    bench.drive_through()
    assert bench.memory.outcome == PassageOutcome.UNCERTAIN
    bench.wire(mains_lost=False)
    bench.run(5000)
    assert (bench.memory.mode, bench.memory.claim, bench.memory.up) == (Mode.RESYNC, 0, True)
    bench.claim(CLAIM + 1)
    bench.run(1500)
    assert (bench.memory.mode, bench.memory.down) == (Mode.AUTO, True)


def test_a_lane_that_loses_its_server_stays_down_or_raises_as_it_was_set() -> None:
    down, up = ready_bench(), ready_bench(Settings(raise_when_lost=True))
    for bench in (down, up):
        bench.silent = True
        bench.run(4500)
    assert (down.memory.mode, down.memory.down) == (Mode.AUTO, True)
    assert (up.memory.mode, up.memory.up, up.memory.rise_cause) == (Mode.HOLD_OPEN, True, RiseCause.HOLD_OPEN)
    up.arrive()
    up.drive_through()
    assert up.memory.retained.passed == 1
    up.silent = False
    up.run(2500)
    assert (up.memory.mode, up.memory.down) == (Mode.AUTO, True)


def test_the_passage_under_way_is_finished_when_the_server_dies() -> None:
    bench = standing_open()
    bench.silent = True
    bench.run(5000)
    assert bench.memory.up
    bench.drive_through()
    assert bench.memory.outcome == PassageOutcome.FORWARD
