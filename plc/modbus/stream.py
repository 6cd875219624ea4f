"""One open connection that carries Modbus, whatever the framing: requests go out, answers find who asked.

It fails as a whole. After a late, wrong or unasked answer nothing that comes can be trusted, so it is closed, and
everybody who waits is told why; a peer that goes away is known in the moment it does. Numbers begin anywhere, so that
what a gateway still has for the connection before is not taken for an answer on this one.
"""

import asyncio
import secrets
from collections.abc import Callable

from plc.modbus.framing import Frame, Framing
from plc.modbus.wire import Malformed, Refused, Request
from scada.ports import PlcError

_Waiting = tuple["asyncio.Future[bytes]", int, Request]


class Stream(asyncio.Protocol):
    """The protocol of one connection. `on_lost` is called once, when it has ended, with the reason."""

    def __init__(self, framing: Framing, where: str, on_lost: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._framing, self._where, self._on_lost = framing, where, on_lost
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._number = secrets.randbelow(0x10000) if framing.is_numbered else 0
        self._rest = b""
        self.ended = ""
        """Why the connection has ended; empty while it stands."""
        self.made: asyncio.Future[None] = self._loop.create_future()

    async def ask(self, unit: int, request: Request, within_s: float) -> bytes:
        """Send one request and give what its answer carries. Raises PlcError, and Refused if the device says no."""
        if self._transport is None or self.ended:
            raise self._trouble(request, self.ended or "not connected")
        if self._framing.is_numbered:
            self._number = (self._number + 1) & 0xFFFF
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting[self._number] = (answer, unit, request)
        self._transport.write(self._framing.wrap(self._number, unit, request.pdu))
        timer = self._loop.call_later(within_s, self._late, within_s)
        try:
            return await answer
        except asyncio.CancelledError:
            self.end("given up while an answer was awaited")
            raise
        finally:
            timer.cancel()

    def end(self, why: str) -> None:
        """Close the connection and tell who waits; twice is harmless."""
        if self.ended:
            return
        self.ended = why
        if self._transport is not None:
            self._transport.abort()
        for answer, _, request in self._waiting.values():
            if not answer.done():
                answer.set_exception(self._trouble(request, why))
        self._waiting.clear()
        self._on_lost(why)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
        if not self.made.done():
            self.made.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Know that the peer has gone."""
        self.end(f"the device closed the connection{f': {exc!r}' if exc else ''}")

    def data_received(self, data: bytes) -> None:
        """Take what came: whole answers, parts of one, or nonsense."""
        if self._rest:
            data = self._rest + data
        try:
            while data and (frame := self._framing.first(data)) is not None:
                self._take(frame)
                data = data[frame.size :]
            if data and not self._waiting:
                raise Malformed(f"{len(data)} bytes came that nobody asked for")
        except Malformed as error:
            self.end(str(error))
        self._rest = data

    def _take(self, frame: Frame) -> None:
        """Give an answer to who asked. Raises Malformed if it is nobody's."""
        waiting = self._waiting.get(frame.number)
        if waiting is None:
            raise Malformed(f"an answer came with number {frame.number}, which nobody awaits")
        answer, unit, request = waiting
        if answer.done():
            raise Malformed("an answer came for a request that was given up")
        if frame.unit != unit:
            raise Malformed(f"unit {frame.unit} answered, not {unit}")
        try:
            payload: bytes | Refused = request.payload(frame.pdu)
        except Refused as refused:
            payload = refused
        del self._waiting[frame.number]
        if isinstance(payload, Refused):
            answer.set_exception(payload)
        else:
            answer.set_result(payload)

    def _late(self, within_s: float) -> None:
        self.end(f"no answer within {within_s:g} s")

    def _trouble(self, request: Request, why: str) -> PlcError:
        return PlcError(f"{request.what} of {self._where}: {why}")
