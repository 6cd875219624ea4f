"""What a time-series server answers about tags. Buckets are made here: no server weighs a step by time."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.model.trend import Curve, Grid, Sample, Series, grid
from scada.store.historian.columns import columns_of, fill
from scada.store.historian.points import unix_ms
from scada.store.historian.remote.server import TimeSeriesServer

PAGE = 50_000
"""Points asked for at once."""


class RemoteReader:
    """Implements `scada.ports.HistoryReader` on a server."""

    def __init__(
        self,
        server: TimeSeriesServer,
        site: SiteId,
        clock: Clock,
        curves: Mapping[TagName, Curve],
        day_starts_ms: int = 0,
    ) -> None:
        self._server = server
        self._site = site
        self._clock = clock
        self._curves = curves
        self._day_starts_ms = day_starts_ms

    async def query(self, name: TagName, since: datetime, until: datetime, limit: int) -> Sequence[Sample]:
        """Give one tag's points as the server has them, oldest first. Raises StoreError."""
        return await asyncio.to_thread(self._server.samples, self._site, name, unix_ms(since), unix_ms(until), limit)

    async def trend(self, names: Sequence[TagName], since: datetime, until: datetime, pixels: int) -> Sequence[Series]:
        """Give every tag's buckets, in the order asked for. Raises StoreError."""
        cut = grid(unix_ms(since), unix_ms(until), pixels, self._day_starts_ms)
        return await asyncio.to_thread(lambda: [self._trend(name, cut) for name in names])

    async def names(self) -> Sequence[TagName]:
        """Give every tag that the server has points of. Raises StoreError."""
        return sorted(await asyncio.to_thread(self._server.names, self._site))

    def _trend(self, name: TagName, cut: Grid) -> Series:
        before = self._server.last_before(self._site, name, cut.start_ms)
        points, since_ms = list[Sample](), cut.start_ms
        while page := self._server.samples(self._site, name, since_ms, cut.end_ms, PAGE):
            points += page
            since_ms = unix_ms(page[-1].at) + 1
        now_ms, curve = unix_ms(self._clock.now()), self._curves.get(name, Curve.STEP)
        if curve is Curve.LINE and now_ms > cut.end_ms:
            points += self._server.samples(self._site, name, cut.end_ms, now_ms, 1)
        return fill(name, curve, cut, before, columns_of(points), now_ms)
