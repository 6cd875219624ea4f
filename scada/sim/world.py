"""The virtual car park's cars as physics: where each one is after another moment.

A pure function of the last state, the time that passed, and what each lane's boom and light show.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import sqrt

from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.sim.road import (
    APPROACH_M,
    ASIDE_M,
    AWAY_M,
    BLOW,
    BRAKE_M_S2,
    BRINK_M,
    CLOSE_GAP_M,
    CRUISE_M_S,
    GAIN_M_S2,
    HESITATION_S,
    HOLD_M,
    LENGTH_M,
    LONGEST_STEP_S,
    OPEN,
    QUEUE_GAP_M,
    REACTION_S,
    REVERSE_M_S,
    STOP_M,
    Board,
    Car,
    CarName,
    Habit,
    Happening,
    Manner,
    Move,
    OnRoad,
    Road,
    Waiting,
    What,
)


@dataclass(frozen=True, slots=True)
class World:
    """All cars. `left` counts those that have gone home."""

    roads: tuple[Road, ...]
    waiting: tuple[Waiting, ...] = ()
    left: int = 0

    def road(self, lane: LaneName) -> Road:
        """Give a lane's road. Raises KeyError."""
        for road in self.roads:
            if road.lane == lane:
                return road
        raise KeyError(lane)


def come(world: World, car: Car, after_s: float) -> World:
    """Send a car to its entry lane."""
    return replace(world, waiting=(*world.waiting, Waiting(car, car.entry_lane, car.entry, after_s)))


def back_out(world: World, name: CarName) -> World:
    """Let the driver of a car that stands at a boom put it in reverse."""
    return replace(world, roads=tuple(replace(road, cars=_reversed(road.cars, name)) for road in world.roads))


