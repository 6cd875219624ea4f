"""A tag with its place on a device, and a whole map of them."""

from dataclasses import dataclass
from enum import Enum

from plc.map.addresses import Address, Register
from plc.map.devices import Device
from plc.plan import Point, Scaling
from plc.registers import Kind, Order
from scada.model.tag import Access, TagName, TagSpec, lane_of, point_of


class Scan(Enum):
    """How often a tag is read: the classes of `plc.md` §4."""

    FAST = "fast"
    NORMAL = "normal"
    SLOW = "slow"

    @property
    def period_s(self) -> float:
        """Seconds from read to read."""
        return {"fast": 0.05, "normal": 0.5, "slow": 5.0}[self.value]

    @property
    def stale_s(self) -> float:
        """Older is STALE, unless the map says otherwise."""
        return {"fast": 0.5, "normal": 2.0, "slow": 15.0}[self.value]


@dataclass(frozen=True, slots=True)
class MappedTag:
    """One row of the tag map. `line` is where it stands in the file; `role` what the lane uses it as."""

    spec: TagSpec
    address: Address
    kind: Kind
    order: Order
    scan: Scan
    scaling: Scaling
    length: int
    pulse_ms: int
    verify: str
    role: str
    line: int

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
    def point(self) -> Point:
        """Give its place in a Modbus device. Raises TypeError for a node of OPC UA."""
        if not isinstance(self.address, Register):
            raise TypeError(f"{self.name} is not in a Modbus device")
        return Point(self.name, self.address, self.kind, self.order, self.scaling, self.length)


@dataclass(frozen=True, slots=True)
class TagMap:
    """All tags of a site's PLCs and the devices they live on."""

    tags: tuple[MappedTag, ...]
    devices: dict[str, Device]

    def on(self, device: str) -> tuple[MappedTag, ...]:
        """Give the tags of one device."""
        return tuple(tag for tag in self.tags if tag.spec.device == device)


def default_role(name: TagName) -> str:
    """Give the role of a tag whose map says none: its name without the lane."""
    return point_of(name)
