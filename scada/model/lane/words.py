"""The words of a lane (`lanes.md` §1): passage, authorisation, open request, reason codes."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import Enum

from scada.model.money import NOTHING, Fen
from scada.model.names import OrderId, PassageId, QuoteId, RequestId, StayId
from scada.model.plate import Plate, PlateRead, PlateUnread


class Direction(Enum):
    """Which way a lane leads, or, in a lane that works both ways, which way its live passage does."""

    ENTRY = "entry"
    EXIT = "exit"


BOTH_WAYS = frozenset(Direction)


class Reason(Enum):
    """Why a car may pass, or passed all the same. The last nine are the operators' fixed list (`lanes.md` §11)."""

    ADMITTED = "ADMITTED"
    MONTH = "MONTH"
    WHITE_LIST = "WHITE_LIST"
    BOOKED = "BOOKED"
    TRANSIT = "TRANSIT"
    FREE = "FREE"
    PREPAID = "PREPAID"
    PAID = "PAID"
    ACCEPTED = "ACCEPTED"
    OPEN_LANE = "OPEN_LANE"
    TAILGATE = "TAILGATE"
    FIRE = "FIRE"
    SPECIAL = "SPECIAL"
    PAID_NOT_ARRIVED = "PAID_NOT_ARRIVED"
    MISREAD = "MISREAD"
    VISITOR = "VISITOR"
    EQUIPMENT = "EQUIPMENT"
    GOODWILL = "GOODWILL"
    QUEUE = "QUEUE"
    EMERGENCY = "EMERGENCY"
    TEST = "TEST"


OPERATOR_REASONS = (
    Reason.SPECIAL,
    Reason.PAID_NOT_ARRIVED,
    Reason.MISREAD,
    Reason.VISITOR,
    Reason.EQUIPMENT,
    Reason.GOODWILL,
    Reason.QUEUE,
    Reason.EMERGENCY,
)
"""What an operator may name for the car standing there. TEST is none of them: it needs HOLD_OPEN and an empty lane."""

OWING_REASONS = frozenset({Reason.PAID_NOT_ARRIVED, Reason.MISREAD, Reason.EQUIPMENT, Reason.QUEUE})
"""Reasons under which the unpaid part becomes arrears on the plate (`lanes.md` §11, debt by default)."""


class Ending(Enum):
    """How a stay ended. Only EXIT rests on a completed, authorised passage (invariant 6).

    ANNULLED: it began, and the car reversed out again within `t_annul`.
    """

    EXIT = "EXIT"
    EXIT_OPEN_LANE = "EXIT_OPEN_LANE"
    EXIT_TAILGATE = "EXIT_TAILGATE"
    EXIT_UNSEEN = "EXIT_UNSEEN"
    ANNULLED = "ANNULLED"


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Leave for one vehicle: good for one passage, until `until_s` (monotonic)."""

    passage: PassageId
    stay: StayId | None
    reason: Reason
    by: str
    until_s: float


class Fate(Enum):
    """What became of a former server's OPEN command, as far as the book of commands says."""

    NONE = "never sent"
    OPEN = "not known yet"
    DONE = "done"
    NOT_DONE = "not done"
    UNKNOWN = "nobody can tell"


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """The content of `<lane>.gate.open_request`: somebody asks that the car of one passage may go.

    Billing names the stay, and the quote that is paid (`passage` is where the order was made, a hint only); an operator
    names the passage. THE RULE of `lanes.md` §4 decides which of the two must be live.
    """

    id: RequestId
    stay: StayId | None
    order: OrderId | None
    passage: PassageId | None
    reason: Reason
    by: str
    at: datetime
    quote: QuoteId | None = None

    def to_text(self) -> str:
        """Write the request as the text value of its tag."""
        return json.dumps({**asdict(self), "reason": self.reason.value, "at": self.at.isoformat()})

    @staticmethod
    def from_text(text: str) -> "OpenRequest":
        """Read the tag's text back. Raises ValueError or KeyError if it is not one of ours."""
        fields = json.loads(text)
        return OpenRequest(**{**fields, "reason": Reason(fields["reason"]), "at": datetime.fromisoformat(fields["at"])})


