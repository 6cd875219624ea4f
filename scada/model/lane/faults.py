"""What goes wrong with barrier and loops, and how it ends (`lanes.md` §8, paths K, L, M)."""

from dataclasses import replace

from scada.model.handshake import Mode
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.commands import Capture, HoldOpen, KeepPicture, RaiseAlarm, RevokeGate
from scada.model.lane.gate import under_boom, waits_before_boom
from scada.model.lane.leave import authorisation_of, close_order, live_of
from scada.model.lane.states import Fault, Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.trust import is_trusted
from scada.model.plate import PlateRead, ReadBy, is_nearly

_PICTURES = 60
_PICTURE_EVERY_S = 0.5
"""A boom that is hit or lifted: half a minute, as two stills a second (path L asks for a video)."""
_BLIND = 3
"""So many cars in a row: a driver who thinks again is one (path N)."""
WAITING = (s.AwaitingPayment, s.AwaitingDriver, s.AwaitingOperator)
"""In these a car stands there for as long as its driver likes."""
_LOOK_EVERY_S = 60.0
"""How often the cameras are asked whether anybody stands on a loop that is on for very long."""


def from_any(lane: Lane, at_s: float, timing: Timing) -> Step | None:
    """Find what may happen in every state: a boom off its mount, a loop that is on with nobody there."""
    if isinstance(lane.state, s.Faulted | s.Watching):
        return None
    if not lane.image.attached.on and lane.image.attached.quality.is_good:
        return _boom_off(lane, at_s, timing)
    return _look_at_loop(lane, at_s, timing) or _look_who_waits(lane, at_s, timing)


def _boom_off(lane: Lane, at_s: float, timing: Timing) -> Step:
    """Swing-away boom off its mount, hit or broken: nothing holds a car back (path L).

    The owner has decided whether the lane is then held open; the red light is the PLC's.
    """
    passage = lane.live.id if lane.live else None
    text = "the boom is off its mount: hit or broken"
    closed = close_order(lane, "the boom is broken")
    stopped = replace(lane, held=None).becoming(s.Faulted(Fault.BOOM, at_s, authorisation_of(lane.state)))
    held = (HoldOpen(text),) if timing.policy.hold_broken_open and lane.image.mode is Mode.AUTO else ()
    return Step(stopped, (*closed, RaiseAlarm("boom", passage, text), KeepPicture(passage, "boom"), *held))


def _look_at_loop(lane: Lane, at_s: float, timing: Timing) -> Step | None:
    """Ask the cameras about an approach loop that is on for very long; their answer says whether it is stuck."""
    since_s, live = lane.stand_s, lane.live
    if live is None or since_s is None or lane.stuck or at_s - since_s <= timing.t_stuck_approach_s:
        return None
    if at_s - lane.look_s <= _LOOK_EVERY_S:
        return None
    return Step(replace(lane, look_s=at_s), (Capture(live.id),))


def _look_who_waits(lane: Lane, at_s: float, timing: Timing) -> Step | None:
    """Where no loop tells one car from the next, look again and again who waits there."""
    if not lane.by_camera or lane.live is None or not isinstance(lane.state, WAITING):
        return None
    if at_s - lane.look_s <= timing.t_read_s + 1.0:
        return None
    return Step(replace(lane, look_s=at_s), (Capture(lane.live.id),))


def is_another_car(lane: Lane, read: PlateRead, timing: Timing) -> bool:
    """Say whether the camera, being the trigger, shows another car than the one that waits; a person's word stands."""
    live = lane.live
    if not lane.by_camera or live is None or live.read is None or not isinstance(lane.state, WAITING):
        return False
    by_person = live.checked or live.read.by is not ReadBy.CAMERA
    return not by_person and is_trusted(read, timing) and not is_nearly(read.text, live.read.text)


def stuck(lane: Lane, at_s: float) -> Step:
    """The cameras see nobody on a loop that is on: from now on the camera is the trigger (path M)."""
    closed = close_order(lane, "nobody stands on the loop")
    known = replace(lane, stuck=True, held=None)
    return Step(known.becoming(s.ByCamera(at_s, at_s)), closed)


def is_stuck(lane: Lane, at_s: float, timing: Timing) -> bool:
    """Say whether the approach loop is on for longer than any car would stand there."""
    return lane.stand_s is not None and at_s - lane.stand_s > timing.t_stuck_approach_s


def from_by_camera(lane: Lane, state: s.ByCamera, at_s: float, timing: Timing) -> Step | None:
    """Look again and again who stands there, as long as the loop cannot be believed."""
    if lane.live is None or not lane.by_camera:
        return Step(lane.becoming(s.Idle()))
    if at_s - state.look_s <= timing.t_read_s + 1.0:
        return None
    return Step(lane.becoming(replace(state, look_s=at_s)), (Capture(lane.live.id),))


def did_not_open(lane: Lane, state: s.Opening, at_s: float, timing: Timing) -> Step | None:
    """Find the barrier that does not reach its upper limit (path K): one repeat was the PLC link's, then no more."""
    if at_s - state.since_s <= timing.t_open_s:
        return None
    leave, live = state.authorisation, live_of(lane)
    fault = Fault.NO_START if lane.image.down.is_on else Fault.MID
    kept = (RaiseAlarm("barrier", leave.passage, fault.value), KeepPicture(leave.passage, fault.value))
    revoked = (RevokeGate(leave.passage, live.number, fault.value),) if fault is Fault.NO_START else ()
    return Step(lane.becoming(s.Faulted(fault, at_s, leave, again=state.again)), (*kept, *revoked))


