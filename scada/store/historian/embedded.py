"""History without a server: plain rows in a SQLite file of their own (`historian.md` §6)."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from scada.model.names import SiteId
from scada.model.tag import TagName, TagSpec, TagValue
from scada.ports import Sample
from scada.store.historian.committer import CAPACITY, Committer
from scada.store.historian.files import open_file, reading, transaction
from scada.store.historian.points import Point, Thinner, from_unix_ms, unix_ms

SCHEMA = """
CREATE TABLE IF NOT EXISTS tag (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (site, name)
) STRICT;
CREATE TABLE IF NOT EXISTS point (
    tag_id INTEGER NOT NULL REFERENCES tag (id),
    ts INTEGER NOT NULL,
    value REAL,
    text TEXT,
    quality INTEGER NOT NULL,
    PRIMARY KEY (tag_id, ts)
) WITHOUT ROWID, STRICT;
"""
_STORE = "INSERT OR REPLACE INTO point (tag_id, ts, value, text, quality) VALUES (?, ?, ?, ?, ?)"
_FIND = (
    "SELECT ts, value, text, quality FROM point JOIN tag ON tag.id = point.tag_id"
    " WHERE site = ? AND name = ? AND ts >= ? AND ts < ? ORDER BY ts LIMIT ?"
)


class EmbeddedHistorian:
    """Implements `scada.ports.Historian` on one SQLite file; a point stored twice is one point."""

    def __init__(self, path: Path, site: SiteId, specs: Iterable[TagSpec] = (), capacity: int = CAPACITY) -> None:
        self._path = path
        self._site = site
        self._thinner = Thinner(specs)
        self._committer = Committer("history-committer", self._store, capacity)
        self._ids: dict[TagName, int] = {}

    async def __aenter__(self) -> Self:
        """Open the file."""
        self._connection = await asyncio.to_thread(open_file, self._path, SCHEMA)
        self._committer.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Write what is in memory and close."""
        await asyncio.to_thread(self._committer.stop)
        await asyncio.to_thread(self._connection.close)

    @property
    def dropped(self) -> int:
        """How many points were lost since start because memory was full."""
        return self._committer.dropped

    def record(self, changes: Sequence[tuple[TagName, TagValue]]) -> None:
        """Take changes into memory; they reach disk within a second."""
        self._committer.put(self._thinner.points(changes))

    async def query(self, name: TagName, since: datetime, until: datetime, limit: int) -> Sequence[Sample]:
        """Give one tag's points, oldest first. Raises StoreError."""
        return await asyncio.to_thread(self._query, name, unix_ms(since), unix_ms(until), limit)

    async def count(self) -> int:
        """How many points have been stored since start and are safe on disk."""
        return self._committer.committed

    def _query(self, name: TagName, since_ms: int, until_ms: int, limit: int) -> list[Sample]:
        with reading(self._path) as connection:
            rows = connection.execute(_FIND, (self._site, name, since_ms, until_ms, limit))
            return [Sample(from_unix_ms(ts), value, text, quality) for ts, value, text, quality in rows]

    def _store(self, points: Sequence[Point]) -> None:
        with transaction(self._connection, f"store {len(points)} points in {self._path}") as connection:
            ids = {name: self._ids.get(name) or self._id(connection, name) for name in {p.name for p in points}}
            connection.executemany(_STORE, [(ids[p.name], p.at_ms, p.value, p.text, p.status_code) for p in points])
        self._ids.update(ids)

    def _id(self, connection: sqlite3.Connection, name: TagName) -> int:
        connection.execute("INSERT OR IGNORE INTO tag (site, name) VALUES (?, ?)", (self._site, name))
        row = connection.execute("SELECT id FROM tag WHERE site = ? AND name = ?", (self._site, name)).fetchone()
        return int(row[0])
