"""History in InfluxDB 1.x to 3, behind the durable queue. Lines out, InfluxQL in (`historian.md` §3)."""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.tag import TagName, TagSpec, TagValue
from scada.model.trend import Curve, Grid, Sample, Series, grid
from scada.secretfile import read_secret
from scada.settings.stores import Influx
from scada.store.db import StoreError
from scada.store.historian.answers import Answer
from scada.store.historian.columns import columns_of, fill
from scada.store.historian.committer import Committer
from scada.store.historian.lines import last_before, line, place_of, select, series
from scada.store.historian.points import Point, Thinner, from_unix_ms, unix_ms
from scada.store.historian.queue import LineQueue
from scada.store.historian.sender import Sender

CONNECT_MS, READ_MS = 2000, 5000
PAGE = 50_000
"""Points asked for at once."""
_OLD = re.compile(r"v?(0|1\.[0-7])\.")


class InfluxServer:
    """One InfluxDB server, by the client's transport. The route is found when it first answers."""

    def __init__(self, settings: Influx, token: str | None) -> None:
        self._settings = settings
        self._database, _, self._policy = settings.bucket.partition("/")
        self._client: Any = InfluxDBClient(
            url=settings.url, token=token or "", org=settings.org, timeout=(CONNECT_MS, READ_MS), retries=False
        )
        self._call: Any = self._client.api_client.call_api
        self._write_api: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self._route: Callable[[bytes], None] | None = None

    def close(self) -> None:
        """Close the connections."""
        self._write_api.close()
        self._client.close()

    def write(self, lines: Sequence[str]) -> Answer:
        """Send lines once, by the route that this server understands."""
        try:
            if self._route is None:
                self._route = self._find_route()
            self._route("\n".join(lines).encode())
        except ApiException as error:
            return self._answer(error)
        except HTTPError as error:
            self._route = None
            return Answer(None, str(error))
        return Answer(204)

    def is_well(self) -> bool:
        """Say whether the server answers a ping."""
        return bool(self._client.ping())

    def query(self, text: str) -> list[list[Any]]:
        """Ask an InfluxQL query for one series; give its rows. Raises StoreError."""
        return [row for series in self.query_series(text) for row in series["values"]]

    def query_series(self, text: str) -> list[dict[str, Any]]:
        """Ask an InfluxQL query; give its series, each with its `tags` and `values`. Raises StoreError."""
        parameters = [("db", self._database), ("epoch", "ms"), ("q", text)]
        if self._policy:
            parameters.append(("rp", self._policy))
        try:
            reply = self._call(
                "/query",
                "GET",
                {},
                parameters,
                {"Accept": "application/json"},
                response_type="object",
                auth_settings=[],
                _return_http_data_only=True,
            )
        except (ApiException, HTTPError) as error:
            raise StoreError(f"query {self._settings.url}: {_words(error)}") from error
        return _series(self._settings.url, reply)

    def _find_route(self) -> Callable[[bytes], None]:
        if _OLD.match(str(self._client.version())):
            return self._write_v1
        return self._write_v2

    def _write_v1(self, body: bytes) -> None:
        parameters = [("db", self._database), ("precision", "ms")]
        if self._policy:
            parameters.append(("rp", self._policy))
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        self._call("/write", "POST", {}, parameters, headers, body=body, auth_settings=[])

    def _write_v2(self, body: bytes) -> None:
        self._write_api.write(self._settings.bucket, self._settings.org, body, write_precision=WritePrecision.MS)

    def _answer(self, error: ApiException) -> Answer:
        if error.status in (0, 404):
            self._route = None
        headers: Any = error.headers or {}
        retry_after = str(headers.get("Retry-After", ""))
        return Answer(error.status or None, _words(error), float(retry_after) if retry_after.isdigit() else None)


class InfluxHistorian:
    """Implements `scada.ports.Historian`: memory, then the queue on disk, then the server."""

    def __init__(
        self,
        settings: Influx,
        site: SiteId,
        clock: Clock,
        queue_path: Path,
        token_path: Path | None = None,
        specs: Iterable[TagSpec] = (),
    ) -> None:
        self._settings = settings
        self._site = site
        self._clock = clock
        self._token_path = token_path
        self._thinner = Thinner(specs)
        self._queue = LineQueue(queue_path, clock)
        self._committer = Committer("history-committer", self._enqueue)

    async def __aenter__(self) -> Self:
        """Open the queue; the server need not be there."""
        self._server = await asyncio.to_thread(self._open)
        self._sender = Sender(self._queue, self._server)
        self._committer.start()
        self._sender.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Write what is in memory to the queue and close; the rest is sent after the next start."""
        for close in (self._committer.stop, self._sender.stop, self._queue.close, self._server.close):
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
        text = select(self._site, name, unix_ms(since), unix_ms(until), limit)
        return await asyncio.to_thread(self._samples, text)

    async def trend(self, names: Sequence[TagName], since: datetime, until: datetime, pixels: int) -> Sequence[Series]:
        """Give every tag's buckets, made here: no server weighs a step by time. Raises StoreError."""
        cut = grid(unix_ms(since), unix_ms(until), pixels)
        return await asyncio.to_thread(lambda: [self._trend(name, cut) for name in names])

    async def names(self) -> Sequence[TagName]:
        """Give every tag that the server has points of. Raises StoreError."""
        found = await asyncio.to_thread(self._server.query_series, series(self._site))
        return sorted(place_of(one["tags"]["lane"], one["tags"]["point"]) for one in found)

    def _samples(self, text: str) -> list[Sample]:
        return [_sample(*row) for row in self._server.query(text)]

    def _trend(self, name: TagName, cut: Grid) -> Series:
        before = self._samples(last_before(self._site, name, cut.start_ms))
        points, since_ms = list[Sample](), cut.start_ms
        while page := self._samples(select(self._site, name, since_ms, cut.end_ms, PAGE)):
            points += page
            since_ms = unix_ms(page[-1].at) + 1
        now_ms = unix_ms(self._clock.now())
        return fill(name, Curve.STEP, cut, before[0] if before else None, columns_of(points), now_ms)

    async def count(self) -> int:
        """How many points have been stored since start and are safe on disk, here or at the server."""
        return max(0, self._committer.committed - self._queue.lost)

    def _open(self) -> InfluxServer:
        token = None
        if self._token_path is not None:
            try:
                token = read_secret(self._token_path)
            except OSError as error:
                raise StoreError(f"InfluxDB's token {self._token_path}: {error.strerror}") from error
        self._queue.open()
        return InfluxServer(self._settings, token)

    def _enqueue(self, points: Sequence[Point]) -> None:
        self._queue.put([line(self._site, point) for point in points])
        self._sender.wake()


def _sample(at_ms: int, value: float | None, text: str | None, quality: int | None) -> Sample:
    return Sample(from_unix_ms(int(at_ms)), None if value is None else float(value), text, int(quality or 0))


def _series(url: str, reply: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- JSON of a server
    result = reply["results"][0] if isinstance(reply, dict) and reply.get("results") else {}
    if "error" in result:
        raise StoreError(f"query {url}: {result['error']}")
    return list(result.get("series", ()))


def _words(error: Exception) -> str:
    body = error.body if isinstance(error, ApiException) else None
    return str(body or error).strip()[:500]
