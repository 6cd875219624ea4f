"""Which reads bring all tags of a device, and a compiled way from their bytes to values (pure, `plc.md` §3).

A payload equal to the last costs one compare; otherwise only the tags in changed words are decoded.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from plc.map.addresses import Area, Register
from plc.registers import CODES, Kind, Order, decode_text, straight, words_of
from scada.model.tag import Quality, TagName, TagUpdate, Value

MAX_BITS = 2000
"""Bits that one Modbus request may carry."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """From the raw number to the tag's value: value = raw x scale + offset, plausible from `lo` to `hi`."""

    scale: float = 1.0
    offset: float = 0.0
    lo: float | None = None
    hi: float | None = None
    invert: bool = False

    def value(self, raw: float) -> tuple[float, Quality]:
        """Scale a number and say whether it is plausible; a whole number without scale stays whole."""
        number = raw if self.scale == 1.0 and self.offset == 0.0 else raw * self.scale + self.offset
        above = self.lo is None or number >= self.lo
        below = self.hi is None or number <= self.hi
        return number, Quality.GOOD if above and below else Quality.OUT_OF_RANGE

    def raw(self, value: float) -> float:
        """Take the scale back: what to write into the device."""
        return (value - self.offset) / self.scale


@dataclass(frozen=True, slots=True)
class Point:
    """A tag as it lies in a Modbus device."""

    name: TagName
    place: Register
    kind: Kind
    order: Order = Order.ABCD
    scaling: Scaling = field(default_factory=Scaling)
    length: int = 0

    @property
    def size(self) -> int:
        """Addresses it takes: bits in a bit area, registers elsewhere."""
        return 1 if self.place.area.is_bits else words_of(self.kind, self.length)

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.place.start + self.size


@dataclass(frozen=True, slots=True)
class Block:
    """One read: `count` addresses of an area from `start`, and the points in them."""

    area: Area
    start: int
    count: int
    points: tuple[Point, ...]


def coalesce(points: Sequence[Point], max_gap: int, max_registers: int) -> tuple[Block, ...]:
    """Join points into as few reads as holes of `max_gap` and the protocol's limits allow."""
    ordered = sorted(points, key=lambda point: (point.place.area.value, point.place.start, point.end))
    groups: list[list[Point]] = []
    end = 0
    for point in ordered:
        limit = MAX_BITS if point.place.area.is_bits else max_registers
        if groups and _joins(groups[-1][0], end, point, max_gap, limit):
            groups[-1].append(point)
            end = max(end, point.end)
        else:
            groups.append([point])
            end = point.end
    return tuple(_block(group) for group in groups)


def _joins(first: Point, end: int, point: Point, max_gap: int, limit: int) -> bool:
    same_area = first.place.area is point.place.area
    return same_area and point.place.start - end <= max_gap and point.end - first.place.start <= limit


def _block(points: Sequence[Point]) -> Block:
    first = points[0].place
    return Block(first.area, first.start, max(point.end for point in points) - first.start, tuple(points))


class BlockPlan:
    """The compiled decoding of one block; it remembers the last payload."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.width = 1 if block.area.is_bits else 2
        self._decoders = tuple((point.name, _decoder(point, block, self.width)) for point in block.points)
        self._by_unit = _by_unit(block)
        self._last = b""

    def forget(self) -> None:
        """Decode everything next time: after a reconnect nothing old counts."""
        self._last = b""

    def decode(self, payload: bytes) -> list[TagUpdate]:
        """Give the tags in words that changed since the last payload; all of them the first time.

        Raises ValueError if the payload has not the block's length.
        """
        if payload == self._last:
            return []
        if len(payload) != self.block.count * self.width:
            raise ValueError(f"{len(payload)} bytes for {self.block.count} addresses")
        indexes = self._changed(payload) if self._last else range(len(self._decoders))
        self._last = payload
        updates = []
        for index in indexes:
            name, decode = self._decoders[index]
            updates.append(TagUpdate(name, *decode(payload)))
        return updates

    def _changed(self, payload: bytes) -> Sequence[int]:
        units = changed_units(self._last, payload, self.width)
        return sorted({index for unit in units for index in self._by_unit[unit]})


def changed_units(before: bytes, after: bytes, width: int) -> list[int]:
    """Say which units of `width` bytes differ in two payloads of one length, first to last."""
    size = len(after)
    difference = int.from_bytes(before, "big") ^ int.from_bytes(after, "big")
    units = []
    while difference:
        unit = (size - 1 - (difference.bit_length() - 1) // 8) // width
        units.append(unit)
        difference &= (1 << (8 * (size - (unit + 1) * width))) - 1
    return units


_Decode = Callable[[bytes], tuple[Value, Quality]]


def _by_unit(block: Block) -> list[list[int]]:
    units: list[list[int]] = [[] for _ in range(block.count)]
    for index, point in enumerate(block.points):
        for unit in range(point.place.start - block.start, point.end - block.start):
            units[unit].append(index)
    return units


def _decoder(point: Point, block: Block, width: int) -> _Decode:
    at = (point.place.start - block.start) * width
    if point.kind is Kind.BOOL:
        return _contact(at if width == 1 else at + 1 - (point.place.bit or 0) // 8, point)
    if point.kind is Kind.STRING:
        return lambda payload: (decode_text(payload[at : at + 2 * point.length], point.order), Quality.GOOD)
    return _number(at, point)


def _contact(at: int, point: Point) -> _Decode:
    mask = 1 if point.place.area.is_bits else 1 << ((point.place.bit or 0) % 8)
    inverted = point.scaling.invert
    return lambda payload: (bool(payload[at] & mask) is not inverted, Quality.GOOD)


def _number(at: int, point: Point) -> _Decode:
    coded = struct.Struct(f">{CODES[point.kind]}")
    scaled = point.scaling.value
    end, order = at + coded.size, point.order
    if order is Order.ABCD:
        return lambda payload: scaled(coded.unpack_from(payload, at)[0])
    return lambda payload: scaled(coded.unpack(straight(payload[at:end], order))[0])
