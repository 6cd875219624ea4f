"""Which reads bring all tags of a device, and a compiled way from their bytes to values (pure, `plc.md` §3).

A payload equal to the last costs one compare. Another one is decoded whole, column by column, in a few calls that loop
in C: that is faster than to look for the words that changed and decode their tags one by one. What is told are the tags
whose values changed.
"""

import math
import struct
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import and_, ne
from typing import Any

from plc.map.addresses import Area, Register
from plc.registers import CODES, Kind, Order, straight, text_of, text_order, words_of
from scada.model.tag import Quality, TagName, TagUpdate

MAX_BITS = 2000
"""Bits that one Modbus request may carry."""
_GREATEST = sys.float_info.max
_LONGEST = 256
"""Above any payload: a byte can say where in it a byte stands, and `bytes.translate` fetches them all at once."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """From the raw number to the tag's value: value = raw x scale + offset, plausible from `lo` to `hi`."""

    scale: float = 1.0
    offset: float = 0.0
    lo: float | None = None
    hi: float | None = None
    invert: bool = False

    @property
    def is_plain(self) -> bool:
        """Say whether the value is the raw number; a whole one then stays whole."""
        return self.scale == 1.0 and self.offset == 0.0

    @property
    def range(self) -> tuple[float, float]:
        """Give what is plausible; without limits every number is that is one."""
        return (-_GREATEST if self.lo is None else self.lo, _GREATEST if self.hi is None else self.hi)

    def value(self, raw: float) -> tuple[float | None, Quality]:
        """Scale a number and say whether it is plausible; what is not a finite number is none at all."""
        number = raw if self.is_plain else raw * self.scale + self.offset
        lo, hi = self.range
        if lo <= number <= hi:
            return number, Quality.GOOD
        return number if math.isfinite(number) else None, Quality.OUT_OF_RANGE

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
    """The compiled decoding of one block; it remembers the last payload.

    The payload's bytes are brought into columns first: those of the contacts, then those of numbers and texts, each in
    the order of the alphabet. `_places` says where each byte is fetched from, `_coded` how the second part is read.
    """

    def __init__(self, block: Block) -> None:
        self.block = block
        self.size = (block.count + 7) // 8 if block.area.is_bits else 2 * block.count
        contacts = [point for point in block.points if point.kind is Kind.BOOL]
        others = [point for point in block.points if point.kind is not Kind.BOOL]
        self.names = tuple(point.name for point in [*contacts, *others])
        self._places = bytes(_contact(point, block)[0] for point in contacts) + b"".join(
            _bytes(point, block) for point in others
        )
        self._contacts = len(contacts)
        self._masks = tuple(_contact(point, block)[1] for point in contacts)
        self._off = tuple(
            mask if point.scaling.invert else 0 for point, mask in zip(contacts, self._masks, strict=True)
        )
        self._coded = struct.Struct(">" + "".join(_code(point) for point in others))
        numbered = list(enumerate(others, start=len(contacts)))
        self._texts = tuple(at for at, point in numbered if point.kind is Kind.STRING)
        self._scaled = tuple((at, point.scaling) for at, point in numbered if not point.scaling.is_plain)
        self._judged = tuple((at, *point.scaling.range) for at, point in numbered if _is_judged(point))
        self._good = (Quality.GOOD,) * len(self.names)
        self._last = b""
        self._values: list[Any] = []

    def forget(self) -> None:
        """Tell everything next time: after a reconnect nothing old counts."""
        self._last = b""

    def decode(self, payload: bytes) -> list[TagUpdate]:
        """Give the tags whose values changed since the last payload; all of them the first time.

        Bits come eight a byte, as on the wire. Raises ValueError if the payload has not the block's length.
        """
        if payload == self._last:
            return []
        if len(payload) != self.size:
            raise ValueError(f"{len(payload)} bytes for {self.block.count} addresses")
        values, qualities = self._columns(self._places.translate(payload.ljust(_LONGEST)))
        seen: Iterable[tuple[object, ...]] = zip(self.names, values, qualities, repeat(None))
        if self._last:
            seen = compress(seen, map(ne, values, self._values))
        self._last, self._values = payload, values
        return [*map(_make, repeat(TagUpdate), seen)]

    def _columns(self, fetched: bytes) -> tuple[list[Any], Sequence[Quality]]:
        """Turn the fetched bytes into values and their qualities."""
        contacts = map(ne, map(and_, fetched[: self._contacts], self._masks), self._off)
        values: list[Any] = [*contacts, *self._coded.unpack_from(fetched, self._contacts)]
        for at in self._texts:
            values[at] = text_of(values[at])
        for at, scaling in self._scaled:
            values[at] = values[at] * scaling.scale + scaling.offset
        implausible = [at for at, lo, hi in self._judged if not lo <= values[at] <= hi]
        return values, self._doubted(implausible, values) if implausible else self._good

    def _doubted(self, implausible: Sequence[int], values: list[Any]) -> Sequence[Quality]:
        """Give the qualities where some values are out of range; what is not a finite number is no value."""
        qualities = list(self._good)
        for at in implausible:
            qualities[at] = Quality.OUT_OF_RANGE
            values[at] = values[at] if math.isfinite(values[at]) else None
        return qualities


_make: Callable[[type[TagUpdate], Iterable[object]], TagUpdate] = tuple.__new__


def _contact(point: Point, block: Block) -> tuple[int, int]:
    """Say in which byte of the payload a contact is, and in which bit."""
    at = point.place.start - block.start
    if block.area.is_bits:
        return at // 8, 1 << (at % 8)
    bit = point.place.bit or 0
    return 2 * at + 1 - bit // 8, 1 << (bit % 8)


def _bytes(point: Point, block: Block) -> bytes:
    """Say where the bytes of a number or a text are in the payload, the first of its ABCD order first."""
    at = 2 * (point.place.start - block.start)
    order = text_order(point.order) if point.kind is Kind.STRING else point.order
    return straight(bytes(range(at, at + 2 * point.size)), order)


def _code(point: Point) -> str:
    return f"{2 * point.length}s" if point.kind is Kind.STRING else CODES[point.kind]


def _is_judged(point: Point) -> bool:
    """Say whether a value can be implausible: it has a range, or may be no finite number."""
    return point.kind.is_float or point.scaling.range != (-_GREATEST, _GREATEST)
