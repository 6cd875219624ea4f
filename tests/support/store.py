"""Databases for tests, made by the migrations: SQLite in a folder of the test's own, or PostgreSQL.

A test, or with `pytestmark = pytest.mark.usefixtures("any_database")` a whole file of them, runs once on each, as long
as it asks `made_database` or `open_database` for its tables. Write tests of tables, triggers and queries like that.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Protocol

from sqlalchemy import make_url

from scada.config import load
from scada.model.names import SiteId
from scada.store.db import QUEUE_SIZE, READERS, Database, database_url, migrate, writing_engine
from scada.store.sql.sqlite import make_folder

SITE = SiteId("demo")
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class Server(Protocol):
    """Makes databases by name: the same name is the same database."""

    def database(self, name: str, *, migrated: bool = True) -> str:
        """Give the URL of a database, with all tables or without any."""


_servers: list[Server] = []


@contextmanager
def on(server: Server) -> Iterator[None]:
    """Let databases be made on a server instead of in files."""
    _servers.append(server)
    yield
    _servers.pop()


def is_sqlite() -> bool:
    """Say whether databases are files now."""
    return not _servers


def empty_database(folder: Path, name: str = "daozha") -> str:
    """Give the URL of a database without any table: a file in this folder, or one on the server in use."""
    return _servers[-1].database(f"{folder}/{name}", migrated=False) if _servers else f"sqlite:///{folder / name}.db"


def made_database(folder: Path) -> str:
    """Give the URL of a database with all tables; the same folder is the same database."""
    if _servers:
        return _servers[-1].database(str(folder))
    url = empty_database(folder)
    give_tables(url)
    return url


def give_tables(url: str) -> None:
    """Do what `migrate` does. A new SQLite file is a copy of one that was migrated before: that takes no time."""
    there = make_url(url)
    if there.get_backend_name() != "sqlite" or Path(str(there.database)).exists():
        migrate(url)
        return
    make_folder(there)
    Path(str(there.database)).write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    """Give a SQLite file with all tables and no rows."""
    with TemporaryDirectory() as folder:
        migrate(empty := f"sqlite:///{folder}/empty.db")
        return Path(str(make_url(empty).database)).read_bytes()


def rows_of(config: Path, query: str) -> list[tuple[object, ...]]:
    """Run one statement in the tables of a site, and give its rows if it has any."""
    engine = writing_engine(database_url(load(config)))
    with engine.begin() as connection:
        done = connection.exec_driver_sql(query)
        rows = [tuple(row) for row in done] if done.returns_rows else []
    engine.dispose()
    return rows


@asynccontextmanager
async def open_database(
    folder: Path, *, readers: int = READERS, queue_size: int = QUEUE_SIZE
) -> AsyncIterator[Database]:
    """Give a database with all tables and no rows."""
    url = await asyncio.to_thread(made_database, folder)
    async with Database(url, readers=readers, queue_size=queue_size) as db:
        yield db


async def until(true: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    deadline = monotonic() + within_s
    while not true():
        assert monotonic() < deadline, f"not true within {within_s} s"
        await asyncio.sleep(0.01)
