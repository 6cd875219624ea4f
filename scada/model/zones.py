"""The zones of a car park: parts that count their own cars, some inside others. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scada.model.names import ZoneName


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the car park; `spaces` is None where nothing limits it, `reserved` of them are for month cards."""

    name: ZoneName
    spaces: int | None = None
    reserved: int = 0
    parent: ZoneName | None = None


@dataclass(frozen=True, slots=True)
class WrongZone:
    """A zone that cannot be: by which of its keys, and why."""

    zone: ZoneName
    key: str
    what: str


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """How many cars a zone holds, those of its nested lots included.

    `drift`: passages since the last stocktake of which nobody knows what they did to the count.
    """

    cars: int
    spaces: int | None = None
    reserved: int = 0
    drift: int = 0

    @property
    def free(self) -> int | None:
        """Spaces left, never below nothing; None where there is no limit."""
        return None if self.spaces is None else max(0, self.spaces - self.cars)

    def has_room(self, *, card: bool) -> bool:
        """Say whether one more car may come in; only a month card may use the reserved spaces."""
        return self.spaces is None or self.cars < self.spaces - (0 if card else self.reserved)


@dataclass(frozen=True, slots=True)
class Zones:
    """All zones of a site. In the first one counts a car of which no zone is known."""

    all: tuple[Zone, ...]

    def __contains__(self, name: ZoneName) -> bool:
        return any(zone.name == name for zone in self.all)

    def find(self, name: ZoneName) -> Zone:
        """Give a zone by name. Raises KeyError."""
        for zone in self.all:
            if zone.name == name:
                return zone
        raise KeyError(name)

    def known(self, name: str | None) -> ZoneName:
        """Give the zone of this name, the first one where there is none of it (any more)."""
        return next((zone.name for zone in self.all if zone.name == name), self.all[0].name)

    def around(self, name: ZoneName) -> tuple[ZoneName, ...]:
        """Give the zone and all that it lies inside of, from within."""
        found = [name]
        while found[-1] in self and (parent := self.find(found[-1]).parent) is not None and parent not in found:
            found.append(parent)
        return tuple(found)

    def counts(self, cars: Mapping[ZoneName, int], drift: Mapping[ZoneName, int]) -> dict[ZoneName, ZoneCount]:
        """Count each zone from the cars that stand in it and in no lot nested in it."""
        inside: Counter[ZoneName] = Counter()
        for name, number in cars.items():
            for zone in self.around(name):
                inside[zone] += number
        return {
            zone.name: ZoneCount(inside[zone.name], zone.spaces, zone.reserved, drift.get(zone.name, 0))
            for zone in self.all
        }

    def wrong(self) -> Iterator[WrongZone]:
        """Name every zone that cannot be."""
        names = [zone.name for zone in self.all]
        for number, zone in enumerate(self.all):
            if zone.name in names[:number]:
                yield WrongZone(zone.name, "name", "is named twice")
            if zone.spaces is not None and zone.reserved > zone.spaces:
                yield WrongZone(zone.name, "reserved", f"reserves {zone.reserved} of {zone.spaces} spaces")
            if zone.parent is None:
                continue
            if zone.parent not in self:
                yield WrongZone(zone.name, "parent", f"lies inside {zone.parent!r}, which is no zone")
            elif self._turns_back(zone.name):
                yield WrongZone(zone.name, "parent", "lies inside itself")

    def _turns_back(self, name: ZoneName) -> bool:
        outermost = self.around(name)[-1]
        parent = self.find(outermost).parent if outermost in self else None
        return parent is not None and parent in self
