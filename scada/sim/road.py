"""A lane of the virtual car park: its geometry, the cars in it, and what loops and cameras make of them.

One coordinate a lane, in metres along it: the boom is at 0, a car is named by where its front is. In a lane for both
ways each way has a coordinate of its own, which runs the way its cars go.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NewType

from scada.model.lane.words import Direction
from scada.model.names import LaneName
from scada.model.plate import Plate

CarName = NewType("CarName", str)

APPROACH_M = (-4.8, -3.0)
FAR_M = (3.0, 4.8)
"""The loop beyond the boom of a lane for both ways: the approach loop of those who come the other way."""
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
TRACK_M = 5.1
"""Where the rear of a car that went through a lane for both ways lets those by who come the other way."""
UNDER_M = 1.2
"""How far somebody gets who stops under the boom, or thinks better of it there."""
NOSE_M = 0.4
"""How close to the boom somebody comes from the wrong side: he stands on the safety loop."""
BEYOND_M = 8.0
"""Where the wrong side begins."""
LENGTH_M = 4.5
QUEUE_GAP_M = 1.5
CLOSE_GAP_M = 3.5
"""What somebody who follows too close leaves before him, moving."""
BUMPER_GAP_M = 1.0
"""What somebody leaves who goes through nose to tail: no loop sees the gap."""
HAND_M = 0.3
"""How near somebody reverses to the car behind him."""
ROOM_M = 3.9
"""What the queue leaves behind a car at the boom, so that it can back out."""

CRUISE_M_S = 2.5
REVERSE_M_S = 1.6
GAIN_M_S2 = 2.0
BRAKE_M_S2 = 3.0
OPEN = 0.99
REACTION_S = 0.6
"""How long a driver looks at an open way before he goes."""
HESITATION_S = 1.2
"""How long somebody who will back out all the same looks at it."""
COURAGE_S = 12.0
"""How long the queue looks at a boom that stays up before somebody drives on without any sign to him."""
BLOW = 0.5
"""A boom lower than this hits what stands under it."""
LONGEST_STEP_S = 0.05
"""A busy machine slows the cars rather than letting them jump over a loop."""


class Habit(Enum):
    """How a car behaves in one lane."""

    NORMAL = "normal"
    BACKS_OUT_BEFORE = "backs_out_before"
    BACKS_OUT_AFTER = "backs_out_after"
    BACKS_OUT_UNDER = "backs_out_under"
    """Drives under the boom, thinks better of it, and reverses out."""
    FOLLOWS_CLOSE = "follows_close"
    """Comes right behind another, and waits for a leave of his own."""
    TAILGATES = "tailgates"
    """Goes through right behind another, without any leave."""
    NOSE_TO_TAIL = "nose_to_tail"
    """The same, bumper to bumper."""
    STOPS_UNDER = "stops_under"
    DAWDLES = "dawdles"
    """Looks at the open way for as long as his patience lasts, and goes then."""
    RAMS = "rams"
    """Breaks through a boom that is down."""
    WRONG_WAY = "wrong_way"
    """Comes from the other side, looks at the boom, and turns back."""
    MEETS = "meets"
    """Comes up to the boom of a lane for both ways although somebody stands on its other side."""


BRAZEN = frozenset((Habit.TAILGATES, Habit.NOSE_TO_TAIL))
"""Those who go through on another's leave."""


class Move(Enum):
    """What a car in a lane is doing."""

    QUEUING = "queuing"
    PULLING_UP = "pulling_up"
    STANDING = "standing"
    LEAVING = "leaving"
    STOPPED = "stopped"
    REVERSING = "reversing"
    INTRUDING = "intruding"
    RETREATING = "retreating"


class What(Enum):
    """What can happen to a car."""

    QUEUED = "queued"
    ARRIVED = "arrived"
    OFF_APPROACH = "off_approach"
    PASSED = "passed"
    BACKED_OUT = "backed_out"
    TURNED_BACK = "turned_back"
    RAMMED = "rammed"
    STRUCK = "struck"


