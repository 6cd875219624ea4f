"""What a lane's display says: a function of the lane's state, so that it can never be stale."""

from typing import assert_never

from scada.model.handshake import Mode
from scada.model.lane import states as s
from scada.model.lane.commands import Message, Show
from scada.model.lane.states import Lane
from scada.model.lane.words import ByCode, Direction, Reason

_CLOSED = {
    Mode.LOCKED: Message.CLOSED,
    Mode.MAINTENANCE: Message.OUT_OF_ORDER,
    Mode.RESYNC: Message.OUT_OF_ORDER,
    Mode.HOLD_OPEN: Message.OPEN_LANE,
    Mode.FIRE: Message.OPEN_LANE,
}
"""In these modes nobody is asked for anything."""
_BY_CODE = {
    ByCode.ASKED: Message.PAYING,
    ByCode.CONFIRM: Message.CONFIRM_PAYMENT,
    ByCode.INVALID: Message.CODE_INVALID,
    ByCode.TOO_LITTLE: Message.TOO_LITTLE_MONEY,
    ByCode.FAILED: Message.NOT_PAID,
}
"""How a payment at the scanner goes; the QR code stays beside it."""


def shown(lane: Lane, way: Direction | None = None) -> Show:
    """Give what the display shows now; in a lane for both ways, that on the side from which cars go this way."""
    if not lane.image.alive:
        return Show(Message.OUT_OF_ORDER)
    plate = lane.live.read.text if lane.live and lane.live.read else ""
    if lane.image.mode in _CLOSED:
        return Show(_CLOSED[lane.image.mode])
    if way is not None and (instead := _while_others_pass(lane, way)) is not None:
        return Show(instead)
    match lane.state:
        case s.Idle():
            return Show(Message.WELCOME)
        case s.Identifying():
            return Show(Message.READING)
        case s.Deciding(waits_s=float()) | s.AwaitingDriver(again_s=float()):
            return Show(Message.FULL, plate)
        case s.Deciding() | s.Matching() | s.Quoting() | s.AwaitingAcceptance() | s.ByCamera():
            return Show(Message.WAIT, plate)
        case s.AwaitingDriver(sent_back=True):
            other_way = lane.two_way and lane.direction not in lane.ways
            return Show(Message.OTHER_WAY if other_way else Message.BACK_OUT, plate)
        case s.AwaitingDriver():
            return Show(Message.SCAN_PLATE, plate, claim=True)
        case s.AwaitingPayment(due=due, by_code=ByCode() as how):
            return Show(_BY_CODE[how], plate, due.quote, due.order.code_url)
        case s.AwaitingPayment(due=due) | s.AwaitingOperator(due=s.Due() as due):
            return Show(Message.SCAN_PAY, plate, due.quote, due.order.code_url)
        case s.AwaitingOperator():
            return Show(Message.HELP_COMES, plate, claim=True)
        case s.Open(nudged=True):
            return Show(Message.PLEASE_GO, plate)
        case s.Authorised(authorisation=leave) | s.Opening(authorisation=leave) | s.Open(authorisation=leave):
            return Show(_farewell(lane, leave.reason), plate)
        case s.Recovering():
            return Show(Message.WAIT, plate)
        case s.Passing() | s.Tailgated() | s.Clearing() | s.Closing():
            return Show(Message.ONE_AT_A_TIME if lane.image.passage_next else Message.WAIT)
        case s.Watching():
            return Show(Message.OPEN_LANE)
        case s.Faulted():
            return Show(Message.OUT_OF_ORDER)
        case _:
            assert_never(lane.state)


def _while_others_pass(lane: Lane, way: Direction) -> Message | None:
    """Say what is shown to those who would go one way while it is not their turn: nothing that the others are asked."""
    if not lane.two_way or isinstance(lane.state, s.Watching | s.Faulted):
        return None
    if lane.live is not None and lane.direction is way:
        return None
    if way not in lane.ways:
        return Message.OTHER_WAY
    return Message.ONE_AT_A_TIME if lane.live is not None else None


def _farewell(lane: Lane, reason: Reason) -> Message:
    if lane.direction is Direction.ENTRY:
        return Message.GO_VISITOR if reason is Reason.BOOKED else Message.GO
    if reason is Reason.FREE:
        return Message.GO_FREE
    return Message.GO_PAID if reason in (Reason.PAID, Reason.PREPAID, Reason.ACCEPTED) else Message.GO
