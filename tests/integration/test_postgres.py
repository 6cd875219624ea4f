"""PostgreSQL: what it does with locks, limits, lost connections and commits whose answer nobody hears."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, make_url, select, text, update

from scada.ports import JournalEntry
from scada.store.db import Database, StoreError, StoreUnknown, migrate, reading_engine, writing_engine
from scada.store.journal import verify, write_entries
from scada.store.schema import operator
from scada.store.sql import postgres as product
from tests.support.postgres import Postgres, Swallower
from tests.support.store import SITE, START, empty_database, made_database, until

ROW = {"site": "demo", "role": "auditor", "password_hash": "-", "must_change": False, "made_at": START}
HASTY = product.limits(0.3, 0.5)


def _add(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(operator.insert().values(name=name, **ROW))
        return name

    return work


def _names(connection: Connection) -> list[str]:
    return list(connection.execute(select(operator.c.name).order_by(operator.c.name)).scalars())


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(operator)).scalar_one()


@pytest.fixture
def url(on_postgres: Postgres, tmp_path: Path) -> str:
    return made_database(tmp_path)


def hasty(url: str) -> str:
    """Shorten the limits of a lock and of a statement."""
    return make_url(url).update_query_dict({"options": HASTY}).render_as_string(hide_password=False)


def _committing(server: Postgres) -> list[int]:
    """Find the server's processes that are in a commit of ours."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'daozha' AND query = 'COMMIT' AND state = 'active'"
    )
    return [int(row[0]) for row in server.ask(query)]


async def test_two_servers_that_start_at_once_make_the_tables_once(on_postgres: Postgres, tmp_path: Path) -> None:
    url = empty_database(tmp_path)
    await asyncio.gather(*(asyncio.to_thread(migrate, url) for _ in range(3)))
    assert on_postgres.ask("SELECT count(*) FROM alembic_version", make_url(url).database or "") == [(1,)]


async def test_two_servers_journal_into_one_chain(url: str) -> None:
    def told(what: str) -> Callable[[Connection], None]:
        entries = [JournalEntry("event", "plant", f"{what}{n}") for n in range(2)]
        return lambda connection: write_entries(connection, SITE, START, entries)

    async with Database(url) as one, Database(url) as other:
        await asyncio.gather(*(db.write(told(f"{n}-")) for n in range(15) for db in (one, other)))
        assert await one.read(verify) is None
        numbers = text("SELECT count(*), max(n) FROM journal")
        assert await other.read(lambda connection: tuple(connection.execute(numbers).one())) == (60, 60)


async def test_of_two_servers_that_see_the_same_state_one_changes_it(url: str) -> None:
    """Read, decide, write: the second one reads what the first has written."""

    def take(connection: Connection) -> bool:
        role = connection.scalar(select(operator.c.role).where(operator.c.name == "one").with_for_update())
        if role != "auditor":
            return False
        connection.execute(update(operator).where(operator.c.name == "one").values(role="manager"))
        return True

    async with Database(url) as one, Database(url) as other:
        await one.write(_add("one"))
        taken = await asyncio.gather(*(db.write(take) for _ in range(10) for db in (one, other)))
    assert taken.count(True) == 1


async def test_a_reader_sees_one_state_of_the_books_however_long_it_looks(url: str) -> None:
    async with Database(url) as db:
        await db.write(_add("one"))
        engine = reading_engine(url)
        with engine.connect() as connection:
            assert _count(connection) == 1
            await db.write(_add("two"))
            assert _count(connection) == 1
        engine.dispose()
        assert await db.read(_count) == 2


async def test_who_waits_too_long_for_the_others_lock_is_told_that_nothing_was_written(url: str) -> None:
    holder = writing_engine(url)
    async with Database(hasty(url)) as db:
        with holder.begin(), pytest.raises(StoreError, match="waited too long for a lock: nothing was written"):
            await db.write(_add("one"))
        assert await db.write(_names) == []
    holder.dispose()


async def test_a_statement_has_its_limit(url: str) -> None:
    async with Database(hasty(url)) as db:
        with pytest.raises(StoreError, match="took too long: nothing was written"):
            await db.write(lambda connection: connection.execute(text("SELECT pg_sleep(30)")).first() and None)
        assert await db.write(_add("one")) == "one"


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_what_the_server_undid_for_anothers_sake_is_done_again(url: str, state: str) -> None:
    tries: list[int] = []

    def work(connection: Connection) -> str:
        tries.append(1)
        _add(f"try{len(tries)}")(connection)
        if len(tries) < product.REPEATS:
            connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'undone' USING ERRCODE = '{state}'; END $$"))
        return "done"

    async with Database(url) as db:
        assert await db.write(work) == "done"
        assert await db.read(_names) == [f"try{product.REPEATS}"]


