"""The S7 driver against python-snap7's own server: reads, writes, losses, and a lane's program behind it."""

import asyncio
import os
import signal
import struct
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from snap7.client import Client
from snap7.type import Area

from plc.links import build
from plc.s7 import S7Driver
from scada.clock import SystemClock
from scada.model.device import LinkState
from scada.model.handshake import AckResult, CommandBlock, CommandCode, Mode
from scada.model.tag import Quality, TagName
from scada.ports import PlcError
from scada.sim.trial.ports import free_port
from tests.support.freezing import freeze, thaw
from tests.support.peers import foreign
from tests.support.plc import CLAIM, NO_KEYS, Sink, beating, running, until
from tests.support.s7 import lane_map, s7_map, virtual_s7

HEAD = "tag,device,address,type,access,class,scale,length,invert\n"
ROWS = HEAD + (
    "in1.on,s1,DB1.DBX0.3,bool,ro,fast,,,\n"
    "in1.off,s1,DB1.DBX0.4,bool,ro,fast,,,1\n"
    "in1.u16,s1,DB1.DBW2,u16,ro,fast,0.1,,\n"
    "in1.i16,s1,DB1.DBW4,i16,ro,fast,,,\n"
    "in1.u32,s1,DB1.DBD6,u32,ro,fast,,,\n"
    "in1.i32,s1,DB1.DBD10,i32,ro,fast,,,\n"
    "in1.f32,s1,DB1.DBD14,f32,ro,fast,,,\n"
    "in1.u64,s1,DB1.DBB18,u64,ro,fast,,,\n"
    "in1.i64,s1,DB1.DBB26,i64,ro,fast,,,\n"
    "in1.f64,s1,DB1.DBB34,f64,ro,fast,,,\n"
    "in1.text,s1,DB1.DBB42,string,ro,normal,,10,\n"
    "in1.input,s1,I0.7,bool,ro,fast,,,\n"
    "in1.flag,s1,M10.2,bool,rw,fast,,,\n"
    "in1.coil,s1,Q0.1,bool,rw,normal,,,\n"
    "in1.set,s1,DB1.DBW60,i16,rw,fast,0.5,,\n"
    "in1.real,s1,DB1.DBD62,f32,rw,fast,,,\n"
    "in1.cmd,s1,DB1.DBB100:18,cmdblock,wo,,,,\n"
    "in1.writes,s1,MD60,u32,ro,fast,,,\n"
)
MEMORY = (
    bytes((0b01000, 0)) + struct.pack(">HhIif", 1234, -5, 4_000_000_000, -2_000_000_000, 1.5)
    + struct.pack(">Qqd", 2**63, -(2**62), 3.25) + bytes((10, 6)) + "道闸".encode()
)  # fmt: skip
WROTE = {"in1.on": True, "in1.off": True, "in1.u16": 123.4, "in1.i16": -5, "in1.u32": 4_000_000_000}
WROTE |= {"in1.i32": -2_000_000_000, "in1.f32": 1.5, "in1.u64": 2**63, "in1.i64": -(2**62), "in1.f64": 3.25}
BLOCK = CommandBlock(CLAIM, CommandCode.OPEN, 70_000, 2000, 12, 80_000)


def devices(*ports: int, timeout_ms: int = 1000) -> str:
    rows = (f"s{number},s7,127.0.0.1,{port},1,{timeout_ms}\n" for number, port in enumerate(ports, start=1))
    return "device,protocol,host,port,unit,timeout_ms\n" + "".join(rows)


def peer(port: int, folder: Path) -> AbstractAsyncContextManager[int]:
    """Run the S7 of `tests/peers`; it gives the number of its process."""
    return foreign("s7", port, folder)


def master(port: int) -> Client:
    return Client().connect("127.0.0.1", 0, 1, port)


async def drivers(folder: Path, sink: Sink, *ports: int, rows: str = ROWS, timeout_ms: int = 1000) -> list[S7Driver]:
    site = await asyncio.to_thread(s7_map, folder, rows, devices(*ports, timeout_ms=timeout_ms))
    return build(site, sink, SystemClock(), NO_KEYS)  # type: ignore[return-value]


async def test_every_type_is_read_from_every_area(tmp_path: Path) -> None:
    port, sink = free_port(), Sink()
    async with peer(port, tmp_path), running(*await drivers(tmp_path, sink, port)):
        other = await asyncio.to_thread(master, port)
        await asyncio.to_thread(other.db_write, 1, 0, bytearray(MEMORY))
        await asyncio.to_thread(other.write_area, Area.PE, 0, 0, bytearray([128]))
        await until(lambda: sink.value("in1.f64") == 3.25 and sink.value("in1.text") == "道闸")
        await until(lambda: sink.value("in1.input"))
        for name, value in WROTE.items():
            assert sink.value(name) == pytest.approx(value), name
            assert sink.quality(name) is Quality.GOOD
        other.disconnect()


