"""What crosses between our own processes and machines, and what lies on disk: the bridge, history, backups."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import cast

import numpy as np
import orjson

from scada.backup import BackupError, manifest
from scada.backup.copying import Pace
from scada.backup.restore import lay_down
from scada.bridge import Bridge
from scada.engine.doors.peer import Ask, Peer, receive
from scada.model.frames import PROTOCOL, FrameError, framed
from scada.store.historian.columns import Columns
from scada.store.historian.embedded.codec import CodecError, decode, encode
from scada.way import WayError
from tests.support.fuzz.change import by_json, packed_behind, plain
from tests.support.fuzz.target import Prepared, Target


class _Said:
    """A link on which the other side has said everything already."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def take(self, count: int) -> bytes:
        some, self._data = self._data[:count], self._data[count:]
        return bytes(some)

    def send(self, frame: bytes) -> None:
        """Say it to nobody."""

    def patience(self, wait_s: float) -> None:
        """It never waits."""

    def shut(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""


def _frames(*messages: object) -> bytes:
    return b"".join(framed(orjson.dumps(one)) for one in messages)


def _web_end(folder: Path) -> Prepared:
    """What a plant, or somebody in its place, says to a web process."""
    hello = {"hello": PROTOCOL, "plant": "p", "site": {"id": "demo"}}
    rows = [["in1.gate.up", True, 0, "2026-03-01T08:00:00+00:00"]]
    snapshot = {"snapshot": {"seq": 4, "at": "2026-03-01T08:00:00+00:00", "tags": rows}}
    tell = {"tell": {"seq": 5, "at": None, "changes": rows}}
    seeds = [
        _frames(hello, snapshot, tell, {"id": 1, "ok": True, "value": {}}),
        _frames({"refused": "no"}),
        _frames(hello),
    ]

    def take(data: bytes) -> object:
        bridge = Bridge(folder / "socket", "control")
        heard: list[object] = []
        bridge.listen(heard.append, heard.append, heard.append)
        bridge._follow(_Said(data))
        return len(heard)

    return Prepared(take, seeds, (OSError, FrameError, WayError, ValueError), manners=(plain,))


def _web_end_fields(folder: Path) -> Prepared:
    inner = _web_end(folder)
    first = {"hello": PROTOCOL, "plant": "p", "site": {"id": "demo"}}
    told = [
        first,
        {"snapshot": {"seq": 4, "at": None, "tags": [["t", 1, 0, None]]}},
        {"id": 3, "ok": False, "code": "x"},
    ]

    def take(data: bytes) -> object:
        try:
            messages = json.loads(data)
            frames = _frames(*messages) if isinstance(messages, list) else b""
        except (ValueError, TypeError, RecursionError):
            return "no frames"
        return inner.take(frames)

    return Prepared(take, [json.dumps(told).encode()], inner.allowed, manners=(by_json,))


def _plant_end(_folder: Path) -> Prepared:
    """What a web process that was broken into says to the plant."""
    seeds = [
        _frames({"id": 1, "verb": "quote", "args": {"plate": "x"}, "user": "", "role": ""}, {"id": 2, "verb": "no"})
    ]
    runner = asyncio.Runner()

    async def quote(_ask: Ask) -> object:
        return {}

    async def talk(data: bytes) -> object:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        peer = Peer("public", reader, cast(asyncio.StreamWriter, None), {"quote": quote})
        replies = 0
        while (message := await receive(reader)) is not None:
            orjson.dumps({"id": message.get("id"), **(await peer._reply(message))})
            replies += 1
        return replies

    words = (b"\0\0\0\x02{}", b'"verb"', b'"quote"')
    return Prepared(lambda data: runner.run(talk(data)), seeds, (FrameError,), words, close=runner.close)


def _chunks(_folder: Path) -> Prepared:
    whole, some = np.arange(20, dtype=np.float64), np.array([1.5, np.nan, -3.25, 1e300])
    at_ms, codes = np.arange(20, dtype=np.int64) * 1000, np.zeros(20, np.int64)
    texts = ["a", None, "京", "a"]
    seeds = [encode(Columns(at_ms, whole, codes)), encode(Columns(at_ms[:4], some, codes[:4], texts))]
    return Prepared(lambda data: len(decode(data)), seeds, (CodecError,), manners=(packed_behind(14), plain))


class _NoRest(Pace):
    """Nobody waits for the disk here."""

    def rest(self) -> None:
        """Go on."""


def _backups(folder: Path) -> Prepared:
    """A backup whose manifest is anybody's: nothing is written outside of the folder it is laid down in."""
    backup, room = folder / "backup", folder / "room"
    (backup / "data").mkdir(parents=True, exist_ok=True)
    (backup / "data" / "a.txt").write_bytes(b"abc")
    entry = {
        "path": "data/a.txt",
        "size": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }
    told = {
        "format": 1, "site": "demo", "taken_at": "2026-03-01T08:00:00Z", "version": "0.1.0",
        "database": {"kind": "sqlite", "revision": "1", "rows": {"stay": 1}, "journal_n": 1, "journal_hash": "x"},
        "entries": [{**entry, "mode": 0o600}, {**entry, "path": "data/b", "mode": 0o644}], "left_out": ["secrets/x"],
    }  # fmt: skip

    def take(data: bytes) -> object:
        (backup / manifest.NAME).write_bytes(data)
        found = manifest.read(backup)
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir()
        faults = list(lay_down(backup, found, room / "data", _NoRest()))
        assert [one.name for one in room.iterdir()] == ["data"]
        return len(faults)

    words = (b'"path": "../', b'"path": "/tmp/x"', b'"data/../../x"', b'"mode": 2559', b'"data"', b'"secrets/.."')
    return Prepared(take, [json.dumps(told).encode()], (BackupError,), words, (by_json, plain))


TARGETS = (
    Target("bridge-web", "what comes over the bridge to a web process", _web_end),
    Target("bridge-web-fields", "the same, frames whole and their fields changed", _web_end_fields),
    Target("bridge-plant", "what a web process asks the plant", _plant_end),
    Target("history-chunk", "a chunk of history", _chunks),
    Target("backup", "a backup's manifest, and where it lays files down", _backups),
)
