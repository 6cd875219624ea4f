"""What a time-series server answers about tags. Buckets are made here: no server weighs a step by time."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.model.trend import HOUR_MS, Curve, Grid, Sample, Series, Source
from scada.store.historian.columns import fill, merged
from scada.store.historian.hours import hourly
from scada.store.historian.keeping import Keeping
from scada.store.historian.points import unix_ms
from scada.store.historian.queue.marks import Marks, marks
from scada.store.historian.remote.places import kept_there, marked_place
from scada.store.historian.remote.routes import Route
from scada.store.historian.remote.server import TimeSeriesServer
from scada.store.historian.remote.tag import TagOnServer
from scada.store.historian.rollups import Told, is_textual, series


class RemoteReader:
    """Implements `scada.ports.HistoryReader` on a server."""

    def __init__(
        self,
        server: TimeSeriesServer,
        site: SiteId,
        clock: Clock,
        curves: Mapping[TagName, Curve],
        keeping: Keeping | None = None,
        zone: tzinfo = UTC,
        queue: Path | None = None,
    ) -> None:
        self._server = server
        self._site = site
        self._clock = clock
        self._curves = curves
        self._keeping = kept_there(server.settings, keeping or Keeping())
        self._zone = zone
        self._queue = queue

    async def query(self, name: TagName, since: datetime, until: datetime, limit: int) -> Sequence[Sample]:
        """Give one tag's points as the server has them, oldest first. Raises StoreError."""
        return await asyncio.to_thread(self._server.samples, self._site, name, unix_ms(since), unix_ms(until), limit)

    async def trend(self, names: Sequence[TagName], since: datetime, until: datetime, pixels: int) -> Sequence[Series]:
        """Give every tag's buckets, in the order asked for. Raises StoreError."""
        now_ms = unix_ms(self._clock.now())
        cut = self._keeping.grid(unix_ms(since), unix_ms(until), pixels, now_ms, self._zone)
        return await asyncio.to_thread(self._trends, names, cut, now_ms)

    async def names(self) -> Sequence[TagName]:
        """Give every tag that the server has points of. Raises StoreError."""
        return sorted(await asyncio.to_thread(self._server.names, self._site))

    def _trends(self, names: Sequence[TagName], cut: Grid, now_ms: int) -> list[Series]:
        known = self._marks(names) if cut.source is not Source.POINTS else None
        return [self._trend(name, cut, now_ms, known) for name in names]

    def _marks(self, names: Sequence[TagName]) -> Marks | None:
        """Look which hours at the server are right: where nothing is known of that, points are."""
        if self._queue is None or self._server.found().route is Route.VICTORIA:
            return None
        return marks(self._queue, marked_place(self._server.settings), names)

    def _trend(self, name: TagName, cut: Grid, now_ms: int, known: Marks | None) -> Series:
        tag = TagOnServer(self._server, self._site, name, now_ms)
        curve = self._curves.get(name, Curve.STEP)
        if known is not None:
            run = (cut.start_ms // HOUR_MS, cut.end_ms // HOUR_MS)
            dirty = known.of(name, *run)
            records, held = hourly(tag, curve, run, now_ms, dirty, is_unmarked=name in known.unmarked)
            if not is_textual(records):
                return series(Told(name, curve, held), cut, records, now_ms)
        points = tag.between(cut.start_ms, cut.end_ms)
        if curve is Curve.LINE and now_ms > cut.end_ms:
            points = merged([points, tag.after(cut.end_ms)])
        return fill(name, curve, cut, tag.before(cut.start_ms), points, now_ms)
