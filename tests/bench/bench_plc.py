"""What reading a PLC costs: the decode plan and the Modbus link, beside pymodbus and a bare asyncio socket.

The targets are in `plc.md` §8: a link ≤ 1.2 × the CPU of raw asyncio, a changed block ≤ 50 µs, an equal one ≤ 1 µs.
"""

import asyncio
import statistics
import struct
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pymodbus.client import AsyncModbusTcpClient

from plc.links import build
from plc.map.addresses import Area, Register
from plc.map.devices import Device
from plc.map.mapped import MappedTag, TagMap
from plc.modbus.framing import Mbap
from plc.modbus.lines import Socket
from plc.modbus.transport import ModbusTransport
from plc.plan import BlockPlan, Point, coalesce
from plc.registers import Kind, Order, payload
from scada.clock import SystemClock
from scada.engine.tags import TagTable
from scada.model.tag import TagName
from scada.sim.trial.ports import free_port
from tests.bench.libmodbus import compiled, scan, serving
from tests.bench.support import cpu_us, in_turns, percentile, run, show, times
from tests.support.plc import NO_KEYS, running, small_map, until

REGISTERS = 125
ROUNDS = 5
WINDOW_S = 0.8
RAW = "raw asyncio"
_TYPES = AsyncModbusTcpClient.DATATYPE
_KINDS = {Kind.U16: _TYPES.UINT16, Kind.I16: _TYPES.INT16, Kind.U32: _TYPES.UINT32, Kind.F32: _TYPES.FLOAT32}


def map_rows() -> str:
    """Write a map of 144 tags in 125 registers: 70 words, 26 double words in two orders, 48 contacts."""
    rows = ["tag,device,address,type,order,access,class,scale"]
    rows += [f"in1.w{n},plc1,HR{n},{('u16', 'i16')[n % 2]},,ro,fast,{'0.1' if n % 5 == 4 else ''}" for n in range(70)]
    rows += [
        f"in1.d{n},plc1,HR{70 + 2 * n},{('u32', 'f32')[n % 2]},{('ABCD', 'CDAB')[n % 2]},ro,fast," for n in range(26)
    ]
    rows += [f"in1.c{n},plc1,HR{122 + n // 16}.{n % 16},bool,,ro,fast," for n in range(48)]
    return "\n".join(rows) + "\n"


async def read_map(folder: Path) -> tuple[tuple[MappedTag, ...], Device]:
    """Read the map as the product does. Nothing grows stale in it, so that only changes are published."""
    device = f"device,protocol,host,port,unit,order\nplc1,modbus-tcp,127.0.0.1,{free_port()},1,ABCD\n"
    tags, where = await small_map(folder, map_rows(), device)
    if len(tags) != 144:
        raise RuntimeError(f"the map has {len(tags)} tags")
    return tuple(replace(tag, spec=replace(tag.spec, stale_s=1e9)) for tag in tags), where


# --- from bytes to values ---


def converter(points: Sequence[Point]) -> Callable[[list[int]], dict[TagName, object]]:
    """Give pymodbus's way: one `convert_from_registers` a tag, scaled by hand."""
    convert = AsyncModbusTcpClient.convert_from_registers

    def contact(point: Point, registers: list[int]) -> object:
        place = point.place
        bits = convert(registers[place.start : place.start + 1], _TYPES.BITS)
        return bits[((place.bit or 0) + 8) % 16] if isinstance(bits, list) else None

    def number(point: Point, registers: list[int]) -> object:
        start = point.place.start
        order: Literal["big", "little"] = "little" if point.order is Order.CDAB else "big"
        value = convert(registers[start : point.end], _KINDS[point.kind], order)
        return value * point.scaling.scale if point.scaling.scale != 1.0 and isinstance(value, int) else value

    work = [(point, contact if point.kind is Kind.BOOL else number) for point in points]
    return lambda registers: {point.name: read(point, registers) for point, read in work}


def decode_rows(points: Sequence[Point]) -> list[list[str]]:
    """Measure the plan against the converter, after seeing that both give the same values."""
    (block,) = coalesce(points, 0, REGISTERS)
    plan, peer = BlockPlan(block), converter(points)
    first = [(n * 257 + 16000) % 65536 for n in range(REGISTERS)]
    turned = [word ^ 0x0101 for word in first]
    few = [word ^ 1 if n in (3, 80, 123) else word for n, word in enumerate(first)]
    if {update.name: update.value for update in plan.decode(payload(first))} != peer(first):
        raise RuntimeError("the plan and pymodbus's converter read different values")

    def ours(one: list[int], other: list[int]) -> Callable[[], float]:
        pair = (payload(one), payload(other))
        return lambda: cpu_us(lambda: (plan.decode(pair[0]), plan.decode(pair[1])), 300) / 2

    works = {
        "pymodbus": lambda: cpu_us(lambda: peer(first), 60),
        "all changed": ours(first, turned),
        "3 words changed": ours(first, few),
        "equal": lambda: cpu_us(lambda: plan.decode(plan_last), 20_000),
    }
    plan_last = payload(few)
    plan.decode(plan_last)
    seen = in_turns(ROUNDS, works)
    names = {
        "pymodbus": "convert_from_registers tag by tag",
        "all changed": "plan, all 144 tags changed",
        "3 words changed": "plan, 3 words changed",
        "equal": "plan, equal block",
    }
    return [[names[key], f"{us:.2f}", times(seen["pymodbus"], us)] for key, us in seen.items()]


# --- reads over a socket ---


