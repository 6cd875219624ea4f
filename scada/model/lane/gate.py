"""From leave to a lowered boom: the part of the road that entry and exit share (`lanes.md` §6)."""

from dataclasses import replace

from scada.model.handshake import Mode, RiseCause
from scada.model.lane import states as s
from scada.model.lane.commands import (
    AskAdmission,
    AskQuote,
    Capture,
    KeepPicture,
    NoteConflict,
    OpenGate,
    RaiseAlarm,
)
from scada.model.lane.events import CommandRefused, CommandUnknown, PlateSeen
from scada.model.lane.leave import is_by_person, live_of
from scada.model.lane.states import Fault, Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.trust import is_trusted
from scada.model.lane.words import Authorisation, Direction
from scada.model.plate import PlateRead

_KEPT_UP_S = 3.0
"""A boom that may be lowered and is not for so long is kept up by the PLC."""
_SETTLE_S = 0.5
"""A limit switch may lag the answer of the PLC by this much."""


def may_command(lane: Lane, leave: Authorisation) -> bool:
    """Say whether an OPEN may be sent now (invariant 3)."""
    image = lane.image
    is_there = lane.is_certain or (lane.by_camera and is_by_person(leave))
    return image.alive and is_there and lane.is_live(leave.passage) and image.mode is Mode.AUTO and image.claimed


def from_authorised(lane: Lane, state: s.Authorised, at_s: float) -> Step | None:
    """Send the command as soon as it may be sent; decide anew when the leave has expired."""
    leave = state.authorisation
    if at_s > leave.until_s:
        return decide_anew(lane, leave, at_s)
    if is_open_for(lane, leave):
        return Step(lane.becoming(s.Open(leave, at_s)))
    if lane.live is None or not may_command(lane, leave):
        return None
    return Step(lane.becoming(s.Opening(leave, at_s, state.again)), (OpenGate(leave, lane.live.number),))


def is_open_for(lane: Lane, leave: Authorisation) -> bool:
    """Say whether the boom is up for this very passage already: a former server process had it opened."""
    image, live = lane.image, lane.live
    risen = image.is_up and image.rise_cause is RiseCause.AUTHORISED
    return risen and live is not None and live.id == leave.passage and live.number == image.rise_passage


def decide_anew(lane: Lane, leave: Authorisation, at_s: float) -> Step:
    """Ask once more whether the car may go: its leave has expired, or is not known to have been commanded."""
    live = lane.live
    if live is None:
        return Step(lane.becoming(s.Idle()))
    if leave.stay is not None:
        return Step(lane.becoming(s.Quoting(leave.stay, at_s)), (AskQuote(live.id, leave.stay),))
    if lane.direction is Direction.ENTRY and live.read is not None:
        return Step(lane.becoming(s.Deciding(live.read, at_s)), (AskAdmission(live.id, live.read),))
    return Step(lane.becoming(s.AwaitingOperator("the leave expired before the gate could open", at_s)))


def command_refused(lane: Lane, event: CommandRefused) -> Step:
    """Show why the PLC did not open, and assume nothing; a command that never reached it is given once more, anew.

    A barrier that was never told to open is not one that does not start.
    """
    match lane.state:
        case s.Opening(authorisation=leave, again=again):
            pass
        case s.Faulted(fault=Fault.NO_START, authorisation=Authorisation() as leave, again=again):
            pass
        case _:
            return Step(lane)
    if event.lost and not again:
        return Step(lane.becoming(s.Authorised(leave, event.at_s, again=True)))
    return Step(lane.becoming(s.AwaitingOperator(f"the PLC did not open: {event.why}", event.at_s)))


def command_unknown(lane: Lane, event: CommandUnknown) -> Step:
    """Nobody can tell whether the command was taken: the limit switches will; nothing is sent again."""
    alarm = RaiseAlarm("command_unknown", event.passage, f"command without an answer: {event.why}")
    return Step(lane, (alarm,))


def from_opening(lane: Lane, state: s.Opening, at_s: float) -> Step | None:
    """Wait for the upper limit; a boom that was told late has its time from where it began to rise."""
    image = lane.image
    if image.is_up:
        return Step(lane.becoming(s.Open(state.authorisation, at_s)))
    if image.safety.is_on and not image.down.is_on:
        return under_boom(lane, state.authorisation, at_s)
    if image.mode is not Mode.AUTO and not is_by_person(state.authorisation):
        return decide_anew(lane, state.authorisation, at_s)
    if image.mode is not Mode.AUTO:
        why = f"the lane went into mode {image.mode.name} while it opened"
        return Step(lane.becoming(s.AwaitingOperator(why, at_s)))
    if image.down.is_off and not state.rises:
        return Step(lane.becoming(replace(state, since_s=at_s, rises=True)))
    return None


