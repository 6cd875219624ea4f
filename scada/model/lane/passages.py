"""Passages begin and end as the PLC numbers them; every rise of the boom gets its one cause."""

from dataclasses import replace
from typing import assert_never

from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane import states as s
from scada.model.lane import unseen
from scada.model.lane.commands import (
    BeginStay,
    CloseOrder,
    Command,
    EndStay,
    KeepPicture,
    RaiseAlarm,
    RecordPassage,
    RecordRise,
)
from scada.model.lane.events import ImageSeen
from scada.model.lane.image import LaneImage
from scada.model.lane.states import Due, Lane, Step
from scada.model.lane.unseen import EXPECTED_RISES
from scada.model.lane.words import Authorisation, Direction, Ending, Passage, passage_id


def image_seen(lane: Lane, event: ImageSeen) -> Step:
    """Take in the PLC's image: rises first, then the end of one passage and the beginning of the next."""
    image = event.image
    if not image.alive:
        return Step(replace(lane, image=image))
    was_dark = not lane.image.alive
    done = unseen.rises(lane, image) if was_dark else _rises(lane, image)
    done = Step(replace(done.lane, image=image), done.commands)
    live = done.lane.live
    if live is not None and live.number != image.passage_now:
        outcome = image.outcome if image.passage_last == live.number else PassageOutcome.UNCERTAIN
        done = _then(done, _ended(done.lane, live, outcome, event.at_s))
    if was_dark:
        done = _then(done, unseen.passages(done.lane, event.at))
    if image.passage_now != 0 and done.lane.live is None:
        done = _then(done, _begun(done.lane, event, found=was_dark))
    return done


def _then(done: Step, more: Step) -> Step:
    return Step(more.lane, done.commands + more.commands)


def _begun(lane: Lane, event: ImageSeen, *, found: bool) -> Step:
    """Name the passage that the PLC has numbered.

    `found`: the link has just come (back), so nobody saw how it began.
    """
    image = event.image
    under_boom = image.safety.is_on and not image.approach.is_on
    number = image.passage_now
    live = Passage(passage_id(lane.name, number, event.at), number, event.at, wrong_way=under_boom and not found)
    named = replace(lane, live=live, last=number)
    if live.wrong_way:
        alarm = RaiseAlarm("wrong_way", live.id, "a vehicle came from the wrong side")
        return Step(named, (alarm, KeepPicture(live.id, "wrong way")))
    if found and image.safety.is_on:
        return Step(named.becoming(s.Passing(None, event.at_s)))
    return Step(named)


def _ended(lane: Lane, passage: Passage, outcome: PassageOutcome, at_s: float) -> Step:
    """Close the books of a passage, by what the PLC's loops prove."""
    gone = replace(lane, live=None)
    match outcome:
        case PassageOutcome.FORWARD:
            return _completed(gone, passage, at_s)
        case PassageOutcome.BACKED_OUT:
            return _backed_out(gone, passage, at_s)
        case PassageOutcome.WRONG_WAY:
            return Step(gone.becoming(s.Idle()), (RecordPassage(passage, outcome),))
        case PassageOutcome.UNCERTAIN if not isinstance(lane.state, s.Passing):
            return _in_doubt(gone, passage)
        case PassageOutcome.TAILGATE:
            return _unproven(gone, passage, outcome, "a vehicle followed without leave", at_s)
        case PassageOutcome.UNCERTAIN | PassageOutcome.REVERSED_THROUGH | PassageOutcome.NONE:
            return _unproven(gone, passage, outcome, "nobody can tell which way the vehicle went", at_s)
        case _:
            assert_never(outcome)


