"""History on a server, behind the durable queue: memory, then disk, then the server (`historian.md` §5)."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Self

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.recording import DEAD, EVENTS, REFUSED, RETENTION, ROOM, SERVER, HistoryFigures
from scada.model.tag import TagName, TagSpec, TagValue
from scada.model.trend import HOUR_MS, Sample, Series
from scada.secretfile import read_secret
from scada.settings.stores import Influx
from scada.store.ballast import MEGABYTE
from scada.store.db import StoreError
from scada.store.historian.committer import CAPACITY, Committer
from scada.store.historian.keeping import Keeping, is_analog
from scada.store.historian.lease import Lease
from scada.store.historian.points import Point, from_unix_ms
from scada.store.historian.queue.room import Limits
from scada.store.historian.queue.spool import LineQueue
from scada.store.historian.remote.answers import Fate, fate
from scada.store.historian.remote.lines import line
from scada.store.historian.remote.places import days_told
from scada.store.historian.remote.reader import RemoteReader
from scada.store.historian.remote.retention import Retention
from scada.store.historian.remote.roller import PAUSE_S, Known, Roller
from scada.store.historian.remote.sender import STOP_S, Sender
from scada.store.historian.remote.server import TimeSeriesServer
from scada.store.historian.thinning import Rules, Thinner, curves
from scada.store.historian.troubles import Growing, memory_troubles

LATE_S = 60.0
"""A server that has taken nothing for so long is a trouble; a shorter silence is a restart."""


class RemoteHistorian:
    """Implements `scada.ports.Historian`. The server need not be there: what comes waits in the queue."""

    def __init__(
        self,
        settings: Influx,
        site: SiteId,
        clock: Clock,
        queue_path: Path,
        token_path: Path | None = None,
        specs: Iterable[TagSpec] = (),
        *,
        rules: Rules | None = None,
        keeping: Keeping | None = None,
        zone: tzinfo = UTC,
        capacity: int = CAPACITY,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._specs, self._rules = tuple(specs), rules or Rules()
        self._settings = settings
        self._site = site
        self._clock = clock
        self._token_path = token_path
        self._keeping, self._zone = keeping or Keeping(), zone
        self._queue_path, self._pause_s = queue_path, pause_s
        self._lease = Lease(queue_path.with_suffix(".until"), clock)
        self._analog = frozenset(spec.name for spec in self._specs if is_analog(spec))
        self._queue = LineQueue(queue_path, clock, limits_of(settings))
        self._committer = Committer(
            "history-committer", self._enqueue, capacity, self._is_event, self._forgo, self._lease.beat
        )
        self._losses, self._thinnings = Growing(), Growing()

    async def __aenter__(self) -> Self:
        """Open the queue."""
        self._server = await asyncio.to_thread(self._open)
        self._thinner = Thinner(self._specs, self._rules, await asyncio.to_thread(self._lease.ended_ms))
        known = Known(curves(self._specs, self._rules), days_told(self._settings, self._keeping, self._specs))
        self._reader = RemoteReader(
            self._server, self._site, self._clock, known.curves, self._keeping, self._zone, self._queue_path
        )
        self._roller = Roller(self._queue, self._server, self._site, self._clock, known, self._pause_s)
        self._retention = Retention(self._server, self._keeping)
        self._sender = Sender(self._queue, self._server, self._settings.lines_s, self._retention.see_to)
        self._committer.start()
        self._sender.start()
        await asyncio.to_thread(self._roller.start)
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Write what is in memory to the queue and close; the rest is sent after the next start."""
        self._committer.put(self._thinner.rest())
        await asyncio.to_thread(self._roller.stop, STOP_S)
        for close in (self._committer.stop, self._lease.end, self._sender.stop, self._queue.close, self._server.close):
            await asyncio.to_thread(close)

    @property
    def dropped(self) -> int:
        """How many points were lost since start because memory was full."""
        return self._committer.dropped

    def record(self, changes: Sequence[tuple[TagName, TagValue]]) -> None:
        """Take changes into memory; they reach disk within a second."""
        self._committer.put(self._thinner.points(changes))

    async def query(self, name: TagName, since: datetime, until: datetime, limit: int) -> Sequence[Sample]:
        """Give one tag's points as the server has them, oldest first. Raises StoreError."""
        return await self._reader.query(name, since, until, limit)

    async def trend(self, names: Sequence[TagName], since: datetime, until: datetime, pixels: int) -> Sequence[Series]:
        """Give every tag's buckets, in the order asked for. Raises StoreError."""
        return await self._reader.trend(names, since, until, pixels)

    async def names(self) -> Sequence[TagName]:
        """Give every tag that the server has points of. Raises StoreError."""
        return await self._reader.names()

    async def count(self) -> int:
        """How many points have been stored since start and are safe on disk, here or at the server."""
        return max(0, self._committer.committed - self._queue.lost)

    async def figures(self) -> HistoryFigures:
        """Give how recording does. Raises StoreError."""
        oldest = await asyncio.to_thread(self._queue.oldest)
        age_s = 0.0 if oldest is None else max(0.0, (self._clock.now() - oldest).total_seconds())
        held = self._queue.held
        return HistoryFigures(
            memory=self._committer.waiting,
            queue_lines=held.lines,
            queue_bytes=held.bytes,
            queue_age_s=age_s,
            lost=self._queue.lost + self._committer.dropped,
            thinned=self._queue.thinned,
            dead=self._queue.dead_rows,
            send_errors=self._sender.errors,
            troubles=self._troubles(age_s),
        )

    def _troubles(self, age_s: float) -> Mapping[str, str]:
        now_s, queue, answer = self._clock.seconds(), self._queue, self._sender.trouble
        troubles = dict(memory_troubles(self._committer, self._losses, now_s))
        if answer is not None and fate(answer) is Fate.REFUSED:
            troubles[REFUSED] = f"{answer.status} {answer.words[:100]}"
        elif answer is not None and age_s > LATE_S:
            troubles[SERVER] = f"{answer.status or 'no answer'} {answer.words[:100]}"
        elif not self._sender.is_alive:
            troubles[SERVER] = "the sender has ended"
        if queue.is_over:
            troubles[EVENTS] = f"{queue.held.event_bytes // MEGABYTE} MB"
        if self._thinnings.grew_lately(queue.thinned, now_s):
            troubles[ROOM] = f"{queue.thinned} lines since start"
        if queue.dead_rows:
            troubles[DEAD] = f"{queue.dead_rows} lines; daozha history dead list"
        if self._retention.trouble:
            troubles[RETENTION] = self._retention.trouble[:100]
        return troubles

    def _open(self) -> TimeSeriesServer:
        server = TimeSeriesServer(self._settings, token_of(self._token_path), self._specs)
        self._queue.open()
        return server

    def _is_event(self, point: Point) -> bool:
        return point.name not in self._analog

    def _enqueue(self, points: Sequence[Point]) -> None:
        events, analog = list[str](), list[str]()
        for point in points:
            (analog if point.name in self._analog else events).append(line(self._site, point))
        self._queue.put(events, analog, {(point.name, point.at_ms // HOUR_MS) for point in points})
        self._sender.wake()

    def _forgo(self, points: Sequence[Point]) -> None:
        times = [point.at_ms for point in points]
        since, until = (from_unix_ms(at).isoformat(timespec="milliseconds") for at in (min(times), max(times)))
        self._queue.forgo(len(points), since, until)


def limits_of(settings: Influx) -> Limits:
    """Give what the queue may take of its disk."""
    return Limits(settings.budget_mb * MEGABYTE, settings.free_mb * MEGABYTE)


def token_of(path: Path | None) -> str | None:
    """Read the server's token. Raises StoreError."""
    if path is None:
        return None
    try:
        return read_secret(path)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"the history server's token {path}: {error}") from error
