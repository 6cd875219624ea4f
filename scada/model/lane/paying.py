"""An exit, from the plate to the leave: whose stay it is, what it owes, and the money (`lanes.md` §7)."""

from dataclasses import replace
from typing import Final, assert_never

from scada.model.lane import events as e
from scada.model.lane import openlane
from scada.model.lane import states as s
from scada.model.lane.commands import (
    AskAcceptance,
    AskAdmission,
    AskOrder,
    AskQuote,
    CloseOrder,
    Command,
    FindStay,
    RaiseAlarm,
)
from scada.model.lane.leave import authorisation_of, close_order, due_of, live_of, needs_person
from scada.model.lane.permit import BEFORE_LEAVE, authorise
from scada.model.lane.states import Due, Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.words import Direction, Quote, Reason
from scada.model.plate import ReadBy

_ASK_AGAIN_S = 10.0
"""How often billing is asked again while a person is called because it failed."""
_OF_ONE_CAR = frozenset({Reason.PREPAID, Reason.MONTH, Reason.WHITE_LIST, Reason.SPECIAL})
"""Reasons to owe nothing that belong to one car: its money, or its right."""
PAID_ALREADY: Final = "a claimed stay is paid already: whose car is it?"
Asking = s.Deciding | s.Matching | s.Quoting | s.AwaitingAcceptance


def stay_found(lane: Lane, event: e.StayFound) -> Step:
    """Price the stay; an order for another one is closed. In doubt a person looks first, whatever is paid."""
    if openlane.is_open(lane):
        return openlane.stay_found(lane, event)
    leave = authorisation_of(lane.state)
    if leave is not None and leave.stay is None:
        return Step(_found_late(lane, event))
    if lane.direction is not Direction.EXIT or not isinstance(lane.state, BEFORE_LEAVE):
        return Step(lane)
    was_asked = event.plate is None or isinstance(lane.state, s.Matching)
    if not was_asked or (needs_person(lane.state) and not event.person):
        return Step(lane)
    live, due = live_of(lane), due_of(lane)
    checked = live.checked or event.person
    claimed = event.by == ReadBy.DRIVER.value and not checked
    is_his = due is None or (due.quote.stay == event.stay and not claimed)
    closed = () if is_his else close_order(lane, "it is another car")
    doubt = "" if checked else event.doubt
    found = replace(live, stay=event.stay, checked=checked, claimed=claimed, doubt=doubt)
    known = replace(lane, live=found, held=None)
    if doubt:
        closed = close_order(lane, doubt)
        return Step(known.becoming(s.AwaitingOperator(doubt, event.at_s, only_person=True)), closed)
    return Step(known.becoming(s.Quoting(event.stay, event.at_s)), (*closed, AskQuote(live.id, event.stay)))


def _found_late(lane: Lane, event: e.StayFound) -> Lane:
    """Keep whose stay it is for a car whose leave names none; never on a driver's word, nor against a doubt."""
    live = live_of(lane)
    settled = live.checked or bool(live.doubt) or event.plate is None
    if lane.direction is not Direction.EXIT or (settled and not event.person):
        return lane
    doubt = "" if event.person else event.doubt
    return replace(lane, live=replace(live, stay=event.stay, checked=live.checked or event.person, doubt=doubt))


def stay_not_found(lane: Lane, event: e.StayNotFound) -> Step:
    """Never release because there is no entry record (path G): the driver claims, or a person decides.

    Who has corrected the plate is at it already: the car does not wait for help a second time.
    """
    if not isinstance(lane.state, s.Matching):
        return Step(lane)
    several, offer = len(event.candidates) > 1, event.candidates[0] if len(event.candidates) == 1 else None
    why = event.doubt or ("several stays may fit the plate" if several else "no open stay under this plate")
    if several or event.doubt or (live_of(lane).checked and offer is None):
        return Step(lane.becoming(s.AwaitingOperator(why, event.at_s)))
    return Step(lane.becoming(s.AwaitingDriver(why, event.at_s, offer=offer)))


def quoted(lane: Lane, event: e.Quoted, timing: Timing) -> Step:
    """Nothing due: the car may go. Otherwise let WeChat deduct it, or make the order."""
    state, quote = lane.state, event.quote
    if not isinstance(state, s.Quoting | s.AwaitingOperator) or live_of(lane).stay != quote.stay:
        return Step(lane)
    if isinstance(state, s.AwaitingOperator) and state.only_person:
        return Step(lane)
    doubt = live_of(lane).doubt or quote.doubt or _claims_anothers_right(lane, quote)
    if doubt and not live_of(lane).checked:
        closed = close_order(lane, doubt)
        doubted = replace(lane, held=None, live=replace(live_of(lane), doubt=doubt))
        return Step(doubted.becoming(s.AwaitingOperator(doubt, event.at_s, only_person=True)), closed)
    if quote.due_fen == 0:
        return authorise(lane, quote.stay, quote.free_reason or Reason.FREE, "billing", event.at_s, timing)
    if isinstance(state, s.AwaitingOperator):
        return Step(lane, (AskOrder(event.passage, quote),))
    if _may_deduct(lane, quote):
        return Step(lane.becoming(s.AwaitingAcceptance(quote, event.at_s)), (AskAcceptance(event.passage, quote),))
    return _order(lane, quote, event.at_s, state.asks)


def _may_deduct(lane: Lane, quote: Quote) -> bool:
    """Say whether the plate's owner may be charged: his plate is what was read here, and not a driver's word alone."""
    live = live_of(lane)
    is_his = live.read is not None and live.read.text == quote.plate
    return quote.auto_deduct and is_his and not live.claimed


