"""The Modbus driver against a real server: what it reads, what it writes, and what it says when the link is lost."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plc.links import build
from plc.map.mapped import TagMap
from plc.modbus.driver import ModbusDriver
from plc.protocols.modbus import TCP
from plc.sim.machine import Machine
from scada.clock import SystemClock
from scada.model.handshake import AckResult, CommandBlock, CommandCode, Mode
from scada.model.tag import Quality, TagName
from scada.ports import Driver, PlcError
from scada.sim.trial.ports import free_port
from tests.support.plc import (
    CLAIM,
    NO_KEYS,
    Sink,
    beating,
    only_device,
    running,
    shipped_map,
    small_map,
    until,
    virtual_plc,
)
from tests.support.plc_peers import BadPlc

CMD = TagName("in1.cmd")


@pytest.fixture
def site() -> TagMap:
    return only_device(shipped_map(), "plc1")


@pytest.fixture
async def plc(site: TagMap, tmp_path: Path) -> AsyncIterator[Machine]:
    async with virtual_plc(site, "plc1", tmp_path) as machine:
        yield machine


def driver_for(site: TagMap, sink: Sink) -> Driver:
    (driver,) = build(site, sink, SystemClock(), NO_KEYS)
    return driver


def open_for(sink: Sink, seq: int) -> CommandBlock:
    tick, passage = sink.number("in1.plc.tick"), sink.number("in1.passage.now")
    return CommandBlock(CLAIM, CommandCode.OPEN, passage, 2000, tick, seq)


async def claim(driver: Driver, sink: Sink) -> None:
    await until(lambda: sink.value("in1.hb.server_seen"))
    await driver.write(TagName("in1.claim.wanted"), CLAIM)
    await until(lambda: sink.value("in1.mode.now") == Mode.AUTO)


async def test_every_tag_of_the_map_is_read_with_good_quality(site: TagMap, plc: Machine) -> None:
    sink = Sink()
    driver = driver_for(site, sink)
    async with running(driver):
        read = {tag.name for tag in site.tags if tag.is_read}
        await until(lambda: read <= {name for name, update in sink.now.items() if update.quality is Quality.GOOD})
    assert sink.calls[0][0].quality is Quality.NOT_CONNECTED
    assert driver.tags == {tag.name for tag in site.tags}


async def test_a_command_is_carried_out_once_and_answered_in_the_image(site: TagMap, plc: Machine) -> None:
    sink = Sink()
    driver = driver_for(site, sink)
    async with running(driver):
        await until(lambda: sink.quality("in1.plc.tick") is Quality.GOOD)
        async with beating(driver, "in1"):
            await claim(driver, sink)
            plc.wire("in1", {"approach": True})
            await until(lambda: sink.value("in1.passage.now") == 1)
            block = open_for(sink, seq=1)
            assert await driver.command(CMD, block) is None
            await driver.command(CMD, block)
            await until(lambda: sink.value("in1.ack.seq") == 1)
            await until(lambda: sink.value("in1.gate.up"))
    assert sink.value("in1.ack.result") == AckResult.DONE
    assert plc.memories["in1"].retained.opened == 1


async def test_contacts_that_change_in_one_scan_are_told_in_one_call(site: TagMap, plc: Machine) -> None:
    sink = Sink()
    async with running(driver_for(site, sink)):
        await until(lambda: sink.value("in1.gate.close_permit"))
        plc.wire("in1", {"approach": True, "beam": True})
        await until(lambda: sink.value("in1.passage.now"))
    told = next(call for call in sink.calls if any(u.name == "in1.loop.approach" and u.value for u in call))
    assert {"in1.loop.approach", "in1.beam", "in1.gate.close_permit", "in1.passage.now"} <= {u.name for u in told}


async def test_a_dead_plc_makes_every_tag_bad_and_they_come_back(site: TagMap, tmp_path: Path) -> None:
    sink = Sink()
    driver = driver_for(site, sink)
    read = {tag.name for tag in site.tags if tag.is_read}

    def all_are(quality: Quality) -> bool:
        return all(name in sink.now and sink.now[name].quality is quality for name in read)

    async with running(driver):
        async with virtual_plc(site, "plc1", tmp_path):
            await until(lambda: all_are(Quality.GOOD))
        await until(lambda: all_are(Quality.NOT_CONNECTED))
        assert sink.value("in1.plc.boot") == 1
        with pytest.raises(PlcError, match="not sent"):
            await driver.write(TagName("in1.hb.server"), 1)
        async with virtual_plc(site, "plc1", tmp_path):
            await until(lambda: all_are(Quality.GOOD))
            assert sink.value("in1.plc.boot") == 2


async def test_unchanged_tags_are_told_again_before_they_would_be_stale(site: TagMap, plc: Machine) -> None:
    sink = Sink()
    async with running(driver_for(site, sink)):
        await until(lambda: sink.value("in1.gate.down"))
        seen = len(sink.calls)
        await until(lambda: sum(any(u.name == "in1.gate.down" for u in call) for call in sink.calls[seen:]) >= 3)
    told = [call for call in sink.calls[seen:] if any(u.name == "in1.gate.down" for u in call)]
    assert len({update.name for update in told[0]}) > 20


async def test_a_foreign_layout_is_told_as_a_mistake_of_the_map_and_nothing_is_read(
    site: TagMap, tmp_path: Path
) -> None:
    async with BadPlc() as bad:
        device = f"device,protocol,host,port,timeout_ms\nplc1,modbus-tcp,127.0.0.1,{bad.port},500\n"
        rows = "tag,device,address,type,lo,hi\nin1.plc.layout,plc1,HR0,u16,4663,4663\nin1.a,plc1,HR1,u16,,\n"
        tags, where = await small_map(tmp_path, rows, device)
        sink = Sink()
        async with running(TCP.driver(where, tags, sink, SystemClock(), tmp_path)):
            await until(lambda: sink.now and all(u.quality is Quality.CONFIGURATION for u in sink.now.values()))
    assert sink.value("in1.a") is None


TWO_BLOCKS = (
    "tag,device,address,type,class\nin1.a,plc1,HR1,u16,fast\nin1.b,plc1,HR3,u16,fast\nin1.c,plc1,HR90,u16,fast\n"
)


async def bad_plc_driver(bad: BadPlc, folder: Path, sink: Sink) -> ModbusDriver:
    device = f"device,protocol,host,port,max_gap,timeout_ms\nplc1,modbus-tcp,127.0.0.1,{bad.port},8,300\n"
    tags, where = await small_map(folder, TWO_BLOCKS, device)
    return TCP.driver(where, tags, sink, SystemClock(), folder)


async def test_one_failing_block_makes_only_its_own_tags_bad(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc(missing={90}) as bad, running(await bad_plc_driver(bad, tmp_path, sink)):
        await until(lambda: sink.value("in1.a") == 1)
        await until(lambda: sink.quality("in1.c") is Quality.COMMUNICATION)
        assert sink.quality("in1.b") is Quality.GOOD
        assert bad.connections == 1


async def test_a_block_over_a_hole_that_the_plc_refuses_is_parted_and_read(tmp_path: Path) -> None:
    sink = Sink()
    async with BadPlc(missing={2}) as bad, running(await bad_plc_driver(bad, tmp_path, sink)):
        await until(lambda: (sink.value("in1.a"), sink.value("in1.b"), sink.value("in1.c")) == (1, 3, 90))
        bad.reads.clear()
        await until(lambda: len(bad.reads) >= 6)
        assert (1, 3) not in bad.reads


@pytest.mark.parametrize("manner", ["short", "long", "function", "silent", "hang_up", "number", "unit"])
async def test_a_wrong_answer_closes_the_socket_and_the_link_recovers(tmp_path: Path, manner: str) -> None:
    sink = Sink()
    async with BadPlc() as bad, running(await bad_plc_driver(bad, tmp_path, sink)):
        await until(lambda: sink.value("in1.c") == 90)
        bad.manner = manner
        await until(lambda: sink.quality("in1.a") is Quality.NOT_CONNECTED)
        bad.manner = ""
        await until(lambda: sink.quality("in1.a") is Quality.GOOD)
        assert bad.connections >= 2


async def test_a_write_that_is_not_answered_goes_out_exactly_once(tmp_path: Path) -> None:
    async with BadPlc() as bad:
        device = f"device,protocol,host,port,timeout_ms\nplc1,modbus-tcp,127.0.0.1,{bad.port},200\n"
        rows = "tag,device,address,type,access,class\nin1.a,plc1,HR1,u16,ro,fast\nin1.cmd,plc1,HR20:9,cmdblock,wo,\n"
        tags, where = await small_map(tmp_path, rows, device)
        sink = Sink()
        driver = TCP.driver(where, tags, sink, SystemClock(), tmp_path)
        async with running(driver):
            await until(lambda: sink.value("in1.a") == 1)
            bad.manner = "deaf_to_writes"
            with pytest.raises(PlcError, match="write 9"):
                await driver.command(CMD, CommandBlock(1, CommandCode.OPEN, 1, 2000, 0, 1))
            await until(lambda: sink.quality("in1.a") is Quality.GOOD)
            await until(lambda: bad.connections >= 2)
    assert len(bad.writes) == 1


async def test_a_write_nobody_awaits_any_more_is_never_sent(tmp_path: Path) -> None:
    async with BadPlc() as bad:
        device = f"device,protocol,host,port,timeout_ms\nplc1,modbus-tcp,127.0.0.1,{bad.port},2000\n"
        rows = "tag,device,address,type,access,class\nin1.a,plc1,HR1,u16,ro,fast\nin1.b,plc1,HR2,u16,wo,\n"
        tags, where = await small_map(tmp_path, rows, device)
        sink = Sink()
        driver = TCP.driver(where, tags, sink, SystemClock(), tmp_path)
        async with running(driver):
            await until(lambda: sink.value("in1.a") == 1)
            bad.hold.clear()
            reads = len(bad.reads)
            await until(lambda: len(bad.reads) > reads)
            late = asyncio.create_task(driver.write(TagName("in1.b"), 5))
            await asyncio.sleep(0)
            late.cancel()
            bad.hold.set()
            await until(lambda: len(bad.reads) > reads + 3)
    assert bad.writes == []


async def test_a_command_overtakes_the_reads_that_are_due(site: TagMap, tmp_path: Path) -> None:
    async with BadPlc() as bad:
        rows = [
            "tag,device,address,type,access,class",
            "in1.cmd,plc1,HR20:9,cmdblock,wo,",
            "in1.hb.server,plc1,HR30,u16,wo,",
        ]
        rows += [f"in1.n{at},plc1,HR{at * 20},u16,ro,fast" for at in range(2, 12)]
        device = f"device,protocol,host,port,max_gap,timeout_ms\nplc1,modbus-tcp,127.0.0.1,{bad.port},0,2000\n"
        tags, where = await small_map(tmp_path, "\n".join(rows), device)
        sink = Sink()
        driver = TCP.driver(where, tags, sink, SystemClock(), tmp_path)
        async with running(driver):
            await until(lambda: sink.value("in1.n11") == 220)
            bad.hold.clear()
            reads = len(bad.reads)
            await until(lambda: len(bad.reads) > reads)
            bad.log.clear()
            beat = asyncio.create_task(driver.write(TagName("in1.hb.server"), 1))
            await asyncio.sleep(0)
            command = asyncio.create_task(driver.command(CMD, CommandBlock(1, CommandCode.OPEN, 1, 2000, 0, 1)))
            await asyncio.sleep(0)
            bad.hold.set()
            await asyncio.gather(beat, command)
    assert [entry for entry in bad.log if entry[0] == "write"][:2] == [("write", 20), ("write", 30)]
    assert bad.log[:2] == [("write", 20), ("write", 30)]


async def test_a_foreign_master_reads_the_virtual_plc_as_lane_st_lays_it_out(site: TagMap, plc: Machine) -> None:
    plc.wire("in1", {"approach": True})
    await plc.next_scan()
    await plc.next_scan()
    mbpoll = shutil.which("mbpoll")
    assert mbpoll, "install the Debian package mbpoll"
    port = str(site.devices["plc1"].port)

    def ask(*arguments: str) -> str:
        command = [mbpoll, "-0", "-1", "-m", "tcp", "-p", port, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout

    image = await asyncio.to_thread(ask, "-t", "4", "-r", "0", "-c", "35", "127.0.0.1")
    words = {
        int(line[1 : line.index("]")]): int(line.split()[1]) for line in image.splitlines() if line.startswith("[")
    }
    assert len(words) == 35
    assert (words[0], words[1], words[5], words[34]) == (4663, 1, Mode.RESYNC, 4200)
    assert words[4] & 0b100001 == 0b100001
    assert (words[10], words[11]) == (0, 1)
    coils = await asyncio.to_thread(ask, "-t", "0", "-r", "2", "-c", "2", "127.0.0.1")
    assert [line.split()[1] for line in coils.splitlines() if line.startswith("[")] == ["0", "1"]
    assert "[100]" not in await asyncio.to_thread(ask, "-t", "4", "-r", "100", "-c", "2", "127.0.0.1")
    assert "Written" in await asyncio.to_thread(ask, "-t", "4", "-r", "1025", "127.0.0.1", "321")
    assert "Written" not in await asyncio.to_thread(ask, "-t", "4", "-r", "10", "127.0.0.1", "321")


async def test_a_device_that_nobody_serves_is_told_as_not_connected(site: TagMap) -> None:
    sink = Sink()
    async with running(driver_for(site, sink)):
        await until(lambda: len(sink.calls) >= 3)
    assert {update.quality for update in sink.now.values()} == {Quality.NOT_CONNECTED}
    assert free_port() != site.devices["plc1"].port
