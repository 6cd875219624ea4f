"""Modbus as a tag map sees it: four areas of registers and bits, and what can be wrong with places in them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

from plc.browsed import Bounds, Browsed
from plc.map.addresses import MAX_REGISTER, Address, Area, Register, parse_register
from plc.map.devices import Device
from plc.map.findings import WARNING
from plc.map.mapped import MappedTag, Scan
from plc.map.protocol import Fault, lacks_address, same_place
from plc.modbus.driver import ModbusDriver
from plc.modbus.framing import Framing, Mbap, Rtu
from plc.modbus.lines import Line, SerialLines, SerialWay, Socket, serial_settings
from plc.modbus.probe import probe
from plc.modbus.transport import ModbusTransport
from plc.plan import Point
from plc.registers import COMMAND_WORDS, Kind, words_of
from scada.clock import Clock
from scada.model.tag import Access
from scada.ports import PlcError, TagSink

MASKS = "masks"
"""In a device's profile: it knows function 22, by which one bit is written without reading its register first."""


MOST_QUIET_S = 1.0
"""So long at most a device without numbered answers is left alone after a loss: a late one must not pass for ours."""


@dataclass(frozen=True, slots=True)
class Modbus:
    """Modbus, over sockets of its own with `framing`, or over the serial lines that devices share."""

    name: str
    framing: Framing
    lines: SerialLines | None = None
    carries_quality: bool = False
    has_word_order: bool = True

    def check_device(self, device: Device) -> Iterator[Fault]:
        """Say that it needs an address or a line, and that it has no security."""
        yield from _check_serial(device) if self.lines else lacks_address(device, 502)
        if device.pipeline > 1 and (not self.framing.is_numbered or device.pause_s):
            text = "answers without a number, or with a pause between, cannot be in flight together"
            yield Fault("W38", "pipeline", text, "leave the column empty", WARNING)
        if device.security:
            yield Fault("E31", "security", "Modbus has no security", "leave the column empty")

    def address(self, text: str, bit: int | None, device: Device) -> Register:
        """Read an address in any of its forms. Raises AddressError."""
        place = parse_register(text, device.base, device.profile)
        return place if bit is None else Register(place.area, place.start, bit, place.count)

    def check_tag(self, tag: MappedTag, device: Device) -> Iterator[Fault]:
        """Say what is wrong with a tag's place."""
        place = _place(tag.address)
        if place.start < 0:
            remedy = "this device's base is 1: 40001 is HR0"
            yield Fault("E09", "address", f"{place.area.value} has no address below 0", remedy)
        elif place.start + max(words_of(tag.kind, tag.length), 1) - 1 > MAX_REGISTER:
            yield Fault("E09", "address", f"{place} is beyond 65535", "count from 0 to 65535")
        if place.area.is_bits and tag.kind is not Kind.BOOL:
            yield Fault("E06", "type", f"a {tag.kind.value} in a bit area", "use HR or IR, or make it bool")
        if tag.spec.access is not Access.READ and not place.area.may_write:
            yield Fault("E10", "access", f"{place.area.value} cannot be written", "use C or HR, or make it ro")
        yield from _check_bit(tag, place, device)
        yield from _check_block(tag, place, device)
        if tag.kind is Kind.STRING and tag.length == 0:
            yield Fault("E27", "length", "a string needs its length in registers", "fill in length")

    def check_tags(self, tags: Sequence[MappedTag], device: Device) -> Iterator[tuple[MappedTag, Fault]]:
        """Say which places overlap, and which holes cost a read."""
        yield from _clashes(tags)
        yield from _holes(tags, device)

    def driver(
        self, device: Device, tags: Sequence[MappedTag], sink: TagSink, clock: Clock, _data: Path
    ) -> ModbusDriver:
        """Make the link. Raises PlcError where security is asked for."""
        if device.security:
            raise PlcError(f"{device.where}: Modbus has no security {device.security!r}")
        masks = MASKS in device.profile.split()
        ways = [ModbusTransport(device.name, device.unit, device.timeout_s, line, masks) for line in self._ways(device)]
        if self.framing.is_numbered:
            return ModbusDriver(device, with_the_faster(tags), sink, clock, ways)
        quiet_s = min(device.timeout_s, MOST_QUIET_S)
        return ModbusDriver(replace(device, pipeline=1), with_the_faster(tags), sink, clock, ways, quiet_s=quiet_s)

    async def browse(self, device: Device, _data: Path, _now: datetime, bounds: Bounds) -> Browsed:
        """Read where something answers. Raises PlcError."""
        line = self._ways(device)[0]
        return await probe(ModbusTransport(device.name, device.unit, device.timeout_s, line), bounds)

    def _ways(self, device: Device) -> list[Line]:
        """Give every way to a device, the usual one first. Raises PlcError."""
        if self.lines is not None:
            try:
                return [SerialWay(self.lines, serial_settings(device.serial))]
            except ValueError as error:
                raise PlcError(f"{device.where}: {error}") from error
        return [Socket(way.host, way.port, self.framing) for way in device.ways]


TCP = Modbus("modbus-tcp", Mbap())
RTU_TCP = Modbus("modbus-rtu-tcp", Rtu())
RTU = Modbus("modbus-rtu", Rtu(), SerialLines())


