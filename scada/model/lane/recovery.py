"""A new server goes on where a former one stopped (`lanes.md` path Q): nothing is replayed, what is open is asked anew.

The lane is the one that the journal's last row left. Most states go on by the PLC's image alone. Whoever waited for an
answer asks again, since the answer went to a process that is no more. A leave that was not commanded yet is decided
anew; of a command on its way, the PLC's image or the book of commands says what became of it.
"""

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, assert_never

from scada.model.handshake import RiseCause
from scada.model.lane import events as e
from scada.model.lane import openlane
from scada.model.lane import states as s
from scada.model.lane.commands import Capture, Command, FindStay
from scada.model.lane.gate import decide_anew, under_boom
from scada.model.lane.leave import authorisation_of
from scada.model.lane.states import Lane, Step
from scada.model.lane.timing import Timing
from scada.model.lane.words import Authorisation, Direction, Fate

T = TypeVar("T")


def recovered(lane: Lane, event: e.Recovered, timing: Timing) -> Step:
    """Take over the lane that a former server left."""
    lane = _shifted(lane, min(event.at_s - event.left_s, 0.0))
    return _taken_over(lane, event, timing).also(*_asked_anew(lane))


def _asked_anew(lane: Lane) -> tuple[Command, ...]:
    """Ask again who has passed, who follows, who is in an open lane or was let out unread: the answers went nowhere."""
    unread = [one for one in (lane.follower, lane.live if openlane.is_open(lane) else None) if one and not one.read]
    gone = [late.passage for late in lane.late if late.leads is Direction.EXIT and late.passage.stay is None]
    looks = tuple(Capture(passage.id) for passage in unread)
    leave = authorisation_of(lane.state)
    if lane.live is not None and lane.direction is Direction.EXIT and leave is not None and leave.stay is None:
        gone += [lane.live] if lane.live.stay is None else []
    return (*looks, *(FindStay(passage.id, passage.read) for passage in gone if passage.read is not None))


def _taken_over(lane: Lane, event: e.Recovered, timing: Timing) -> Step:
    overdue_s = event.at_s - timing.t_answer_s - 1.0
    match lane.state:
        case s.Identifying():
            return Step(lane.becoming(s.Idle()))
        case s.Deciding() | s.Matching() | s.Quoting() as state:
            return Step(lane.becoming(replace(state, since_s=overdue_s, asks=1)))
        case s.AwaitingAcceptance(quote=quote):
            return Step(lane.becoming(s.Quoting(quote.stay, overdue_s)))
        case s.AwaitingPayment(due=due):
            return Step(replace(lane, held=due).becoming(s.Quoting(due.quote.stay, overdue_s)))
        case s.AwaitingOperator(due=s.Due() as due) as state:
            return Step(replace(lane, held=due).becoming(replace(state, due=None, ask_s=event.at_s)))
        case s.Clearing() | s.Closing() as state:
            return Step(lane.becoming(replace(state, since_s=event.at_s)))
        case s.Authorised(authorisation=leave):
            return decide_anew(lane, leave, event.at_s)
        case s.Opening(authorisation=leave) | s.Recovering(authorisation=leave):
            return _answered(lane, leave, event.command, event.at_s)
        case _:
            return Step(lane)


def command_ended(lane: Lane, event: e.CommandDone | e.CommandRefused | e.CommandUnknown) -> Step:
    """Hear what became of a former server's command."""
    if not isinstance(lane.state, s.Recovering):
        return Step(lane)
    match event:
        case e.CommandDone():
            fate = Fate.DONE
        case e.CommandRefused():
            fate = Fate.NOT_DONE
        case e.CommandUnknown():
            fate = Fate.UNKNOWN
        case _:
            assert_never(event)
    return _answered(lane, lane.state.authorisation, fate, event.at_s)


def _answered(lane: Lane, leave: Authorisation, command: Fate, at_s: float) -> Step:
    if command in (Fate.NONE, Fate.NOT_DONE):
        return decide_anew(lane, leave, at_s)
    return Step(lane.becoming(s.Recovering(leave, command)))


def from_recovering(lane: Lane, state: s.Recovering, at_s: float) -> Step | None:
    """Go on with the leave where the PLC has obeyed; decide anew where nobody can say, and the boom did not rise."""
    image, leave = lane.image, state.authorisation
    has_risen = image.rise_cause is RiseCause.AUTHORISED and lane.live is not None
    has_risen = has_risen and lane.live is not None and lane.live.number == image.rise_passage
    match state.command:
        case Fate.DONE:
            return _obeyed(lane, leave, at_s, is_over=has_risen and image.down.is_on)
        case _ if has_risen:
            return _obeyed(lane, leave, at_s, is_over=image.down.is_on)
        case Fate.UNKNOWN:
            return decide_anew(lane, leave, at_s)
        case _:
            return None


def _obeyed(lane: Lane, leave: Authorisation, at_s: float, *, is_over: bool) -> Step:
    """The PLC has let the car go. `is_over`: it has lowered the boom again meanwhile."""
    if is_over:
        return decide_anew(lane, leave, at_s)
    if lane.image.safety.is_on and not lane.image.down.is_on:
        return under_boom(lane, leave, at_s)
    return Step(lane.becoming(s.Open(leave, at_s) if lane.image.is_up else s.Opening(leave, at_s)))


def _shifted(value: T, by_s: float) -> T:
    """Move all monotonic moments: after a restart of the computer its seconds begin anew."""
    if by_s == 0.0:
        return value
    if isinstance(value, tuple):
        return type(value)(_shifted(item, by_s) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    moved = {}
    for part in fields(value):
        content = getattr(value, part.name)
        is_moment = part.name.endswith("_s") and isinstance(content, float)
        moved[part.name] = content + by_s if is_moment else _shifted(content, by_s)
    return replace(value, **moved)
