"""A Modbus TCP device whose every wrong answer is written down, byte for byte."""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType

DEAD = 0xDEAD
"""What stands in every register of a wrong answer: read as good, it would be a wrong value."""


class End(Enum):
    """How a connection ends."""

    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to read registers; `right` is the whole answer to it, `before` that to the request before."""

    number: int
    unit: int
    function: int
    start: int
    count: int
    nth: int
    right: bytes
    before: bytes


Step = bytes | float | End
"""Bytes go out, a number is waited in seconds, an end ends the connection."""
Script = Callable[[Asked], Sequence[Step]]


def frame(number: int, unit: int, pdu: bytes, protocol: int = 0, length: int | None = None) -> bytes:
    """Make an answer with whatever head."""
    return struct.pack(">HHHB", number, protocol, len(pdu) + 1 if length is None else length, unit) + pdu


def dead(count: int, function: int = 3, told: int | None = None) -> bytes:
    """Make the PDU of a wrong answer: `count` registers, of which it tells `told` bytes."""
    return bytes([function, 2 * count if told is None else told]) + struct.pack(">H", DEAD) * count


class ScriptedPlc:
    """Register n holds n, or what `words` says; `missing` ones answer exception 2. It lies while `script` is set."""

    def __init__(self) -> None:
        self.script: Script | None = None
        self.words: dict[int, int] = {}
        self.missing: set[int] = set()
        self.lies = self.reads = self.connections = 0
        self._before = frame(0, 1, dead(1))
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> "ScriptedPlc":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.restart()
        await asyncio.gather(*(task for task in self._open.values() if task is not None))
        await self._server.wait_closed()

    def restart(self) -> None:
        """Break every connection, as a device does that starts anew."""
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open[writer] = asyncio.current_task()
        self.connections += 1
        try:
            while True:
                head = await reader.readexactly(7)
                await self._answer(head, await reader.readexactly(int.from_bytes(head[4:6], "big") - 1), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.transport.abort()
            del self._open[writer]

    async def _answer(self, head: bytes, pdu: bytes, writer: asyncio.StreamWriter) -> None:
        number, unit = int.from_bytes(head[:2], "big"), head[6]
        function, start, count = struct.unpack(">BHH", pdu)
        right = frame(number, unit, self._pdu(function, start, count))
        if self.script is None:
            self.reads += 1
            writer.write(right)
        else:
            asked = Asked(number, unit, function, start, count, self.lies, right, self._before)
            self.lies += 1
            self._before = frame(number, unit, dead(count))
            await play(self.script(asked), writer)

    def _pdu(self, function: int, start: int, count: int) -> bytes:
        places = range(start, start + count)
        if self.missing.intersection(places):
            return bytes([function | 0x80, 2])
        words = (self.words.get(place, place) for place in places)
        return bytes([function, 2 * count]) + b"".join(word.to_bytes(2, "big") for word in words)


async def play(steps: Sequence[Step], writer: asyncio.StreamWriter) -> None:
    """Do one step after the other; raises ConnectionResetError at an end."""
    for step in steps:
        match step:
            case bytes():
                writer.write(step)
                await writer.drain()
            case End.RESET:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise ConnectionResetError
            case End.CLOSE:
                writer.close()
                raise ConnectionResetError
            case float():
                await asyncio.sleep(step)
