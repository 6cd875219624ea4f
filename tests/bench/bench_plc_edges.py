"""How late a loop's edge is seen: by polls of 50 and 100 ms, and by an OPC UA subscription that publishes each 50 ms.

Each beside the shortest way there is, in the same seconds and on the same server: raw asyncio against libmodbus's
server, and asyncua's own subscription against asyncua's server.
"""

import asyncio
import logging
import struct
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from asyncua.client.client import Client
from asyncua.common.node import Node

from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.opcua import OpcUaDriver
from plc.transport.opcua import PUBLISH_MS
from plc.ua.keys import KeyFolder
from scada.clock import SystemClock
from scada.engine.tags import Batch, TagTable
from scada.model.tag import TagName
from scada.ports import Driver, TagSink
from scada.sim.trial.ports import free_port
from tests.bench.bench_plc_site import driver_of
from tests.bench.libmodbus import compiled, serving
from tests.bench.peers import EDGE, serve_edges
from tests.bench.support import child, percentile, run, show, times
from tests.support.plc import NO_KEYS, small_map

EDGES_S = 12.0
AT = TagName("in1.at")


class Edges:
    """Notes how late each edge comes; it can read the tag table, and asyncua's subscription."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._last = 0

    def put(self, item: Batch) -> None:
        """Take a batch."""
        seen = item.get(AT)
        if seen is not None and isinstance(seen.value, int):
            self.note(seen.value)

    def datachange_notification(self, _node: Node, value: int, _data: object) -> None:
        """Take a notification."""
        self.note(value)

    def note(self, at_us: int) -> None:
        """Note an edge; what was there before the first is none."""
        if at_us != self._last and self._last:
            self.late_ms.append(time.monotonic() * 1000 - at_us / 1000)
        self._last = at_us


Way = Callable[[Edges], Awaitable[None]]


async def modbus_map(folder: Path, port: int) -> tuple[tuple[MappedTag, ...], Device]:
    """Read a map of the one tag as the product does."""
    rows = f"tag,device,address,type,class\n{AT},plc1,HR0,u64,fast\n"
    return await small_map(folder, rows, f"device,protocol,host,port\nplc1,modbus-tcp,127.0.0.1,{port}\n")


async def opcua_map(folder: Path, port: int) -> tuple[tuple[MappedTag, ...], Device]:
    """Read the same map with its tag on the other server."""
    rows = f"tag,device,address,type,class\n{AT},ua1,{EDGE.to_string()},u64,fast\n"
    return await small_map(folder, rows, f"device,protocol,host,port\nua1,opcua,127.0.0.1,{port}\n")


async def by_us(tags: tuple[MappedTag, ...], driver: Callable[[TagSink], Driver], edges: Edges) -> None:
    """See edges with the product: a driver, the tag table, and a reader of it."""
    table = TagTable([tag.spec for tag in tags], SystemClock())
    table.subscribe(edges)
    await driver(table.apply).run()


async def by_raw_poll(port: int, period_s: float, edges: Edges) -> None:
    """Poll with two lines on asyncio's streams."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        writer.write(struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 0, 4))
        edges.note(int.from_bytes((await reader.readexactly(17))[9:], "big"))
        await asyncio.sleep(period_s)


async def by_raw_subscription(port: int, edges: Edges) -> None:
    """Subscribe as asyncua's documentation does."""
    async with Client(f"opc.tcp://127.0.0.1:{port}/") as client:
        subscription = await client.create_subscription(PUBLISH_MS, edges)
        await subscription.subscribe_data_change(client.get_node(EDGE))
        await asyncio.Event().wait()


async def pairs(folder: Path, modbus: int, opcua: int) -> dict[str, tuple[Way, Way]]:
    """Give each way of ours with the raw one beside it."""
    tags, device = await modbus_map(folder, modbus)
    ua_tags, ua_device = await opcua_map(folder, opcua)

    def polling(period_s: float) -> Way:
        return partial(by_us, tags, lambda sink: driver_of(device, tags, sink, period_s))

    def subscribing(sink: TagSink) -> Driver:
        return OpcUaDriver(ua_device, ua_tags, sink, SystemClock(), KeyFolder(NO_KEYS))

    polls = {
        f"Modbus, poll {period_s * 1000:.0f} ms": (polling(period_s), partial(by_raw_poll, modbus, period_s))
        for period_s in (0.05, 0.1)
    }
    subscription = (partial(by_us, ua_tags, subscribing), partial(by_raw_subscription, opcua))
    return {**polls, f"OPC UA, published each {PUBLISH_MS:.0f} ms": subscription}


async def rows_of(ways: dict[str, tuple[Way, Way]]) -> list[list[str]]:
    """See the same edges by all ways side by side."""
    seen = {name: (Edges(), Edges()) for name in ways}
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(see(way, edges))
            for name, pair in ways.items()
            for way, edges in zip(pair, seen[name], strict=True)
        ]
        await asyncio.sleep(EDGES_S)
        for task in tasks:
            task.cancel()
    return [row(name, ours.late_ms, raw.late_ms) for name, (ours, raw) in seen.items()]


async def see(way: Way, edges: Edges) -> None:
    """See edges by one way until cancelled."""
    await way(edges)
    raise RuntimeError("a way ended by itself")


def row(name: str, ours: list[float], raw: list[float]) -> list[str]:
    """Write one line of the table."""
    (p50, p99), (raw_p50, raw_p99) = ([percentile(late, share) for share in (0.5, 0.99)] for late in (ours, raw))
    waits = [f"{p50:.0f} / {p99:.0f}", f"{raw_p50:.0f} / {raw_p99:.0f}"]
    return [name, f"{len(ours)}", *waits, times(p50, raw_p50), times(p99, raw_p99)]


async def measure(folder: Path) -> None:
    """Show the table."""
    program, modbus, opcua = compiled(folder), free_port(), free_port()
    with serving(program, "edges", modbus), child(serve_edges, opcua):
        rows = await rows_of(await pairs(folder, modbus, opcua))
    columns = ["way", "edges", "ours p50 / p99 ms", "raw p50 / p99 ms", "p50", "p99"]
    note = "In theory half a period, and one at most; a PLC's scan and the loop's detector come on top."
    show("From the edge in the device to the tag", columns, rows, note)


def main() -> None:
    """Measure in a folder that goes away again. asyncua's own log is not the matter here."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    run(main)
