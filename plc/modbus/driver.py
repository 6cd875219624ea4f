"""The Modbus driver: one task for each device, one request in flight unless the map says more (`plc.md` §1).

Commands go before heartbeats, both before reads, fast reads before slow ones. A time-out or a malformed answer closes
the connection; nothing is ever written twice.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

import structlog

from plc.map.addresses import Area, Register
from plc.map.devices import Device
from plc.map.mapped import MappedTag, Scan
from plc.modbus.scans import PERIODS, Scanner, scanners
from plc.modbus.transport import DeviceRefusal, Transport
from plc.plan import BlockPlan
from plc.registers import CodingError, Kind, command_words, encode
from plc.transport.link import LAYOUT, ForeignLayout, keep_trying
from plc.transport.published import Published
from plc.transport.retry import BackOff
from plc.transport.tally import Tally
from plc.transport.waiting import Rank, WaitingWrites, Write
from scada.clock import Clock
from scada.model.device import DeviceFigures, LinkState
from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import Access, Quality, TagName, Value, point_of
from scada.ports import PlcError, TagSink

_HEARTBEATS = ("hb.server", "claim.wanted")
_IDLE_S = 1.0

log = structlog.get_logger(__name__)


class ModbusDriver:
    """One device, reached over the first of its `ways` that answers.

    After a loss it is silent for `quiet_s`: an answer that comes late, and has no number, is then nobody's.
    """

    def __init__(
        self,
        device: Device,
        tags: Sequence[MappedTag],
        sink: TagSink,
        clock: Clock,
        ways: Sequence[Transport],
        periods: Mapping[Scan, float] = PERIODS,
        quiet_s: float = 0.0,
    ) -> None:
        self._device, self._clock, self._ways = device, clock, deque(ways)
        self._tags = {tag.name: tag for tag in tags}
        self._tally = Tally(device.name)
        self._published = Published(tags, sink, clock)
        self._scanners = scanners(tags, device, self._published, self._tally, periods)
        self._writes = WaitingWrites(device.where)
        self._back_off = BackOff()
        self._in_flight = 1 if device.pause_s else device.pipeline
        self._bits = asyncio.Lock()
        self._lost = ""
        self._quiet_s, self._was_lost = quiet_s, False

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
        self._tally.scan_ms = self._scanners[0].took_s * 1000 if self._scanners else 0.0
        return self._tally.figures(self._writes.depth, self._published.is_still)

    def _note_lost(self, why: str) -> None:
        """Hear that the connection has ended, whether or not anything is in flight."""
        self._lost = why
        self._writes.ring()

    async def _live_once(self) -> None:
        """Live through one connection. Raises PlcError when it ends; another way has its turn then."""
        link = await self._opened()
        try:
            await asyncio.sleep(max(self._device.pause_s, self._quiet_s if self._was_lost else 0.0))
            await self._check_layout(link)
            log.info("plc connected", plc=self.name, address=link.address)
            if not self._scanners:
                self._tally.connected(link.address)
            await self._serve(link)
        finally:
            link.close()
            self._was_lost = True
            self._ways.rotate(-1)
            self._writes.close("the link was lost")

    async def _opened(self) -> Transport:
        """Open the first way that can be opened; it stands in front then. Raises PlcError."""
        troubles = []
        for _ in range(len(self._ways)):
            link = self._ways[0]
            self._tally.address, self._lost = link.address, ""
            try:
                await link.open(self._note_lost)
            except PlcError as error:
                troubles.append(str(error))
                link.close()
                self._ways.rotate(-1)
            else:
                return link
        raise PlcError("; ".join(troubles))

    async def _check_layout(self, link: Transport) -> None:
        """Stop before a foreign layout is taken for ours: its numbers would mean something else."""
        for tag in self._tags.values():
            if point_of(tag.name) != LAYOUT or not isinstance(tag.address, Register):
                continue
            raw = await link.read(tag.address.area, tag.address.start, tag.point.size)
            number = int.from_bytes(raw, "big")
            if tag.scaling.value(number)[1] is not Quality.GOOD:
                raise ForeignLayout(f"{tag.name} of {self._device.where} is {number}")

    async def _serve(self, link: Transport) -> None:
        """Read and write until the link is lost, with as many requests in flight as the device may have."""
        now_s = self._clock.seconds()
        for scanner in self._scanners:
            scanner.restart(now_s)
        self._writes.open()
        workers = [asyncio.ensure_future(self._work(link)) for _ in range(self._in_flight)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, link: Transport) -> None:
        """Do what is most urgent, one thing after the other: commands, heartbeats, then the classes in their order."""
        while True:
            if (write := self._writes.take()) is not None:
                await self._carry_out(write, link)
            elif (read := self._next_read()) is not None:
                await self._read(*read, link)
            else:
                await self._wait()
                continue
            if self._device.pause_s:
                await asyncio.sleep(self._device.pause_s)

    async def _wait(self) -> None:
        """Wait for a write, or until a read is due. Raises PlcError when the connection ends meanwhile."""
        now_s = self._clock.seconds()
        await self._writes.wait(min([_IDLE_S, *(scanner.wait_s(now_s) for scanner in self._scanners)]))
        if self._lost:
            raise PlcError(f"{self._device.where}: {self._lost}")

    def _next_read(self) -> tuple[Scanner, BlockPlan] | None:
        now_s = self._clock.seconds()
        for scanner in self._scanners:
            if (plan := scanner.begin(now_s)) is not None:
                if self._in_flight > 1:
                    self._writes.ring()
                return scanner, plan
        return None

    async def _read(self, scanner: Scanner, plan: BlockPlan, link: Transport) -> None:
        """Read one block; a device's refusal is that block's alone."""
        block, began_s = plan.block, self._clock.seconds()
        try:
            payload = await link.read(block.area, block.start, block.count)
        except DeviceRefusal as refusal:
            self._answered(link)
            self._tally.refusals += 1
            scanner.refuse(plan, refusal.code, self._clock.seconds())
            return
        self._answered(link)
        now_s = self._clock.seconds()
        self._tally.reads += 1
        self._tally.round_trip_ms = (now_s - began_s) * 1000
        self._back_off.reset()
        scanner.take(plan, payload, now_s)

    def _answered(self, link: Transport) -> None:
        """Count the link as up from its first answer on: a PLC that hangs takes connections, too."""
        if self._tally.state is not LinkState.UP:
            self._tally.connected(link.address)

    async def _carry_out(self, write: Write, link: Transport) -> None:
        """Write once. What the device refuses is told to the caller; anything else ends the connection too."""
        try:
            await self._send(self._tags[TagName(write.tag)], write.words, link)
        except DeviceRefusal as error:
            self._tally.refusals += 1
            _fail(write, error)
        except PlcError as error:
            _fail(write, error)
            raise
        except asyncio.CancelledError:
            _fail(
                write,
                PlcError(f"write {write.tag} on {self._device.where}: given up, nobody knows whether it happened"),
            )
            raise
        else:
            self._tally.writes += 1
            if not write.done.done():
                write.done.set_result(None)

    async def _send(self, tag: MappedTag, words: tuple[int, ...], link: Transport) -> None:
        place = tag.address
        if not isinstance(place, Register):
            raise PlcError(f"write {tag.name} on {self._device.where}: no register")
        if tag.kind is Kind.BOOL and place.area is Area.HOLDING:
            async with self._bits:
                await link.write_bit(place.start, place.bit or 0, bool(words[0]))
        else:
            await link.write(place.area, place.start, words)

    def _writable(self, name: TagName) -> MappedTag:
        tag = self._tags.get(name)
        if tag is None or tag.spec.access is Access.READ:
            raise PlcError(f"write {name} on {self._device.where}: no tag that may be written")
        return tag


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
