"""The tag table: the plant's one picture of all tags, and the one way to write them.

Everything here runs on the plant's loop. Drivers apply what they saw; readers get each apply's
changes as one batch, so that they see a consistent image.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import structlog

from scada.clock import Clock
from scada.engine.mailbox import Mailbox
from scada.engine.writing import Outcome, WritePath
from scada.model.tag import Quality, TagName, TagSpec, TagUpdate, TagValue, Value
from scada.ports import Driver, Journal

SWEEP_S = 0.1
"""How often the table looks for stale tags."""

Batch = Mapping[TagName, TagValue]
"""What one apply, set or sweep changed."""

log = structlog.get_logger()


def merged(waiting: Batch, new: Batch) -> Batch:
    """Keep the latest value per tag: how a `LatestOnly` mailbox of batches merges."""
    return {**waiting, **new}


class _Cell:
    """One tag's place in the table. `shown` is the last publication; the rest is what was seen since."""

    __slots__ = ("changed_s", "reported", "seen_at", "seen_s", "shown", "source_at", "spec", "value")

    def __init__(self, spec: TagSpec, at: datetime, at_s: float) -> None:
        self.spec = spec
        self.value: Value = None
        self.reported = Quality.NOT_CONNECTED
        self.source_at: datetime | None = None
        self.seen_at = at
        self.seen_s = at_s
        self.changed_s = at_s
        self.shown = TagValue(None, Quality.NOT_CONNECTED, None, at, at_s)

    def take(
        self, value: Value, quality: Quality, source_at: datetime | None, at: datetime, at_s: float
    ) -> TagValue | None:
        """Take what a driver saw; give the publication if there is something new to tell."""
        self.seen_at, self.seen_s = at, at_s
        if value is None and not quality.is_good:
            value = self.value
        elif value != self.value:
            self.changed_s = at_s
            self.value = value
        self.reported, self.source_at = quality, source_at
        shown = self.shown
        if quality is shown.quality and (value == shown.value or self._is_within_deadband()):
            return None
        return self.publish(quality)

    def age(self, now_s: float) -> TagValue | None:
        """Publish the tag as stale if nothing was heard of it for too long."""
        limit_s = self.spec.stale_s
        if limit_s is None or not self.shown.quality.is_good or now_s - self.seen_s <= limit_s:
            return None
        return self.publish(Quality.STALE)

    def publish(self, quality: Quality) -> TagValue:
        """Make the next publication from what was last seen."""
        self.shown = TagValue(self.value, quality, self.source_at, self.seen_at, self.seen_s, self.shown.seq + 1)
        return self.shown

    def current(self) -> TagValue:
        """Give what is known now: a value inside the deadband and a refreshed age are not publications."""
        if self.shown.seen_s == self.seen_s:
            return self.shown
        return TagValue(self.value, self.shown.quality, self.source_at, self.seen_at, self.seen_s, self.shown.seq)

    def _is_within_deadband(self) -> bool:
        deadband, value, shown = self.spec.deadband, self.value, self.shown.value
        return (
            deadband > 0
            and isinstance(value, int | float)
            and isinstance(shown, int | float)
            and not isinstance(value, bool)
            and abs(value - shown) < deadband
        )


class TagTable:
    """All tags of the site with their newest values."""

    def __init__(self, specs: Iterable[TagSpec], clock: Clock) -> None:
        self._clock = clock
        at, at_s = clock.now(), clock.seconds()
        self._cells = {spec.name: _Cell(spec, at, at_s) for spec in specs}
        self._readers: list[tuple[Mailbox[Batch], frozenset[TagName] | None]] = []
        self._path: WritePath | None = None
        self._strangers: set[TagName] = set()

    def __contains__(self, name: object) -> bool:
        return name in self._cells

    def spec(self, name: TagName) -> TagSpec:
        """Give what a tag is. Raises KeyError."""
        return self._cells[name].spec

    def get(self, name: TagName) -> TagValue:
        """Give a tag as it is known now. Raises KeyError."""
        return self._cells[name].current()

    def changed_s(self, name: TagName) -> float:
        """When a tag's value last changed, in monotonic seconds: how a heartbeat is judged. Raises KeyError."""
        return self._cells[name].changed_s

    def snapshot(self) -> Batch:
        """Give every tag as it is known now."""
        return {name: cell.current() for name, cell in self._cells.items()}

    def subscribe(self, mailbox: Mailbox[Batch], names: Iterable[TagName] | None = None) -> None:
        """Send changes to a mailbox from now on: of the named tags, or of all."""
        self._readers.append((mailbox, None if names is None else frozenset(names)))

    def unsubscribe(self, mailbox: Mailbox[Batch]) -> None:
        """Send nothing more to a mailbox."""
        self._readers = [(box, names) for box, names in self._readers if box is not mailbox]

    def apply(self, updates: Sequence[TagUpdate]) -> None:
        """Take what a driver saw in one scan: a `TagSink`. Never blocks, never raises."""
        at, at_s = self._clock.now(), self._clock.seconds()
        batch: dict[TagName, TagValue] = {}
        find = self._cells.get
        for name, value, quality, source_at in updates:
            cell = find(name)
            if cell is None:
                self._wonder(name)
            elif (shown := cell.take(value, quality, source_at, at, at_s)) is not None:
                batch[name] = shown
        self._tell(batch)

    def set(self, name: TagName, value: Value) -> None:
        """Give one of the server's own tags a value. Raises KeyError, and ValueError for a device's tag."""
        self.set_all({name: value})

    def set_all(self, values: Mapping[TagName, Value]) -> None:
        """Give several of the server's own tags their values in one batch. Raises as `set`."""
        for name in values:
            if self._cells[name].spec.device:
                raise ValueError(f"{name} lives on {self._cells[name].spec.device}; it is written by `write`")
        self.apply([TagUpdate(name, value, Quality.GOOD) for name, value in values.items()])

    def sweep(self) -> None:
        """Publish as stale what was not seen within its limit."""
        now_s = self._clock.seconds()
        aged = ((name, cell.age(now_s)) for name, cell in self._cells.items())
        self._tell({name: shown for name, shown in aged if shown is not None})

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()

    def connect(self, drivers: Iterable[Driver], journal: Journal) -> None:
        """Hand over what writing needs; before this every write is refused."""
        self._path = WritePath(self, drivers, journal, self._clock)

    async def write(self, name: TagName, value: Value, by: str, why: str) -> Outcome:
        """Write a tag by the one path: interlock, journal, device, read-back. Never repeated."""
        if self._path is None:
            raise RuntimeError("the tag table is not connected to its drivers yet")
        return await self._path.write(name, value, by, why)

    def _tell(self, batch: Batch) -> None:
        if not batch:
            return
        for mailbox, names in self._readers:
            part = batch if names is None else {name: shown for name, shown in batch.items() if name in names}
            if part:
                mailbox.put(part)

    def _wonder(self, name: TagName) -> None:
        if name not in self._strangers:
            self._strangers.add(name)
            log.warning("a driver gave a tag that is in no map", tag=name)
