"""Passages begin and end as the PLC numbers them."""

from dataclasses import replace
from typing import assert_never

from scada.model.handshake import PassageOutcome
from scada.model.lane import late, openlane, rises, settling, unseen
from scada.model.lane import states as s
from scada.model.lane.commands import (
    BeginStay,
    Capture,
    Command,
    KeepPicture,
    RaiseAlarm,
    RecordPassage,
)
from scada.model.lane.events import ImageSeen
from scada.model.lane.image import LaneImage
from scada.model.lane.leave import authorisation_of, close_order, due_of
from scada.model.lane.length import crossing, too_long_m
from scada.model.lane.states import Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.unended import Begun
from scada.model.lane.words import Authorisation, Direction, Passage, passage_id
from scada.model.plate import PlateColour

_CAME_BACK = frozenset({PassageOutcome.BACKED_OUT, PassageOutcome.REVERSED_THROUGH, PassageOutcome.UNCERTAIN})
"""The car may stand before the boom again: whose plate the cameras read meanwhile is not sure."""


_LARGE = (PlateColour.YELLOW, PlateColour.LIMEGREEN)
"""Plates of lorries and coaches, which are as long as two cars."""


def image_seen(lane: Lane, event: ImageSeen, timing: Timing) -> Step:
    """Take in the PLC's image: rises first, then the ends of passages, then who is there now."""
    image = event.image
    if not image.alive:
        return Step(replace(lane, image=image))
    was_dark = not lane.image.alive
    done = unseen.rises(lane, image) if was_dark else rises.rises(lane, image, event.at_s)
    done = Step(_looked(done.lane, image, event.at_s), done.commands)
    done = _end_all(done, event.at_s, timing, unseen=was_dark, felt=lane.safety_s is not None)
    done = done.then(unseen.passages(done.lane, event.at))
    if image.passage_now != 0 and done.lane.live is None:
        done = done.then(_begun(done.lane, event, found=was_dark))
    return done.then(_followed(done.lane, event))


def _looked(lane: Lane, image: LaneImage, at_s: float) -> Lane:
    """Keep the image, since when the loops have been on, and since when nothing forbids lowering: `t_close` runs.

    Once a dark PLC is seen again, `t_open` begins anew: first its echo says whether it was told to open at all.
    """
    state = lane.state
    if isinstance(state, s.Clearing | s.Closing) and image.close_permit.is_on and not lane.image.close_permit.is_on:
        state = replace(state, since_s=at_s)
    if isinstance(state, s.Opening) and not lane.image.alive:
        state = replace(state, since_s=at_s)
    stand_s = _since(lane.stand_s, on=image.stand.is_on, at_s=at_s)
    safety_s = _since(lane.safety_s, on=image.safety.is_on, at_s=at_s)
    stuck = lane.stuck and not image.stand.is_off
    crossed = crossing(lane.crossed, at_s, stands=not image.stand.is_off, is_under=not image.safety.is_off)
    live = lane.live
    if live is not None and live.close_behind and image.stand.is_on and live.number == image.passage_now:
        live = replace(live, close_behind=False)
    seen = replace(lane, state=state, image=image, live=live, stand_s=stand_s, safety_s=safety_s)
    return replace(seen, stuck=stuck, crossed=crossed)


def _since(before_s: float | None, *, on: bool, at_s: float) -> float | None:
    if not on:
        return None
    return at_s if before_s is None else before_s


def _end_all(done: Step, at_s: float, timing: Timing, *, unseen: bool, felt: bool) -> Step:
    """End the live passage, and its follower too if both are over since the last image.

    `felt`: somebody was on the safety loop at the last image.
    """
    image = done.lane.image
    while (live := done.lane.live) is not None and live.number != image.passage_now:
        outcome = _outcome(done.lane, live, unseen=unseen)
        done = done.then(_ended(done.lane, live, outcome, at_s, timing, felt=felt))
        follower = done.lane.follower
        if follower is not None and follower.number != image.passage_next:
            known = replace(follower, read=None, stay=None) if outcome in _CAME_BACK else follower
            moved_up = replace(known, close_behind=image.stand.is_off)
            done = Step(replace(done.lane, live=moved_up, follower=None, last=follower.number), done.commands)
    return done


def _outcome(lane: Lane, passage: Passage, *, unseen: bool) -> PassageOutcome:
    """Give how the PLC says that a passage ended; NONE where it no longer says so, or nobody saw which doubt it has."""
    image = lane.image
    if image.passage_last != passage.number:
        return PassageOutcome.NONE
    doubt = image.outcome is PassageOutcome.UNCERTAIN and authorisation_of(lane.state) is not None
    return PassageOutcome.NONE if unseen and doubt else image.outcome


