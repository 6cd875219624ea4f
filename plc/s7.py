"""Siemens S7 (S7-300/400, and S7-1200/1500 with PUT/GET allowed) over python-snap7: the whole protocol in one file.

Not built in: a site names it in config.toml's [tags.protocols] as `s7 = "plc.s7:S7"`. Addresses are those of STEP 7:
DB1.DBX4.3, DB1.DBB6, DB1.DBW10, DB1.DBD2, M10.2, MW4, I0.0, Q0.1; a command block is DB1.DBB100:18. The column `unit`
holds the slot (1 for S7-1200/1500, 2 for S7-300). Data blocks must not be optimised, or they have no addresses.
"""

import asyncio
import re
import socket
import struct
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import structlog
from snap7.client import Client
from snap7.error import S7ProtocolError
from snap7.type import Area, WordLen

from plc.map.addresses import Address, AddressError
from plc.map.devices import Device
from plc.map.findings import ERROR
from plc.map.mapped import MappedTag, Scan
from plc.map.protocol import Fault, lacks_address, same_place
from plc.registers import CODES, CodingError, Kind, Order, command_words, encode, payload, words_of
from plc.transport.flight import bound_flight
from plc.transport.link import LAYOUT, ForeignLayout, keep_trying
from plc.transport.published import Published
from plc.transport.retry import BackOff
from plc.transport.tally import Tally
from plc.transport.waiting import Rank, WaitingWrites, Write
from scada.clock import Clock
from scada.model.device import DeviceFigures
from scada.model.handshake import Answer, CommandBlock
from scada.model.tag import Access, Quality, TagName, TagUpdate, Value, point_of
from scada.ports import PlcError, TagSink

BLOCK_BYTES = 18
"""A command block: nine words."""
MOST_BYTES = 200
"""One read fits into the smallest PDU, 240 bytes, so that a block is always of one moment."""
BREATH = 0.2
_AREAS = {"DB": Area.DB, "M": Area.MK, "I": Area.PE, "E": Area.PE, "Q": Area.PA, "A": Area.PA}
_LETTER = {Area.DB: "DB", Area.MK: "M", Area.PE: "I", Area.PA: "Q"}
_IN_DB = re.compile(r"DB(\d+)\.DB([XBWD])(\d+)(?:\.([0-7]))?(?::(\d+))?", re.IGNORECASE)
_OUTSIDE = re.compile(r"([MIEQA])([BWD]?)(\d+)(?:\.([0-7]))?", re.IGNORECASE)
_WORDS = {"W": 1, "D": 2}
_HEARTBEATS = ("hb.server", "claim.wanted")
_REFUSED = ("Read operation failed", "Write operation failed", "S7 protocol error (class=")
"""How python-snap7 begins what the PLC itself has refused; everything else it raises is a broken link."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place(Address):
    """A place in an S7: `width` is X, B, W or D as in STEP 7, `count` the length of a command block."""

    area: Area
    db: int
    width: str
    start: int
    bit: int | None = None
    count: int | None = None

    def __str__(self) -> str:
        number = f"{self.start}{'' if self.bit is None else f'.{self.bit}'}"
        if self.area is not Area.DB:
            return f"{_LETTER[self.area]}{'' if self.width == 'X' else self.width}{number}"
        return f"DB{self.db}.DB{self.width}{number}{'' if self.count is None else f':{self.count}'}"


def parse_place(text: str, bit: int | None = None) -> Place:
    """Read an address of STEP 7; `bit` is that of the map's column. Raises AddressError."""
    if match := _IN_DB.fullmatch(text):
        db, width, start, own, count = match.groups()
        place = Place(Area.DB, int(db), width.upper(), int(start), _number(own), _number(count))
    elif match := _OUTSIDE.fullmatch(text):
        area, width, start, own = match.groups()
        place = Place(_AREAS[area.upper()], 0, width.upper() or "X", int(start), _number(own))
    else:
        raise AddressError(f"{text!r} is no address of an S7; write DB1.DBX4.3, DB1.DBW10, M10.2, MW4, I0.0 or Q0.1")
    if bit is not None:
        place = Place(place.area, place.db, place.width, place.start, bit, place.count)
    if (place.width == "X") is (place.bit is None):
        raise AddressError(f"{text!r}: a bit stands behind X, M, I or Q, as in DB1.DBX4.3, and behind nothing else")
    return place


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)


