"""From the car on the loop to its leave: who it is, whether it may pass, what it owes.

An entry asks for admission; an exit finds the stay, prices it and waits for the money.
"""

from dataclasses import replace
from typing import assert_never

from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.commands import (
    AskAdmission,
    AskOrder,
    AskQuote,
    Capture,
    CloseOrder,
    Command,
    FindStay,
)
from scada.model.lane.passages import due_of
from scada.model.lane.states import Due, Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.words import Authorisation, Direction, Passage, Reason
from scada.model.names import StayId
from scada.model.plate import PlateRead, PlateUnread

_MOST_TRIES = 3
"""Bursts for one car: one try a visit is a known failing (`lanes.md` path E)."""
_CAMERA_SLACK_S = 1.0
"""The camera answers within `t_read`; this much later it is taken for gone."""
_ASK_AGAIN_S = 10.0
"""How often billing is asked again while a person is called because it failed."""

BEFORE_LEAVE = (
    s.Identifying,
    s.Deciding,
    s.Matching,
    s.Quoting,
    s.AwaitingPayment,
    s.AwaitingDriver,
    s.AwaitingOperator,
)


def from_idle(lane: Lane, at_s: float) -> Step | None:
    """Begin with the car that stands on the approach loop."""
    if lane.live is None or lane.live.wrong_way or not lane.image.approach.is_on:
        return None
    return Step(lane.becoming(s.Identifying(at_s)), (Capture(lane.live.id),))


def plate_seen(lane: Lane, event: e.PlateSeen, timing: Timing) -> Step:
    """Take the camera's word if it is sure enough; otherwise ask the driver, and try again meanwhile."""
    match lane.state, event.reading:
        case (s.Identifying() | s.AwaitingDriver(sent_back=False), PlateRead() as read) if _is_trusted(read, timing):
            return _plate_known(lane, read, event.at_s)
        case s.Identifying(), PlateRead():
            return Step(lane.becoming(s.AwaitingDriver("the plate was read too weakly", event.at_s)))
        case s.Identifying(), PlateUnread(why=why):
            return Step(lane.becoming(s.AwaitingDriver(why, event.at_s)))
        case _:
            return Step(lane)


def _is_trusted(read: PlateRead, timing: Timing) -> bool:
    return read.confidence >= timing.confidence and read.agreeing >= timing.agreeing


def plate_corrected(lane: Lane, event: e.PlateCorrected) -> Step:
    """Take the word of the driver or the operator, as long as no leave is out."""
    if not isinstance(lane.state, BEFORE_LEAVE):
        return Step(lane)
    closed = close_order(lane, "the plate was corrected")
    known = _plate_known(replace(lane, held=None), event.read, event.at_s)
    return Step(known.lane, closed + known.commands)


def _plate_known(lane: Lane, read: PlateRead, at_s: float) -> Step:
    live = live_of(lane)
    named = replace(lane, live=replace(live, read=read, stay=None))
    if lane.direction is Direction.ENTRY:
        return Step(named.becoming(s.Deciding(read, at_s)), (AskAdmission(live.id, read),))
    return Step(named.becoming(s.Matching(read, at_s)), (FindStay(live.id, read),))


def from_identifying(lane: Lane, state: s.Identifying, at_s: float, timing: Timing) -> Step | None:
    """Wait for the camera no longer than it may take."""
    if at_s - state.since_s <= timing.t_read_s + _CAMERA_SLACK_S:
        return None
    return Step(lane.becoming(s.AwaitingDriver("the camera does not answer", at_s)))


def from_awaiting_driver(lane: Lane, state: s.AwaitingDriver, at_s: float, timing: Timing) -> Step | None:
    """Let the cameras try again a few times; then call a person."""
    waited_s = at_s - state.since_s
    if waited_s > timing.t_help_s:
        return Step(lane.becoming(s.AwaitingOperator(state.why, at_s)))
    if live_of(lane).read is None and state.tries < _MOST_TRIES and waited_s > state.tries * (timing.t_read_s + 1):
        return Step(lane.becoming(replace(state, tries=state.tries + 1)), (Capture(live_of(lane).id),))
    return None


