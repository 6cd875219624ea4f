"""An engine of alarms over a real database, with tags that a test moves and a clock that it owns."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from scada.engine.alarms.engine import AlarmEngine
from scada.engine.alarms.expand import OTHER, expanded, stranger
from scada.engine.lanetags import own_specs
from scada.engine.tags import TagTable
from scada.model.alarm.definition import AlarmId, Definition
from scada.model.alarm.memory import State
from scada.model.names import SiteId
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate, Value
from scada.settings.alarms import alarm_entries
from scada.store.db import Database
from scada.store.journal import SqlJournal
from tests.support.hmi_pages import shipped
from tests.support.store import made_database

START = datetime(2026, 11, 26, 2, tzinfo=UTC)
SITE = SiteId("demo")
DEVICE_POINTS = (
    *("loop.approach", "loop.safety", "gate.up", "gate.down", "gate.attached", "gate.motor_a", "plc.tick", "mode.now"),
    *("loop.approach_fault", "loop.safety_fault", "gate.mains", "gate.door", "count.glitch", "count.reverse"),
)


@dataclass
class HandClock:
    """A clock that stands until a test moves it."""

    s: float = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.s)

    def seconds(self) -> float:
        return self.s

    def ahead(self, wait_s: float) -> datetime:
        return self.now() + timedelta(seconds=wait_s)

    def seconds_at(self, moment: datetime) -> float:
        return (moment - START).total_seconds()


@dataclass
class House:
    """The engine and what it lives on."""

    clock: HandClock
    db: Database
    tags: TagTable
    engine: AlarmEngine
    journal: SqlJournal

    def see(self, quality: Quality = Quality.GOOD, **points: Value) -> None:
        """Let the PLC of `in1` show points (`gate__up=True`), and the engine hear of it."""
        names = {TagName(f"in1.{point.replace('__', '.')}"): value for point, value in points.items()}
        self.tags.apply([TagUpdate(name, value, quality) for name, value in names.items()])
        self.heard()

    def link(self, state: str) -> None:
        """Let the link of `plc1` be in a state."""
        self.tags.set(TagName("dev.plc1.state"), state)
        self.heard()

    def heard(self) -> None:
        """Let the engine take what waits for it."""
        for batch in self.engine._box.drain():
            self.engine.take(batch)
        self.engine.pass_time()

    def wait(self, s: float) -> None:
        """Let time pass."""
        self.clock.s += s
        self.engine.pass_time()

    def state(self, alarm: str) -> State:
        """Say how an alarm is shown."""
        return self.engine.kept[AlarmId(alarm)].memory.shown

    def standing(self) -> set[str]:
        """Give the alarms that people see."""
        return {name for name, one in self.engine.kept.items() if one.memory.is_announced}

    def tag(self, name: str) -> Value:
        return self.tags.get(TagName(name)).value


def site_specs_and_definitions() -> tuple[list[TagSpec], list[Definition]]:
    """Give the tags of the shipped site with one PLC at `in1`, and its alarms."""
    config = shipped()
    plc = [TagSpec(TagName(f"in1.{point}"), "plc1", Access.READ) for point in DEVICE_POINTS]
    specs = [*plc, *own_specs(config, ["plc1"])]
    return specs, expanded(alarm_entries(()), config, {spec.name: spec for spec in specs})


@asynccontextmanager
async def alarm_house(
    folder: Path, more: Iterable[Definition] = (), clock: HandClock | None = None
) -> AsyncIterator[House]:
    """Open an engine; what it wrote is there for the next one in the same folder."""
    clock, url = clock or HandClock(), await asyncio.to_thread(made_database, folder)
    specs, definitions = await asyncio.to_thread(site_specs_and_definitions)
    other = next(entry for entry in alarm_entries(()) if entry.code == OTHER)
    async with Database(url) as db:
        tags = TagTable(specs, clock)
        engine = AlarmEngine(SITE, clock, db, tags, [*definitions, *more], partial(stranger, other))
        await engine.open()
        house = House(clock, db, tags, engine, SqlJournal(db, SITE, clock))
        quiet: dict[str, Value] = dict.fromkeys((point.replace(".", "__") for point in DEVICE_POINTS), 0)
        house.link("up")
        house.see(Quality.GOOD, **quiet | dict.fromkeys(("gate__down", "gate__attached", "gate__mains"), True))
        yield house
        await engine.written()
