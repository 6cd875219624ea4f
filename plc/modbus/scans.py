"""The reads of one device by class: which block is next, when, and one publication for each whole scan."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

import structlog

from plc.map.devices import Device
from plc.map.mapped import MappedTag, Scan
from plc.modbus.wire import ExceptionCode
from plc.plan import Block, BlockPlan, coalesce
from plc.transport.published import Published
from plc.transport.tally import Tally
from scada.model.tag import Quality, TagName, TagUpdate

BREATH = 0.2
"""Share of its period that a late class leaves to the slower ones."""
PERIODS: Mapping[Scan, float] = {scan: scan.period_s for scan in Scan}
"""Seconds from scan to scan of each class."""
_LATER = (ExceptionCode.ACKNOWLEDGE, ExceptionCode.BUSY)

log = structlog.get_logger(__name__)


class Scanner:
    """All blocks of one class. They are asked for one by one, and published in one call when the last is in.

    Several may be asked for at once: `begin` gives the next, and each ends by `take`, `refuse` or the link's end.
    `took_s` is how long the last scan took.
    """

    def __init__(
        self, period_s: float, tags: Sequence[MappedTag], device: Device, published: Published, tally: Tally
    ) -> None:
        self._period_s, self._published, self._tally = period_s, published, tally
        self._scan = tags[0].scan.value
        self._plans = [
            BlockPlan(block) for block in coalesce([t.point for t in tags], device.max_gap, device.max_registers)
        ]
        self._refresh_s = min(tag.spec.stale_s or tag.scan.stale_s for tag in tags) / 3
        self._todo: deque[BlockPlan] = deque()
        self._asked = 0
        self._updates: list[TagUpdate] = []
        self._unread: set[BlockPlan] = set()
        self._bad: set[BlockPlan] = set()
        self._began_s = self._refreshed_s = self._due_s = 0.0
        self.took_s = 0.0

    def restart(self, now_s: float) -> None:
        """Begin anew on a new connection: decode and publish everything."""
        for plan in self._plans:
            plan.forget()
        self._todo.clear()
        self._bad.clear()
        self._asked, self._updates = 0, []
        self._refreshed_s = self._due_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Say how long it is until there is a block to ask for; endless while the last are being read."""
        if self._todo:
            return 0.0
        return float("inf") if self._asked else max(self._due_s - now_s, 0.0)

    def begin(self, now_s: float) -> BlockPlan | None:
        """Give the next block to ask for, if one is due."""
        if not self._todo:
            if self._asked or now_s < self._due_s:
                return None
            self._todo.extend(self._plans)
            self._unread.clear()
            self._began_s = now_s
        self._asked += 1
        return self._todo.popleft()

    def take(self, plan: BlockPlan, payload: bytes, now_s: float) -> None:
        """Take the bytes of a block."""
        self._updates += plan.decode(payload)
        self._bad.discard(plan)
        self._end(now_s)

    def refuse(self, plan: BlockPlan, code: int, now_s: float) -> None:
        """Take that the device refused a block: leave it for now, part it, or tell that its tags are bad."""
        if code in _LATER:
            self._unread.add(plan)
        elif code == ExceptionCode.ILLEGAL_ADDRESS and (parts := part(plan.block)):
            self._replace(plan, parts)
        else:
            self._give_up(plan, code)
        self._end(now_s)

    def _replace(self, plan: BlockPlan, parts: Sequence[Block]) -> None:
        """Read parts instead of a block from now on: there is a hole in it that the device does not let us read."""
        plans = [BlockPlan(block) for block in parts]
        at = self._plans.index(plan)
        self._plans[at : at + 1] = plans
        self._todo.extendleft(reversed(plans))
        self._tally.holes += 1
        block = plan.block
        log.warning(
            "plc refuses a block, it is read in parts",
            plc=self._tally.device,
            block=f"{block.area.value}{block.start}:{block.count}",
            parts=[f"{one.area.value}{one.start}:{one.count}" for one in parts],
        )

    def _give_up(self, plan: BlockPlan, code: int) -> None:
        plan.forget()
        self._unread.add(plan)
        if plan in self._bad:
            return
        self._bad.add(plan)
        self._tally.holes += code == ExceptionCode.ILLEGAL_ADDRESS
        self._updates += self._published.bad(plan.names, Quality.COMMUNICATION)
        where = f"{plan.block.area.value}{plan.block.start}:{plan.block.count}"
        self._tally.why = f"{where} is refused with exception {code}"
        log.warning("plc refuses a block", plc=self._tally.device, block=where, code=code, tags=plan.names[:5])

    def _end(self, now_s: float) -> None:
        """Note that one block is done; after the last, tell what the scan found and set the time of the next."""
        self._asked -= 1
        if self._asked or self._todo:
            return
        refresh = now_s - self._refreshed_s >= self._refresh_s
        self._published.tell(self._updates, self._read_names() if refresh else ())
        self._refreshed_s = now_s if refresh else self._refreshed_s
        self._updates = []
        self._tally.late_scans += now_s > self._due_s + self._period_s
        self.took_s = now_s - self._began_s
        self._tally.scanned(self._scan, self.took_s)
        self._due_s = max(self._due_s + self._period_s, now_s + BREATH * self._period_s)

    def _read_names(self) -> Iterator[TagName]:
        """Give the tags that this scan has read."""
        return (name for plan in self._plans if plan not in self._unread for name in plan.names)


def part(block: Block) -> tuple[Block, ...]:
    """Part a block that the device refuses: at its holes, else in the middle; of a single place nothing is left."""
    parts = coalesce(block.points, 0, block.count)
    if len(parts) > 1:
        return parts
    ordered = sorted(block.points, key=lambda point: (point.place.start, point.end))
    ends = accumulate((point.end for point in ordered), max)
    cuts = [at for at, end in enumerate(ends, start=1) if at < len(ordered) and end <= ordered[at].place.start]
    if not cuts:
        return ()
    cut = min(cuts, key=lambda at: abs(2 * at - len(ordered)))
    return tuple(one for half in (ordered[:cut], ordered[cut:]) for one in coalesce(half, 0, block.count))


def scanners(
    tags: Sequence[MappedTag], device: Device, published: Published, tally: Tally, periods: Mapping[Scan, float]
) -> list[Scanner]:
    """Make the scanners of a device, the most urgent first."""
    by_scan = {scan: [tag for tag in tags if tag.is_read and tag.scan is scan] for scan in Scan}
    return [Scanner(periods[scan], group, device, published, tally) for scan, group in by_scan.items() if group]
