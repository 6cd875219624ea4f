"""What a whole site costs to scan: devices and tags from few to many, each 100 ms.

Accepted: 10,000 tags on 20 devices each 100 ms keep under half of one core. Beside it, in the same minutes and on the
same server by libmodbus: raw asyncio and libmodbus in C, which read and throw away, and pymodbus as its documentation
shows it, with a value for each tag.
"""

import asyncio
import logging
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pymodbus.client import AsyncModbusTcpClient

from plc.map.devices import Device
from plc.map.mapped import MappedTag, Scan
from plc.modbus.driver import ModbusDriver
from plc.modbus.framing import Mbap
from plc.modbus.lines import Socket
from plc.modbus.scans import PERIODS
from plc.modbus.transport import ModbusTransport
from plc.registers import Kind
from plc.transport.stopping import heed_cancellation
from scada.clock import SystemClock
from scada.engine.tags import Batch, TagTable
from scada.model.tag import TagName
from scada.ports import TagSink
from scada.sim.trial.ports import free_port
from tests.bench.libmodbus import compiled, scan, serving
from tests.bench.support import run, show, times
from tests.support.plc import running, small_map, until

PERIOD_S = 0.1
WINDOW_S = 2.0
SETTLE_S = 0.6
LIMIT_S = 150
BLOCK = 125
"""Registers of a block, and tags in it."""
SIZES = ((1, 125), (1, 1000), (10, 1250), (20, 10_000), (100, 12_500), (100, 50_000))
"""Devices and tags in all."""
SITE = (20, 10_000)
CHANGING = 5
"""Registers of a hundred that have changed at each read, as on a real site; 100 is the worst."""
_TYPES = AsyncModbusTcpClient.DATATYPE
_KINDS = {Kind.U16: _TYPES.UINT16, Kind.I16: _TYPES.INT16, Kind.U32: _TYPES.UINT32, Kind.F32: _TYPES.FLOAT32}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a window of scanning took."""

    core: float
    reads_s: float
    late: int = 0


# --- the map: each block has 100 words, 10 double words and 15 contacts in 125 registers ---


def block_rows(block: int) -> list[str]:
    """Write the tags of one block of registers."""
    at = block * BLOCK
    scales = ["0.1" if n % 5 == 4 else "" for n in range(100)]
    rows = [f"in1.w{at + n},plc1,HR{at + n},{('u16', 'i16')[n % 2]},,ro,fast,{scales[n]}" for n in range(100)]
    rows += [f"in1.d{at + n},plc1,HR{at + 100 + 2 * n},u32,{('ABCD', 'CDAB')[n % 2]},ro,fast," for n in range(10)]
    return rows + [f"in1.c{at + n},plc1,HR{at + 120 + n // 3}.{n % 3},bool,,ro,fast," for n in range(15)]


async def block_tags(folder: Path, port: int, blocks: int) -> tuple[tuple[MappedTag, ...], Device]:
    """Read a map of one device as the product does."""
    head = ["tag,device,address,type,order,access,class,scale"]
    rows = "\n".join(head + [row for block in range(blocks) for row in block_rows(block)]) + "\n"
    return await small_map(folder, rows, f"device,protocol,host,port,max_gap\nplc1,modbus-tcp,127.0.0.1,{port},0\n")


def on_device(tags: Sequence[MappedTag], number: int, blocks: int) -> list[MappedTag]:
    """Give one of many devices the same tags, under names and in registers of its own: one server plays them all."""

    def moved(tag: MappedTag) -> MappedTag:
        place = tag.point.place
        spec = replace(tag.spec, name=TagName(tag.name.replace("in1", f"in{number}", 1)))
        return replace(tag, spec=spec, address=replace(place, start=place.start + number * blocks * BLOCK))

    return [moved(tag) for tag in tags]


# --- the ways to scan it ---


def driver_of(device: Device, tags: Sequence[MappedTag], sink: TagSink, period_s: float) -> ModbusDriver:
    """Make a driver as the product does, but for the period."""
    way = ModbusTransport(device.name, device.unit, device.timeout_s, Socket(device.host, device.port, Mbap()))
    return ModbusDriver(device, tags, sink, SystemClock(), [way], {**PERIODS, Scan.FAST: period_s})


class Taken:
    """A reader that takes every batch of changes and counts what is in it."""

    changes = 0

    def put(self, item: Batch) -> None:
        """Take a batch."""
        self.changes += len(item)


async def by_us(tags: Sequence[MappedTag], device: Device, devices: int) -> Cost:
    """Scan with the product: drivers, tag table, and one reader that takes every change."""
    blocks = len(tags) // BLOCK
    maps = [on_device(tags, number, blocks) for number in range(devices)]
    table = TagTable([tag.spec for group in maps for tag in group], SystemClock())
    taken = Taken()
    table.subscribe(taken)
    drivers = [
        driver_of(replace(device, name=f"plc{number}"), group, table.apply, PERIOD_S)
        for number, group in enumerate(maps)
    ]

    sweeping = asyncio.create_task(table.run())
    async with running(*drivers):
        await until(lambda: min(driver.figures().reads for driver in drivers) >= 3 * blocks, within_s=20.0)
        cost = await measured(lambda: sum(driver.figures().reads for driver in drivers))
        late = sum(driver.figures().late_scans for driver in drivers)
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    return replace(cost, late=late)


async def by_raw(port: int, devices: int, blocks: int) -> Cost:
    """Read the same blocks with two lines on asyncio's streams, and throw them away."""
    reads = 0

    async def read_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: int) -> None:
        nonlocal reads
        for block in range(first, first + blocks):
            writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, block * BLOCK, BLOCK))
            head = await reader.readexactly(9)
            await reader.readexactly(head[8])
            reads += 1

    async def follow(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await each_period(lambda: read_all(reader, writer, number * blocks))
        finally:
            writer.close()

    async with together(partial(follow, number) for number in range(devices)):
        return await measured(lambda: reads)


async def by_pymodbus(tags: Sequence[MappedTag], port: int, devices: int, blocks: int) -> Cost:
    """Read by pymodbus's client and convert each tag by its converter."""
    reads = 0
    convert = AsyncModbusTcpClient.convert_from_registers
    points = [[tag.point for tag in tags if tag.point.place.start // BLOCK == block] for block in range(blocks)]

    def values(registers: Sequence[int], block: int) -> dict[TagName, object]:
        found: dict[TagName, object] = {}
        for point in points[block]:
            first = point.place.start - block * BLOCK
            if point.kind is Kind.BOOL:
                found[point.name] = bool(registers[first] >> (point.place.bit or 0) & 1)
            else:
                found[point.name] = convert([*registers[first : first + point.size]], _KINDS[point.kind])
        return found

    async def read_all(client: AsyncModbusTcpClient, first: int) -> None:
        nonlocal reads
        for block in range(blocks):
            answer = await client.read_holding_registers((first + block) * BLOCK, count=BLOCK, device_id=1)
            values(answer.registers, block)
            reads += 1

    async def follow(number: int) -> None:
        client = AsyncModbusTcpClient("127.0.0.1", port=port)
        await client.connect()
        try:
            await each_period(lambda: read_all(client, number * blocks))
        finally:
            client.close()

    async with together(partial(follow, number) for number in range(devices)):
        return await measured(lambda: reads)


async def each_period(work: Callable[[], Awaitable[None]]) -> None:
    """Do something each period, as a driver would."""
    due = time.monotonic()
    while True:
        await work()
        heed_cancellation()
        due = max(due + PERIOD_S, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


@asynccontextmanager
async def together(parts: Iterable[Callable[[], Awaitable[None]]]) -> AsyncIterator[None]:
    """Run parts side by side, none in step with another, until the block ends."""

    async def begin(number: int, part: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(number * 0.618 % 1 * PERIOD_S)
        await part()

    tasks = [asyncio.create_task(begin(number, part)) for number, part in enumerate(parts)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        failed = await asyncio.gather(*tasks, return_exceptions=True)
        for one in failed:
            if not isinstance(one, asyncio.CancelledError):
                raise RuntimeError("a part ended by itself") from one


async def measured(reads: Callable[[], int]) -> Cost:
    """Let what runs settle, then watch one window."""
    await asyncio.sleep(SETTLE_S)
    began, cpu, first = time.perf_counter(), time.process_time(), reads()
    await asyncio.sleep(WINDOW_S)
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    return Cost(spent / took, (reads() - first) / took)


# --- what is shown ---


async def size_row(program: Path, folder: Path, port: int, devices: int, tags: int) -> list[str]:
    """Measure one size by every way, in turns."""
    blocks = tags // devices // BLOCK
    rows, device = await block_tags(folder, port, blocks)
    ours = await by_us(rows, device, devices)
    raw = await by_raw(port, devices, blocks)
    in_c = await asyncio.to_thread(scan, program, port, devices, blocks, round(PERIOD_S * 1000), WINDOW_S)
    theirs = await by_pymodbus(rows, port, devices, blocks)
    wanted = devices * blocks / PERIOD_S

    def a_read(cost: Cost) -> float:
        return cost.core / cost.reads_s

    return [
        f"{devices} / {tags:,}",
        f"{ours.core:.1%}",
        f"{ours.reads_s:,.0f} of {wanted:,.0f}",
        f"{ours.reads_s * BLOCK:,.0f}",
        f"{a_read(ours) / BLOCK * 1e6:.2f}",
        f"{ours.late}",
        times(a_read(ours), a_read(raw)),
        times(a_read(ours), in_c.cpu_s / in_c.reads),
        f"{theirs.core:.0%}, {theirs.reads_s:,.0f}",
        times(a_read(theirs), a_read(ours)),
    ]


async def worst_row(folder: Path, port: int, name: str) -> list[str]:
    """Measure the accepted size with so many changes."""
    devices, tags = SITE
    rows, device = await block_tags(folder, port, tags // devices // BLOCK)
    cost = await by_us(rows, device, devices)
    return [
        name,
        f"{cost.core:.1%}",
        f"{cost.reads_s:,.0f}",
        f"{cost.core / cost.reads_s / BLOCK * 1e6:.2f}",
        f"{cost.late}",
    ]


async def measure(folder: Path) -> None:
    """Show both tables."""
    program = await asyncio.to_thread(compiled, folder)
    usual, worst = free_port(), free_port()
    with serving(program, "serve", usual, CHANGING), serving(program, "serve", worst, 100):
        rows = [await size_row(program, folder, usual, *size) for size in SIZES]
        columns = ["devices / tags", "core", "reads/s", "tags/s", "µs a tag", "late", "raw", "C", "pymodbus", "its CPU"]
        note = (
            f"Every {PERIOD_S * 1000:.0f} ms; {CHANGING} % of the registers change at each read. CPU a read: ours as a "
            "multiple of raw asyncio's and libmodbus's in C, which decode nothing; pymodbus's as a multiple of ours."
        )
        show("Scanning a site", columns, rows, note)
        few = await worst_row(folder, usual, f"{CHANGING} % change")
        all_ = await worst_row(folder, worst, "all change")
        devices, tags = SITE
        title = f"{tags:,} tags on {devices} devices each {PERIOD_S * 1000:.0f} ms"
        note = "Accepted: under half of one core."
        show(title, ["at each read", "core", "reads/s", "CPU µs a tag", "late scans"], [few, all_], note)


def main() -> None:
    """Measure in a folder that goes away again. pymodbus's complaints about itself are not the matter here."""
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    run(main, LIMIT_S)
