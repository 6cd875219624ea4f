"""The archive of a plant elsewhere: a process beside that plant reads it, and it is sent over part by part."""

import base64
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from hmi.control.archive import NotRead, Question, to_its_end
from hmi.control.orders import ask
from scada.bridge import Message, Value
from scada.drawing import MOST_DRAWN
from scada.model.names import PassageId

_WITHIN_S: Final = 12.0
_LOOK_S, _LONGEST_S = 0.1, 60.0
"""How often is asked whether it is read, and how long at most: longer than the plant lets anybody read."""


class SentOver:
    """What a plant elsewhere keeps. What was read is taken away there as soon as it is here."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds

    def series(self, question: Question) -> Sequence[Message]:
        """Have every tag's buckets read there."""
        told: Sequence[Message] = self._whole("read_trends", {**_range(question), "pixels": question.pixels})
        return told

    def points(self, question: Question) -> Iterator[bytes]:
        """Have every point read there, then fetch the file."""
        return to_its_end(self._parts(self._made("read_points", _range(question))))

    def replay(self, passage: PassageId, purpose: str) -> Message | None:
        """Have a passage read there; the plant itself says who may see plates."""
        told: Message | None = self._whole(
            "read_replay", {"passage": passage, **({"purpose": purpose} if purpose else {})}
        )
        return told

    def recording(self, name: str) -> Iterator[bytes]:
        """Fetch a black box."""
        return _file("recording_part", {"name": name})

    def drawing(self) -> bytes:
        """Fetch it."""
        content = b""
        for part in _file("drawing_part", {}):
            content += part
            if len(content) > MOST_DRAWN:
                raise NotRead("the drawing is larger than 2 MB")
        return content

    def _whole(self, verb: str, args: Message) -> Any:  # noqa: ANN401 - JSON
        return json.loads(b"".join(self._parts(self._made(verb, args))))

    def _made(self, verb: str, args: Message) -> Message:
        """Have it read; gives what was made."""
        until_s = self._seconds() + _LONGEST_S
        while True:
            match ask(verb, args, within_s=_WITHIN_S):
                case Value(dict() as made) if made.get("state") == "made":
                    return made
                case Value({"state": "making", "job": str() as job}) if self._seconds() < until_s:
                    time.sleep(_LOOK_S)
                    verb, args = "reading_made", {"job": job}
                case Value({"why": str() as why}):
                    raise NotRead(why or "it took too long: ask for fewer days")
                case reply:
                    raise NotRead(reply)

    def _parts(self, made: Message) -> Iterator[bytes]:
        """Give the file part after part; a broken one ends early."""
        job, size, given = made["job"], made["bytes"], 0
        assert isinstance(size, int)  # noqa: S101
        while given < size:
            part = _part("reading_part", {"job": job, "offset": given})
            if not part:
                raise NotRead("the site has less of it than it said")
            given += len(part)
            yield part
        ask("stop_reading", {"job": job}, within_s=_WITHIN_S)


def _file(verb: str, args: Message) -> Iterator[bytes]:
    """Give a file that lies there, part after part."""
    offset = 0
    while part := _part(verb, {**args, "offset": offset}):
        offset += len(part)
        yield part


def _part(verb: str, args: Message) -> bytes:
    match ask(verb, args, within_s=_WITHIN_S):
        case Value({"part_b64": str() as part}):
            return base64.b64decode(part)
        case reply:
            raise NotRead(reply)


def _range(question: Question) -> Message:
    times = {"since": question.since.isoformat(), "until": question.until.isoformat()}
    return {"names": list(question.tags), **times}
