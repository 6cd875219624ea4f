"""A unit's push on its whole way: a simulated unit, the devices' web process, the bridge, the desk, the journal.

Whatever a unit pushes, and however often: it is answered with nothing that opens, and the plant commands nothing.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lpr.evidence import PictureStore
from lpr.push.desk import UnitDesk, UnitParts, unit_keys
from lpr.push.recent import PushedReads
from lpr.sim.unit import message, post, push
from scada.clock import SystemClock
from scada.config import Config, load
from scada.engine.bridge import BridgeServer
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId
from scada.model.plate import Plate
from scada.sim.trial.ports import free_port
from scada.store.db import Database
from scada.store.journal import SqlJournal
from scada.store.schema import intent, journal, open_request
from tests.support.hmi import web_process
from tests.support.lpr import site
from tests.support.store import open_database

IN, LIVE = LaneName("in1"), PassageId("in1-20250101030000-5")
CLOCK = SystemClock()
LINKED_WITHIN = 50
"""The web process answers 503 until it has found the plant; each of these tries takes four pushes."""
JPEG = b"\xff\xd8" + b"\0" * 50_000
BLOCK = '\n[[units]]\nname = "unit-in1"\nlane = "in1"\nmake = "vz"\nserial = "VZ-1"\naddress = "127.0.0.1"\n'


@dataclass
class Door:
    """The devices' web process, and the desk behind it."""

    url: str
    db: Database
    reads: PushedReads

    def send(self, number: int, serial: str = "VZ-1", plate: str = "京A12345", *, late: bool = False) -> bytes:
        """Write a read as the unit does."""
        sec = int(CLOCK.now().timestamp())
        return message(Plate(plate), number, serial, JPEG, sec=sec, is_late=late)

    async def count(self) -> tuple[int, int, int]:
        """Count what units have read, what was asked of a gate, and what was commanded."""
        reads = select(func.count()).select_from(journal).where(journal.c.what.like("%read of a unit"))
        asked, commanded = (select(func.count()).select_from(table) for table in (open_request, intent))
        return await self.db.read(
            lambda conn: (
                conn.execute(reads).scalar_one(),
                conn.execute(asked).scalar_one(),
                conn.execute(commanded).scalar_one(),
            )
        )


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    path = site(tmp_path_factory.mktemp("units"), free_port(), ("cam-in1",))
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"port = 8082\b", f"port = {free_port()}", text) + BLOCK, encoding="utf-8")
    known = load(path)
    with web_process("devices", path):
        yield known


@pytest.fixture
async def door(config: Config, tmp_path: Path) -> AsyncIterator[Door]:
    keys, reads = await asyncio.to_thread(unit_keys, config), PushedReads(config.units)
    async with open_database(tmp_path) as db:
        kept = SqlJournal(db, config.site_id, CLOCK)
        parts = UnitParts(CLOCK, db, kept, PictureStore(tmp_path), reads, lambda _: LIVE, lambda *_: None)
        verbs = {"push": UnitDesk(config, keys, parts).push}
        async with BridgeServer(config.socket("devices"), "devices", verbs, {"plant": "p", "site": {}}, CLOCK):
            key, port = keys["unit-in1"], config.web.devices.port
            yield Door(f"http://127.0.0.1:{port}/units/unit-in1/{key}", db, reads)


async def test_a_units_pushes_are_kept_and_answered_and_open_nothing(door: Door) -> None:
    body = door.send(1)
    answers = await asyncio.to_thread(push, door.url, body, 4)
    for _ in range(LINKED_WITHIN):
        if answers[-1].status != 503:
            break
        answers = await asyncio.to_thread(push, door.url, body, 4)
    told = [json.loads(answer.body) for answer in answers if answer.status == 200]
    assert told
    assert {frozenset(one["Response_AlarmInfoPlate"].items()) for one in told} == {
        frozenset({("info", "kept"), ("content", "retransfer_stop"), ("plateid", 1)})
    }
    late = await asyncio.to_thread(push, door.url, door.send(2, late=True))
    assert (late[-1].status, late[-1].is_enough) == (200, True)
    strangers = [
        await asyncio.to_thread(post, f"{door.url}x", door.send(3)),
        await asyncio.to_thread(post, door.url, door.send(4, serial="VZ-2")),
        await asyncio.to_thread(post, door.url, b"{"),
        await asyncio.to_thread(post, door.url, b"x" * 20_000_000),
    ]
    assert [answer.status for answer in strangers[:3]] == [404, 404, 400]
    assert strangers[3].status in (413, 0)
    assert not any(b"ok" in answer.body for answer in (*answers, *late, *strangers))
    assert await door.count() == (2, 0, 0)
    now_s = CLOCK.seconds()
    assert [one.ballot.text for one in door.reads.about(IN, Direction.ENTRY, 0.0, now_s, 0.8)] == ["京A12345"]
