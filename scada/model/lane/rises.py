"""Every rise of the boom gets its one cause (invariant 7)."""

from dataclasses import replace

from scada.model.handshake import RiseCause
from scada.model.lane import states as s
from scada.model.lane.commands import Command, KeepPicture, RaiseAlarm, RecordRise
from scada.model.lane.image import LaneImage
from scada.model.lane.leave import authorisation_of, close_order
from scada.model.lane.states import Fault, Lane, Step
from scada.model.lane.unseen import EXPECTED_RISES, last_cause


def rises(lane: Lane, image: LaneImage, at_s: float) -> Step:
    """Record every rise since the last image; the first image is only a baseline."""
    before = lane.rises
    if before == image.rise_count:
        return Step(lane)
    counted = replace(lane, rises=image.rise_count)
    if before is None or image.rise_count < before:
        return Step(counted)
    done = Step(counted)
    for count in range(before + 1, image.rise_count + 1):
        last = count == image.rise_count
        done = done.then(_rise(done.lane, image, count, last_cause(image) if last else RiseCause.UNKNOWN, at_s))
    return done


def _rise(lane: Lane, image: LaneImage, count: int, cause: RiseCause, at_s: float) -> Step:
    ours = lane.live is not None and lane.live.number == image.rise_passage
    passage = lane.live.id if lane.live is not None and ours else None
    commands: list[Command] = [RecordRise(count, cause, passage, image.rise_passage)]
    if cause in EXPECTED_RISES and (cause is not RiseCause.AUTHORISED or authorisation_of(lane.state) is not None):
        return Step(lane, tuple(commands))
    stands_there = passage or (lane.live.id if lane.live is not None else None)
    text = f"the boom rose and nobody here asked for it ({cause.name.lower()})"
    commands += [
        RaiseAlarm("unexplained_rise", stands_there, text),
        KeepPicture(stands_there, "unexplained rise"),
    ]
    if image.rise_cause is not RiseCause.UNKNOWN or not _is_lifted(lane, cause):
        return Step(lane, tuple(commands))
    closed = close_order(lane, "the boom was lifted")
    stopped = replace(lane, held=None).becoming(s.Faulted(Fault.BOOM, at_s))
    return Step(stopped, (*commands, *closed))


def _is_lifted(lane: Lane, cause: RiseCause) -> bool:
    """Say whether somebody or something lifted the boom: nobody may be let through a lane that is forced open."""
    return cause is RiseCause.UNKNOWN and authorisation_of(lane.state) is None and not isinstance(lane.state, s.Faulted)
