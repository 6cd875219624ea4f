"""The lane machine: one pure function from a lane and an event to a lane and commands.

First the event is taken in; then the lane runs on by itself as far as its image and the time
allow. What must be true of a *state* rather than of a step (its open case, its display) is
compared before and after, so that no row of the table can forget it.
"""

from typing import assert_never

from scada.model.lane import events as e
from scada.model.lane import (
    faults,
    follower,
    gate,
    late,
    openlane,
    passages,
    paying,
    permit,
    recovery,
    request,
    settling,
)
from scada.model.lane import states as s
from scada.model.lane.commands import CloseCase, CloseOrder, Command, OpenCase
from scada.model.lane.display import shown
from scada.model.lane.states import Lane, Step
from scada.model.lane.timing import Timing

_MOST_ROWS = 16
"""More rows in one step than the longest road through the table; reaching it is a defect."""


def step(lane: Lane, event: e.Event, timing: Timing) -> Step:
    """Decide what a lane does about an event (`lanes.md` §6 and §7)."""
    taken = _take(lane, event, timing)
    done = _run_on(taken, event.at_s, timing)
    after = done.then(faults.alarms(done.lane, event.at_s, timing))
    if after.lane is lane:
        return after
    known = lane.becoming(s.Idle()) if isinstance(event, e.Recovered) else lane
    return after.also(*_cases(known, after.lane), *_display(known, after.lane))


def _take(lane: Lane, event: e.Event, timing: Timing) -> Step:
    match event:
        case e.ImageSeen():
            return passages.image_seen(lane, event, timing)
        case e.TimePassed():
            return Step(lane)
        case e.OpenRequested():
            return request.open_requested(lane, event, timing)
        case e.Recovered():
            return recovery.recovered(lane, event, timing)
        case e.FaultConfirmed():
            return faults.confirmed(lane, event)
        case e.TideTurned():
            return permit.tide_turned(lane, event)
        case _ if not lane.is_live(event.passage):
            return _of_another(lane, event, timing)
        case e.Admitted() | e.NotAdmitted() | e.StayFound() | e.StayNotFound() if _was_corrected(lane, event):
            return Step(lane)
        case e.PlateSeen():
            return permit.plate_seen(lane, event, timing)
        case e.PlateCorrected():
            return permit.plate_corrected(lane, event)
        case e.Admitted():
            return permit.admitted(lane, event, timing)
        case e.NotAdmitted():
            return permit.not_admitted(lane, event, timing)
        case e.StayFound():
            return paying.stay_found(lane, event)
        case e.StayNotFound():
            return paying.stay_not_found(lane, event)
        case e.Quoted():
            return paying.quoted(lane, event, timing)
        case e.OrderMade():
            return paying.order_made(lane, event)
        case e.AcceptanceRefused():
            return paying.acceptance_refused(lane, event)
        case e.PayingByCode() | e.CreditChanged():
            return paying.while_asked(lane, event)
        case e.BillingFailed():
            return paying.billing_failed(lane, event, timing)
        case e.Rejected():
            return permit.rejected(lane, event)
        case e.HelpCalled():
            return permit.help_called(lane, event)
        case e.CommandDone() | e.CommandRefused() | e.CommandUnknown() if isinstance(lane.state, s.Recovering):
            return recovery.command_ended(lane, event)
        case e.CommandDone():
            return Step(lane)
        case e.CommandRefused():
            return gate.command_refused(lane, event)
        case e.CommandUnknown():
            return gate.command_unknown(lane, event)
        case _:
            assert_never(event)


def _was_corrected(lane: Lane, answer: e.Admitted | e.NotAdmitted | e.StayFound | e.StayNotFound) -> bool:
    """Say whether the answer is about a plate that is no longer this car's."""
    read = lane.live.read if lane.live is not None else None
    return answer.plate is not None and (read is None or read.text != answer.plate)


