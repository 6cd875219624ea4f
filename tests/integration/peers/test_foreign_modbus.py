"""The Modbus driver against servers that nobody here wrote: all areas and types, writes, what each does not have."""

import struct
from pathlib import Path

import pytest

from plc.modbus.driver import ModbusDriver
from plc.protocols.modbus import TCP
from scada.clock import SystemClock
from scada.model.tag import Quality, TagName, Value
from scada.sim.trial.ports import free_port
from tests.support.peers import foreign, polled
from tests.support.plc import Sink, running, small_map, until

PEERS = ("libmodbus", "modbus_serial", "jsmodbus", "pymodbustcp", "umodbus", "pymodbus")
every = pytest.mark.parametrize("peer", PEERS)

HEAD = "tag,device,address,type,order,access,class,scale,length\n"
READ = """f.coil_on,d,C3,bool,,ro,fast,,
f.coil_off,d,C4,bool,,ro,fast,,
f.last_coil,d,C1998,bool,,ro,fast,,
f.input_on,d,DI5,bool,,ro,fast,,
f.input_off,d,DI6,bool,,ro,fast,,
f.bit_on,d,HR101.2,bool,,ro,fast,,
f.bit_off,d,HR101.1,bool,,ro,fast,,
f.u16,d,HR100,u16,,ro,fast,,
f.scaled,d,HR100,u16,,ro,fast,0.5,
f.input,d,IR100,u16,,ro,fast,,
f.abcd,d,HR102,u32,ABCD,ro,fast,,
f.cdab,d,HR104,u32,CDAB,ro,fast,,
f.badc,d,HR106,u32,BADC,ro,fast,,
f.dcba,d,HR108,u32,DCBA,ro,fast,,
f.f32,d,IR110,f32,ABCD,ro,fast,,
f.u64,d,HR112,u64,ABCD,ro,fast,,
f.f64,d,HR116,f64,CDAB,ro,fast,,
f.text,d,HR66,string,,ro,fast,,3
f.last,d,HR9999,u16,,ro,fast,,
"""
"""Coil n is on where n divides by 3, input n where by 5; register n holds 0x4100 + n, input register n 0x4200 + n."""
EXPECTED: dict[str, Value] = {
    "f.coil_on": True,
    "f.coil_off": False,
    "f.last_coil": True,
    "f.input_on": True,
    "f.input_off": False,
    "f.bit_on": True,
    "f.bit_off": False,
    "f.u16": 0x4164,
    "f.scaled": 0x4164 / 2,
    "f.input": 0x4264,
    "f.abcd": 0x41664167,
    "f.cdab": 0x41694168,
    "f.badc": 0x6A416B41,
    "f.dcba": 0x6D416C41,
    "f.f32": struct.unpack(">f", bytes.fromhex("426e426f"))[0],
    "f.u64": 0x4170417141724173,
    "f.f64": struct.unpack(">d", bytes.fromhex("4177417641754174"))[0],
    "f.text": "ABACAD",
    "f.last": 0x680F,
}

WRITTEN = """w.coil,d,C11,bool,,rw,fast,,
w.bit,d,HR320.3,bool,,rw,fast,,
w.u16,d,HR299,u16,,rw,fast,,
w.abcd,d,HR300,u32,ABCD,rw,fast,,
w.cdab,d,HR302,u32,CDAB,rw,fast,,
w.badc,d,HR304,u32,BADC,rw,fast,,
w.dcba,d,HR306,u32,DCBA,rw,fast,,
w.i16,d,HR308,i16,,rw,fast,,
w.i32,d,HR310,i32,ABCD,rw,fast,,
w.f32,d,HR312,f32,ABCD,rw,fast,,
w.text,d,HR314,string,,rw,fast,,2
"""
VALUES: dict[str, Value] = {
    "w.coil": True,
    "w.bit": True,
    "w.u16": 65535,
    "w.abcd": 0x12345678,
    "w.cdab": 0x12345678,
    "w.badc": 0x12345678,
    "w.dcba": 0x12345678,
    "w.i16": -2,
    "w.i32": -70000,
    "w.f32": 1.5,
    "w.text": "ABCD",
}
WORDS = [
    *(0xFFFF, 0x1234, 0x5678, 0x5678, 0x1234, 0x3412, 0x7856, 0x7856, 0x3412),
    *(0xFFFE, 0x4235, 0xFFFE, 0xEE90, 0x3FC0, 0x0000, 0x4142, 0x4344),
]
"""Registers 299 to 315 as another master reads them afterwards; 309 is nobody's."""