class Weather(Enum):
    """What the cameras have to look through."""

    CLEAR = "clear"
    NIGHT = "night"
    RAIN = "rain"
    SNOW = "snow"
    FOG = "fog"
    GLARE = "glare"
    BACKLIGHT = "backlight"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a car will behave in one lane, this time.

    `dirty`: nobody can read its plate; `shows`: this one is seen on it.
    """

    habit: Habit = Habit.NORMAL
    patience_s: float = 3.0
    dirty: bool = False
    shows: Plate | None = None


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
    length_m: float = LENGTH_M
    cruise_m_s: float = CRUISE_M_S


@dataclass(frozen=True, slots=True)
class Waiting:
    """A car that is not in a lane: it will come to `lane` in `left_s`, `way` if that leads both ways."""

    car: Car
    lane: LaneName
    manner: Manner
    left_s: float
    way: Direction = Direction.ENTRY


@dataclass(frozen=True, slots=True)
class OnRoad:
    """A car in a lane.

    `stood_s`: it stands for so long; `open_s`: has seen the way open for so long; `turned`: it will not go through
    any more, or has stopped once already.
    """

    car: Car
    manner: Manner
    front_m: float
    speed_m_s: float = 0.0
    move: Move = Move.QUEUING
    stood_s: float = 0.0
    open_s: float = 0.0
    struck: bool = False
    turned: bool = False

    @property
    def rear_m(self) -> float:
        """Where its rear is."""
        return self.front_m - self.car.length_m

    def covers(self, stretch_m: tuple[float, float]) -> bool:
        """Say whether any of it is over a stretch of the lane."""
        return self.front_m > stretch_m[0] and self.rear_m < stretch_m[1]


@dataclass(frozen=True, slots=True)
class Board:
    """What the PLC moves and lights at a lane: the boom (0 down, 1 up) and the green light.

    `inner`: whoever came from the inner side of a lane for both ways has his turn; the light is his.
    """

    boom: float = 0.0
    green: bool = False
    inner: bool = False


@dataclass(frozen=True, slots=True)
class Loops:
    """What the PLC feels of a lane."""

    approach: bool = False
    safety: bool = False
    beam: bool = False
    closing: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """What is broken, pressed or turned at a lane's barrier, by the names of its contacts.

    `stuck` loops read occupied, `blind` ones free, whatever is there; `on` are all other contacts that are made.
    """

    stuck: frozenset[str] = frozenset()
    blind: frozenset[str] = frozenset()
    on: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Road:
    """One lane with its cars, the foremost first. `open_s`: its boom has been up so long with nobody before it.

    `facing` are those who come from the inner side of a lane for both ways (`two_way`).
    """

    lane: LaneName
    leads: Direction
    cars: tuple[OnRoad, ...] = ()
    field: Field = Field()
    open_s: float = 0.0
    two_way: bool = False
    facing: tuple[OnRoad, ...] = ()

    @property
    def ways(self) -> tuple[Direction, ...]:
        """The ways that cars go through it."""
        return (Direction.ENTRY, Direction.EXIT) if self.two_way else (self.leads,)

    @property
    def everybody(self) -> tuple[OnRoad, ...]:
        """All cars in it."""
        return (*self.cars, *self.facing)

    def queue(self, way: Direction) -> tuple[OnRoad, ...]:
        """Give the cars that go one way."""
        return self.facing if self.two_way and way is Direction.EXIT else self.cars

    def with_queue(self, way: Direction, cars: tuple[OnRoad, ...]) -> "Road":
        """Give the lane with other cars that go one way."""
        if self.two_way and way is Direction.EXIT:
            return replace(self, facing=cars)
        return replace(self, cars=cars)

    def turn(self, *, inner: bool) -> Direction:
        """Say which way the car goes that has its turn: the lane's, or that of the side from which it came."""
        if not self.two_way:
            return self.leads
        return Direction.EXIT if inner else Direction.ENTRY

    def opposite(self, way: Direction) -> OnRoad | None:
        """Give the foremost car that comes the other way and has left its queue: there is no room to pass it."""
        if not self.two_way:
            return None
        first = next(iter(self.queue(Direction.ENTRY if way is Direction.EXIT else Direction.EXIT)), None)
        return first if first is not None and first.move is not Move.QUEUING else None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a car, in a lane through which it goes this way."""

    what: What
    car: CarName
    lane: LaneName
    way: Direction


def loops(road: Road) -> Loops:
    """Say which loops and beams of a lane are covered."""
    return Loops(
        approach=_is_covered(road.cars, APPROACH_M) or _is_covered(road.facing, FAR_M),
        safety=_is_covered(road.everybody, SAFETY_M),
        beam=_is_covered(road.everybody, (0.0, 0.0)),
        closing=road.two_way and (_is_covered(road.facing, APPROACH_M) or _is_covered(road.cars, FAR_M)),
    )


def _is_covered(cars: Sequence[OnRoad], stretch_m: tuple[float, float]) -> bool:
    return any(one.covers(stretch_m) for one in cars)


def contacts(road: Road) -> dict[str, bool]:
    """Say what the PLC's terminals show of a lane: loops as broken as they are, and every contact that is made."""
    felt, field = loops(road), road.field
    covered = {"approach": felt.approach, "safety": felt.safety, "beam": felt.beam}
    if road.two_way:
        covered["closing"] = felt.closing
    shown = {name: (on or name in field.stuck) and name not in field.blind for name, on in covered.items()}
    return shown | dict.fromkeys(field.on, True)


def on_approach(cars: Sequence[OnRoad]) -> OnRoad | None:
    """Give the foremost car on the loop before the boom."""
    return next((one for one in cars if one.covers(APPROACH_M)), None)


def in_view(cars: Sequence[OnRoad]) -> OnRoad | None:
    """Give the car that the camera shows which looks at these."""
    return next((one for one in cars if one.front_m > VIEW_M and one.rear_m < APPROACH_M[1]), None)
