"""Modes against the virtual PLCs, over Modbus TCP and OPC UA: what is asked for is what the boom does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from plc.links import build
from plc.map.mapped import TagMap
from scada.clock import SystemClock
from scada.engine.command.gatekeeper import Gatekeeper
from scada.engine.command.intents import SqlIntents
from scada.engine.command.modes import ModeKeeper
from scada.engine.lanetags import lane_specs
from scada.engine.tags import TagTable
from scada.engine.writing import Confirmed
from scada.model.handshake import Mode
from scada.model.lane.image import LaneImage
from scada.model.lane.timing import Timing
from scada.model.modes import ModeReason, Wish
from scada.model.names import LaneName, SiteId
from scada.store.db import Database
from scada.store.journal import SqlJournal
from scada.store.modes import newest
from tests.support.plc import NO_KEYS, running, shipped_map, until, virtual_plc
from tests.support.store import open_database

SITE = SiteId("demo")
both = pytest.mark.parametrize(("lane", "device"), [("in1", "plc1"), ("out1", "ua1")])


@dataclass
class Server:
    """The plant's side of one lane."""

    clock: SystemClock
    gatekeeper: Gatekeeper
    modes: ModeKeeper
    alarms: list[str]

    def image(self) -> LaneImage:
        return self.gatekeeper.image()

    async def claim(self) -> None:
        await until(lambda: self.image().claimed, 20)

    async def hold_open(self, seconds: float) -> object:
        until_at = self.clock.now() + timedelta(seconds=seconds)
        return await self.modes.ask(Wish(Mode.HOLD_OPEN, "li", ModeReason.QUEUE, until=until_at))


@asynccontextmanager
async def server(tag_map: TagMap, lane: str, device: str, db: Database) -> AsyncIterator[Server]:
    """Run a lane's driver, tags, gatekeeper and modes."""
    clock, name, alarms = SystemClock(), LaneName(lane), list[str]()
    tags = TagTable([*(tag.spec for tag in tag_map.tags), *lane_specs(name)], clock)
    [driver] = [driver for driver in build(tag_map, tags.apply, clock, NO_KEYS) if driver.name == device]
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


@both
async def test_a_lane_is_held_open_its_boom_goes_up_and_in_auto_it_comes_down_as_often_as_asked(
    tmp_path: Path, lane: str, device: str
) -> None:
    tag_map = await asyncio.to_thread(shipped_map)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(tmp_path))
        await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        await here.claim()
        for _ in range(2):
            assert await here.hold_open(60) == Confirmed()
            await until(lambda: here.image().up.is_on)
            assert await here.modes.ask(Wish(Mode.AUTO, "zhao")) == Confirmed()
            await until(lambda: here.image().down.is_on)
        assert await here.modes.ask(Wish(Mode.LOCKED, "li", ModeReason.NIGHT)) == Confirmed()
        assert here.image().mode is Mode.LOCKED
        assert here.image().down.is_on
        assert here.alarms == []


@both
async def test_a_lane_held_open_over_a_server_restart_goes_on_and_closes_at_its_time(
    tmp_path: Path, lane: str, device: str
) -> None:
    tag_map = await asyncio.to_thread(shipped_map)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(tmp_path))
        await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        async with server(tag_map, lane, device, db) as first:
            await first.claim()
            assert await first.hold_open(10) == Confirmed()
            await until(lambda: first.image().up.is_on)
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        await here.claim()
        await until(lambda: here.image().mode is Mode.AUTO and here.image().down.is_on, 25)
        await until(lambda: here.modes.period is None)
        periods = await db.read(lambda conn: newest(conn, SITE, LaneName(lane), 10))
        assert [(one.mode, one.by, one.ended_by) for one in periods if one.mode == "HOLD_OPEN"] == [
            ("HOLD_OPEN", "li", "expiry")
        ]
        assert here.alarms == []


@both
async def test_a_restarted_plc_with_a_car_before_its_boom_is_claimed_on_a_persons_word(
    tmp_path: Path, lane: str, device: str
) -> None:
    tag_map = await asyncio.to_thread(shipped_map)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(tmp_path))
        machine = await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        machine.wire(lane, {"approach": True})
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        await until(lambda: "RESYNC_OCCUPIED" in here.alarms, 20)
        assert here.image().mode is Mode.RESYNC
        assert not here.image().claimed
        here.gatekeeper.let_claim()
        await until(lambda: here.image().claimed and here.image().mode is Mode.AUTO, 5)
