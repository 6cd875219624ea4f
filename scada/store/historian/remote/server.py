"""One time-series server, by the transport of InfluxDB's client. Lines in, rows out (`historian.md` §3)."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from scada.model.names import SiteId
from scada.model.tag import TagName, TagSpec
from scada.model.trend import DAY_MS, HOUR_MS, Sample
from scada.settings.stores import Influx
from scada.store.db import StoreError
from scada.store.historian.points import from_unix_ms
from scada.store.historian.remote import victoria
from scada.store.historian.remote.answers import Answer, retry_after_s
from scada.store.historian.remote.lines import (
    MEASUREMENTS,
    ROLLUP,
    count_by_hour,
    last_before,
    last_hour_before,
    place_of,
    select,
    select_hours,
    series,
)
from scada.store.historian.remote.places import Share, bucket_of, raw_buckets, sorter
from scada.store.historian.remote.routes import Found, Route, route_of, version_of

CONNECT_MS, READ_MS = 2000, 5000
V3_HOURS_MS, V3_POINTS_MS, V3_BACK_MS = 14 * DAY_MS, 2 * DAY_MS, 92 * DAY_MS
"""InfluxDB 3 Core lets a question reach over 432 files, of which hours make one an hour, and points six."""
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}

Parameters = Sequence[tuple[str, str | int]]


class TimeSeriesServer:
    """Implements `sender.Server`, and gives what it has stored. The route is found when the server first answers."""

    def __init__(self, settings: Influx, token: str | None, specs: Iterable[TagSpec] = ()) -> None:
        self.settings = settings
        self._bucket_of = sorter(settings, specs)
        self._hours = bucket_of(settings, Share.HOURS)
        self.client: Any = InfluxDBClient(
            url=settings.url, token=token or "", org=settings.org, timeout=(CONNECT_MS, READ_MS), retries=False
        )
        self._call: Any = self.client.api_client.call_api
        self._write_api: Any = self.client.write_api(write_options=SYNCHRONOUS)
        self._token = token
        self._found: Found | None = None

    def close(self) -> None:
        """Close the connections."""
        self._write_api.close()
        self.client.close()

    def write(self, lines: Sequence[str]) -> Answer:
        """Send lines once, by the route that this server understands, each to the place of its class."""
        places = dict[str, list[str]]()
        for line in lines:
            places.setdefault(self._bucket_of(line), []).append(line)
        try:
            route = (self._found or self.find()).route
            for bucket, some in places.items():
                self._write(route, bucket, some)
        except ApiException as error:
            return self._answer(error)
        except HTTPError as error:
            self._found = None
            return Answer(None, str(error))
        return Answer(204)

    def is_well(self) -> bool:
        """Say whether the server answers a ping."""
        try:
            self.ask("/ping")
        except (ApiException, HTTPError):
            return False
        return True

    def find(self) -> Found:
        """Ask the server what it is. Raises ApiException or HTTPError."""
        version = ""
        try:
            headers, body = self.ask("/ping")
            version = version_of(headers, body)
        except ApiException as error:
            if error.status != 404:
                raise
        is_victoria = not version and self._is_victoria()
        self._found = Found(route_of(version, is_victoria=is_victoria), version)
        self._show_who(self._found.route)
        return self._found

    def _show_who(self, route: Route) -> None:
        """Show user and password as the server wants to see them: before 1.8 it knows no token."""
        if self._token is not None:
            basic = base64.b64encode(self._token.encode()).decode()
            told = f"Basic {basic}" if route is Route.V1 else f"Token {self._token}"
            self.client.api_client.set_default_header("Authorization", told)

    def found(self) -> Found:
        """Say what the server is. Raises StoreError if it does not answer."""
        try:
            return self._found or self.find()
        except (ApiException, HTTPError) as error:
            raise StoreError(f"ask {self.settings.url}: {words(error)}") from error

    def samples(self, site: SiteId, name: TagName, since_ms: int, until_ms: int, limit: int) -> list[Sample]:
        """Give points of a tag, oldest first. Raises StoreError."""
        if self.found().route is Route.VICTORIA:
            return [_sample(*row) for row in self._exported(site, name, since_ms, until_ms - 1)[:limit]]
        query = select(site, name, since_ms, until_ms, limit)
        rows = [row for bucket in raw_buckets(self.settings, name) for row in self._rows(query, bucket)]
        return [_sample(*row) for row in sorted(rows, key=itemgetter(0))[:limit]]

    def last_before(self, site: SiteId, name: TagName, at_ms: int) -> Sample | None:
        """Give the last point of a tag before a time; None if there is none. Raises StoreError."""
        if self.found().route is Route.VICTORIA:
            last = self._exported(site, name, max(0, at_ms - victoria.FOREVER_MS), at_ms - 1)[-1:]
            return next((_sample(*row) for row in last), None)
        query = last_before(site, name, at_ms)
        rows = [row for bucket in raw_buckets(self.settings, name) for row in self._rows(query, bucket)]
        return _sample(*max(rows, key=itemgetter(0))) if rows else None

    def hours(
        self, site: SiteId, name: TagName, fields: Sequence[str], since_ms: int, until_ms: int
    ) -> Iterator[list[Any]]:
        """Give a tag's hours, oldest first: the time and the fields of each. Raises StoreError."""
        route = self.found().route
        if route is Route.VICTORIA:
            return
        step_ms = V3_HOURS_MS if route is Route.V3 else until_ms - since_ms
        for first_ms in range(since_ms, until_ms, step_ms):
            query = select_hours(site, name, fields, first_ms, min(first_ms + step_ms, until_ms))
            yield from self._rows(query, self._hours)

    def last_hour(self, site: SiteId, name: TagName, fields: Sequence[str], at_ms: int) -> list[Any] | None:
        """Give a tag's last hour that begins before a time. Raises StoreError."""
        if self.found().route is Route.VICTORIA:
            return None
        return next(iter(self._rows(last_hour_before(site, name, fields, at_ms), self._hours)), None)

    def hours_with_points(self, site: SiteId, name: TagName, until_ms: int) -> list[int]:
        """Give every hour in which a tag has points, as far back as `oldest_counted_ms`. Raises StoreError."""
        if self.found().route is Route.VICTORIA:
            return []
        since_ms, rows = self.oldest_counted_ms(until_ms), list[list[Any]]()
        step_ms = V3_POINTS_MS if self.found().route is Route.V3 else until_ms
        for first_ms in range(since_ms, until_ms, step_ms):
            query = count_by_hour(site, name, first_ms, min(first_ms + step_ms, until_ms))
            rows += [row for bucket in raw_buckets(self.settings, name) for row in self._rows(query, bucket)]
        return sorted({int(row[0]) // HOUR_MS for row in rows if row[1]})

    def oldest_counted_ms(self, now_ms: int) -> int:
        """Say since when older points can be looked through: 3 Core is asked in steps, and so not for all of them."""
        return now_ms // HOUR_MS * HOUR_MS - V3_BACK_MS if self.found().route is Route.V3 else 0

    def stored_times(self, site: SiteId, name: TagName, since_ms: int, until_ms: int) -> int:
        """Count what is stored of a tag, a point as often as it is there. Raises StoreError."""
        if self.found().route is Route.VICTORIA:
            return victoria.times(self._export(site, name, since_ms, until_ms - 1))
        return len(self.samples(site, name, since_ms, until_ms, 1000))

    def flush(self) -> None:
        """Let a VictoriaMetrics show what it has taken, which it does by itself some seconds later."""
        if self.found().route is Route.VICTORIA:
            with suppress(StoreError):
                self._text("/internal/force_flush", ())

    def delete(self, measurement: str, since_ms: int, until_ms: int) -> None:
        """Let an InfluxDB 2 forget a measurement. Raises ApiException or HTTPError."""
        since, until = (from_unix_ms(at).isoformat() for at in (since_ms, until_ms))
        which = f'_measurement="{measurement}"'
        self.client.delete_api().delete(since, until, which, self.settings.bucket, self.settings.org)

    def names(self, site: SiteId) -> list[TagName]:
        """Give every tag that the server has points of. Raises StoreError."""
        if self.found().route is Route.VICTORIA:
            told = self._text(victoria.SERIES, [("match[]", victoria.matching(site, None)), ("start", 1)])
            return victoria.names(json.loads(told)["data"])
        where = [(bucket_of(self.settings, share), of) for share in Share for of in (*MEASUREMENTS, ROLLUP)]
        found = [one["tags"] for bucket, of in dict.fromkeys(where) for one in self._known(site, of, bucket)]
        return list(dict.fromkeys(place_of(tags["lane"], tags["point"]) for tags in found))

    def query_series(self, text: str, method: str = "GET", bucket: str | None = None) -> list[dict[str, Any]]:
        """Ask an InfluxQL query; give its series, each with its `tags` and `values`. Raises StoreError."""
        database, _, policy = (bucket or self.settings.bucket).partition("/")
        asked: list[tuple[str, str | int]] = [("db", database), ("epoch", "ms"), ("q", text)]
        if policy:
            asked.append(("rp", policy))
        told = self._text("/query", asked, method)
        try:
            reply = json.loads(told)
            result = reply["results"][0] if isinstance(reply, dict) and reply.get("results") else {}
            if "error" in result:
                raise StoreError(f"query {self.settings.url}: {result['error']}")
            return list(result.get("series", ()))
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
            raise StoreError(f"query {self.settings.url}: no answer of InfluxDB: {told[:100]!r}") from error

    def ask(self, path: str, asked: Parameters = (), method: str = "GET") -> tuple[dict[str, str], str]:
        """Send one request; give headers and body of a good answer. Raises ApiException or HTTPError."""
        accept = {"Accept": "application/json"}
        reply = self._call(path, method, {}, asked, accept, auth_settings=[], _preload_content=False)[0]
        return dict(reply.headers), reply.data.decode(errors="replace")

    def _known(self, site: SiteId, of: str, bucket: str) -> list[dict[str, Any]]:
        return self.query_series(series(site, of), bucket=bucket)

    def post(self, path: str, words: Mapping[str, str]) -> None:
        """Send a piece of JSON, as InfluxDB 3 wants it. Raises ApiException or HTTPError."""
        head = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        self._call(path, "POST", {}, [], head, body=dict(words), auth_settings=[], _preload_content=False)

    def _write(self, route: Route, bucket: str, lines: Sequence[str]) -> None:
        if route is Route.V1:
            database, _, policy = bucket.partition("/")
            asked = [("db", database), ("precision", "ms"), *([("rp", policy)] if policy else [])]
            self._call("/write", "POST", {}, asked, _TEXT, body="\n".join(lines).encode(), auth_settings=[])
            return
        if route is Route.VICTORIA:
            lines = [victoria.without_text(line) for line in lines]
        body = "\n".join(lines).encode()
        self._write_api.write(bucket, self.settings.org, body, write_precision=WritePrecision.MS)

    def _is_victoria(self) -> bool:
        try:
            return '"success"' in self.ask("/api/v1/status/buildinfo")[1]
        except ApiException:
            return False

    def _exported(self, site: SiteId, name: TagName, since_ms: int, last_ms: int) -> list[victoria.Row]:
        return victoria.rows(self._export(site, name, since_ms, last_ms))

    def _export(self, site: SiteId, name: TagName, since_ms: int, last_ms: int) -> list[str]:
        asked = [
            ("match[]", victoria.matching(site, name)),
            ("start", f"{since_ms / 1000:.3f}"),
            ("end", f"{last_ms / 1000:.3f}"),
        ]
        return self._text(victoria.EXPORT, asked).splitlines()

    def _rows(self, text: str, bucket: str) -> list[list[Any]]:
        return [row for one in self.query_series(text, bucket=bucket) for row in one["values"]]

    def _text(self, path: str, asked: Parameters, method: str = "GET") -> str:
        try:
            return self.ask(path, asked, method)[1]
        except (ApiException, HTTPError) as error:
            raise StoreError(f"query {self.settings.url}: {words(error)}") from error

    def _answer(self, error: ApiException) -> Answer:
        if error.status in (0, 404):
            self._found = None
        headers: Any = error.headers or {}
        retry_after = retry_after_s(str(headers.get("Retry-After", "")), str(headers.get("Date", "")))
        return Answer(error.status or None, words(error), retry_after)


def words(error: Exception) -> str:
    """Give what a server said to what went wrong, in one line."""
    body = error.body if isinstance(error, ApiException) else None
    if isinstance(body, bytes):
        body = body.decode(errors="replace")
    return " ".join(str(body or error).split())[:500]


def _sample(at_ms: int, value: float | None, text: str | None, quality: int | None) -> Sample:
    return Sample(from_unix_ms(int(at_ms)), None if value is None else float(value), text, int(quality or 0))