def admitted(lane: Lane, event: e.Admitted, timing: Timing) -> Step:
    """Authorise an entry."""
    if not isinstance(lane.state, s.Deciding):
        return Step(lane)
    return authorise(lane, None, event.reason, "admission", event.at_s, timing)


def not_admitted(lane: Lane, event: e.NotAdmitted) -> Step:
    """Tell the driver why not."""
    if not isinstance(lane.state, s.Deciding):
        return Step(lane)
    return Step(lane.becoming(s.AwaitingDriver(event.why, event.at_s)))


def stay_found(lane: Lane, event: e.StayFound) -> Step:
    """Price the stay; an order for another one is closed."""
    if lane.direction is not Direction.EXIT or not isinstance(lane.state, BEFORE_LEAVE):
        return Step(lane)
    live = live_of(lane)
    due = due_of(lane)
    closed = () if due is None or due.quote.stay == event.stay else close_order(lane, "it is another car")
    known = replace(lane, live=replace(live, stay=event.stay), held=None)
    return Step(known.becoming(s.Quoting(event.stay, event.at_s)), (*closed, AskQuote(live.id, event.stay)))


def stay_not_found(lane: Lane, event: e.StayNotFound) -> Step:
    """Never release because there is no entry record (path G): the driver claims, or a person decides."""
    if not isinstance(lane.state, s.Matching):
        return Step(lane)
    why = "several stays may fit the plate" if len(event.candidates) > 1 else "no open stay under this plate"
    return Step(lane.becoming(s.AwaitingDriver(why, event.at_s)))


def quoted(lane: Lane, event: e.Quoted, timing: Timing) -> Step:
    """Nothing due: the car may go. Otherwise make the order."""
    if not isinstance(lane.state, s.Quoting | s.AwaitingOperator) or live_of(lane).stay != event.quote.stay:
        return Step(lane)
    quote = event.quote
    if quote.due_fen == 0:
        return authorise(lane, quote.stay, quote.free_reason or Reason.FREE, "billing", event.at_s, timing)
    asked = (AskOrder(event.passage, quote),)
    if isinstance(lane.state, s.AwaitingOperator):
        return Step(lane, asked)
    return Step(lane.becoming(s.Quoting(quote.stay, event.at_s, lane.state.asks, quote)), asked)


def order_made(lane: Lane, event: e.OrderMade) -> Step:
    """Show the QR code; an order that comes too late is closed."""
    due = Due(event.quote, event.order, event.until_s)
    mine = live_of(lane).stay == event.order.stay
    match lane.state:
        case s.Quoting() if mine:
            return Step(lane.becoming(s.AwaitingPayment(due, event.at_s)))
        case s.AwaitingOperator(why=why, since_s=since_s) if mine:
            return Step(lane.becoming(s.AwaitingOperator(why, since_s, due)))
        case s.AwaitingPayment(due=asked) if asked.order.id == event.order.id:
            return Step(lane)
        case _:
            return Step(lane, (CloseOrder(event.order.id, "nobody waits for it any more"),))


def billing_failed(lane: Lane, event: e.BillingFailed) -> Step:
    """Ask once more, then call a person. After a failed order that is the price: it may be paid meanwhile."""
    if not isinstance(lane.state, s.Deciding | s.Matching | s.Quoting):
        return Step(lane)
    state = replace(lane.state, quote=None) if isinstance(lane.state, s.Quoting) else lane.state
    return _ask_again(lane, state, f"no {event.asked}: {event.why}", event.at_s)


def from_asking(lane: Lane, state: s.Deciding | s.Matching | s.Quoting, at_s: float, timing: Timing) -> Step | None:
    """Wait for billing's answer no longer than `t_answer`."""
    if at_s - state.since_s <= timing.t_answer_s:
        return None
    return _ask_again(lane, state, "billing does not answer", at_s)


