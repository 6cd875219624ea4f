"""The line from a lane's scanner: read for as long as the plant runs, connected anew whenever it breaks."""

import asyncio
import os
import socket
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

import structlog

from billing.scanner.code import Lines
from scada.model.names import LaneName
from scada.settings.money import Scanner

log = structlog.get_logger(__name__)

CONNECT_S: Final = 5.0
AGAIN_S: Final = (1.0, 2.0, 5.0, 10.0)
"""How long to wait before connecting anew; the last for every further time."""
CHUNK: Final = 256
_KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 10), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3))
"""A scanner that says nothing for hours may be gone: its line is tried every ten seconds."""


class Source(Protocol):
    """An open line."""

    async def read(self, most: int) -> bytes:
        """Give what has come; nothing at its end."""

    def close(self) -> None:
        """Let it go."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A stream with what has to be closed after it."""

    stream: asyncio.StreamReader
    let_go: Callable[[], None]

    async def read(self, most: int) -> bytes:
        """Give what has come; nothing at its end."""
        return await self.stream.read(most)

    def close(self) -> None:
        """Let it go."""
        self.let_go()


async def open_line(source: str) -> Source:
    """Open `tcp://host:port` or `serial:/dev/ttyACM0?baud=9600`. Raises OSError."""
    parts = urlsplit(source)
    if parts.scheme == "tcp":
        stream, writer = await asyncio.open_connection(parts.hostname, parts.port)
        own = writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            own.setsockopt(socket.IPPROTO_TCP, option, value)
        return _Line(stream, writer.close)
    baud = int(parse_qs(parts.query).get("baud", ["9600"])[0])
    return await _open_serial(parts.path, baud)


async def _open_serial(path: str, baud: int) -> Source:
    """Open a serial line, 8N1, as it comes; a USB scanner in COM mode is one too."""
    handle = await asyncio.to_thread(_raw, path, baud)
    stream = asyncio.StreamReader()
    pipe = os.fdopen(handle, "rb", buffering=0)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
    return _Line(stream, transport.close)


def _raw(path: str, baud: int) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(handle)
        speed: int = getattr(termios, f"B{baud}")
        settings = termios.tcgetattr(handle)
        settings[4] = settings[5] = speed
        termios.tcsetattr(handle, termios.TCSANOW, settings)
    except (termios.error, AttributeError) as error:
        os.close(handle)
        raise OSError(f"{path} is no serial line of {baud} baud") from error
    return handle


class ScannerReader:
    """One scanner. `heard` is given every line, `up` is told when the line comes and goes."""

    def __init__(
        self, scanner: Scanner, heard: Callable[[LaneName, str], None], up: Callable[[LaneName, bool], None]
    ) -> None:
        self._lane = LaneName(scanner.lane)
        self._source = scanner.source
        self._heard = heard
        self._up = up

    async def run(self) -> None:
        """Read until cancelled."""
        self._up(self._lane, False)
        tries = 0
        while True:
            with suppress(OSError, TimeoutError):
                if await self._listen():
                    tries = 0
            log.warning("scanner not there", lane=self._lane)
            self._up(self._lane, False)
            await asyncio.sleep(AGAIN_S[min(tries, len(AGAIN_S) - 1)])
            tries += 1

    async def _listen(self) -> bool:
        """Read one connection to its end; says whether there was one. Raises OSError or TimeoutError."""
        async with asyncio.timeout(CONNECT_S):
            line = await open_line(self._source)
        log.info("scanner connected", lane=self._lane)
        self._up(self._lane, True)
        lines = Lines()
        try:
            while some := await line.read(CHUNK):
                lines, whole = lines.feed(some)
                for one in whole:
                    self._heard(self._lane, one)
        finally:
            line.close()
        return True
