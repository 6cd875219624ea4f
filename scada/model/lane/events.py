"""What can happen to a lane. Every event carries its time: `at` (UTC) and `at_s` (monotonic seconds)."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from scada.model.handshake import AckResult
from scada.model.lane.image import LaneImage
from scada.model.lane.words import ByCode, Direction, Fate, OpenRequest, Order, Quote, Reason
from scada.model.names import PassageId, QuoteId, StayId
from scada.model.plate import Plate, PlateRead, PlateUnread


class Now(TypedDict):
    """The two times of an event, as keyword arguments."""

    at: datetime
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """When it happened."""

    at: datetime
    at_s: float


@dataclass(frozen=True, slots=True)
class ImageSeen(Timed):
    """The PLC's image as read now; the machine finds the edges itself."""

    image: LaneImage


@dataclass(frozen=True, slots=True)
class TimePassed(Timed):
    """Nothing but time; sent a few times a second."""


@dataclass(frozen=True, slots=True)
class PlateSeen(Timed):
    """The camera's answer to `Capture`, for one passage."""

    passage: PassageId
    reading: PlateRead | PlateUnread


@dataclass(frozen=True, slots=True)
class PlateCorrected(Timed):
    """A driver or an operator says which plate this car has."""

    passage: PassageId
    read: PlateRead


@dataclass(frozen=True, slots=True)
class Admitted(Timed):
    """An entry's question is answered: the car may come in. `plate`: which one was asked about."""

    passage: PassageId
    reason: Reason = Reason.ADMITTED
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class NotAdmitted(Timed):
    """It may not, or a person must look first."""

    passage: PassageId
    why: str
    again: bool = False
    """That may change by itself: the lane asks again."""
    person: bool = False
    """Somebody must look first."""
    plate: Plate | None = None
    """Which one was asked about."""


@dataclass(frozen=True, slots=True)
class StayFound(Timed):
    """The plate has exactly one open stay, or a driver or an operator picked one.

    `doubt`: why a person must look before the car may go, whatever it pays. `person`: a person has looked.
    `plate`: under which one it was searched for; none where somebody picked it.
    """

    passage: PassageId
    stay: StayId
    by: str
    doubt: str = ""
    person: bool = False
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class StayNotFound(Timed):
    """No open stay under `plate`, or several: `candidates` are near ones, best first.

    `doubt`: why the only near one must not be offered to the driver; empty if it may.
    """

    passage: PassageId
    candidates: tuple[StayId, ...]
    plate: Plate | None = None
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Quoted(Timed):
    """What the stay owes."""

    passage: PassageId
    quote: Quote


@dataclass(frozen=True, slots=True)
class OrderMade(Timed):
    """WeChat has taken the order; its QR code may be shown `until_s`, when the quote ends (monotonic)."""

    passage: PassageId
    quote: Quote
    order: Order
    until_s: float


@dataclass(frozen=True, slots=True)
class AcceptanceRefused(Timed):
    """WeChat does not deduct the fee by itself: the driver pays on the spot."""

    passage: PassageId
    why: str


@dataclass(frozen=True, slots=True)
class PayingByCode(Timed):
    """The driver pays this quote at the scanner, and it has come so far."""

    passage: PassageId
    quote: QuoteId
    how: ByCode


@dataclass(frozen=True, slots=True)
class BillingFailed(Timed):
    """Billing could not answer: what was asked, and why not."""

    passage: PassageId
    asked: str
    why: str


@dataclass(frozen=True, slots=True)
class CreditChanged(Timed):
    """What a stay has to pay, or by which order, is another now.

    It was paid ahead, a voucher was given to it or taken back, or a phone has taken its order over.
    """

    passage: PassageId
    stay: StayId


@dataclass(frozen=True, slots=True)
class OpenRequested(Timed):
    """Somebody wrote the lane's gate-open request tag."""

    request: OpenRequest


@dataclass(frozen=True, slots=True)
class Rejected(Timed):
    """An operator sends the car back."""

    passage: PassageId
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class HelpCalled(Timed):
    """The driver calls for a person."""

    passage: PassageId


@dataclass(frozen=True, slots=True)
class Recovered(Timed):
    """A new server takes the lane over from the journal, whose last row is of `left_s` (monotonic).

    `command`: what became of the last OPEN for the live passage.
    """

    left_s: float
    command: Fate


@dataclass(frozen=True, slots=True)
class CommandDone(Timed):
    """The PLC accepted the command for this passage."""

    passage: PassageId


@dataclass(frozen=True, slots=True)
class CommandRefused(Timed):
    """It did not, for certain; `result` if the PLC itself said so; `lost`: it never arrived within its life."""

    passage: PassageId
    why: str
    result: AckResult | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class CommandUnknown(Timed):
    """Nobody can tell whether it did."""

    passage: PassageId
    why: str


@dataclass(frozen=True, slots=True)
class FaultConfirmed(Timed):
    """A person has looked at the barrier: it is whole and where it belongs."""

    by: str


@dataclass(frozen=True, slots=True)
class TideTurned(Timed):
    """A lane that works both ways is open for these ways from now on; the other one is sent back."""

    ways: frozenset[Direction]
    by: str


Event = (
    ImageSeen
    | TimePassed
    | PlateSeen
    | PlateCorrected
    | Admitted
    | NotAdmitted
    | StayFound
    | StayNotFound
    | Quoted
    | OrderMade
    | AcceptanceRefused
    | PayingByCode
    | BillingFailed
    | CreditChanged
    | OpenRequested
    | Rejected
    | HelpCalled
    | Recovered
    | CommandDone
    | CommandRefused
    | CommandUnknown
    | FaultConfirmed
    | TideTurned
)
