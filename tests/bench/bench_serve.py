"""What serving 10,000 tags to other systems costs: the plant, which only tells, and the process that serves.

Beside it asyncua's own writing of a value, and packing registers whose values stand ready.
"""

import asyncio
import struct
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from asyncua import ua
from asyncua.server.server import Server

from plc.registers import Kind
from plc.serve.catalogue import Served
from plc.serve.door import row_of
from plc.serve.modbus import Memory
from plc.serve.picture import Picture
from plc.serve.space import NAMESPACE, Space
from plc.serve.table import proposed
from plc.transport.values import VARIANTS
from scada.clock import SystemClock
from scada.model.frames import framed
from scada.model.tag import Quality, TagName, TagValue
from tests.bench.support import cpu_us, run, show, times

TAGS, LANES = 10_000, 250
ROUNDS = 5
READS = 1000
NOW = datetime.now(UTC)
KINDS = (Kind.BOOL, Kind.U16, Kind.I32, Kind.F64)
NAMES = [TagName(f"lane{number % LANES}.point{number // LANES}") for number in range(TAGS)]
CATALOGUE = {name: Served(name, KINDS[at % 4], "", "A point", "点") for at, name in enumerate(NAMES)}
TELL, TAKE, SHOW, BARE = "plant: tell all", "serve: take all", "serve: show all over OPC UA", "asyncua's write alone"


def tell(number: int) -> bytes:
    """Write a change of every tag as the plant does."""
    value = TagValue(number % 2, Quality.GOOD, NOW, NOW, 0.0, 1)
    return framed(orjson.dumps({"tell": {"seq": number, "changes": [row_of(name, value) for name in NAMES]}}))


async def bare_write(server: Server, nodes: Sequence[tuple[ua.NodeId, Kind]], number: int) -> None:
    """Write every node by asyncua's own shortest way."""
    for node, kind in nodes:
        value = bool(number % 2) if kind is Kind.BOOL else float(number) if kind is Kind.F64 else number
        variant = ua.Variant(value, VARIANTS[kind])
        await server.write_attribute_value(node, ua.DataValue(variant, SourceTimestamp=ua.DateTime.now(UTC)))


async def opcua_rows() -> list[list[str]]:
    """Measure one change of all tags on its way."""
    server, picture = Server(), Picture()
    await server.init()
    space = Space(server, CATALOGUE)
    began_s = time.process_time()
    await space.build()
    built_s = time.process_time() - began_s
    index = await server.get_namespace_index(NAMESPACE)
    nodes = [(ua.NodeId.from_string(f"ns={index};s={name}"), tag.kind) for name, tag in CATALOGUE.items()]
    took: dict[str, list[float]] = {TELL: [], TAKE: [], SHOW: [], BARE: []}
    for number in range(ROUNDS):
        marks = [time.process_time()]
        frame = tell(number)
        marks.append(time.process_time())
        picture.take(orjson.loads(frame[4:])["tell"]["changes"])
        changes = picture.drain()
        marks.append(time.process_time())
        await space.show(changes, NOW)
        marks.append(time.process_time())
        await bare_write(server, nodes, number)
        marks.append(time.process_time())
        for name, begins, ends in zip(took, marks, marks[1:], strict=False):
            took[name].append(ends - begins)
    best = {name: min(seen) for name, seen in took.items()} | {"serve: build the nodes, once": built_s}
    return [[name, f"{one * 1e3:.1f}", f"{one / TAGS * 1e6:.2f}", times(one, best[BARE])] for name, one in best.items()]


def modbus_rows() -> list[list[str]]:
    """Measure one full read."""
    picture = Picture()
    picture.take(orjson.loads(tell(1)[4:])["tell"]["changes"])
    memory = Memory(proposed([], CATALOGUE), picture, SystemClock())
    request, ready = struct.pack(">BHH", 4, 2, 125), [7] * 125
    ours = cpu_us(lambda: memory.answer(request), READS)
    packing = cpu_us(lambda: struct.pack(">125H", *ready), READS)
    return [["125 registers", f"{ours:.1f}", times(ours, packing)], ["packing alone", f"{packing:.1f}", "1.00 ×"]]


def main() -> None:
    """Show what serving costs."""
    head = ["what", "CPU ms", "µs a tag", "of asyncua's write"]
    show(f"Serving {TAGS} tags that all change, best of {ROUNDS}", head, asyncio.run(opcua_rows()))
    show("Our Modbus server", ["what", "CPU µs a read", "of packing"], modbus_rows())


if __name__ == "__main__":
    run(main)
