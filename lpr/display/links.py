"""The ways to a display: our own protocol over TCP or HTTP, and RS-485 boards behind a serial server or a unit.

A link tells one message at a time, within a limit, and raises DisplayError: what is shown then nobody knows.
"""

import asyncio
import http.client
from collections import deque
from contextlib import suppress
from typing import Final, Protocol
from urllib.parse import urlsplit

from lpr.display import frames
from lpr.display.protocol import MESSAGE_MOST, DisplayError, Message, body_of, check_answer, mac_of

ANSWER_S: Final = 2.0
FRAME_GAP_S: Final = 0.08
"""Between two frames on a half-duplex line: a board answers each, and takes one at a time."""
UNIT_FRAMES: Final = 32
"""Frames that may wait for a unit to ask; the oldest go first."""


class Link(Protocol):
    """A way to one display."""

    async def tell(self, message: Message) -> None:
        """Have a message shown. Raises DisplayError."""

    async def close(self) -> None:
        """Let go of the connection."""


class TcpLink:
    """Our protocol, a line each way: `MAC SPACE JSON LF`, answered by `{"n": …, "ok": true}`."""

    def __init__(self, host: str, port: int, key: bytes) -> None:
        self._address = (host, port)
        self._key = key
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def tell(self, message: Message) -> None:
        """Send one line and await its answer; a failed connection is dropped, the next message makes a new one."""
        body = body_of(message)
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await self._open()
                writer.write(f"{mac_of(self._key, body)} ".encode() + body + b"\n")
                await writer.drain()
                answer = await reader.readline()
            check_answer(answer, message.number)
        except (OSError, TimeoutError, ValueError) as error:
            await self.close()
            raise DisplayError(str(error) or f"no answer within {ANSWER_S:g} s") from error
        except DisplayError:
            await self.close()
            raise

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address, limit=MESSAGE_MOST)
        return self._streams

    async def close(self) -> None:
        """Drop the connection."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].transport.abort()


class HttpLink:
    """Our protocol by HTTP POST; the HMAC stands in the header `X-Daozha-Mac`."""

    def __init__(self, url: str, key: bytes) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 80, parts.path or "/"
        self._key = key

    async def tell(self, message: Message) -> None:
        """Post one message and await its answer."""
        body = body_of(message)
        try:
            check_answer(await asyncio.to_thread(self._post, body), message.number)
        except (OSError, http.client.HTTPException) as error:
            raise DisplayError(str(error) or type(error).__name__) from error

    def _post(self, body: bytes) -> bytes:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_S)
        try:
            headers = {"Content-Type": "application/json", "X-Daozha-Mac": mac_of(self._key, body)}
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise DisplayError(f"it answered {answer.status}")
            return answer.read(MESSAGE_MOST)
        finally:
            connection.close()

    async def close(self) -> None:
        """Nothing is kept open."""


def board_frames(message: Message, page: int) -> list[bytes]:
    """Give the frames that put one page of a message on a board: every line, then what is said."""
    lines = message.face.pages[page]
    shown = [frames.show(at, line.text, line.colour, message.lives_s) for at, line in enumerate(lines)]
    return [*shown, frames.say(message.face.voice)] if message.speak and message.face.voice else shown


class SerialServerLink:
    """An RS-485 board behind a serial server (TCP to serial): frames one after the other.

    Boards answer in ways that differ; what comes back is read and dropped. A board that is not there is noticed only
    where the serial server closes.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._page = 0

    async def tell(self, message: Message) -> None:
        """Write the frames of the next page."""
        self._page = 0 if message.speak else self._page + 1
        try:
            for frame in board_frames(message, self._page % len(message.face.pages)):
                async with asyncio.timeout(ANSWER_S):
                    reader, writer = await self._open()
                    writer.write(frame)
                    await writer.drain()
                await self._hear(reader)
        except (OSError, TimeoutError) as error:
            await self.close()
            raise DisplayError(str(error) or "the serial server does not answer") from error

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        """Leave the line to the board for a moment. Raises OSError if the serial server has closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FRAME_GAP_S):
                while True:
                    if not await reader.read(MESSAGE_MOST):
                        raise OSError("the serial server has closed the connection")

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address, limit=MESSAGE_MOST)
        return self._streams

    async def close(self) -> None:
        """Drop the connection."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].transport.abort()


class UnitLink:
    """An RS-485 board behind a recognition unit: its frames go out in the answers to what the unit pushes.

    So they are as old as the unit's heart beats apart; what is older than the newest message is never sent.
    """

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque(maxlen=UNIT_FRAMES)
        self._page = 0

    async def tell(self, message: Message) -> None:
        """Let the frames of the next page wait for the unit."""
        self._page = 0 if message.speak else self._page + 1
        self._frames.clear()
        self._frames.extend(board_frames(message, self._page % len(message.face.pages)))

    def take(self) -> tuple[bytes, ...]:
        """Give what waits; it waits no longer."""
        waiting = tuple(self._frames)
        self._frames.clear()
        return waiting

    async def close(self) -> None:
        """Forget what waits."""
        self._frames.clear()
