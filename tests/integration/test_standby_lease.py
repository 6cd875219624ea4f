"""The lease in a real PostgreSQL: who has it, who is deposed, and what the deposed can still do."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest
from sqlalchemy import Connection, func, make_url, select

from scada.model.lease import Lease, Server, Terms
from scada.ports import JournalEntry
from scada.store.db import Database, StoreError, migrate, writing_engine
from scada.store.journal import write_entries
from scada.store.leasebook import LeaseBook
from scada.store.schema import journal
from scada.store.sql.errors import Deposed
from scada.store.sql.fence import Fence
from tests.support.postgres import Postgres
from tests.support.store import SITE, START, made_database

TERMS = Terms(5.0)
SHORT = Terms(0.4)
A, B, C = (Server(name, f"id-{name}", "k", "f") for name in "abc")


@pytest.fixture
def url(on_postgres: Postgres, tmp_path: Path) -> str:
    return made_database(tmp_path)


@pytest.fixture
def books(url: str) -> Iterator[Callable[[Terms], LeaseBook]]:
    with ExitStack() as stack:

        def make(terms: Terms) -> LeaseBook:
            book = LeaseBook(url, SITE, terms)
            stack.callback(book.close)
            return book

        yield make


def told(what: str) -> Callable[[Connection], None]:
    return lambda connection: write_entries(connection, SITE, START, [JournalEntry("event", "plant", what)])


def ended(book: LeaseBook) -> Lease:
    """Wait until the lease has ended by the database's clock."""
    deadline = monotonic() + 10
    while (lease := book.look()) is None or lease.left_s > 0:
        assert monotonic() < deadline
        sleep(0.02)
    return lease


def test_of_many_that_take_a_lease_at_once_one_has_it(books: Callable[[Terms], LeaseBook]) -> None:
    many = [books(SHORT) for _ in range(6)]
    with ThreadPoolExecutor(len(many)) as pool:
        first = [epoch for epoch in pool.map(lambda book: book.take(A, None), many) if epoch]
        assert first == [1]
        seen = ended(many[0])
        second = [epoch for epoch in pool.map(lambda book: book.take(B, seen), many) if epoch]
    assert second == [2]


def test_a_lease_is_renewed_by_its_holder_only_and_not_after_its_end(books: Callable[[Terms], LeaseBook]) -> None:
    a, b = books(SHORT), books(SHORT)
    assert a.take(A, None) == 1
    assert a.renew(A, 1) is not None
    assert b.renew(B, 2) is None
    ended(b)
    assert a.renew(A, 1) is None
    assert not a.release(1)
    assert b.take(B, b.look()) == 2
    assert a.renew(A, 1) is None


def test_a_lease_that_was_renewed_meanwhile_is_not_taken(books: Callable[[Terms], LeaseBook]) -> None:
    a, b = books(TERMS), books(TERMS)
    a.take(A, None)
    seen = b.look()
    assert a.renew(A, 1) is not None
    assert b.take(B, seen) is None


def test_who_is_there_is_known_and_who_shall_lead_next(books: Callable[[Terms], LeaseBook]) -> None:
    a, b = books(TERMS), books(TERMS)
    a.take(A, None)
    b.look(B, "a leads")
    renewed = a.renew(A, 1)
    assert renewed is not None
    assert renewed.alive == (B,)
    assert renewed.heir is None
    assert b.name_heir("b", 1)
    after = a.renew(A, 1)
    assert after is not None
    assert after.heir == "b"
    assert a.release(1)
    lease = b.look()
    assert lease is not None
    assert lease.left_s <= 0
    assert b.take(B, lease) == 2
    assert replace(b.look() or lease, left_s=0.0) == Lease("b", "id-b", 2, 0, 0.0, None, "k")