def from_open(lane: Lane, state: s.Open, at_s: float, timing: Timing) -> Step | None:
    """Wait for the car to move under the boom."""
    image = lane.image
    if image.safety.is_on:
        return under_boom(lane, state.authorisation, at_s)
    if image.up.is_off and at_s - state.since_s > _SETTLE_S:
        return Step(lane.becoming(s.Closing(at_s)))
    if not image.stand.is_on:
        return None
    waited_s = at_s - state.since_s
    if not state.nudged and waited_s > timing.t_pass_s:
        return Step(lane.becoming(replace(state, nudged=True)), (Capture(state.authorisation.passage),))
    if not state.lingering and waited_s > 2 * timing.t_pass_s:
        return Step(lane.becoming(replace(state, lingering=True)))
    return None


def plate_seen_open(lane: Lane, event: PlateSeen, timing: Timing) -> Step:
    """Keep another plate as evidence, nothing more: who moved up without a gap is told by the loops."""
    read, own = event.reading, live_of(lane).read
    if not isinstance(read, PlateRead) or not is_trusted(read, timing) or own is None or read.text == own.text:
        return Step(lane)
    return Step(lane, (NoteConflict(event.passage, read), KeepPicture(event.passage, "another plate")))


def under_boom(lane: Lane, leave: Authorisation, at_s: float) -> Step:
    """Follow the car under the boom."""
    return Step(lane.becoming(s.Passing(leave, at_s)), (KeepPicture(leave.passage, "under the boom"),))


def from_passing(lane: Lane, state: s.Passing, at_s: float, timing: Timing) -> Step | None:
    """The PLC says when and how the passage ends; we only watch that it does."""
    if lane.live is None:
        return Step(lane.becoming(s.Clearing(at_s)))
    if state.alarmed or at_s - state.since_s <= timing.t_under_s:
        return None
    alarm = RaiseAlarm("stopped_under_boom", lane.live.id, "a vehicle stands under the boom")
    return Step(lane.becoming(replace(state, alarmed=True)), (alarm,))


def from_tailgated(lane: Lane, at_s: float) -> Step | None:
    """Wait until the follower is through."""
    if lane.live is not None and lane.image.safety.is_on:
        return None
    return Step(lane.becoming(s.Clearing(at_s)))


def from_clearing(lane: Lane, state: s.Clearing, at_s: float) -> Step | None:
    """The boom is up and the car has passed: the PLC lowers when its close permit holds."""
    if lane.image.down.is_on:
        return Step(lane.becoming(s.Idle()))
    if _is_followed(lane):
        return _tailgating(lane, at_s)
    if not lane.image.up.is_on:
        return Step(lane.becoming(s.Closing(at_s)))
    if waits_before_boom(lane) and lane.image.close_permit.is_on and at_s - state.since_s > _KEPT_UP_S:
        return Step(lane.becoming(s.Idle()))
    return None


def waits_before_boom(lane: Lane) -> bool:
    """Say whether somebody waits for whom the PLC may keep the boom up: he came while it was open, and has no leave."""
    return lane.live is not None and not lane.live.wrong_way and lane.is_certain and lane.image.safety.is_off


def from_closing(lane: Lane, state: s.Closing, at_s: float) -> Step | None:
    """The boom comes down, or goes up again over an obstacle."""
    if lane.image.down.is_on:
        return Step(lane.becoming(s.Idle()))
    if _is_followed(lane):
        return _tailgating(lane, at_s)
    if lane.image.up.is_on and at_s - state.since_s > _SETTLE_S:
        return Step(lane.becoming(s.Clearing(at_s)))
    return None


def _is_followed(lane: Lane) -> bool:
    """Say whether a vehicle is under the boom for which no leave is out."""
    return lane.live is not None and lane.image.safety.is_on and not lane.live.wrong_way


def _tailgating(lane: Lane, at_s: float) -> Step:
    return Step(lane.becoming(s.Tailgated(at_s)), (KeepPicture(live_of(lane).id, "tailgating"),))