async def test_bits_words_and_reals_are_written_once_and_leave_their_neighbours(tmp_path: Path) -> None:
    port, sink = free_port(), Sink()
    async with peer(port, tmp_path):
        (driver,) = await drivers(tmp_path, sink, port)
        async with running(driver):
            await until(lambda: sink.quality("in1.set") is Quality.GOOD)
            other = await asyncio.to_thread(master, port)
            await asyncio.to_thread(other.mb_write, 10, 1, bytearray([0b1000_0001]))
            before = sink.number("in1.writes")
            await driver.write(TagName("in1.flag"), True)
            await driver.write(TagName("in1.coil"), True)
            await driver.write(TagName("in1.set"), -3.5)
            await driver.write(TagName("in1.real"), 2.25)
            await until(lambda: sink.value("in1.set") == -3.5 and sink.value("in1.real") == 2.25)
            await until(lambda: sink.value("in1.coil") and sink.value("in1.flag"))
            assert await asyncio.to_thread(other.mb_read, 10, 1) == bytearray([0b1000_0101])
            assert await driver.command(TagName("in1.cmd"), BLOCK) is None
            words = struct.unpack(">9H", await asyncio.to_thread(other.db_read, 1, 100, 18))
            assert words == (CLAIM, 1, *divmod(70_000, 65536), 2000, 12, BLOCK.check, *divmod(80_000, 65536))
            await until(lambda: sink.number("in1.writes") == before + 6)
            assert driver.figures().writes == 5
            with pytest.raises(PlcError, match="no tag that may be written"):
                await driver.write(TagName("in1.u16"), 1)
            with pytest.raises(PlcError, match="does not fit"):
                await driver.write(TagName("in1.set"), 10**9)
            other.disconnect()


async def test_what_the_plc_does_not_have_is_bad_and_its_neighbours_are_read(tmp_path: Path) -> None:
    port, sink = free_port(), Sink()
    rows = HEAD + (
        "in1.here,s1,DB1.DBW396,u16,rw,fast,,,\nin1.beyond,s1,DB1.DBW400,u16,rw,fast,,,\n"
        "in1.foreign,s1,DB7.DBW0,u16,ro,fast,,,\n"
    )
    async with peer(port, tmp_path):
        (driver,) = await drivers(tmp_path, sink, port, rows=rows)
        async with running(driver):
            await until(lambda: sink.quality("in1.here") is Quality.GOOD)
            await until(lambda: sink.quality("in1.beyond") is Quality.COMMUNICATION)
            await until(lambda: sink.quality("in1.foreign") is Quality.COMMUNICATION)
            with pytest.raises(PlcError, match=r"write DB1\.DBW400"):
                await driver.write(TagName("in1.beyond"), 1)
            await driver.write(TagName("in1.here"), 7)
            await until(lambda: sink.value("in1.here") == 7)
            figures = driver.figures()
            assert (figures.state, figures.holes, figures.connects) == (LinkState.UP, 2, 1)


async def test_a_server_that_dies_makes_all_bad_and_comes_back(tmp_path: Path) -> None:
    port, sink = free_port(), Sink()
    (driver,) = await drivers(tmp_path, sink, port)
    async with running(driver):
        async with peer(port, tmp_path) as number:
            await until(lambda: sink.quality("in1.u16") is Quality.GOOD)
            os.kill(number, signal.SIGKILL)
            await until(lambda: sink.quality("in1.u16") is Quality.NOT_CONNECTED)
            with pytest.raises(PlcError, match="not sent"):
                await driver.write(TagName("in1.set"), 1)
        async with peer(port, tmp_path):
            await until(lambda: sink.quality("in1.u16") is Quality.GOOD)
    assert driver.figures().connects == 2


async def test_a_hung_plc_is_given_up_and_hangs_nobody_else_and_its_write_is_not_repeated(tmp_path: Path) -> None:
    ports, sink = (free_port(), free_port()), Sink()
    rows = f"{ROWS}in2.u16,s2,DB1.DBW2,u16,ro,fast,,,\n"
    first, second = await drivers(tmp_path, sink, *ports, rows=rows, timeout_ms=300)
    async with peer(ports[0], tmp_path) as number, peer(ports[1], tmp_path), running(first, second):
        await until(lambda: sink.quality("in1.set") is Quality.GOOD and sink.quality("in2.u16") is Quality.GOOD)
        await until(lambda: sink.quality("in1.writes") is Quality.GOOD)
        freeze(number)
        try:
            reads = second.figures().reads
            async with asyncio.timeout(30):
                with pytest.raises(PlcError):
                    await first.write(TagName("in1.set"), 2)
            await until(lambda: sink.quality("in1.set") is Quality.NOT_CONNECTED)
            await until(lambda: second.figures().reads > reads + 10)
            assert sink.quality("in2.u16") is Quality.GOOD
        finally:
            thaw(number)
        await until(lambda: sink.quality("in1.set") is Quality.GOOD)
        assert sink.number("in1.writes") <= 1
        assert second.figures().errors == 0


async def test_a_command_goes_through_the_handshake_of_a_lane_behind_an_s7(tmp_path: Path) -> None:
    sink = Sink()
    tags, device = await asyncio.to_thread(lane_map)
    driver = S7Driver(device, tags, sink, SystemClock())
    async with virtual_s7(tags, device, tmp_path) as machine, running(driver):
        await until(lambda: sink.quality("in1.plc.tick") is Quality.GOOD)
        async with beating(driver, "in1"):
            await until(lambda: sink.value("in1.hb.server_seen"))
            await driver.write(TagName("in1.claim.wanted"), CLAIM)
            await until(lambda: sink.value("in1.claim.now") == CLAIM and sink.value("in1.mode.now") == Mode.AUTO)
            machine.wire("in1", {"approach": True})
            await until(lambda: sink.value("in1.passage.now") == 1)
            block = CommandBlock(CLAIM, CommandCode.OPEN, 1, 2000, sink.number("in1.plc.tick"), 1)
            for _ in range(2):
                await driver.command(TagName("in1.cmd"), block)
            await until(lambda: sink.value("in1.ack.seq") == 1)
            await until(lambda: sink.value("in1.gate.up"))
    assert sink.value("in1.ack.result") == AckResult.DONE
    assert machine.memories["in1"].retained.opened == 1
