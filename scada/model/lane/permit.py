"""From the car on the loop to its plate, and at an entry to its leave; what an exit does then is in `paying`."""

from dataclasses import replace

from scada.model.handshake import Mode
from scada.model.lane import events as e
from scada.model.lane import faults, gate, openlane, settling
from scada.model.lane import states as s
from scada.model.lane.commands import AskAdmission, Capture, FindStay
from scada.model.lane.leave import authorisation_of, close_order, is_by_person, live_of, needs_person
from scada.model.lane.states import Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.trust import is_trusted, shows_nobody
from scada.model.lane.words import Authorisation, Direction, Reason
from scada.model.names import StayId
from scada.model.plate import PlateRead, PlateUnread, ReadBy, is_nearly

_MOST_TRIES = 3
"""Bursts for one car: one try a visit is a known failing (`lanes.md` path E)."""
_CAMERA_SLACK_S = 1.0
"""The camera answers within `t_read`; this much later it is taken for gone."""

BEFORE_LEAVE = (
    s.Identifying,
    s.Deciding,
    s.Matching,
    s.Quoting,
    s.AwaitingAcceptance,
    s.AwaitingPayment,
    s.AwaitingDriver,
    s.AwaitingOperator,
    s.ByCamera,
)


def from_idle(lane: Lane, at_s: float) -> Step | None:
    """Begin with the car that stands on the approach loop, in AUTO only; one under the boom passes already.

    Whoever then stands on the approach loop may be the next one: his plate and his money are not the first one's.
    """
    live = lane.live
    if live is None or live.wrong_way or lane.image.mode is not Mode.AUTO:
        return None
    if lane.image.safety.is_on and not lane.image.down.is_on:
        return Step(lane.becoming(s.Passing(None, at_s)))
    if lane.by_camera:
        return Step(lane.becoming(s.ByCamera(at_s, at_s)), (Capture(live.id),))
    if not lane.image.stand.is_on:
        return None
    if lane.two_way and lane.direction not in lane.ways:
        closed = s.AwaitingDriver("this lane leads the other way now", at_s, _MOST_TRIES, sent_back=True)
        return Step(lane.becoming(closed))
    return Step(lane.becoming(s.Identifying(at_s)), (Capture(live.id),))


def tide_turned(lane: Lane, event: e.TideTurned) -> Step:
    """Open a two-way lane for other ways; a car that has been sent back for the old ones is looked at anew."""
    turned = replace(lane, ways=event.ways)
    waits = isinstance(lane.state, s.AwaitingDriver) and lane.state.sent_back and lane.direction not in lane.ways
    return Step(turned.becoming(s.Idle()) if waits else turned)


def plate_seen(lane: Lane, event: e.PlateSeen, timing: Timing) -> Step:
    """Take the camera's word where somebody waits for it; what it says of the car before is settled first."""
    kept = replace(lane, live=live_of(lane).seen(event.reading))
    done = settling.plate_seen(kept, event, timing)
    return done.then(_seen(done.lane, event, timing))


def _seen(lane: Lane, event: e.PlateSeen, timing: Timing) -> Step:
    if openlane.is_open(lane):
        return openlane.plate_seen(lane, event, timing)
    if live_of(lane).wrong_way:
        return _seen_wrong_way(lane, event, timing)
    if faults.is_stuck(lane, event.at_s, timing) and shows_nobody(event.reading) and _may_be_nobody(lane.state):
        return faults.stuck(lane, event.at_s)
    match lane.state, event.reading:
        case _, PlateRead() as read if faults.is_another_car(lane, read, timing):
            return _another_car(lane, read, event.at_s)
        case s.Identifying() | s.AwaitingDriver(sent_back=False) | s.ByCamera(), PlateRead() as read:
            return _read(lane, read, event.at_s, timing)
        case s.Identifying(), PlateUnread(why=why):
            return _unread(lane, why, event.reading, event.at_s, timing)
        case _, PlateRead() as read if is_trusted(read, timing) and _may_name(lane, event.at_s, timing):
            return _named_late(lane, read)
        case s.Open(), _:
            return gate.plate_seen_open(lane, event, timing)
        case s.Clearing() | s.Closing() | s.Tailgated(), PlateRead() as read if is_trusted(read, timing):
            return _seen_behind(lane, read)
        case _:
            return Step(lane)


