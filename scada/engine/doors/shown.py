"""Values as JSON for those who only look: what the doors give out."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum

from scada.model.lane.codec import Json


def as_json(value: object) -> Json:
    """Write a value of the model as JSON: dataclasses as objects, enums by name, times as ISO text."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {f"{key}": as_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} is nothing to show")