async def test_a_deposed_leader_commits_nothing(url: str, books: Callable[[Terms], LeaseBook]) -> None:
    a, b = books(SHORT), books(TERMS)
    assert a.take(A, None) == 1
    async with Database(url, fence=Fence(SITE, 1)) as db:
        await db.write(told("led"))
        lease = await asyncio.to_thread(ended, b)
        await db.write(told("nobody has taken it"))
        assert b.take(B, lease) == 2
        with pytest.raises(StoreError):  # its connection was ended; a new one finds the fence
            await db.write(told("late"))
        with pytest.raises(Deposed, match="nothing was written"):
            await db.write(told("later"), gives_way=True)
        async with Database(url, fence=Fence(SITE, 2)) as new:
            await new.write(told("leads"))
            count = select(func.count()).select_from(journal)
            assert await new.read(lambda connection: connection.scalar(count)) == 3


async def test_a_leader_that_stands_still_while_it_renews_holds_nobody_up(
    books: Callable[[Terms], LeaseBook], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = books(SHORT), books(TERMS)
    a.take(A, None)
    wakes, stands = Event(), Event()
    sign = a._sign

    def stand_still(connection: Connection, me: Server, said: str) -> None:
        stands.set()
        wakes.wait(30)
        sign(connection, me, said)

    monkeypatch.setattr(a, "_sign", stand_still)
    renewing = asyncio.create_task(asyncio.to_thread(a.renew, A, 1))
    await asyncio.to_thread(stands.wait, 30)
    lease = await asyncio.to_thread(ended, b)
    assert await asyncio.to_thread(b.take, B, lease) == 2
    wakes.set()
    with pytest.raises(StoreError):
        await renewing


async def test_a_leader_that_stands_still_in_a_transaction_holds_nobody_up_and_commits_nothing(
    url: str, books: Callable[[Terms], LeaseBook]
) -> None:
    """It holds the writers' queue and the lease's row: both are free once its line has been ended."""
    a, b = books(SHORT), books(TERMS)
    a.take(A, None)
    wakes, stands = Event(), Event()

    def stand_still(connection: Connection) -> None:
        told("half")(connection)
        stands.set()
        wakes.wait(30)

    async with Database(url, fence=Fence(SITE, 1)) as old, Database(url, fence=Fence(SITE, 2)) as new:
        late = asyncio.create_task(old.write(stand_still))
        await asyncio.to_thread(stands.wait, 30)
        lease = await asyncio.to_thread(ended, b)
        began_s = monotonic()
        assert await asyncio.to_thread(b.take, B, lease) == 2
        await new.write(told("leads"))
        assert monotonic() - began_s < 10.0
        wakes.set()
        with pytest.raises(StoreError):
            await late
        rows = await new.read(lambda connection: list(connection.scalars(select(journal.c.what))))
    assert rows == ["leads"]


def test_a_renewal_does_not_wait_for_a_long_transaction_and_a_taking_does(
    url: str, books: Callable[[Terms], LeaseBook], on_postgres: Postgres
) -> None:
    a, b = books(TERMS), books(TERMS)
    a.take(A, None)
    engine = writing_engine(url, Fence(SITE, 1))
    with engine.begin():
        assert a.renew(A, 1) is not None
        # as one who sees another clock would: whoever takes it waits for what is being committed
        on_postgres.ask("UPDATE lease SET until_at = until_at - interval '1 hour'", make_url(url).database or "")
        seen = b.look()
        assert seen is not None
        with pytest.raises(StoreError, match="too long"):
            b._do(lambda connection: b._take(connection, B, seen))
    engine.dispose()
    assert b.take(B, seen) == 2


def test_commands_beside_the_plant_write_without_a_lease(url: str, books: Callable[[Terms], LeaseBook]) -> None:
    books(TERMS).take(C, None)
    engine = writing_engine(url)
    with engine.begin() as connection:
        told("by a command")(connection)
    engine.dispose()


def test_tables_are_not_changed_under_a_server_that_leads(
    url: str, books: Callable[[Terms], LeaseBook], on_postgres: Postgres
) -> None:
    book, name = books(TERMS), make_url(url).database or ""
    book.take(A, None)
    migrate(url)  # nothing is to be changed
    on_postgres.ask("UPDATE alembic_version SET version_num = '0037'", name)
    with pytest.raises(StoreError, match="a leads with these tables"):
        migrate(url)
    assert on_postgres.ask("SELECT version_num FROM alembic_version", name) == [("0037",)]