def _ask_again(lane: Lane, state: s.Deciding | s.Matching | s.Quoting, why: str, at_s: float) -> Step:
    if state.asks > 1:
        ask_s = at_s + _ASK_AGAIN_S if isinstance(state, s.Quoting) else None
        return Step(lane.becoming(s.AwaitingOperator(why, at_s, ask_s=ask_s)))
    again = replace(state, asks=2, since_s=at_s)
    return Step(lane.becoming(again), (_question(lane, again),))


def _question(lane: Lane, state: s.Deciding | s.Matching | s.Quoting) -> Command:
    passage = live_of(lane).id
    match state:
        case s.Deciding(read=read):
            return AskAdmission(passage, read)
        case s.Matching(read=read):
            return FindStay(passage, read)
        case s.Quoting():
            return AskQuote(passage, state.stay) if state.quote is None else AskOrder(passage, state.quote)
        case _:
            assert_never(state)


def from_awaiting_payment(lane: Lane, state: s.AwaitingPayment, at_s: float, timing: Timing) -> Step | None:
    """Quote again when the price no longer holds; call a person when it takes too long."""
    if at_s > state.due.until_s:
        return Step(lane.becoming(s.Quoting(state.due.quote.stay, at_s)), _quote_again(lane, state.due))
    if at_s - state.since_s > timing.t_help_s:
        return Step(lane.becoming(s.AwaitingOperator("the driver does not pay", at_s, state.due)))
    return None


def from_awaiting_operator(lane: Lane, state: s.AwaitingOperator, at_s: float) -> Step | None:
    """Keep a valid price on the display while a person decides; go on asking for one that billing could not give."""
    asked = lane.becoming(replace(state, due=None, ask_s=at_s + _ASK_AGAIN_S))
    live = live_of(lane)
    if state.due is not None:
        return Step(asked, _quote_again(lane, state.due)) if at_s > state.due.until_s else None
    if live.stay is None or state.ask_s is None or at_s <= state.ask_s:
        return None
    return Step(asked, (AskQuote(live.id, live.stay),))


def _quote_again(lane: Lane, due: Due) -> tuple[Command, ...]:
    closed = CloseOrder(due.order.id, "the quote is no longer valid")
    return (closed, AskQuote(live_of(lane).id, due.quote.stay))


def rejected(lane: Lane, event: e.Rejected) -> Step:
    """Ask the driver to back out."""
    if not isinstance(lane.state, BEFORE_LEAVE):
        return Step(lane)
    closed = close_order(lane, "the car was sent back")
    state = s.AwaitingDriver(f"sent back by {event.by}: {event.reason}", event.at_s, _MOST_TRIES, sent_back=True)
    return Step(replace(lane, held=None).becoming(state), closed)


def help_called(lane: Lane, event: e.HelpCalled) -> Step:
    """Open a case because the driver calls; what he owes stays on the display."""
    if not isinstance(lane.state, s.AwaitingDriver | s.AwaitingPayment):
        return Step(lane)
    return Step(lane.becoming(s.AwaitingOperator("the driver calls", event.at_s, due_of(lane))))


def authorise(lane: Lane, stay: StayId | None, reason: Reason, by: str, at_s: float, timing: Timing) -> Step:
    """Give leave to the car of the live passage, and to no other."""
    leave = Authorisation(live_of(lane).id, stay, reason, by, at_s + timing.t_authorised_s)
    return Step(lane.becoming(s.Authorised(leave, at_s)))


def close_order(lane: Lane, why: str) -> tuple[Command, ...]:
    """Close the order that is out for the car at the boom, if there is one."""
    due = due_of(lane)
    return () if due is None else (CloseOrder(due.order.id, why),)


def live_of(lane: Lane) -> Passage:
    """Give the live passage where the state or the event says that there is one."""
    if lane.live is None:
        raise AssertionError(f"{lane.name}: {lane.state} without a passage")
    return lane.live
