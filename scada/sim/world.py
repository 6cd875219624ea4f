"""The virtual car park's cars as physics: where each one is after another moment.

A pure function of the last state, the time that passed, and what each lane's boom and light show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.sim.driving import Near, drive, is_aside, is_away, is_beyond, rams
from scada.sim.road import (
    APPROACH_M,
    BEYOND_M,
    HOLD_M,
    LONGEST_STEP_S,
    OPEN,
    QUEUE_GAP_M,
    STOP_M,
    Board,
    Car,
    CarName,
    Field,
    Habit,
    Happening,
    Manner,
    Move,
    OnRoad,
    Road,
    Waiting,
    Weather,
    What,
)


@dataclass(frozen=True, slots=True)
class World:
    """All cars. `left` counts those that have gone home."""

    roads: tuple[Road, ...]
    waiting: tuple[Waiting, ...] = ()
    left: int = 0
    weather: Weather = Weather.CLEAR

    def road(self, lane: LaneName) -> Road:
        """Give a lane's road. Raises KeyError."""
        for road in self.roads:
            if road.lane == lane:
                return road
        raise KeyError(lane)


def come(world: World, car: Car, after_s: float) -> World:
    """Send a car to its entry lane."""
    return replace(world, waiting=(*world.waiting, Waiting(car, car.entry_lane, car.entry, after_s)))


def come_now(world: World, name: CarName, manner: Manner | None = None) -> World:
    """Let a car that is parked, or has backed out, come to its lane at once; `manner` if it will behave otherwise."""
    called = tuple(
        replace(one, left_s=0.0, manner=manner or one.manner) if one.car.name == name else one for one in world.waiting
    )
    return replace(world, waiting=called)


def behave(world: World, name: CarName, manner: Manner) -> World:
    """Let the driver of a car in a lane change his manner."""

    def changed(cars: tuple[OnRoad, ...]) -> tuple[OnRoad, ...]:
        return tuple(replace(one, manner=manner) if one.car.name == name else one for one in cars)

    roads = (replace(road, cars=changed(road.cars), facing=changed(road.facing)) for road in world.roads)
    return replace(world, roads=tuple(roads))


def go_home(world: World, name: CarName) -> World:
    """Let a car that is in no lane not come any more."""
    still = tuple(one for one in world.waiting if one.car.name != name)
    return replace(world, waiting=still, left=world.left + len(world.waiting) - len(still))


def back_out(world: World, name: CarName) -> World:
    """Let the driver of a car that stands at a boom, or is pulling up to it, put it in reverse."""
    roads = (replace(road, cars=_reversed(road.cars, name)) for road in world.roads)
    return replace(world, roads=tuple(replace(road, facing=_reversed(road.facing, name)) for road in roads))


def change_field(world: World, lane: LaneName, field: Field) -> World:
    """Break, press, turn or mend something at a lane's barrier."""
    return replace(
        world, roads=tuple(replace(road, field=field) if road.lane == lane else road for road in world.roads)
    )


def _reversed(cars: tuple[OnRoad, ...], name: CarName) -> tuple[OnRoad, ...]:
    at_boom = (Move.PULLING_UP, Move.STANDING)
    return tuple(
        replace(one, move=Move.REVERSING, speed_m_s=0.0) if one.car.name == name and one.move in at_boom else one
        for one in cars
    )


def advance(world: World, dt_s: float, boards: Mapping[LaneName, Board]) -> tuple[World, tuple[Happening, ...]]:
    """Let `dt_s` pass, at most `LONGEST_STEP_S`."""
    dt_s = min(dt_s, LONGEST_STEP_S)
    world, queued = _let_come(world, dt_s)
    roads: list[Road] = []
    waiting = list(world.waiting)
    left = world.left
    happened = list(queued)
    for road in world.roads:
        moved = _move_all(road, dt_s, boards.get(road.lane, Board()))
        happened += _felt(road, moved)
        for way in road.ways:
            cars = moved.queue(way)
            gone = [one for one in cars if is_away(one, road) or is_aside(one) or is_beyond(one)]
            after = [where for one in gone if (where := _afterwards(one, road, way)) is not None]
            waiting += after
            left += len(gone) - len(after)
            moved = moved.with_queue(way, tuple(one for one in cars if one not in gone))
        roads.append(moved)
    return replace(world, roads=tuple(roads), waiting=tuple(waiting), left=left), tuple(happened)


