"""What the plant and a camera's process say to each other: JSON, one line a message."""

import json
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from scada.model.names import PictureId
from scada.model.plate import Alternative, Plate, PlateColour, PlateKind, PlateRead, PlateUnread, ReadBy


class WireError(Exception):
    """A line is not one of ours."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The first line to the process: which camera it is, and where its files are."""

    camera: str
    source: str
    region: tuple[tuple[float, float], ...]
    min_plate_px: int
    pictures: str


@dataclass(frozen=True, slots=True)
class CaptureOrder:
    """Read the plate within so many seconds; stop early once sure."""

    id: int
    within_s: float
    gate: float
    agreeing: int


@dataclass(frozen=True, slots=True)
class SnapshotOrder:
    """Keep one picture of now."""

    id: int


@dataclass(frozen=True, slots=True)
class Beat:
    """The process lives; `trouble` says what is wrong with its camera, empty if nothing is."""

    trouble: str


@dataclass(frozen=True, slots=True)
class CaptureAnswer:
    """The answer to a capture."""

    id: int
    reading: PlateRead | PlateUnread


@dataclass(frozen=True, slots=True)
class SnapshotAnswer:
    """The answer to a snapshot."""

    id: int
    picture: PictureId | None


Order = CaptureOrder | SnapshotOrder
Word = Beat | CaptureAnswer | SnapshotAnswer


def encode(message: Settings | Order | Word) -> bytes:
    """Write a message as its line."""
    body = {"is": type(message).__name__, **asdict(message)}
    if isinstance(message, CaptureAnswer):
        body["read"] = isinstance(message.reading, PlateRead)
    return json.dumps(body, default=_plain, ensure_ascii=False).encode() + b"\n"


def settings_from(line: bytes) -> Settings:
    """Read the first line. Raises WireError."""
    fields = _fields(line, "Settings")
    try:
        return Settings(**{**fields, "region": tuple((float(x), float(y)) for x, y in fields["region"])})
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"settings: {error}") from error


def order_from(line: bytes) -> Order:
    """Read a line to the process. Raises WireError."""
    fields = _fields(line, "CaptureOrder", "SnapshotOrder")
    try:
        return CaptureOrder(**fields) if "within_s" in fields else SnapshotOrder(**fields)
    except TypeError as error:
        raise WireError(f"order: {error}") from error


def word_from(line: bytes) -> Word:
    """Read a line from the process. Raises WireError."""
    fields = _fields(line, "Beat", "CaptureAnswer", "SnapshotAnswer")
    try:
        if "trouble" in fields:
            return Beat(**fields)
        if "reading" in fields:
            reading = _read(fields["reading"]) if fields["read"] else _unread(fields["reading"])
            return CaptureAnswer(fields["id"], reading)
        return SnapshotAnswer(**fields)
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"word: {error}") from error


def _fields(line: bytes, *names: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise WireError(f"not JSON: {line[:80]!r}") from error
    if not isinstance(fields, dict) or fields.pop("is", None) not in names:
        raise WireError(f"not one of {names}: {line[:80]!r}")
    return fields


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{value!r} does not go over the wire")


def _read(fields: dict[str, Any]) -> PlateRead:
    alternatives = tuple(Alternative(Plate(one["text"]), one["probability"]) for one in fields["alternatives"])
    words = {
        "kind": PlateKind(fields["kind"]),
        "colour": PlateColour(fields["colour"]),
        "by": ReadBy(fields["by"]),
        "alternatives": alternatives,
    }
    return PlateRead(**{**fields, **words})


def _unread(fields: dict[str, Any]) -> PlateUnread:
    guess = fields["guess"]
    return PlateUnread(**{**fields, "guess": None if guess is None else _read(guess)})