def did_not_close(lane: Lane, state: s.Clearing | s.Closing, at_s: float, timing: Timing) -> Step | None:
    """Raise the alarm when nothing forbids lowering and the boom is not down in `t_close`.

    A PLC that restarts keeps a boom that is not down where it is while somebody waits before it: he needs a leave like
    anybody, and the boom comes down behind him. A drive that has failed is a fault all the same.
    """
    image = lane.image
    if not image.close_permit.is_on or at_s - state.since_s <= timing.t_close_s:
        return None
    if waits_before_boom(lane) and not image.drive_fault.is_on:
        return Step(lane.becoming(s.Idle()))
    passage = lane.live.id if lane.live else None
    fault = Fault.NOT_CLOSED
    return Step(lane.becoming(s.Faulted(fault, at_s)), (RaiseAlarm("barrier", passage, fault.value),))


def from_faulted(lane: Lane, state: s.Faulted, at_s: float) -> Step | None:
    """A fault ends when the limit it waited for is reached: a late barrier, a test opening, a boom that is down.

    Of a boom that was stuck half way an operator has to say that it is whole, and of one that was hit.
    """
    image, leave = lane.image, state.authorisation
    if leave is not None and lane.is_live(leave.passage) and state.fault is Fault.NO_START:
        if image.safety.is_on and not image.down.is_on:
            return under_boom(lane, leave, at_s)
        return Step(lane.becoming(s.Open(leave, at_s))) if image.is_up else None
    match state.fault:
        case Fault.NO_START:
            return Step(lane.becoming(s.Closing(at_s))) if image.up.is_on else None
        case Fault.NOT_CLOSED if image.down.is_on:
            return Step(lane.becoming(s.Idle()))
        case Fault.BOOM if state.pictures < _pictures_due(state, at_s):
            passage = lane.live.id if lane.live else None
            more = replace(state, pictures=_pictures_due(state, at_s))
            return Step(lane.becoming(more), (KeepPicture(passage, "boom"),))
        case _:
            return None


def _pictures_due(state: s.Faulted, at_s: float) -> int:
    """Count the pictures there should be by now; one that was missed is not made up for."""
    return min(1 + int((at_s - state.since_s) / _PICTURE_EVERY_S), _PICTURES)


def confirmed(lane: Lane, event: e.FaultConfirmed) -> Step:
    """A person says that the barrier is whole: believed where mount and a limit switch agree.

    The car for which it was opening may go on.
    """
    state, image = lane.state, lane.image
    if not isinstance(state, s.Faulted) or not image.alive:
        return Step(lane)
    if not image.attached.on or not (image.up.is_on or image.down.is_on):
        return Step(lane)
    leave = state.authorisation
    if state.fault is Fault.MID and leave is not None and lane.is_live(leave.passage) and image.is_up:
        return (
            under_boom(lane, leave, event.at_s)
            if image.safety.is_on
            else Step(lane.becoming(s.Open(leave, event.at_s)))
        )
    return Step(lane.becoming(s.Idle() if image.down.is_on else s.Closing(event.at_s)))


def standing(lane: Lane, at_s: float, timing: Timing) -> dict[str, str]:
    """Give the conditions that need a person for as long as they stand: code and words."""
    image = lane.image
    if not image.alive:
        return dict.fromkeys(lane.standing, "")
    found = {}
    if lane.by_camera:
        found["approach_loop"] = "the approach loop cannot be believed: the camera is the trigger"
    if _is_safety_doubtful(lane, at_s, timing):
        found["safety_loop"] = "the safety loop cannot be believed: no closing"
    if lane.blind >= _BLIND or _is_past_unfelt(lane):
        found["safety_blind"] = "the safety loop may be blind: cars leave an open gate and never come onto it"
    if image.up.is_on and image.down.is_on:
        found["limits"] = "both limit switches of the boom are on"
    if image.drive_fault.is_on:
        found["drive"] = "the drive of the barrier reports a fault"
    if _is_off_while_open(lane):
        found["boom_off"] = "the boom is off its mount while the lane is held open"
    if image.mode is Mode.FIRE:
        found["fire"] = "fire: the boom is up and nothing is billed"
    return found


def _is_off_while_open(lane: Lane) -> bool:
    attached = lane.image.attached
    return isinstance(lane.state, s.Watching) and not attached.on and attached.quality.is_good


def _is_past_unfelt(lane: Lane) -> bool:
    """Say whether a car is on the closing loop already that the safety loop has not felt."""
    is_past = lane.image.closing.is_on and not lane.two_way
    return is_past and isinstance(lane.state, s.Open) and lane.image.up.is_on


def _is_safety_doubtful(lane: Lane, at_s: float, timing: Timing) -> bool:
    stuck_s = timing.t_stuck_safety_s
    return not lane.image.safety.quality.is_good or (lane.safety_s is not None and at_s - lane.safety_s > stuck_s)


def alarms(lane: Lane, at_s: float, timing: Timing) -> Step:
    """Raise the alarm of each condition when it begins."""
    now = standing(lane, at_s, timing)
    if now.keys() == lane.standing:
        return Step(lane)
    passage = lane.live.id if lane.live else None
    raised = tuple(RaiseAlarm(code, passage, text) for code, text in now.items() if code not in lane.standing)
    return Step(replace(lane, standing=frozenset(now)), raised)
