"""What the embedded history answers. It needs the file alone, so that any process may ask, while the plant writes."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.model.trend import HOUR_MS, Curve, Grid, Sample, Series, Source
from scada.store.db import StoreError
from scada.store.historian.columns import fill, merged
from scada.store.historian.embedded.chunks import after, before, between, rows_of, sample
from scada.store.historian.embedded.hours import hourly
from scada.store.historian.embedded.schema import VERSION
from scada.store.historian.files import Shelf
from scada.store.historian.keeping import Keeping
from scada.store.historian.points import unix_ms
from scada.store.historian.rollups import Told, is_textual, series


class EmbeddedReader:
    """Implements `scada.ports.HistoryReader` on one SQLite file."""

    def __init__(
        self,
        path: Path,
        site: SiteId,
        clock: Clock,
        keeping: Keeping | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self._path = path
        self._shelf = Shelf(path)
        self._site = site
        self._clock = clock
        self._keeping = keeping or Keeping()
        self._zone = zone

    async def query(self, name: TagName, since: datetime, until: datetime, limit: int) -> Sequence[Sample]:
        """Give one tag's points, oldest first. Raises StoreError."""
        return await asyncio.to_thread(self._query, name, unix_ms(since), unix_ms(until), limit)

    async def trend(self, names: Sequence[TagName], since: datetime, until: datetime, pixels: int) -> Sequence[Series]:
        """Give every tag's buckets, in the order asked for. Raises StoreError."""
        now_ms = unix_ms(self._clock.now())
        cut = self._keeping.grid(unix_ms(since), unix_ms(until), pixels, now_ms, self._zone)
        return await asyncio.to_thread(self._trend, names, cut, now_ms)

    async def names(self) -> Sequence[TagName]:
        """Give every tag of the site that has ever been recorded, in the order of the alphabet. Raises StoreError."""
        return await asyncio.to_thread(self._names)

    def _query(self, name: TagName, since_ms: int, until_ms: int, limit: int) -> list[Sample]:
        with self._snapshot() as connection:
            points = between(connection, self._tag(connection, name)[0], since_ms, until_ms, limit)
        return [sample(*row) for row in rows_of(points)]

    def _trend(self, names: Sequence[TagName], cut: Grid, now_ms: int) -> list[Series]:
        with self._snapshot() as connection:
            return [self._series(connection, name, cut, now_ms) for name in names]

    def _series(self, connection: sqlite3.Connection, name: TagName, cut: Grid, now_ms: int) -> Series:
        tag_id, curve = self._tag(connection, name)
        if cut.source is not Source.POINTS:
            run = (cut.start_ms // HOUR_MS, cut.end_ms // HOUR_MS)
            records, held = hourly(connection, tag_id, curve, run, now_ms)
            if not is_textual(records):
                return series(Told(name, curve, held), cut, records, now_ms)
        points = between(connection, tag_id, cut.start_ms, cut.end_ms)
        if curve is Curve.LINE:
            points = merged([points, after(connection, tag_id, cut.end_ms)])
        return fill(name, curve, cut, before(connection, tag_id, cut.start_ms), points, now_ms)

    def _names(self) -> list[TagName]:
        with self._shelf.reading() as connection:
            rows = connection.execute("SELECT name FROM tag WHERE site = ? ORDER BY name", (self._site,))
            return [TagName(name) for (name,) in rows]

    def _tag(self, connection: sqlite3.Connection, name: TagName) -> tuple[int, Curve]:
        """Give the tag's number, 0 for one that was never recorded, and how it goes."""
        query = "SELECT id, curve FROM tag WHERE site = ? AND name = ?"
        row = connection.execute(query, (self._site, name)).fetchone()
        return (int(row[0]), Curve(row[1])) if row is not None else (0, Curve.STEP)

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read as the file is at one moment: what is packed meanwhile is neither missing nor there twice."""
        with self._shelf.reading() as connection:
            connection.execute("BEGIN")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                raise StoreError(
                    f"read {self._path}: it is of version {version}; the plant brings it up to {VERSION} when it starts"
                )
            yield connection