def _place(tag: MappedTag) -> Place:
    if not isinstance(tag.address, Place):
        raise TypeError(f"{tag.name} is not in an S7")
    return tag.address


def _size(tag: MappedTag) -> int:
    """Give the bytes a tag takes; a STRING has two before its text."""
    match tag.kind:
        case Kind.BOOL:
            return 1
        case Kind.STRING:
            return tag.length + 2
        case _:
            return 2 * words_of(tag.kind)


def _end(tag: MappedTag) -> int:
    return _place(tag).start + _size(tag)


@dataclass(frozen=True, slots=True)
class Siemens:
    """S7 as a tag map sees it."""

    name: str = "s7"
    carries_quality: bool = False
    has_word_order: bool = False

    def check_device(self, device: Device) -> Iterator[Fault]:
        """Say that it needs an address, and that it has no security."""
        yield from lacks_address(device, 102)
        if device.security:
            yield Fault("E31", "security", "S7 has no security", "leave the column empty, keep it on the plant network")
        if device.unit > 31:
            yield Fault("E30", "unit", f"slot {device.unit} is above 31", "1 for S7-1200/1500, 2 for S7-300")

    def address(self, text: str, bit: int | None, _device: Device) -> Place:
        """Read an address of STEP 7. Raises AddressError."""
        return parse_place(text, bit)

    def check_tag(self, tag: MappedTag, _device: Device) -> Iterator[Fault]:
        """Say what is wrong with a tag's place."""
        place = _place(tag)
        if tag.kind is Kind.METHOD:
            yield Fault("E05", "type", "a method exists in OPC UA only", "use cmdblock")
        elif tag.kind is Kind.COMMAND:
            whole = place.area is Area.DB and place.count == BLOCK_BYTES and tag.spec.access is Access.WRITE
            if not whole:
                yield Fault("E20", "address", "a command block is 18 bytes of a DB, at once", "write DB1.DBB100:18, wo")
        elif (tag.kind is Kind.BOOL) is not (place.width == "X"):
            yield Fault("E07", "address", f"a {tag.kind.value} at {place}", "a bool needs its bit, and nothing else")
        elif place.width in _WORDS and words_of(tag.kind, 99) != _WORDS[place.width]:
            yield Fault("E06", "type", f"a {tag.kind.value} at {place}", "W is 16 bits, D is 32, B for anything longer")
        if tag.spec.access is not Access.READ and place.area is Area.PE:
            yield Fault("E10", "access", "inputs cannot be written", "use Q, M or a DB, or make it ro")
        if tag.kind is Kind.STRING:
            yield from _check_string(tag)

    def check_tags(self, tags: Sequence[MappedTag], _device: Device) -> Iterator[tuple[MappedTag, Fault]]:
        """Say which places overlap."""
        ordered = sorted((tag for tag in tags if tag.kind is not Kind.BOOL), key=_order)
        for before, tag in pairwise(ordered):
            if _area(before) == _area(tag) and _place(tag).start < _end(before):
                text = f"{tag.name} and {before.name} ({before.where}) overlap"
                same = _place(tag) == _place(before)
                yield tag, same_place(tag, before) if same else Fault("E17", "address", text, "correct one of the two")
        yield from _written_twice(tags)

    def driver(self, device: Device, tags: Sequence[MappedTag], sink: TagSink, clock: Clock, _data: Path) -> "S7Driver":
        """Make the link. Raises PlcError where security is asked for."""
        if device.security:
            raise PlcError(f"{device.where}: S7 has no security {device.security!r}")
        return S7Driver(device, tags, sink, clock)


S7 = Siemens()


def _check_string(tag: MappedTag) -> Iterator[Fault]:
    if not 1 <= tag.length <= MOST_BYTES - 2:
        remedy = f"fill in length, up to {MOST_BYTES - 2}"
        yield Fault("E27", "length", "a STRING needs its length in characters", remedy)
    if tag.spec.access is not Access.READ:
        yield Fault("E10", "access", "a STRING of an S7 is only read", "make it ro")


