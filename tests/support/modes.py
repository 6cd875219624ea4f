"""The modes of three lanes on the bench: PLCs that take wishes as real ones do, a real database, a clock that leaps."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from scada.clock import SystemClock
from scada.engine.command.modes import ModeKeeper
from scada.engine.doors.desk import Desk
from scada.engine.doors.modes import ModeDesk, ModeLane
from scada.engine.doors.peer import Ask
from scada.engine.tags import TagTable
from scada.model.device import DeviceFigures
from scada.model.handshake import Answer, CommandBlock, Mode
from scada.model.lane import events as e
from scada.model.lane.image import DARK, LaneImage
from scada.model.lane.states import Lane
from scada.model.lane.words import Direction
from scada.model.money import Fen
from scada.model.names import LaneName, SiteId
from scada.model.plate import Plate, PlateRead
from scada.model.tag import Access, TagName, TagSpec, Value
from scada.store.db import Database
from scada.store.journal import JournalRow, SqlJournal, recent
from scada.store.modes import ModePeriod, newest
from scada.store.operators import Operators
from tests.support.engine import until
from tests.support.lane import READY
from tests.support.store import open_database

SITE = SiteId("demo")
LANES = (LaneName("in1"), LaneName("out1"), LaneName("out2"))
PASSWORD = "the boom goes up"


class LeapingClock(SystemClock):
    """The computer's clock, which a test may set forward."""

    leapt_s = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.leapt_s)

    def seconds(self) -> float:
        return super().seconds() + self.leapt_s


@dataclass
class WishPlc:
    """A lane's PLC as far as modes go: it takes a wish when its number changes while a server holds the lane."""

    name: str
    shown: LaneImage = READY
    is_deaf: bool = False
    wishes: list[Value] = field(default_factory=list)
    lets: int = 0
    tags: frozenset[TagName] = frozenset()

    def image(self) -> LaneImage:
        return self.shown

    def show(self, **changes: object) -> None:
        self.shown = replace(self.shown, **changes)  # type: ignore[arg-type]

    def vanish(self) -> None:
        self.shown = DARK

    async def run(self) -> None:
        """Nothing of a device is needed."""

    async def write(self, name: TagName, value: Value) -> None:
        before = self.wishes[-1] if self.wishes else None
        self.wishes.append(value)
        takes = value != before and value in (Mode.AUTO, Mode.HOLD_OPEN, Mode.LOCKED)
        if takes and self.shown.claimed and not self.is_deaf:
            self.show(mode=Mode(int(value or 0)))

    def figures(self) -> DeviceFigures:
        return DeviceFigures(self.name)

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        return None

    def let_claim(self) -> None:
        self.lets += 1
        self.show(mode=Mode.AUTO, claimed=True)


@dataclass
class ModeBench:
    """Three lanes, their keepers, and the desk."""

    clock: LeapingClock
    db: Database
    tags: TagTable
    plcs: dict[LaneName, WishPlc]
    keepers: dict[LaneName, ModeKeeper]
    lanes: dict[LaneName, Lane]
    posted: list[e.Event]
    alarms: list[str]
    desk: Desk

    def plc(self, lane: str = "out1") -> WishPlc:
        return self.plcs[LaneName(lane)]

    def is_in(self, lane: str, **changes: object) -> None:
        """Put a lane into a state, or turn it."""
        self.lanes[LaneName(lane)] = replace(self.lanes[LaneName(lane)], **changes)  # type: ignore[arg-type]

    def period(self, lane: str = "out1") -> ModePeriod | None:
        return self.keepers[LaneName(lane)].period

    async def asks(self, verb: str, user: str = "li", lane: str = "out1", **args: object) -> object:
        ask = Ask("control", verb, {"lane": lane, **args}, user, "operator", "s", "")
        return await self.desk.verbs()[verb](ask)

    async def periods(self, lane: str = "out1") -> list[ModePeriod]:
        """Give the periods of a lane, oldest first."""
        return (await self.db.read(lambda conn: newest(conn, SITE, LaneName(lane), 50)))[::-1]

    async def shows(self, mode: str, lane: str = "out1") -> None:
        """Wait until the book says what the lane is in."""

        def said() -> bool:
            period = self.period(lane)
            return (period.mode if period else "AUTO") == mode

        await until(said)

    async def journal(self, kind: str) -> list[JournalRow]:
        """Give what the journal says of the lanes, oldest first."""
        rows = await self.db.read(lambda conn: recent(conn, 200, None, kind))
        return [row for row in rows[::-1] if row.lane is not None]


@asynccontextmanager
async def mode_bench(folder: Path, *, is_first_start: bool = True) -> AsyncIterator[ModeBench]:
    """Run the modes of an entry and two exits."""
    async with open_database(folder) as db:
        bench = _built(db)
        if is_first_start:
            await _hire(bench)
        tasks = [asyncio.create_task(keeper.run()) for keeper in bench.keepers.values()]
        try:
            yield bench
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _hire(bench: ModeBench) -> None:
    people = Operators(bench.db, SITE, bench.clock)
    for name, role in (("li", "operator"), ("wang", "manager"), ("tian", "technician"), ("an", "auditor")):
        await people.add(name, role, PASSWORD, must_change=False)
    await people.add("zhao", "operator", PASSWORD, must_change=False)
    await people.add("xin", "operator", PASSWORD, must_change=True)


def _specs() -> Sequence[TagSpec]:
    own = [
        TagSpec(TagName(f"{lane}.{point}"), "", Access.READ) for lane in LANES for point in ("mode.period", "camera.ok")
    ]
    return [*own, *(TagSpec(TagName(f"{lane}.mode.wanted"), lane, Access.WRITE) for lane in LANES)]


def _built(db: Database) -> ModeBench:
    clock = LeapingClock()
    tags = TagTable(_specs(), clock)
    journal = SqlJournal(db, SITE, clock)
    plcs = {lane: WishPlc(lane) for lane in LANES}
    tags.connect(plcs.values(), journal)
    tags.set_all({TagName(f"{lane}.camera.ok"): True for lane in LANES})
    alarms: list[str] = []
    states = {lane: Lane(lane, Direction.ENTRY if lane == "in1" else Direction.EXIT) for lane in LANES}
    posted: list[e.Event] = []

    def alarm(code: str, text: str) -> None:
        alarms.append(code)

    keepers = {lane: ModeKeeper(SITE, lane, clock, tags, plcs[lane].image, db, alarm) for lane in LANES}
    lanes = {
        lane: ModeLane(
            keepers[lane],
            plcs[lane].image,
            plcs[lane].let_claim,
            partial(states.__getitem__, lane),
            posted.append,
            leads_out=lane != "in1",
            is_tidal=lane == "out2",
        )
        for lane in LANES
    }
    operators = Operators(db, SITE, clock)
    modes = ModeDesk(SITE, clock, db, journal, operators, tags, lanes)
    nobody = cast("Any", None)
    desk = Desk(clock, db, journal, operators, nobody, nobody, {}, _typed, Fen(0), modes.verbs())
    return ModeBench(clock, db, tags, plcs, keepers, states, posted, alarms, desk)


def _typed(plate: Plate) -> PlateRead:
    raise AssertionError(f"a verb about modes read {plate}")
