"""Who waits behind the car under the boom: a passage of his own, not authorised (path B).

His plate is read while he waits, for he may slip through under the boom that is still up.
"""

from dataclasses import replace
from typing import assert_never

from scada.model.lane import events as e
from scada.model.lane.commands import FindStay
from scada.model.lane.states import Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.trust import is_trusted
from scada.model.lane.words import Direction, Passage
from scada.model.plate import PlateRead, is_nearly


def heard(lane: Lane, who: Passage, event: e.PlateSeen | e.StayFound | e.StayNotFound, timing: Timing) -> Step:
    """Keep plate and stay of the follower; the leader's are never his."""
    match event:
        case e.PlateSeen(reading=PlateRead() as read) if is_trusted(read, timing) and not _is_leader(lane, read):
            known = replace(lane, follower=replace(who.seen(read), read=read))
            asked = (FindStay(who.id, read),) if lane.direction is Direction.EXIT else ()
            return Step(known, asked)
        case e.StayFound(stay=stay, doubt="") if lane.live is None or lane.live.stay != stay:
            return Step(replace(lane, follower=replace(who, stay=stay)))
        case e.PlateSeen(reading=reading):
            return Step(replace(lane, follower=who.seen(reading)))
        case e.StayFound() | e.StayNotFound():
            return Step(lane)
        case _:
            assert_never(event)


def _is_leader(lane: Lane, read: PlateRead) -> bool:
    own = lane.live.read if lane.live is not None else None
    return own is not None and is_nearly(own.text, read.text)
