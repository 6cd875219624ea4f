"""What the embedded history answers. It needs the file alone, so that any process may ask, while the plant writes."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.model.trend import Curve, Grid, Sample, Series, grid
from scada.store.historian.columns import columns, fill
from scada.store.historian.files import reading
from scada.store.historian.points import from_unix_ms, unix_ms

_FIND = "SELECT ts, value, text, quality FROM point WHERE tag_id = ? AND ts >= ? AND ts < ? ORDER BY ts LIMIT ?"
_BEFORE = "SELECT ts, value, text, quality FROM point WHERE tag_id = ? AND ts < ? ORDER BY ts DESC LIMIT 1"


class EmbeddedReader:
    """Implements `scada.ports.HistoryReader` on one SQLite file."""

    def __init__(
        self, path: Path, site: SiteId, clock: Clock, curves: Mapping[TagName, Curve], day_starts_ms: int = 0
    ) -> None:
        self._path = path
        self._site = site
        self._clock = clock
        self._curves = curves
        self._day_starts_ms = day_starts_ms

    async def query(self, name: TagName, since: datetime, until: datetime, limit: int) -> Sequence[Sample]:
        """Give one tag's points, oldest first. Raises StoreError."""
        return await asyncio.to_thread(self._query, name, unix_ms(since), unix_ms(until), limit)

    async def trend(self, names: Sequence[TagName], since: datetime, until: datetime, pixels: int) -> Sequence[Series]:
        """Give every tag's buckets, in the order asked for. Raises StoreError."""
        cut = grid(unix_ms(since), unix_ms(until), pixels, self._day_starts_ms)
        return await asyncio.to_thread(self._trend, names, cut)

    async def names(self) -> Sequence[TagName]:
        """Give every tag of the site that has ever been recorded, in the order of the alphabet. Raises StoreError."""
        return await asyncio.to_thread(self._names)

    def _query(self, name: TagName, since_ms: int, until_ms: int, limit: int) -> list[Sample]:
        with reading(self._path) as connection:
            tag_id = self._id(connection, name)
            return [_sample(*row) for row in connection.execute(_FIND, (tag_id, since_ms, until_ms, limit))]

    def _trend(self, names: Sequence[TagName], cut: Grid) -> list[Series]:
        with reading(self._path) as connection:
            return [self._series(connection, name, cut) for name in names]

    def _series(self, connection: sqlite3.Connection, name: TagName, cut: Grid) -> Series:
        tag_id, curve = self._id(connection, name), self._curves.get(name, Curve.STEP)
        found = connection.execute(_BEFORE, (tag_id, cut.start_ms)).fetchone()
        before = _sample(*found) if found is not None else None
        rows = connection.execute(_FIND, (tag_id, cut.start_ms, cut.end_ms, -1)).fetchall()
        return fill(name, curve, cut, before, columns(rows), unix_ms(self._clock.now()))

    def _names(self) -> list[TagName]:
        with reading(self._path) as connection:
            rows = connection.execute("SELECT name FROM tag WHERE site = ? ORDER BY name", (self._site,))
            return [TagName(name) for (name,) in rows]

    def _id(self, connection: sqlite3.Connection, name: TagName) -> int | None:
        query = "SELECT id FROM tag WHERE site = ? AND name = ?"
        row = connection.execute(query, (self._site, name)).fetchone()
        return int(row[0]) if row is not None else None


def _sample(ts: int, value: float | None, text: str | None, quality: int) -> Sample:
    return Sample(from_unix_ms(ts), value, text, quality)
