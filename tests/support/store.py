"""Databases for tests: made by the migrations, in a folder of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from scada.model.names import SiteId
from scada.store.db import Database, migrate

SITE = SiteId("demo")
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def made_database(folder: Path) -> str:
    """Make the tables in a new SQLite file and give its URL."""
    url = f"sqlite:///{folder / 'daozha.db'}"
    migrate(url)
    return url


@asynccontextmanager
async def open_database(folder: Path, **sizes: int) -> AsyncIterator[Database]:
    """Give a database with all tables and no rows."""
    url = await asyncio.to_thread(made_database, folder)
    async with Database(url, **sizes) as db:
        yield db


async def until(true: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    deadline = monotonic() + within_s
    while not true():
        assert monotonic() < deadline, f"not true within {within_s} s"
        await asyncio.sleep(0.01)
