"""Modes and field contacts of a virtual PLC over Modbus TCP and over OPC UA, with the real drivers."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from plc.links import build
from plc.sim.machine import Machine
from scada.clock import SystemClock
from scada.model.handshake import Mode
from scada.model.interlock import Allowed, may_write
from scada.model.tag import Quality, TagName, TagValue
from scada.ports import Driver
from tests.support.plc import CLAIM, NO_KEYS, Sink, beating, only_device, running, shipped_map, until, virtual_plc

SEEN = TagValue(None, Quality.NOT_CONNECTED, None, SystemClock().now(), 0.0)
both = pytest.mark.parametrize(("lane", "device"), [("in1", "plc1"), ("out1", "ua1")])
CONTACTS = {
    "closing": "loop.closing",
    "approach_fault": "loop.approach_fault",
    "button": "hand.button",
    "handset": "hand.handset",
    "fire": "fire.contact",
    "drive_fault": "gate.drive_fault",
    "door": "gate.door",
}


async def take_over(driver: Driver, lane: str, shows: Callable[[str], object]) -> None:
    await until(lambda: shows("hb.server_seen"))
    await driver.write(TagName(f"{lane}.claim.wanted"), CLAIM)
    await until(lambda: shows("mode.now") == Mode.AUTO)


@both
async def test_a_mode_is_asked_for_by_its_tag_and_seen_in_another(tmp_path: Path, lane: str, device: str) -> None:
    site, sink = only_device(await asyncio.to_thread(shipped_map), device), Sink()
    wanted = TagName(f"{lane}.mode.wanted")
    (spec,) = [tag.spec for tag in site.tags if tag.name == wanted]
    assert may_write(spec, 2, SEEN) == Allowed()
    (driver,) = build(site, sink, SystemClock(), NO_KEYS)

    def shows(point: str) -> object:
        return sink.value(f"{lane}.{point}")

    def is_in(mode: Mode) -> bool:
        return shows("mode.now") == mode and shows("gate.up" if mode is Mode.HOLD_OPEN else "gate.down") is True

    async with virtual_plc(site, device, tmp_path), running(driver):
        await until(lambda: sink.quality(f"{lane}.plc.tick") is Quality.GOOD)
        async with beating(driver, lane):
            await take_over(driver, lane, shows)
            for mode in (Mode.HOLD_OPEN, Mode.LOCKED, Mode.AUTO):
                await driver.write(wanted, int(mode))
                await until(partial(is_in, mode))
        assert shows("rise.count") == 1


@both
async def test_every_field_contact_is_seen_as_its_tag(tmp_path: Path, lane: str, device: str) -> None:
    site, sink = only_device(await asyncio.to_thread(shipped_map), device), Sink()
    async with virtual_plc(site, device, tmp_path) as machine, running(*build(site, sink, SystemClock(), NO_KEYS)):
        await until(lambda: sink.value(f"{lane}.gate.mains"))
        await _wired(machine, lane, sink)


async def _wired(machine: Machine, lane: str, sink: Sink) -> None:
    def is_on(point: str) -> bool:
        return sink.value(f"{lane}.{point}") is True

    for contact, point in CONTACTS.items():
        assert sink.value(f"{lane}.{point}") is False
        machine.wire(lane, {contact: True})
        await until(partial(is_on, point))
    machine.wire(lane, {"mains_lost": True})
    await until(lambda: sink.value(f"{lane}.gate.mains") is False)
    await until(partial(is_on, "gate.up"))
    assert sink.value(f"{lane}.mode.now") == Mode.FIRE
