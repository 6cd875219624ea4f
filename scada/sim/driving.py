"""What one car does in a moment: the driver looks at boom, light and the car before him, and moves."""

from dataclasses import dataclass, replace
from math import sqrt

from scada.sim.road import (
    ASIDE_M,
    AWAY_M,
    BEYOND_M,
    BLOW,
    BRAKE_M_S2,
    BRAZEN,
    BRINK_M,
    BUMPER_GAP_M,
    CLOSE_GAP_M,
    COURAGE_S,
    GAIN_M_S2,
    HAND_M,
    HESITATION_S,
    HOLD_M,
    NOSE_M,
    OPEN,
    QUEUE_GAP_M,
    REACTION_S,
    REVERSE_M_S,
    ROOM_M,
    STOP_M,
    TRACK_M,
    UNDER_M,
    Board,
    Habit,
    Move,
    OnRoad,
    Road,
)

_REACHED_M = 0.01


@dataclass(frozen=True, slots=True)
class Near:
    """The cars right before and right behind one, and the one that comes towards it with no room to pass.

    `yields`: that one's light is green.
    """

    ahead: OnRoad | None
    behind: OnRoad | None
    facing: OnRoad | None = None
    yields: bool = False


def drive(one: OnRoad, near: Near, dt_s: float, board: Board, road: Road) -> OnRoad:
    """Let a car decide and move for a moment: never into another."""
    moved = _moved(_decided(one, near, dt_s, board, road), near, dt_s, board, _away_m(road))
    return replace(moved, struck=moved.struck or _is_hit(moved, board, road))


def rams(one: OnRoad, board: Board) -> bool:
    """Say whether a car is breaking through a boom right now."""
    return one.manner.habit is Habit.RAMS and one.covers((0.0, 0.0)) and board.boom < BLOW


def is_away(one: OnRoad, road: Road) -> bool:
    """It went through."""
    return one.move is Move.LEAVING and one.rear_m >= _away_m(road)


def _away_m(road: Road) -> float:
    return TRACK_M if road.two_way else AWAY_M


def is_aside(one: OnRoad) -> bool:
    """It backed out of the lane."""
    return one.move is Move.REVERSING and one.front_m <= ASIDE_M


def is_beyond(one: OnRoad) -> bool:
    """It came from the wrong side and went back there."""
    return one.move is Move.RETREATING and one.rear_m >= BEYOND_M


def _is_hit(one: OnRoad, board: Board, road: Road) -> bool:
    is_off = "detached" in road.field.on or one.manner.habit is Habit.RAMS
    return one.covers((0.0, 0.0)) and board.boom < BLOW and not is_off


def _decided(one: OnRoad, near: Near, dt_s: float, board: Board, road: Road) -> OnRoad:
    match one.move:
        case Move.QUEUING if _may_pull_up(one, near, board, road):
            return replace(one, move=Move.LEAVING if one.manner.habit in BRAZEN and near.ahead else Move.PULLING_UP)
        case Move.PULLING_UP if one.front_m >= STOP_M - _REACHED_M:
            return replace(one, move=Move.STANDING, speed_m_s=0.0)
        case Move.STANDING:
            return _standing(one, near, dt_s, board, road)
        case Move.LEAVING if not one.turned and one.front_m >= UNDER_M and one.manner.habit in _THINK_AGAIN:
            return replace(one, move=_THINK_AGAIN[one.manner.habit], speed_m_s=0.0, stood_s=0.0, turned=True)
        case Move.STOPPED | Move.INTRUDING:
            return _waiting_there(one, dt_s)
        case _:
            return one


_THINK_AGAIN = {Habit.BACKS_OUT_UNDER: Move.REVERSING, Habit.STOPS_UNDER: Move.STOPPED}


def _waiting_there(one: OnRoad, dt_s: float) -> OnRoad:
    """Stand under the boom, or before it on the wrong side, as long as patience lasts."""
    if one.move is Move.INTRUDING and one.rear_m > NOSE_M + _REACHED_M:
        return one
    stood = replace(one, stood_s=one.stood_s + dt_s)
    if stood.stood_s < one.manner.patience_s:
        return stood
    return replace(stood, move=Move.LEAVING if one.move is Move.STOPPED else Move.RETREATING, speed_m_s=0.0)


def _may_pull_up(one: OnRoad, near: Near, board: Board, road: Road) -> bool:
    ahead = near.ahead
    if near.facing is not None and not _meets(one, near.facing):
        return False
    if ahead is None:
        return one.front_m >= HOLD_M - _REACHED_M and (board.boom < OPEN or road.open_s >= COURAGE_S)
    if ahead.move is not Move.LEAVING:
        return False
    if one.manner.habit in BRAZEN:
        return True
    follows = one.manner.habit is Habit.FOLLOWS_CLOSE and one.front_m >= HOLD_M - _REACHED_M
    return follows and ahead.rear_m - one.front_m >= CLOSE_GAP_M