async def driver_of(folder: Path, port: int, rows: str, sink: Sink, unit: int = 1) -> ModbusDriver:
    device = f"device,protocol,host,port,unit,timeout_ms\nd,modbus-tcp,127.0.0.1,{port},{unit},500\n"
    tags, where = await small_map(folder, HEAD + rows, device)
    return TCP.driver(where, tags, sink, SystemClock(), folder)


def good(sink: Sink) -> dict[str, Value]:
    return {name: update.value for name, update in sink.now.items() if update.quality is Quality.GOOD}


def told_good(sink: Sink, name: str) -> set[Value]:
    """Every value that was ever told of a tag as good."""
    return {u.value for call in sink.calls for u in call if u.name == name and u.quality is Quality.GOOD}


@every
async def test_every_area_and_type_is_read_also_after_the_server_was_killed(tmp_path: Path, peer: str) -> None:
    port, sink = free_port(), Sink()
    async with running(await driver_of(tmp_path, port, READ, sink)):
        for _ in range(2):
            async with foreign(peer, port, tmp_path):
                await until(lambda: good(sink) == EXPECTED)
            await until(lambda: not good(sink))
    assert {name: told_good(sink, name) for name in EXPECTED} == {name: {value} for name, value in EXPECTED.items()}


@every
async def test_what_is_written_lies_where_another_master_finds_it(tmp_path: Path, peer: str) -> None:
    port, sink = free_port(), Sink()
    driver = await driver_of(tmp_path, port, WRITTEN, sink)
    async with foreign(peer, port, tmp_path), running(driver):
        await until(lambda: len(good(sink)) == len(VALUES))
        for name, value in VALUES.items():
            await driver.write(TagName(name), value)
        await until(lambda: good(sink) == VALUES)
        assert await polled(port, "4:hex", 299, len(WORDS)) == WORDS
        assert await polled(port, "4", 320, 1) == [0x4240 | 0b1000]
        assert await polled(port, "0", 10, 3) == [0, 1, 1]


BEYOND = {
    "libmodbus": (Quality.COMMUNICATION, set()),
    "umodbus": (Quality.COMMUNICATION, set()),
    "pymodbus": (Quality.COMMUNICATION, set()),
    "jsmodbus": (Quality.NOT_CONNECTED, set()),
    "modbus_serial": (Quality.GOOD, {0}),
    "pymodbustcp": (Quality.GOOD, {0}),
}
"""What is told of a register beyond the end: refused; a short answer, which ends the link; or zeros like any others."""


@every
async def test_a_register_beyond_the_end_is_bad_unless_the_server_makes_one_up(tmp_path: Path, peer: str) -> None:
    port, sink = free_port(), Sink()
    rows = "f.u16,d,HR100,u16,,ro,fast,,\nf.beyond,d,HR12000,u32,ABCD,ro,fast,,\n"
    quality, values = BEYOND[peer]
    async with foreign(peer, port, tmp_path), running(await driver_of(tmp_path, port, rows, sink)):
        await until(lambda: any(u.name == "f.beyond" and u.quality is quality for c in sink.calls[1:] for u in c))
        calls = len(sink.calls)
        await until(lambda: len(sink.calls) > calls + 3)
    assert told_good(sink, "f.beyond") == values
    assert told_good(sink, "f.u16") <= {0x4164}


STRANGE_UNIT = {
    "libmodbus": Quality.GOOD,
    "jsmodbus": Quality.GOOD,
    "pymodbustcp": Quality.GOOD,
    "umodbus": Quality.COMMUNICATION,
    "pymodbus": Quality.COMMUNICATION,
    "modbus_serial": Quality.NOT_CONNECTED,
}
"""A server that is asked for another unit than its own answers all the same, refuses, or is silent."""


@every
async def test_another_unit_is_answered_refused_or_silent_and_never_read_wrong(tmp_path: Path, peer: str) -> None:
    port, sink = free_port(), Sink()
    rows = "f.u16,d,HR100,u16,,ro,fast,,\n"
    async with foreign(peer, port, tmp_path), running(await driver_of(tmp_path, port, rows, sink, unit=7)):
        expected = STRANGE_UNIT[peer]
        await until(lambda: any(u.quality is expected for call in sink.calls[1:] for u in call))
    assert told_good(sink, "f.u16") == ({0x4164} if expected is Quality.GOOD else set())
