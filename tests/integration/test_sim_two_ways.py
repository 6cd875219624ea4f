"""Cars of both ways at one gate, on the PLC's ladder in memory: who meets, who waits, and what the truth knows."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Direction
from scada.sim.road import Car, CarName, Habit, Manner, What
from scada.sim.trial.truth import read_truth, truth_of
from scada.sim.world import come_now
from tests.support.park import GATE, Bench, car, one_gate

LIMIT_S = 120.0
PLAIN, MEETS = Manner(), Manner(Habit.MEETS)
FIRST, SECOND = CarName("car-00001"), CarName("car-00002")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A gate that opens for whoever stands there so long that a second car has come up to its other side."""
    with Bench(tmp_path / "truth.jsonl", patience_s=2.5, world=one_gate()) as bench:
        yield bench
        assert not [one for one in bench.happened if one.what is What.STRUCK]


def local(number: int, entry: Manner = PLAIN) -> Car:
    """A car that stays until it is called, and comes again at once where it has made room."""
    return replace(car(number, entry, dwell_s=1e6), entry_lane=GATE, exit_lane=GATE)


def went(bench: Bench) -> list[tuple[CarName, Direction]]:
    return [(one.car, one.way) for one in bench.happened if one.what is What.PASSED]


def all_went(count: int, bench: Bench) -> bool:
    memory = bench.memories[GATE]
    return len(went(bench)) == count and memory.down and memory.now == 0


def call(bench: Bench, name: CarName, manner: Manner | None = None) -> None:
    bench.world = come_now(bench.world, name, manner)


def apart(bench: Bench) -> bool:
    """No car is in another one, whichever way they go."""
    road = bench.world.road(GATE)
    behind = all(one.rear_m > next_one.front_m for way in road.ways for one, next_one in pairwise(road.queue(way)))
    face = all(one.front_m < -other.front_m for one in road.cars[:1] for other in road.facing[:1])
    return behind and (face or road.opposite(Direction.EXIT) is None or road.opposite(Direction.ENTRY) is None)


def run(bench: Bench, count: int) -> bool:
    return bench.run(LIMIT_S, lambda bench: not apart(bench) or all_went(count, bench)) and apart(bench)


def test_a_car_comes_in_and_goes_out_by_the_same_gate_and_both_passages_are_forward(bench: Bench) -> None:
    bench.invite(local(1), 0.0)
    assert run(bench, 1)
    assert bench.memories[GATE].outcome == PassageOutcome.FORWARD
    call(bench, FIRST)
    assert run(bench, 2)
    memory = bench.memories[GATE]
    assert went(bench) == [(FIRST, Direction.ENTRY), (FIRST, Direction.EXIT)]
    assert (memory.retained.passages, memory.retained.passed, memory.retained.rises) == (2, 2, 2)
    assert bench.world.left == 1


@pytest.mark.parametrize("way", Direction)
def test_of_two_who_meet_the_first_goes_while_the_other_makes_room_and_is_served_then(
    bench: Bench, way: Direction
) -> None:
    bench.invite(local(1), 0.0)
    assert run(bench, 1)
    entry, leave = (PLAIN, MEETS) if way is Direction.ENTRY else (MEETS, PLAIN)
    if way is Direction.ENTRY:
        bench.invite(local(2, entry), 0.0)
        bench.run(1.0)
        call(bench, FIRST, leave)
    else:
        call(bench, FIRST, leave)
        bench.run(1.0)
        bench.invite(local(2, entry), 0.0)
    assert bench.run(10.0, lambda bench: bench.memories[GATE].far_waits)
    assert run(bench, 3)
    leads = [(SECOND, Direction.ENTRY), (FIRST, Direction.EXIT)]
    assert went(bench)[1:] == (leads if way is Direction.ENTRY else leads[::-1])
    gave_way = [one.car for one in bench.happened if one.what is What.BACKED_OUT]
    assert gave_way == [FIRST if way is Direction.ENTRY else SECOND]
    memory = bench.memories[GATE]
    assert (memory.retained.passages, memory.retained.passed, memory.retained.rises) == (3, 3, 3)


def test_without_a_mind_to_meet_anybody_a_driver_waits_in_his_queue_until_the_other_has_gone(bench: Bench) -> None:
    bench.invite(local(1), 0.0)
    assert run(bench, 1)
    bench.invite(local(2), 0.0)
    bench.run(0.5)
    call(bench, FIRST)
    assert run(bench, 3)
    assert went(bench)[1:] == [(SECOND, Direction.ENTRY), (FIRST, Direction.EXIT)]
    assert not [one for one in bench.happened if one.what is What.BACKED_OUT]


def test_who_waits_on_the_other_side_has_his_turn_when_the_first_gives_up(tmp_path: Path) -> None:
    with Bench(tmp_path / "truth.jsonl", patience_s=6.0, world=one_gate()) as slow:
        slow.invite(local(1), 0.0)
        assert run(slow, 1)
        slow.invite(local(2, Manner(Habit.BACKS_OUT_BEFORE, patience_s=0.5)), 0.0)
        slow.run(1.0)
        call(slow, FIRST, MEETS)
        assert run(slow, 3)
        assert went(slow)[1:] == [(FIRST, Direction.EXIT), (SECOND, Direction.ENTRY)]
        assert slow.memories[GATE].retained.backed == 1


def test_the_truth_knows_whose_passage_each_number_was_and_which_way_it_led(bench: Bench, tmp_path: Path) -> None:
    bench.invite(local(1), 0.0)
    assert run(bench, 1)
    bench.invite(local(2), 0.0)
    bench.run(1.0)
    call(bench, FIRST, MEETS)
    assert run(bench, 3)
    bench.finish()
    truth = truth_of(read_truth(tmp_path / "truth.jsonl"))
    assert [truth.owners[GATE, number] for number in (1, 2, 3)] == [FIRST, SECOND, FIRST]
    assert truth.inward == {(GATE, 1), (GATE, 2)}
    assert all(row["car"] == truth.owners[str(row["lane"]), int(str(row["number"]))] for row in truth.rises)
    assert [row["way"] for row in truth.crossings] == ["entry", "entry", "exit"]
