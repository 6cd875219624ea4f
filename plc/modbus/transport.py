"""One device over one way: read and write its areas, and make of every failure a PlcError."""

import struct
from collections.abc import Callable, Sequence
from typing import Protocol

from plc.map.addresses import Area
from plc.modbus import wire
from plc.modbus.lines import Line
from plc.modbus.wire import ExceptionCode, Refused, Request
from scada.ports import PlcError

_GATEWAY = (ExceptionCode.GATEWAY_HAS_NO_PATH, ExceptionCode.DEVICE_BEHIND_GATEWAY_IS_SILENT)


class DeviceRefusal(PlcError):
    """The device itself said no, with an exception code; the link is fine."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class Transport(Protocol):
    """What the driver needs of a device. After any PlcError but a DeviceRefusal it must be closed and opened anew."""

    @property
    def address(self) -> str:
        """Say where the device is."""

    async def open(self, on_lost: Callable[[str], None]) -> None:
        """Connect; `on_lost` hears why, when the connection ends. Raises PlcError."""

    async def read(self, area: Area, start: int, count: int) -> bytes:
        """Read registers, two bytes each, or bits, eight a byte. Raises PlcError."""

    async def write(self, area: Area, start: int, values: Sequence[int]) -> None:
        """Write registers or bits, in one request, once. Raises PlcError."""

    async def write_bit(self, start: int, bit: int, on: bool) -> None:
        """Write one bit of a holding register, once. Raises PlcError."""

    def close(self) -> None:
        """Disconnect; whoever still waits for an answer is told."""


class ModbusTransport:
    """A device that speaks Modbus. What it turned out not to offer is remembered over its connections."""

    def __init__(self, name: str, unit: int, timeout_s: float, line: Line, takes_masks: bool = False) -> None:
        self._name, self._unit, self._timeout_s, self._line = name, unit, timeout_s, line
        self._reads: dict[tuple[Area, int, int], Request] = {}
        self._takes_single = True
        self._takes_masks = takes_masks

    @property
    def address(self) -> str:
        """Say where the device is."""
        return self._line.address

    async def open(self, on_lost: Callable[[str], None]) -> None:
        """Connect. Raises PlcError."""
        try:
            await self._line.open(self._timeout_s, on_lost)
        except PlcError as error:
            raise PlcError(f"{self._name}: {error}") from error

    def close(self) -> None:
        """Disconnect."""
        self._line.close()

    async def read(self, area: Area, start: int, count: int) -> bytes:
        """Read registers, two bytes each, or bits, eight a byte. Raises PlcError."""
        request = self._reads.get((area, start, count))
        if request is None:
            request = self._reads[area, start, count] = wire.read(area, start, count)
        try:
            return await self._line.ask(self._unit, request, self._timeout_s)
        except (Refused, PlcError) as error:
            raise self._trouble(request, error) from error

    async def write(self, area: Area, start: int, values: Sequence[int]) -> None:
        """Write registers or bits, in one request, once. Raises PlcError.

        One value goes by function 5 or 6. A device that does not know those says so without doing anything, and is
        asked by 15 or 16 from then on.
        """
        try:
            request = wire.write(area, start, values, self._takes_single)
        except (ValueError, struct.error) as error:
            raise PlcError(f"{self._name}: write {len(values)} to {area.value}{start}: {error}") from error
        try:
            await self._ask(request)
        except DeviceRefusal as refusal:
            if refusal.code != ExceptionCode.ILLEGAL_FUNCTION or len(values) > 1 or not self._takes_single:
                raise
            self._takes_single = False
            await self._ask(wire.write(area, start, values, single=False))

    async def write_bit(self, start: int, bit: int, on: bool) -> None:
        """Write one bit of a holding register: by a mask if the device takes one, else by reading it first.

        Masks are not tried out: some servers drop the connection, or say nothing, when asked for what they do not know.
        """
        mask = 1 << bit
        if self._takes_masks and await self._masked(start, mask, mask if on else 0):
            return
        old = int.from_bytes(await self.read(Area.HOLDING, start, 1), "big")
        await self.write(Area.HOLDING, start, [old | mask if on else old & ~mask])

    async def _masked(self, start: int, mask: int, bits: int) -> bool:
        """Write some bits of a register at once; say whether the device knows how to. Raises PlcError."""
        try:
            await self._ask(wire.write_masked(start, mask, bits))
        except DeviceRefusal as refusal:
            if refusal.code != ExceptionCode.ILLEGAL_FUNCTION:
                raise
            self._takes_masks = False
        return self._takes_masks

    async def _ask(self, request: Request) -> bytes:
        try:
            return await self._line.ask(self._unit, request, self._timeout_s)
        except (Refused, PlcError) as error:
            raise self._trouble(request, error) from error

    def _trouble(self, request: Request, error: Refused | PlcError) -> PlcError:
        """Say what failed, on which device; a refusal of the device's own is told from a lost link."""
        if not isinstance(error, Refused):
            return PlcError(f"{self._name}: {error}")
        text = f"{self._name}: {request.what}: exception {error.code}"
        if error.code in _GATEWAY:
            return PlcError(f"{text}: the gateway does not reach it")
        return DeviceRefusal(text, error.code)
