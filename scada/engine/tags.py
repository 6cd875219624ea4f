"""The tag table: the plant's one picture of all tags, and the one way to write them.

Everything here runs on the plant's loop. Drivers apply what they saw; readers get each apply's
changes as one batch, so that they see a consistent image.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import structlog

from scada.clock import Clock
from scada.engine.tag.ageing import Ageing
from scada.engine.tag.cell import Cell
from scada.engine.tag.derived import Following, Formulas
from scada.engine.tag.wheel import Wheel
from scada.engine.writing import Outcome, WritePath
from scada.model.interlock import Writer
from scada.model.tag import Quality, TagName, TagSpec, TagUpdate, TagValue, Value
from scada.ports import Driver, Journal

SWEEP_S = 0.1
"""How often the table looks for stale tags."""

AGAIN_S = 900.0
"""An analog value that stays within its deadband is published again after so long (`history.again_min`)."""

Batch = Mapping[TagName, TagValue]
"""What one apply, set or sweep changed."""

log = structlog.get_logger()


def merged(waiting: Batch, new: Batch) -> Batch:
    """Keep the latest value per tag: how a `LatestOnly` mailbox of batches merges."""
    return {**waiting, **new}


class Reader(Protocol):
    """Who hears of changes: a mailbox, as a rule."""

    def put(self, item: Batch) -> None:
        """Take a batch; never blocks, never raises."""


class TagTable:
    """All tags of the site with their newest values."""

    def __init__(self, specs: Iterable[TagSpec], clock: Clock, again_s: float = AGAIN_S) -> None:
        self._clock = clock
        self._again_s = again_s
        at, at_s = clock.now(), clock.seconds()
        self._cells = {spec.name: Cell(spec, at, at_s) for spec in specs}
        self._readers: list[tuple[Reader, frozenset[TagName] | None]] = []
        self._path: WritePath | None = None
        self._strangers: set[TagName] = set()
        self._turning: set[TagName] = set()
        self._wire()

    def _wire(self) -> None:
        """Watch ages, let formulas follow their tags, and spread the time in which unchanged values are told again."""
        at_s, cells = self._clock.seconds(), self._cells
        self._ageing = Ageing(cells.values(), at_s)
        self._again: Wheel[Cell] = Wheel()
        analog = [cell for cell in cells.values() if cell.spec.is_analog]
        for number, cell in enumerate(analog):
            self._again.add(cell, at_s + self._again_s * (1 + number / len(analog)) / 2)
        self._formulas = Formulas((cell.spec for cell in cells.values()), cells, self._worth)
        for cell in cells.values():
            cell.feeds, cell.inputs = False, ()
        for name, inputs in self._formulas.inputs.items():
            cells[name].inputs = tuple(cells[read] for read in inputs)
            for read in inputs:
                cells[read].feeds = True
        self.apply([TagUpdate(name, None, Quality.CONFIGURATION) for name in self._formulas.broken()])
        self._tell(self._reckoned(self._formulas.all(), {}))

    def remap(self, specs: Iterable[TagSpec]) -> None:
        """Take a new map: a tag that is the same as before goes on, a new or changed one begins unknown."""
        at, at_s = self._clock.now(), self._clock.seconds()
        before = self._cells
        self._cells = {
            spec.name: cell
            if (cell := before.get(spec.name)) is not None and cell.spec == spec
            else Cell(spec, at, at_s)
            for spec in specs
        }
        self._turning &= self._cells.keys()
        self._wire()
        new = {name: cell.shown for name, cell in self._cells.items() if before.get(name) is not cell}
        gone = {name: cell.lose(at_s) for name, cell in before.items() if name not in self._cells}
        self._tell({**new, **gone})

    def __contains__(self, name: object) -> bool:
        return name in self._cells

    def spec(self, name: TagName) -> TagSpec:
        """Give what a tag is. Raises KeyError."""
        return self._cells[name].spec

    def specs(self) -> list[TagSpec]:
        """Give what every tag is."""
        return [cell.spec for cell in self._cells.values()]

    def get(self, name: TagName) -> TagValue:
        """Give a tag as it is known now. Raises KeyError."""
        return self._cells[name].current()

    def real(self, name: TagName) -> TagValue:
        """Give what is known of a tag behind whatever is forced over it. Raises KeyError."""
        return self._cells[name].real()

    def changed_s(self, name: TagName) -> float:
        """When a tag's value last changed, in monotonic seconds: how a heartbeat is judged. Raises KeyError."""
        return self._cells[name].changed_s

    def wrong(self, name: TagName) -> str:
        """Say what is wrong with a derived tag's formula; empty if nothing is."""
        return self._formulas.wrong(name)

    def snapshot(self) -> Batch:
        """Give every tag as it is known now."""
        return {name: cell.current() for name, cell in self._cells.items()}

    def subscribe(self, mailbox: Reader, names: Iterable[TagName] | None = None) -> None:
        """Send changes to a mailbox from now on: of the named tags, or of all."""
        self._readers.append((mailbox, None if names is None else frozenset(names)))

    def unsubscribe(self, mailbox: Reader) -> None:
        """Send nothing more to a mailbox."""
        self._readers = [(box, names) for box, names in self._readers if box is not mailbox]

    def apply(self, updates: Sequence[TagUpdate]) -> None:
        """Take what a driver saw in one scan: a `TagSink`. Never blocks, never raises."""
        at, at_s = self._clock.now(), self._clock.seconds()
        batch: dict[TagName, TagValue] = {}
        moved: list[TagName] = []
        find = self._cells.get
        for name, value, quality, source_at in updates:
            cell = find(name)
            if cell is None:
                self._wonder(name)
            elif cell.take(value, quality, source_at, at, at_s):
                if cell.feeds:
                    moved.append(name)
                if cell.news():
                    batch[name] = cell.tell(at_s)
            elif cell.turning:
                self._turning.add(name)
        self._tell(self._follow(moved, batch))

    def _moved(self, cell: Cell, batch: dict[TagName, TagValue], moved: list[TagName], at_s: float) -> None:
        """Take note of a tag whose value or quality is another than before."""
        if cell.feeds:
            moved.append(cell.spec.name)
        if cell.news():
            batch[cell.spec.name] = cell.tell(at_s)

    def _follow(self, moved: Iterable[TagName], batch: dict[TagName, TagValue]) -> dict[TagName, TagValue]:
        """Reckon what follows from changes, so that it is told with them."""
        return self._reckoned(self._formulas.after(moved), batch) if moved else batch

    def _reckoned(self, following: Following, batch: dict[TagName, TagValue]) -> dict[TagName, TagValue]:
        at, at_s = self._clock.now(), self._clock.seconds()
        for name in following:
            cell, done = self._cells[name], self._formulas.reckon(name)
            moved: list[TagName] = []
            if cell.take(done.value, done.quality, None, at, at_s):
                self._moved(cell, batch, moved, at_s)
            following.moved(moved)
        return batch

    def _worth(self, name: TagName) -> tuple[Value, Quality]:
        """Give what a formula sees of a tag."""
        cell = self._cells[name]
        return (cell.value, cell.quality) if cell.forced is None else (cell.forced[0], Quality.FORCED)

    def set(self, name: TagName, value: Value) -> None:
        """Give one of the server's own tags a value. Raises KeyError, and ValueError for a device's tag."""
        self.set_all({name: value})

    def set_all(self, values: Mapping[TagName, Value]) -> None:
        """Give several of the server's own tags their values in one batch. Raises as `set`."""
        for name in values:
            spec = self._cells[name].spec
            if spec.device or spec.formula:
                raise ValueError(f"{name} lives on {spec.device or 'its formula'}; it is never set")
        self.apply([TagUpdate(name, value, Quality.GOOD) for name, value in values.items()])

    def doubt(self, name: TagName) -> None:
        """Let a contact that is on count as STUCK until it turns: nobody is there. Raises KeyError."""
        cell = self._cells[name]
        if cell.stick():
            self._changed(cell)

    def is_forced(self, name: TagName) -> bool:
        """Say whether a value lies over what is read. Raises KeyError."""
        return self._cells[name].forced is not None

    def force(self, name: TagName, value: Value) -> None:
        """Put a value over what is read; who may, and until when, is decided elsewhere. Raises KeyError."""
        cell = self._cells[name]
        cell.forced = (value,)
        self._changed(cell)

    def unforce(self, name: TagName) -> None:
        """Show what is read again. Raises KeyError."""
        cell = self._cells[name]
        cell.forced = None
        self._changed(cell)

    def _changed(self, cell: Cell) -> None:
        """Tell a change that came from no driver, and what follows from it."""
        at_s = self._clock.seconds()
        batch = {cell.spec.name: cell.tell(at_s)} if cell.news() else {}
        self._tell(self._follow([cell.spec.name], batch))

    def sweep(self) -> None:
        """Publish what time alone changes: what was not seen within its limit, what has settled, what is due again."""
        now_s = self._clock.seconds()
        batch: dict[TagName, TagValue] = {}
        moved: list[TagName] = []
        for cell in self._ageing.too_old(now_s):
            cell.grow_stale()
            self._moved(cell, batch, moved, now_s)
        for name in list(self._turning):
            cell = self._cells[name]
            if cell.settle(now_s):
                self._moved(cell, batch, moved, now_s)
            if not cell.turning:
                self._turning.discard(name)
        for cell in self._again.due(now_s):
            if now_s - cell.told_s >= self._again_s and cell.shown.quality.is_good:
                batch[cell.spec.name] = cell.tell(now_s)
            told_s = cell.told_s if cell.shown.quality.is_good else now_s
            self._again.add(cell, told_s + self._again_s)
        self._tell(self._follow(moved, batch))

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()

    def connect(self, drivers: Iterable[Driver], journal: Journal) -> None:
        """Hand over what writing needs, again when links were exchanged; before this every write is refused."""
        if self._path is None:
            self._path = WritePath(self, drivers, journal, self._clock)
        else:
            self._path.use(drivers)

    @property
    def pulsing(self) -> frozenset[TagName]:
        """Give the outputs that have yet to go back: their links must stay."""
        return frozenset() if self._path is None else self._path.pulsing

    async def write(self, name: TagName, value: Value, by: str, why: str, writer: Writer = Writer.PART) -> Outcome:
        """Write a tag by the one path: interlock, journal, device, read-back. Never repeated."""
        if self._path is None:
            raise RuntimeError("the tag table is not connected to its drivers yet")
        return await self._path.write(name, value, by, why, writer)

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
