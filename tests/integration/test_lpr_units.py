"""The door for units: who is let in, what is kept, and what becomes a vote; against a real database."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from lpr.evidence import PictureStore
from lpr.push.desk import UnitDesk, UnitParts, unit_keys
from lpr.push.recent import PushedReads
from lpr.push.words import Post
from scada.clock import SystemClock
from scada.config import Config
from scada.engine.bridge import Ask, BridgeRefusal
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import JournalEntry
from scada.settings.cameras import Unit
from scada.store.db import Database, StoreError
from scada.store.journal import SqlJournal
from scada.store.schema import journal as journal_table
from scada.store.schema import passage as passages
from tests.support.hmi_pages import shipped
from tests.support.store import give_tables
from tests.support.units import JPEG
from tests.support.units import vz as vz_then

IN, LIVE = LaneName("in1"), PassageId("in1-20250101030000-5")
CLOCK = SystemClock()
UNIT = Unit(name="unit-in1", lane="in1", make="vz", serial="VZ-1", address="10.0.0.5")


@dataclass
class Bench:
    """A desk with its books."""

    desk: UnitDesk
    db: Database
    reads: PushedReads
    pictures: PictureStore
    site: SiteId
    key: str
    alarms: list[tuple[str, str]] = field(default_factory=list)

    async def push(self, post: Post, **other: str) -> dict[str, object]:
        """Push a message as the unit does, or as somebody else."""
        args: dict[str, object] = {
            "unit": "unit-in1",
            "key": self.key,
            "address": "10.0.0.5",
            "rest": post.rest,
            "content_type": post.content_type,
            "body_b64": base64.b64encode(post.body).decode(),
        }
        told = await self.desk.push(Ask("devices", "push", {**args, **other}, "", "", "", ""))
        assert isinstance(told, dict)
        return told

    async def rows(self) -> list[dict[str, object]]:
        """Give what the journal holds."""
        query = select(journal_table).order_by(journal_table.c.n)
        return await self.db.read(lambda conn: [dict(row) for row in conn.execute(query).mappings()])

    def votes(self) -> int:
        """Count the reads that vote about a car that stands there now."""
        now_s = CLOCK.seconds()
        return len(self.reads.about(IN, Direction.ENTRY, now_s - 60, now_s - 1, 0.8))


def vz(text: str = "京A12345", number: int = 7, *, late: bool = False, **more: object) -> Post:
    """Make a read of now, but for one that was kept while the line was down."""
    at = {} if late else {"timeStamp": {"Timeval": {"sec": int(CLOCK.now().timestamp()), "usec": 999_999}}}
    return vz_then(text, number, late=late, **{**at, **more})  # type: ignore[arg-type]


class Broken(SqlJournal):
    """A journal that cannot be written once."""

    fails = True

    async def append(self, entries: "list[JournalEntry]") -> None:  # type: ignore[override]
        if Broken.fails:
            Broken.fails = False
            raise OSError("the disk is full")
        await super().append(entries)


def bench_in(folder: Path, db: Database, kind: type[SqlJournal] = SqlJournal) -> Bench:
    config = shipped()
    site = config.site.model_copy(update={"data": str(folder)})
    known: Config = config.model_copy(update={"units": (UNIT,), "site": site, "folder": folder})
    keys, reads, pictures = unit_keys(known), PushedReads([UNIT]), PictureStore(folder / "pictures")
    alarms: list[tuple[str, str]] = []
    journal = kind(db, known.site_id, CLOCK)
    parts = UnitParts(
        CLOCK, db, journal, pictures, reads, lambda _: LIVE, lambda lane, code, _: alarms.append((lane, code))
    )
    return Bench(UnitDesk(known, keys, parts), db, reads, pictures, known.site_id, keys["unit-in1"], alarms)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    url = f"sqlite:///{tmp_path}/daozha.db"
    give_tables(url)
    return Database(url)


@pytest.fixture
async def bench(tmp_path: Path, database: Database) -> AsyncIterator[Bench]:
    made = await asyncio.to_thread(bench_in, tmp_path, database)
    async with database:
        yield made


async def test_a_message_that_is_not_base64_is_refused_in_words(bench: Bench) -> None:
    with pytest.raises(BridgeRefusal, match="not base64"):
        await bench.push(vz(), body_b64="ⴤ÷")


async def test_a_read_is_kept_with_its_picture_before_it_votes(bench: Bench) -> None:
    told = await bench.push(vz())
    assert json.loads(base64.b64decode(str(told["body_b64"])))["Response_AlarmInfoPlate"]["info"] == "kept"
    (row,) = await bench.rows()
    body = row["body"]
    assert isinstance(body, dict)
    assert (row["kind"], row["what"], row["lane"], row["passage"]) == ("event", "read of a unit", IN, LIVE)
    assert (body["plate"], body["confidence"], body["unit"]) == ("京A12345", 0.97, "unit-in1")
    assert await asyncio.to_thread(bench.pictures.read, body["picture"]) == JPEG
    assert bench.votes() == 1


async def test_a_repeat_is_answered_the_same_and_kept_once(bench: Bench) -> None:
    first, again = await bench.push(vz()), await bench.push(vz())
    assert first == again
    assert len(await bench.rows()) == 1
    assert bench.votes() == 1


@pytest.mark.parametrize(
    "wrong", [{"unit": "unit-in9"}, {"key": "guess"}, {"key": ""}, {"address": "10.0.0.6"}, {"unit": ""}]
)
async def test_a_stranger_is_not_let_in(bench: Bench, wrong: dict[str, str]) -> None:
    with pytest.raises(BridgeRefusal, match="unknown"):
        await bench.push(vz(), **wrong)
    assert (await bench.rows(), bench.votes()) == ([], 0)


async def test_a_read_without_a_serial_number_is_nobodys(bench: Bench) -> None:
    nameless = vz()
    with pytest.raises(BridgeRefusal, match="unknown"):
        await bench.push(replace(nameless, body=nameless.body.replace(b"VZ-1", b"")))
    assert (await bench.rows(), bench.votes()) == ([], 0)


async def test_another_units_serial_number_is_not_believed(bench: Bench) -> None:
    post = vz()
    with pytest.raises(BridgeRefusal, match="unknown"):
        await bench.push(replace(post, body=post.body.replace(b"VZ-1", b"VZ-2")))
    with pytest.raises(BridgeRefusal, match="bad_args"):
        await bench.push(Post("", "application/json", b"{"))
    assert await bench.rows() == []


async def test_a_late_read_goes_to_the_passage_of_its_time_and_never_votes(bench: Bench) -> None:
    then = datetime.fromtimestamp(1735700400, UTC)
    values = {
        "id": "in1-20250101025950-4",
        "site": bench.site,
        "lane": IN,
        "number": 4,
        "began_at": then - timedelta(seconds=10),
        "ended_at": then + timedelta(seconds=10),
        "outcome": "FORWARD",
    }
    await bench.db.write(lambda conn: conn.execute(insert(passages).values(**values)))
    await bench.push(vz(late=True))
    (row,) = await bench.rows()
    assert (row["what"], row["passage"]) == ("late read of a unit", "in1-20250101025950-4")
    assert (bench.votes(), bench.alarms) == (0, [])


async def test_a_late_read_of_no_known_passage_is_an_alarm(bench: Bench) -> None:
    await bench.push(vz(late=True))
    kinds = [(row["kind"], row["passage"]) for row in await bench.rows()]
    assert kinds == [("event", None)]
    assert bench.alarms == [(IN, "late_read")]


async def test_a_read_that_could_not_be_kept_may_come_again(tmp_path: Path, database: Database) -> None:
    bench = await asyncio.to_thread(bench_in, tmp_path, database, Broken)
    async with database:
        with pytest.raises(OSError, match="disk"):
            await bench.push(vz())
        assert bench.votes() == 0
        await bench.push(vz())
        assert bench.votes() == 1


def test_a_start_that_was_killed_while_it_made_a_key_makes_no_unit_a_stranger_for_ever(tmp_path: Path) -> None:
    site = shipped().site.model_copy(update={"data": str(tmp_path)})
    known: Config = shipped().model_copy(update={"units": (UNIT,), "site": site, "folder": tmp_path})
    (tmp_path / "units").mkdir()
    for left in ("unit-in1.key", "unit-in1.part"):
        (tmp_path / "units" / left).touch(0o600)
    assert len(unit_keys(known)["unit-in1"]) == 32
    assert unit_keys(known) == unit_keys(known)
    assert [path.name for path in (tmp_path / "units").iterdir()] == ["unit-in1.key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    site = shipped().site.model_copy(update={"data": str(tmp_path)})
    known: Config = shipped().model_copy(update={"units": (UNIT,), "site": site, "folder": tmp_path})
    unit_keys(known)
    (tmp_path / "units" / "unit-in1.key").chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        unit_keys(known)


def test_the_key_of_a_unit_stays_and_is_its_owners_alone(tmp_path: Path) -> None:
    config = shipped().model_copy(update={"units": (UNIT,), "folder": tmp_path})
    known = config.model_copy(update={"site": config.site.model_copy(update={"data": str(tmp_path)})})
    first = unit_keys(known)
    assert unit_keys(known) == first
    assert len(first["unit-in1"]) >= 32
    assert (tmp_path / "units" / "unit-in1.key").stat().st_mode & 0o077 == 0
