"""What the virtual cars may never do, whatever the booms do."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice, pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from scada.model.lane.words import Direction
from scada.sim.road import SAFETY_M, Board, Habit, Loops, Manner, Move, Waiting, loops
from scada.sim.world import World, advance, come
from tests.support.park import CYCLE_S, GATE, IN, OUT, car, empty_world, one_gate

manners = st.builds(Manner, habit=st.sampled_from(Habit), patience_s=st.floats(0.0, 4.0))
lengths = st.sampled_from((2.0, 4.5, 9.0))
guests = st.lists(st.tuples(manners, manners, st.floats(0.0, 8.0), lengths), min_size=1, max_size=4)
wishes = st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans(), st.booleans()), min_size=4, max_size=10)
"""For so many seconds: is the entry's boom wanted up, is the exit's, and is the light green."""


MEETING = (Habit.NORMAL, Habit.MEETS, Habit.MEETS, Habit.BACKS_OUT_BEFORE, Habit.BACKS_OUT_AFTER, Habit.FOLLOWS_CLOSE)
Arriving = Sequence[tuple[Manner, Manner, float, float]]


def filled(arriving: Arriving) -> World:
    world = empty_world()
    for number, (entry, leave, after_s, length_m) in enumerate(arriving):
        world = come(world, replace(car(number, entry, leave, dwell_s=1.0), length_m=length_m), after_s)
    return world


def played(world: World, wanted: Sequence[tuple[int, bool, bool, bool]]) -> list[World]:
    """Move the booms as wished, a second from limit to limit, and give every state."""
    height = {IN: 0.0, OUT: 0.0}
    states = [world]
    for seconds, entry_up, exit_up, green in wanted:
        for _ in range(round(seconds / CYCLE_S)):
            for lane, up in ((IN, entry_up), (OUT, exit_up)):
                height[lane] = min(1.0, max(0.0, height[lane] + (CYCLE_S if up else -CYCLE_S)))
            world, _ = advance(world, CYCLE_S, {lane: Board(height[lane], green) for lane in height})
            states.append(world)
    return states


@settings(max_examples=30)
@given(guests, wishes)
def test_two_cars_never_stand_in_the_same_place(arriving: Arriving, wanted: list[tuple[int, bool, bool, bool]]) -> None:
    for world in played(filled(arriving), wanted):
        for road in world.roads:
            assert all(ahead.rear_m > behind.front_m for ahead, behind in pairwise(road.cars))


@settings(max_examples=30)
@given(guests, wishes)
def test_a_car_that_backs_out_before_the_boom_never_touches_the_safety_loop(
    arriving: Arriving, wanted: list[tuple[int, bool, bool, bool]]
) -> None:
    for world in played(filled(arriving), wanted):
        for road in world.roads:
            assert not any(one.move is Move.REVERSING and one.covers(SAFETY_M) and not one.turned for one in road.cars)


@settings(max_examples=30)
@given(guests, wishes)
def test_no_car_is_lost_or_doubled(arriving: Arriving, wanted: list[tuple[int, bool, bool, bool]]) -> None:
    for world in played(filled(arriving), wanted):
        here = sum(len(road.cars) for road in world.roads)
        assert here + len(world.waiting) + world.left == len(arriving)


@settings(max_examples=20)
@given(st.lists(st.floats(0.005, 0.2), min_size=1, max_size=20))
def test_a_forward_passage_turns_the_loops_on_and_off_in_order_however_time_is_cut(steps: list[float]) -> None:
    world = come(empty_world(), car(1, dwell_s=10_000), 0.0)
    felt = [Loops()]
    for step_s in islice(cycle(steps), 5000):
        stands = any(one.move in (Move.STANDING, Move.LEAVING) for one in world.road(IN).cars)
        world, _ = advance(world, step_s, {IN: Board(1.0 if stands else 0.0, stands)})
        now = replace(loops(world.road(IN)), beam=False)
        if now != felt[-1]:
            felt.append(now)
        if len(felt) > 4 and not world.road(IN).cars:
            break
    assert felt == [
        Loops(),
        Loops(approach=True),
        Loops(approach=True, safety=True),
        Loops(safety=True),
        Loops(),
    ]


both_ways = st.lists(
    st.tuples(st.sampled_from(Direction), st.sampled_from(MEETING), st.floats(0, 12), st.sampled_from((2.1, 4.5))),
    min_size=2,
    max_size=6,
)
USUALLY = st.sampled_from((True, True, False))
turns = st.lists(st.tuples(st.integers(2, 8), USUALLY, USUALLY, st.booleans()), min_size=3, max_size=6)


@settings(max_examples=25)
@given(both_ways, turns)
@example(
    [(Direction.ENTRY, Habit.NORMAL, 0.0, 4.5), (Direction.EXIT, Habit.MEETS, 7.0, 4.5)],
    [(5, False, False, False), (3, True, True, False), (6, False, False, False)],
)
def test_at_one_gate_nobody_drives_into_those_who_come_the_other_way_and_nobody_is_lost(
    coming: list[tuple[Direction, Habit, float, float]], wanted: list[tuple[int, bool, bool, bool]]
) -> None:
    world = replace(one_gate(), waiting=tuple(_guest(number, *one) for number, one in enumerate(coming)))
    boom = 0.0
    for seconds, up, green, inner in wanted:
        for _ in range(round(seconds / CYCLE_S)):
            boom = min(1.0, max(0.0, boom + (CYCLE_S if up else -CYCLE_S)))
            world, _ = advance(world, CYCLE_S, {GATE: Board(boom, green and boom >= 1.0, inner)})
            road = world.road(GATE)
            faces = [road.opposite(way) for way in Direction]
            assert None in faces or sum(one.front_m for one in faces if one is not None) < 0
            assert all(
                ahead.rear_m > behind.front_m for way in road.ways for ahead, behind in pairwise(road.queue(way))
            )
            assert len(road.everybody) + len(world.waiting) + world.left == len(coming)


def _guest(number: int, way: Direction, habit: Habit, after_s: float, length_m: float) -> Waiting:
    one = replace(car(number, dwell_s=1.0), entry_lane=GATE, exit_lane=GATE, length_m=length_m)
    return Waiting(one, GATE, Manner(habit, patience_s=2.0), after_s, way)
