"""The one adapter to pymodbus 3.16.1: four methods, its traps (`plc.md` §10) kept inside, every failure a PlcError."""

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from plc.map.addresses import Area
from plc.map.devices import Device
from plc.registers import payload
from plc.transport.stopping import heed_cancellation
from scada.ports import PlcError

MAX_WRITE = 123
"""Registers of one write; pymodbus would let 124 through."""
ILLEGAL_ADDRESS = 2
_READ = {Area.COIL: 1, Area.DISCRETE: 2, Area.HOLDING: 3, Area.INPUT: 4}


class DeviceRefusal(PlcError):
    """The device itself said no, with an exception code; the link is fine."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class ModbusTransport:
    """One socket to one device. After any PlcError but a DeviceRefusal it must be closed and not used again."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._client = AsyncModbusTcpClient(
            device.host,
            port=device.port,
            timeout=device.timeout_s,
            retries=0,
            reconnect_delay=0,
            name=device.name,
            trace_connect=self._connection_changed,
        )

    async def open(self) -> None:
        """Connect. Raises PlcError."""
        try:
            async with asyncio.timeout(self._device.timeout_s):
                connected = await self._client.connect()
        except (ModbusException, OSError, TimeoutError) as error:
            raise PlcError(f"connect to {self._device.where}: {error!r}") from error
        if not connected:
            raise PlcError(f"connect to {self._device.where}: refused or no answer")

    def close(self) -> None:
        """Close the socket; whoever still waits for an answer is told."""
        self._client.close()
        self._connection_changed(connected=False)

    async def read(self, area: Area, start: int, count: int) -> bytes:
        """Read registers (two bytes each) or bits (one byte each). Raises PlcError."""
        what = f"read {count} from {area.value}{start} of {self._device.where}"
        methods = {
            Area.COIL: self._client.read_coils,
            Area.DISCRETE: self._client.read_discrete_inputs,
            Area.HOLDING: self._client.read_holding_registers,
            Area.INPUT: self._client.read_input_registers,
        }
        call = partial(methods[area], start, count=count, device_id=self._device.unit)
        answer = await self._ask(call, what, _READ[area])
        return _bits(answer, count, what) if area.is_bits else _registers(answer, count, what)

    async def write(self, area: Area, start: int, values: Sequence[int]) -> None:
        """Write registers or bits, in one request, once. Raises PlcError."""
        what = f"write {len(values)} to {area.value}{start} of {self._device.where}"
        if len(values) > MAX_WRITE:
            raise PlcError(f"{what}: more than {MAX_WRITE}")
        if area is Area.COIL:
            call = partial(
                self._client.write_coils, start, [bool(value) for value in values], device_id=self._device.unit
            )
            function = 15
        else:
            call = partial(self._client.write_registers, start, list(values), device_id=self._device.unit)
            function = 16
        answer = await self._ask(call, what, function)
        if (answer.address, answer.count) != (start, len(values)):
            raise PlcError(f"{what}: answered for {answer.count} at {answer.address}")

    async def _ask(self, call: "partial[Awaitable[ModbusPDU]]", what: str, function: int) -> ModbusPDU:
        """Send one request within our own deadline; not even the call itself may raise past this."""
        try:
            async with asyncio.timeout(self._device.timeout_s):
                answer = await call()
        except (ModbusException, OSError, TimeoutError, ValueError) as error:
            raise PlcError(f"{what}: {error!r}") from error
        heed_cancellation()
        if answer.isError():
            raise DeviceRefusal(f"{what}: exception {answer.exception_code}", answer.exception_code)
        if answer.function_code != function:
            raise PlcError(f"{what}: answered with function {answer.function_code}")
        return answer

    def _connection_changed(self, connected: bool) -> None:
        """Tell a waiting request at once that the peer has gone: pymodbus itself would let it time out."""
        waiting = self._client.ctx.response_future
        if not connected and not waiting.done():
            waiting.set_exception(ConnectionResetError("the device closed the connection"))
            waiting.exception()


def _registers(answer: ModbusPDU, count: int, what: str) -> bytes:
    if len(answer.registers) != count:
        raise PlcError(f"{what}: {len(answer.registers)} registers came")
    return payload(answer.registers)


def _bits(answer: ModbusPDU, count: int, what: str) -> bytes:
    if len(answer.bits) != (count + 7) // 8 * 8:
        raise PlcError(f"{what}: {len(answer.bits)} bits came")
    return bytes(answer.bits[:count])
