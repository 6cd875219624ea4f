"""What the plant and a camera's process say to each other: JSON, one line a message."""

import json
from dataclasses import dataclass
from typing import Any

from lpr.reader.guess import PlateGuess
from scada.model.appearance import NO_LOOK, Appearance
from scada.model.camera.figures import NOTHING_SEEN, SceneFigures
from scada.model.lane.codec import CodecError, Json, from_json, to_json
from scada.model.names import PassageId, PictureId


class WireError(Exception):
    """A line is not one of ours."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The first line to the process: which camera it is, and where its files are; `memory`: its view's baselines."""

    camera: str
    source: str
    region: tuple[tuple[float, float], ...]
    min_plate_px: int
    pictures: str
    memory: str = ""
    back_end: str = "auto"
    calibration: tuple[tuple[float, float], ...] = ()
    user: str = ""
    password_file: str = ""
    transport: str = "tcp"
    perspective: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Reads:
    """The first word: which back end reads, with which files, and why no better one."""

    by: str


@dataclass(frozen=True, slots=True)
class CaptureOrder:
    """Read the plate within so many seconds; stop early once settled. `before_s`: how far back older frames count.

    `passage` and `way` name the picture.
    """

    id: int
    passage: PassageId
    within_s: float
    gate: float
    agreeing: int
    before_s: float = 0.0
    way: str = ""


@dataclass(frozen=True, slots=True)
class Enough:
    """The capture of this number may end: other cameras have settled it."""

    id: int


@dataclass(frozen=True, slots=True)
class SnapshotOrder:
    """Keep one picture of now, of this passage."""

    id: int
    passage: str = ""


@dataclass(frozen=True, slots=True)
class GlanceOrder:
    """Show what the camera sees now; nothing is kept."""

    id: int


@dataclass(frozen=True, slots=True)
class Relearn:
    """What the camera sees now is its view from here on: the baselines begin anew."""

    id: int


@dataclass(frozen=True, slots=True)
class Aim:
    """The camera looks there from now on: its region, and the corners that are pulled straight."""

    id: int
    region: tuple[tuple[float, float], ...]
    perspective: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """The next frame of this capture may be read now."""

    id: int


@dataclass(frozen=True, slots=True)
class AskTurn:
    """A frame of this capture wants to be read."""

    id: int


@dataclass(frozen=True, slots=True)
class EndTurn:
    """The frame is read; `is_over`: it was the last one of its capture."""

    is_over: bool


@dataclass(frozen=True, slots=True)
class Beat:
    """The process lives; `trouble` says what is wrong with its camera, empty if nothing; `scene` what it measures."""

    trouble: str
    scene: SceneFigures = NOTHING_SEEN


@dataclass(frozen=True, slots=True)
class Looked:
    """One frame of a capture was looked at. `early`: it was grabbed before the order."""

    id: int
    early: bool
    read_ms: float
    guess: PlateGuess | None


@dataclass(frozen=True, slots=True)
class CaptureAnswer:
    """A capture is over; what it saw was said frame by frame. `trouble`: why it could not look, empty if it could.

    `passed_over`: why plates that it saw do not count, empty if it saw none such. `appearance` is the car's, where it
    saw the plate best.
    """

    id: int
    picture: PictureId | None
    trouble: str = ""
    passed_over: str = ""
    appearance: Appearance = NO_LOOK


@dataclass(frozen=True, slots=True)
class SnapshotAnswer:
    """The answer to a snapshot."""

    id: int
    picture: PictureId | None


@dataclass(frozen=True, slots=True)
class GlanceAnswer:
    """A small picture of now, as JPEG in base64, and how old it is; empty if there is none."""

    id: int
    jpeg_b64: str = ""
    age_s: float = 0.0


Order = CaptureOrder | SnapshotOrder | GlanceOrder | Enough | Relearn | Aim | Turn
Word = Reads | Beat | AskTurn | EndTurn | Looked | CaptureAnswer | SnapshotAnswer | GlanceAnswer


def encode(message: Settings | Order | Word) -> bytes:
    """Write a message as its line."""
    kind = type(message)
    body = {"is": kind.__name__, **_fields_of(to_json(message, kind))}
    return json.dumps(body, ensure_ascii=False).encode() + b"\n"


def settings_from(line: bytes) -> Settings:
    """Read the first line. Raises WireError."""
    settings: Settings = _message(line, Settings)
    return settings


def order_from(line: bytes) -> Order:
    """Read a line to the process. Raises WireError."""
    order: Order = _message(line, CaptureOrder, SnapshotOrder, GlanceOrder, Enough, Relearn, Aim, Turn)
    return order


def word_from(line: bytes) -> Word:
    """Read a line from the process. Raises WireError."""
    word: Word = _message(line, Reads, Beat, AskTurn, EndTurn, Looked, CaptureAnswer, SnapshotAnswer, GlanceAnswer)
    return word


def _message(line: bytes, *kinds: type) -> Any:  # noqa: ANN401 - one of the kinds
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {line[:80]!r}") from error
    name = fields.pop("is", None) if isinstance(fields, dict) else None
    kind = next((kind for kind in kinds if kind.__name__ == name), None)
    if kind is None:
        raise WireError(f"none of {', '.join(kind.__name__ for kind in kinds)}: {line[:80]!r}")
    try:
        return from_json(kind, fields)
    except CodecError as error:
        raise WireError(str(error)) from error


def _fields_of(body: Json) -> dict[str, Json]:
    assert isinstance(body, dict)  # noqa: S101 - every message is a dataclass
    return body
