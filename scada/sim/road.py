"""A lane of the virtual car park: its geometry, the cars in it, and what loops and cameras make of them.

One coordinate a lane, in metres along it: the boom is at 0, a car is named by where its front is.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NewType

from scada.model.lane.words import Direction
from scada.model.names import LaneName

CarName = NewType("CarName", str)

APPROACH_M = (-4.8, -3.0)
SAFETY_M = (-0.8, 0.8)
STOP_M = -1.6
"""Where a car's front waits for the boom: on the approach loop, short of the safety loop."""
BRINK_M = -0.3
"""The last place to stop when the boom comes down after all."""
HOLD_M = -10.0
"""Where the first of the queue waits: a car that backs out of the lane needs the room before it."""
ASIDE_M = -5.1
"""Where a car that backed out has cleared the approach loop and turns aside."""
VIEW_M = APPROACH_M[0] - 1.0
"""From here on the camera sees a car."""
AWAY_M = 1.5
"""Where the rear of a car that went through is out of the picture."""
LENGTH_M = 4.5
QUEUE_GAP_M = 1.5
CLOSE_GAP_M = 3.5
"""What somebody who follows too close leaves before him, moving."""

CRUISE_M_S = 2.5
REVERSE_M_S = 1.6
GAIN_M_S2 = 2.0
BRAKE_M_S2 = 3.0
OPEN = 0.99
REACTION_S = 0.6
"""How long a driver looks at an open way before he goes."""
HESITATION_S = 1.2
"""How long somebody who will back out all the same looks at it."""
BLOW = 0.5
"""A boom lower than this hits what stands under it."""
LONGEST_STEP_S = 0.05
"""A busy machine slows the cars rather than letting them jump over a loop."""


class Habit(Enum):
    """How a car behaves in one lane."""

    NORMAL = "normal"
    BACKS_OUT_BEFORE = "backs_out_before"
    BACKS_OUT_AFTER = "backs_out_after"
    FOLLOWS_CLOSE = "follows_close"


class Move(Enum):
    """What a car in a lane is doing."""

    QUEUING = "queuing"
    PULLING_UP = "pulling_up"
    STANDING = "standing"
    LEAVING = "leaving"
    REVERSING = "reversing"


class What(Enum):
    """What can happen to a car."""

    QUEUED = "queued"
    ARRIVED = "arrived"
    OFF_APPROACH = "off_approach"
    PASSED = "passed"
    BACKED_OUT = "backed_out"
    STRUCK = "struck"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a car will behave in one lane, this time. `dirty`: nobody can read its plate."""

    habit: Habit = Habit.NORMAL
    patience_s: float = 3.0
    dirty: bool = False


@dataclass(frozen=True, slots=True)
class Car:
    """A car and its plan. Times are real seconds; `return_s` is how long after backing out it comes again."""

    name: CarName
    entry_lane: LaneName
    exit_lane: LaneName
    dwell_s: float
    entry: Manner = Manner()
    exit: Manner = Manner()
    return_s: float = 8.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A car that is not in a lane: it will come to `lane` in `left_s`."""

    car: Car
    lane: LaneName
    manner: Manner
    left_s: float


@dataclass(frozen=True, slots=True)
class OnRoad:
    """A car in a lane. `stood_s`: at the boom for so long; `open_s`: has seen the way open for so long."""

    car: Car
    manner: Manner
    front_m: float
    speed_m_s: float = 0.0
    move: Move = Move.QUEUING
    stood_s: float = 0.0
    open_s: float = 0.0
    struck: bool = False

    @property
    def rear_m(self) -> float:
        """Where its rear is."""
        return self.front_m - LENGTH_M

    def covers(self, stretch_m: tuple[float, float]) -> bool:
        """Say whether any of it is over a stretch of the lane."""
        return self.front_m > stretch_m[0] and self.rear_m < stretch_m[1]


@dataclass(frozen=True, slots=True)
class Board:
    """What the PLC moves and lights at a lane: the boom (0 down, 1 up) and the green light."""

    boom: float = 0.0
    green: bool = False


@dataclass(frozen=True, slots=True)
class Loops:
    """What the PLC feels of a lane."""

    approach: bool = False
    safety: bool = False
    beam: bool = False


@dataclass(frozen=True, slots=True)
class Road:
    """One lane with its cars, the foremost first."""

    lane: LaneName
    leads: Direction
    cars: tuple[OnRoad, ...] = ()


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a car, in a lane."""

    what: What
    car: CarName
    lane: LaneName


def loops(road: Road) -> Loops:
    """Say which loops and beams of a lane are covered."""
    return Loops(
        approach=any(one.covers(APPROACH_M) for one in road.cars),
        safety=any(one.covers(SAFETY_M) for one in road.cars),
        beam=any(one.covers((0.0, 0.0)) for one in road.cars),
    )


def on_approach(road: Road) -> OnRoad | None:
    """Give the foremost car on the approach loop."""
    return next((one for one in road.cars if one.covers(APPROACH_M)), None)


def in_view(road: Road) -> OnRoad | None:
    """Give the car that the lane's camera shows."""
    return next((one for one in road.cars if one.front_m > VIEW_M and one.rear_m < APPROACH_M[1]), None)
