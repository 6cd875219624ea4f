"""What a scenario may ask of the virtual cars, and what the PLC's terminals show of a broken lane."""

from dataclasses import replace

import pytest

from scada.model.lane.words import Direction
from scada.sim.road import Board, CarName, Field, Habit, Manner, Move, Road, Waiting, What, contacts
from scada.sim.world import World, advance, back_out, behave, change_field, come, come_now, go_home
from tests.support.park import CYCLE_S, GATE, IN, OUT, car, empty_world, one_gate

ME = CarName("car-00001")


def run(world: World, seconds: float) -> tuple[World, list[What]]:
    happened = []
    for _ in range(round(seconds / CYCLE_S)):
        world, told = advance(world, CYCLE_S, {})
        happened += [one.what for one in told]
    return world, happened


def test_a_parked_car_comes_when_it_is_called_and_in_the_manner_it_is_told() -> None:
    world = come(empty_world(), car(1), 1e9)
    assert run(world, 1.0)[1] == []
    called, happened = run(come_now(world, ME, Manner(Habit.RAMS)), 1.0)
    assert happened == [What.QUEUED]
    assert called.road(IN).cars[0].manner.habit is Habit.RAMS


def test_a_car_that_goes_home_does_not_come_any_more() -> None:
    world = go_home(come(empty_world(), car(1), 0.5), ME)
    assert world.left == 1
    assert run(world, 2.0)[1] == []


@pytest.mark.parametrize("seconds", [2.5, 3.2, 8.0])
def test_a_car_that_is_pulling_up_can_be_put_in_reverse_as_one_that_stands(seconds: float) -> None:
    world, _ = run(come(empty_world(), car(1), 0.0), seconds)
    assert world.road(IN).cars[0].move in (Move.PULLING_UP, Move.STANDING)
    _, happened = run(back_out(world, ME), 6.0)
    assert What.BACKED_OUT in happened


def test_a_driver_in_a_lane_who_is_spoken_to_changes_his_manner_and_drives_on() -> None:
    dawdles = Manner(Habit.DAWDLES, patience_s=600.0)
    world, _ = run(come(empty_world(), car(1, dawdles), 0.0), 6.0)
    up = {IN: Board(boom=1.0, green=True)}
    for _ in range(500):
        world, _ = advance(world, CYCLE_S, up)
    assert world.road(IN).cars[0].move is Move.STANDING
    assert behave(world, CarName("another"), Manner()) == world
    world = behave(world, ME, Manner())
    for _ in range(100):
        world, _ = advance(world, CYCLE_S, up)
    assert world.road(IN).cars[0].move is Move.LEAVING


def test_from_the_wrong_side_nobody_comes_while_a_car_is_going_through() -> None:
    world, _ = run(come(empty_world(), car(1), 0.0), 2.0)
    assert world.road(IN).cars[0].move is Move.PULLING_UP
    _, happened = run(come(world, car(2, Manner(Habit.WRONG_WAY)), 0.0), 1.0)
    assert What.QUEUED not in happened


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        (Field(), {"approach": False, "safety": False, "beam": False}),
        (Field(stuck=frozenset({"safety"})), {"approach": False, "safety": True, "beam": False}),
        (
            Field(stuck=frozenset({"beam"}), blind=frozenset({"beam"}), on=frozenset({"fire", "button"})),
            {"approach": False, "safety": False, "beam": False, "fire": True, "button": True},
        ),
    ],
)
def test_the_terminals_show_stuck_and_blind_loops_and_every_contact_that_is_made(
    field: Field, shown: dict[str, bool]
) -> None:
    assert contacts(replace(empty_world().road(IN), field=field)) == shown


def test_a_blind_loop_is_free_whatever_stands_on_it() -> None:
    world, _ = run(come(empty_world(), car(1), 0.0), 8.0)
    assert contacts(world.road(IN))["approach"]
    blind = change_field(world, IN, Field(blind=frozenset({"approach"})))
    assert not contacts(blind.road(IN))["approach"]
    assert blind.road(OUT) == Road(OUT, blind.road(OUT).leads)


def test_of_two_face_to_face_only_the_one_makes_room_whose_light_stays_red_while_the_others_is_green() -> None:
    world = replace(one_gate(), waiting=(_guest(1, Direction.ENTRY), _guest(2, Direction.EXIT)))
    world, _ = run(world, 5.0)
    for board in (Board(), Board(0.995), Board(1.0), Board(0.995, inner=True)):
        world, _ = advance(world, CYCLE_S, {GATE: board})
        assert [one.move for one in world.road(GATE).everybody] == [Move.STANDING, Move.STANDING]
    world, _ = advance(world, CYCLE_S, {GATE: Board(1.0, green=True, inner=True)})
    assert [one.move for one in world.road(GATE).everybody] == [Move.REVERSING, Move.STANDING]


def _guest(number: int, way: Direction) -> Waiting:
    """Somebody who comes up to the gate at once, whoever stands on its other side."""
    return Waiting(replace(car(number), entry_lane=GATE, exit_lane=GATE), GATE, Manner(Habit.MEETS), 0.0, way)