def _written_twice(tags: Sequence[MappedTag]) -> Iterator[tuple[MappedTag, Fault]]:
    """Name the bits that a person could write although what they lie in, or they themselves, belong to the lane."""
    by_byte: dict[tuple[tuple[int, int], int], list[MappedTag]] = defaultdict(list)
    for tag in (tag for tag in tags if tag.spec.access is not Access.READ):
        place = _place(tag)
        others = {other.name: other for byte in range(place.start, _end(tag)) for other in by_byte[_area(tag), byte]}
        for other in others.values():
            bits = (tag.kind is Kind.BOOL, other.kind is Kind.BOOL)
            if not any(bits) or (all(bits) and _place(other).bit != place.bit):
                continue
            if (fault := same_place(tag, other)).severity == ERROR:
                yield tag, fault
        for byte in range(place.start, _end(tag)):
            by_byte[_area(tag), byte].append(tag)


def _area(tag: MappedTag) -> tuple[int, int]:
    return (_place(tag).area.value, _place(tag).db)


def _order(tag: MappedTag) -> tuple[int, int, int, int]:
    return (*_area(tag), _place(tag).start, _end(tag))


class Refusal(PlcError):
    """The PLC does not have the place, or does not let it be read or written."""


class _Link:
    """One connection: a client of python-snap7, whose calls block, in a thread of its own.

    A call that takes too long is given up with the connection; its thread ends when the socket is shut.
    """

    def __init__(self, device: Device, host: str, port: int) -> None:
        self.address = f"{host}:{port}"
        self._device, self._host, self._port = device, host, port
        self._client = Client()
        self._thread = ThreadPoolExecutor(1, f"s7 {device.name}")

    async def open(self) -> None:
        """Connect. Raises PlcError."""
        connect = partial(self._client.connect, self._host, 0, self._device.unit, self._port)
        await self._call(connect, "connect to", 2 * self._device.timeout_s)
        if self._client.connection is not None and self._client.connection.socket is not None:
            bound_flight(self._client.connection.socket, self._device.timeout_s)

    async def read(self, area: tuple[int, int], start: int, size: int) -> bytes:
        """Read bytes. Raises PlcError; Refusal if the PLC does not let it."""
        work = partial(self._client.read_area, Area(area[0]), area[1], start, size)
        found = bytes(await self._call(work, f"read {size} bytes from {start} of"))
        if len(found) != size:
            raise PlcError(f"read {size} bytes from {start} of {self._device.where}: {len(found)} came")
        return found

    async def write(self, place: Place, content: bytes) -> None:
        """Write once: one bit, or bytes that are taken over together. Raises PlcError; Refusal if it did not happen."""
        is_bit = place.bit is not None
        start = 8 * place.start + (place.bit or 0) if is_bit else place.start
        length = WordLen.Bit if is_bit else WordLen.Byte
        work = partial(self._client.write_area, place.area, place.db, start, bytearray(content), length)
        await self._call(work, f"write {place} of")

    def close(self) -> None:
        """Let go of the socket at once, and of the thread when it comes back."""
        connection = self._client.connection
        if connection is not None and connection.socket is not None:
            with suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)
        self._thread.submit(self._client.disconnect)
        self._thread.shutdown(wait=False)

    async def _call(self, work: Callable[[], T], what: str, within_s: float | None = None) -> T:
        try:
            async with asyncio.timeout(within_s or self._device.timeout_s):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except S7ProtocolError as error:
            kind = Refusal if str(error).startswith(_REFUSED) else PlcError
            raise kind(f"{what} {self._device.where}: {error}") from error
        except Exception as error:  # whatever the library makes of what a stranger sends: the link is of no use
            raise PlcError(f"{what} {self._device.where}: {error or type(error).__name__}") from error


@dataclass(slots=True, eq=False)
class _Block:
    """One read: bytes of one area, and the tags in them; it remembers the last ones."""

    tags: list[MappedTag]
    last: bytes = b""
    is_bad: bool = False

    @property
    def start(self) -> int:
        return _place(self.tags[0]).start

    @property
    def size(self) -> int:
        return max(map(_end, self.tags)) - self.start

    def decode(self, content: bytes) -> list[TagUpdate]:
        """Give the tags whose bytes are not those of the last time."""
        last, self.last, self.is_bad = self.last, content, False
        updates = []
        for tag in self.tags:
            at = _place(tag).start - self.start
            raw = content[at : at + _size(tag)]
            if not last or raw != last[at : at + _size(tag)]:
                value, quality = _decoded(tag, raw)
                updates.append(TagUpdate(tag.name, value, quality))
        return updates


