"""The bridge over a real Unix socket: the plant's end on the loop, the web's end in threads."""

import asyncio
import os
import socket
import stat
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from scada.bridge import Bridge, Refused, Reply, Unknown, Value
from scada.clock import SystemClock
from scada.engine.bridge import TELL_S, Ask, BridgeRefusal, BridgeServer, Handler
from scada.engine.doors import peer, unix
from scada.engine.tags import TagTable
from scada.model.frames import HEADER_BYTES, MAX_FRAME, PROTOCOL, framed
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate
from tests.support.engine import until

TAGS = [TagName(f"in1.t{number}") for number in range(50)]
HELLO = {"plant": "start-1", "site": {"id": "demo"}}


class Heard:
    """What a web process was told."""

    def __init__(self) -> None:
        self.snapshots: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.links: list[bool] = []

    def listen(self, bridge: Bridge) -> None:
        bridge.listen(self.snapshots.append, self.changes.append, self.links.append)

    def values(self) -> dict[str, object]:
        """Give what a page would show: the last snapshot and all changes after it."""
        shown = {row[0]: row[1] for row in self.snapshots[-1]["tags"]} if self.snapshots else {}
        for batch in self.changes:
            if batch["seq"] > self.snapshots[-1]["seq"]:
                shown |= {row[0]: row[1] for row in batch["changes"]}
        return shown


async def echo(ask: Ask) -> object:
    return {"args": ask.args, "user": ask.user, "role": ask.role, "why": ask.why, "session": ask.session}


async def refuse(ask: Ask) -> object:
    raise BridgeRefusal("forbidden", "not you")


async def break_down(ask: Ask) -> object:
    raise RuntimeError("a secret of the plant")


async def be_slow(ask: Ask) -> object:
    await asyncio.sleep(0.5)
    return "late"


async def be_long(ask: Ask) -> object:
    return "x" * (MAX_FRAME + 1)


VERBS: Mapping[str, Handler] = {
    "echo": echo,
    "refuse": refuse,
    "break_down": break_down,
    "be_slow": be_slow,
    "be_long": be_long,
}


def table() -> TagTable:
    return TagTable([TagSpec(name, "plc1", Access.READ) for name in TAGS], SystemClock())


@asynccontextmanager
async def linked(path: Path, tags: TagTable | None = None) -> AsyncIterator[tuple[Bridge, Heard]]:
    """Serve the control room and link one web process to it."""
    bridge, heard = Bridge(path, "control"), Heard()
    heard.listen(bridge)
    async with BridgeServer(path, "control", VERBS, HELLO, SystemClock(), tags):
        bridge.start()
        try:
            await until(lambda: bridge.is_linked)
            yield bridge, heard
        finally:
            await asyncio.to_thread(bridge.close)


async def ask(bridge: Bridge, verb: str, within_s: float = 30.0, **args: object) -> Reply:
    return await asyncio.to_thread(bridge.ask, verb, dict(args), user="li", role="operator", why="w", within_s=within_s)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "c.sock"


async def test_an_ask_is_answered_and_carries_who_asks(path: Path) -> None:
    async with linked(path) as (bridge, heard):
        answer = {"args": {"lane": "in1"}, "user": "li", "role": "operator", "why": "w", "session": ""}
        assert await ask(bridge, "echo", lane="in1") == Value(answer)
        assert bridge.hello["site"] == {"id": "demo"}
        assert heard.links == [True]
        assert heard.snapshots == []


async def test_a_site_that_is_named_anew_greets_again(path: Path) -> None:
    site: dict[str, object] = {"id": "demo", "name": "East"}
    bridge = Bridge(path, "control")
    async with BridgeServer(path, "control", VERBS, {**HELLO, "site": site}, SystemClock(), table()):
        bridge.start()
        try:
            await until(lambda: bridge.hello.get("site") == {"id": "demo", "name": "East"})
            site["name"] = "West"
            await until(lambda: bridge.hello.get("site") == {"id": "demo", "name": "West"})
        finally:
            await asyncio.to_thread(bridge.close)


async def test_refusals_are_told_in_code_and_words_and_faults_without_their_secrets(path: Path) -> None:
    async with linked(path) as (bridge, _):
        assert await ask(bridge, "refuse") == Refused("forbidden", "not you")
        assert await ask(bridge, "break_down") == Refused("failed", "the plant could not do it")
        assert await ask(bridge, "nothing") == Refused("unknown_verb", "control may not ask that")
        assert await ask(bridge, "be_long") == Refused("failed", "the answer is too long")
        big = await ask(bridge, "echo", big="x" * MAX_FRAME)
        assert isinstance(big, Refused)
        assert big.error.endswith(f"{MAX_FRAME} are the most")
        listed = await asyncio.to_thread(bridge.ask, "echo", [1])  # type: ignore[arg-type]
        assert listed == Refused("bad_args", "args must be an object")
        long = await asyncio.to_thread(bridge.ask, "echo", {}, why="x" * 501)
        assert isinstance(long, Refused)
        assert long.code == "bad_args"


