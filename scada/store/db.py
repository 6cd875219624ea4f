"""The database: one writer thread, a few reader threads, and the migrations that make its tables.

SQLite in WAL mode by default, PostgreSQL by its URL. Work is a plain function of a connection; it
runs inside one transaction, off the loop.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Self, TypeVar

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from scada.config import Config

T = TypeVar("T")
Work = Callable[[Connection], T]

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
QUEUE_SIZE = 1000
"""Transactions that may wait for the writer."""
WAIT_S = 10.0
"""How long a transaction waits for a place in the queue before its caller is told."""
READERS = 2
BUSY_MS = 5000


class StoreError(Exception):
    """The store could not take or give something; the message says what was tried."""


def database_url(config: Config) -> str:
    """Give the URL of a site's database: a SQLite file in its data folder."""
    return URL.create("sqlite", database=str(config.data / "daozha.db")).render_as_string(hide_password=False)


def migrate(url: str) -> None:
    """Bring the database's tables up to date; make the file and its folder if they are not there."""
    _make_folder(url)
    engine = writing_engine(url)
    try:
        with engine.connect() as connection:
            _let_tables_be_remade(connection)
            settings = AlembicConfig()
            settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
            connection.commit()
    finally:
        engine.dispose()


def _let_tables_be_remade(connection: Connection) -> None:
    """SQLite remakes a table to change a column; what refers to the old one must not stop it. Before a transaction."""
    if connection.dialect.name == "sqlite" and connection.connection.dbapi_connection is not None:
        connection.connection.dbapi_connection.cursor().execute("PRAGMA foreign_keys=OFF")


def writing_engine(url: str) -> Engine:
    """Build an engine whose transactions take SQLite's write lock at once."""
    return _engine(url, begin="BEGIN IMMEDIATE", pragmas=("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"))


def reading_engine(url: str, size: int = READERS) -> Engine:
    """Build an engine that cannot change the database."""
    engine = _engine(url, begin="BEGIN", pragmas=("query_only=ON",), size=size)
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(postgresql_readonly=True)


class Database:
    """The way to the tables. One thread writes; readers see the last committed state and never wait for it."""

    def __init__(self, url: str, *, readers: int = READERS, queue_size: int = QUEUE_SIZE) -> None:
        self.url = url
        self._writer = _Threads(partial(writing_engine, url), 1, "db-writer")
        self._readers = _Threads(partial(reading_engine, url, readers), readers, "db-reader")
        self._places = asyncio.Semaphore(queue_size)
        self._is_open = False

    async def __aenter__(self) -> Self:
        """Open for work; the tables must be there (`migrate`)."""
        await asyncio.gather(self._writer.open(), self._readers.open())
        self._is_open = True
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Finish the transactions that wait, then close."""
        self._is_open = False
        await self._writer.close()
        await self._readers.close()

    async def write(self, work: Work[T]) -> T:
        """Run `work` in the writer thread, in a transaction of its own; returns when it is on disk.

        An exception of `work` rolls it back and rises here. Cancelled while it runs, it may still
        be committed. Raises StoreError when the queue stays full.
        """
        try:
            async with asyncio.timeout(WAIT_S):
                await self._places.acquire()
        except TimeoutError as error:
            raise StoreError(f"write to {self._name}: the queue stayed full for {WAIT_S:g} s") from error
        try:
            return await self._run(self._writer, work)
        finally:
            self._places.release()

    async def read(self, work: Work[T]) -> T:
        """Run `work` in a reader thread, on one consistent view of the database."""
        return await self._run(self._readers, work)

    async def _run(self, threads: "_Threads", work: Work[T]) -> T:
        if not self._is_open:
            raise StoreError(f"{self._name} is closed")
        return await threads.run(work)

    @property
    def _name(self) -> str:
        return make_url(self.url).render_as_string(hide_password=True)


class _Threads:
    """Named threads with the engine they use; the engine is made in a thread, since it looks at the disk."""

    def __init__(self, make_engine: Callable[[], Engine], threads: int, name: str) -> None:
        self._make_engine = make_engine
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def open(self) -> None:
        self._engine = await asyncio.get_running_loop().run_in_executor(self._pool, self._make_engine)

    async def run(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._in_transaction, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._pool.shutdown)
        await asyncio.to_thread(self._engine.dispose)

    def _in_transaction(self, work: Work[T]) -> T:
        with self._engine.begin() as connection:
            return work(connection)


def _make_folder(url: str) -> None:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite" and parts.database:
        Path(parts.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _engine(url: str, *, begin: str, pragmas: tuple[str, ...], size: int = 1) -> Engine:
    engine = create_engine(url, pool_size=size, max_overflow=0, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_prepare_sqlite, (*pragmas, f"busy_timeout={BUSY_MS}")))
        event.listen(engine, "begin", partial(_begin_sqlite, begin))
    return engine


def _prepare_sqlite(pragmas: tuple[str, ...], connection: SqliteConnection, _record: object) -> None:
    """Set up a connection; the driver's own transactions are off, since they begin too late for reads."""
    connection.isolation_level = None
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(begin: str, connection: Connection) -> None:
    connection.exec_driver_sql(begin)
