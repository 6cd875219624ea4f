"""Modbus devices that answer wrongly in every way: never a wrong good value, a reason, and the link comes back."""

import asyncio
import gc
import random
import re
import tracemalloc
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from plc.map.mapped import Scan
from plc.modbus.driver import ModbusDriver
from plc.modbus.framing import Mbap
from plc.modbus.lines import Socket
from plc.modbus.scans import PERIODS
from plc.modbus.transport import ModbusTransport
from plc.protocols.modbus import TCP
from scada.clock import SystemClock
from scada.model.tag import Quality, Value
from tests.support.faulty.scripted import Asked, End, Script, ScriptedPlc, Step, dead, frame
from tests.support.plc import Sink, running, small_map, until

TIMEOUT_S = 0.5
PATIENT_S = 10.0
"""So long waits whoever must not suffer from a busy computer."""
LIES = 3
ROWS = """tag,device,address,type,class,lo,hi
x.plc.layout,d,HR0,u16,slow,4663,4663
x.a,d,HR1,u16,fast,,
x.b,d,HR3,u32,fast,,
x.far,d,HR90,u16,fast,,
"""
LAYOUT = {0: 4663}
VALUES: dict[str, Value] = {"x.plc.layout": 4663, "x.a": 1, "x.b": 0x00030004, "x.far": 90}


@dataclass(frozen=True, slots=True)
class Bad:
    """A way of being wrong: what it does, what its tags say of it, and what is told as the reason."""

    script: Script
    quality: Quality = Quality.NOT_CONNECTED
    why: str = ""


OWN_CODES = [code for code in range(256) if code not in (10, 11)]
"""What a device itself may say no with; 10 and 11 are a gateway's, behind which the device is out of reach."""


def garbage(asked: Asked) -> list[Step]:
    return [random.Random(asked.nth).randbytes(300)]  # noqa: S311 - noise, no secret


def drip(every_s: float, answer: bytes) -> list[Step]:
    return [part for byte in answer for part in (bytes([byte]), every_s)]