@dataclass(frozen=True, slots=True)
class Reading:
    """What one window of reading gave; a driver's reads are not timed one by one."""

    per_s: float
    cpu_us: float
    p50_us: float = 0.0
    p99_us: float = 0.0


Read = Callable[[], Awaitable[object]]


async def read_closely(read: Read) -> Reading:
    """Read again and again for one window."""
    waits: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    now = began
    while now - began < WINDOW_S:
        await read()
        waits.append(-now + (now := time.perf_counter()))
    spent = time.process_time() - cpu
    p50, p99 = (percentile(waits, share) * 1e6 for share in (0.5, 0.99))
    return Reading(len(waits) / (now - began), spent / len(waits) * 1e6, p50, p99)


@asynccontextmanager
async def raw_read(device: Device) -> AsyncIterator[Read]:
    """Speak Modbus with two lines on asyncio's streams: the limit."""
    reader, writer = await asyncio.open_connection(device.host, device.port)
    request = struct.pack(">HHHBBHH", 1, 0, 6, device.unit, 3, 0, REGISTERS)

    async def read() -> bytes:
        writer.write(request)
        head = await reader.readexactly(9)
        return await reader.readexactly(head[8])

    try:
        yield read
    finally:
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def pymodbus_read(device: Device) -> AsyncIterator[Read]:
    """Use pymodbus's client as its documentation does."""
    client = AsyncModbusTcpClient(device.host, port=device.port)
    await client.connect()
    try:
        yield lambda: client.read_holding_registers(0, count=REGISTERS, device_id=device.unit)
    finally:
        client.close()


@asynccontextmanager
async def our_read(device: Device) -> AsyncIterator[Read]:
    """Use our adapter: deadline, checks and bytes included."""
    transport = ModbusTransport(device.name, device.unit, device.timeout_s, Socket(device.host, device.port, Mbap()))
    await transport.open(lambda why: None)
    try:
        yield lambda: transport.read(Area.HOLDING, 0, REGISTERS)
    finally:
        transport.close()


class RacingClock(SystemClock):
    """A clock so fast that every scan is due at once: the driver then reads as fast as it can."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds(self) -> float:
        return time.monotonic() * 10_000


async def read_by_driver(tags: tuple[MappedTag, ...], device: Device) -> Reading:
    """Let the whole driver read into the tag table."""
    clock = RacingClock()
    table = TagTable([tag.spec for tag in tags], clock)
    (driver,) = build(TagMap(tags, {device.name: device}), table.apply, clock, NO_KEYS)
    async with running(driver):
        await until(lambda: driver.figures().reads > 10)
        began, cpu, first = time.perf_counter(), time.process_time(), driver.figures().reads
        await asyncio.sleep(WINDOW_S)
        took, spent = time.perf_counter() - began, time.process_time() - cpu
        reads = driver.figures().reads - first
    return Reading(reads / took, spent / reads * 1e6)


async def read_by_c(program: Path, device: Device) -> Reading:
    """Let libmodbus read."""
    seen = await asyncio.to_thread(scan, program, device.port, 1, 1, 0, WINDOW_S)
    return Reading(seen.reads / seen.took_s, seen.cpu_s / seen.reads * 1e6, seen.p50_us, seen.p99_us)


async def read_rows(program: Path, tags: tuple[MappedTag, ...], still: Device, moving: Device) -> list[list[str]]:
    """Read in turns by every way and compare the medians with raw asyncio's."""
    ways = {RAW: raw_read, "pymodbus client": pymodbus_read, "our link": our_read}
    seen: dict[str, list[Reading]] = defaultdict(list)
    for _ in range(ROUNDS):
        for name, way in ways.items():
            async with way(still) as read:
                seen[name].append(await read_closely(read))
        seen["libmodbus in C"].append(await read_by_c(program, still))
        seen["our driver, nothing changes"].append(await read_by_driver(tags, still))
        seen["our driver, all 144 tags change"].append(await read_by_driver(tags, moving))
    return [_row(name, readings, seen[RAW]) for name, readings in seen.items()]


def _row(name: str, readings: Sequence[Reading], limit: Sequence[Reading]) -> list[str]:
    per_s, cpu, p50, p99 = (_median(readings, part) for part in ("per_s", "cpu_us", "p50_us", "p99_us"))
    waits = f"{p50:.0f} / {p99:.0f}" if p50 else "–"
    rate, burden = times(per_s, _median(limit, "per_s")), times(cpu, _median(limit, "cpu_us"))
    return [name, f"{per_s:,.0f}", rate, f"{cpu:.0f}", burden, waits]


def _median(readings: Sequence[Reading], part: str) -> float:
    return statistics.median(float(getattr(reading, part)) for reading in readings)


async def measure(folder: Path) -> None:
    """Show both tables."""
    tags, device = await read_map(folder)
    points = [tag.point for tag in tags if isinstance(tag.address, Register)]
    show(
        f"Decode, 144 tags in {REGISTERS} registers",
        ["way", "CPU µs a block", "faster than pymodbus"],
        decode_rows(points),
    )
    program, moving = compiled(folder), replace(device, port=free_port())
    with serving(program, "serve", device.port, 0), serving(program, "serve", moving.port, 100):
        rows = await read_rows(program, tags, device, moving)
    columns = ["client", "reads/s", "of raw", "CPU µs a read", "of raw", "p50 / p99 µs"]
    note = (
        "One connection to a server by libmodbus in a process of its own. Target: our link ≤ 1.2 × raw asyncio's CPU."
    )
    show(f"Modbus TCP, {REGISTERS} registers a read, {ROUNDS} rounds in turns", columns, rows, note)


def main() -> None:
    """Measure in a folder that goes away again."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    run(main)