def _claims_anothers_right(lane: Lane, quote: Quote) -> str:
    """Say so where only the driver says that this is his stay, and it is somebody's money or right that frees it."""
    frees = quote.due_fen == 0 and quote.free_reason in _OF_ONE_CAR
    return PAID_ALREADY if frees and live_of(lane).claimed else ""


def _order(lane: Lane, quote: Quote, at_s: float, asks: int) -> Step:
    asked = AskOrder(live_of(lane).id, quote)
    return Step(lane.becoming(s.Quoting(quote.stay, at_s, asks, quote)), (asked,))


def acceptance_refused(lane: Lane, event: e.AcceptanceRefused) -> Step:
    """WeChat's guide: refused means pay on the spot."""
    if not isinstance(lane.state, s.AwaitingAcceptance):
        return Step(lane)
    return _order(lane, lane.state.quote, event.at_s, asks=1)


def order_made(lane: Lane, event: e.OrderMade) -> Step:
    """Show the QR code; an order that comes too late is closed.

    One for a price that is asked for again is left to billing: the next order takes it up, or closes it first.
    """
    due = Due(event.quote, event.order, event.until_s)
    mine = live_of(lane).stay == event.order.stay
    match lane.state:
        case s.Quoting(quote=Quote(id=asked_for)) if mine and asked_for == event.quote.id:
            return Step(lane.becoming(s.AwaitingPayment(due, event.at_s)))
        case s.Quoting() if mine:
            return Step(lane)
        case s.AwaitingOperator(only_person=False) as state if mine:
            return Step(lane.becoming(replace(state, due=due, ask_s=None)))
        case s.AwaitingPayment(due=asked) if asked.order.id == event.order.id:
            return Step(lane)
        case _:
            return Step(lane, (CloseOrder(event.order.id, "nobody waits for it any more"),))


def while_asked(lane: Lane, event: e.PayingByCode | e.CreditChanged) -> Step:
    """Take what is heard of the money that the driver is asked for."""
    match event:
        case e.PayingByCode():
            return _by_code(lane, event)
        case e.CreditChanged():
            return _credit_changed(lane, event)
        case _:
            assert_never(event)


def _by_code(lane: Lane, event: e.PayingByCode) -> Step:
    """Tell the driver how his payment at the scanner goes; the QR code stays good beside it."""
    match lane.state:
        case s.AwaitingPayment(due=due) as state if due.quote.id == event.quote:
            return Step(lane.becoming(replace(state, by_code=event.how)))
        case _:
            return Step(lane)


def billing_failed(lane: Lane, event: e.BillingFailed, timing: Timing) -> Step:
    """Ask once more, then do what the owner has decided for this, or call a person.

    After a failed order it is the price that is asked for again, unless it is already: the order may be paid meanwhile.
    """
    match lane.state:
        case s.AwaitingAcceptance(quote=quote):
            return _order(lane, quote, event.at_s, asks=1)
        case s.Quoting(asks=asks, quote=Quote() as quote) if asks > 1 and _may_go_owing(quote, timing):
            return _let_go_owing(lane, quote, event.at_s, timing)
        case s.Quoting(quote=None) if event.asked == "order":
            return Step(lane)
        case s.Quoting() as state:
            return _ask_again(lane, replace(state, quote=None), f"no {event.asked}: {event.why}", event.at_s)
        case s.Deciding() | s.Matching() as state:
            return _ask_again(lane, state, f"no {event.asked}: {event.why}", event.at_s)
        case _:
            return Step(lane)


def _may_go_owing(quote: Quote, timing: Timing) -> bool:
    return 0 < quote.due_fen <= timing.policy.release_cap_fen


def _let_go_owing(lane: Lane, quote: Quote, at_s: float, timing: Timing) -> Step:
    """Path T, third way: WeChat is away, the fee is below the cap: the car goes and owes."""
    text = f"no order can be made: let out owing {quote.due_fen} fen"
    leave = authorise(lane, quote.stay, Reason.EQUIPMENT, "policy: no payment", at_s, timing)
    return leave.also(RaiseAlarm("let_out_owing", live_of(lane).id, text))


def from_asking(lane: Lane, state: Asking, at_s: float, timing: Timing) -> Step | None:
    """Wait for billing's answer no longer than `t_answer`."""
    if at_s - state.since_s <= timing.t_answer_s:
        return None
    if isinstance(state, s.AwaitingAcceptance):
        return _order(lane, state.quote, at_s, asks=1)
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


def _credit_changed(lane: Lane, event: e.CreditChanged) -> Step:
    """Quote again what the driver is asked to pay at this moment; whoever pays the old order meanwhile has a credit.

    What billing is reckoning at this moment may not know of it yet.
    """
    match lane.state:
        case s.Quoting(stay=stay) if stay == event.stay:
            return Step(lane.becoming(s.Quoting(stay, event.at_s)), (AskQuote(event.passage, stay),))
        case s.AwaitingPayment(due=due) if due.quote.stay == event.stay:
            return Step(lane.becoming(s.Quoting(event.stay, event.at_s)), _quote_again(lane, due))
        case s.AwaitingOperator(due=Due() as due) as state if due.quote.stay == event.stay:
            asked = replace(state, due=None, ask_s=event.at_s + _ASK_AGAIN_S)
            return Step(lane.becoming(asked), _quote_again(lane, due))
        case s.AwaitingOperator(due=None, only_person=False) if live_of(lane).stay == event.stay:
            return Step(lane, (AskQuote(event.passage, event.stay),))
        case _:
            return Step(lane)


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
