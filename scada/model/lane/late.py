"""Passages that the loops prove and whose stay is not known yet (`lanes.md` §8, paths B, V, W).

Followers, open lanes, local hardware, and cars that a person let out before they were read. They have a debt of
their own. They may be gone before the camera has answered, so that the books of such a passage stay open for a moment.
"""

from dataclasses import replace
from typing import assert_never

from scada.model.handshake import PassageOutcome
from scada.model.lane import events as e
from scada.model.lane.commands import BeginStay, EndStay, FindStay, KeepPicture, RaiseAlarm, RecordPassage
from scada.model.lane.leave import own_stay
from scada.model.lane.states import Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.trust import is_trusted
from scada.model.lane.unended import Late
from scada.model.lane.words import Authorisation, Direction, Ending, Passage, Reason
from scada.model.names import PassageId
from scada.model.plate import PlateRead

MOST = 8
"""So many passages wait for their plates at most; the oldest one is closed as uncertain."""
_BILLING_S = 5.0
"""How long billing may take to find a stay, beyond the camera's time."""


def of(lane: Lane, passage: PassageId) -> Late | None:
    """Give the late passage of this id."""
    return next((late for late in lane.late if late.passage.id == passage), None)


def tailgated(lane: Lane, passage: Passage, at_s: float, timing: Timing) -> Step:
    """Take down a vehicle that followed another one: it inherits nothing (invariant 5)."""
    alarm = RaiseAlarm("tailgate", passage.id, "a vehicle followed without leave")
    picture = KeepPicture(passage.id, "tailgate")
    late = Late(
        passage,
        lane.direction,
        PassageOutcome.TAILGATE,
        Ending.EXIT_TAILGATE,
        Reason.TAILGATE,
        "loops",
        at_s + timing.t_read_s + _BILLING_S,
    )
    return Step(lane, (alarm, picture)).then(_finish_or_wait(lane, late))


def passed_open(lane: Lane, passage: Passage, reason: Reason, by: str, at_s: float, timing: Timing) -> Step:
    """Take down a vehicle that passed while nothing held it back, or under a boom that local hardware raised."""
    late = Late(
        passage,
        lane.direction,
        PassageOutcome.FORWARD,
        Ending.EXIT_OPEN_LANE,
        reason,
        by,
        at_s + timing.t_read_s + _BILLING_S,
    )
    return _finish_or_wait(lane, late)


def left(lane: Lane, passage: Passage, leave: Authorisation, at_s: float, timing: Timing, note: str = "") -> Step:
    """Take down a car that left under a leave: its stay ends, unless that may be another car's."""
    stay = leave.stay or own_stay(passage)
    if stay is not None:
        end = EndStay(stay, passage, leave.reason, leave.by, Ending.EXIT)
        return Step(lane, (end, RecordPassage(passage, PassageOutcome.FORWARD, note)))
    until_s = at_s + timing.t_read_s + _BILLING_S
    late = Late(passage, Direction.EXIT, PassageOutcome.FORWARD, Ending.EXIT, leave.reason, leave.by, until_s)
    return _finish_or_wait(lane, late)


def heard(lane: Lane, late: Late, event: e.PlateSeen | e.StayFound | e.StayNotFound, timing: Timing) -> Step:
    """Take what camera or billing say of a car that is gone already."""
    match event:
        case e.PlateSeen(reading=PlateRead() as read) if is_trusted(read, timing):
            known = replace(late, passage=replace(late.passage.seen(read), read=read))
            if late.leads is Direction.ENTRY:
                return _finished(lane, known)
            return Step(_with(lane, known), (FindStay(known.passage.id, read),))
        case e.PlateSeen(reading=reading):
            return _finished(lane, replace(late, passage=late.passage.seen(reading)))
        case e.StayFound(stay=stay, doubt=doubt) if doubt:
            return _finished(lane, replace(late, passage=replace(late.passage, stay=stay, doubt=doubt), doubtful=True))
        case e.StayFound(stay=stay):
            return _finished(lane, replace(late, passage=replace(late.passage, stay=stay)))
        case e.StayNotFound(candidates=near):
            return _finished(lane, replace(late, doubtful=bool(near) and not late.under_leave))
        case _:
            assert_never(event)


def close_old(lane: Lane, at_s: float) -> Step | None:
    """Close the books of a passage whose camera or whose billing did not answer in time."""
    old = next((late for late in lane.late if at_s > late.until_s), None)
    if old is None:
        return None
    was_never_read = old.under_leave and old.passage.read is None
    return _finished(lane, replace(old, doubtful=not was_never_read))


def _finish_or_wait(lane: Lane, late: Late) -> Step:
    """Finish where all is known, or nothing can be; otherwise wait for the camera, or for billing."""
    if late.passage.doubt:
        return _finished(lane, replace(late, doubtful=True))
    if late.passage.stay is not None or (late.passage.read is not None and late.leads is Direction.ENTRY):
        return _finished(lane, late)
    waiting = replace(lane, late=(*lane.late, late))
    asked = () if late.passage.read is None else (FindStay(late.passage.id, late.passage.read),)
    too_many = _finished(waiting, waiting.late[0]) if len(waiting.late) > MOST else Step(waiting)
    return too_many.also(*asked)


def _with(lane: Lane, known: Late) -> Lane:
    return replace(lane, late=tuple(known if one.passage.id == known.passage.id else one for one in lane.late))


def _finished(lane: Lane, late: Late) -> Step:
    """Begin or end the stay of the car, or say that nobody knows which car it was."""
    rest = replace(lane, late=tuple(one for one in lane.late if one.passage.id != late.passage.id))
    passage = late.passage
    is_unknown = passage.read is None and passage.stay is None and not late.under_leave
    if late.doubtful or is_unknown:
        return Step(rest, (RecordPassage(passage, late.outcome, "UNCERTAIN"),))
    record = RecordPassage(passage, late.outcome, "" if late.under_leave else late.reason.value)
    if late.leads is Direction.ENTRY:
        return Step(rest, (BeginStay(passage, late.reason, late.by), record))
    if passage.stay is None:
        return Step(rest, (RecordPassage(passage, late.outcome, "NO_STAY"),))
    return Step(rest, (EndStay(passage.stay, passage, late.reason, late.by, late.ending), record))
