"""Which way a car left, as the loops prove it: forward, rolled back, through a sleeping loop, and both ways."""

import pytest

from plc.sim.image import image
from plc.sim.memory import Settings
from scada.model.handshake import AckResult, PassageOutcome
from tests.support.plc import Bench, ready_bench

CLOSING = Settings(closing_fitted=True)
TWO_WAY = Settings(two_way=True)


@pytest.fixture(autouse=True)
def _lane_st_runs_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is tested here is tested of the Structured Text too."""
    monkeypatch.setattr(Bench, "beside", True)


def opened(settings: Settings) -> Bench:
    bench = ready_bench(settings)
    bench.arrive()
    bench.send(bench.block())
    bench.run(1200)
    return bench


def ended(bench: Bench) -> tuple[int, int]:
    return bench.memory.last, bench.memory.outcome


def test_a_car_with_a_closing_pulse_went_forward() -> None:
    bench = opened(CLOSING)
    for contacts in ({"safety": True}, {"closing": True}, {"approach": False}, {"safety": False}):
        bench.wire(**contacts)
    assert ended(bench) == (1, PassageOutcome.FORWARD)


def test_a_short_vehicle_is_forward_once_it_reaches_the_closing_loop() -> None:
    bench = opened(CLOSING)
    for contacts in ({"approach": False}, {"safety": True}, {"safety": False}):
        bench.wire(**contacts)
    bench.run(1000)
    assert bench.memory.now == 1
    bench.wire(closing=True)
    assert ended(bench) == (1, PassageOutcome.FORWARD)


def test_without_a_closing_pulse_nobody_knows() -> None:
    bench = opened(CLOSING)
    for contacts in ({"safety": True}, {"approach": False}, {"safety": False}):
        bench.wire(**contacts)
    bench.run(5000)
    assert ended(bench) == (1, PassageOutcome.UNCERTAIN)


def test_a_car_that_rolls_back_from_under_the_boom_keeps_its_passage_and_its_leave() -> None:
    bench = opened(CLOSING)
    bench.wire(safety=True)
    bench.run(500)
    bench.wire(safety=False)
    assert (bench.memory.now, bench.memory.authorised) == (1, True)
    bench.drive_over(("safety", "closing"))
    assert ended(bench) == (1, PassageOutcome.FORWARD)


def test_a_car_that_was_under_the_boom_and_leaves_over_the_approach_loop_reversed_through() -> None:
    bench = opened(CLOSING)
    bench.wire(safety=True)
    bench.run(500)
    bench.wire(safety=False)
    bench.wire(approach=False)
    bench.run(5000)
    assert ended(bench) == (1, PassageOutcome.REVERSED_THROUGH)
    assert bench.memory.retained.backed == 1


def test_a_car_that_comes_back_over_the_approach_loop_without_a_pulse_reversed_through() -> None:
    bench = opened(CLOSING)
    bench.wire(safety=True)
    bench.wire(approach=False)
    bench.run(500)
    bench.wire(approach=True)
    bench.wire(safety=False)
    bench.run(5000)
    assert ended(bench) == (1, PassageOutcome.REVERSED_THROUGH)
    bench.wire(approach=False)
    bench.run(5000)
    assert ended(bench) == (2, PassageOutcome.BACKED_OUT)


def test_a_pulse_of_the_closing_loop_tells_a_follower_from_the_car_before_him() -> None:
    bench = opened(Settings())
    for contacts in ({"safety": True}, {"closing": True}, {"safety": False}):
        bench.wire(**contacts)
    assert ended(bench) == (1, PassageOutcome.FORWARD)
    assert (bench.memory.now, bench.memory.authorised) == (2, False)


@pytest.mark.parametrize("tuneout_ms", [8000, 240_000])
def test_a_car_that_the_safety_loop_forgot_is_not_believed_to_be_gone(tuneout_ms: int) -> None:
    bench = opened(Settings(tuneout_ms=tuneout_ms))
    bench.wire(safety=True, beam=True)
    bench.wire(approach=False, beam=False)
    bench.run(tuneout_ms + 1000)
    bench.wire(safety=False)
    bench.run(12_000)
    assert ended(bench) == (1, PassageOutcome.UNCERTAIN)
    assert (bench.memory.up, bench.memory.permit) == (True, False)
    bench.wire(closing=True)
    bench.run(2200)
    assert bench.memory.up, "its front is on the closing loop: a long one is still under the boom"
    bench.wire(closing=False)
    bench.run(2200)
    assert bench.memory.down


@pytest.mark.parametrize("tuneout_ms", [8000, 240_000])
def test_a_car_that_stood_long_and_is_seen_to_leave_went_forward(tuneout_ms: int) -> None:
    bench = opened(Settings(tuneout_ms=tuneout_ms))
    bench.wire(safety=True, beam=True)
    bench.wire(approach=False)
    bench.run(tuneout_ms)
    bench.wire(beam=False)
    bench.run(500)
    bench.wire(safety=False)
    assert ended(bench) == (1, PassageOutcome.FORWARD)
    assert image(bench.memory)["time.safety_on_ms"] == tuneout_ms + 530


def test_short_dropouts_of_the_approach_loop_are_counted() -> None:
    bench = ready_bench()
    bench.arrive()
    for _ in range(3):
        bench.wire(approach=False)
        bench.run(200)
        bench.wire(approach=True)
        bench.run(400)
    assert (bench.memory.now, image(bench.memory)["count.glitch"]) == (1, 3)


def test_a_detector_fault_is_no_proof_that_the_car_has_gone() -> None:
    bench = ready_bench()
    bench.arrive()
    bench.wire(approach=False, approach_fault=True)
    bench.run(20_000)
    assert bench.memory.now == 1
    assert image(bench.memory)["loop.approach_fault"] is True


def test_a_gate_opened_for_a_car_that_does_not_move_stays_open() -> None:
    bench = opened(Settings())
    bench.run(120_000)
    assert bench.memory.up


def test_a_lane_for_both_ways_gives_the_number_to_whoever_comes_first_and_says_from_where() -> None:
    for contact, side in (("approach", 1), ("closing", 2)):
        bench = ready_bench(TWO_WAY)
        assert image(bench.memory)["passage.side"] == 0
        bench.wire(**{contact: True})
        assert (bench.memory.now, image(bench.memory)["passage.side"]) == (1, side)


def test_a_car_from_inside_passes_with_the_loops_in_turned_order() -> None:
    bench = ready_bench(TWO_WAY)
    bench.wire(closing=True)
    assert bench.send(bench.block()) is AckResult.DONE
    bench.run(1200)
    for contacts in ({"safety": True}, {"approach": True}, {"closing": False}, {"safety": False}):
        bench.wire(**contacts)
    assert ended(bench) == (1, PassageOutcome.FORWARD)
    bench.run(3000)
    assert (bench.memory.now, bench.memory.down) == (0, True), "the car that has just passed is no new one"
    bench.wire(approach=False)
    bench.run(500)
    bench.wire(approach=True)
    assert (bench.memory.now, image(bench.memory)["passage.side"]) == (2, 1)


def test_a_car_on_the_other_side_waits_without_a_number_until_the_first_has_left() -> None:
    bench = ready_bench(TWO_WAY)
    bench.arrive()
    bench.wire(closing=True)
    bench.run(3000)
    assert (bench.memory.now, bench.memory.follower) == (1, 0)
    assert bench.send(bench.block(passage=2)) is AckResult.WRONG_PASSAGE
    bench.wire(approach=False)
    bench.run(5000)
    assert ended(bench) == (1, PassageOutcome.BACKED_OUT)
    assert (bench.memory.now, image(bench.memory)["passage.side"]) == (2, 2)


def test_a_car_that_gives_up_waiting_on_the_other_side_gets_no_number() -> None:
    bench = ready_bench(TWO_WAY)
    bench.arrive()
    bench.wire(closing=True)
    bench.run(1000)
    bench.wire(closing=False)
    bench.run(1000)
    bench.wire(approach=False)
    bench.run(6000)
    assert (bench.memory.now, bench.memory.retained.passages) == (0, 1)


def test_two_cars_nose_to_nose_prove_nothing() -> None:
    bench = opened(TWO_WAY)
    bench.wire(safety=True)
    bench.wire(closing=True)
    bench.wire(safety=False)
    assert ended(bench) == (1, PassageOutcome.UNCERTAIN)


def test_who_came_to_the_other_side_while_a_car_was_under_the_boom_gets_a_number_once_it_has_reversed_out() -> None:
    bench = opened(TWO_WAY)
    bench.wire(safety=True)
    bench.wire(closing=True)
    bench.wire(safety=False)
    bench.wire(approach=False)
    bench.run(5000)
    assert ended(bench) == (2, PassageOutcome.BACKED_OUT)
    assert (bench.memory.now, image(bench.memory)["passage.side"]) == (3, 2)
