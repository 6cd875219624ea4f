"""Where zones and lanes stand on the drawing of a car park, in per cent of its width and height. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scada.model.names import ZoneName
from scada.model.zones import Zone, Zones

_EDGE, _GAP, _HEAD = 9.0, 3.0, 46.0
"""Of an even layout: what is left free around it, between two zones, and above the lots nested in a zone."""


class Point(NamedTuple):
    """A place on the drawing."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def corners(self) -> tuple[Point, ...]:
        """Give its corners, from the upper left one with the clock."""
        upper, lower = (Point(self.left, self.top), Point(self.right, self.top)), (self.right, self.left)
        return (*upper, *(Point(x, self.bottom) for x in lower))


@dataclass(frozen=True, slots=True)
class Way:
    """A lane as the drawing knows it."""

    name: str
    zone: ZoneName
    direction: str


def laid_out(zones: Zones, drawn: Mapping[str, tuple[Point, ...]]) -> dict[str, tuple[Point, ...]]:
    """Give every zone its outline: the drawn one, or one of its own beside its neighbours and inside its parent."""
    return {**{name: box.corners() for name, box in _boxes(zones, drawn)}, **drawn}


def _boxes(zones: Zones, drawn: Mapping[str, tuple[Point, ...]]) -> Iterator[tuple[str, Box]]:
    around = Box(_EDGE, _GAP, 100 - _EDGE, 100 - _GAP)
    yield from _beside([zone for zone in zones.all if zone.parent is None], around, zones, drawn)


def _beside(
    here: Sequence[Zone], around: Box, zones: Zones, drawn: Mapping[str, tuple[Point, ...]]
) -> Iterator[tuple[str, Box]]:
    """Share the width of a box evenly, and below its words the inside of each zone among the lots nested in it."""
    width = (around.right - around.left + _GAP) / max(len(here), 1)
    for number, zone in enumerate(here):
        left = around.left + number * width
        box = Box(left, around.top, left + width - _GAP, around.bottom)
        inner = bounds(drawn[zone.name]) if zone.name in drawn else box
        yield zone.name, box
        top = inner.top + (inner.bottom - inner.top) * _HEAD / 100
        inside = Box(inner.left + _GAP, top, inner.right - _GAP, inner.bottom - _GAP)
        yield from _beside([one for one in zones.all if one.parent == zone.name], inside, zones, drawn)


def bounds(outline: Sequence[Point]) -> Box:
    """Give the smallest rectangle around an outline."""
    xs, ys = [point.x for point in outline], [point.y for point in outline]
    return Box(min(xs), min(ys), max(xs), max(ys))


def placed(
    lanes: Sequence[Way], outlines: Mapping[str, tuple[Point, ...]], drawn: Mapping[str, Point]
) -> dict[str, Point]:
    """Give every lane its place: the drawn one, or one on its zone's edge: in left, out right, both below."""
    found: dict[str, Point] = {}
    for zone, outline in outlines.items():
        box = bounds(outline)
        mine = [lane for lane in lanes if lane.zone == zone]
        for way in ("entry", "exit", "both"):
            there = [lane for lane in mine if lane.direction == way]
            for number, lane in enumerate(there, 1):
                found[lane.name] = _on_edge(box, way, number / (len(there) + 1))
    return {**found, **drawn}


def _on_edge(box: Box, way: str, share: float) -> Point:
    if way == "both":
        return Point(box.left + (box.right - box.left) * share, box.bottom)
    return Point(box.left if way == "entry" else box.right, box.top + (box.bottom - box.top) * share)