def _meets(one: OnRoad, facing: OnRoad) -> bool:
    """Say whether a driver comes up against another one: never against one who is on his way through."""
    return one.manner.habit is Habit.MEETS and facing.move in (Move.PULLING_UP, Move.STANDING)


def _standing(one: OnRoad, near: Near, dt_s: float, board: Board, road: Road) -> OnRoad:
    if near.yields:
        return replace(one, move=Move.REVERSING, speed_m_s=0.0)
    is_up = board.boom >= OPEN and near.ahead is None and near.facing is None
    is_open = is_up and (board.green or road.open_s >= COURAGE_S)
    stood = replace(one, stood_s=one.stood_s + dt_s, open_s=one.open_s + dt_s if is_open else 0.0)
    return replace(stood, move=_at_the_boom(stood))


def _at_the_boom(one: OnRoad) -> Move:
    match one.manner.habit:
        case Habit.BACKS_OUT_BEFORE if one.stood_s >= one.manner.patience_s:
            return Move.REVERSING
        case Habit.RAMS if one.stood_s >= one.manner.patience_s:
            return Move.LEAVING
        case Habit.BACKS_OUT_AFTER:
            return Move.REVERSING if one.open_s >= HESITATION_S else Move.STANDING
        case Habit.DAWDLES:
            return Move.LEAVING if one.open_s >= one.manner.patience_s else Move.STANDING
        case _:
            return Move.LEAVING if one.open_s >= REACTION_S else Move.STANDING


def _moved(one: OnRoad, near: Near, dt_s: float, board: Board, away_m: float) -> OnRoad:
    match one.move:
        case Move.STANDING | Move.STOPPED:
            return one
        case Move.REVERSING | Move.INTRUDING:
            return _backwards(one, near.behind, dt_s)
        case _:
            room_m = max(0.0, _goal(one, near, board, away_m) - one.front_m)
            speed_m_s = min(one.car.cruise_m_s, one.speed_m_s + GAIN_M_S2 * dt_s, sqrt(2 * BRAKE_M_S2 * room_m))
            way_m = min(room_m, speed_m_s * dt_s + (0.002 if speed_m_s < 0.3 else 0.0))
            return replace(one, front_m=one.front_m + way_m, speed_m_s=speed_m_s)


def _backwards(one: OnRoad, behind: OnRoad | None, dt_s: float) -> OnRoad:
    """Reverse; who is hemmed in by the car behind him goes on, or stays where he is."""
    speed_m_s = min(REVERSE_M_S, one.speed_m_s + GAIN_M_S2 * dt_s)
    if one.move is Move.INTRUDING:
        most_m = max(0.0, one.rear_m - NOSE_M)
    elif behind is None:
        most_m = speed_m_s * dt_s
    else:
        most_m = one.rear_m - behind.front_m - HAND_M
        if most_m <= 0:
            return replace(one, move=Move.STANDING if one.front_m <= STOP_M else Move.LEAVING, speed_m_s=0.0)
    return replace(one, front_m=one.front_m - min(speed_m_s * dt_s, most_m), speed_m_s=speed_m_s)


def _goal(one: OnRoad, near: Near, board: Board, away_m: float) -> float:
    ahead = near.ahead
    own_m = {Move.QUEUING: HOLD_M, Move.PULLING_UP: STOP_M, Move.RETREATING: BEYOND_M + one.car.length_m + 1.0}
    goal_m = own_m.get(one.move, away_m + one.car.length_m + 1.0)
    if one.move is Move.LEAVING and one.front_m <= BRINK_M and board.boom < OPEN and one.manner.habit is not Habit.RAMS:
        goal_m = BRINK_M
    if near.facing is not None:
        goal_m = min(goal_m, -near.facing.front_m - HAND_M)
    return goal_m if ahead is None else min(goal_m, ahead.rear_m - _gap(one, ahead))


def _gap(one: OnRoad, ahead: OnRoad) -> float:
    """Say what a driver leaves before him: the queue, room for somebody to back out."""
    if one.move is Move.QUEUING:
        return QUEUE_GAP_M if ahead.move in (Move.QUEUING, Move.LEAVING) else ROOM_M
    return BUMPER_GAP_M if one.manner.habit is Habit.NOSE_TO_TAIL else CLOSE_GAP_M
