"""The database: one writer thread, a few reader threads, and the migrations that make its tables.

SQLite in WAL mode by default, PostgreSQL by its URL; both behave alike (docs/decisions/0037). Work is a plain
function of a connection; it runs inside one transaction, off the loop.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import URL, Connection, Engine, inspect, make_url
from sqlalchemy.exc import DBAPIError

from scada.store.sql import sqlite
from scada.store.sql.errors import StoreError, StoreFull, StoreUnknown, reason
from scada.store.sql.fence import Fence, put_fence
from scada.store.sql.pen import Pen
from scada.store.sql.place import database_url
from scada.store.sql.reserve import Reserve
from scada.store.sql.revisions import refuse_beside_a_leader, refuse_later, settings_for
from scada.store.sql.turns import AGAIN_S

__all__ = [
    "Database",
    "StoreError",
    "StoreFull",
    "StoreUnknown",
    "connected",
    "database_url",
    "looking",
    "migrate",
    "place",
    "reading_engine",
    "writing_engine",
]

T = TypeVar("T")
Work = Callable[[Connection], T]
"""It may be run again when the server undid the transaction for another's sake: it changes nothing but the database."""

QUEUE_SIZE = 1000
"""Transactions that may wait for the writer."""
WAIT_S = 10.0
"""How long a transaction waits for a place in the queue before its caller is told."""
READERS = 2


def migrate(url: str, fence: Fence | None = None) -> None:
    """Bring the database's tables up to date; make SQLite's file and its folder if they are not there."""
    engine = writing_engine(url, fence)
    if engine.dialect.name == "sqlite":
        sqlite.make_folder(engine.url)
        sqlite.let_tables_be_remade(engine)
    try:
        _in_transaction(engine, partial(_upgrade, fence))
    finally:
        engine.dispose()


def _upgrade(fence: Fence | None, connection: Connection) -> None:
    """Bring the tables up to date. Whoever only reads does not wait until alembic is loaded."""
    from alembic import command

    from scada.store.sql import postgres

    where = place(connection.engine.url)
    refuse_later(connection, where)
    if fence is None:
        refuse_beside_a_leader(connection, where)
    if connection.dialect.name == "postgresql":
        postgres.allow_time(connection, postgres.MIGRATION_S)
    command.upgrade(settings_for(connection), "head")


def writing_engine(url: str, fence: Fence | None = None) -> Engine:
    """Build an engine whose transactions come one after the other, also those of other processes.

    With a `fence` each of them is written only while its server leads. Raises Deposed at its beginning.
    """
    engine = _build(url)(make_url(url), read_only=False, size=1)
    if fence is not None:
        put_fence(engine, fence)
    return engine


def reading_engine(url: str, size: int = READERS) -> Engine:
    """Build an engine that cannot change the database; each transaction sees one state of it."""
    return _build(url)(make_url(url), read_only=True, size=size)


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Connect from outside the plant, only to read. Raises StoreError."""
    engine = reading_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise StoreError(f"read from {place(engine.url)}: {reason(error)}") from error
    finally:
        engine.dispose()


@contextmanager
def looking(url: str) -> Iterator[Connection | None]:
    """Look into a database from outside the plant; None where there are no tables yet. Raises StoreError."""
    file = make_url(url).database
    if not _is_postgres(url) and not (file and Path(file).is_file()):
        yield None
        return
    with connected(url) as connection:
        yield connection if inspect(connection).has_table("journal") else None


class Database:
    """The way to the tables. One thread writes; readers see the last committed state and never wait for it."""

    def __init__(
        self,
        url: str,
        *,
        readers: int = READERS,
        queue_size: int = QUEUE_SIZE,
        again_s: float = AGAIN_S,
        reserve: Reserve | None = None,
        fence: Fence | None = None,
    ) -> None:
        self.url = url
        self.reserve = reserve or Reserve(None)
        make = partial(writing_engine, url, fence)
        self._writer = Pen(make, self.reserve.transact(_in_transaction), "db-writer", again_s)
        self._readers = _Threads(partial(reading_engine, url, readers), readers, "db-reader")
        self._places = asyncio.Semaphore(queue_size)
        self._is_open = False
        self.heard: list[Callable[[], None]] = []
        """Who is called on the loop after each transaction that was committed; never blocks, never raises."""

    async def __aenter__(self) -> Self:
        """Open for work; the tables must be there (`migrate`)."""
        await asyncio.to_thread(self.reserve.take)
        await asyncio.gather(asyncio.to_thread(self._writer.open), self._readers.open())
        self._is_open = True
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Finish the transactions that wait, then close."""
        self._is_open = False
        await asyncio.to_thread(self._writer.close)
        await self._readers.close()

    async def write(self, work: Work[T], *, gives_way: bool = False) -> T:
        """Run `work` in the writer thread, in a transaction; returns when it is on disk.

        Who `gives_way` lets all others go first, within limits, and may share a transaction; it ends as if it had one
        of its own. An exception of `work` rolls it back and rises here. Cancelled while it runs, it may still
        be committed. Raises StoreError when the queue stays full or the server takes nothing, and
        StoreUnknown when the server was lost during the commit.
        """
        try:
            async with asyncio.timeout(WAIT_S):
                await self._places.acquire()
        except TimeoutError as error:
            raise StoreError(f"write to {self._name}: the queue stayed full for {WAIT_S:g} s") from error
        try:
            self._must_be_open()
            queue = self._writer.others if gives_way else self._writer.first
            done = await asyncio.get_running_loop().run_in_executor(queue, self._writer.on, work)
        finally:
            self._places.release()
        for hear in self.heard:
            hear()
        return done

    async def read(self, work: Work[T]) -> T:
        """Run `work` in a reader thread, on one consistent view of the database."""
        self._must_be_open()
        return await self._readers.run(work)

    def _must_be_open(self) -> None:
        if not self._is_open:
            raise StoreError(f"{self._name} is closed")

    @property
    def _name(self) -> str:
        return place(make_url(self.url))


class _Threads:
    """Named threads with the engine they use; the engine is made in a thread, since it looks at the disk."""

    def __init__(self, make_engine: Callable[[], Engine], threads: int, name: str) -> None:
        self._make_engine = make_engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def open(self) -> None:
        self._engine = await asyncio.get_running_loop().run_in_executor(self._pool, self._make_engine)

    async def run(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._transaction, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._pool.shutdown)
        await asyncio.to_thread(self._engine.dispose)

    def _transaction(self, work: Work[T]) -> T:
        return _in_transaction(self._engine, work)


def _in_transaction(engine: Engine, work: Work[T]) -> T:
    if engine.dialect.name == "postgresql":
        from scada.store.sql import postgres

        return postgres.in_transaction(engine, work, place(engine.url))
    try:
        with engine.begin() as connection:
            return work(connection)
    except DBAPIError as error:
        if (refusal := sqlite.refusal(error, place(engine.url))) is not None:
            raise refusal from error
        raise


def place(url: URL) -> str:
    """Name a database for people: without its password and what goes with it."""
    return url.set(query={}).render_as_string(hide_password=True)


def _is_postgres(url: str) -> bool:
    return make_url(url).get_backend_name() == "postgresql"


def _build(url: str) -> Callable[..., Engine]:
    """Choose by the URL. Whoever has a file does not wait until all that a server needs is loaded."""
    if not _is_postgres(url):
        return sqlite.build
    from scada.store.sql import postgres

    return postgres.build