def _check_serial(device: Device) -> Iterator[Fault]:
    try:
        serial_settings(device.serial)
    except ValueError:
        text = f"{device.name} needs a serial line, not {device.serial!r}"
        yield Fault("E30", "serial", text, "write path, baud and parity: /dev/ttyUSB0,9600,E")


def _place(address: Address) -> Register:
    if not isinstance(address, Register):
        raise TypeError(f"{address} is no register")
    return address


def _check_bit(tag: MappedTag, place: Register, device: Device) -> Iterator[Fault]:
    in_word = tag.kind is Kind.BOOL and not place.area.is_bits
    if in_word and place.bit is None:
        yield Fault("E07", "bit", "a bool in a register needs its bit", "write it as HR4.3")
    if place.bit is not None and place.area.is_bits:
        yield Fault("E08", "bit", f"{place.area.value} holds single bits, and no bit {place.bit}", "leave the bit out")
    elif place.bit is not None and place.bit > 15:
        yield Fault("E08", "bit", f"bit {place.bit} is above 15", "a register has the bits 0 to 15")
    if in_word and tag.spec.access is not Access.READ and MASKS not in device.profile.split():
        text = "writing one bit reads and writes the whole register"
        remedy = f"give it a coil; or write {MASKS} into the profile of {device.name} if it knows function 22"
        yield Fault("W11", "access", text, remedy, WARNING)


def _check_block(tag: MappedTag, place: Register, device: Device) -> Iterator[Fault]:
    if tag.kind is Kind.METHOD:
        yield Fault("E05", "type", "a method exists in OPC UA only", "use cmdblock")
    if tag.kind is Kind.COMMAND and device.max_registers < COMMAND_WORDS:
        text = f"{device.name} takes {device.max_registers} registers at once: the block would not be one write"
        yield Fault("E20", "address", text, "raise max_regs to 9 at least; if the device cannot, it has no AUTO")
    whole = place.count == COMMAND_WORDS and place.area is Area.HOLDING
    if tag.kind is Kind.COMMAND and not whole:
        text = "a command block is 9 holding registers, written at once"
        yield Fault("E20", "address", text, "write its first register and :9, like HR1026:9")


def _clashes(tags: Sequence[MappedTag]) -> Iterator[tuple[MappedTag, Fault]]:
    by_word: dict[tuple[str, int], list[tuple[MappedTag, Point]]] = defaultdict(list)
    for tag in tags:
        point = tag.point
        area, start = point.place.area.value, point.place.start
        for word in range(start, point.end):
            there = by_word[area, word]
            for other, taken in there:
                if word == max(start, taken.place.start):
                    for fault in _clash(tag, point, other, taken):
                        yield tag, fault
            there.append((tag, point))


def _clash(tag: MappedTag, point: Point, other: MappedTag, taken: Point) -> Iterator[Fault]:
    where = f"{tag.name}, {other.name} ({other.where})"
    if tag.is_read and other.is_read and tag.scan is not other.scan:
        text = f"{where} share a word in two classes; it is read with the faster"
        yield Fault("W23", "class", text, "give both the same class", WARNING)
    if tag.kind is Kind.BOOL and other.kind is Kind.BOOL and point.place.bit != taken.place.bit:
        return
    if point.place.start == taken.place.start and point.end == taken.end:
        yield same_place(tag, other)
    else:
        yield Fault("E17", "address", f"{where} overlap", "correct one of the two")


def _holes(tags: Sequence[MappedTag], device: Device) -> Iterator[tuple[MappedTag, Fault]]:
    groups: dict[tuple[str, str], list[tuple[int, int, MappedTag]]] = defaultdict(list)
    for tag in tags:
        if tag.is_read:
            point = tag.point
            groups[point.place.area.value, tag.scan.value].append((point.place.start, point.end, tag))
    for group in groups.values():
        group.sort(key=itemgetter(0))
        for (_, end, _), (start, _, after) in pairwise(group):
            hole = start - end
            if device.max_gap < hole < device.max_registers:
                text = f"a hole of {hole} before {after.name} makes one more read a scan"
                yield after, Fault("W22", "address", text, f"move it, or raise max_gap of {device.name}", WARNING)


def with_the_faster(tags: Sequence[MappedTag]) -> list[MappedTag]:
    """Read a word that tags of two classes share once, with the faster of them."""
    fastest: dict[tuple[Area, int], Scan] = {}
    for tag in tags:
        for place in _words(tag):
            fastest[place] = min(tag.scan, fastest.get(place, tag.scan), key=_pace)
    return [_at_pace(tag, fastest) for tag in tags]


def _at_pace(tag: MappedTag, fastest: dict[tuple[Area, int], Scan]) -> MappedTag:
    scan = min((fastest[place] for place in _words(tag)), key=_pace, default=tag.scan)
    return tag if scan is tag.scan else replace(tag, scan=scan)


def _words(tag: MappedTag) -> list[tuple[Area, int]]:
    if not tag.is_read:
        return []
    point = tag.point
    return [(point.place.area, word) for word in range(point.place.start, point.end)]


def _pace(scan: Scan) -> float:
    return scan.period_s