def _of_another(lane: Lane, event: e.Event, timing: Timing) -> Step:
    """Take what is said of the follower, or of a car without leave that is gone already; the rest comes too late."""
    match event:
        case e.PlateSeen() | e.StayFound() | e.StayNotFound():
            if (gone := late.of(lane, event.passage)) is not None:
                return late.heard(lane, gone, event, timing)
            return _of_follower(lane, event, timing)
        case e.OrderMade(order=order):
            return Step(lane, (CloseOrder(order.id, "its car is gone"),))
        case _:
            return Step(lane)


def _of_follower(lane: Lane, event: e.PlateSeen | e.StayFound | e.StayNotFound, timing: Timing) -> Step:
    if lane.follower is None or lane.follower.id != event.passage:
        return Step(lane)
    return follower.heard(lane, lane.follower, event, timing)


def _run_on(taken: Step, at_s: float, timing: Timing) -> Step:
    """Take every row that the image and the time allow now, until none is left."""
    done = taken
    for _ in range(_MOST_ROWS):
        if not done.lane.image.alive:
            return done
        more = _advance(done.lane, at_s, timing)
        if more is None:
            return done
        done = Step(more.lane, done.commands + more.commands)
    raise AssertionError(f"the lane does not come to rest: {done.lane}")


def _advance(lane: Lane, at_s: float, timing: Timing) -> Step | None:
    before = late.close_old(lane, at_s) or settling.too_late(lane, at_s)
    return before or openlane.enter(lane, at_s) or faults.from_any(lane, at_s, timing) or _go_on(lane, at_s, timing)


def _go_on(lane: Lane, at_s: float, timing: Timing) -> Step | None:
    match lane.state:
        case s.Idle():
            return permit.from_idle(lane, at_s)
        case s.Identifying() as state:
            return permit.from_identifying(lane, state, at_s, timing)
        case s.Deciding() | s.Matching() | s.Quoting() | s.AwaitingAcceptance() as state:
            return paying.from_asking(lane, state, at_s, timing)
        case s.AwaitingPayment() as state:
            return paying.from_awaiting_payment(lane, state, at_s, timing)
        case s.AwaitingDriver() as state:
            return permit.from_awaiting_driver(lane, state, at_s, timing)
        case s.AwaitingOperator() as state:
            return paying.from_awaiting_operator(lane, state, at_s)
        case s.Authorised() as state:
            return gate.from_authorised(lane, state, at_s)
        case s.Opening() as state:
            return gate.from_opening(lane, state, at_s) or faults.did_not_open(lane, state, at_s, timing)
        case s.Recovering() as state:
            return recovery.from_recovering(lane, state, at_s)
        case s.Open() as state:
            return gate.from_open(lane, state, at_s, timing)
        case s.Passing() as state:
            return gate.from_passing(lane, state, at_s, timing)
        case s.Tailgated():
            return gate.from_tailgated(lane, at_s)
        case s.Clearing() as state:
            return gate.from_clearing(lane, state, at_s) or faults.did_not_close(lane, state, at_s, timing)
        case s.Closing() as state:
            return gate.from_closing(lane, state, at_s) or faults.did_not_close(lane, state, at_s, timing)
        case s.Watching():
            return openlane.from_watching(lane, at_s)
        case s.ByCamera() as state:
            return faults.from_by_camera(lane, state, at_s, timing)
        case s.Faulted() as state:
            return faults.from_faulted(lane, state, at_s)
        case _:
            assert_never(lane.state)


def case_of(lane: Lane) -> str | None:
    """Say what a person must decide in this state, if anything."""
    match lane.state:
        case s.AwaitingOperator(why=why):
            return why
        case s.Open(lingering=True):
            return "the gate is up and nobody passes"
        case s.Faulted(fault=fault):
            return fault.value
        case _:
            return None


def _cases(before: Lane, after: Lane) -> tuple[Command, ...]:
    """Open and close the case that belongs to the state and to its passage."""
    was, now = case_of(before), case_of(after)
    if was == now:
        return ()
    ended = () if was is None or before.live is None else (CloseCase(before.live.id, s.NAMES[type(after.state)]),)
    begun = () if now is None or after.live is None else (OpenCase(after.live.id, now),)
    return ended + begun


def _display(before: Lane, after: Lane) -> tuple[Command, ...]:
    now = shown(after)
    return () if now == shown(before) else (now,)
