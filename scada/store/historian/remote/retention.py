"""How long a server keeps history: it is told only if config.toml says so, and where it lets itself be told."""

import json
import re
from time import monotonic
from typing import Any

import structlog
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from scada.store.db import StoreError
from scada.store.historian.keeping import Keeping
from scada.store.historian.remote.places import FOR_EVER, Kept, Place, kept, places
from scada.store.historian.remote.routes import Route
from scada.store.historian.remote.server import TimeSeriesServer, words

AGAIN_S = 60.0
DAY_S = 86400
_PERIOD = re.compile(r"(\d+)h(\d+)m(\d+)s")

log = structlog.get_logger()


class Retention:
    """Sees to it at the start that every place is there and keeps what it has long enough; after a failure again."""

    def __init__(self, server: TimeSeriesServer, keeping: Keeping) -> None:
        self._server = server
        self._keeping = keeping
        self._places = places(server.settings, keeping)
        self._next_s = 0.0
        self._is_done = False
        self.trouble = ""

    def see_to(self) -> None:
        """See to it if that is due. Blocks; raises nothing."""
        if self._is_done or monotonic() < self._next_s:
            return
        self._next_s = monotonic() + AGAIN_S
        trouble = ""
        try:
            self._tell()
        except (StoreError, ApiException, HTTPError) as error:
            trouble = str(error) if isinstance(error, StoreError) else words(error)
            if trouble != self.trouble:
                log.warning("history may be kept otherwise than is wanted", error=trouble)
        self._is_done = not trouble
        self.trouble = trouble if any(place.days is not None for place in self._places) else ""

    def kept(self) -> list[Kept]:
        """Say of every class how long the server keeps it. Raises StoreError, ApiException or HTTPError."""
        told = {place.bucket: told_days(self._server, place.bucket) for place in self._places}
        return kept(self._places, self._keeping, told)

    def _tell(self) -> None:
        """Tell the server what it is to keep, then say what it does keep."""
        for place in self._places:
            if place.days is not None:
                _keep(self._server, place, place.days)
        for one in self.kept():
            tell = log.warning if one.is_short else log.info
            tell("history kept", of=one.share.value, where=one.bucket, days=one.days, wanted_days=one.wanted)


def told_days(server: TimeSeriesServer, bucket: str) -> int | None:
    """Ask for how many days a place keeps what it has; None where the server does not say."""
    match server.found().route:
        case Route.V1 | Route.V1_BY_V2:
            found = _policy(server, bucket)
            return None if found is None else _days_of(found[1])
        case Route.V2:
            there = _bucket(server, bucket)
            return None if there is None else sum(rule.every_seconds for rule in there.retention_rules) // DAY_S
        case Route.V3 | Route.VICTORIA:
            return None


def _keep(server: TimeSeriesServer, place: Place, days: int) -> None:
    """Let a place keep what it has for so many days. Raises StoreError, ApiException or HTTPError."""
    match server.found().route:
        case Route.V1 | Route.V1_BY_V2:
            _keep_policy(server, place.bucket, days)
        case Route.V2:
            _keep_bucket(server, place.bucket, days)
        case Route.V3:
            _keep_database(server, place.bucket, days)
        case Route.VICTORIA:
            raise StoreError("VictoriaMetrics keeps all for as long as its flag -retentionPeriod says")


def _keep_policy(server: TimeSeriesServer, bucket: str, days: int) -> None:
    database, found = bucket.partition("/")[0], _policy(server, bucket)
    period = f"DURATION {days}d"
    if found is None:
        what = f'CREATE RETENTION POLICY "{bucket.partition("/")[2]}" ON "{database}" {period} REPLICATION 1'
    elif _days_of(found[1]) != days:
        what = f'ALTER RETENTION POLICY "{found[0]}" ON "{database}" {period}'
    else:
        return
    server.query_series(f"{what} SHARD DURATION {_shard(days)}", "POST", bucket)


def _policy(server: TimeSeriesServer, bucket: str) -> tuple[str, str] | None:
    """Give the name of a place's policy and how long it keeps; without a name that of the database."""
    database, _, wanted = bucket.partition("/")
    found = server.query_series(f'SHOW RETENTION POLICIES ON "{database}"', bucket=bucket)
    for row in [row for one in found for row in one["values"]]:
        if row[0] == wanted or (not wanted and row[-1]):
            return row[0], row[1]
    return None


def _days_of(period: str) -> int:
    found = _PERIOD.fullmatch(period)
    return FOR_EVER if found is None else int(found[1]) // 24


def _keep_bucket(server: TimeSeriesServer, name: str, days: int) -> None:
    buckets, bucket = server.client.buckets_api(), _bucket(server, name)
    make: Any = BucketRetentionRules
    rules = [make(type="expire", every_seconds=days * DAY_S)]
    if bucket is None:
        if server.settings.classes is None:
            raise StoreError(f"there is no bucket {name}, or the token may not see it")
        buckets.create_bucket(bucket_name=name, retention_rules=rules, org=server.settings.org)
    elif [rule.every_seconds for rule in bucket.retention_rules] != [days * DAY_S]:
        bucket.retention_rules = rules
        buckets.update_bucket(bucket)


def _bucket(server: TimeSeriesServer, name: str) -> Any:  # noqa: ANN401 - the client has no types
    try:
        return server.client.buckets_api().find_bucket_by_name(name)
    except ApiException as error:
        if error.status == 404:
            return None
        raise


def _keep_database(server: TimeSeriesServer, name: str, days: int) -> None:
    """Make a database that keeps so long; one that is there cannot be told any more."""
    if name in databases(server):
        if server.settings.classes is None:
            raise StoreError("InfluxDB 3 Core keeps what its database was made for; say it when you make it")
        return
    server.post("/api/v3/configure/database", {"db": name, "retention_period": f"{days}d"})


def databases(server: TimeSeriesServer) -> set[str]:
    """Give the databases of an InfluxDB 3. Raises StoreError, ApiException or HTTPError."""
    told = server.ask("/api/v3/configure/database", [("format", "json")])[1]
    try:
        return {str(one["iox::database"]) for one in json.loads(told)}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise StoreError(f"ask for its databases: {told[:100]}") from error


def _shard(days: int) -> str:
    """Give the length of a shard as InfluxDB itself would choose it: whole shards expire."""
    return "7d" if days > 180 else "1d"
