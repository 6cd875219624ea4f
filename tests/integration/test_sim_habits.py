"""Cars of every temper on the PLC's ladder, in memory: what the loops make of them, and that nobody is ever struck."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scada.model.handshake import PassageOutcome, RiseCause
from scada.sim.road import Field, Habit, Manner, What
from scada.sim.world import change_field
from tests.support.park import IN, OUT, Bench, car

LIMIT_S = 120.0


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Bench(tmp_path / "truth.jsonl") as bench:
        yield bench
        assert not [one for one in bench.happened if one.what is What.STRUCK]


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Bench]:
    """Somebody who opens only for cars that stand there longer than a tailgater does."""
    with Bench(tmp_path / "truth.jsonl", patience_s=5.0) as bench:
        yield bench
        assert not [one for one in bench.happened if one.what is What.STRUCK]


def happened(bench: Bench, what: What) -> int:
    return sum(one.what is what for one in bench.happened)


def at_rest(bench: Bench) -> bool:
    return all(memory.down and memory.now == 0 for memory in bench.memories.values())


def outcome(bench: Bench, wanted: PassageOutcome) -> bool:
    return bench.run(LIMIT_S, lambda bench: bench.memories[IN].outcome == wanted)


def test_who_goes_through_right_behind_another_is_a_tailgater_to_the_plc(slow: Bench) -> None:
    slow.invite(car(1, dwell_s=1e6), 0.0)
    slow.invite(car(2, Manner(Habit.TAILGATES), dwell_s=1e6), 0.1)
    assert outcome(slow, PassageOutcome.TAILGATE)
    assert (slow.memories[IN].retained.passed, slow.memories[IN].retained.tailed) == (1, 1)
    assert slow.run(LIMIT_S, lambda bench: happened(bench, What.PASSED) == 2)
    assert (slow.memories[IN].retained.rises, slow.memories[IN].rise_cause) == (2, RiseCause.REOPEN)


def test_two_cars_nose_to_tail_are_one_to_the_loops_and_the_boom_stays_up_over_both(bench: Bench) -> None:
    bench.invite(car(1, dwell_s=1e6), 0.0)
    bench.invite(car(2, Manner(Habit.NOSE_TO_TAIL), dwell_s=1e6), 0.1)
    assert bench.run(LIMIT_S, lambda bench: happened(bench, What.PASSED) == 2)
    assert bench.memories[IN].retained.rises == 1


def test_who_thinks_better_of_it_under_the_boom_is_no_forward_passage_and_may_come_again(bench: Bench) -> None:
    bench.invite(car(1, Manner(Habit.BACKS_OUT_UNDER), dwell_s=1e6), 0.0)
    assert bench.run(LIMIT_S, lambda bench: happened(bench, What.BACKED_OUT) == 1)
    assert bench.memories[IN].retained.passed == 0
    assert bench.run(LIMIT_S, lambda bench: happened(bench, What.PASSED) == 1 and at_rest(bench))
    assert bench.memories[IN].retained.passed == 1


def test_who_dawdles_before_an_open_boom_goes_when_he_has_looked_at_it_long_enough(bench: Bench) -> None:
    bench.invite(car(1, Manner(Habit.DAWDLES, patience_s=20.0), dwell_s=1e6), 0.0)
    assert bench.run(LIMIT_S, lambda bench: bench.memories[IN].up)
    assert not bench.run(15.0, lambda bench: bench.memories[IN].inputs.safety)
    assert outcome(bench, PassageOutcome.FORWARD)


def test_over_a_car_that_stops_under_it_the_boom_stays_up(bench: Bench) -> None:
    bench.invite(car(1, Manner(Habit.STOPS_UNDER, patience_s=40.0), dwell_s=1e6), 0.0)
    assert bench.run(LIMIT_S, lambda bench: bench.memories[IN].inputs.safety)
    assert not bench.run(30.0, lambda bench: not bench.memories[IN].up and bench.memories[IN].inputs.safety)
    assert outcome(bench, PassageOutcome.FORWARD)


def test_who_breaks_through_takes_the_boom_off_its_mount_and_is_a_tailgater(slow: Bench) -> None:
    slow.invite(car(1, Manner(Habit.RAMS, patience_s=0.2), dwell_s=1e6), 0.0)
    assert slow.run(LIMIT_S, lambda bench: happened(bench, What.RAMMED) == 1)
    assert slow.run(LIMIT_S, lambda bench: happened(bench, What.PASSED) == 1)
    assert slow.memories[IN].inputs.detached
    assert slow.memories[IN].outcome == PassageOutcome.TAILGATE


def test_who_comes_from_the_wrong_side_turns_back_and_nothing_rises(bench: Bench) -> None:
    bench.invite(replace(car(1, Manner(Habit.WRONG_WAY)), entry_lane=OUT), 0.0)
    assert bench.run(LIMIT_S, lambda bench: happened(bench, What.TURNED_BACK) == 1)
    assert bench.memories[OUT].outcome == PassageOutcome.WRONG_WAY
    assert bench.memories[OUT].retained.rises == 0
    assert bench.world.left == 1


@pytest.mark.parametrize(("length_m", "cruise_m_s"), [(2.0, 2.5), (2.0, 1.2), (9.0, 2.0), (14.0, 1.5)])
def test_motorcycles_and_lorries_are_each_one_forward_passage(bench: Bench, length_m: float, cruise_m_s: float) -> None:
    bench.invite(replace(car(1), length_m=length_m, cruise_m_s=cruise_m_s), 0.0)
    assert bench.run(LIMIT_S, lambda bench: bench.world.left == 1 and at_rest(bench))
    assert [memory.retained.passed for memory in bench.memories.values()] == [1, 1]
    assert [memory.retained.passages for memory in bench.memories.values()] == [1, 1]


@pytest.mark.parametrize(
    "field",
    [
        Field(stuck=frozenset({"safety"})),
        Field(stuck=frozenset({"beam"})),
        Field(blind=frozenset({"safety"}), on=frozenset({"safety_fault"})),
    ],
)
def test_with_a_safety_loop_that_cannot_be_believed_the_boom_does_not_come_down(bench: Bench, field: Field) -> None:
    bench.invite(car(1, dwell_s=1e6), 0.0)
    assert bench.run(LIMIT_S, lambda bench: bench.memories[IN].up and bench.memories[IN].inputs.safety)
    bench.world = change_field(bench.world, IN, field)
    assert bench.run(LIMIT_S, lambda bench: happened(bench, What.PASSED) == 1)
    assert not bench.run(20.0, lambda bench: not bench.memories[IN].up)
    bench.world = change_field(bench.world, IN, Field())
    assert bench.run(LIMIT_S, at_rest)


def test_before_a_boom_that_is_held_up_the_queue_drives_on_after_a_while(bench: Bench) -> None:
    bench.world = change_field(bench.world, IN, Field(on=frozenset({"fire"})))
    for number in range(3):
        bench.invite(car(number, dwell_s=1e6), 0.0)
    assert bench.run(LIMIT_S, lambda bench: happened(bench, What.PASSED) == 3)
    assert bench.memories[IN].retained.rises == 1


def test_a_boom_that_somebody_lifts_by_hand_has_a_rise_without_a_cause(bench: Bench) -> None:
    bench.run(2.0)
    bench.world = change_field(bench.world, IN, Field(on=frozenset({"lifted"})))
    assert bench.run(LIMIT_S, lambda bench: bench.memories[IN].up)
    bench.world = change_field(bench.world, IN, Field())
    assert bench.run(LIMIT_S, at_rest)
    assert bench.memories[IN].retained.rises == 1