def _reversed(cars: tuple[OnRoad, ...], name: CarName) -> tuple[OnRoad, ...]:
    return tuple(
        replace(one, move=Move.REVERSING) if one.car.name == name and one.move is Move.STANDING else one for one in cars
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
        kept = tuple(one for one in moved.cars if not (_is_away(one) or _is_aside(one)))
        waiting += [after for one in moved.cars if (after := _afterwards(one, road)) is not None]
        left += sum(_is_away(one) for one in moved.cars) if road.leads is Direction.EXIT else 0
        roads.append(replace(road, cars=kept))
    return World(tuple(roads), tuple(waiting), left), tuple(happened)


def _let_come(world: World, dt_s: float) -> tuple[World, list[Happening]]:
    """Put cars whose time has come at the end of their lane's queue."""
    passed = [replace(one, left_s=one.left_s - dt_s) for one in world.waiting]
    due = [one for one in passed if one.left_s <= 0]
    roads = {road.lane: road for road in world.roads}
    for one in due:
        road = roads[one.lane]
        front_m = min(HOLD_M, road.cars[-1].rear_m - QUEUE_GAP_M) if road.cars else HOLD_M
        roads[one.lane] = replace(road, cars=(*road.cars, OnRoad(one.car, one.manner, front_m)))
    still = tuple(one for one in passed if one.left_s > 0)
    happened = [Happening(What.QUEUED, one.car.name, one.lane) for one in due]
    return replace(world, roads=tuple(roads.values()), waiting=still), happened


def _move_all(road: Road, dt_s: float, board: Board) -> Road:
    moved: list[OnRoad] = []
    for one in road.cars:
        ahead = moved[-1] if moved else None
        moved.append(_hit(_driven(_decided(one, ahead, dt_s, board), ahead, dt_s, board), board))
    return replace(road, cars=tuple(moved))


def _decided(one: OnRoad, ahead: OnRoad | None, dt_s: float, board: Board) -> OnRoad:
    """Let the driver look at the boom, the light and the car before him."""
    if one.move is Move.QUEUING and _may_pull_up(one, ahead, board):
        return replace(one, move=Move.PULLING_UP)
    if one.move is Move.PULLING_UP and one.front_m >= STOP_M - 0.01:
        return replace(one, move=Move.STANDING, speed_m_s=0.0)
    if one.move is not Move.STANDING:
        return one
    is_open = board.boom >= OPEN and board.green and ahead is None
    stood = replace(one, stood_s=one.stood_s + dt_s, open_s=one.open_s + dt_s if is_open else 0.0)
    return replace(stood, move=_at_the_boom(stood))


def _may_pull_up(one: OnRoad, ahead: OnRoad | None, board: Board) -> bool:
    if one.front_m < HOLD_M - 0.01:
        return False
    if ahead is None:
        return board.boom < OPEN
    follows = one.manner.habit is Habit.FOLLOWS_CLOSE and ahead.move is Move.LEAVING
    return follows and ahead.rear_m - one.front_m >= CLOSE_GAP_M


def _at_the_boom(one: OnRoad) -> Move:
    match one.manner.habit:
        case Habit.BACKS_OUT_BEFORE if one.stood_s >= one.manner.patience_s:
            return Move.REVERSING
        case Habit.BACKS_OUT_AFTER:
            return Move.REVERSING if one.open_s >= HESITATION_S else Move.STANDING
        case _:
            return Move.LEAVING if one.open_s >= REACTION_S else Move.STANDING


def _hit(one: OnRoad, board: Board) -> OnRoad:
    return replace(one, struck=one.struck or (one.covers((0.0, 0.0)) and board.boom < BLOW))


def _driven(one: OnRoad, ahead: OnRoad | None, dt_s: float, board: Board) -> OnRoad:
    """Move the car for a moment: never into the car before it."""
    match one.move:
        case Move.STANDING:
            return one
        case Move.REVERSING:
            speed_m_s = min(REVERSE_M_S, one.speed_m_s + GAIN_M_S2 * dt_s)
            return replace(one, front_m=one.front_m - speed_m_s * dt_s, speed_m_s=speed_m_s)
        case _:
            room_m = max(0.0, _goal(one, ahead, board) - one.front_m)
            speed_m_s = min(CRUISE_M_S, one.speed_m_s + GAIN_M_S2 * dt_s, sqrt(2 * BRAKE_M_S2 * room_m))
            way_m = min(room_m, speed_m_s * dt_s + (0.002 if speed_m_s < 0.3 else 0.0))
            return replace(one, front_m=one.front_m + way_m, speed_m_s=speed_m_s)


def _goal(one: OnRoad, ahead: OnRoad | None, board: Board) -> float:
    own_m = {Move.QUEUING: HOLD_M, Move.PULLING_UP: STOP_M}.get(one.move, AWAY_M + LENGTH_M + 1.0)
    if one.move is Move.LEAVING and one.front_m <= BRINK_M and board.boom < OPEN:
        own_m = BRINK_M
    if ahead is None:
        return own_m
    gap_m = CLOSE_GAP_M if one.move is Move.PULLING_UP else QUEUE_GAP_M
    return min(own_m, ahead.rear_m - gap_m)


def _felt(before: Road, after: Road) -> list[Happening]:
    """Name what became different for the cars of a lane."""
    old = {one.car.name: one for one in before.cars}
    happened = []
    for one in after.cars:
        was = old[one.car.name]
        changes = {
            What.ARRIVED: one.covers(APPROACH_M) and not was.covers(APPROACH_M),
            What.OFF_APPROACH: was.covers(APPROACH_M) and not one.covers(APPROACH_M),
            What.STRUCK: one.struck and not was.struck,
            What.PASSED: _is_away(one),
            What.BACKED_OUT: _is_aside(one),
        }
        happened += [Happening(what, one.car.name, after.lane) for what, is_so in changes.items() if is_so]
    return happened


def _is_away(one: OnRoad) -> bool:
    return one.move is Move.LEAVING and one.rear_m >= AWAY_M


def _is_aside(one: OnRoad) -> bool:
    return one.move is Move.REVERSING and one.front_m <= ASIDE_M


def _afterwards(one: OnRoad, road: Road) -> Waiting | None:
    """Where a car goes that is out of the lane: it parks, comes again, or goes home."""
    if _is_aside(one):
        return Waiting(one.car, road.lane, Manner(), one.car.return_s)
    if _is_away(one) and road.leads is Direction.ENTRY:
        return Waiting(one.car, one.car.exit_lane, one.car.exit, one.car.dwell_s)
    return None
