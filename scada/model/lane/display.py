"""What a lane's display says: a function of the lane's state, so that it can never be stale."""

from typing import assert_never

from scada.model.lane import states as s
from scada.model.lane.commands import Message, Show
from scada.model.lane.states import Lane
from scada.model.lane.words import Direction, Reason


def shown(lane: Lane) -> Show:
    """Give what the display shows now."""
    if not lane.image.alive:
        return Show(Message.OUT_OF_ORDER)
    plate = lane.live.read.text if lane.live and lane.live.read else ""
    match lane.state:
        case s.Idle():
            return Show(Message.WELCOME)
        case s.Identifying():
            return Show(Message.READING)
        case s.Deciding() | s.Matching() | s.Quoting():
            return Show(Message.WAIT, plate)
        case s.AwaitingDriver(sent_back=True):
            return Show(Message.BACK_OUT, plate)
        case s.AwaitingDriver():
            return Show(Message.SCAN_PLATE, plate, claim=True)
        case s.AwaitingPayment(due=due) | s.AwaitingOperator(due=s.Due() as due):
            return Show(Message.SCAN_PAY, plate, due.quote, due.order.code_url)
        case s.AwaitingOperator():
            return Show(Message.HELP_COMES, plate, claim=True)
        case s.Authorised(authorisation=leave) | s.Opening(authorisation=leave) | s.Open(authorisation=leave):
            return Show(_farewell(lane, leave.reason), plate)
        case s.Passing() | s.Clearing() | s.Closing():
            return Show(Message.ONE_AT_A_TIME if lane.image.passage_next else Message.WAIT)
        case s.Faulted():
            return Show(Message.OUT_OF_ORDER)
        case _:
            assert_never(lane.state)


def _farewell(lane: Lane, reason: Reason) -> Message:
    if lane.direction is Direction.ENTRY:
        return Message.GO
    if reason is Reason.FREE:
        return Message.GO_FREE
    return Message.GO_PAID if reason in (Reason.PAID, Reason.PREPAID) else Message.GO
