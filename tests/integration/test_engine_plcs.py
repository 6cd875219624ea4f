"""The gatekeeper against the virtual PLCs, over Modbus TCP and OPC UA, with the real drivers and the real book."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from plc.links import build
from plc.map.mapped import TagMap
from plc.sim.machine import Machine
from scada.clock import SystemClock
from scada.engine.command.gatekeeper import Gatekeeper
from scada.engine.command.intents import SqlIntents
from scada.engine.tags import TagTable
from scada.model.handshake import Done, Mode, NotDone, Unknowable
from scada.model.lane.image import DARK
from scada.model.lane.timing import Timing
from scada.model.names import LaneName, PassageId, SiteId
from scada.store.db import Database
from tests.support.plc import NO_KEYS, running, shipped_map, until, virtual_plc
from tests.support.store import open_database

both = pytest.mark.parametrize(("lane", "device"), [("in1", "plc1"), ("out1", "ua1")])
PASSAGE = PassageId("a-passage")


@dataclass
class Server:
    """The plant's side of one lane."""

    gatekeeper: Gatekeeper
    book: SqlIntents
    alarms: list[str] = field(default_factory=list)

    async def claim(self) -> None:
        await until(lambda: self.gatekeeper.image().claimed and self.gatekeeper.image().mode is Mode.AUTO, 20)


@asynccontextmanager
async def server(tag_map: TagMap, lane: str, device: str, db: Database) -> AsyncIterator[Server]:
    """Run a lane's driver, tags and gatekeeper."""
    clock = SystemClock()
    tags = TagTable([tag.spec for tag in tag_map.tags], clock)
    [driver] = [driver for driver in build(tag_map, tags.apply, clock, NO_KEYS) if driver.name == device]
    book = SqlIntents(db, SiteId("demo"), LaneName(lane), clock)
    alarms: list[str] = []
    gatekeeper = Gatekeeper(LaneName(lane), tags, driver, book, clock, Timing(), lambda code, text: alarms.append(code))
    tasks = [asyncio.create_task(part) for part in (tags.run(), gatekeeper.run())]
    try:
        async with running(driver):
            yield Server(gatekeeper, book, alarms)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def car_comes(machine: Machine, here: Server, lane: str) -> int:
    machine.wire(lane, {"approach": True})
    await until(lambda: here.gatekeeper.image().passage_now != 0)
    return here.gatekeeper.image().passage_now


def opened(machine: Machine, lane: str) -> int:
    return machine.memories[lane].retained.opened


@both
async def test_a_lane_is_claimed_and_opened_once_for_the_car_that_stands_there(
    tmp_path: Path, lane: str, device: str
) -> None:
    tag_map = await asyncio.to_thread(shipped_map)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(tmp_path))
        machine = await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        await here.claim()
        number = await car_comes(machine, here, lane)
        assert isinstance(await here.gatekeeper.open(PASSAGE, number + 1, "no such car"), NotDone)
        assert await here.gatekeeper.open(PASSAGE, number, "a test") == Done()
        await until(lambda: here.gatekeeper.image().up.is_on)
        assert opened(machine, lane) == 1
        assert here.alarms == []


@both
async def test_a_second_server_stays_silent_until_the_first_is_gone_and_repeats_nothing(
    tmp_path: Path, lane: str, device: str
) -> None:
    tag_map = await asyncio.to_thread(shipped_map)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(tmp_path))
        machine = await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        async with server(tag_map, lane, device, db) as first:
            await first.claim()
            number = await car_comes(machine, first, lane)
            assert await first.gatekeeper.open(PASSAGE, number, "a test") == Done()
        second = await stack.enter_async_context(server(tag_map, lane, device, db))
        await until(lambda: second.gatekeeper.image().alive)
        assert not second.gatekeeper.image().claimed
        assert isinstance(await second.gatekeeper.open(PASSAGE, number, "too early"), NotDone)
        await second.claim()
        assert opened(machine, lane) == 1


@both
async def test_a_plc_that_restarts_is_dark_then_claimed_again_when_empty(
    tmp_path: Path, lane: str, device: str
) -> None:
    tag_map = await asyncio.to_thread(shipped_map)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(open_database(tmp_path))
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        async with virtual_plc(tag_map, device, tmp_path) as machine:
            await here.claim()
            number = await car_comes(machine, here, lane)
        await until(lambda: here.gatekeeper.image() == DARK)
        assert isinstance(await here.gatekeeper.open(PASSAGE, number, "nobody there"), NotDone | Unknowable)
        machine = await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        await here.claim()
        assert await car_comes(machine, here, lane) > number
        assert opened(machine, lane) == 0
        assert here.alarms == ["PLC_RESTART"]