def _let_come(world: World, dt_s: float) -> tuple[World, list[Happening]]:
    """Put cars whose time has come at the end of their lane's queue; from the wrong side only into a free lane."""
    roads = {road.lane: road for road in world.roads}
    still: list[Waiting] = []
    happened = []
    for one in world.waiting:
        passed = replace(one, left_s=one.left_s - dt_s)
        road = roads[one.lane]
        if passed.left_s > 0 or (one.manner.habit is Habit.WRONG_WAY and not _is_free(road)):
            still.append(passed)
            continue
        way = road.turn(inner=one.way is Direction.EXIT)
        roads[one.lane] = road.with_queue(way, _with(road.queue(way), passed))
        happened.append(Happening(What.QUEUED, one.car.name, one.lane, way))
    return replace(world, roads=tuple(roads.values()), waiting=tuple(still)), happened


def _is_free(road: Road) -> bool:
    return all(one.front_m <= STOP_M and one.move in (Move.QUEUING, Move.STANDING) for one in road.cars)


def _with(cars: tuple[OnRoad, ...], one: Waiting) -> tuple[OnRoad, ...]:
    if one.manner.habit is Habit.WRONG_WAY:
        return (OnRoad(one.car, one.manner, BEYOND_M + one.car.length_m, move=Move.INTRUDING), *cars)
    front_m = min(HOLD_M, cars[-1].rear_m - QUEUE_GAP_M) if cars else HOLD_M
    return (*cars, OnRoad(one.car, one.manner, front_m))


def _move_all(road: Road, dt_s: float, board: Board) -> Road:
    is_open = board.boom >= OPEN and not any(one.front_m > STOP_M + 0.1 for one in road.everybody)
    road = replace(road, open_s=road.open_s + dt_s if is_open else 0.0)
    for way in road.ways:
        road = road.with_queue(way, _move_queue(road, way, dt_s, board))
    broken = road.field.on | {"detached"} if any(rams(one, board) for one in road.everybody) else road.field.on
    return replace(road, field=replace(road.field, on=broken))


def _move_queue(road: Road, way: Direction, dt_s: float, board: Board) -> tuple[OnRoad, ...]:
    """Move those who go one way; they see the light of their own side."""
    is_mine = way is road.turn(inner=board.inner)
    lit = replace(board, green=board.green and is_mine)
    cars, facing = road.queue(way), road.opposite(way)
    yields = facing is not None and board.green and not is_mine
    moved: list[OnRoad] = []
    for place, one in enumerate(cars):
        near = Near(moved[-1] if moved else None, cars[place + 1] if place + 1 < len(cars) else None, facing, yields)
        moved.append(drive(one, near, dt_s, lit, road))
    return tuple(moved)


def _felt(before: Road, after: Road) -> list[Happening]:
    """Name what became different for the cars of a lane."""
    old = {one.car.name: one for one in before.everybody}
    broke = "detached" in after.field.on - before.field.on
    return [
        Happening(what, one.car.name, after.lane, way)
        for way in after.ways
        for one in after.queue(way)
        for what in _changes(old[one.car.name], one, after, broke=broke)
    ]


def _changes(was: OnRoad, one: OnRoad, road: Road, *, broke: bool) -> list[What]:
    changes = {
        What.ARRIVED: one.covers(APPROACH_M) and not was.covers(APPROACH_M),
        What.OFF_APPROACH: was.covers(APPROACH_M) and not one.covers(APPROACH_M),
        What.RAMMED: broke and one.manner.habit is Habit.RAMS and one.covers((0.0, 0.0)),
        What.STRUCK: one.struck and not was.struck,
        What.PASSED: is_away(one, road),
        What.BACKED_OUT: is_aside(one),
        What.TURNED_BACK: is_beyond(one),
    }
    return [what for what, is_so in changes.items() if is_so]


def _afterwards(one: OnRoad, road: Road, way: Direction) -> Waiting | None:
    """Where a car goes that is out of the lane: it parks, comes again, or goes home."""
    if is_aside(one):
        return Waiting(one.car, road.lane, Manner(), one.car.return_s, way)
    if is_away(one, road) and way is Direction.ENTRY:
        return Waiting(one.car, one.car.exit_lane, one.car.exit, one.car.dwell_s, Direction.EXIT)
    return None
