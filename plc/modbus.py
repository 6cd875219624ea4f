"""The Modbus driver: one task and one socket for each device, one request in flight (`plc.md` §1).

Writes go before reads and fast reads before slow ones. A time-out or a malformed answer closes the
socket; nothing is ever written twice.
"""

import asyncio
from collections.abc import Sequence

import structlog

from plc.map.addresses import Area, Register
from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.registers import CodingError, Kind, command_words, encode
from plc.transport.link import LAYOUT, ForeignLayout, keep_trying
from plc.transport.modbus import DeviceRefusal, ModbusTransport
from plc.transport.published import Published
from plc.transport.retry import BackOff
from plc.transport.scans import Scanner, scanners
from plc.transport.tally import Tally
from plc.transport.waiting import Rank, WaitingWrites, Write
from scada.clock import Clock
from scada.model.device import DeviceFigures
from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import Access, Quality, TagName, Value, point_of
from scada.ports import PlcError, TagSink

_HEARTBEATS = ("hb.server", "claim.wanted")

log = structlog.get_logger(__name__)


class ModbusDriver:
    """One link to one device over Modbus TCP."""

    def __init__(self, device: Device, tags: Sequence[MappedTag], sink: TagSink, clock: Clock) -> None:
        self._device, self._clock = device, clock
        self._tags = {tag.name: tag for tag in tags}
        self._published = Published([tag.name for tag in tags if tag.is_read], sink)
        self._scanners = scanners(tags, device, self._published)
        self._writes = WaitingWrites(device.where)
        self._back_off = BackOff()
        self._tally = Tally(device.name)

    @property
    def name(self) -> str:
        """The device's name in the device table."""
        return self._device.name

    @property
    def tags(self) -> frozenset[TagName]:
        """The tags that live on this device."""
        return frozenset(self._tags)

    async def run(self) -> None:
        """Connect, scan and publish until cancelled; reconnect with back-off."""
        await keep_trying(self._tally, self._live_once, self._published, self._back_off)

    async def write(self, name: TagName, value: Value) -> None:
        """Write one tag once. Raises PlcError; then nobody knows whether it happened."""
        tag = self._writable(name)
        rank = Rank.HEARTBEAT if point_of(name) in _HEARTBEATS else Rank.COMMAND
        await self._writes.put(rank, name, _coded(tag, value))

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        """Send a command block in one write; its answer is read from the image. Raises PlcError."""
        tag = self._writable(name)
        if tag.kind is not Kind.COMMAND:
            raise PlcError(f"write {name} on {self._device.where}: no command block")
        await self._writes.put(Rank.COMMAND, name, command_words(block))
        return None

    def figures(self) -> DeviceFigures:
        """Give how the link does."""
        return self._tally.figures(self._writes.depth)

    async def _live_once(self) -> None:
        """Live through one connection. Raises PlcError when it ends."""
        transport = ModbusTransport(self._device)
        try:
            await transport.open()
            await asyncio.sleep(self._device.pause_s)
            await self._check_layout(transport)
            log.info("plc connected", plc=self.name)
            self._tally.connected(f"{self._device.host}:{self._device.port}")
            await self._serve(transport)
        finally:
            transport.close()
            self._writes.close("the link was lost")

    async def _check_layout(self, transport: ModbusTransport) -> None:
        """Stop before a foreign layout is taken for ours: its numbers would mean something else."""
        for tag in self._tags.values():
            if point_of(tag.name) != LAYOUT or not isinstance(tag.address, Register):
                continue
            raw = await transport.read(tag.address.area, tag.address.start, tag.point.size)
            number = int.from_bytes(raw, "big")
            if tag.scaling.value(number)[1] is not Quality.GOOD:
                raise ForeignLayout(f"{tag.name} of {self._device.where} is {number}")

    async def _serve(self, transport: ModbusTransport) -> None:
        now_s = self._clock.seconds()
        for scanner in self._scanners:
            scanner.restart(now_s)
        self._writes.open()
        while True:
            write = self._writes.take()
            if write is not None:
                await self._carry_out(write, transport)
            elif not await self._read_next(transport):
                await self._writes.wait(self._until_due_s())
                continue
            self._back_off.reset()
            if self._device.pause_s:
                await asyncio.sleep(self._device.pause_s)

    def _until_due_s(self) -> float:
        now_s = self._clock.seconds()
        return max(min((scanner.due_s for scanner in self._scanners), default=now_s + 1.0) - now_s, 0.0)

    async def _read_next(self, transport: ModbusTransport) -> bool:
        """Read one block of the most urgent class that is due; say whether there was any."""
        now_s = self._clock.seconds()
        scanner = next((scanner for scanner in self._scanners if scanner.due_s <= now_s), None)
        if scanner is None:
            return False
        await _read_block(scanner, transport)
        self._tally.reads += 1
        self._tally.round_trip_ms = (self._clock.seconds() - now_s) * 1000
        if scanner.is_complete:
            scanner.publish(self._clock.seconds())
        return True

    async def _carry_out(self, write: Write, transport: ModbusTransport) -> None:
        """Write once. What the device refuses is told to the caller; anything else ends the connection too."""
        try:
            await self._send(self._tags[TagName(write.tag)], write.words, transport)
        except DeviceRefusal as error:
            self._tally.refusals += 1
            _fail(write, error)
        except PlcError as error:
            _fail(write, error)
            raise
        else:
            self._tally.writes += 1
            if not write.done.done():
                write.done.set_result(None)

    async def _send(self, tag: MappedTag, words: tuple[int, ...], transport: ModbusTransport) -> None:
        place = tag.address
        if not isinstance(place, Register):
            raise PlcError(f"write {tag.name} on {self._device.where}: no register")
        if tag.kind is Kind.BOOL and place.area is Area.HOLDING:
            old = int.from_bytes(await transport.read(place.area, place.start, 1), "big")
            mask = 1 << (place.bit or 0)
            words = (old | mask if words[0] else old & ~mask,)
        await transport.write(place.area, place.start, words)

    def _writable(self, name: TagName) -> MappedTag:
        tag = self._tags.get(name)
        if tag is None or tag.spec.access is Access.READ:
            raise PlcError(f"write {name} on {self._device.where}: no tag that may be written")
        return tag


async def _read_block(scanner: Scanner, transport: ModbusTransport) -> None:
    """Read the scanner's next block; a device's refusal is that block's alone."""
    block = scanner.block
    try:
        scanner.take(await transport.read(block.area, block.start, block.count))
    except DeviceRefusal as refusal:
        log.warning("plc refused a block", why=str(refusal))
        scanner.refuse(refusal.code)


def _coded(tag: MappedTag, value: Value) -> tuple[int, ...]:
    if tag.kind is Kind.BOOL:
        return (int(bool(value) is not tag.scaling.invert),)
    try:
        raw = tag.scaling.raw(value) if isinstance(value, int | float) else value
        return encode(raw, tag.kind, tag.order, tag.length)
    except CodingError as error:
        raise PlcError(f"write {tag.name}: {error}") from error


def _fail(write: Write, error: PlcError) -> None:
    if not write.done.done():
        write.done.set_exception(error)
