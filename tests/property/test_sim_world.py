"""What the virtual cars may never do, whatever the booms do."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle, islice, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from scada.sim.road import SAFETY_M, Board, Habit, Loops, Manner, Move, loops
from scada.sim.world import World, advance, come
from tests.support.park import CYCLE_S, IN, OUT, car, empty_world

manners = st.builds(Manner, habit=st.sampled_from(Habit), patience_s=st.floats(0.0, 4.0))
lengths = st.sampled_from((2.0, 4.5, 9.0))
guests = st.lists(st.tuples(manners, manners, st.floats(0.0, 8.0), lengths), min_size=1, max_size=4)
wishes = st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans(), st.booleans()), min_size=4, max_size=10)
"""For so many seconds: is the entry's boom wanted up, is the exit's, and is the light green."""


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
