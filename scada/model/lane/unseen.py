"""What a lane did while nobody watched it, found when its PLC is seen again: told as what it is, uncertain.

The PLC goes on without the server, and its counters say how much was missed. Nobody can say any more which car it
was: the passages are written down as uncertain, and a person is told.
"""

from dataclasses import replace
from datetime import datetime

from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane.commands import Command, RaiseAlarm, RecordPassage, RecordRise
from scada.model.lane.image import LaneImage
from scada.model.lane.states import Lane, Step
from scada.model.lane.words import Passage, passage_id

MOST_ROWS = 100
"""Of a longer absence only the newest are written down one by one; the alarm has the whole number."""
EXPECTED_RISES = (
    RiseCause.AUTHORISED,
    RiseCause.REOPEN,
    RiseCause.HOLD_OPEN,
    RiseCause.FIRE,
    RiseCause.MAINTENANCE,
)


def passages(lane: Lane, at: datetime) -> Step:
    """Record the passages that the PLC has numbered since the last one on record."""
    image, last = lane.image, lane.last
    newest = image.passage_now - 1 if image.passage_now else image.passage_last
    known = (last if newest == 0 else newest) if lane.live is None else lane.live.number
    counted = Step(lane if known == last else replace(lane, last=known))
    if last is None or newest <= last:
        return counted
    numbers = range(last + 1, newest + 1)[-MOST_ROWS:]
    records = [RecordPassage(_passage(lane, number, at), _outcome(image, number), "UNCERTAIN") for number in numbers]
    text = f"{newest - last} passages while the server did not watch: which cars they were is not known"
    return counted.also(*records, RaiseAlarm("unseen_passages", None, text))


def _passage(lane: Lane, number: int, at: datetime) -> Passage:
    return Passage(passage_id(lane.name, number, at), number, at)


def _outcome(image: LaneImage, number: int) -> PassageOutcome:
    """Only of the last one the PLC still says how it ended."""
    return image.outcome if number == image.passage_last else PassageOutcome.UNCERTAIN


def rises(lane: Lane, image: LaneImage) -> Step:
    """Record the rises since the last one on record; only of the last one the PLC still says the cause."""
    before = lane.rises
    counted = Step(replace(lane, rises=image.rise_count))
    if before is None or image.rise_count <= before:
        return counted
    records: list[Command] = [
        RecordRise(count, RiseCause.UNKNOWN, None, 0) for count in range(before + 1, image.rise_count)[-MOST_ROWS:]
    ]
    records.append(_last_rise(lane, image))
    if len(records) == 1 and image.rise_cause in EXPECTED_RISES:
        return counted.also(*records)
    text = f"the boom rose {image.rise_count - before} times while the server did not watch"
    return counted.also(*records, RaiseAlarm("unseen_rises", None, text))


def _last_rise(lane: Lane, image: LaneImage) -> RecordRise:
    ours = lane.live is not None and lane.live.number == image.rise_passage
    passage = lane.live.id if lane.live is not None and ours else None
    return RecordRise(image.rise_count, last_cause(image), passage, image.rise_passage)


def last_cause(image: LaneImage) -> RiseCause:
    """Say why the boom last rose: a PLC whose counters survive a power cut may have forgotten why."""
    return RiseCause.UNKNOWN if image.rise_cause is RiseCause.NONE else image.rise_cause