def blocks(tags: Sequence[MappedTag], max_gap: int) -> list[_Block]:
    """Join tags into as few reads as holes of `max_gap` bytes and one PDU allow."""
    found: list[_Block] = []
    for tag in sorted(tags, key=_order):
        block = found[-1] if found and _area(found[-1].tags[0]) == _area(tag) else None
        near = block is not None and _place(tag).start - block.start - block.size <= max_gap
        if block is not None and near and _end(tag) - block.start <= MOST_BYTES:
            block.tags.append(tag)
        else:
            found.append(_Block([tag]))
    return found


def _decoded(tag: MappedTag, raw: bytes) -> tuple[Value, Quality]:
    match tag.kind:
        case Kind.BOOL:
            return bool(raw[0] >> (_place(tag).bit or 0) & 1) is not tag.scaling.invert, Quality.GOOD
        case Kind.STRING:
            return raw[2 : 2 + raw[1]].decode("utf-8", "replace"), Quality.GOOD
        case _:
            return tag.scaling.value(struct.unpack(f">{CODES[tag.kind]}", raw)[0])


def _coded(tag: MappedTag, value: Value) -> tuple[int, ...]:
    if tag.kind is Kind.BOOL:
        return (int(bool(value) is not tag.scaling.invert),)
    try:
        raw = tag.scaling.raw(value) if isinstance(value, int | float) else value
        return encode(raw, tag.kind, Order.ABCD)
    except CodingError as error:
        raise PlcError(f"write {tag.name}: {error}") from error


@dataclass(slots=True)
class _Class:
    """The reads of one class: which is next and when the next scan is due."""

    scan: Scan
    blocks: list[_Block]
    refresh_s: float
    todo: deque[_Block] = field(default_factory=deque)
    updates: list[TagUpdate] = field(default_factory=list)
    due_s: float = 0.0
    began_s: float = 0.0
    refreshed_s: float = 0.0

    def restart(self, now_s: float) -> None:
        """Begin anew on a new connection."""
        self.todo.clear()
        self.updates = []
        self.due_s = self.refreshed_s = now_s
        for block in self.blocks:
            block.last = b""

    def next(self, now_s: float) -> _Block | None:
        """Give the block to be read now, if any."""
        if not self.todo and now_s >= self.due_s:
            self.todo.extend(self.blocks)
            self.began_s = now_s
        return self.todo[0] if self.todo else None

    def refuse(self, block: _Block) -> list[MappedTag]:
        """Take that the PLC refused a block: read it in halves from now on, or give its only tag as bad."""
        self.todo.popleft()
        if len(block.tags) == 1:
            is_news, block.is_bad, block.last = not block.is_bad, True, b""
            return block.tags if is_news else []
        half = len(block.tags) // 2
        parts = [_Block(block.tags[:half]), _Block(block.tags[half:])]
        at = self.blocks.index(block)
        self.blocks[at : at + 1] = parts
        self.todo.extendleft(reversed(parts))
        return []


