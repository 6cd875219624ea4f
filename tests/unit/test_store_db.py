"""The database: its tables, its one writer, its settings."""

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from scada.config import load
from scada.store import db as db_module
from scada.store.db import Database, StoreError, database_url, migrate, writing_engine
from scada.store.schema import metadata, operator
from tests.support.store import START, made_database, open_database


def _add(name: str) -> dict[str, object]:
    return {
        "name": name,
        "site": "demo",
        "role": "auditor",
        "password_hash": "-",
        "must_change": False,
        "made_at": START,
    }


def _insert(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(operator.insert().values(_add(name)))
        return name

    return work


def _names(connection: Connection) -> list[str]:
    return list(connection.execute(select(operator.c.name).order_by(operator.c.name)).scalars())


def _definitions(engine: Engine) -> set[tuple[str, ...]]:
    """Give every table and index as it was declared, whatever the order of its constraints; SQLite quotes new names."""
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql NOT LIKE '%alembic_version%'")
        plain = [re.sub(r'^CREATE TABLE "(\w+)"', r"CREATE TABLE \1", sql) for sql in found.scalars()]
        return {tuple(sorted(" ".join(part.split()).strip(" )") for part in sql.split(","))) for sql in plain}


def test_the_migrations_make_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    made, wanted = writing_engine(made_database(tmp_path)), writing_engine(f"sqlite:///{tmp_path / 'wanted.db'}")
    metadata.create_all(wanted)
    assert _definitions(made) == _definitions(wanted)
    made.dispose()
    wanted.dispose()


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    url = made_database(tmp_path / "a folder with 100%")
    migrate(url)
    assert (tmp_path / "a folder with 100%").stat().st_mode & 0o777 == 0o700


def test_the_shipped_site_keeps_its_database_in_its_data_folder() -> None:
    config = load(Path(__file__).parents[2] / "config.toml")
    assert database_url(config) == f"sqlite:///{config.data}/daozha.db"


async def test_writes_are_safe_on_disk_and_bound_by_foreign_keys(tmp_path: Path) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    async with open_database(tmp_path) as db:
        found = await db.write(lambda connection: [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in pragmas])
    assert found == ["wal", 2, 1, 5000]


async def test_all_writes_happen_in_one_thread_one_after_the_other(tmp_path: Path) -> None:
    threads: set[str] = set()
    inside = 0

    def numbered(n: int) -> Callable[[Connection], int]:
        def work(connection: Connection) -> int:
            nonlocal inside
            inside += 1
            assert inside == 1
            threads.add(threading.current_thread().name)
            connection.execute(operator.insert().values(_add(f"p{n:03}")))
            inside -= 1
            return n

        return work

    async with open_database(tmp_path) as db:
        answers = await asyncio.gather(*(db.write(numbered(n)) for n in range(60)))
        assert answers == list(range(60))
        assert await db.read(_names) == [f"p{n:03}" for n in range(60)]
    assert len(threads) == 1
    assert threads.pop().startswith("db-writer")


async def test_a_failed_write_leaves_nothing_behind_and_the_next_one_works(tmp_path: Path) -> None:
    def twice(connection: Connection) -> None:
        connection.execute(operator.insert().values(_add("one")))
        connection.execute(operator.insert().values(_add("one")))

    async with open_database(tmp_path) as db:
        with pytest.raises(IntegrityError):
            await db.write(twice)
        assert await db.read(_names) == []
        await db.write(_insert("one"))
        assert await db.read(_names) == ["one"]


async def test_a_reader_cannot_change_the_database(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        with pytest.raises(OperationalError, match="readonly"):
            await db.read(_insert("one"))


async def test_a_reader_sees_the_last_committed_state_while_a_write_is_under_way(tmp_path: Path) -> None:
    written, go_on = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> None:
        connection.execute(operator.insert().values(_add("one")))
        written.set()
        assert go_on.wait(10)

    async with open_database(tmp_path) as db:
        write = asyncio.create_task(db.write(slowly))
        assert await asyncio.to_thread(written.wait, 10)
        assert await db.read(_names) == []
        go_on.set()
        await write
        assert await db.read(_names) == ["one"]


async def test_a_full_queue_is_said_and_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db_module, "WAIT_S", 0.05)
    go_on = threading.Event()
    async with open_database(tmp_path, queue_size=1) as db:
        first = asyncio.create_task(db.write(lambda _: go_on.wait(10)))
        await asyncio.sleep(0)
        with pytest.raises(StoreError, match="queue stayed full"):
            await db.write(_names)
        go_on.set()
        await first
        assert await db.write(_names) == []


async def test_closing_finishes_what_waits_and_refuses_what_comes_later(tmp_path: Path) -> None:
    db = Database(await asyncio.to_thread(made_database, tmp_path))
    async with db:
        writes = [asyncio.create_task(db.write(_insert(f"p{n}"))) for n in range(20)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*writes) == [f"p{n}" for n in range(20)]
    with pytest.raises(StoreError, match="closed"):
        await db.read(_names)


async def test_two_servers_on_one_file_never_overtake_each_other_inside_a_transaction(tmp_path: Path) -> None:
    url = await asyncio.to_thread(made_database, tmp_path)

    def counted(name: str) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            found = connection.execute(select(func.count()).select_from(operator)).scalar_one()
            connection.execute(operator.insert().values({**_add(name), "role": str(found)}))

        return work

    async with Database(url) as one, Database(url) as other:
        await asyncio.gather(
            *(db.write(counted(f"{k}-{n}")) for n in range(20) for k, db in (("a", one), ("b", other)))
        )
        roles = await one.read(lambda connection: list(connection.execute(select(operator.c.role)).scalars()))
    assert sorted(map(int, roles)) == list(range(40))
