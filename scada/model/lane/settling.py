"""Which way did it go? Passages that the loops alone do not settle (`lanes.md` §6, Passing, and path B).

A car left the safety loop while one still stood on the approach loop: the plate of that one tells whether the first
has rolled back, or has gone with another close behind it. A car that came in and reverses out again is told by its
plate, too.
"""

from dataclasses import replace

from scada.model.handshake import PassageOutcome
from scada.model.lane import events as e
from scada.model.lane import late
from scada.model.lane.commands import (
    AnnulStay,
    BeginStay,
    KeepPicture,
    RaiseAlarm,
    RecordPassage,
)
from scada.model.lane.states import Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.trust import is_trusted
from scada.model.lane.unended import Unsettled
from scada.model.lane.words import Authorisation, Direction, Passage
from scada.model.plate import PlateRead, is_nearly

_MOST_LOOKS = 2
"""Reads that say nothing before a person has to look: the burst, and one more."""


def unsettled(lane: Lane, passage: Passage, leave: Authorisation, at_s: float, timing: Timing) -> Step:
    """Wait for the plate of the car that stands on the approach loop."""
    until_s = at_s + _MOST_LOOKS * (timing.t_read_s + 1.0) + 1.0
    waiting = replace(lane, unsettled=Unsettled(passage, lane.direction, leave, until_s))
    return Step(waiting, (KeepPicture(passage.id, "which way"),))


def plate_seen(lane: Lane, event: e.PlateSeen, timing: Timing) -> Step:
    """Settle the passage before by the plate that stands there now."""
    open_ = lane.unsettled
    if open_ is None:
        return Step(lane)
    reading, was = event.reading, open_.passage.read
    if isinstance(reading, PlateRead) and is_trusted(reading, timing) and was is not None:
        if reading.text == was.text:
            return _rolled_back(lane, open_)
        if not is_nearly(reading.text, was.text):
            return _went(lane, open_, event.at_s, timing)
    if open_.looks + 1 >= _MOST_LOOKS:
        return _unknown(lane, open_)
    return Step(replace(lane, unsettled=replace(open_, looks=open_.looks + 1)))


def give_up(lane: Lane, ended: Passage) -> Step:
    """Nobody can say any more: the car that could have told is gone, too."""
    if lane.unsettled is None or lane.unsettled.passage.id == ended.id:
        return Step(lane)
    return _unknown(lane, lane.unsettled)


def too_late(lane: Lane, at_s: float) -> Step | None:
    """Wait no longer than two looks take."""
    if lane.unsettled is None or at_s <= lane.unsettled.until_s:
        return None
    return _unknown(lane, lane.unsettled)


def _rolled_back(lane: Lane, open_: Unsettled) -> Step:
    """The same car: its leave was for the passage before, it is decided anew."""
    record = RecordPassage(open_.passage, PassageOutcome.UNCERTAIN, "ROLLED_BACK")
    return Step(replace(lane, unsettled=None), (record,))


def _went(lane: Lane, open_: Unsettled, at_s: float, timing: Timing) -> Step:
    """Another car stands there: the first one has gone through, under its leave."""
    passage, leave = open_.passage, open_.leave
    settled = replace(lane, unsettled=None)
    if open_.leads is Direction.EXIT:
        return late.left(settled, passage, leave, at_s, timing, "BY_PLATE")
    record = RecordPassage(passage, PassageOutcome.FORWARD, "BY_PLATE")
    return Step(settled, (BeginStay(passage, leave.reason, leave.by), record))


def _unknown(lane: Lane, open_: Unsettled) -> Step:
    text = "nobody can tell which way the vehicle went"
    return Step(
        replace(lane, unsettled=None),
        (
            RecordPassage(open_.passage, PassageOutcome.UNCERTAIN, "UNCERTAIN"),
            RaiseAlarm("unproven_passage", open_.passage.id, text),
        ),
    )


def came_wrong_way(lane: Lane, passage: Passage, at_s: float) -> Step:
    """Take down a car from the wrong side; the stay that it has just begun is annulled (`t_annul`)."""
    begun = lane.begun
    if begun is None or at_s > begun.until_s or not _is_same_car(begun.passage, passage):
        return Step(lane, (RecordPassage(passage, PassageOutcome.WRONG_WAY),))
    annulled = RecordPassage(passage, PassageOutcome.WRONG_WAY, "REVERSED_OUT")
    return Step(replace(lane, begun=None), (AnnulStay(begun.passage.id), annulled))


def _is_same_car(one: Passage, other: Passage) -> bool:
    return one.read is not None and other.read is not None and one.read.text == other.read.text