async def test_what_is_undone_again_and_again_is_told(url: str) -> None:
    undone = text("DO $$ BEGIN RAISE EXCEPTION 'undone' USING ERRCODE = '40001'; END $$")
    async with Database(url) as db:
        with pytest.raises(StoreError, match="undone by the server 3 times: nothing was written"):
            await db.write(lambda connection: connection.execute(undone) and None)


async def test_a_connection_lost_in_the_middle_leaves_nothing_behind(url: str, on_postgres: Postgres) -> None:
    def work(connection: Connection) -> None:
        _add("one")(connection)
        own = connection.scalar(text("SELECT pg_backend_pid()"))
        on_postgres.ask(f"SELECT pg_terminate_backend({own}, 5000)")
        _add("two")(connection)

    async with Database(url) as db:
        with pytest.raises(StoreError, match="the connection was lost: nothing was written") as lost:
            await db.write(work)
        assert not isinstance(lost.value, StoreUnknown)
        assert await db.write(_names) == []


async def test_idle_connections_that_were_cut_are_made_anew_unseen(url: str, on_postgres: Postgres) -> None:
    async with Database(url) as db:
        await db.write(_add("one"))
        await db.read(_names)
        on_postgres.ask(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'daozha'"
        )
        assert await db.read(_names) == ["one"]
        assert await db.write(_add("two")) == "two"


@contextmanager
def _commits_that_hang(url: str) -> Iterator[None]:
    """Let every commit take half a minute."""
    engine = writing_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$"
        )
        connection.exec_driver_sql(
            "CREATE CONSTRAINT TRIGGER hangs AFTER INSERT ON operator DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION hang()"
        )
    engine.dispose()
    yield


async def test_a_server_lost_during_the_commit_is_told_as_unknown_and_not_asked_again(
    url: str, on_postgres: Postgres
) -> None:
    tries: list[str] = []
    with _commits_that_hang(url):
        async with Database(url) as db:
            write = asyncio.create_task(db.write(lambda connection: tries.append(_add("one")(connection))))
            await until(lambda: bool(_committing(on_postgres)))
            on_postgres.ask(f"SELECT pg_terminate_backend({_committing(on_postgres)[0]}, 5000)")
            with pytest.raises(StoreUnknown, match="whether it was written is unknown"):
                await write
            assert await db.read(_names) == []
    assert tries == ["one"]


async def test_a_commit_whose_answer_nobody_heard_is_unknown_and_may_well_have_been_written(
    url: str, on_postgres: Postgres
) -> None:
    tries: list[str] = []
    with Swallower(on_postgres) as way:
        async with Database(way.url(make_url(url).database or "")) as db:
            with pytest.raises(StoreUnknown):
                await db.write(lambda connection: tries.append(_add("one")(connection)))
    async with Database(url) as db:
        assert await db.read(_names) == ["one"]
    assert tries == ["one"]


async def test_a_server_that_hangs_is_left_after_the_limit(url: str, on_postgres: Postgres) -> None:
    """No limit of its own helps where the server's process stands still."""
    engine = writing_engine(url)

    def work(connection: Connection) -> None:
        own = connection.scalar(text("SELECT pg_backend_pid()"))
        os.kill(int(own or 0), signal.SIGSTOP)
        stopped.append(int(own or 0))
        _add("one")(connection)

    stopped: list[int] = []
    try:
        with pytest.raises(StoreError, match="the connection was lost: nothing was written"):
            await asyncio.to_thread(product.in_transaction, engine, work, "the tests", limit_s=0.5)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        await asyncio.to_thread(engine.dispose)
    async with Database(url) as db:
        assert await db.write(_names) == []


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    db = Database("postgresql+psycopg://daozha:geheim@127.0.0.1:1/daozha?connect_timeout=2")
    async with db:
        with pytest.raises(StoreError, match="no connection: nothing was written") as away:
            await db.write(_names)
    assert "geheim" not in str(away.value)
    assert "127.0.0.1" in str(away.value)
