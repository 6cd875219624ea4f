"""One open connection that carries Modbus, whatever the framing: requests go out, answers find who asked.

It fails as a whole. After a late, wrong or unasked answer nothing that comes can be trusted, so it is closed, and
everybody who waits is told why; a peer that goes away is known in the moment it does. Numbers begin anywhere, so that
what a gateway still has for the connection before is not taken for an answer on this one.

Deadlines share one timer, set for the first of them: to set and to take back one for each request costs more than all
the rest of asking.
"""

import asyncio
import secrets
from collections.abc import Callable

from plc.modbus.framing import Framing
from plc.modbus.wire import Malformed, Refused, Request
from scada.ports import PlcError

_Waiting = tuple["asyncio.Future[bytes]", int, Request, float, float]
"""Who waits for an answer, of which unit, to what, until when, and how long that is."""

_CLOCK_STEP_S = 0.001
"""A timer may go off so much too soon."""


class Stream(asyncio.Protocol):
    """The protocol of one connection. `on_lost` is called once, when it has ended, with the reason."""

    def __init__(self, framing: Framing, where: str, on_lost: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._framing, self._where, self._on_lost = framing, where, on_lost
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._number = secrets.randbelow(0x10000) if framing.is_numbered else 0
        self._rest = b""
        self._timer: asyncio.TimerHandle | None = None
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
        until_s = self._loop.time() + within_s
        self._waiting[self._number] = (answer, unit, request, until_s, within_s)
        if self._timer is None or until_s < self._timer.when():
            self._wake_at(until_s)
        self._transport.write(self._framing.wrap(self._number, unit, request.pdu))
        try:
            return await answer
        except asyncio.CancelledError:
            self.end("given up while an answer was awaited")
            raise

    def end(self, why: str) -> None:
        """Close the connection and tell who waits; twice is harmless."""
        if self.ended:
            return
        self.ended = why
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        for answer, _, request, _, _ in self._waiting.values():
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
                number, unit, pdu, size = frame
                self._take(number, unit, pdu)
                data = data[size:]
            if data and not self._waiting:
                raise Malformed(f"{len(data)} bytes came that nobody asked for")
        except Malformed as error:
            self.end(str(error))
        self._rest = data

    def _take(self, number: int, unit: int, pdu: bytes) -> None:
        """Give an answer to who asked. Raises Malformed if it is nobody's."""
        waiting = self._waiting.get(number)
        if waiting is None:
            raise Malformed(f"an answer came with number {number}, which nobody awaits")
        answer, asked, request, _, _ = waiting
        if answer.done():
            raise Malformed("an answer came for a request that was given up")
        if unit != asked:
            raise Malformed(f"unit {unit} answered, not {asked}")
        try:
            answer.set_result(request.payload(pdu))
        except Refused as refused:
            answer.set_exception(refused)
        del self._waiting[number]

    def _wake_at(self, until_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(until_s, self._look_at_deadlines)

    def _look_at_deadlines(self) -> None:
        """End if somebody has waited for too long, else look again at the next deadline."""
        self._timer = None
        if not self._waiting:
            return
        until_s, within_s = min(waiting[3:] for waiting in self._waiting.values())
        if until_s <= self._loop.time() + _CLOCK_STEP_S:
            self.end(f"no answer within {within_s:g} s")
        else:
            self._wake_at(until_s)

    def _trouble(self, request: Request, why: str) -> PlcError:
        return PlcError(f"{request.what} of {self._where}: {why}")
