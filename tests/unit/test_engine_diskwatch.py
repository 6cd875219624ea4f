"""The disk of the tables runs full: a reserve is thrown off, an alarm says so, and is over when there is room again."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection

from scada.clock import SystemClock
from scada.engine.diskwatch import CODE, TEXT, TROUBLE, DiskWatch, wait_for_room
from scada.engine.lanetags import site_specs
from scada.engine.tags import TagTable
from scada.ports import JournalEntry
from scada.store.db import Database, StoreFull
from scada.store.sql.reserve import BESIDE_BYTES, LEAST_BYTES, RESERVE_BYTES, Reserve
from tests.support.store import made_database


class Disk:
    """A disk of which a test says how much is free."""

    def __init__(self) -> None:
        self.free = RESERVE_BYTES + BESIDE_BYTES
        self.asked = 0

    def __call__(self, _folder: Path) -> int:
        self.asked += 1
        return self.free


class Book:
    """A journal that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        self.told += [(one.kind, one.what) for one in entries]


def _filling(pages: int, tried: list[int]) -> Callable[[Connection], None]:
    """Write more than the file may grow; SQLite then says what it says on a full disk."""

    def work(connection: Connection) -> None:
        tried.append(pages)
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").close()
        connection.exec_driver_sql("CREATE TABLE much (body BLOB)")
        connection.exec_driver_sql("INSERT INTO much VALUES (zeroblob(1000000))")

    return work


async def test_a_write_that_finds_no_room_is_done_again_on_the_reserve_and_refused_when_that_is_used_up(
    tmp_path: Path,
) -> None:
    url, tried = await asyncio.to_thread(made_database, tmp_path), list[int]()
    async with Database(url, reserve=Reserve(tmp_path / "daozha.db")) as db:
        assert await asyncio.to_thread(db.reserve.is_there)
        for _ in range(2):
            with pytest.raises(StoreFull, match="nothing was written"):
                await db.write(_filling(1, tried))
            assert not await asyncio.to_thread(db.reserve.is_there)
        assert len(tried) == 3, "twice with the reserve, once without"
        asked = "SELECT count(*) FROM sqlite_master WHERE name = 'much'"
        found = await db.read(lambda conn: conn.exec_driver_sql(asked).scalar_one())
        assert found == 0, "nothing half-done is left"
        await db.write(_filling(1_000_000, tried))


async def test_the_alarm_lasts_from_when_the_reserve_is_gone_until_there_is_room_for_it_again(tmp_path: Path) -> None:
    disk, book, tags = Disk(), Book(), TagTable(site_specs(), SystemClock())
    reserve = Reserve(tmp_path / "daozha.db", disk)
    watch = DiskWatch(reserve, tags, book)
    await watch.look()
    assert (tags.get(TROUBLE).value, book.told) == ("", [])
    disk.free = 0
    await asyncio.to_thread((tmp_path / "daozha.ballast").unlink)
    for _ in range(2):
        await watch.look()
    assert (tags.get(TROUBLE).value, book.told) == (f"{CODE}: {TEXT}", [("alarm", CODE)])
    disk.free = RESERVE_BYTES + BESIDE_BYTES
    await watch.look()
    assert (tags.get(TROUBLE).value, book.told[1:]) == ("", [("event", "alarm over")])


async def test_a_plant_begins_when_there_is_a_reserve_or_room_for_some_cars(tmp_path: Path) -> None:
    disk = Disk()
    reserve = Reserve(tmp_path / "daozha.db", disk)
    disk.free = LEAST_BYTES - 1
    assert not await asyncio.to_thread(reserve.has_room)
    disk.free = LEAST_BYTES
    assert not await wait_for_room(reserve)
    reserve = Reserve(tmp_path / "daozha.db", disk)
    await asyncio.to_thread((tmp_path / "daozha.ballast").touch)
    disk.free = 0
    assert await asyncio.to_thread(reserve.has_room)
    assert Reserve(None).has_room(), "PostgreSQL keeps its own disk"
