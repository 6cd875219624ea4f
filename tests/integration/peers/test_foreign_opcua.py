"""The OPC UA driver against a server by node-opcua: subscription, writes, method, and a restart with another map."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from plc.opcua import OpcUaDriver
from plc.ua.keys import KeyFolder
from scada.clock import SystemClock
from scada.model.handshake import AckResult, Answer, CommandBlock, CommandCode
from scada.model.tag import Quality, TagName, Value
from scada.ports import PlcError
from scada.sim.trial.ports import free_port
from tests.support.peers import foreign
from tests.support.plc import NO_KEYS, Sink, running, small_map, until

ROWS = """tag,device,address,type,access,class,scale
out1.safety,ua,ns=1;s=Out1.Safety,bool,rw,fast,
out1.u16,ua,ns=1;s=Out1.U16,u16,rw,fast,
out1.i16,ua,ns=1;s=Out1.I16,i16,rw,fast,
out1.u32,ua,ns=1;s=Out1.U32,u32,rw,normal,
out1.i32,ua,ns=1;s=Out1.I32,i32,rw,normal,
out1.u64,ua,ns=1;s=Out1.U64,u64,rw,normal,
out1.i64,ua,ns=1;s=Out1.I64,i64,rw,normal,
out1.f32,ua,ns=1;s=Out1.F32,f32,rw,slow,
out1.f64,ua,ns=1;s=Out1.F64,f64,rw,slow,
out1.scaled,ua,ns=1;s=Out1.F32,f32,rw,fast,10
out1.text,ua,ns=1;s=Out1.Text,string,rw,slow,
out1.moved,ua,ns=1;s=Out1.Moved,u16,ro,fast,
out1.alive,ua,ns=1;s=Out1.Alive,u32,ro,fast,
out1.sealed,ua,ns=1;s=Out1.Alive,u32,wo,fast,
out1.cmd,ua,ns=1;s=Out1.Command,method,wo,,
"""
FIRST: dict[str, Value] = {
    "out1.safety": True,
    "out1.u16": 65535,
    "out1.i16": -32768,
    "out1.u32": 4_000_000_000,
    "out1.i32": -2_000_000_000,
    "out1.u64": 2**32 + 2,
    "out1.i64": -2,
    "out1.f32": 1.5,
    "out1.f64": math.pi,
    "out1.scaled": 15.0,
    "out1.text": "道闸",
    "out1.moved": 7,
}
WRITTEN: dict[str, Value] = {
    "out1.safety": False,
    "out1.u16": 1,
    "out1.i16": -1,
    "out1.u32": 2**31,
    "out1.i32": 7,
    "out1.u64": 2**63,
    "out1.i64": -(2**62),
    "out1.f64": -0.25,
    "out1.text": "停车场",
    "out1.scaled": 25.0,
}


def good(sink: Sink) -> dict[str, Value]:
    """What is told as good, but for the counter that never stands still."""
    return {
        name: update.value
        for name, update in sink.now.items()
        if update.quality is Quality.GOOD and name != "out1.alive"
    }


@asynccontextmanager
async def driver_of(folder: Path, port: int, sink: Sink) -> AsyncIterator[OpcUaDriver]:
    tags, device = await small_map(
        folder, ROWS, f"device,protocol,host,port,timeout_ms\nua,opcua,127.0.0.1,{port},5000\n"
    )
    driver = OpcUaDriver(device, tags, sink, SystemClock(), KeyFolder(NO_KEYS))
    async with running(driver):
        yield driver


async def test_a_server_is_followed_written_and_called_and_followed_again_without_what_it_has_lost(
    tmp_path: Path,
) -> None:
    port, sink = free_port(), Sink()
    async with driver_of(tmp_path, port, sink) as driver:
        async with foreign("node_opcua", port, tmp_path):
            await until(lambda: good(sink) == FIRST)
            counted = sink.number("out1.alive")
            await until(lambda: sink.number("out1.alive") > counted + 3)
            for name, value in WRITTEN.items():
                await driver.write(TagName(name), value)
            await until(lambda: good(sink) == FIRST | WRITTEN | {"out1.f32": 2.5})
            with pytest.raises(PlcError, match=r"BadNotWritable|BadUserAccessDenied"):
                await driver.write(TagName("out1.sealed"), 1)
            block = CommandBlock(1, CommandCode.OPEN, 70_000, 2000, 12345, 99_000)
            assert await driver.command(TagName("out1.cmd"), block) == Answer(99_000, AckResult.DONE)
        await until(lambda: not good(sink) and sink.quality("out1.alive") is Quality.NOT_CONNECTED)
        calls = len(sink.calls)
        async with foreign("node_opcua", port, tmp_path, "gone"):
            left = {name: value for name, value in FIRST.items() if name != "out1.moved"}
            await until(lambda: good(sink) == left and sink.quality("out1.moved") is Quality.COMMUNICATION)
    assert not any(
        update.name == "out1.moved" and update.quality is Quality.GOOD for call in sink.calls[calls:] for update in call
    )
