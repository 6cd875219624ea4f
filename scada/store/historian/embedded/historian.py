"""History without a server: plain rows in a SQLite file of their own (`historian.md` §6)."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.recording import HistoryFigures
from scada.model.tag import TagName, TagSpec, TagValue
from scada.store.historian.committer import CAPACITY, Committer
from scada.store.historian.embedded.reading import EmbeddedReader
from scada.store.historian.embedded.schema import SCHEMA
from scada.store.historian.files import open_file, transaction
from scada.store.historian.points import Point, Thinner
from scada.store.historian.troubles import Growing, memory_troubles

_STORE = "INSERT OR REPLACE INTO point (tag_id, ts, value, text, quality) VALUES (?, ?, ?, ?, ?)"


class EmbeddedHistorian(EmbeddedReader):
    """Implements `scada.ports.Historian` on one SQLite file; a point stored twice is one point."""

    def __init__(
        self, path: Path, site: SiteId, clock: Clock, specs: Iterable[TagSpec] = (), capacity: int = CAPACITY
    ) -> None:
        super().__init__(path, site, clock, {})
        self._thinner = Thinner(specs)
        self._committer = Committer("history-committer", self._store, capacity)
        self._ids: dict[TagName, int] = {}
        self._losses = Growing()

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

    async def record_durable(self, changes: Sequence[tuple[TagName, TagValue]]) -> None:
        """Take changes and return when they are on disk. Raises StoreError when memory is full."""
        await asyncio.wrap_future(self._committer.put_durable(self._thinner.points(changes)))

    async def count(self) -> int:
        """How many points have been stored since start and are safe on disk."""
        return self._committer.committed

    async def figures(self) -> HistoryFigures:
        """Give how recording does."""
        troubles = memory_troubles(self._committer, self._losses, self._clock.seconds())
        return HistoryFigures(memory=self._committer.waiting, lost=self._committer.dropped, troubles=troubles)

    def _store(self, points: Sequence[Point]) -> None:
        with transaction(self._connection, f"store {len(points)} points in {self._path}") as connection:
            ids = {name: self._ids.get(name) or self._new_id(connection, name) for name in {p.name for p in points}}
            connection.executemany(_STORE, [(ids[p.name], p.at_ms, p.value, p.text, p.status_code) for p in points])
        self._ids.update(ids)

    def _new_id(self, connection: sqlite3.Connection, name: TagName) -> int:
        connection.execute("INSERT OR IGNORE INTO tag (site, name) VALUES (?, ?)", (self._site, name))
        row = connection.execute("SELECT id FROM tag WHERE site = ? AND name = ?", (self._site, name)).fetchone()
        return int(row[0])