def _completed(lane: Lane, passage: Passage, at_s: float) -> Step:
    """Begin or end the stay: the loops prove that the authorised car has passed (invariant 6)."""
    cleared = lane.becoming(s.Clearing(at_s))
    leave = authorisation_of(lane.state)
    if leave is None or leave.passage != passage.id:
        return _unproven(lane, passage, PassageOutcome.FORWARD, "a vehicle passed whose leave is not known", at_s)
    picture = KeepPicture(passage.id, "passed")
    if lane.direction is Direction.ENTRY:
        note = "NO_PLATE" if passage.read is None else ""
        record = RecordPassage(passage, PassageOutcome.FORWARD, note)
        return Step(cleared, (BeginStay(passage, leave), record, picture))
    if leave.stay is None:
        return Step(cleared, (RecordPassage(passage, PassageOutcome.FORWARD, "NO_STAY"), picture))
    end = EndStay(leave.stay, passage, leave, Ending.EXIT)
    return Step(cleared, (end, RecordPassage(passage, PassageOutcome.FORWARD), picture))


def _backed_out(lane: Lane, passage: Passage, at_s: float) -> Step:
    """Revoke everything; the stay is unchanged (path A)."""
    fake_exit = lane.direction is Direction.EXIT and authorisation_of(lane.state) is not None
    record = RecordPassage(passage, PassageOutcome.BACKED_OUT, "FAKE_EXIT" if fake_exit else "")
    next_state: s.State = s.Idle() if lane.image.down.is_on else s.Closing(at_s)
    return Step(
        replace(lane, held=None).becoming(next_state),
        (*_close(due_of(lane), "the car backed out"), record, KeepPicture(passage.id, "backed out")),
    )


def _in_doubt(lane: Lane, passage: Passage) -> Step:
    """Freeze what the car owed: the next passage may be the same car (`lanes.md` §6, in doubt)."""
    held = replace(lane, held=due_of(lane)).becoming(s.Idle())
    return Step(held, (RecordPassage(passage, PassageOutcome.UNCERTAIN, "IN_DOUBT"),))


def _unproven(lane: Lane, passage: Passage, outcome: PassageOutcome, text: str, at_s: float) -> Step:
    """Nothing begins or ends on a passage that is not proven; a person looks at it."""
    state: s.State = s.Idle() if lane.image.down.is_on else s.Clearing(at_s)
    return Step(
        replace(lane, held=None).becoming(state),
        (
            *_close(due_of(lane), "the car is gone"),
            RecordPassage(passage, outcome, "UNCERTAIN"),
            RaiseAlarm("unproven_passage", passage.id, text),
            KeepPicture(passage.id, "unproven passage"),
        ),
    )


def authorisation_of(state: s.State) -> Authorisation | None:
    """Give the leave that is out while the lane is in this state."""
    match state:
        case s.Authorised() | s.Opening() | s.Open() | s.Passing() | s.Faulted():
            return state.authorisation
        case _:
            return None


def due_of(lane: Lane) -> Due | None:
    """Give what the car owes under an order that is still open."""
    match lane.state:
        case s.AwaitingPayment(due=due):
            return due
        case s.AwaitingOperator(due=due) if due is not None:
            return due
        case _:
            return lane.held


def _close(due: Due | None, why: str) -> tuple[Command, ...]:
    return () if due is None else (CloseOrder(due.order.id, why),)


def _rises(lane: Lane, image: LaneImage) -> Step:
    """Record every rise since the last image; the first image is only a baseline."""
    before = lane.rises
    counted = replace(lane, rises=image.rise_count)
    if before is None or image.rise_count < before:
        return Step(counted)
    commands: list[Command] = []
    for count in range(before + 1, image.rise_count + 1):
        last = count == image.rise_count
        commands += _rise(lane, image, count, image.rise_cause if last else RiseCause.UNKNOWN)
    return Step(counted, tuple(commands))


def _rise(lane: Lane, image: LaneImage, count: int, cause: RiseCause) -> list[Command]:
    ours = lane.live is not None and lane.live.number == image.rise_passage
    passage = lane.live.id if lane.live is not None and ours else None
    commands: list[Command] = [RecordRise(count, cause, passage, image.rise_passage)]
    if cause not in EXPECTED_RISES or (cause is RiseCause.AUTHORISED and authorisation_of(lane.state) is None):
        text = f"the boom rose and nobody here asked for it ({cause.name.lower()})"
        commands += [RaiseAlarm("unexplained_rise", passage, text), KeepPicture(passage, "unexplained rise")]
    return commands
