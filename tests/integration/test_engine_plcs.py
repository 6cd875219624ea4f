"""The gatekeeper against the virtual PLCs, over Modbus TCP and OPC UA, with the real drivers and the real book."""

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

from plc.map.mapped import TagMap
from plc.sim.machine import Machine
from scada.model.handshake import Done, NotDone, Unknowable
from scada.model.lane.image import DARK
from scada.model.names import PassageId
from scada.sim.chaos.line import Line, Spoilt, Trouble
from scada.sim.trial.ports import free_port
from tests.support.one_lane import Server, both, server, shipped
from tests.support.plc import until, virtual_plc
from tests.support.ua import Valve, as_array

PASSAGE = PassageId("a-passage")


async def car_comes(machine: Machine, here: Server, lane: str) -> int:
    machine.wire(lane, {"approach": True})
    await until(lambda: here.image().passage_now != 0)
    return here.image().passage_now


def opened(machine: Machine, lane: str) -> int:
    return machine.memories[lane].retained.opened


@both
async def test_a_lane_is_claimed_and_opened_once_for_the_car_that_stands_there(
    tmp_path: Path, lane: str, device: str
) -> None:
    async with shipped(tmp_path) as (tag_map, db, stack):
        machine = await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        await here.claim()
        number = await car_comes(machine, here, lane)
        assert isinstance(await here.gatekeeper.open(PASSAGE, number + 1, "no such car"), NotDone)
        assert await here.gatekeeper.open(PASSAGE, number, "a test") == Done()
        await until(lambda: here.image().up.is_on)
        assert opened(machine, lane) == 1
        assert here.alarms == []


@both
async def test_a_second_server_stays_silent_until_the_first_is_gone_and_repeats_nothing(
    tmp_path: Path, lane: str, device: str
) -> None:
    async with shipped(tmp_path) as (tag_map, db, stack):
        machine = await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        async with server(tag_map, lane, device, db) as first:
            await first.claim()
            number = await car_comes(machine, first, lane)
            assert await first.gatekeeper.open(PASSAGE, number, "a test") == Done()
        second = await stack.enter_async_context(server(tag_map, lane, device, db))
        await until(lambda: second.image().alive)
        assert not second.image().claimed
        assert isinstance(await second.gatekeeper.open(PASSAGE, number, "too early"), NotDone)
        await second.claim()
        assert opened(machine, lane) == 1


@both
async def test_a_plc_that_restarts_is_dark_then_claimed_again_when_empty(
    tmp_path: Path, lane: str, device: str
) -> None:
    async with shipped(tmp_path) as (tag_map, db, stack):
        here = await stack.enter_async_context(server(tag_map, lane, device, db))
        async with virtual_plc(tag_map, device, tmp_path) as machine:
            await here.claim()
            number = await car_comes(machine, here, lane)
        await until(lambda: here.image() == DARK)
        assert isinstance(await here.gatekeeper.open(PASSAGE, number, "nobody there"), NotDone | Unknowable)
        machine = await stack.enter_async_context(virtual_plc(tag_map, device, tmp_path))
        await here.claim()
        assert await car_comes(machine, here, lane) > number
        assert opened(machine, lane) == 0
        assert here.alarms == ["PLC_RESTART"]


async def test_a_command_as_one_opc_ua_array_is_done_once_although_its_answer_was_late(tmp_path: Path) -> None:
    async with shipped(tmp_path) as (tag_map, db, stack):
        site = as_array(tag_map)
        where = site.devices["ua1"]
        valve = await stack.enter_async_context(Valve(where.port))
        through = replace(site, devices={**site.devices, "ua1": replace(where, port=valve.port)})
        machine = await stack.enter_async_context(virtual_plc(site, "ua1", tmp_path))
        here = await stack.enter_async_context(server(through, "out1", "ua1", db))
        await here.claim()
        number = await car_comes(machine, here, "out1")
        valve.shut(forth=False)
        asked = asyncio.create_task(here.gatekeeper.open(PASSAGE, number, "a test"))
        await until(lambda: opened(machine, "out1") == 1)
        valve.open()
        assert await asked == Done()
        await until(lambda: here.image().up.is_on)
        assert opened(machine, "out1") == 1
        assert here.alarms == []


AWAY_S = 4.0
"""Longer than a command lives and is waited for."""


def through(tag_map: TagMap, port: int) -> TagMap:
    """Lead the server to its Modbus PLC by another port."""
    return replace(tag_map, devices={**tag_map.devices, "plc1": replace(tag_map.devices["plc1"], port=port)})


async def test_an_open_that_a_dead_link_never_carried_is_known_as_lost_when_the_plc_is_seen_again(
    tmp_path: Path,
) -> None:
    async with shipped(tmp_path) as (tag_map, db, stack):
        line = Line("plc1", free_port(), tag_map.devices["plc1"].port, Random(1))  # noqa: S311 a fault is not a secret
        machine = await stack.enter_async_context(virtual_plc(tag_map, "plc1", tmp_path))
        await stack.enter_async_context(line)
        here = await stack.enter_async_context(server(through(tag_map, line.port), "in1", "plc1", db))
        await here.claim()
        number = await car_comes(machine, here, "in1")
        await line.spoil(Trouble(Spoilt.HALF_OPEN))
        asked = asyncio.create_task(here.gatekeeper.open(PASSAGE, number, "a test"))
        await asyncio.sleep(AWAY_S)
        await line.mend()
        assert await asked == NotDone("no answer within its time-to-live", lost=True)
        assert opened(machine, "in1") == 0
        await here.claim()
        assert await here.gatekeeper.open(PASSAGE, number, "once more") == Done()
        assert opened(machine, "in1") == 1
        assert here.alarms == []


async def test_an_open_whose_answer_a_dead_link_lost_is_settled_by_the_echo_when_the_plc_is_seen_again(
    tmp_path: Path,
) -> None:
    async with shipped(tmp_path) as (tag_map, db, stack):
        valve = await stack.enter_async_context(Valve(tag_map.devices["plc1"].port))
        machine = await stack.enter_async_context(virtual_plc(tag_map, "plc1", tmp_path))
        here = await stack.enter_async_context(server(through(tag_map, valve.port), "in1", "plc1", db))
        await here.claim()
        number = await car_comes(machine, here, "in1")
        valve.shut(forth=False)
        asked = asyncio.create_task(here.gatekeeper.open(PASSAGE, number, "a test"))
        await until(lambda: opened(machine, "in1") == 1)
        await asyncio.sleep(AWAY_S)
        valve.open()
        assert await asked == Done()
        assert opened(machine, "in1") == 1
        assert here.alarms == []
