"""The states of a lane (`lanes.md` §6 and §7), the lane itself, and what a step gives back.

The table's *Paid* and *BackedOut* last no time at all: the machine passes through them within one
step, so they are no states here.
"""

from dataclasses import dataclass, fields
from enum import Enum
from operator import attrgetter

from scada.model.lane.commands import Command
from scada.model.lane.image import DARK, LaneImage
from scada.model.lane.length import Crossing
from scada.model.lane.unended import Begun, Late, Unsettled
from scada.model.lane.words import (
    BOTH_WAYS,
    Authorisation,
    ByCode,
    Direction,
    Fate,
    Order,
    Passage,
    Quote,
)
from scada.model.names import LaneName, PassageId, StayId
from scada.model.plate import PlateRead


@dataclass(frozen=True, slots=True)
class Due:
    """What the car at the boom owes, the order that asks for it, and until when the price holds (monotonic)."""

    quote: Quote
    order: Order
    until_s: float


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody there, or nobody we have begun with."""


@dataclass(frozen=True, slots=True)
class Identifying:
    """The cameras are reading."""

    since_s: float


@dataclass(frozen=True, slots=True)
class Deciding:
    """Entry: may this plate come in? `waits_s`: since when the car waits for that to change, if it does."""

    read: PlateRead
    since_s: float
    asks: int = 1
    waits_s: float | None = None


@dataclass(frozen=True, slots=True)
class Matching:
    """Exit: whose stay is this plate?"""

    read: PlateRead
    since_s: float
    asks: int = 1


@dataclass(frozen=True, slots=True)
class Quoting:
    """Exit: the stay is being priced; then, with `quote` known, the order is being made."""

    stay: StayId
    since_s: float
    asks: int = 1
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class AwaitingAcceptance:
    """WeChat is asked to deduct the fee by itself."""

    quote: Quote
    since_s: float


@dataclass(frozen=True, slots=True)
class AwaitingPayment:
    """The QR code is on the display. `by_code`: the driver also pays at the scanner, and how that goes."""

    due: Due
    since_s: float
    by_code: ByCode | None = None


@dataclass(frozen=True, slots=True)
class AwaitingDriver:
    """The driver has to say which plate or which stay is his; the cameras go on trying.

    `again_s`: when admission is asked again, where it may change by itself. `offer`: the one stay that is near.
    """

    why: str
    since_s: float
    tries: int = 1
    sent_back: bool = False
    again_s: float | None = None
    offer: StayId | None = None


@dataclass(frozen=True, slots=True)
class AwaitingOperator:
    """A case is open; a payment may still end it by itself.

    `ask_s` is when the stay is priced again, so that it can: billing failed, or the price ran out.
    `only_person`: a payment does not end it: a person must look at this car first.
    """

    why: str
    since_s: float
    due: Due | None = None
    ask_s: float | None = None
    only_person: bool = False


@dataclass(frozen=True, slots=True)
class Authorised:
    """The car may go; the command waits for AUTO, a claim and a car that is surely there.

    `again`: a command for this leave was lost on its way already.
    """

    authorisation: Authorisation
    since_s: float
    again: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """The command is on its way, or the boom is rising: `rises` since it has left its lower limit.

    `again`: it is the second command, the first was lost.
    """

    authorisation: Authorisation
    since_s: float
    again: bool = False
    rises: bool = False


@dataclass(frozen=True, slots=True)
class Recovering:
    """A former server commanded OPEN, and it has not been seen yet what came of it."""

    authorisation: Authorisation
    command: Fate


@dataclass(frozen=True, slots=True)
class Open:
    """The boom is up and the car has not moved yet: `nudged` after `t_pass`, a case after twice that (`lingering`)."""

    authorisation: Authorisation
    since_s: float
    nudged: bool = False
    lingering: bool = False


@dataclass(frozen=True, slots=True)
class Passing:
    """The car is under the boom. No authorisation: it was found there, or followed another."""

    authorisation: Authorisation | None
    since_s: float
    alarmed: bool = False


@dataclass(frozen=True, slots=True)
class Tailgated:
    """A vehicle without leave is under the boom, behind another one."""

    since_s: float


@dataclass(frozen=True, slots=True)
class Clearing:
    """The car has passed; the boom is still up."""

    since_s: float


@dataclass(frozen=True, slots=True)
class Closing:
    """The PLC lowers the boom."""

    since_s: float


@dataclass(frozen=True, slots=True)
class Watching:
    """The lane is held open, or there is fire: it reads and counts, and decides nothing."""

    since_s: float


@dataclass(frozen=True, slots=True)
class ByCamera:
    """The approach loop cannot be believed: the camera is the trigger, and a person confirms each opening."""

    since_s: float
    look_s: float


class Fault(Enum):
    """Faults of the barrier that stop a lane (`lanes.md` §8)."""

    NO_START = "barrier does not start"
    MID = "barrier stuck half way"
    NOT_CLOSED = "barrier does not close: revenue unguarded"
    BOOM = "boom off its mount or lifted without a cause"


UNGUARDED = frozenset({Fault.MID, Fault.NOT_CLOSED, Fault.BOOM})
"""Nothing holds a car back: the lane counts as held open."""


@dataclass(frozen=True, slots=True)
class Faulted:
    """The barrier did not do what it was told, or moved by itself; nothing more is commanded.

    `pictures` is how many should have been kept of it so far; `again` is that of the opening which came to nothing.
    """

    fault: Fault
    since_s: float
    authorisation: Authorisation | None = None
    pictures: int = 1
    again: bool = False


State = (
    Idle
    | Identifying
    | Deciding
    | Matching
    | Quoting
    | AwaitingAcceptance
    | AwaitingPayment
    | AwaitingDriver
    | AwaitingOperator
    | Authorised
    | Opening
    | Recovering
    | Open
    | Passing
    | Tailgated
    | Clearing
    | Closing
    | Watching
    | ByCamera
    | Faulted
)

NAMES: dict[type[State], str] = {
    Idle: "idle",
    Identifying: "identifying",
    Deciding: "deciding",
    Matching: "matching",
    Quoting: "quoting",
    AwaitingAcceptance: "awaiting_acceptance",
    AwaitingPayment: "awaiting_payment",
    AwaitingDriver: "awaiting_driver",
    AwaitingOperator: "awaiting_operator",
    Authorised: "authorised",
    Opening: "opening",
    Recovering: "recovering",
    Open: "open",
    Passing: "passing",
    Tailgated: "tailgated",
    Clearing: "clearing",
    Closing: "closing",
    Watching: "watching",
    ByCamera: "by_camera",
    Faulted: "faulted",
}
"""What the tag `<lane>.lane.state` says."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane: what its PLC shows, what it is doing, and for whom.

    `direction` is the lane's, or in a lane for both ways (`two_way`, open for `ways`) that of the live passage.
    `live` is the passage that the PLC calls `passage.now`, `follower` the one it calls `passage.next`. `held` is what
    the car that left the loop for a moment owed: if it comes back, its order is still good; if not, it is closed.
    `rises` is the PLC's count of rises and `last` the newest passage number, as far as they are recorded; None where
    nothing ever was. `stand_s` and `safety_s`: since when a loop is on (monotonic); `stuck`: the approach loop is on
    with nobody there; `look_s`: when the cameras were last asked because of that; `blind`: cars in a row that went
    off an open gate's approach loop and never came onto the safety loop; `standing`: the conditions whose alarm is
    raised already; `crossed`: how the last vehicle went over the loops.
    """

    name: LaneName
    direction: Direction
    state: State = Idle()
    image: LaneImage = DARK
    live: Passage | None = None
    follower: Passage | None = None
    held: Due | None = None
    rises: int | None = None
    last: int | None = None
    two_way: bool = False
    ways: frozenset[Direction] = BOTH_WAYS
    unsettled: Unsettled | None = None
    late: tuple[Late, ...] = ()
    begun: Begun | None = None
    stand_s: float | None = None
    safety_s: float | None = None
    stuck: bool = False
    look_s: float = 0.0
    blind: int = 0
    standing: frozenset[str] = frozenset()
    crossed: Crossing | None = None

    def is_live(self, passage: PassageId) -> bool:
        """Say whether this is the passage of the car that stands there now."""
        return self.live is not None and self.live.id == passage

    @property
    def is_certain(self) -> bool:
        """A car surely stands on the approach loop: the opposite of *in doubt*."""
        return self.image.alive and self.image.stand.is_on and not self.stuck

    @property
    def by_camera(self) -> bool:
        """The approach loop cannot be believed: stuck, or its detector is faulty."""
        return self.image.alive and (self.stuck or not self.image.stand.quality.is_good)

    def becoming(self, state: State) -> "Lane":
        """Give the lane in another state."""
        values = list(_VALUES(self))
        values[_STATE] = state
        return Lane(*values)


_NAMES = tuple(one.name for one in fields(Lane))
_VALUES, _STATE = attrgetter(*_NAMES), _NAMES.index("state")


@dataclass(frozen=True, slots=True)
class Step:
    """What a step gives back: the lane after it, and what shall be done, in order."""

    lane: Lane
    commands: tuple[Command, ...] = ()

    def also(self, *commands: Command) -> "Step":
        """Add commands behind those already there."""
        return Step(self.lane, self.commands + commands)

    def then(self, more: "Step") -> "Step":
        """Go on with another step's lane; its commands come behind those already there."""
        return Step(more.lane, self.commands + more.commands)