def _read(lane: Lane, read: PlateRead, at_s: float, timing: Timing) -> Step:
    known = live_of(lane).read
    if isinstance(lane.state, s.AwaitingDriver) and known is not None and is_nearly(known.text, read.text):
        return Step(lane)
    if is_trusted(read, timing):
        return _plate_known(lane, read, at_s)
    if isinstance(lane.state, s.Identifying):
        return Step(lane.becoming(s.AwaitingDriver("the plate was read too weakly", at_s)))
    return Step(lane)


def _unread(lane: Lane, why: str, reading: PlateUnread, at_s: float, timing: Timing) -> Step:
    """Ask the driver; where the cameras are off and the owner wants it so, an entry opens (path R)."""
    cameras_off = reading.frames == 0
    if lane.direction is Direction.ENTRY and cameras_off and timing.policy.admit_unread:
        return authorise(lane, None, Reason.ADMITTED, "policy: cameras off", at_s, timing)
    return Step(lane.becoming(s.AwaitingDriver(why, at_s)))


def _seen_behind(lane: Lane, read: PlateRead) -> Step:
    """Keep the plate of a car that comes behind another one: it may go through before anybody has begun with it."""
    live = live_of(lane)
    return Step(lane if live.read is not None else replace(lane, live=replace(live, read=read)))


def _another_car(lane: Lane, read: PlateRead, at_s: float) -> Step:
    """Begin anew with the car that the camera shows; what the one before it was asked to pay is not this one's."""
    closed = close_order(lane, "another car stands there")
    known = _plate_known(replace(lane, held=None), read, at_s)
    return Step(known.lane, closed + known.commands)


def _may_name(lane: Lane, at_s: float, timing: Timing) -> bool:
    """Say whether a burst that answers after the leave was given surely shows this car, and not the one behind it.

    It was begun before the boom opened, and takes `t_read` at most: whoever has moved up since is on the loop.
    """
    if lane.live is None or lane.live.read is not None or authorisation_of(lane.state) is None:
        return False
    if isinstance(lane.state, s.Passing):
        alone = lane.follower is None and lane.image.passage_next == 0
        return alone and at_s - lane.state.since_s <= timing.t_read_s
    return lane.is_certain


def _named_late(lane: Lane, read: PlateRead) -> Step:
    """Name a car whose leave came before its plate: at an exit its stay ends when it has passed."""
    live = live_of(lane)
    asked = (FindStay(live.id, read),) if lane.direction is Direction.EXIT else ()
    return Step(replace(lane, live=replace(live, read=read)), asked)


def _may_be_nobody(state: s.State) -> bool:
    return isinstance(state, s.Identifying | s.AwaitingDriver | s.AwaitingOperator | s.Idle)


def _seen_wrong_way(lane: Lane, event: e.PlateSeen, timing: Timing) -> Step:
    """Keep the plate of a car from the wrong side: it may have come in a moment ago."""
    if not isinstance(event.reading, PlateRead) or not is_trusted(event.reading, timing):
        return Step(lane)
    return Step(replace(lane, live=replace(live_of(lane), read=event.reading)))


def plate_corrected(lane: Lane, event: e.PlateCorrected) -> Step:
    """Take the word of the driver or the operator, as long as no leave is out."""
    by_person = event.read.by is ReadBy.OPERATOR
    if not isinstance(lane.state, BEFORE_LEAVE) or (needs_person(lane.state) and not by_person):
        return Step(lane)
    closed = close_order(lane, "the plate was corrected")
    if _contradicts(lane, event.read):
        why = "the driver names another plate than the camera has read"
        doubted = replace(lane, held=None, live=replace(live_of(lane), doubt=why))
        return Step(doubted.becoming(s.AwaitingOperator(why, event.at_s, only_person=True)), closed)
    known = _plate_known(replace(lane, held=None), event.read, event.at_s)
    return Step(known.lane, closed + known.commands)


def _contradicts(lane: Lane, said: PlateRead) -> bool:
    """Say whether a driver's word stands against a sure read: he might name a car that is let in, or off."""
    seen = live_of(lane).read
    by_both = seen is not None and seen.by is ReadBy.CAMERA and said.by is ReadBy.DRIVER
    return by_both and seen is not None and seen.text != said.text


def _plate_known(lane: Lane, read: PlateRead, at_s: float) -> Step:
    live = live_of(lane)
    checked = read.by is ReadBy.OPERATOR
    named = replace(lane, live=replace(live, read=read, stay=None, checked=checked, doubt=""))
    if lane.direction is Direction.ENTRY:
        return Step(named.becoming(s.Deciding(read, at_s)), (AskAdmission(live.id, read),))
    return Step(named.becoming(s.Matching(read, at_s)), (FindStay(live.id, read),))