async def test_an_answer_that_is_late_is_unknown_and_is_dropped(path: Path) -> None:
    async with linked(path) as (bridge, _):
        assert isinstance(await ask(bridge, "be_slow", within_s=0.1), Unknown)
        await asyncio.sleep(0.5)
        assert isinstance(await ask(bridge, "echo"), Value)


async def test_many_threads_ask_at_once(path: Path) -> None:
    async with linked(path) as (bridge, _):
        replies: dict[int, Reply] = {}

        def one(number: int) -> None:
            replies[number] = bridge.ask("echo", {"number": number}, within_s=10)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(150)]
        for thread in threads:
            thread.start()
        await until(lambda: len(replies) == 150)
        for number, reply in replies.items():
            assert isinstance(reply, Value)
            assert isinstance(reply.value, dict)
            assert reply.value["args"] == {"number": number}
        for thread in threads:
            thread.join()


async def test_a_snapshot_comes_first_and_then_every_change(path: Path) -> None:
    tags = table()
    tags.apply([TagUpdate(TAGS[0], 1, Quality.GOOD)])
    async with linked(path, tags) as (_, heard):
        await until(lambda: bool(heard.snapshots))
        rows = {row[0]: row for row in heard.snapshots[0]["tags"]}
        assert rows[TAGS[0]][1:3] == [1, Quality.GOOD.status_code]
        assert rows[TAGS[1]][1:] == [None, Quality.NOT_CONNECTED.status_code, None]
        tags.apply([TagUpdate(TAGS[1], 7, Quality.GOOD)])
        tags.apply([TagUpdate(TAGS[1], 8, Quality.GOOD)])
        await until(lambda: heard.values().get(TAGS[1]) == 8)
        told = [row for batch in heard.changes for row in batch["changes"] if row[0] == TAGS[1]]
        assert [row[1] for row in told] == [8]
        await until(lambda: sum(not batch["changes"] for batch in heard.changes) >= 1)


async def test_a_web_process_finds_the_plant_again_after_its_restart(path: Path) -> None:
    bridge, heard = Bridge(path, "control"), Heard()
    heard.listen(bridge)
    bridge.start()
    assert isinstance(await ask(bridge, "echo", within_s=0.1), Unknown)
    for start in ("start-1", "start-2"):
        async with BridgeServer(path, "control", VERBS, HELLO | {"plant": start}, SystemClock(), table()):
            await until(lambda: bridge.is_linked)
            assert bridge.hello["plant"] == start
            slow = asyncio.create_task(ask(bridge, "be_slow"))
            await asyncio.sleep(0.1)
        assert await slow == Unknown("the link to the plant broke")
        await until(lambda: not bridge.is_linked)
    await until(lambda: heard.links == [True, False, True, False])
    assert len(heard.snapshots) == 2
    await asyncio.to_thread(bridge.close)
    assert not await asyncio.to_thread(path.exists)


async def test_a_reader_that_stands_still_never_makes_the_plant_wait_and_gets_a_snapshot_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "MAX_WAITING", 100_000)
    tags = table()
    gate = threading.Event()
    bridge, heard, neighbour, near = Bridge(path, "control"), Heard(), Bridge(path, "control"), Heard()
    near.listen(neighbour)
    heard.listen(bridge)

    def stand_still(_: object) -> None:
        gate.wait(20)

    bridge.listen(lambda _: None, stand_still, lambda _: None)
    async with BridgeServer(path, "control", VERBS, HELLO, SystemClock(), tags):
        bridge.start()
        neighbour.start()
        await until(lambda: bool(heard.snapshots and near.snapshots))
        for number in range(25):
            tags.apply([TagUpdate(name, f"{number} " + "x" * 1000, Quality.GOOD) for name in TAGS])
            await until(lambda number=number: str(near.values().get(TAGS[0])).startswith(f"{number} "))  # type: ignore[misc]
        assert len(heard.changes) < 3
        gate.set()
        await until(lambda: len(heard.snapshots) == 2)
        assert bridge.is_linked
        assert heard.links == [True]
        await until(lambda: heard.values() == near.values())
        await asyncio.to_thread(bridge.close)
        await asyncio.to_thread(neighbour.close)