class S7Driver:
    """One link to one S7: one request in flight, commands before heartbeats before reads; nothing is written twice."""

    def __init__(self, device: Device, tags: Sequence[MappedTag], sink: TagSink, clock: Clock) -> None:
        self._device, self._clock = device, clock
        self._tags = {tag.name: tag for tag in tags}
        self._tally = Tally(device.name)
        self._published = Published(tags, sink, clock)
        self._classes = [
            _Class(scan, blocks(own, device.max_gap), min(tag.spec.stale_s or scan.stale_s for tag in own) / 3)
            for scan in Scan
            if (own := [tag for tag in tags if tag.is_read and tag.scan is scan])
        ]
        self._writes = WaitingWrites(device.where)
        self._back_off = BackOff()
        self._ways = deque((way.host, way.port) for way in device.ways)

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
        if self._writable(name).kind is not Kind.COMMAND:
            raise PlcError(f"write {name} on {self._device.where}: no command block")
        await self._writes.put(Rank.COMMAND, name, command_words(block))
        return None

    def figures(self) -> DeviceFigures:
        """Give how the link does."""
        return self._tally.figures(self._writes.depth, self._published.is_still)

    async def _live_once(self) -> None:
        """Live through one connection. Raises PlcError when it ends; another way has its turn then."""
        link = _Link(self._device, *self._ways[0])
        self._tally.address = link.address
        try:
            await link.open()
            await asyncio.sleep(self._device.pause_s)
            await self._check_layout(link)
            log.info("plc connected", plc=self.name, address=link.address)
            self._tally.connected(link.address)
            await self._serve(link)
        finally:
            link.close()
            self._ways.rotate(-1)
            self._writes.close("the link was lost")

    async def _check_layout(self, link: _Link) -> None:
        """Stop before a foreign layout is taken for ours: its numbers would mean something else."""
        for tag in self._tags.values():
            if point_of(tag.name) != LAYOUT:
                continue
            value, quality = _decoded(tag, await link.read(_area(tag), _place(tag).start, _size(tag)))
            if quality is not Quality.GOOD:
                raise ForeignLayout(f"{tag.name} of {self._device.where} is {value}")

    async def _serve(self, link: _Link) -> None:
        """Do what is most urgent, one thing after the other, until the link is lost."""
        for one in self._classes:
            one.restart(self._clock.seconds())
        self._writes.open()
        while True:
            if (write := self._writes.take()) is not None:
                await self._carry_out(write, link)
            elif not await self._read_next(link):
                now_s = self._clock.seconds()
                await self._writes.wait(max(min([1.0, *(one.due_s - now_s for one in self._classes)]), 0.0))
                continue
            if self._device.pause_s:
                await asyncio.sleep(self._device.pause_s)

    async def _read_next(self, link: _Link) -> bool:
        """Read one block of the most urgent class that is due; say whether there was any."""
        now_s = self._clock.seconds()
        for one in self._classes:
            if (block := one.next(now_s)) is not None:
                await self._read(one, block, link)
                if not one.todo:
                    self._end_scan(one, self._clock.seconds())
                return True
        return False

    async def _read(self, one: _Class, block: _Block, link: _Link) -> None:
        """Read one block; a refusal is that block's alone."""
        began_s = self._clock.seconds()
        try:
            content = await link.read(_area(block.tags[0]), block.start, block.size)
        except Refusal as error:
            self._tally.refusals += 1
            bad = one.refuse(block)
            if bad:
                self._tally.holes += 1
                self._tally.why = str(error)
                log.warning("plc refuses a place", plc=self.name, tag=bad[0].name, why=str(error))
            one.updates += self._published.bad([tag.name for tag in bad], Quality.COMMUNICATION)
            return
        self._tally.reads += 1
        self._tally.round_trip_ms = (self._clock.seconds() - began_s) * 1000
        self._back_off.reset()
        one.todo.popleft()
        one.updates += block.decode(content)

    def _end_scan(self, one: _Class, now_s: float) -> None:
        """Tell in one call what the scan found, and set the time of the next."""
        refresh = now_s - one.refreshed_s >= one.refresh_s
        read = (tag.name for block in one.blocks if not block.is_bad for tag in block.tags) if refresh else ()
        self._published.tell(one.updates, read)
        one.refreshed_s = now_s if refresh else one.refreshed_s
        one.updates = []
        self._tally.late_scans += now_s > one.due_s + one.scan.period_s
        self._tally.scanned(one.scan.value, now_s - one.began_s)
        if one is self._classes[0]:
            self._tally.scan_ms = (now_s - one.began_s) * 1000
        one.due_s = max(one.due_s + one.scan.period_s, now_s + BREATH * one.scan.period_s)

    async def _carry_out(self, write: Write, link: _Link) -> None:
        """Write once. What the PLC refuses is told to the caller; anything else ends the connection too."""
        tag = self._tags[TagName(write.tag)]
        place = _place(tag)
        try:
            await link.write(place, bytes(write.words) if place.bit is not None else payload(write.words))
        except Refusal as error:
            self._tally.refusals += 1
            _fail(write, error)
        except PlcError as error:
            _fail(write, error)
            raise
        except asyncio.CancelledError:
            where = self._device.where
            _fail(write, PlcError(f"write {write.tag} on {where}: given up, nobody knows whether it happened"))
            raise
        else:
            self._tally.writes += 1
            if not write.done.done():
                write.done.set_result(None)

    def _writable(self, name: TagName) -> MappedTag:
        tag = self._tags.get(name)
        if tag is None or tag.spec.access is Access.READ:
            raise PlcError(f"write {name} on {self._device.where}: no tag that may be written")
        return tag


def _fail(write: Write, error: PlcError) -> None:
    if not write.done.done():
        write.done.set_exception(error)