def _begun(lane: Lane, event: ImageSeen, *, found: bool) -> Step:
    """Name the passage that the PLC has numbered.

    `found`: the link has just come (back), so nobody saw how it began.
    """
    image = event.image
    under_boom = image.safety.is_on and not image.stand.is_on
    number = image.passage_now
    live = Passage(passage_id(lane.name, number, event.at), number, event.at, wrong_way=under_boom and not found)
    named = replace(lane, live=live, last=number, direction=_way(lane, image))
    if live.wrong_way:
        return _wrong_way(named, live)
    if found and image.safety.is_on:
        return Step(named.becoming(s.Passing(None, event.at_s)))
    return Step(named, (Capture(live.id),) if openlane.is_open(named) else ())


def _way(lane: Lane, image: LaneImage) -> Direction:
    """Say which way a passage leads: from the inner side of a two-way lane it leads out."""
    if not lane.two_way:
        return lane.direction
    return Direction.EXIT if image.inner_side else Direction.ENTRY


def _wrong_way(lane: Lane, live: Passage) -> Step:
    """Keep a picture; look at its plate where it may be the car that has just come in (`t_annul`)."""
    alarm = RaiseAlarm("wrong_way", live.id, "a vehicle came from the wrong side")
    looks = (Capture(live.id),) if lane.begun is not None else ()
    return Step(lane, (alarm, KeepPicture(live.id, "wrong way"), *looks))


def _followed(lane: Lane, event: ImageSeen) -> Step:
    """Register who waits behind the car under the boom: nobody is forgotten, and he has a plate of his own."""
    number, follower = event.image.passage_next, lane.follower
    if lane.live is None or (follower is not None and follower.number == number):
        return Step(lane)
    left = () if follower is None else (RecordPassage(follower, PassageOutcome.UNCERTAIN, "IN_DOUBT"),)
    if number == 0:
        return Step(lane if follower is None else replace(lane, follower=None), left)
    known = Passage(passage_id(lane.name, number, event.at), number, event.at)
    return Step(replace(lane, follower=known), (*left, Capture(known.id)))


def _ended(
    lane: Lane, passage: Passage, outcome: PassageOutcome, at_s: float, timing: Timing, *, felt: bool = False
) -> Step:
    """Close the books of a passage, by what the PLC's loops prove."""
    done = settling.give_up(lane, passage)
    gone = replace(done.lane, live=None)
    if _may_have_followed(lane, passage, outcome):
        text = "a vehicle may have followed another one without a gap"
        return done.then(_unproven(gone, passage, PassageOutcome.UNCERTAIN, text, at_s))
    match outcome:
        case PassageOutcome.FORWARD:
            return done.then(_completed(gone, passage, at_s, timing))
        case PassageOutcome.BACKED_OUT | PassageOutcome.REVERSED_THROUGH:
            return done.then(_backed_out(gone, passage, outcome, at_s))
        case PassageOutcome.WRONG_WAY:
            return done.then(settling.came_wrong_way(_free(gone, s.Clearing(at_s)), passage, at_s))
        case PassageOutcome.TAILGATE:
            return done.then(_without_leave(gone, passage, at_s, timing))
        case PassageOutcome.UNCERTAIN if not isinstance(lane.state, s.Passing) and not felt:
            return done.then(_in_doubt(gone, passage))
        case PassageOutcome.UNCERTAIN | PassageOutcome.NONE:
            leave = authorisation_of(lane.state)
            waits = lane.image.stand.is_on and _way(lane, lane.image) is lane.direction
            if outcome is PassageOutcome.UNCERTAIN and leave is not None and waits:
                return done.then(settling.unsettled(_free(gone, s.Clearing(at_s)), passage, leave, at_s, timing))
            text = "nobody can tell which way the vehicle went"
            return done.then(_unproven(gone, passage, PassageOutcome.UNCERTAIN, text, at_s))
        case _:
            assert_never(outcome)


def _may_have_followed(lane: Lane, passage: Passage, outcome: PassageOutcome) -> bool:
    """Say whether a follower who never stood alone on the approach loop may have gone through: nobody saw him back."""
    is_open = outcome in (PassageOutcome.BACKED_OUT, PassageOutcome.UNCERTAIN)
    return is_open and passage.close_behind and authorisation_of(lane.state) is None


