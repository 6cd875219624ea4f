"""The modes that people ask for (`lanes.md` §8): for which reasons, for how long, and when a lane may take them.

A question that begins with `why_not` gives words for people; none means that nothing stands against it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from scada.model.handshake import Mode
from scada.model.lane.image import LaneImage
from scada.model.lane.states import Faulted, Lane
from scada.model.lane.words import BOTH_WAYS, Direction


class ModeReason(Enum):
    """Why somebody holds a lane open or locks it."""

    QUEUE = "QUEUE"
    EVENT = "EVENT"
    EQUIPMENT = "EQUIPMENT"
    EMERGENCY = "EMERGENCY"
    WORK = "WORK"
    SECURITY = "SECURITY"
    NIGHT = "NIGHT"
    OTHER = "OTHER"
    TEST = "TEST"


HOLD_OPEN_REASONS = (
    ModeReason.QUEUE,
    ModeReason.EVENT,
    ModeReason.EQUIPMENT,
    ModeReason.EMERGENCY,
    ModeReason.WORK,
    ModeReason.OTHER,
)
LOCK_REASONS = (
    ModeReason.EQUIPMENT,
    ModeReason.WORK,
    ModeReason.SECURITY,
    ModeReason.NIGHT,
    ModeReason.EMERGENCY,
    ModeReason.OTHER,
)
"""OTHER needs a note. TEST is in neither list: a test opening is asked for as such."""

TIDES = {
    "entry": frozenset({Direction.ENTRY}),
    "exit": frozenset({Direction.EXIT}),
    "both": BOTH_WAYS,
}
"""The ways a tidal lane may be turned to."""

ALONE_MIN = 10
"""Longer than this nobody holds a lane open alone,"""
WITHIN = timedelta(hours=1)
"""and several times within an hour not longer than this together."""
LONGEST_MIN = 720
TEST_S = 60.0
"""A test opening ends by itself."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A mode that somebody asks for, until when, and who stands for it besides."""

    mode: Mode
    by: str
    reason: ModeReason | None = None
    note: str = ""
    second: str = ""
    until: datetime | None = None


def why_second(minutes: int, alone: Iterable[tuple[datetime, datetime]], now: datetime) -> str:
    """Say why a second person must stand for holding open so long; nothing if none must.

    `alone`: from when to when the lane was held open in one person's name.
    """
    if minutes > ALONE_MIN:
        return f"above {ALONE_MIN} minutes a second person is needed"
    spans = (min(ended, now) - max(began, now - WITHIN) for began, ended in alone)
    so_far = sum((span for span in spans if span > timedelta()), timedelta())
    if so_far + timedelta(minutes=minutes) <= timedelta(minutes=ALONE_MIN):
        return ""
    return f"above {ALONE_MIN} minutes within an hour a second person is needed"


def why_not_hold_open(image: LaneImage) -> str:
    """Hold open from AUTO only: whatever outranks it ends first."""
    return _why_not_ask(image) or _why_not_in(image, Mode.AUTO)


def why_not_test(image: LaneImage) -> str:
    """Test with nobody there: an opening for somebody always needs a passage."""
    if why := why_not_hold_open(image) or _why_not_clear(image):
        return why
    return "" if image.approach.is_off and image.passage_now == 0 else "a test opening needs an empty lane"


def why_not_lock(image: LaneImage, *, leads_out: bool, other_exit_open: bool) -> str:
    """Lock nobody in, and lower on nobody."""
    if why := _why_not_ask(image) or _why_not_in(image, Mode.AUTO, Mode.HOLD_OPEN) or _why_not_clear(image):
        return why
    return "no other exit is open" if leads_out and not other_exit_open else ""


def why_not_auto(image: LaneImage) -> str:
    """End what a person has asked for; the PLC lowers the boom on nobody."""
    if why := _why_not_ask(image):
        return why
    return (
        "the lane is in mode AUTO already"
        if image.mode is Mode.AUTO
        else _why_not_in(image, Mode.HOLD_OPEN, Mode.LOCKED)
    )


def why_not_leave_resync(image: LaneImage, *, is_seen: bool) -> str:
    """Leave RESYNC on a person's word: only with nobody under the boom, and where he could look."""
    if not image.alive:
        return "the PLC does not answer"
    if image.mode is not Mode.RESYNC:
        return "the lane is not in RESYNC"
    return _why_not_clear(image) or ("" if is_seen else "no camera shows the lane")


def why_not_confirm(lane: Lane) -> str:
    """Believe a person that the barrier is whole where its mount and a limit switch agree."""
    image = lane.image
    if not image.alive:
        return "the PLC does not answer"
    if not isinstance(lane.state, Faulted):
        return "the lane has no fault"
    if not image.attached.is_on:
        return "the boom is not on its mount"
    return "" if image.up.is_on or image.down.is_on else "the boom is at neither limit"


def why_not_turn(ways: frozenset[Direction], *, is_tidal: bool, other_exit_open: bool) -> str:
    """Turn a lane that leads one way at a time; never the last way out."""
    if not is_tidal:
        return "this lane has no tides"
    return "no other exit is open" if Direction.EXIT not in ways and not other_exit_open else ""


def _why_not_ask(image: LaneImage) -> str:
    if not image.alive:
        return "the PLC does not answer"
    return "" if image.claimed else "this server does not hold the lane"


def _why_not_in(image: LaneImage, *modes: Mode) -> str:
    return "" if image.mode in modes else f"the lane is in mode {image.mode.name}"


def _why_not_clear(image: LaneImage) -> str:
    if _is_doubtful(image):
        return "the safety loop or the beam cannot be believed"
    return "" if _is_clear(image) else "a vehicle stands under the boom"


def _is_doubtful(image: LaneImage) -> bool:
    return not (image.safety.quality.is_good and image.beam.quality.is_good)


def _is_clear(image: LaneImage) -> bool:
    return image.safety.is_off and image.beam.is_off
