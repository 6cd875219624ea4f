"""A lane's steps as rows of the journal, and back: enough to take every step again.

A row holds the event, what the step changed of the lane, and the commands. A row that begins something, a
server's work or a passage, also holds the whole lane before the step and the lane's settings.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import Enum
from functools import cache
from typing import cast, get_type_hints

from scada.model.lane.codec import CodecError, Json, from_json, to_json
from scada.model.lane.commands import Command, RaiseAlarm, RecordRise, Show
from scada.model.lane.events import Event, ImageSeen
from scada.model.lane.image import LaneImage
from scada.model.lane.states import NAMES, Lane, Step
from scada.model.lane.timing import Timing
from scada.ports import JournalEntry
from scada.store.journal import JournalRow

ACTOR = "lane"
"""Who writes these rows; others write rows of the same kinds."""
DECISION, EVENT = "decision", "event"
KINDS = (DECISION, EVENT)
"""A step that commands, or leads to another state, is a decision; whatever else changes the lane is an event."""


class Begins(Enum):
    """Why a row holds the whole lane."""

    SERVER = "a server begins with this lane"
    PASSAGE = "a passage begins"
    PAGE = "the rows since the last whole lane have become many"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One step as the journal has it."""

    n: int
    at: datetime
    begins: Begins | None
    timing: Timing
    before: Lane
    event: Event
    done: Step


def step_entries(
    before: Lane, event: Event, done: Step, timing: Timing, begins: Begins | None = None
) -> list[JournalEntry]:
    """Write down a step; nothing if it neither changes nor commands anything."""
    if done.lane == before and not done.commands:
        return []
    state, passage = done.lane.state, done.lane.live or before.live
    orders = any(not isinstance(command, Show) for command in done.commands)
    decides = orders or type(before.state) is not type(state)
    kind, what = (DECISION, NAMES[type(state)]) if decides else (EVENT, type(event).__name__)
    body: dict[str, object] = {
        **_beginning(before, done.lane, timing, begins),
        "event": _event_json(before, event),
        "from": NAMES[type(before.state)],
        "after": _differing(_hearing(before, event), done.lane),
        "commands": [to_json(command, Command) for command in done.commands],
    }
    step_row = JournalEntry(kind, ACTOR, what, before.name, passage.id if passage else None, body)
    own = (command for command in done.commands if isinstance(command, RaiseAlarm | RecordRise))
    return [step_row, *(_own_row(before, command) for command in own)]


def _beginning(before: Lane, after: Lane, timing: Timing, begins: Begins | None) -> dict[str, object]:
    is_new = after.live is not None and not before.is_live(after.live.id)
    begins = begins or (Begins.PASSAGE if is_new else None)
    if begins is None:
        return {}
    return {"begins": begins.name, "timing": to_json(timing, Timing), "before": to_json(before, Lane)}


def _own_row(before: Lane, command: RaiseAlarm | RecordRise) -> JournalEntry:
    match command:
        case RaiseAlarm(code, passage, text):
            return JournalEntry("alarm", ACTOR, code, before.name, passage, {"text": text})
        case RecordRise(count, cause, passage, number):
            body: dict[str, object] = {"count": count, "number": number}
            return JournalEntry("rise", "plc", cause.name, before.name, passage, body)


def _event_json(before: Lane, event: Event) -> Json:
    """Write the event whole; of an image only what differs from the one before."""
    written = to_json(event, Event)
    if not isinstance(event, ImageSeen) or not isinstance(written, dict):
        return written
    return {**written, "image": _differing(before.image, event.image)}


def _hearing(before: Lane, event: Event) -> Lane:
    """Give the lane with the event's own image, so that it is not told twice."""
    return replace(before, image=event.image) if isinstance(event, ImageSeen) else before


def _differing(before: Lane | LaneImage, after: Lane | LaneImage) -> dict[str, Json]:
    kind: type = type(after)
    return {
        name: to_json(now, hint)
        for name, hint in _typed(kind)
        if getattr(before, name) != (now := getattr(after, name))
    }


@cache
def _typed(kind: type) -> tuple[tuple[str, object], ...]:
    hints = get_type_hints(kind)
    return tuple((part.name, hints[part.name]) for part in fields(kind))


def read_steps(rows: Iterable[JournalRow]) -> Iterator[Recorded]:
    """Read rows back, oldest first, from one that begins something on. Raises CodecError naming the row."""
    last: Recorded | None = None
    for row in rows:
        try:
            last = _read(row, last)
        except CodecError as error:
            raise CodecError(f"row {row.n}: {error}") from error
        yield last


def _read(row: JournalRow, last: Recorded | None) -> Recorded:
    body = cast("dict[str, Json]", row.body)
    begins = Begins[str(body["begins"])] if body.get("begins") in Begins.__members__ else None
    if begins is not None:
        before, timing = from_json(Lane, body.get("before")), from_json(Timing, body.get("timing"))
    elif last is not None:
        before, timing = last.done.lane, last.timing
    else:
        raise CodecError("no row before it holds the whole lane")
    event = _read_event(before, _object(body.get("event"), "event"))
    hearing = _object(to_json(_hearing(before, event), Lane), "lane")
    after = from_json(Lane, {**hearing, **_object(body.get("after"), "after")})
    commands = from_json(tuple[Command, ...], body.get("commands"))
    return Recorded(row.n, row.at, begins, timing, before, event, Step(after, commands))


def _read_event(before: Lane, written: dict[str, Json]) -> Event:
    if written.get("is") == ImageSeen.__name__:
        image = {**_object(to_json(before.image, LaneImage), "image"), **_object(written.get("image"), "image")}
        written = {**written, "image": image}
    event: Event = from_json(Event, written)
    return event


def _object(json: Json, what: str) -> dict[str, Json]:
    if not isinstance(json, dict):
        raise CodecError(f"{what}: {json!r} is no object")
    return json
