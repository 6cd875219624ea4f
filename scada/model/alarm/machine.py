"""The state machine of one alarm: `step(memory, design, event, moment)`, every row of the table of `hmi.md` §3.

Under an overlay the condition goes on being evaluated; only the announcement stops. A condition that is not known
holds the state, and the delays stand still. Nobody but a person acknowledges, but where a design says otherwise.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final, assert_never

from scada.model.alarm.memory import Design, Memory, Moment, Shelf, State


class Change(Enum):
    """What has happened to an alarm; the value is the word of the journal."""

    RAISED = "raised"
    RETURNED = "returned"
    ACKNOWLEDGED = "acknowledged"
    CALLED_AGAIN = "called again"
    RESET = "reset"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    TAKEN_OUT = "taken out of service"
    PLACED_BACK = "placed in service"
    UNKNOWN = "condition unknown"
    KNOWN = "condition known"
    ANNOUNCED = "announced after an overlay"


CALLS: Final = frozenset({Change.RAISED, Change.CALLED_AGAIN, Change.ANNOUNCED})
"""The changes by which an alarm calls for a person."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The condition holds, or does not; None: nobody can tell, for what it looks at is not good."""

    holds: bool | None


@dataclass(frozen=True, slots=True)
class Occurred:
    """It has happened, so many times: what a counter counted, or what the journal told."""

    times: int = 1


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing but time has passed."""


@dataclass(frozen=True, slots=True)
class Worsened:
    """What stands has got worse: its next limit, or a higher priority."""


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A person has seen it."""


@dataclass(frozen=True, slots=True)
class Reset:
    """A person lets go of what is latched."""


@dataclass(frozen=True, slots=True)
class Shelve:
    """A person puts it aside until a time; None: until it has returned, and no longer than its design lets it."""

    until: datetime | None


@dataclass(frozen=True, slots=True)
class Unshelve:
    """A person takes it back."""


@dataclass(frozen=True, slots=True)
class Suppress:
    """The logic of the plant suppresses it, or no longer does."""

    on: bool


@dataclass(frozen=True, slots=True)
class TakeOut:
    """It is taken out of service for maintenance, or (not `on`) placed in service again."""

    on: bool


Event = Seen | Occurred | TimePassed | Worsened | Acknowledge | Reset | Shelve | Unshelve | Suppress | TakeOut


@dataclass(frozen=True, slots=True)
class Step:
    """What is remembered after an event, and what has happened, in order."""

    memory: Memory
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class NotNow:
    """What a person asked for is not possible in this state."""

    why: str


def step(memory: Memory, design: Design, event: Event, now: Moment) -> Step | NotNow:
    """Let one event act on an alarm; only what a person asks for can be refused."""
    taken = _taken(_aged(memory, now), design, event, now)
    return taken if isinstance(taken, NotNow) else _settled(taken, design, now)


def due_s(memory: Memory, design: Design, now: Moment) -> float | None:
    """Say in how many seconds time alone changes something; None if it does not."""
    waits = []
    if memory.seen is not memory.active and not memory.unknown and not _stands_for_person(memory, design):
        waits.append((design.off_delay_s if memory.active else design.on_delay_s) - memory.waited_s)
    if memory.shelf is not None:
        waits.append((memory.shelf.until - now.at).total_seconds())
    if _calls_again(memory, design):
        waits.append(design.re_alarm_s - memory.acked_s)
    return max(0.0, min(waits)) if waits else None


def _aged(memory: Memory, now: Moment) -> Memory:
    """Let the time since the last look count."""
    passed_s = 0.0 if memory.looked_s is None else max(0.0, now.s - memory.looked_s)
    turning = memory.seen is not memory.active and not memory.unknown
    acked = memory.state is State.ACKED and not memory.is_covered
    return replace(
        memory,
        looked_s=now.s,
        waited_s=memory.waited_s + passed_s if turning else memory.waited_s,
        acked_s=memory.acked_s + passed_s if acked else 0.0,
    )


def _taken(memory: Memory, design: Design, event: Event, now: Moment) -> Step | NotNow:
    match event:
        case Seen(holds):
            return _seen(memory, design, holds, now.s)
        case Occurred(times):
            return _counted(replace(memory, waited_s=0.0), design, times, now.s)
        case TimePassed():
            return Step(memory)
        case Worsened():
            return _worsened(memory)
        case Acknowledge():
            return _acknowledged(memory, design)
        case Reset():
            return _reset(memory)
        case Shelve(until):
            return _shelved(memory, design, until, now.at)
        case Unshelve():
            return NotNow("it is not shelved") if memory.shelf is None else _unshelved(memory)
        case Suppress(on):
            return _suppressed(memory, on)
        case TakeOut(on):
            return _taken_out(memory, on)
        case never:
            assert_never(never)


def _seen(memory: Memory, design: Design, holds: bool | None, now_s: float) -> Step:
    if holds is None:
        return Step(replace(memory, unknown=True), () if memory.unknown else (Change.UNKNOWN,))
    known = (Change.KNOWN,) if memory.unknown else ()
    turned = holds is not memory.seen
    after = replace(memory, unknown=False, seen=holds, waited_s=0.0 if turned else memory.waited_s)
    if turned and holds and design.count:
        return _after(known, _counted(after, design, 1, now_s))
    return Step(after, known)


