"""Links in virtual time: a device that is pulled for an hour, one that stands still, and a driver that breaks."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plc.map.addresses import Area
from plc.map.devices import Device
from plc.map.mapped import MappedTag, Scan
from plc.modbus.driver import ModbusDriver
from plc.modbus.transport import DeviceRefusal
from plc.transport.link import STAGGER_S, keep_trying, stagger_s
from plc.transport.published import Published
from plc.transport.retry import BackOff
from plc.transport.tally import Tally
from scada.clock import VirtualClock
from scada.engine.tags import TagTable
from scada.model.device import LinkState
from scada.model.tag import Quality, TagName, TagUpdate
from scada.ports import PlcError
from tests.support.engine import LoopClock, virtually
from tests.support.plc import Sink, small_map

HOUR_S = 3600.0
PERIODS = {Scan.FAST: 1.0, Scan.NORMAL: 5.0, Scan.SLOW: 50.0}
"""Slower than usual, so that an hour is not long."""
ROWS = "tag,device,address,type,class,stale_ms\nin1.a,plc1,HR0,u16,fast,3000\nin1.b,plc1,HR1,u16,normal,20000\n"
DEVICE = "device,protocol,host,port,timeout_ms\nplc1,modbus-tcp,127.0.0.1,502,1000\n"


class WirePlc:
    """A device at the end of a cable: register n counts its reads. Pulled, it is silent, or its host refuses."""

    def __init__(self, name: str, refuses: bool = False) -> None:
        self.address, self.refuses = name, refuses
        self.is_pulled = False
        self.read_at: list[float] = []

    async def open(self, on_lost: Callable[[str], None]) -> None:
        await self._answer()

    async def read(self, area: Area, start: int, count: int) -> bytes:
        await self._answer()
        self.read_at.append(asyncio.get_running_loop().time())
        return (len(self.read_at) % 65536).to_bytes(2, "big") * count

    async def write(self, area: Area, start: int, values: Sequence[int]) -> None:
        raise DeviceRefusal("no", 1)

    async def write_bit(self, start: int, bit: int, on: bool) -> None:
        raise DeviceRefusal("no", 1)

    def close(self) -> None:
        """Nothing is open."""

    async def _answer(self) -> None:
        if self.is_pulled:
            await asyncio.sleep(0.0 if self.refuses else 1.0)
            raise PlcError(f"{self.address}: pulled")
        await asyncio.sleep(0.002)


async def pull_for_an_hour(tags: Sequence[MappedTag], device: Device, refuses: bool) -> None:
    loop, clock = asyncio.get_running_loop(), LoopClock()
    plcs = [WirePlc(f"plc{number}", refuses) for number in range(1, 4)]
    maps = {plc.address: [of_lane(tag, f"in{plc.address[-1]}") for tag in tags] for plc in plcs}
    table = TagTable([tag.spec for group in maps.values() for tag in group], clock)
    drivers = [
        ModbusDriver(replace(device, name=plc.address), maps[plc.address], table.apply, clock, [plc], PERIODS)
        for plc in plcs
    ]
    tasks = [asyncio.create_task(part) for part in (table.run(), *(driver.run() for driver in drivers))]
    await asyncio.sleep(60)
    pulled, others = plcs[1], [plcs[0], plcs[2]]
    pulled.is_pulled, began_s = True, loop.time()
    before = [len(plc.read_at) for plc in others]
    await asyncio.sleep(3.0)
    assert all(table.get(tag.name).quality.is_bad for tag in maps["plc2"])
    await asyncio.sleep(HOUR_S - 3.0)
    for plc, first in zip(others, before, strict=True):
        gaps = [after - one for one, after in zip(plc.read_at[first:], plc.read_at[first + 1 :], strict=False)]
        assert len(plc.read_at) - first == pytest.approx(HOUR_S / 1.0 + HOUR_S / 5.0, rel=0.001)
        assert max(gaps) < 1.01
    assert all(table.get(tag.name).quality is Quality.GOOD for name in ("plc1", "plc3") for tag in maps[name])
    assert all(table.get(tag.name).quality.is_bad for tag in maps["plc2"])
    assert [driver.figures().late_scans for driver in drivers] == [0, 0, 0]
    assert drivers[1].figures().errors == pytest.approx((loop.time() - began_s) / (5.0 if refuses else 6.0), rel=0.1)
    pulled.is_pulled = False
    await asyncio.sleep(8.0)
    assert all(table.get(tag.name).quality is Quality.GOOD for tag in maps["plc2"])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def of_lane(tag: MappedTag, lane: str) -> MappedTag:
    return replace(tag, spec=replace(tag.spec, name=TagName(tag.name.replace("in1", lane)), device=f"plc{lane[-1]}"))


class Gateway(WirePlc):
    """Remembers when it was opened; its first connection ends at its third read."""

    def __init__(self) -> None:
        super().__init__("plc1", refuses=True)
        self.opened_at: list[float] = []

    async def open(self, on_lost: Callable[[str], None]) -> None:
        self.opened_at.append(asyncio.get_running_loop().time())

    async def read(self, area: Area, start: int, count: int) -> bytes:
        if len(self.opened_at) == 1 and len(self.read_at) == 2:
            raise PlcError("no answer within 1 s")
        return await super().read(area, start, count)


def test_a_link_whose_answers_have_no_number_is_silent_for_a_while_after_a_loss(tmp_path: Path) -> None:
    async def story(tags: Sequence[MappedTag], device: Device) -> None:
        plc = Gateway()
        driver = ModbusDriver(device, tags, Sink(), LoopClock(), [plc], PERIODS, quiet_s=0.9)
        task = asyncio.create_task(driver.run())
        await asyncio.sleep(10.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        first, again = plc.opened_at
        assert plc.read_at[0] - first < 0.1
        assert 0.9 < plc.read_at[2] - again < 1.0

    tags, device = asyncio.run(small_map(tmp_path, ROWS, DEVICE))
    virtually(story(tags, device))


def test_answers_without_a_number_are_given_that_time(tmp_path: Path) -> None:
    tags, device = asyncio.run(small_map(tmp_path, ROWS, DEVICE.replace("modbus-tcp", "modbus-rtu-tcp")))
    driver = device.protocol.driver(device, tags, Sink(), LoopClock(), tmp_path)
    assert isinstance(driver, ModbusDriver)
    assert driver._quiet_s == 1.0


@pytest.mark.parametrize("refuses", [False, True])
def test_pulling_a_device_for_an_hour_leaves_the_others_alone_and_its_own_tags_bad(
    tmp_path: Path, refuses: bool
) -> None:
    tags, device = asyncio.run(small_map(tmp_path, ROWS, DEVICE))
    virtually(pull_for_an_hour(tags, device, refuses))


def test_devices_begin_each_at_its_own_moment() -> None:
    moments = [stagger_s(f"plc{number}") for number in range(20)]
    assert len(set(moments)) == 20
    assert max(moments) - min(moments) > STAGGER_S / 2
    assert all(0 <= moment < STAGGER_S for moment in moments)


def test_a_device_connects_at_its_moment_and_no_sooner() -> None:
    async def story() -> None:
        began_at: list[float] = []

        async def live_once() -> None:
            began_at.append(asyncio.get_running_loop().time())
            await asyncio.Event().wait()

        names = [f"plc{number}" for number in range(5)]
        links = [
            asyncio.create_task(keep_trying(Tally(name), live_once, Published([], Sink(), LoopClock()), BackOff()))
            for name in names
        ]
        await asyncio.sleep(STAGGER_S)
        assert began_at == pytest.approx(sorted(stagger_s(name) for name in names))
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    virtually(story())


@pytest.mark.parametrize(
    "trouble", [ZeroDivisionError("a mistake of ours"), asyncio.CancelledError(), PlcError("lost")]
)
def test_polling_goes_on_whatever_ended_it(trouble: BaseException) -> None:
    async def story() -> None:
        lives, tally = 0, Tally("plc1")

        async def live_once() -> None:
            nonlocal lives
            lives += 1
            raise trouble

        task = asyncio.create_task(keep_trying(tally, live_once, Published([], Sink(), LoopClock()), BackOff()))
        await asyncio.sleep(60)
        assert lives > 10
        assert (tally.state, tally.errors) == (LinkState.DOWN, lives)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    virtually(story())


HEARTBEATS = (
    "tag,device,address,type,class\n"
    "in1.hb.plc,plc1,HR0,u16,normal\nin1.a,plc1,HR1,u16,fast\nin2.hb.plc,plc1,HR2,u16,slow\nin2.a,plc1,HR3,u16,fast\n"
)
BEAT, OWN, OTHER_BEAT, OTHER = (TagName(name) for name in ("in1.hb.plc", "in1.a", "in2.hb.plc", "in2.a"))


class Watched:
    """What is told of a PLC with two lanes, second by second."""

    def __init__(self, tags: Sequence[MappedTag]) -> None:
        self.clock, self.sink = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC)), Sink()
        self.published = Published(tags, self.sink, self.clock)

    def second(self, **values: int) -> None:
        """Let a second pass and see all tags with these values."""
        self.clock.advance(1.0)
        names = {"beat": BEAT, "own": OWN, "other_beat": OTHER_BEAT, "other": OTHER}
        self.published.tell([TagUpdate(names[key], value, Quality.GOOD) for key, value in values.items()])

    def qualities(self) -> list[Quality | None]:
        return [self.sink.quality(name) for name in (BEAT, OWN, OTHER_BEAT, OTHER)]


async def test_what_a_plc_says_that_stands_still_is_bad_until_it_moves(tmp_path: Path) -> None:
    watched = Watched((await small_map(tmp_path, HEARTBEATS, DEVICE))[0])
    good, bad = Quality.GOOD, Quality.COMMUNICATION
    for number in range(3):
        watched.second(beat=number, own=5, other_beat=number, other=6)
    for number in range(2):
        watched.second(own=5, other_beat=3 + number, other=6)
    assert watched.qualities() == [good, good, good, good]
    watched.second(own=7, other_beat=5, other=6)
    assert watched.qualities() == [bad, bad, good, good]
    assert (watched.published.is_still, watched.sink.value(OWN)) == (True, 7)
    watched.second(own=8, other=6)
    assert (watched.sink.quality(OWN), watched.sink.value(OWN)) == (bad, 8)
    watched.second(beat=9)
    assert watched.qualities() == [good, good, good, good]
    assert not watched.published.is_still


async def test_a_heartbeat_that_is_read_slowly_is_given_more_time_and_a_lost_link_is_no_standstill(
    tmp_path: Path,
) -> None:
    watched = Watched((await small_map(tmp_path, HEARTBEATS, DEVICE))[0])
    watched.second(beat=1, own=5, other_beat=1, other=6)
    for number in range(2, 13):
        watched.second(beat=number, other=6)
    assert watched.sink.quality(OTHER) is Quality.GOOD
    for number in range(13, 15):
        watched.second(beat=number, other=6)
    assert watched.sink.quality(OTHER) is Quality.COMMUNICATION
    watched.published.all_bad(Quality.NOT_CONNECTED)
    assert set(watched.qualities()) == {Quality.NOT_CONNECTED}
    watched.second(beat=20, own=5, other_beat=1, other=6)
    assert set(watched.qualities()) == {Quality.GOOD}
