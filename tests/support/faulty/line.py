"""A line between a driver and a PLC that can hold, drop, repeat, cut and drip what goes over it, by a plan.

What it holds it delivers in the end, as a gateway with a buffer does: also after the driver has closed its connection.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from types import TracebackType

from tests.support.faulty.plan import Aim, Fault, Kind, Way
from tests.support.faulty.wire import Wire

DRIP_S = 0.004
SETTLE_S = 0.2
"""After the last fault this much more: what it let through must arrive."""


class _Cut(Exception):
    """The connection breaks here."""


class FaultyLine:
    """Listens on `port` and passes everything on to the PLC's port; faults hit only what comes after `arm`."""

    def __init__(self, wire: Wire, plc_port: int) -> None:
        self._wire, self._plc_port = wire, plc_port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._faults: list[Fault] = []
        self._seen: Counter[tuple[Way, Aim]] = Counter()
        self._answers_due = 0
        self._void_until_s = dict.fromkeys(Way, 0.0)
        self._down_until_s = 0.0
        self._busy_until_s = 0.0
        self.commands: list[bytes] = []
        self.hits: Counter[Kind] = Counter()

    @property
    def port(self) -> int:
        """Where the driver shall connect to."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> "FaultyLine":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def arm(self, faults: Sequence[Fault]) -> None:
        """Let these faults happen, counting frames from now."""
        self._faults = list(faults)
        self._seen.clear()
        self._answers_due = 0
        self.commands = []

    async def quiet(self) -> None:
        """Let no further fault begin, and wait until all that was begun is over."""
        self._faults = []
        await asyncio.sleep(max(self._busy_until_s - self._now_s(), 0.0))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if self._now_s() >= self._down_until_s:
                with contextlib.suppress(asyncio.CancelledError):  # the line is taken away, and this task ends with it
                    await self._join(reader, writer)
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            plc_reader, plc_writer = await asyncio.open_connection("127.0.0.1", self._plc_port)
        except OSError:
            return
        ends = (writer, plc_writer)
        pumps = (
            self._pump(Way.TO_PLC, reader, plc_writer, ends),
            self._pump(Way.FROM_PLC, plc_reader, writer, ends),
        )
        try:
            await asyncio.gather(*pumps)
        finally:
            plc_writer.transport.abort()

    async def _pump(
        self,
        way: Way,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ends: Sequence[asyncio.StreamWriter],
    ) -> None:
        try:
            async for frame in self._frames(reader):
                await self._pass_on(way, frame, writer)
        except _Cut:
            for end in ends:
                end.transport.abort()
        except ConnectionError:
            writer.transport.abort()
        finally:
            writer.close()

    async def _frames(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        begun = b""
        while fresh := await reader.read(65536):
            begun += fresh
            while (size := self._wire.size(begun)) is not None and len(begun) >= size:
                yield begun[:size]
                begun = begun[size:]
        if begun:
            yield begun

    async def _pass_on(self, way: Way, frame: bytes, writer: asyncio.StreamWriter) -> None:
        fault = self._hit(way, frame)
        if fault is not None:
            self.hits[fault.kind] += 1
            await self._go_wrong(fault, frame, writer)
        elif self._now_s() >= self._void_until_s[way]:
            writer.write(frame)

    async def _go_wrong(self, fault: Fault, frame: bytes, writer: asyncio.StreamWriter) -> None:
        at = round(fault.share * len(frame))
        self._busy(_lasts_s(fault, frame))
        match fault.kind:
            case Kind.HOLD:
                writer.write(frame[:at])
                await asyncio.sleep(fault.wait_s)
                writer.write(frame[at:])
            case Kind.DRIP:
                for byte in frame:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(DRIP_S)
            case Kind.DROP:
                return
            case Kind.VOID:
                self._void_until_s[fault.way] = self._now_s() + fault.wait_s
            case Kind.TRUNCATE:
                writer.write(frame[:at])
            case Kind.STUTTER:
                writer.write(frame[:at] + frame[at // 2 :])
            case Kind.TWICE:
                writer.write(frame + frame)
            case Kind.LATER:
                writer.write(frame)
                asyncio.get_running_loop().call_later(fault.wait_s, _write_if_open, writer, frame)
            case Kind.CUT:
                writer.write(frame[:at])
                self._down_until_s = self._now_s() + fault.wait_s
                raise _Cut

    def _hit(self, way: Way, frame: bytes) -> Fault | None:
        """Count the frame and find the fault that is meant for it."""
        places = [(Aim.ANY, self._count(way, Aim.ANY))]
        if self._is_about_a_command(way, frame):
            places.append((Aim.COMMAND, self._count(way, Aim.COMMAND)))
        for fault in self._faults:
            if fault.way is way and (fault.aim, fault.nth) in places:
                self._faults.remove(fault)
                return fault
        return None

    def _is_about_a_command(self, way: Way, frame: bytes) -> bool:
        if way is Way.TO_PLC and self._wire.is_command(frame):
            self.commands.append(frame)
            self._answers_due += 1
            return True
        if way is Way.FROM_PLC and self._answers_due:
            self._answers_due -= 1
            return True
        return False

    def _count(self, way: Way, aim: Aim) -> int:
        self._seen[way, aim] += 1
        return self._seen[way, aim] - 1

    def _busy(self, wait_s: float) -> None:
        self._busy_until_s = max(self._busy_until_s, self._now_s() + wait_s + SETTLE_S)

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


def _lasts_s(fault: Fault, frame: bytes) -> float:
    if fault.kind is Kind.DRIP:
        return DRIP_S * len(frame)
    return fault.wait_s if fault.kind in (Kind.HOLD, Kind.VOID, Kind.LATER, Kind.CUT) else 0.0


def _write_if_open(writer: asyncio.StreamWriter, frame: bytes) -> None:
    if not writer.is_closing():
        writer.write(frame)
