"""Histories and replays for a room elsewhere: read by a real process beside the plant, fetched in parts, taken away."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from scada.clock import SystemClock, VirtualClock
from scada.config import Config, load
from scada.engine.doors.jobs import PART_BYTES
from scada.engine.doors.peer import BridgeRefusal
from scada.engine.doors.readings import WAITING, ReadingDesk
from scada.engine.doors.replay import ReplayDesk
from scada.engine.reporting.runs import READINGS, Runs
from scada.model.names import LaneName, PassageId, SiteId
from scada.model.rights import may
from scada.model.tag import Quality, TagName, TagValue
from scada.ports import JournalEntry
from scada.store import schema
from scada.store.db import Database
from scada.store.historian import build
from scada.store.journal import SqlJournal, recent, write_entries
from scada.store.operators import Operators
from tests.support.house import site_beside
from tests.support.jobs import JobRoom, Never
from tests.support.store import give_tables

NOW = datetime.now(UTC)
AT = NOW - timedelta(hours=2)
TAG, SITE = TagName("site.stays_open"), SiteId("demo")
PEOPLE = {"li": "operator", "wang": "manager"}
RANGE: dict[str, Any] = {"names": [TAG], "since": (AT - timedelta(minutes=5)).isoformat(), "until": NOW.isoformat()}
STEP: dict[str, object] = {"from": "identifying", "event": {"reading": {"text": "京A12345", "confidence": 0.98}}}


def _books(conn: Connection) -> None:
    passage, lane = PassageId("out1-1"), LaneName("out1")
    write_entries(conn, SITE, AT, [JournalEntry("decision", "lane", "matching", lane, passage, STEP)])
    for name, role in PEOPLE.items():
        row = {"name": name, "site": SITE, "role": role, "password_hash": "-", "must_change": False, "made_at": AT}
        conn.execute(insert(schema.operator).values(**row))


async def _history(config: Config) -> None:
    async with build(config, VirtualClock(NOW)) as historian:
        times = [AT + timedelta(milliseconds=100 * n) for n in range(20_000)]
        changes = [(TAG, TagValue(n % 300, Quality.GOOD, at, at, 0.0)) for n, at in enumerate(times)]
        historian.record(changes)


@asynccontextmanager
async def opened(folder: Path, runs: Callable[[Config], Runs]) -> AsyncIterator[JobRoom]:
    file = site_beside(folder, ("# data = ", 'data = "data"  # '))
    url = f"sqlite:///{folder / 'data' / 'daozha.db'}"
    await asyncio.to_thread(give_tables, url)
    config, clock = await asyncio.to_thread(load, file), SystemClock()
    await _history(config)
    async with Database(url) as db:
        await db.write(_books)
        operators, journal = Operators(db, config.site_id, clock), SqlJournal(db, config.site_id, clock)
        async with ReadingDesk(runs(config), ReplayDesk(journal, operators), clock, folder / "made") as desk:
            yield JobRoom(config, db, desk, "reading", PEOPLE)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[JobRoom]:
    async with opened(tmp_path, lambda config: Runs(config, module=READINGS)) as room:
        yield room


async def test_trends_are_read_beside_the_plant_and_taken_away_when_they_were_fetched(
    room: JobRoom, tmp_path: Path
) -> None:
    told = await room.made("read_trends", pixels=10, **RANGE)
    assert told["state"] == "made", told["why"]
    (series,) = json.loads(await room.content(told))
    assert (series["tag"], max(high for high in series["high"] if high is not None)) == (TAG, 299.0)
    assert sum(series["points"]) == 20_000
    await room.ask("stop_reading", job=told["job"])
    assert not await asyncio.to_thread(lambda: list((tmp_path / "made").iterdir()))


async def test_a_long_file_of_points_comes_whole_in_parts(room: JobRoom) -> None:
    told = await room.made("read_points", **RANGE)
    content = await room.content(told)
    assert len(content) == told["bytes"] > PART_BYTES
    assert len(content.decode().splitlines()) == 1 + 20_000


async def test_a_replay_is_written_down_and_covered_for_whom_plates_are_not(room: JobRoom) -> None:
    for user, is_covered in (("li", False), ("wang", True)):
        told = await room.made("read_replay", user, passage="out1-1")
        replay = json.loads(await room.content(told, user))
        assert (replay["lane"], replay["covered"], "京A12345" in str(replay)) == ("out1", is_covered, not is_covered)
        assert {entry["kind"] for entry in replay["entries"]} == {"state", "read"}
        looked = await room.db.read(lambda conn: recent(conn, 1, kind="look"))
        assert [(row.actor, row.what, row.body["covered"]) for row in looked] == [
            (user, "passage replayed", is_covered)
        ]
    told = await room.made("read_replay", passage="out1-1", purpose="a claim of the driver")
    assert "京A12345" in (await room.content(told)).decode()
    told = await room.made("read_replay", passage="nobody")
    assert json.loads(await room.content(told)) is None


async def test_nobody_fetches_what_another_asked_for_and_everybody_may_ask(room: JobRoom) -> None:
    told = await room.made("read_points", "li", **RANGE)
    for verb in ("reading_made", "reading_part", "stop_reading"):
        with pytest.raises(BridgeRefusal, match="not kept any more"):
            await room.ask(verb, "wang", job=told["job"], offset=0)
    verbs = ("read_trends", "read_points", "read_replay", "reading_made", "reading_part", "stop_reading")
    assert all(may(role, verb) for role in ("operator", "technician", "manager", "auditor") for verb in verbs)
    assert not any(may("system", verb) for verb in verbs)


@pytest.mark.parametrize(
    "bad",
    [
        {"names": []},
        {"names": [TAG] * 51},
        {"names": "site.stays_open"},
        {"since": NOW.isoformat()},
        {"since": "1901-01-01T00:00:00+00:00"},
        {"until": "2026-05-01T00:00:00"},
        {"pixels": 4001},
        {"pixels": True},
    ],
)
async def test_a_question_that_makes_no_sense_starts_no_process(bad: dict[str, Any], tmp_path: Path) -> None:
    async with opened(tmp_path, Never) as room:
        with pytest.raises(BridgeRefusal) as refused:
            await room.ask("read_trends", **{"pixels": 10, **RANGE, **bad})
        assert refused.value.code == "bad_args"
        assert Never.going == 0


async def test_too_many_at_once_have_to_wait_and_who_leaves_ends_the_work(tmp_path: Path) -> None:
    async with opened(tmp_path, Never) as room:
        asks = [room.ask("read_points", **RANGE) for _ in range(WAITING + 2)]
        answers = await asyncio.gather(*asks, return_exceptions=True)
        assert sum(isinstance(one, BridgeRefusal) for one in answers) == 2
        await asyncio.sleep(0)
        assert Never.going == WAITING
    assert Never.going == 0


async def test_a_history_that_cannot_be_read_is_said_in_words(room: JobRoom) -> None:
    file = room.config.data / "history" / "history.db"
    await asyncio.to_thread(file.write_bytes, b"no database at all" * 500)
    told = await room.made("read_trends", pixels=10, **RANGE)
    assert told["state"] == "failed"
    assert told["why"]
