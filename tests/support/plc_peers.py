"""A Modbus device that misbehaves on demand, written by hand so that it can be wrong in any way."""

import asyncio
import struct
from types import TracebackType


class BadPlc:
    """Register n holds n.

    `missing` registers answer exception 2, `unknown` functions 1, what begins at a place of `says_no` its code there;
    `manner` says how else it errs.
    """

    def __init__(self, missing: set[int] = frozenset()) -> None:  # type: ignore[assignment]
        self._missing = missing
        self.manner = ""
        self.unknown: set[int] = set()
        self.says_no: dict[int, int] = {}
        self._held: list[bytes] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.connections = 0
        self.reads: list[tuple[int, int]] = []
        self.writes: list[tuple[int, bytes]] = []
        self.log: list[tuple[str, int]] = []
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()

    async def __aenter__(self) -> "BadPlc":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self.hold.set()
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                transaction, _, size, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                request = await reader.readexactly(size - 1)
                answer = await self._answer(request, writer)
                if answer:
                    self._send(writer, transaction, unit, answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _send(self, writer: asyncio.StreamWriter, transaction: int, unit: int, answer: bytes) -> None:
        """Send an answer; by the manner `reverse` two by two, the second first."""
        number = transaction + (self.manner == "number")
        self._held.insert(0, struct.pack(">HHHB", number, 0, len(answer) + 1, unit + (self.manner == "unit")) + answer)
        if self.manner != "reverse" or len(self._held) == 2:
            writer.write(b"".join(self._held))
            self._held.clear()

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> bytes:
        function, start, count = struct.unpack(">BHH", request[:5])
        kind = "read" if function == 3 else "write"
        self.log.append((kind, start))
        if kind == "write":
            return self._written(function, start, request)
        self.reads.append((start, count))
        await self.hold.wait()
        if self._missing & set(range(start, start + count)):
            return bytes([0x83, 2])
        if start in self.says_no:
            return bytes([0x83, self.says_no[start]])
        return self._registers(start, count, writer)

    def _written(self, function: int, start: int, request: bytes) -> bytes:
        if function in self.unknown or start in self.says_no:
            return bytes([function | 0x80, self.says_no.get(start, 1)])
        self.writes.append((start, request[6:] if function == 16 else request[3:]))
        if self.manner == "deaf_to_writes":
            return b""
        return request[:5] if function == 16 else request

    def _registers(self, start: int, count: int, writer: asyncio.StreamWriter) -> bytes:
        match self.manner:
            case "silent":
                return b""
            case "hang_up":
                writer.close()
                return b""
            case "short":
                count -= 1
            case "long":
                count += 1
            case _:
                count += 0
        words = struct.pack(f">{count}H", *range(start, start + count))
        return bytes([4 if self.manner == "function" else 3, len(words)]) + words
