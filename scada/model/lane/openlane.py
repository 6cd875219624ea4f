"""A lane that holds nobody back: HOLD_OPEN, FIRE, and a barrier that cannot close (`lanes.md` §8).

It reads and counts; it decides nothing and bills nobody.
"""

from dataclasses import replace

from scada.model.handshake import Mode, RiseCause
from scada.model.lane import events as e
from scada.model.lane import states as s
from scada.model.lane.commands import Capture, FindStay
from scada.model.lane.leave import close_order
from scada.model.lane.states import UNGUARDED, Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.trust import is_trusted
from scada.model.lane.words import Direction, Reason
from scada.model.plate import PlateRead

OPEN_MODES = frozenset({Mode.HOLD_OPEN, Mode.FIRE})
LOCAL_CAUSES = frozenset(
    {
        RiseCause.HOLD_OPEN,
        RiseCause.FIRE,
        RiseCause.MAINTENANCE,
        RiseCause.BUTTON,
        RiseCause.HANDSET,
        RiseCause.POWER_FAIL,
    }
)
"""Why a boom may be up without any leave of ours."""


def is_open(lane: Lane) -> bool:
    """Say whether nothing holds a car back."""
    if isinstance(lane.state, s.Faulted):
        return lane.state.fault in UNGUARDED
    return isinstance(lane.state, s.Watching)


def why_open(lane: Lane) -> tuple[Reason, str] | None:
    """Say for what reason, and by whom, a car may pass without leave; None while the lane is guarded."""
    image = lane.image
    if image.mode is Mode.FIRE:
        return Reason.FIRE, "fire panel"
    if is_open(lane):
        by = lane.state.fault.value if isinstance(lane.state, s.Faulted) else "held open"
        return Reason.OPEN_LANE, by
    if image.rise_cause in LOCAL_CAUSES and not image.down.is_on:
        return Reason.OPEN_LANE, image.rise_cause.name.lower()
    return None


def enter(lane: Lane, at_s: float) -> Step | None:
    """Begin to watch once the mode holds the boom up; a passage that is under way with leave is finished first.

    A broken boom stays a fault, whatever the mode: a person has to confirm that it is whole.
    """
    if lane.image.mode not in OPEN_MODES or isinstance(lane.state, s.Watching):
        return None
    if isinstance(lane.state, s.Passing) and lane.live is not None:
        return None
    if isinstance(lane.state, s.Faulted) and lane.state.fault is s.Fault.BOOM:
        return None
    closed = close_order(lane, "the lane is held open")
    unread = lane.live is not None and lane.live.read is None
    looks = (Capture(lane.live.id),) if lane.live is not None and unread else ()
    return Step(replace(lane, held=None).becoming(s.Watching(at_s)), (*closed, *looks))


def from_watching(lane: Lane, at_s: float) -> Step | None:
    """Guard the lane again when the mode has ended: whoever stands there is decided anew."""
    if lane.image.mode in OPEN_MODES:
        return None
    if lane.live is None and not lane.image.down.is_on:
        return Step(lane.becoming(s.Closing(at_s)))
    return Step(lane.becoming(s.Idle()))


def plate_seen(lane: Lane, event: e.PlateSeen, timing: Timing) -> Step:
    """Keep the plate, and at an exit look for its stay."""
    live = lane.live
    if live is None or not isinstance(event.reading, PlateRead) or not is_trusted(event.reading, timing):
        return Step(lane)
    same = live.checked or (live.read is not None and live.read.text == event.reading.text)
    known = live if same else replace(live, stay=None, doubt="")
    named = replace(lane, live=replace(known, read=event.reading))
    asked = (FindStay(live.id, event.reading),) if lane.direction is Direction.EXIT else ()
    return Step(named, asked)


def stay_found(lane: Lane, event: e.StayFound) -> Step:
    """Keep the stay, unless it may be another car's: it ends when the loops prove that its car has left."""
    live = lane.live
    if live is None:
        return Step(lane)
    if event.person:
        return Step(replace(lane, live=replace(live, stay=event.stay, checked=True, doubt="")))
    if event.doubt and not live.checked:
        return Step(replace(lane, live=replace(live, doubt=event.doubt)))
    return Step(replace(lane, live=replace(live, stay=event.stay)))