def from_identifying(lane: Lane, state: s.Identifying, at_s: float, timing: Timing) -> Step | None:
    """Wait for the camera no longer than it may take."""
    if at_s - state.since_s <= timing.t_read_s + _CAMERA_SLACK_S:
        return None
    return Step(lane.becoming(s.AwaitingDriver("the camera does not answer", at_s)))


def from_awaiting_driver(lane: Lane, state: s.AwaitingDriver, at_s: float, timing: Timing) -> Step | None:
    """Let the cameras try again a few times; ask again what may change by itself; then call a person."""
    live, waited_s = live_of(lane), at_s - state.since_s
    if state.again_s is not None and live.read is not None:
        if at_s <= state.again_s:
            return None
        asked = s.Deciding(live.read, at_s, waits_s=state.since_s)
        return Step(lane.becoming(asked), (AskAdmission(live.id, live.read),))
    if waited_s > timing.t_help_s:
        return Step(lane.becoming(s.AwaitingOperator(state.why, at_s, only_person=state.sent_back)))
    if live.read is None and state.tries < _MOST_TRIES and waited_s > state.tries * (timing.t_read_s + 1):
        return Step(lane.becoming(replace(state, tries=state.tries + 1)), (Capture(live.id),))
    return None


def admitted(lane: Lane, event: e.Admitted, timing: Timing) -> Step:
    """Authorise an entry."""
    if not isinstance(lane.state, s.Deciding):
        return Step(lane)
    return authorise(lane, None, event.reason, "admission", event.at_s, timing)


def not_admitted(lane: Lane, event: e.NotAdmitted, timing: Timing) -> Step:
    """Tell the driver why not; ask again where that may change, call a person where one must look."""
    if not isinstance(lane.state, s.Deciding):
        return Step(lane)
    if event.person:
        return Step(lane.becoming(s.AwaitingOperator(event.why, event.at_s, only_person=True)))
    since_s = event.at_s if lane.state.waits_s is None else lane.state.waits_s
    again_s = event.at_s + timing.t_again_s if event.again else None
    return Step(lane.becoming(s.AwaitingDriver(event.why, since_s, again_s=again_s)))


def rejected(lane: Lane, event: e.Rejected) -> Step:
    """Ask the driver to back out."""
    if not isinstance(lane.state, BEFORE_LEAVE):
        return Step(lane)
    closed = close_order(lane, "the car was sent back")
    state = s.AwaitingDriver(f"sent back by {event.by}: {event.reason}", event.at_s, _MOST_TRIES, sent_back=True)
    return Step(replace(lane, held=None).becoming(state), closed)


def help_called(lane: Lane, event: e.HelpCalled) -> Step:
    """Open a case because the driver calls; what he owes stays on the display."""
    match lane.state:
        case s.AwaitingPayment(due=due):
            return Step(lane.becoming(s.AwaitingOperator("the driver calls", event.at_s, due)))
        case s.AwaitingDriver() as state:
            only_person = needs_person(state)
            return Step(lane.becoming(s.AwaitingOperator("the driver calls", event.at_s, only_person=only_person)))
        case _:
            return Step(lane)


def authorise(lane: Lane, stay: StayId | None, reason: Reason, by: str, at_s: float, timing: Timing) -> Step:
    """Give leave to the car of the live passage, and to no other; where the loop is faulty, a person confirms."""
    leave = Authorisation(live_of(lane).id, stay, reason, by, at_s + timing.t_authorised_s)
    if lane.by_camera and not is_by_person(leave):
        why = "the approach loop is faulty: is the car there?"
        return Step(lane.becoming(s.AwaitingOperator(why, at_s, only_person=True)))
    if lane.image.mode is Mode.LOCKED:
        return Step(lane.becoming(_while_locked(lane, stay, at_s, timing)))
    return Step(lane.becoming(s.Authorised(leave, at_s)))


def _while_locked(lane: Lane, stay: StayId | None, at_s: float, timing: Timing) -> s.State:
    """Give no leave in a locked lane (`lanes.md` §8); what would have given it is asked again."""
    why, again_s = "the lane is locked", at_s + timing.t_again_s
    if stay is None and live_of(lane).read is not None:
        return s.AwaitingDriver(why, at_s, again_s=again_s)
    return s.AwaitingOperator(why, at_s, ask_s=again_s)
