"""OPC UA servers that answer wrongly in every way: their tags are bad and say why, and the link comes back."""

import asyncio
import random
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from asyncua import ua
from asyncua.server.server import Server

from plc.opcua import OpcUaDriver
from plc.ua.keys import KeyFolder
from scada.clock import SystemClock
from scada.model.device import LinkState
from scada.model.tag import Quality, Value
from scada.sim.trial.ports import free_port
from tests.support.faulty.impostor import Impostor
from tests.support.faulty.scripted import End, Step
from tests.support.plc import NO_KEYS, Sink, running, small_map, until

ROWS = "tag,device,address,type,class\nx.a,d,ns=2;s=A,u16,fast\nx.text,d,ns=2;s=Text,string,fast\n"
VALUES: dict[str, Value] = {"x.a": 7, "x.text": "道闸"}
ATTEMPTS = 2
FORGOTTEN_S = 30.0
NOISE = random.Random(4).randbytes(300)  # noqa: S311 - noise, no secret
ACKNOWLEDGED = b"ACKF" + struct.pack("<IIIIII", 28, 0, 65535, 65535, 0, 0)
ERROR = b"ERRF" + struct.pack("<II", 20, 0x807D0000) + struct.pack("<I", 4) + b"busy"
ENDLESS = b"MSGF" + b"\xff" * 4
FLOOD = b"\x00" * 2_000_000

AT_THE_DOOR: dict[str, Sequence[Step]] = {
    "silence": [],
    "the end": [End.CLOSE],
    "reset": [End.RESET],
    "garbage": [NOISE],
    "an error": [ERROR],
    "half an acknowledgement": [ACKNOWLEDGED[:13]],
    "an acknowledgement of nothing": [b"ACKF" + struct.pack("<IIIIII", 28, 0, 0, 0, 0, 0)],
    "an acknowledgement, then silence": [ACKNOWLEDGED],
    "an acknowledgement, then garbage": [ACKNOWLEDGED + NOISE],
    "an acknowledgement, then the end": [ACKNOWLEDGED, End.CLOSE],
    "two acknowledgements": [ACKNOWLEDGED + ACKNOWLEDGED],
    "an endless message": [ENDLESS, FLOOD],
    "a message shorter than its head": [b"MSGF" + struct.pack("<I", 3) + NOISE],
    "an unknown kind of message": [b"XYZF" + struct.pack("<I", 8)],
    "another protocol": [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"],
}
"""What is said instead of the server's first words."""
IN_BETWEEN: dict[str, Sequence[bytes]] = {
    "garbage": [NOISE],
    "an error": [ERROR],
    "an endless message": [ENDLESS, FLOOD],
    "a message shorter than its head": [b"MSGF" + struct.pack("<I", 3) + NOISE],
    "an answer of a channel that nobody has": [b"MSGF" + struct.pack("<IIIII", 24, 99, 1, 1, 1)],
    "a message broken off": [b"MSGA" + struct.pack("<I", 8)],
    "the end of the channel": [b"CLOF" + struct.pack("<I", 8)],
}
"""What is put into the middle of a session that works."""


@asynccontextmanager
async def real_server() -> AsyncIterator[tuple[int, Server]]:
    port, server = free_port(), Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    await server.register_namespace("urn:test")
    objects = server.nodes.objects
    await objects.add_variable(ua.NodeId.from_string("ns=2;s=A"), "2:A", ua.Variant(7, ua.VariantType.UInt16))
    await objects.add_variable(ua.NodeId.from_string("ns=2;s=Text"), "2:Text", "道闸")
    async with server:
        yield port, server


def good(sink: Sink) -> dict[str, Value]:
    return {name: update.value for name, update in sink.now.items() if update.quality is Quality.GOOD}


@asynccontextmanager
async def followed(server_port: int, folder: Path) -> AsyncIterator[tuple[Impostor, Sink, OpcUaDriver]]:
    """Run a driver that reads the server through a door of its own."""
    await asyncio.to_thread(folder.mkdir, parents=True)
    sink = Sink()
    async with Impostor(server_port) as door:
        table = f"device,protocol,host,port,timeout_ms\nd,opcua,127.0.0.1,{door.port},1000\n"
        tags, device = await small_map(folder, ROWS, table)
        driver = OpcUaDriver(device, tags, sink, SystemClock(), KeyFolder(NO_KEYS))
        async with running(driver):
            await until(lambda: good(sink) == VALUES, 60)
            yield door, sink, driver


def wrong_values(sink: Sink) -> list[str]:
    told = (update for call in sink.calls for update in call if update.quality is Quality.GOOD)
    return [f"{update.name} was told as {update.value}" for update in told if update.value != VALUES[update.name]]


async def refused_at_the_door(server_port: int, script: Sequence[Step], folder: Path) -> list[str]:
    async with followed(server_port, folder) as (door, sink, driver):
        door.script = script
        door.hang_up()
        try:
            await until(lambda: door.fooled >= ATTEMPTS, 60)
            wrong = wrong_values(sink)
            if sink.quality("x.a") is not Quality.NOT_CONNECTED or driver.figures().state is not LinkState.DOWN:
                wrong.append(f"its tags say {sink.quality('x.a')}, its link {driver.figures()}")
            if not driver.figures().why:
                wrong.append("no reason was told")
            door.script = None
            await until(lambda: good(sink) == VALUES, 60)
        except TimeoutError:
            return [f"fooled {door.fooled} times, its link is {driver.figures()}"]
    return wrong


async def _back_again(driver: OpcUaDriver, sink: Sink, connects: int) -> None:
    await until(lambda: driver.figures().connects > connects and good(sink) == VALUES, 60)


async def interrupted(server_port: int, words: Sequence[bytes], folder: Path) -> list[str]:
    async with followed(server_port, folder) as (door, sink, driver):
        connects = driver.figures().connects
        door.say(words)
        try:
            await _back_again(driver, sink, connects)
        except TimeoutError:
            return [f"its link is {driver.figures()}"]
    return wrong_values(sink)


async def test_no_wrong_word_of_a_server_is_believed_and_every_link_comes_back(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        port, _ = await stack.enter_async_context(real_server())
        tried = {
            f"at the door: {name}": refused_at_the_door(port, s, tmp_path / f"d{n}")
            for n, (name, s) in enumerate(AT_THE_DOOR.items())
        }
        tried |= {
            f"in between: {name}": interrupted(port, w, tmp_path / f"b{n}")
            for n, (name, w) in enumerate(IN_BETWEEN.items())
        }
        found = await asyncio.gather(*tried.values())
    assert {name: wrong for name, wrong in zip(tried, found, strict=True) if wrong} == {}


async def test_a_server_soon_forgets_the_sessions_and_subscriptions_of_lost_links(tmp_path: Path) -> None:
    """A PLC has room for a handful: five links lost in a minute must not shut us out for an hour."""
    async with real_server() as (port, server), followed(port, tmp_path / "one") as (door, sink, driver):
        for _ in range(5):
            connects = driver.figures().connects
            door.hang_up()
            await _back_again(driver, sink, connects)
        inside = server.iserver
        await until(lambda: len(inside._external_sessions) == 1, FORGOTTEN_S)
        await until(lambda: len(inside.subscription_service.subscriptions) == 1, FORGOTTEN_S)
        assert good(sink) == VALUES
