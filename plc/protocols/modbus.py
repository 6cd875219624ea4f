"""Modbus as a tag map sees it: four areas of registers and bits, and what can be wrong with places in them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from plc.map.addresses import MAX_REGISTER, Address, Area, Register, parse_register
from plc.map.devices import Device
from plc.map.findings import WARNING
from plc.map.mapped import MappedTag
from plc.map.protocol import Fault, lacks_address
from plc.modbus import ModbusDriver
from plc.registers import COMMAND_WORDS, Kind
from scada.clock import Clock
from scada.model.tag import Access
from scada.ports import PlcError, TagSink


@dataclass(frozen=True, slots=True)
class Modbus:
    """Modbus over TCP."""

    name: str
    carries_quality: bool = False
    has_word_order: bool = True

    def check_device(self, device: Device) -> Iterator[Fault]:
        """Say that it needs an address, and that it has no security."""
        yield from lacks_address(device, 502)
        if device.security:
            yield Fault("E31", "security", "Modbus has no security", "leave the column empty")

    def address(self, text: str, bit: int | None, device: Device) -> Register:
        """Read an address in any of its forms. Raises AddressError."""
        place = parse_register(text, device.base, device.profile)
        return place if bit is None else Register(place.area, place.start, bit, place.count)

    def check_tag(self, tag: MappedTag, _device: Device) -> Iterator[Fault]:
        """Say what is wrong with a tag's place."""
        place = _place(tag.address)
        if place.start < 0 or tag.point.end - 1 > MAX_REGISTER:
            yield Fault("E09", "address", f"{place} is beyond 65535", "count from 0 to 65535")
        if place.area.is_bits and tag.kind is not Kind.BOOL:
            yield Fault("E06", "type", f"a {tag.kind.value} in a bit area", "use HR or IR, or make it bool")
        if tag.spec.access is not Access.READ and not place.area.may_write:
            yield Fault("E10", "access", f"{place.area.value} cannot be written", "use C or HR, or make it ro")
        yield from _check_bit(tag, place)
        yield from _check_block(tag, place)
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
        return ModbusDriver(device, tags, sink, clock)


TCP = Modbus("modbus-tcp")


def _place(address: Address) -> Register:
    if not isinstance(address, Register):
        raise TypeError(f"{address} is no register")
    return address


def _check_bit(tag: MappedTag, place: Register) -> Iterator[Fault]:
    in_word = tag.kind is Kind.BOOL and not place.area.is_bits
    if in_word and place.bit is None:
        yield Fault("E07", "bit", "a bool in a register needs its bit", "write it as HR4.3")
    if place.bit is not None and place.bit > 15:
        yield Fault("E08", "bit", f"bit {place.bit} is above 15", "a register has the bits 0 to 15")
    if in_word and tag.spec.access is not Access.READ:
        text = "writing one bit reads and writes the whole register"
        yield Fault("W11", "access", text, "give it a coil", WARNING)


def _check_block(tag: MappedTag, place: Register) -> Iterator[Fault]:
    if tag.kind is Kind.METHOD:
        yield Fault("E05", "type", "a method exists in OPC UA only", "use cmdblock")
    whole = place.count == COMMAND_WORDS and place.area is Area.HOLDING and tag.spec.access is Access.WRITE
    if tag.kind is Kind.COMMAND and not whole:
        text = "a command block is 9 holding registers, written at once"
        yield Fault("E20", "address", text, "write HR1026:9, wo")


def _clashes(tags: Sequence[MappedTag]) -> Iterator[tuple[MappedTag, Fault]]:
    by_word: dict[tuple[Area, int], list[MappedTag]] = defaultdict(list)
    for tag in tags:
        place = _place(tag.address)
        for word in range(place.start, tag.point.end):
            there = by_word[(place.area, word)]
            for other in there:
                if word == max(place.start, _place(other.address).start):
                    yield from ((tag, fault) for fault in _clash(tag, other))
            there.append(tag)


def _clash(tag: MappedTag, other: MappedTag) -> Iterator[Fault]:
    place, there = _place(tag.address), _place(other.address)
    where = f"{tag.name} and {other.name} (row {other.line})"
    if tag.is_read and other.is_read and tag.scan is not other.scan:
        text = f"{where} share a word in two classes; it is read with both"
        yield Fault("W23", "class", text, "give both the same class", WARNING)
    if tag.kind is Kind.BOOL and other.kind is Kind.BOOL and place.bit != there.bit:
        return
    if place.start == there.start and tag.point.end == other.point.end:
        yield Fault("W17", "address", f"{where} are the same place", "remove one of the two", WARNING)
    else:
        yield Fault("E17", "address", f"{where} overlap", "correct one of the two")


def _holes(tags: Sequence[MappedTag], device: Device) -> Iterator[tuple[MappedTag, Fault]]:
    groups: dict[tuple[Area, str], list[MappedTag]] = defaultdict(list)
    for tag in tags:
        if tag.is_read:
            groups[(_place(tag.address).area, tag.scan.value)].append(tag)
    for group in groups.values():
        for before, after in pairwise(sorted(group, key=lambda tag: tag.point.place.start)):
            hole = after.point.place.start - before.point.end
            if device.max_gap < hole < device.max_registers:
                text = f"a hole of {hole} before {after.name} makes one more read a scan"
                yield after, Fault("W22", "address", text, "move it, or raise max_gap", WARNING)