async def raw(path: Path, *frames: bytes) -> bytes:
    """Send bytes as a foreign program would and read until the plant hangs up."""
    reader, writer = await asyncio.open_unix_connection(path)
    for frame in frames:
        writer.write(frame)
    async with asyncio.timeout(30):
        said = await reader.read()
    writer.close()
    await writer.wait_closed()
    return said


@pytest.mark.parametrize(
    ("hello", "words"),
    [
        ({"hello": PROTOCOL + 1, "app": "control"}, "version 1"),
        ({"hello": PROTOCOL, "app": "public"}, "is for control"),
        ({"ask": 1}, "version 1"),
    ],
)
async def test_another_version_or_another_app_is_refused_in_words(path: Path, hello: object, words: str) -> None:
    async with BridgeServer(path, "control", VERBS, HELLO, SystemClock(), table()):
        said = await raw(path, framed(orjson.dumps(hello)))
        assert words in orjson.loads(said[HEADER_BYTES:])["refused"]


@pytest.mark.parametrize(
    "rubbish",
    [(MAX_FRAME + 1).to_bytes(4, "big"), framed(b"no json"), framed(b"[1]")],
    ids=["oversize", "text", "list"],
)
async def test_what_is_no_frame_of_ours_is_cut_off_and_the_others_are_served(path: Path, rubbish: bytes) -> None:
    async with linked(path) as (bridge, _):
        await raw(path, rubbish)
        await raw(path, framed(orjson.dumps({"hello": PROTOCOL, "app": "control"})), rubbish)
        assert isinstance(await ask(bridge, "echo"), Value)


async def test_a_refused_web_process_stays_unlinked(path: Path) -> None:
    async with BridgeServer(path, "control", VERBS, HELLO, SystemClock()):
        bridge = Bridge(path, "public").start()
        assert isinstance(await ask(bridge, "echo", within_s=0.3), Unknown)
        assert not bridge.is_linked
        await asyncio.to_thread(bridge.close)


async def test_only_this_user_reaches_the_socket(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with BridgeServer(path, "control", VERBS, HELLO, SystemClock()):
        assert stat.S_IMODE((await asyncio.to_thread(path.stat)).st_mode) == 0o600
        uid = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: uid + 1)
        said = await raw(path, framed(orjson.dumps({"hello": PROTOCOL, "app": "control"})))
        assert "may not use this bridge" in orjson.loads(said[HEADER_BYTES:])["refused"]


async def test_a_dead_plants_socket_is_removed_and_a_living_ones_is_not(path: Path) -> None:
    path.parent.mkdir()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    async with linked(path) as (bridge, _):
        with pytest.raises(unix.SocketError, match="another plant"):
            await BridgeServer(path, "control", VERBS, HELLO, SystemClock()).__aenter__()
        assert isinstance(await ask(bridge, "echo"), Value)


def test_a_path_too_long_for_a_socket_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(unix.SocketError, match="shorter data folder"):
        unix.bind(tmp_path / ("x" * 120))


async def test_a_peer_that_asks_without_reading_is_read_no_further(path: Path) -> None:
    begun = 0

    async def count(ask: Ask) -> object:
        nonlocal begun
        begun += 1
        return "x" * 100_000

    async with BridgeServer(path, "control", {"count": count}, HELLO, SystemClock()):
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(framed(orjson.dumps({"hello": PROTOCOL, "app": "control"})))
        for number in range(1000):
            writer.write(framed(orjson.dumps({"id": number, "verb": "count", "args": {}})))
        await until(lambda: begun >= peer.IN_FLIGHT)
        await asyncio.sleep(0.2)
        assert begun < 200
        writer.close()
        await writer.wait_closed()


async def test_a_web_process_that_stands_still_does_not_hold_the_plants_stop_up(path: Path) -> None:
    tags = table()
    async with BridgeServer(path, "control", VERBS, HELLO, SystemClock(), tags) as served:
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(framed(orjson.dumps({"hello": PROTOCOL, "app": "control"})))
        for number in range(25):
            tags.apply([TagUpdate(name, f"{number} " + "x" * 1000, Quality.GOOD) for name in TAGS])
            await asyncio.sleep(TELL_S)
        async with asyncio.timeout(30):
            await served.__aexit__()
        writer.transport.abort()


async def test_a_plant_that_stops_does_not_complain_of_its_web_processes(path: Path) -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    async with linked(path) as (bridge, _):
        assert isinstance(await ask(bridge, "echo"), Value)
    await asyncio.sleep(0)
    assert complaints == []
