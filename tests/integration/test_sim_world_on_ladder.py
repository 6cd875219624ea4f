"""The virtual cars on the virtual PLC's ladder, in memory: they come, pass and leave, and the PLC proves it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plc.sim.memory import Memory
from scada.model.handshake import PassageOutcome
from scada.sim.road import Habit, Manner, What
from scada.sim.trial.truth import read_truth, truth_of
from tests.support.park import IN, OUT, Bench, car

LIMIT_S = 600.0


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "truth.jsonl")
    with bench:
        yield bench


def all_left(count: int, bench: Bench) -> bool:
    return bench.world.left == count


def at_rest(bench: Bench) -> bool:
    return all(memory.down and memory.now == 0 for memory in bench.memories.values())


def counted(memory: Memory) -> tuple[int, int, int]:
    return memory.retained.passages, memory.retained.passed, memory.retained.rises


def test_six_cars_pass_both_lanes_and_every_passage_is_a_forward_one(bench: Bench) -> None:
    for number in range(6):
        bench.invite(car(number), number * 2.0)
    assert bench.run(LIMIT_S, lambda bench: all_left(6, bench) and at_rest(bench))
    assert [counted(memory) for memory in bench.memories.values()] == [(6, 6, 6), (6, 6, 6)]
    assert all(memory.retained.reopened == 0 for memory in bench.memories.values())
    assert not [one for one in bench.happened if one.what is What.STRUCK]


def test_a_passage_through_the_boom_takes_three_to_four_seconds(bench: Bench) -> None:
    bench.invite(car(1), 0.0)
    assert bench.run(60, lambda bench: bench.memories[IN].up)
    opened_s = bench.clock.seconds()
    assert bench.run(60, lambda bench: bench.memories[IN].outcome == PassageOutcome.FORWARD)
    assert 3.0 <= bench.clock.seconds() - opened_s <= 4.6


def test_the_cars_pass_at_the_rate_of_a_reading_lane(bench: Bench) -> None:
    for number in range(9):
        bench.invite(car(number, dwell_s=1000), 0.0)
    bench.run(70)
    passed = [one for one in bench.happened if one.what is What.PASSED]
    assert 330 / 3600 * 70 - 1 <= len(passed) <= 540 / 3600 * 70


def test_a_car_that_backs_out_before_opening_passes_when_it_comes_again(bench: Bench) -> None:
    bench.invite(car(1, Manner(Habit.BACKS_OUT_BEFORE, patience_s=0.2)), 0.0)
    assert bench.run(LIMIT_S, lambda bench: bench.memories[IN].retained.backed == 1)
    assert bench.run(LIMIT_S, lambda bench: all_left(1, bench))
    assert bench.memories[IN].retained.passed == 1


def test_a_car_that_backs_out_under_a_raised_boom_leaves_no_way_open_for_the_next(bench: Bench) -> None:
    bench.invite(car(1, Manner(Habit.BACKS_OUT_AFTER)), 0.0)
    bench.invite(car(2), 1.0)
    assert bench.run(LIMIT_S, lambda bench: all_left(2, bench) and at_rest(bench))
    assert bench.memories[IN].retained.backed == 1
    assert counted(bench.memories[IN])[1:] == (2, 3)


def test_a_car_that_follows_too_close_is_numbered_as_follower_and_waits_for_its_own_opening(bench: Bench) -> None:
    bench.invite(car(1), 0.0)
    bench.invite(car(2, Manner(Habit.FOLLOWS_CLOSE)), 0.1)
    assert bench.run(LIMIT_S, lambda bench: bench.memories[IN].follower == 2)
    assert bench.memories[IN].inputs.safety
    assert bench.run(LIMIT_S, lambda bench: all_left(2, bench) and at_rest(bench))
    assert counted(bench.memories[IN])[1] == 2


def test_the_truth_knows_whose_passage_each_number_was(bench: Bench, tmp_path: Path) -> None:
    bench.invite(car(1), 0.0)
    bench.invite(car(2, Manner(Habit.FOLLOWS_CLOSE)), 0.1)
    bench.invite(car(3, Manner(Habit.BACKS_OUT_AFTER)), 1.0)
    assert bench.run(LIMIT_S, lambda bench: all_left(3, bench) and at_rest(bench))
    bench.finish()
    truth = truth_of(read_truth(tmp_path / "truth.jsonl"))
    owners = [truth.owners[IN, number] for number in range(1, 5)]
    assert owners == ["car-00001", "car-00002", "car-00003", "car-00003"]
    assert all(row["car"] == truth.owners[str(row["lane"]), int(str(row["number"]))] for row in truth.rises)
    assert sorted(truth.passed)[:2] == [("car-00001", IN), ("car-00001", OUT)]
