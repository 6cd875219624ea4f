"""The states of a lane (`lanes.md` §6 and §7), the lane itself, and what a step gives back.

The table's *Paid* and *BackedOut* last no time at all: the machine passes through them within one
step, so they are no states here. *AwaitingAcceptance* and *Tailgated* come with their own paths.
"""

from dataclasses import dataclass, replace
from enum import Enum

from scada.model.lane.commands import Command
from scada.model.lane.image import DARK, LaneImage
from scada.model.lane.words import Authorisation, Direction, Order, Passage, Quote
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
    """Entry: may this plate come in?"""

    read: PlateRead
    since_s: float
    asks: int = 1


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
class AwaitingPayment:
    """The QR code is on the display."""

    due: Due
    since_s: float


@dataclass(frozen=True, slots=True)
class AwaitingDriver:
    """The driver has to say which plate or which stay is his; the cameras go on trying."""

    why: str
    since_s: float
    tries: int = 1
    sent_back: bool = False


@dataclass(frozen=True, slots=True)
class AwaitingOperator:
    """A case is open; a payment may still end it by itself.

    `ask_s` is when the stay is priced again, so that it can: billing failed, or the price ran out.
    """

    why: str
    since_s: float
    due: Due | None = None
    ask_s: float | None = None


@dataclass(frozen=True, slots=True)
class Authorised:
    """The car may go; the command waits for AUTO, a claim and a car that is surely there."""

    authorisation: Authorisation
    since_s: float


@dataclass(frozen=True, slots=True)
class Opening:
    """The command is on its way, or the boom is rising."""

    authorisation: Authorisation
    since_s: float


@dataclass(frozen=True, slots=True)
class Open:
    """The boom is up and the car has not moved yet."""

    authorisation: Authorisation
    since_s: float
    lingering: bool = False


@dataclass(frozen=True, slots=True)
class Passing:
    """The car is under the boom. No authorisation: it was found there, or followed another."""

    authorisation: Authorisation | None
    since_s: float
    alarmed: bool = False


@dataclass(frozen=True, slots=True)
class Clearing:
    """The car has passed; the boom is still up."""

    since_s: float


@dataclass(frozen=True, slots=True)
class Closing:
    """The PLC lowers the boom."""

    since_s: float


class Fault(Enum):
    """Faults of the barrier that stop a lane (`lanes.md` §8)."""

    NO_START = "barrier does not start"
    MID = "barrier stuck half way"
    NOT_CLOSED = "barrier does not close: revenue unguarded"


@dataclass(frozen=True, slots=True)
class Faulted:
    """The barrier did not do what it was told; nothing more is commanded."""

    fault: Fault
    since_s: float
    authorisation: Authorisation | None = None


State = (
    Idle
    | Identifying
    | Deciding
    | Matching
    | Quoting
    | AwaitingPayment
    | AwaitingDriver
    | AwaitingOperator
    | Authorised
    | Opening
    | Open
    | Passing
    | Clearing
    | Closing
    | Faulted
)

NAMES: dict[type[State], str] = {
    Idle: "idle",
    Identifying: "identifying",
    Deciding: "deciding",
    Matching: "matching",
    Quoting: "quoting",
    AwaitingPayment: "awaiting_payment",
    AwaitingDriver: "awaiting_driver",
    AwaitingOperator: "awaiting_operator",
    Authorised: "authorised",
    Opening: "opening",
    Open: "open",
    Passing: "passing",
    Clearing: "clearing",
    Closing: "closing",
    Faulted: "faulted",
}
"""What the tag `<lane>.lane.state` says."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane: what its PLC shows, what it is doing, and for whom.

    `live` is the passage that the PLC calls `passage.now`. `held` is what the car that left the
    loop for a moment owed: if it comes back, its order is still good; if not, it is closed.
    `rises` is the PLC's count of rises and `last` the newest passage number, as far as they are recorded;
    None where nothing ever was.
    """

    name: LaneName
    direction: Direction
    state: State = Idle()
    image: LaneImage = DARK
    live: Passage | None = None
    held: Due | None = None
    rises: int | None = None
    last: int | None = None

    def is_live(self, passage: PassageId) -> bool:
        """Say whether this is the passage of the car that stands there now."""
        return self.live is not None and self.live.id == passage

    @property
    def is_certain(self) -> bool:
        """A car surely stands on the approach loop: the opposite of *in doubt*."""
        return self.image.alive and self.image.approach.is_on

    def becoming(self, state: State) -> "Lane":
        """Give the lane in another state."""
        return replace(self, state=state)


@dataclass(frozen=True, slots=True)
class Step:
    """What a step gives back: the lane after it, and what shall be done, in order."""

    lane: Lane
    commands: tuple[Command, ...] = ()

    def also(self, *commands: Command) -> "Step":
        """Add commands behind those already there."""
        return Step(self.lane, self.commands + commands)
