"""What stands at the other end of a bench, each in a process of its own: PLCs, a plant, and a bare socket."""

import asyncio
import logging
import random
import time
from contextlib import AsyncExitStack
from multiprocessing.synchronize import Event
from pathlib import Path

from asyncua import ua
from asyncua.server.server import Server

from plc.map.devices import Device
from plc.map.mapped import MappedTag
from plc.sim.server import start
from scada.clock import SystemClock
from scada.engine.bridge import Ask, BridgeServer
from scada.engine.tags import TagTable
from scada.model.frames import HEADER_BYTES, body_length, framed
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate
from tests.bench.bare import BATCH_S, CHANGING, bare_batch
from tests.support.hmi import SITE

NAMES = [TagName(name) for name in CHANGING]
EDGE = ua.NodeId.from_string("ns=2;s=at")
UINT64 = ua.VariantType.UInt64


def serve_plc(device: Device, tags: tuple[MappedTag, ...], store: Path, field_port: int, ready: Event) -> None:
    """Run a virtual PLC with its field side."""

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            await start(stack, device, tags, {}, store, field_port, SystemClock())
            ready.set()
            await asyncio.Event().wait()

    asyncio.run(serve())


def serve_edges(port: int, ready: Event) -> None:
    """Run asyncua's server: ns=2;s=at holds the monotonic microsecond of the last edge, every 90 to 190 ms one."""

    async def serve() -> None:
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        server = Server()
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
        await server.register_namespace("urn:bench:edges")
        at = await server.nodes.objects.add_variable(EDGE, ua.QualifiedName("at", 2), ua.Variant(0, UINT64))
        async with server:
            ready.set()
            while True:
                await asyncio.sleep(random.uniform(0.09, 0.19))  # noqa: S311 - edges that are in step with nothing
                await at.write_value(ua.Variant(time.monotonic_ns() // 1000, UINT64))

    asyncio.run(serve())


async def _change(number: int, tags: TagTable) -> None:
    """Change all tags ten times a second, on a raster."""
    while True:
        number += 1
        tags.apply([TagUpdate(name, number + index / 100, Quality.GOOD) for index, name in enumerate(NAMES)])
        await asyncio.sleep(BATCH_S - time.monotonic() % BATCH_S)


async def _echo(ask: Ask) -> object:
    return ask.args


async def _sign_in(ask: Ask) -> object:
    return {"name": ask.args["name"], "role": "operator", "must_change": False}


def serve_plant(path: Path, ready: Event) -> None:
    """Be a plant at the control room's bridge: 50 tags that change, an echo, and a door that lets everybody in."""

    async def serve() -> None:
        clock = SystemClock()
        tags = TagTable([TagSpec(name, "plc1", Access.READ) for name in NAMES], clock)
        verbs = {"echo": _echo, "sign_in": _sign_in}
        async with BridgeServer(path, "control", verbs, {"plant": "bench", "site": SITE}, clock, tags):
            ready.set()
            await _change(0, tags)

    asyncio.run(serve())


def serve_bare_socket(echo: Path, tell: Path, ready: Event) -> None:
    """Be the limit of a bridge: one Unix socket that echoes frames, one that tells batches."""
    listening: set[asyncio.StreamWriter] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(HEADER_BYTES):
            writer.write(framed(await reader.readexactly(body_length(head))))

    async def take(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listening.add(writer)

    async def serve() -> None:
        await asyncio.start_unix_server(answer, echo)
        await asyncio.start_unix_server(take, tell)
        ready.set()
        number = 0
        while True:
            number += 1
            frame = framed(bare_batch(number))
            for writer in listening:
                writer.write(frame)
            await asyncio.sleep(BATCH_S - time.monotonic() % BATCH_S)

    asyncio.run(serve())
