"""By exception: which changes a trend needs (`historian.md` §4). Only analog values are ever thinned."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from scada.model.tag import Shape, TagName, TagSpec, TagValue
from scada.model.trend import NO_DATA, Curve
from scada.store.historian.points import Point, point_of_change

AGAIN_S = 900.0


@dataclass(frozen=True, slots=True)
class Rules:
    """How a site thins: an analog value is stored again after `again_ms`, and not again within `least_ms`.

    `swinging` are patterns of the tags that a swinging door thins instead of a deadband.
    """

    again_ms: float = AGAIN_S * 1000
    least_ms: float = 0.0
    swinging: tuple[str, ...] = ()


def curves(specs: Iterable[TagSpec], rules: Rules) -> Mapping[TagName, Curve]:
    """Give the tags that go in lines; all others go in steps."""
    return {spec.name: Curve.LINE for spec in specs if _swings(spec, rules)}


def _swings(spec: TagSpec, rules: Rules) -> bool:
    """Say whether a swinging door may thin a tag: never a state, a count or an occupancy."""
    if not spec.is_analog or spec.deadband <= 0 or spec.shape in (Shape.BOOL, Shape.WHOLE, Shape.TEXT):
        return False
    return any(fnmatchcase(spec.name, pattern) for pattern in rules.swinging)


@dataclass(slots=True)
class _Door:
    """The last point stored, the newest not stored, and between which slopes the line from the one must go."""

    stored: Point
    held: Point | None = None
    lowest: float = -math.inf
    highest: float = math.inf

    @property
    def newest_ms(self) -> int:
        """Give the time of the newest point."""
        return (self.held or self.stored).at_ms

    def store(self, point: Point) -> None:
        """Begin anew from a stored point."""
        self.stored, self.held = point, None
        self.lowest, self.highest = -math.inf, math.inf

    def hold(self, point: Point, deadband: float) -> None:
        """Let a line from the stored point pass no further than the deadband from this one."""
        change, run = _difference(point, self.stored), point.at_ms - self.stored.at_ms
        self.held = point
        self.lowest = max(self.lowest, (change - deadband) / run)
        self.highest = min(self.highest, (change + deadband) / run)

    def lets_pass(self, point: Point) -> bool:
        """Say whether the line from the stored point to this one passes all between."""
        return self.lowest <= _difference(point, self.stored) / (point.at_ms - self.stored.at_ms) <= self.highest


class Thinner:
    """Keeps what a trend needs: every change, but of an analog value only what leaves its deadband or its door.

    `off_ms` is until when an earlier process recorded: each tag then begins with the gap since.
    """

    def __init__(self, specs: Iterable[TagSpec] = (), rules: Rules | None = None, off_ms: int | None = None) -> None:
        specs, self._rules = list(specs), rules or Rules()
        self._deadbands = {spec.name: spec.deadband for spec in specs if spec.deadband > 0}
        self._analog = {spec.name for spec in specs if spec.is_analog or spec.deadband > 0}
        self._swinging = curves(specs, self._rules)
        self._off_ms = off_ms
        self._doors: dict[TagName, _Door] = {}
        self._waiting: dict[TagName, Point] = {}

    def points(self, changes: Sequence[tuple[TagName, TagValue]]) -> list[Point]:
        """Give the points worth storing, each tag's with rising times."""
        kept, newest_ms = list[Point](), 0
        for name, value in changes:
            door = self._doors.get(name)
            point = point_of_change(name, value, None if door is None else door.newest_ms)
            newest_ms = max(newest_ms, point.at_ms)
            if door is None:
                kept += self._first(point)
            else:
                kept += self._next(door, point, isinstance(value.value, float))
        if self._waiting:
            kept += self._due(newest_ms)
        return kept

    def rest(self) -> list[Point]:
        """Give what is held back, when recording ends."""
        held = [door.held for door in self._doors.values() if door.held is not None]
        self._doors.clear()
        self._waiting.clear()
        return held

    def _first(self, point: Point) -> Iterator[Point]:
        self._doors[point.name] = _Door(point)
        if self._off_ms is not None and point.at_ms > self._off_ms:
            yield Point(point.name, self._off_ms, None, None, NO_DATA)
        yield point

    def _next(self, door: _Door, point: Point, is_float: bool) -> Iterator[Point]:
        stored = door.stored
        is_break = point.status_code != stored.status_code or point.text != stored.text
        if is_break or point.value is None or stored.value is None or point.at_ms <= stored.at_ms:
            if is_break or point.value != stored.value:
                yield from self._broken(door, point)
        elif not is_float or point.name not in self._analog:
            if point.value != stored.value:
                door.store(point)
                yield point
        elif point.name in self._swinging:
            yield from self._swung(door, point)
        else:
            yield from self._stepped(door, point)

    def _broken(self, door: _Door, point: Point) -> Iterator[Point]:
        """Store what was held back before the break, then the break."""
        held = door.held
        door.store(point)
        self._waiting.pop(point.name, None)
        if held is not None and held.at_ms < point.at_ms:
            yield held
        yield point

    def _swung(self, door: _Door, point: Point) -> Iterator[Point]:
        held = door.held
        if held is not None and not door.lets_pass(point):
            door.store(held)
            yield held
        if point.at_ms - door.stored.at_ms >= self._rules.again_ms:
            door.store(point)
            yield point
        else:
            door.hold(point, self._deadbands[point.name])

    def _stepped(self, door: _Door, point: Point) -> Iterator[Point]:
        change, since_ms = abs(_difference(point, door.stored)), point.at_ms - door.stored.at_ms
        deadband = self._deadbands.get(point.name, 0.0)
        moved = change >= deadband if deadband else change > 0
        if (moved and since_ms >= self._rules.least_ms) or since_ms >= self._rules.again_ms:
            self._waiting.pop(point.name, None)
            door.store(point)
            yield point
        elif moved:
            door.held = self._waiting[point.name] = point
        else:
            door.held = None
            self._waiting.pop(point.name, None)

    def _due(self, newest_ms: int) -> Iterator[Point]:
        """Store what moved within the least interval and has not moved since."""
        for name, point in list(self._waiting.items()):
            door = self._doors[name]
            if newest_ms - door.stored.at_ms >= self._rules.least_ms:
                del self._waiting[name]
                door.store(point)
                yield point


def _difference(point: Point, other: Point) -> float:
    return (point.value or 0.0) - (other.value or 0.0)
