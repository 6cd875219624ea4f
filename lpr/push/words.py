"""What a unit pushes, in our own words, and what it is answered."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan

from scada.model.digits import whole_of
from scada.model.plate import PlateColour

_MOST = 10**18


class PushError(Exception):
    """A message is not what its make sends: what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Read:
    """A plate as a unit read it. `text` as it came; `share`: how sure it is, 0 to 1, on the unit's own scale.

    `key` is what the unit knows this read by: a repeat has the same. `at` is the unit's clock: recorded, not trusted.
    `late`: kept while the line was down. `fake`: the unit takes the plate for a paper or a screen.
    """

    serial: str
    text: str
    share: float
    colour: PlateColour
    key: str
    at: datetime | None
    late: bool = False
    fake: bool = False
    jpeg: bytes | None = None


@dataclass(frozen=True, slots=True)
class NoRead:
    """A vehicle without a plate, a heartbeat, an input: the unit lives. `what` says which."""

    serial: str
    what: str


Pushed = Read | NoRead


@dataclass(frozen=True, slots=True)
class Post:
    """One request of a unit. `rest`: what stands in its path behind the unit's own address."""

    rest: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a unit is answered, to the byte."""

    body: bytes = b""
    content_type: str = "application/json"


def answer(**words: object) -> Answer:
    """Answer in JSON."""
    return Answer(json.dumps(words, ensure_ascii=True, separators=(",", ":")).encode("ascii"))


def object_from(body: bytes) -> Mapping[str, object]:
    """Read a body that is a JSON object. Raises PushError."""
    for encoding in ("utf-8", "gbk"):
        try:
            content = json.loads(body.decode(encoding))
        except UnicodeDecodeError:
            continue
        except (ValueError, RecursionError) as error:
            raise PushError("the body is no JSON") from error
        if isinstance(content, dict):
            return content
        raise PushError("the body is no JSON object")
    raise PushError("the body is neither UTF-8 nor GBK")


def inside(content: object, *path: str) -> object:
    """Give what stands at a path of a JSON object; None if nothing does."""
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return content


def whole(value: object) -> int:
    """Take a whole number, as digits too; 0 for anything else, and for one larger than any that a unit counts with."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < _MOST else 0
    return (whole_of(value, _MOST - 1) or 0) if isinstance(value, str) else 0


def word(value: object, most: int = 64) -> str:
    """Take a short text or number as a text; empty for anything else."""
    if isinstance(value, str):
        return value.strip()[:most]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def percent(value: object) -> float:
    """Take a confidence of 0 to 100 as a share."""
    try:
        number = float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return 0.0 if isnan(number) else min(max(number, 0.0), 100.0) / 100


def moment(seconds: float) -> datetime | None:
    """Take seconds since 1970 as a time; None if they are none."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (OverflowError, ValueError, OSError):
        return None


def bytes_from(value: object) -> bytes | None:
    """Take a picture in base64; None for anything else."""
    try:
        return base64.b64decode(value, validate=False) if isinstance(value, str) and value else None
    except ValueError:
        return None
