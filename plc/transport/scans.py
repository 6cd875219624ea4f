"""The reads of one device by class: which block is next, when, and one publication for each whole scan."""

from collections.abc import Sequence

from plc.map.devices import Device
from plc.map.mapped import MappedTag, Scan
from plc.plan import Block, BlockPlan, coalesce
from plc.transport.modbus import ILLEGAL_ADDRESS
from plc.transport.published import Published
from scada.model.tag import Quality, TagName, TagUpdate

BREATH = 0.2
"""Share of its period that a late class leaves to the slower ones."""


class Scanner:
    """All blocks of one class. They are read one by one, and published in one call when the last is in."""

    def __init__(self, scan: Scan, tags: Sequence[MappedTag], device: Device, published: Published) -> None:
        self._scan, self._published = scan, published
        blocks = coalesce([tag.point for tag in tags], device.max_gap, device.max_registers)
        self._plans = [BlockPlan(block) for block in blocks]
        self._refresh_s = min(tag.spec.stale_s or scan.stale_s for tag in tags) / 3
        self._next = 0
        self._updates: list[TagUpdate] = []
        self._failed: set[TagName] = set()
        self._refreshed_s = 0.0
        self.due_s = 0.0

    @property
    def block(self) -> Block:
        """The block to be read next."""
        return self._plans[self._next].block

    @property
    def is_complete(self) -> bool:
        """Say whether every block of this scan has been read or refused."""
        return self._next >= len(self._plans)

    def restart(self, now_s: float) -> None:
        """Begin anew on a new connection: decode and publish everything."""
        for plan in self._plans:
            plan.forget()
        self._next, self._updates, self._failed = 0, [], set()
        self._refreshed_s, self.due_s = now_s, now_s

    def take(self, payload: bytes) -> None:
        """Take the bytes of the next block."""
        plan = self._plans[self._next]
        self._updates += plan.decode(payload)
        self._failed.difference_update(point.name for point in plan.block.points)
        self._next += 1

    def refuse(self, code: int) -> None:
        """Take that the device refused the block: part it at its holes, or tell that its tags are bad."""
        plan = self._plans[self._next]
        parts = coalesce(plan.block.points, 0, plan.block.count)
        if code == ILLEGAL_ADDRESS and len(parts) > 1:
            self._plans[self._next : self._next + 1] = [BlockPlan(part) for part in parts]
            return
        names = [point.name for point in plan.block.points]
        self._updates += self._published.bad(names, Quality.COMMUNICATION)
        self._failed.update(names)
        plan.forget()
        self._next += 1

    def publish(self, now_s: float) -> None:
        """Tell what the scan found, in one call, and set the time of the next."""
        refresh = now_s - self._refreshed_s >= self._refresh_s
        self._published.tell(self._updates, self._read_names() if refresh else ())
        self._refreshed_s = now_s if refresh else self._refreshed_s
        self._next, self._updates = 0, []
        self.due_s = max(self.due_s + self._scan.period_s, now_s + BREATH * self._scan.period_s)

    def _read_names(self) -> list[TagName]:
        names = (point.name for plan in self._plans for point in plan.block.points)
        return [name for name in names if name not in self._failed]


def scanners(tags: Sequence[MappedTag], device: Device, published: Published) -> list[Scanner]:
    """Make the scanners of a device, the most urgent first."""
    by_scan = {scan: [tag for tag in tags if tag.is_read and tag.scan is scan] for scan in Scan}
    return [Scanner(scan, of_scan, device, published) for scan, of_scan in by_scan.items() if of_scan]