@dataclass(frozen=True, slots=True)
class Taken:
    """The lane has turned the request into an authorisation."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The lane has not, and says why in words an operator understands."""

    why: str


RequestAnswer = Taken | Refused


@dataclass(frozen=True, slots=True)
class Quote:
    """What a stay owes until a stated moment, as far as a lane needs to know it.

    `due_fen` is what is still to be paid; `free_reason` says why it is nothing, when it is. `doubt` says why a
    person must look first (longer than 72 h, over the site's limit); `auto_deduct`: the owner of `plate`, under which
    the stay began, lets WeChat deduct the fee (支付分停车). `older` are debts of earlier stays of the plate, which are
    part of what is due; `owes_fen` is owed by earlier stays besides, and paid by who wants to. `credit_fen` is what
    vouchers let off.
    """

    id: QuoteId
    stay: StayId
    total_fen: Fen
    due_fen: Fen
    minutes: int
    valid_until: datetime
    free_reason: Reason | None = None
    doubt: str = ""
    auto_deduct: bool = False
    plate: Plate | None = None
    older: tuple[tuple[StayId, Fen], ...] = ()
    credit_fen: Fen = NOTHING
    owes_fen: Fen = NOTHING

    @property
    def older_fen(self) -> Fen:
        """What earlier stays owe of what is due."""
        return Fen(sum(amount for _, amount in self.older))


@dataclass(frozen=True, slots=True)
class Order:
    """A request to pay one quote; `code_url` is what the lane's QR code holds."""

    id: OrderId
    quote: QuoteId
    stay: StayId
    due_fen: Fen
    code_url: str


class ByCode(Enum):
    """How far a payment by the code that a driver holds before the lane's scanner has come."""

    ASKED = "asked"
    CONFIRM = "confirm"
    """WeChat asks the driver for his password."""
    INVALID = "invalid"
    """The code is too old, used, or none of WeChat's: a new one may do."""
    TOO_LITTLE = "too_little"
    FAILED = "failed"


MOST_READS = 8
"""So many answers of the cameras are kept with a passage."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One vehicle's continuous occupation of one lane.

    `number` is the PLC's, never repeated by that PLC; `id` is ours and unique for ever.
    """

    id: PassageId
    number: int
    began_at: datetime
    read: PlateRead | None = None
    stay: StayId | None = None
    wrong_way: bool = False
    """It began on the safety loop: somebody comes from the other side."""
    checked: bool = False
    """A person has looked at its plate and its stay."""
    close_behind: bool = False
    """It left the approach loop while another car was still under the boom: it may be under it, too."""
    claimed: bool = False
    """Which stay is its own is the driver's word alone, and he has not paid for it at this boom."""
    doubt: str = ""
    """Why `stay` may be another car's: it does not end with this passage, unless a person picks it."""
    reads: tuple[PlateRead | PlateUnread, ...] = ()
    """What the cameras said, the rejected reads too, the newest last."""

    @property
    def glimpse(self) -> PlateRead | None:
        """What the cameras last made of its plate and its looks, sure or not."""
        made = (reading if isinstance(reading, PlateRead) else reading.guess for reading in reversed(self.reads))
        return next((read for read in made if read is not None), None)

    def seen(self, reading: PlateRead | PlateUnread) -> "Passage":
        """Keep one more answer of the cameras."""
        return replace(self, reads=(*self.reads[1 - MOST_READS :], reading))


def passage_id(lane: str, number: int, at: datetime) -> PassageId:
    """Name a passage: lane, start to the second (UTC), the PLC's number."""
    return PassageId(f"{lane}-{at:%Y%m%d%H%M%S}-{number}")
