"""Read WeChat's fields strictly: what is not of its kind raises ValueError, and proves nothing."""

from collections.abc import Mapping
from datetime import datetime

from scada.model.money import Fen

Fields = Mapping[str, object]


def text(fields: Fields, name: str, *, most: int = 256) -> str:
    """Give a text that must be there."""
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise ValueError(f"{name} is missing or no text")
    return value


def text_or_none(fields: Fields, name: str, *, most: int = 256) -> str:
    """Give a text, empty if it is left out."""
    return "" if fields.get(name) in (None, "") else text(fields, name, most=most)


def part(fields: Fields, name: str) -> Fields:
    """Give an object within an object, empty if it is left out."""
    value = fields.get(name) or {}
    if not isinstance(value, dict):
        raise ValueError(f"{name} is no object")
    return value


def fen(fields: Fields, name: str, *, within: str = "amount") -> Fen:
    """Give an amount, which is a whole number of fen; 0 if it is left out."""
    value = fields.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{within}.{name} is {value!r}, no whole number of fen")
    return Fen(value)


def moment(fields: Fields, name: str) -> datetime | None:
    """Give a moment with its zone; None if it is left out."""
    value = text_or_none(fields, name)
    if not value:
        return None
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError(f"{name} {value} has no zone")
    return found


def milliseconds(fields: Fields, name: str) -> int:
    """Give a moment that is written as a number of milliseconds or as a text; 0 if it is left out."""
    value = fields.get(name, 0)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = moment(fields, name)
    return 0 if found is None else int(found.timestamp() * 1000)
