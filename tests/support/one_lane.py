"""The plant's side of one lane against its virtual PLC: the real driver, tags, gatekeeper, modes and book."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from plc.links import build
from plc.map.mapped import TagMap
from scada.clock import SystemClock
from scada.engine.command.gatekeeper import Gatekeeper
from scada.engine.command.guard import guarded
from scada.engine.command.intents import SqlIntents
from scada.engine.command.modes import ModeKeeper
from scada.engine.lanetags import lane_specs
from scada.engine.tags import TagTable
from scada.model.handshake import Mode
from scada.model.lane.image import LaneImage
from scada.model.lane.timing import Timing
from scada.model.modes import ModeReason, Wish
from scada.model.names import LaneName, SiteId
from scada.store.db import Database
from scada.store.journal import SqlJournal
from tests.support.plc import NO_KEYS, running, shipped_map, until
from tests.support.store import open_database

SITE = SiteId("demo")
both = pytest.mark.parametrize(("lane", "device"), [("in1", "plc1"), ("out1", "ua1")])
"""Over Modbus TCP and over OPC UA."""


@dataclass
class Server:
    """One server process, as far as one lane goes."""

    clock: SystemClock
    gatekeeper: Gatekeeper
    modes: ModeKeeper
    alarms: list[str]

    def image(self) -> LaneImage:
        """Give what the PLC shows."""
        return self.gatekeeper.image()

    async def claim(self) -> None:
        """Wait until this server holds the lane, and its PLC has left RESYNC."""
        await until(lambda: self.image().claimed and self.image().mode is not Mode.RESYNC, 20)

    async def hold_open(self, seconds: float) -> object:
        """Hold the boom up for so long."""
        until_at = self.clock.now() + timedelta(seconds=seconds)
        return await self.modes.ask(Wish(Mode.HOLD_OPEN, "li", ModeReason.QUEUE, until=until_at))


@asynccontextmanager
async def server(
    tag_map: TagMap, lane: str, device: str, db: Database, leads: Callable[[], bool] = lambda: True
) -> AsyncIterator[Server]:
    """Run a lane's driver, tags, gatekeeper and modes, as long as this server leads."""
    clock, name, alarms = SystemClock(), LaneName(lane), list[str]()
    tags = TagTable([*(tag.spec for tag in tag_map.tags), *lane_specs(name)], clock)
    built = build(tag_map, tags.apply, clock, NO_KEYS)
    [driver] = guarded([driver for driver in built if driver.name == device], leads)
    tags.connect([driver], SqlJournal(db, SITE, clock))
    book = SqlIntents(db, SITE, name, clock)

    def alarm(code: str, _text: str) -> None:
        alarms.append(code)

    gatekeeper = Gatekeeper(name, tags, driver, book, clock, Timing(), alarm)
    modes = ModeKeeper(SITE, name, clock, tags, gatekeeper.image, db, alarm)
    tasks = [asyncio.create_task(part) for part in (tags.run(), gatekeeper.run(), modes.run())]
    try:
        async with running(driver):
            yield Server(clock, gatekeeper, modes, alarms)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def shipped(folder: Path) -> AsyncIterator[tuple[TagMap, Database, AsyncExitStack]]:
    """Give the shipped tag map, empty books, and a stack for what a test starts."""
    tag_map = await asyncio.to_thread(shipped_map)
    async with AsyncExitStack() as stack:
        yield tag_map, await stack.enter_async_context(open_database(folder)), stack