def _completed(lane: Lane, passage: Passage, at_s: float, timing: Timing) -> Step:
    """Begin or end the stay: the loops prove that the authorised car has passed (invariant 6)."""
    leave = authorisation_of(lane.state)
    if leave is None or leave.passage != passage.id:
        return _without_leave(lane, passage, at_s, timing, PassageOutcome.FORWARD)
    alarm = _too_long(lane, passage, timing)
    return proven(_free(replace(lane, blind=0), s.Clearing(at_s)), passage, leave, at_s, timing).also(*alarm)


def _too_long(lane: Lane, passage: Passage, timing: Timing) -> tuple[Command, ...]:
    """Tell a person of what is too long for one small vehicle: two may have passed under one leave (path B)."""
    length = None if lane.two_way else too_long_m(lane.crossed, timing.geometry)
    if length is None or (passage.read is not None and passage.read.colour in _LARGE):
        return ()
    text = f"{length:.0f} m passed under one leave: a long vehicle, or two close together"
    return RaiseAlarm("too_long", passage.id, text), KeepPicture(passage.id, "too long")


def proven(lane: Lane, passage: Passage, leave: Authorisation, at_s: float, timing: Timing) -> Step:
    """Carry out what the leave was given for: its car has gone through."""
    picture = KeepPicture(passage.id, "passed")
    if lane.direction is Direction.ENTRY:
        record = RecordPassage(passage, PassageOutcome.FORWARD, "NO_PLATE" if passage.read is None else "")
        begun = replace(lane, begun=Begun(passage, at_s + timing.t_annul_s))
        return Step(begun, (BeginStay(passage, leave.reason, leave.by), record, picture))
    return late.left(lane, passage, leave, at_s, timing).also(picture)


def _without_leave(
    lane: Lane,
    passage: Passage,
    at_s: float,
    timing: Timing,
    outcome: PassageOutcome = PassageOutcome.TAILGATE,
) -> Step:
    """A vehicle went through that had no leave: through an open lane, behind another one, or nobody knows why."""
    open_for = openlane.why_open(lane)
    if outcome is PassageOutcome.TAILGATE and not openlane.is_open(lane) and lane.image.mode not in openlane.OPEN_MODES:
        open_for = None
    closed = close_order(lane, "the car is gone")
    after = _free(replace(lane, held=None), s.Clearing(at_s))
    if open_for is not None:
        reason, by = open_for
        return Step(after, closed).then(late.passed_open(after, passage, reason, by, at_s, timing))
    if outcome is PassageOutcome.TAILGATE:
        return Step(after, closed).then(late.tailgated(after, passage, at_s, timing))
    return _unproven(lane, passage, outcome, "a vehicle passed whose leave is not known", at_s)


def _backed_out(lane: Lane, passage: Passage, outcome: PassageOutcome, at_s: float) -> Step:
    """Revoke everything; the stay is unchanged (path A)."""
    fake_exit = lane.direction is Direction.EXIT and authorisation_of(lane.state) is not None
    record = RecordPassage(passage, outcome, "FAKE_EXIT" if fake_exit else "")
    closed = close_order(lane, "the car backed out")
    unfelt = isinstance(lane.state, s.Open) and outcome is PassageOutcome.BACKED_OUT
    free = _free(replace(lane, held=None, blind=lane.blind + 1 if unfelt else lane.blind), s.Closing(at_s))
    return Step(free, (*closed, record, KeepPicture(passage.id, "backed out")))


def _in_doubt(lane: Lane, passage: Passage) -> Step:
    """Freeze what the car owed: the next passage may be the same car (`lanes.md` §6, in doubt)."""
    held = replace(lane, held=due_of(lane))
    return Step(_free(held, s.Idle()), (RecordPassage(passage, PassageOutcome.UNCERTAIN, "IN_DOUBT"),))


def _unproven(lane: Lane, passage: Passage, outcome: PassageOutcome, text: str, at_s: float) -> Step:
    """Nothing begins or ends on a passage that is not proven; a person looks at it."""
    closed = close_order(lane, "the car is gone")
    commands: tuple[Command, ...] = (
        *closed,
        RecordPassage(passage, outcome, "UNCERTAIN"),
        RaiseAlarm("unproven_passage", passage.id, text),
        KeepPicture(passage.id, "unproven passage"),
    )
    return Step(_free(replace(lane, held=None), s.Clearing(at_s)), commands)


def _free(lane: Lane, up: s.State) -> Lane:
    """Go on after a passage, in `up` if the boom is not down; held open or faulted it stays so, without its leave."""
    match lane.state:
        case s.Watching():
            return lane
        case s.Faulted() as state:
            return lane.becoming(replace(state, authorisation=None))
        case _:
            return lane.becoming(s.Idle() if lane.image.down.is_on else up)
