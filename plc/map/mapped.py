"""A tag with its place on a device, and a whole map of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from plc.map.addresses import Address, Register
from plc.map.devices import Device
from plc.map.sheet import Origin
from plc.plan import Point, Scaling
from plc.registers import Kind, Order
from scada.model.tag import Access, TagName, TagSpec, lane_of, point_of

NOWHERE = Origin()
"""Where a tag comes from that stands in no file."""


class Scan(Enum):
    """How often a tag is read: the classes of `plc.md` §4."""

    FAST = "fast"
    NORMAL = "normal"
    SLOW = "slow"

    @property
    def period_s(self) -> float:
        """Seconds from read to read."""
        return _PERIODS_S[self]

    @property
    def stale_s(self) -> float:
        """Older is STALE, unless the map says otherwise."""
        return _STALE_S[self]


_PERIODS_S = {Scan.FAST: 0.05, Scan.NORMAL: 0.5, Scan.SLOW: 5.0}
_STALE_S = {Scan.FAST: 0.5, Scan.NORMAL: 2.0, Scan.SLOW: 15.0}


@dataclass(frozen=True, slots=True)
class MappedTag:
    """One row of the tag map. `origin` and `line` say where it stands; `role` is what the lane uses it as."""

    spec: TagSpec
    address: Address
    kind: Kind
    order: Order
    scan: Scan
    scaling: Scaling
    length: int
    role: str
    line: int
    origin: Origin = NOWHERE

    @property
    def name(self) -> TagName:
        """The tag's name."""
        return self.spec.name

    @property
    def lane(self) -> str:
        """The lane it belongs to."""
        return lane_of(self.spec.name)

    @property
    def is_read(self) -> bool:
        """Say whether the driver reads it."""
        return self.spec.access is not Access.WRITE

    @property
    def where(self) -> str:
        """Say where it stands, for messages: its row, and its file where that is a template."""
        return f"row {self.line} of {self.origin.file}" if self.origin.lane else f"row {self.line}"

    @property
    def point(self) -> Point:
        """Give its place in a Modbus device. Raises TypeError for a node of OPC UA."""
        if not isinstance(self.address, Register):
            raise TypeError(f"{self.name} is not in a Modbus device")
        return Point(self.name, self.address, self.kind, self.order, self.scaling, self.length)


@dataclass(frozen=True, slots=True)
class DerivedTag:
    """A row of the tag map that follows others by the formula of its spec; it lives on no device."""

    spec: TagSpec
    kind: Kind
    line: int
    origin: Origin = NOWHERE

    @property
    def name(self) -> TagName:
        """The tag's name."""
        return self.spec.name


@dataclass(frozen=True, slots=True)
class TagMap:
    """All tags of a site's PLCs, the devices they live on, why lanes are refused AUTO, if they are; derived tags."""

    tags: tuple[MappedTag, ...]
    devices: dict[str, Device]
    no_auto: Mapping[str, str] = field(default_factory=dict)
    derived: tuple[DerivedTag, ...] = ()

    @property
    def specs(self) -> tuple[TagSpec, ...]:
        """Give what the tag engine needs to know of all tags, read and derived."""
        return (*(tag.spec for tag in self.tags), *(tag.spec for tag in self.derived))

    def why_no_auto(self, lane: str) -> str:
        """Say why a lane is refused AUTO: what its map lacks, or that a device of it is simulated; empty if nothing."""
        own = {tag.spec.device for tag in self.tags if tag.lane == lane}
        if not own:
            return "its tag map has no row of it"
        simulated = sorted(name for name in own if name in self.devices and self.devices[name].simulated)
        if simulated:
            return f"{', '.join(simulated)} is simulated"
        return self.no_auto.get(lane, "")

    def on(self, device: str) -> tuple[MappedTag, ...]:
        """Give the tags of one device."""
        return tuple(tag for tag in self.tags if tag.spec.device == device)


def default_role(name: TagName) -> str:
    """Give the role of a tag whose map says none: its name without the lane."""
    return point_of(name)
