"""Take a lane's recorded steps once more and see whether the same is decided. Nothing is carried out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from scada.engine.lane.record import ACTOR, KINDS, Begins, Recorded, read_steps
from scada.model.lane.codec import Json, to_json
from scada.model.lane.commands import Command
from scada.model.lane.states import Idle, Lane, Step
from scada.model.lane.step import step
from scada.model.names import PassageId, SiteId
from scada.store.journal import first_of, rows_of_lane


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a decision is another one: the field, what the journal has, what the rules say now."""

    where: str
    recorded: Json
    now: Json


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recorded step, and how it differs when it is taken again."""

    recorded: Recorded
    differences: tuple[Difference, ...]


def recorded_of(connection: Connection, site: SiteId, passage: PassageId) -> list[Recorded]:
    """Read a passage from the journal; nothing if no lane has recorded it. Raises CodecError on content of old."""
    first = first_of(connection, site, passage, KINDS, ACTOR)
    if first is None or first.lane is None:
        return []
    rows = rows_of_lane(connection, site, first.lane, KINDS, ACTOR, first.n)
    return list(of_passage(read_steps(rows), passage))


def of_passage(steps: Iterable[Recorded], passage: PassageId) -> Iterator[Recorded]:
    """Give the steps of one passage: until its end, and on until the lane is idle or the next one begins."""
    is_over = False
    for one in steps:
        is_mine = one.before.is_live(passage)
        if is_over and not is_mine and (one.begins is not None or one.before.live is not None):
            return
        yield one
        is_over = is_over or (is_mine and not one.done.lane.is_live(passage))
        if is_over and isinstance(one.done.lane.state, Idle):
            return


def replay(steps: Iterable[Recorded]) -> list[Replayed]:
    """Take each step again from the lane as it was recorded, so that one difference does not make others."""
    told, last = [], None
    for one in steps:
        gap = _gap(last, one)
        told.append(Replayed(one, (*gap, *_differences(one.done, _again(one)))))
        last = one
    return told


def _gap(last: Recorded | None, one: Recorded) -> tuple[Difference, ...]:
    """Compare the lane that a row begins with, and the one that the row before left; only a new server's may differ."""
    if last is None or one.begins in (None, Begins.SERVER):
        return ()
    return tuple(_compare("before", to_json(last.done.lane, Lane), to_json(one.before, Lane)))


def _again(one: Recorded) -> Step | str:
    try:
        return step(one.before, one.event, one.timing)
    except AssertionError as error:
        return str(error)


def _differences(recorded: Step, now: Step | str) -> Iterator[Difference]:
    if isinstance(now, str):
        yield Difference("step", None, now)
        return
    yield from _compare("lane", to_json(recorded.lane, Lane), to_json(now.lane, Lane))
    was, is_now = (to_json(done.commands, tuple[Command, ...]) for done in (recorded, now))
    yield from _compare("commands", was, is_now)


def _compare(where: str, recorded: Json, now: Json) -> Iterator[Difference]:
    """Go down to the fields that differ."""
    match recorded, now:
        case dict(), dict() if recorded.get("is") == now.get("is"):
            for name in sorted(recorded.keys() | now.keys()):
                yield from _compare(f"{where}.{name}", recorded.get(name), now.get(name))
        case list(), list() if len(recorded) == len(now):
            for place, (was, is_now) in enumerate(zip(recorded, now, strict=True)):
                yield from _compare(f"{where}[{place}]", was, is_now)
        case _ if recorded != now:
            yield Difference(where, recorded, now)
        case _:
            return
