"""One web process at the bridge: its frames, what it asks, and how slowly it reads."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import cast

import orjson
import structlog

from scada.model.frames import HEADER_BYTES, FrameError, body_length, framed

IN_FLIGHT = 64
"""Asks of one peer at a time; then nothing more is read from it until one is answered."""
ASK_S = 30.0
"""How long a handler may take."""
MAX_WAITING = 1024 * 1024
"""A peer that leaves more bytes than this unread is told nothing until it has caught up."""
MAX_TEXT = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ask:
    """What a web process asks, and for whom. The plant believes the process, not the browser behind it."""

    app: str
    verb: str
    args: dict[str, object]
    user: str
    role: str
    session: str
    why: str


class BridgeRefusal(Exception):
    """An ask that is refused, in a code for programs and words for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


Handler = Callable[[Ask], Awaitable[object]]
"""Answers one verb with a JSON value. Raises BridgeRefusal for what is expected to go wrong."""


class Peer:
    """The plant's end of one connection, after its hello."""

    def __init__(
        self,
        app: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        verbs: Mapping[str, Handler],
    ) -> None:
        self._app = app
        self._reader = reader
        self._writer = writer
        self._verbs = verbs
        self.is_behind = False

    def send(self, frame: bytes) -> None:
        """Hand a frame to the kernel or its buffer, at once."""
        self._writer.write(frame)

    @property
    def is_full(self) -> bool:
        """Too much of what was sent is unread."""
        return self._writer.transport.get_write_buffer_size() > MAX_WAITING

    async def serve(self) -> None:
        """Answer asks until the peer is gone."""
        places = asyncio.Semaphore(IN_FLIGHT)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await places.acquire()
                message = await receive(self._reader)
                if message is None:
                    return
                task = tasks.create_task(self._answer(message))
                task.add_done_callback(lambda _: places.release())

    async def _answer(self, message: dict[str, object]) -> None:
        reply = {"id": message.get("id"), **(await self._reply(message))}
        try:
            frame = framed(orjson.dumps(reply))
        except (FrameError, TypeError) as error:
            log.error("an answer could not be sent", app=self._app, verb=message.get("verb"), error=str(error))
            frame = framed(orjson.dumps({"id": message.get("id"), **_refused("failed", "the answer is too long")}))
        self.send(frame)
        try:
            await self._writer.drain()
        except OSError:
            log.info("a web process left before its answer", app=self._app)

    async def _reply(self, message: dict[str, object]) -> dict[str, object]:
        try:
            ask = self._read_ask(message)
            async with asyncio.timeout(ASK_S):
                return {"ok": True, "value": await self._verbs[ask.verb](ask)}
        except BridgeRefusal as refusal:
            return _refused(refusal.code, refusal.text)
        except TimeoutError:
            log.error("an ask took too long", app=self._app, verb=message.get("verb"))
            return _refused("failed", "it took too long; whether it was done is not known")
        except Exception as error:  # noqa: BLE001 - one broken verb must not end the other asks; the log has the story
            log.error("an ask failed", app=self._app, verb=message.get("verb"), error=repr(error), at=_where(error))
            return _refused("failed", "the plant could not do it")

    def _read_ask(self, message: dict[str, object]) -> Ask:
        verb, args = message.get("verb"), message.get("args", {})
        if not isinstance(verb, str) or verb not in self._verbs:
            raise BridgeRefusal("unknown_verb", f"{self._app} may not ask that")
        if not isinstance(args, dict):
            raise BridgeRefusal("bad_args", "args must be an object")
        texts = {name: _text(message, name) for name in ("user", "role", "session", "why")}
        return Ask(self._app, verb, cast("dict[str, object]", args), **texts)


async def receive(reader: asyncio.StreamReader) -> dict[str, object] | None:
    """Read one frame; None when the peer has gone. Raises FrameError for what is no frame of ours."""
    try:
        body = await reader.readexactly(body_length(await reader.readexactly(HEADER_BYTES)))
    except (asyncio.IncompleteReadError, OSError):
        return None
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise FrameError(f"a frame that is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise FrameError("a frame that is no JSON object")
    return message


def _text(message: dict[str, object], name: str) -> str:
    text = message.get(name, "")
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise BridgeRefusal("bad_args", f"{name} must be a text of at most {MAX_TEXT} characters")
    return text


def _refused(code: str, text: str) -> dict[str, object]:
    return {"ok": False, "code": code, "error": text}


def _where(error: BaseException) -> list[str]:
    """Name the last lines of a fault, without reading source files: this runs on the plant's loop."""
    frames = traceback.walk_tb(error.__traceback__)
    return [f"{frame.f_code.co_filename}:{line}" for frame, line in frames][-4:]
