"""The database: its tables, its one writer, its settings."""

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from scada.store import db as db_module
from scada.store.db import Database, StoreError, migrate, writing_engine
from scada.store.schema import metadata, operator
from tests.support.store import START, empty_database, made_database, open_database

pytestmark = pytest.mark.usefixtures("any_database")


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


def _definitions(url: str) -> set[tuple[str, ...]]:
    """Give every table, index and trigger as it was declared, whatever the order of its constraints."""
    engine = writing_engine(url)
    with engine.connect() as connection:
        found = _of_sqlite(connection) if engine.dialect.name == "sqlite" else _of_postgresql(connection)
    engine.dispose()
    return found


def _of_sqlite(connection: Connection) -> set[tuple[str, ...]]:
    found = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql NOT LIKE '%alembic_version%'")
    plain = [
        re.sub(r'^CREATE TABLE "(\w+)"', r"CREATE TABLE \1", sql) for sql in found.scalars()
    ]  # new names are quoted
    return {tuple(sorted(" ".join(part.split()).strip(" )") for part in sql.split(","))) for sql in plain}


def _of_postgresql(connection: Connection) -> set[tuple[str, ...]]:
    queries = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default, coalesce(character_maximum_length, 0)"
        " FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0",
        "SELECT tgrelid::regclass, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    )
    rows = {tuple(map(str, row)) for query in queries for row in connection.exec_driver_sql(query)}
    return {row for row in rows if row[0] != "alembic_version"}


def test_the_migrations_make_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    wanted = empty_database(tmp_path, "wanted")
    engine = writing_engine(wanted)
    with engine.begin() as connection:
        metadata.create_all(connection)
    engine.dispose()
    assert _definitions(made_database(tmp_path)) == _definitions(wanted)


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    url = made_database(tmp_path)
    before = _definitions(url)
    migrate(url)
    assert _definitions(url) == before


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
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await db.read(_insert("one"))


async def test_a_reader_may_use_a_query_that_locks_rows_for_writers(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        await db.write(_insert("one"))
        locking = select(operator.c.name).with_for_update()
        assert await db.read(lambda connection: list(connection.execute(locking).scalars())) == ["one"]


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
