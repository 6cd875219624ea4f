"""From leave to a lowered boom: the part of the road that entry and exit share (`lanes.md` §6)."""

from scada.model.handshake import Mode, RiseCause
from scada.model.lane import states as s
from scada.model.lane.commands import AskAdmission, AskQuote, KeepPicture, OpenGate, RaiseAlarm
from scada.model.lane.events import CommandRefused, CommandUnknown
from scada.model.lane.states import Fault, Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.words import Authorisation, Direction

_SETTLE_S = 0.5
"""A limit switch may lag the answer of the PLC by this much."""


def may_command(lane: Lane, leave: Authorisation) -> bool:
    """Say whether an OPEN may be sent now (invariant 3)."""
    image = lane.image
    return lane.is_certain and lane.is_live(leave.passage) and image.mode is Mode.AUTO and image.claimed


def from_authorised(lane: Lane, state: s.Authorised, at_s: float) -> Step | None:
    """Send the command as soon as it may be sent; decide anew when the leave has expired."""
    leave = state.authorisation
    if at_s > leave.until_s:
        return _decide_anew(lane, leave, at_s)
    if _is_open_for(lane, leave):
        return Step(lane.becoming(s.Open(leave, at_s)))
    if lane.live is None or not may_command(lane, leave):
        return None
    return Step(lane.becoming(s.Opening(leave, at_s)), (OpenGate(leave, lane.live.number),))


def _is_open_for(lane: Lane, leave: Authorisation) -> bool:
    """Say whether the boom is up for this very passage already: a former server process had it opened."""
    image, live = lane.image, lane.live
    risen = image.up.is_on and image.rise_cause is RiseCause.AUTHORISED
    return risen and live is not None and live.id == leave.passage and live.number == image.rise_passage


def _decide_anew(lane: Lane, leave: Authorisation, at_s: float) -> Step:
    live = lane.live
    if live is None:
        return Step(lane.becoming(s.Idle()))
    if leave.stay is not None:
        return Step(lane.becoming(s.Quoting(leave.stay, at_s)), (AskQuote(live.id, leave.stay),))
    if lane.direction is Direction.ENTRY and live.read is not None:
        return Step(lane.becoming(s.Deciding(live.read, at_s)), (AskAdmission(live.id, live.read),))
    return Step(lane.becoming(s.AwaitingOperator("the leave expired before the gate could open", at_s)))


def command_refused(lane: Lane, event: CommandRefused) -> Step:
    """Show why the PLC did not open, and assume nothing."""
    if not isinstance(lane.state, s.Opening):
        return Step(lane)
    return Step(lane.becoming(s.AwaitingOperator(f"the PLC did not open: {event.why}", event.at_s)))


def command_unknown(lane: Lane, event: CommandUnknown) -> Step:
    """Nobody can tell whether the command was taken: the limit switches will; nothing is sent again."""
    alarm = RaiseAlarm("command_unknown", event.passage, f"command without an answer: {event.why}")
    return Step(lane, (alarm,))


def from_opening(lane: Lane, state: s.Opening, at_s: float, timing: Timing) -> Step | None:
    """Wait for the upper limit; find the fault when it does not come."""
    image = lane.image
    if image.up.is_on:
        return Step(lane.becoming(s.Open(state.authorisation, at_s)))
    if image.safety.is_on and not image.down.is_on:
        return _under_boom(lane, state.authorisation, at_s)
    if at_s - state.since_s <= timing.t_open_s:
        return None
    fault = Fault.NO_START if image.down.is_on else Fault.MID
    passage = state.authorisation.passage
    return Step(
        lane.becoming(s.Faulted(fault, at_s, state.authorisation)),
        (RaiseAlarm("barrier", passage, fault.value), KeepPicture(passage, fault.value)),
    )


def from_open(lane: Lane, state: s.Open, at_s: float, timing: Timing) -> Step | None:
    """Wait for the car to move under the boom."""
    image = lane.image
    if image.safety.is_on:
        return _under_boom(lane, state.authorisation, at_s)
    if not image.up.is_on and at_s - state.since_s > _SETTLE_S:
        return Step(lane.becoming(s.Closing(at_s)))
    if image.approach.is_on and not state.lingering and at_s - state.since_s > 2 * timing.t_pass_s:
        return Step(lane.becoming(s.Open(state.authorisation, state.since_s, lingering=True)))
    return None


def _under_boom(lane: Lane, leave: Authorisation, at_s: float) -> Step:
    return Step(lane.becoming(s.Passing(leave, at_s)), (KeepPicture(leave.passage, "under the boom"),))


def from_passing(lane: Lane, state: s.Passing, at_s: float, timing: Timing) -> Step | None:
    """The PLC says when and how the passage ends; we only watch that it does."""
    if lane.live is None:
        return Step(lane.becoming(s.Clearing(at_s)))
    if state.alarmed or at_s - state.since_s <= timing.t_under_s:
        return None
    alarm = RaiseAlarm("stopped_under_boom", lane.live.id, "a vehicle stands under the boom")
    return Step(lane.becoming(s.Passing(state.authorisation, state.since_s, alarmed=True)), (alarm,))


def from_clearing(lane: Lane, state: s.Clearing, at_s: float, timing: Timing) -> Step | None:
    """The boom is up and the car has passed: the PLC lowers when its close permit holds."""
    if lane.image.down.is_on:
        return Step(lane.becoming(s.Idle()))
    if not lane.image.up.is_on:
        return Step(lane.becoming(s.Closing(at_s)))
    return _not_closed(lane, s.Clearing(at_s), state.since_s, at_s, timing)


def from_closing(lane: Lane, state: s.Closing, at_s: float, timing: Timing) -> Step | None:
    """The boom comes down, or goes up again over an obstacle."""
    if lane.image.down.is_on:
        return Step(lane.becoming(s.Idle()))
    if lane.image.up.is_on and at_s - state.since_s > _SETTLE_S:
        return Step(lane.becoming(s.Clearing(at_s)))
    return _not_closed(lane, s.Closing(at_s), state.since_s, at_s, timing)


def _not_closed(lane: Lane, anew: s.State, since_s: float, at_s: float, timing: Timing) -> Step | None:
    """Raise the alarm when nothing forbids lowering and the boom is not down in `t_close`."""
    if not lane.image.close_permit.is_on:
        return Step(lane.becoming(anew)) if at_s - since_s > 1.0 else None
    if at_s - since_s <= timing.t_close_s:
        return None
    passage = lane.live.id if lane.live else None
    fault = Fault.NOT_CLOSED
    return Step(lane.becoming(s.Faulted(fault, at_s)), (RaiseAlarm("barrier", passage, fault.value),))


def from_faulted(lane: Lane, state: s.Faulted, at_s: float) -> Step | None:
    """A fault ends when the limit it waited for is reached, or when car and boom are back where they belong."""
    image = lane.image
    leave = state.authorisation
    if leave is not None and lane.is_live(leave.passage):
        if image.safety.is_on and not image.down.is_on:
            return _under_boom(lane, leave, at_s)
        return Step(lane.becoming(s.Open(leave, at_s))) if image.up.is_on else None
    if not image.down.is_on:
        return None
    return Step(lane.becoming(s.Idle()))
