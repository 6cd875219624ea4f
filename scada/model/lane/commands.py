"""What a lane wants done. The shell carries it out; the answer comes back as an event."""

from dataclasses import dataclass
from enum import Enum

from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane.words import Authorisation, Ending, Passage, Quote, Reason, RequestAnswer
from scada.model.names import OrderId, PassageId, RequestId, StayId
from scada.model.plate import PlateRead


class Message(Enum):
    """What the lane's display says; the words are in the catalogue."""

    CLOSED = "closed"
    WELCOME = "welcome"
    READING = "reading"
    WAIT = "wait"
    SCAN_PLATE = "scan_plate"
    SCAN_PAY = "scan_pay"
    GO = "go"
    GO_FREE = "go_free"
    GO_PAID = "go_paid"
    GO_VISITOR = "go_visitor"
    HELP_COMES = "help_comes"
    BACK_OUT = "back_out"
    ONE_AT_A_TIME = "one_at_a_time"
    OUT_OF_ORDER = "out_of_order"
    FULL = "full"
    PLEASE_GO = "please_go"
    OPEN_LANE = "open_lane"
    OTHER_WAY = "other_way"
    PAYING = "paying"
    CONFIRM_PAYMENT = "confirm_payment"
    CODE_INVALID = "code_invalid"
    TOO_LITTLE_MONEY = "too_little_money"
    NOT_PAID = "not_paid"


@dataclass(frozen=True, slots=True)
class Capture:
    """Ask the lane's cameras for a burst; answered by `PlateSeen`."""

    passage: PassageId


@dataclass(frozen=True, slots=True)
class KeepPicture:
    """Keep one picture of this moment as evidence of the passage (None: of nobody's)."""

    passage: PassageId | None
    why: str


@dataclass(frozen=True, slots=True)
class Show:
    """Put this on the lane's display. `claim`: with the QR code of the live passage's claim page."""

    message: Message
    plate: str = ""
    quote: Quote | None = None
    code_url: str = ""
    claim: bool = False


@dataclass(frozen=True, slots=True)
class AskAdmission:
    """May this plate come in? Answered by `Admitted` or `NotAdmitted`."""

    passage: PassageId
    read: PlateRead


@dataclass(frozen=True, slots=True)
class FindStay:
    """Whose stay is this? Answered by `StayFound` or `StayNotFound`."""

    passage: PassageId
    read: PlateRead


@dataclass(frozen=True, slots=True)
class AskQuote:
    """What does the stay owe now? Answered by `Quoted` or `BillingFailed`."""

    passage: PassageId
    stay: StayId


@dataclass(frozen=True, slots=True)
class AskOrder:
    """Make an order for the quote; answered by `OrderMade` or `BillingFailed`."""

    passage: PassageId
    quote: Quote


@dataclass(frozen=True, slots=True)
class AskAcceptance:
    """Ask WeChat to deduct the fee by itself (支付分停车); answered by a gate-open request or `AcceptanceRefused`."""

    passage: PassageId
    quote: Quote


@dataclass(frozen=True, slots=True)
class CloseOrder:
    """Close the order at WeChat. A racing payment is a credit."""

    order: OrderId
    why: str


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Command the PLC to open for the passage numbered `number`; answered by `Command…`."""

    authorisation: Authorisation
    number: int


@dataclass(frozen=True, slots=True)
class RevokeGate:
    """Take the leave of passage `number` back from a PLC whose barrier does not start; it must not move later."""

    passage: PassageId
    number: int
    why: str


@dataclass(frozen=True, slots=True)
class HoldOpen:
    """Ask the PLC for HOLD_OPEN in the owner's name: nothing holds a car back any more."""

    why: str


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """Answer the gate-open request."""

    request: RequestId
    answer: RequestAnswer


@dataclass(frozen=True, slots=True)
class BeginStay:
    """The car has come in: its passage is complete. `reason` and `by`: of its leave, or why it had none."""

    passage: Passage
    reason: Reason
    by: str


@dataclass(frozen=True, slots=True)
class EndStay:
    """The car has left: its passage is complete. `reason` and `by`: of its leave, or why it had none."""

    stay: StayId
    passage: Passage
    reason: Reason
    by: str
    ending: Ending


@dataclass(frozen=True, slots=True)
class AnnulStay:
    """The car that has just come in by `passage` has reversed out again: its stay never was."""

    passage: PassageId


@dataclass(frozen=True, slots=True)
class NoteConflict:
    """Another plate was read while the gate is open for this passage: kept as evidence, nothing more."""

    passage: PassageId
    read: PlateRead


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A person must decide."""

    passage: PassageId
    why: str


@dataclass(frozen=True, slots=True)
class CloseCase:
    """The case is settled, by whom or by what."""

    passage: PassageId
    outcome: str


@dataclass(frozen=True, slots=True)
class RecordPassage:
    """A passage has ended: for the books, whatever its outcome. `note` flags NO_STAY and the like."""

    passage: Passage
    outcome: PassageOutcome
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecordRise:
    """The boom has risen: its one cause record (invariant 7)."""

    count: int
    cause: RiseCause
    passage: PassageId | None
    number: int


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """Something needs a response from a person."""

    code: str
    passage: PassageId | None
    text: str


Command = (
    Capture
    | KeepPicture
    | Show
    | AskAdmission
    | FindStay
    | AskQuote
    | AskOrder
    | AskAcceptance
    | CloseOrder
    | OpenGate
    | RevokeGate
    | HoldOpen
    | AnswerRequest
    | BeginStay
    | EndStay
    | AnnulStay
    | NoteConflict
    | OpenCase
    | CloseCase
    | RecordPassage
    | RecordRise
    | RaiseAlarm
)
