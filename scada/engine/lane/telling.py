"""Turn decisions into journal entries: values into JSON, steps into rows."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from scada.model.lane.commands import Command, RaiseAlarm, RecordRise, Show
from scada.model.lane.events import Event, ImageSeen
from scada.model.lane.image import LaneImage
from scada.model.lane.states import NAMES, Lane, Step
from scada.ports import JournalEntry

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def as_json(value: object) -> Json:
    """Write a value of the model as JSON: dataclasses as objects, enums by name, times as ISO text."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {f"{key}": as_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no place in the journal")


def step_entries(before: Lane, event: Event, done: Step) -> list[JournalEntry]:
    """Say in the journal what happened, what was decided and what shall be done; nothing if nothing was."""
    orders = [command for command in done.commands if not isinstance(command, Show)]
    if not orders and type(before.state) is type(done.lane.state):
        return []
    passage = done.lane.live or before.live
    of = passage.id if passage else None
    body: dict[str, object] = {
        "event": _told(before, event),
        "from": NAMES[type(before.state)],
        "state": as_json(done.lane.state),
        "commands": [_named(command) for command in orders],
    }
    decided = JournalEntry("decision", "lane", NAMES[type(done.lane.state)], before.name, of, body)
    return [decided, *(_own_row(before, command) for command in orders if isinstance(command, RaiseAlarm | RecordRise))]


def _own_row(lane: Lane, command: RaiseAlarm | RecordRise) -> JournalEntry:
    match command:
        case RaiseAlarm(code, passage, text):
            return JournalEntry("alarm", "lane", code, lane.name, passage, {"text": text})
        case RecordRise(count, cause, passage, number):
            body: dict[str, object] = {"count": count, "number": number}
            return JournalEntry("rise", "plc", cause.name, lane.name, passage, body)


def _named(command: Command) -> Json:
    told = as_json(command)
    return {"command": type(command).__name__, **told} if isinstance(told, dict) else told


def _told(before: Lane, event: Event) -> Json:
    if isinstance(event, ImageSeen):
        return {"event": "ImageSeen", "changed": _difference(before.image, event.image)}
    told = as_json(event)
    return {"event": type(event).__name__, **told} if isinstance(told, dict) else told


def _difference(before: LaneImage, after: LaneImage) -> Json:
    return {
        field.name: as_json(getattr(after, field.name))
        for field in fields(after)
        if getattr(before, field.name) != getattr(after, field.name)
    }