TABLE = {
    "fewer registers": Bad(lambda q: [frame(q.number, q.unit, dead(q.count - 1))], why="bytes came"),
    "more registers": Bad(lambda q: [frame(q.number, q.unit, dead(q.count + 1))], why="bytes came"),
    "no registers": Bad(lambda q: [frame(q.number, q.unit, dead(0))], why="bytes came"),
    "another count of bytes": Bad(lambda q: [frame(q.number, q.unit, dead(q.count, told=250))], why="answered for"),
    "function alone": Bad(lambda q: [frame(q.number, q.unit, b"\x03")], why="bytes came"),
    "another transaction": Bad(lambda q: [frame(q.number + 1, q.unit, dead(q.count))], why="nobody awaits"),
    "another unit": Bad(lambda q: [frame(q.number, q.unit + 1, dead(q.count))], why="unit 2 answered"),
    "unit 0 of a gateway": Bad(lambda q: [frame(q.number, 0, dead(q.count))], why="unit 0 answered"),
    "another function": Bad(lambda q: [frame(q.number, q.unit, dead(q.count, 4))], why="function 4"),
    "function 0": Bad(lambda q: [frame(q.number, q.unit, dead(q.count, 0))], why="function 0"),
    "another protocol": Bad(lambda q: [frame(q.number, q.unit, dead(q.count), protocol=1)], why="no Modbus head"),
    "a huge length": Bad(lambda q: [frame(q.number, q.unit, dead(q.count), length=65535)], why="no Modbus head"),
    "no length": Bad(lambda q: [frame(q.number, q.unit, dead(q.count), length=0)], why="no Modbus head"),
    "a length too short": Bad(lambda q: [frame(q.number, q.unit, dead(q.count), length=4)]),
    "a length too long": Bad(lambda q: [frame(q.number, q.unit, dead(q.count), length=99)], why="no answer within"),
    "half a frame, then silence": Bad(lambda q: [q.right[: len(q.right) // 2], 2.0], why="no answer within"),
    "half a frame, then the end": Bad(lambda q: [q.right[: len(q.right) // 2], End.CLOSE], why="closed"),
    "silence": Bad(lambda q: [], why="no answer within"),
    "reset": Bad(lambda q: [End.RESET], why="closed"),
    "the end": Bad(lambda q: [End.CLOSE], why="closed"),
    "a drip that is too slow": Bad(lambda q: drip(0.2, q.right), why="no answer within"),
    "a drip that is in time": Bad(lambda q: drip(0.0, q.right), Quality.GOOD),
    "garbage": Bad(garbage),
    "garbage before the answer": Bad(lambda q: [b"\x55" * 5 + q.right]),
    "the answer twice": Bad(lambda q: [q.right + q.right], why="nobody awaits|nobody asked"),
    "the answer to the request before": Bad(lambda q: [q.before]),
    "an answer when its time is over": Bad(lambda q: [TIMEOUT_S + 0.1, q.right], why="no answer within"),
    "every exception": Bad(
        lambda q: [frame(q.number, q.unit, bytes([0x83, OWN_CODES[q.nth % len(OWN_CODES)]]))],
        Quality.COMMUNICATION,
        "exception",
    ),
    "a gateway that finds nobody": Bad(
        lambda q: [frame(q.number, q.unit, bytes([0x83, 10 + q.nth % 2]))], why="exception 1[01]"
    ),
    "an exception of another function": Bad(lambda q: [frame(q.number, q.unit, b"\x84\x02")], why="function"),
    "an exception with too much": Bad(lambda q: [frame(q.number, q.unit, b"\x83\x02\x00\x00")], why="function"),
    "a flood": Bad(lambda q: [b"\x00\x01\x00\x00" * 50_000]),
}


async def driver_of(folder: Path, port: int, sink: Sink, name: str, timeout_s: float = TIMEOUT_S) -> ModbusDriver:
    folder = folder / re.sub(r"\W+", "-", name)
    await asyncio.to_thread(folder.mkdir)
    device = f"device,protocol,host,port,timeout_ms\nd,modbus-tcp,127.0.0.1,{port},{round(timeout_s * 1000)}\n"
    tags, where = await small_map(folder, ROWS, device)
    return TCP.driver(where, tags, sink, SystemClock(), folder)


def good(sink: Sink) -> dict[str, Value]:
    return {name: update.value for name, update in sink.now.items() if update.quality is Quality.GOOD}


def ever_wrong(sink: Sink) -> list[tuple[str, Value]]:
    """Every good value that was told and is not the right one."""
    told = (update for call in sink.calls for update in call if update.quality is Quality.GOOD)
    return [(update.name, update.value) for update in told if update.value != VALUES[update.name]]


async def suffer(name: str, bad: Bad, folder: Path) -> list[str]:
    """Let one device lie for a while; give what was not as it should be."""
    sink, whys = Sink(), set[str]()
    async with ScriptedPlc() as plc:
        plc.words = dict(LAYOUT)
        driver = await driver_of(folder, plc.port, sink, name)

        def has_lied() -> bool:
            whys.add(driver.figures().why)
            return plc.lies >= LIES

        async with running(driver):
            await until(lambda: good(sink) == VALUES, 30)
            plc.script, told = bad.script, len(sink.calls)
            try:
                await until(has_lied, 30)
                await until(lambda: sink.quality("x.a") is bad.quality, 30)
                seen = {update.quality for call in sink.calls[told:] for update in call}
                plc.script = None
                await until(lambda: good(sink) == VALUES, 30)
            except TimeoutError:
                return [f"after {plc.lies} lies its tags say {sink.quality('x.a')}, its link {driver.figures()}"]
    wrong = [f"{tag} was told as {value}" for tag, value in ever_wrong(sink)]
    if not seen <= {bad.quality, Quality.GOOD}:
        wrong.append(f"its tags said {seen}")
    if bad.why and not any(re.search(bad.why, why) for why in whys):
        wrong.append(f"the reason was told as {whys}")
    return wrong


async def test_no_wrong_answer_is_ever_a_good_value_and_every_link_comes_back(tmp_path: Path) -> None:
    neighbour = Sink()
    async with AsyncExitStack() as stack:
        healthy = await stack.enter_async_context(ScriptedPlc())
        healthy.words = dict(LAYOUT)
        await stack.enter_async_context(
            running(await driver_of(tmp_path, healthy.port, neighbour, "healthy", PATIENT_S))
        )
        await until(lambda: good(neighbour) == VALUES)
        told = len(neighbour.calls)
        found = await asyncio.gather(*(suffer(name, bad, tmp_path) for name, bad in TABLE.items()))
        assert {name: wrong for name, wrong in zip(TABLE, found, strict=True) if wrong} == {}
        assert {update.quality for call in neighbour.calls[told:] for update in call} == {Quality.GOOD}
        assert healthy.connections == 1


async def test_a_plc_that_comes_back_with_another_layout_is_believed_nothing_until_the_old_one_is_back(
    tmp_path: Path,
) -> None:
    sink = Sink()
    async with ScriptedPlc() as plc:
        plc.words = dict(LAYOUT)
        async with running(await driver_of(tmp_path, plc.port, sink, "moved")):
            await until(lambda: good(sink) == VALUES)
            plc.words = {place: place + 7 for place in range(100)}
            plc.restart()
            await until(lambda: {update.quality for update in sink.now.values()} == {Quality.CONFIGURATION})
            plc.words = dict(LAYOUT)
            await until(lambda: good(sink) == VALUES)
    assert ever_wrong(sink) == []


async def test_a_plc_that_comes_back_without_a_register_loses_that_tag_alone(tmp_path: Path) -> None:
    sink = Sink()
    async with ScriptedPlc() as plc:
        plc.words = dict(LAYOUT)
        async with running(await driver_of(tmp_path, plc.port, sink, "shrunk")):
            await until(lambda: good(sink) == VALUES)
            plc.missing = {90}
            plc.restart()
            rest = {name: value for name, value in VALUES.items() if name != "x.far"}
            await until(lambda: good(sink) == rest and sink.quality("x.far") is Quality.COMMUNICATION)
            plc.missing = set()
            plc.restart()
            await until(lambda: good(sink) == VALUES)


class Counting:
    """A sink that keeps nothing."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, updates: object) -> None:
        self.calls += 1


@pytest.mark.timeout(400)
async def test_thousands_of_exceptions_leave_the_connection_standing_and_no_memory_behind(tmp_path: Path) -> None:
    async with ScriptedPlc() as plc:
        plc.words = dict(LAYOUT)
        tags, device = await small_map(
            tmp_path, ROWS, f"device,protocol,host,port,timeout_ms\nd,modbus-tcp,127.0.0.1,{plc.port},30000\n"
        )
        way = ModbusTransport(device.name, device.unit, device.timeout_s, Socket(device.host, device.port, Mbap()))
        hurried = {**PERIODS, Scan.FAST: 0.0005}
        async with running(ModbusDriver(device, tags, Counting(), SystemClock(), [way], hurried)):
            await until(lambda: plc.reads > 10)
            plc.script = TABLE["every exception"].script
            await until(lambda: plc.lies > 500, 300)
            gc.collect()
            tracemalloc.start()
            before = tracemalloc.get_traced_memory()[0]
            await until(lambda: plc.lies > 3500, 300)
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
            reads, plc.script = plc.reads, None
            await until(lambda: plc.reads > reads + 10)
    assert plc.connections == 1
    assert grown < 300_000
