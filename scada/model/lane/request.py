"""THE RULE (`lanes.md` §4): a gate-open request opens only while its car is the live passage.

Billing names the stay and the order, of cash the stay and the passage; an operator names the passage. A request
that cannot be taken loses nothing: the stay keeps its credit.
"""

from dataclasses import replace
from datetime import UTC, datetime

from scada.model.handshake import Mode
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.commands import AnswerRequest, AskQuote
from scada.model.lane.leave import close_order, due_of, live_of, needs_person, own_stay
from scada.model.lane.paying import PAID_ALREADY
from scada.model.lane.permit import BEFORE_LEAVE, authorise
from scada.model.lane.states import Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.words import OPERATOR_REASONS, OpenRequest, Reason, Refused, Taken
from scada.model.names import PassageId, RequestId

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
"""When a question was asked does not matter to its answer."""


def open_requested(lane: Lane, event: e.OpenRequested, timing: Timing) -> Step:
    """Turn the gate-open request into a leave only while its car is the live passage (THE RULE)."""
    request = event.request
    why = _refusal(lane, request)
    if why is not None:
        refused = Step(lane, (AnswerRequest(request.id, Refused(why)),))
        return _price_anew(refused, request, event.at_s)
    live = live_of(lane)
    why = "opened by hand" if request.order is None else "paid in another way"
    closed = () if _keeps_order(lane, request) else close_order(lane, why)
    leave = authorise(replace(lane, held=None), own_stay(live), request.reason, request.by, event.at_s, timing)
    return Step(leave.lane, (AnswerRequest(request.id, Taken()), *closed, *leave.commands))


def why_not_by_hand(lane: Lane, passage: PassageId) -> str:
    """Say why an operator's request for the car of a passage would not be taken now; empty if it would."""
    asked = OpenRequest(RequestId(""), None, None, passage, Reason.SPECIAL, "", _ANY_TIME)
    return _refusal(lane, asked) or ""


def _refusal(lane: Lane, request: OpenRequest) -> str | None:
    """Say in words why a request cannot be taken, or None if it can."""
    if not lane.image.alive:
        return "no link to the PLC"
    if lane.live is None:
        return "no car at the boom"
    if lane.image.mode is not Mode.AUTO:
        return f"the lane is in mode {lane.image.mode.name}"
    if isinstance(lane.state, s.Faulted):
        return lane.state.fault.value
    if not isinstance(lane.state, BEFORE_LEAVE):
        return "the gate already opens for a car" if not isinstance(lane.state, s.Idle) else "no car at the boom"
    why = _wrong_car(lane, request)
    is_seen = lane.is_certain or (lane.by_camera and request.reason in OPERATOR_REASONS)
    if why is None and not is_seen:
        return "the car is not surely on the approach loop"
    return why


def _keeps_order(lane: Lane, request: OpenRequest) -> bool:
    """Say whether the order that is out is the one that was paid, or may still be."""
    due = due_of(lane)
    is_paid = due is not None and due.order.id == request.order
    return is_paid or request.reason is Reason.PAID_NOT_ARRIVED


def _wrong_car(lane: Lane, request: OpenRequest) -> str | None:
    if request.reason is Reason.ACCEPTED:
        return _wrong_acceptance(lane, request)
    if request.order is not None:
        return _wrong_order(lane, request)
    if request.reason is Reason.PAID:
        return _wrong_cash(lane, request)
    return _wrong_passage(lane, request)


def _wrong_order(lane: Lane, request: OpenRequest) -> str | None:
    if live_of(lane).stay != request.stay:
        return "the car at the boom belongs to another stay"
    if isinstance(lane.state, s.AwaitingOperator) and lane.state.only_person:
        return "a person must look at this car first"
    due = due_of(lane)
    pays = due is not None and (due.order.id == request.order or due.quote.id == request.quote)
    return None if pays else "a newer quote is asked for"


def _wrong_cash(lane: Lane, request: OpenRequest) -> str | None:
    """Cash was taken from the driver of one passage, for one stay: both must be the car's that stands here."""
    if request.stay is None or live_of(lane).stay != request.stay:
        return "the car at the boom belongs to another stay"
    if isinstance(lane.state, s.AwaitingOperator) and lane.state.only_person:
        return "a person must look at this car first"
    named = request.passage is not None and lane.is_live(request.passage)
    return None if named else "that car is gone"


def _wrong_acceptance(lane: Lane, request: OpenRequest) -> str | None:
    """WeChat has accepted the charge of a stay: good for its car, while the lane asks for just this quote."""
    if live_of(lane).stay != request.stay:
        return "the car at the boom belongs to another stay"
    if isinstance(lane.state, s.AwaitingAcceptance) and request.quote in (None, lane.state.quote.id):
        return None
    due = due_of(lane)
    if request.quote is not None and due is not None and due.quote.id == request.quote and not needs_person(lane.state):
        return None
    return "the lane does not wait for this any more"


def _wrong_passage(lane: Lane, request: OpenRequest) -> str | None:
    if request.reason not in OPERATOR_REASONS:
        return "nobody opens without an order or one of the fixed reasons"
    named = request.passage is not None and lane.is_live(request.passage)
    return None if named else "that car is gone"


def _price_anew(refused: Step, request: OpenRequest, at_s: float) -> Step:
    """The stay of the car that is here was paid, yet could not be taken: its credit will answer.

    Who paid while he stood at this boom has shown that the stay is his, whatever the lane asked billing meanwhile, and
    even where billing's answer told of his money before this request did.
    """
    lane = refused.lane
    pays = request.reason in (Reason.PAID, Reason.ACCEPTED)
    if not pays or lane.live is None or lane.live.stay != request.stay or request.stay is None:
        return refused
    due = due_of(lane)
    closed = () if _keeps_order(lane, request) else close_order(lane, "paid in another way")
    asked = (*refused.commands, *closed, AskQuote(lane.live.id, request.stay))
    paid_here = (due is not None and due.order.id == request.order) or lane.is_live(request.passage or PassageId(""))
    cleared = paid_here and lane.live.doubt == PAID_ALREADY
    if paid_here:
        lane = replace(lane, live=replace(lane.live, claimed=False, doubt="" if cleared else lane.live.doubt))
    match lane.state:
        case s.Quoting() | s.AwaitingPayment() | s.AwaitingAcceptance():
            return Step(lane.becoming(s.Quoting(request.stay, at_s)), asked)
        case s.AwaitingOperator(only_person=only_person) as state if cleared or not only_person:
            return Step(lane.becoming(replace(state, due=None, only_person=False)), asked)
        case _:
            return Step(lane, refused.commands)
