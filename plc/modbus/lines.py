"""The ways to a device: a socket of its own, or a serial line that it shares with others.

The serial port comes from pymodbus's asyncio transport over pyserial; everything that is sent over it is ours.
"""

import asyncio
import termios
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from pymodbus.transport.serialtransport import SerialTransport
from serial import SerialException

from plc.modbus.framing import Framing, Rtu
from plc.modbus.stream import Stream
from plc.modbus.wire import Request
from plc.transport.flight import bound_flight
from plc.transport.stopping import heed_cancellation
from scada.ports import PlcError

_CHARACTER_BITS = 11
_SILENCE_CHARACTERS = 3.5
_LEAST_SILENCE_S = 0.00175
"""Between frames on a serial line; that of 19,200 baud counts for all faster ones."""


class Line(Protocol):
    """One way to a device. It may be opened again after it was closed."""

    @property
    def address(self) -> str:
        """Say where it leads."""

    async def open(self, within_s: float, on_lost: Callable[[str], None]) -> None:
        """Connect. Raises PlcError."""

    def ask(self, unit: int, request: Request, within_s: float) -> Awaitable[bytes]:
        """Send one request and give what its answer carries. Raises PlcError and Refused."""

    def close(self) -> None:
        """Let go of it; twice is harmless."""


class Socket:
    """A TCP connection to one device."""

    def __init__(self, host: str, port: int, framing: Framing) -> None:
        self._host, self._port, self._framing = host, port, framing
        self._stream: Stream | None = None

    @property
    def address(self) -> str:
        """Say where it leads."""
        return f"{self._host}:{self._port}"

    async def open(self, within_s: float, on_lost: Callable[[str], None]) -> None:
        """Connect. Raises PlcError."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within_s):
                transport, self._stream = await loop.create_connection(
                    lambda: Stream(self._framing, self.address, on_lost), self._host, self._port
                )
            bound_flight(transport.get_extra_info("socket"), within_s)
        except (OSError, TimeoutError) as error:
            raise PlcError(f"connect to {self.address}: {error!r}") from error
        heed_cancellation()

    def ask(self, unit: int, request: Request, within_s: float) -> Awaitable[bytes]:
        """Send one request and give what its answer carries. Raises PlcError and Refused."""
        if self._stream is None:
            raise PlcError(f"{request.what} of {self.address}: not connected")
        return self._stream.ask(unit, request, within_s)

    def close(self) -> None:
        """Close the connection; whoever still waits for an answer is told."""
        if self._stream is not None:
            self._stream.end("closed")
            self._stream = None


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """A serial line as the device table writes it: `/dev/ttyUSB0,9600,E`, with `,2` behind it for two stop bits."""

    path: str
    baud: int = 19200
    parity: str = "E"
    stop_bits: int = 1

    @property
    def silence_s(self) -> float:
        """Say how long a line must be silent between two frames."""
        return max(_SILENCE_CHARACTERS * _CHARACTER_BITS / self.baud, _LEAST_SILENCE_S)


def serial_settings(text: str) -> SerialSettings:
    """Read the settings of a line. Raises ValueError."""
    path, *more = [part.strip() for part in text.split(",")]
    baud, parity, stop_bits = [*more, *("19200", "E", "1")[len(more) :]]
    settings = SerialSettings(path, int(baud), parity.upper(), int(stop_bits))
    if not path or settings.parity not in ("N", "E", "O") or settings.baud < 50 or settings.stop_bits not in (1, 2):
        raise ValueError(f"{text!r} is no serial line")
    return settings


class SerialLine:
    """One serial port and all devices on it: one request at a time, with silence between.

    A port that fails is opened again for the next request, so that one device's trouble is not its neighbours'.
    """

    def __init__(self, settings: SerialSettings) -> None:
        self.settings = settings
        self.users = 0
        self._turn = asyncio.Lock()
        self._stream: Stream | None = None
        self._quiet_s = 0.0

    async def ask(self, unit: int, request: Request, within_s: float) -> bytes:
        """Wait for the line, send one request and give what its answer carries. Raises PlcError and Refused."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            stream = await self.opened()
            await asyncio.sleep(max(self._quiet_s - loop.time(), 0.0))
            try:
                return await stream.ask(unit, request, within_s)
            finally:
                self._quiet_s = loop.time() + self.settings.silence_s

    async def opened(self) -> Stream:
        """Open the port unless it is open. Raises PlcError."""
        if self._stream is not None and not self._stream.ended:
            return self._stream
        stream = Stream(Rtu(), self.settings.path, lambda why: None)
        settings = self.settings
        try:
            port = SerialTransport(
                asyncio.get_running_loop(),
                stream,
                settings.path,
                settings.baud,
                bytesize=8,
                parity=settings.parity,
                stopbits=settings.stop_bits,
                timeout=0,
            )
        except (SerialException, OSError, ValueError, termios.error) as error:
            raise PlcError(f"open {settings.path}: {error!r}") from error
        port.setup()
        await stream.made
        self._stream = stream
        return stream

    def close(self) -> None:
        """Close the port."""
        if self._stream is not None:
            self._stream.end("closed")
            self._stream = None


class SerialWay:
    """One device's share of a serial line."""

    def __init__(self, lines: "SerialLines", settings: SerialSettings) -> None:
        self._lines, self._settings = lines, settings
        self._line: SerialLine | None = None

    @property
    def address(self) -> str:
        """Say which line it is."""
        return self._settings.path

    async def open(self, within_s: float, on_lost: Callable[[str], None]) -> None:
        """Take a share of the line, opening the port if it is the first. Raises PlcError."""
        self._line = self._lines.take(self._settings)
        await self._line.opened()

    async def ask(self, unit: int, request: Request, within_s: float) -> bytes:
        """Send one request and give what its answer carries. Raises PlcError and Refused."""
        if self._line is None:
            raise PlcError(f"{request.what} of {self.address}: not open")
        return await self._line.ask(unit, request, within_s)

    def close(self) -> None:
        """Give the share back."""
        if self._line is not None:
            self._lines.give_back(self._line)
            self._line = None


class SerialLines:
    """The serial lines that are in use, by path."""

    def __init__(self) -> None:
        self._lines: dict[str, SerialLine] = {}

    def take(self, settings: SerialSettings) -> SerialLine:
        """Give the line of a path to one more user. Raises PlcError if another device set it otherwise."""
        line = self._lines.setdefault(settings.path, SerialLine(settings))
        if line.settings != settings:
            raise PlcError(f"open {settings.path}: another device on it asks for {line.settings}")
        line.users += 1
        return line

    def give_back(self, line: SerialLine) -> None:
        """Let go of a line; its last user closes it."""
        line.users -= 1
        if line.users == 0:
            line.close()
            del self._lines[line.settings.path]