def _counted(memory: Memory, design: Design, times: int, now_s: float) -> Step:
    """Count how often it has come; a design that counts waits until it was often enough."""
    if not design.count:
        return _raised(memory, design)
    fresh = tuple(s for s in memory.rises if now_s - s <= design.count_s)
    rises = (fresh + (now_s,) * times)[-design.count :]
    after = replace(memory, rises=rises)
    return _raised(after, design) if len(rises) >= design.count else Step(after)


def _raised(memory: Memory, design: Design) -> Step:
    if memory.active:
        return Step(memory)
    raised = replace(
        memory, active=True, unacked=True, latched=design.latching, waited_s=0.0, rises=(), acked_s=0.0, re_alarms=0
    )
    return Step(raised, (Change.RAISED,))


def _worsened(memory: Memory) -> Step:
    if memory.state is not State.ACKED:
        return Step(memory)
    return Step(replace(memory, unacked=True, acked_s=0.0), (Change.CALLED_AGAIN,))


def _acknowledged(memory: Memory, design: Design) -> Step | NotNow:
    if not memory.unacked:
        return NotNow("there is nothing to acknowledge")
    after = Step(replace(memory, unacked=False, acked_s=0.0), (Change.ACKNOWLEDGED,))
    is_over = design.once and memory.active and not memory.seen
    return _returned(after, design) if is_over else after


def _reset(memory: Memory) -> Step | NotNow:
    if memory.state is not State.LTCH:
        return NotNow("only what is latched, acknowledged and no longer there is reset")
    return Step(replace(memory, latched=False), (Change.RESET,))


def _shelved(memory: Memory, design: Design, until: datetime | None, at: datetime) -> Step | NotNow:
    if until is None and not memory.active:
        return NotNow("it does not stand now: there is nothing to shelve until it returns")
    if until is not None and not at < until <= at + design.shelve_most:
        return NotNow(f"it may be shelved for {design.shelve_most.total_seconds() / 60:.0f} min at most")
    shelf = Shelf(at + design.shelve_most, one_shot=True) if until is None else Shelf(until)
    return Step(replace(memory, shelf=shelf), (Change.SHELVED,))


def _unshelved(memory: Memory) -> Step:
    return _uncovered(Step(replace(memory, shelf=None), (Change.UNSHELVED,)))


def _suppressed(memory: Memory, on: bool) -> Step:
    if on is memory.suppressed:
        return Step(memory)
    after = replace(memory, suppressed=on)
    return Step(after, (Change.SUPPRESSED,)) if on else _uncovered(Step(after, (Change.UNSUPPRESSED,)))


def _taken_out(memory: Memory, on: bool) -> Step | NotNow:
    if on is memory.out_of_service:
        return NotNow("it is out of service already" if on else "it is in service")
    after = replace(memory, out_of_service=on)
    return Step(after, (Change.TAKEN_OUT,)) if on else _uncovered(Step(after, (Change.PLACED_BACK,)))


def _uncovered(done: Step) -> Step:
    """Go on without an overlay: what stands is announced anew. Under another one nothing is."""
    memory = done.memory
    if memory.is_covered:
        return done
    if not memory.active:
        return Step(replace(memory, unacked=False), done.changes)
    return Step(replace(memory, unacked=True, acked_s=0.0), (*done.changes, Change.ANNOUNCED))


def _returned(done: Step, design: Design) -> Step:
    memory = done.memory
    after = replace(memory, active=False, unacked=memory.unacked and not design.auto_ack, waited_s=0.0, acked_s=0.0)
    returned = Step(after, (*done.changes, Change.RETURNED))
    is_one_shot = after.shelf is not None and after.shelf.one_shot
    return _after(returned.changes, _unshelved(after)) if is_one_shot else returned


def _settled(done: Step, design: Design, now: Moment) -> Step:
    """Carry out what time makes due: a delay that is over, a shelf's end, a call once more."""
    done = _delayed(done, design)
    shelf = done.memory.shelf
    if shelf is not None and now.at >= shelf.until:
        done = _after(done.changes, _unshelved(done.memory))
    if _calls_again(done.memory, design) and done.memory.acked_s >= design.re_alarm_s:
        again = replace(done.memory, re_alarms=done.memory.re_alarms + 1)
        done = _after(done.changes, _worsened(again))
    return done


def _delayed(done: Step, design: Design) -> Step:
    memory = done.memory
    if memory.unknown or memory.seen is memory.active:
        return done
    if memory.active:
        waits = memory.waited_s < design.off_delay_s or _stands_for_person(memory, design)
        return done if waits else _returned(done, design)
    return done if memory.waited_s < design.on_delay_s else _after(done.changes, _raised(memory, design))


def _stands_for_person(memory: Memory, design: Design) -> bool:
    """Say whether it stands until somebody has acknowledged it."""
    return design.once and memory.active and memory.unacked


def _calls_again(memory: Memory, design: Design) -> bool:
    wanted = design.re_alarm_s > 0 and memory.re_alarms < design.re_alarm_most
    return wanted and memory.state is State.ACKED and not memory.is_covered


def _after(changes: tuple[Change, ...], then: Step) -> Step:
    return Step(then.memory, (*changes, *then.changes))
