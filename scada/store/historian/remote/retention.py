"""How long a server keeps history: it is told only if config.toml says so, and where it lets itself be told."""

from time import monotonic
from typing import Any

import structlog
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from scada.store.db import StoreError
from scada.store.historian.remote.routes import Route
from scada.store.historian.remote.server import TimeSeriesServer, words

AGAIN_S = 3600.0
DAY_S = 86400

log = structlog.get_logger()


class Retention:
    """Sees once that the server keeps history for so many days; after a failure once an hour."""

    def __init__(self, server: TimeSeriesServer, days: int | None) -> None:
        self._server = server
        self._days = days
        self._next_s = 0.0
        self._is_done = days is None
        self.trouble = ""

    def see_to(self) -> None:
        """See to it if that is due. Blocks; raises nothing."""
        if self._is_done or monotonic() < self._next_s:
            return
        self._next_s = monotonic() + AGAIN_S
        try:
            self.keep(self._days or 0)
        except (StoreError, ApiException, HTTPError) as error:
            self.trouble = str(error) if isinstance(error, StoreError) else words(error)
            log.warning("retention not set", days=self._days, error=self.trouble)
            return
        self.trouble = ""
        self._is_done = True

    def keep(self, days: int) -> None:
        """Let the server keep history for so many days. Raises StoreError, ApiException or HTTPError."""
        match self._server.found().route:
            case Route.V1 | Route.V1_BY_V2:
                self._keep_policy(days)
            case Route.V2:
                self._keep_bucket(days)
            case Route.V3:
                raise StoreError("InfluxDB 3 Core keeps what its database was made for; say it when you make it")
            case Route.VICTORIA:
                raise StoreError("VictoriaMetrics keeps what its flag -retentionPeriod says")

    def _keep_policy(self, days: int) -> None:
        server = self._server
        found = server.query_series(f'SHOW RETENTION POLICIES ON "{server.database}"')
        policies = {row[0]: (row[1], row[-1]) for one in found for row in one["values"]}
        name = server.policy or next((name for name, (_, default) in policies.items() if default), "autogen")
        if policies.get(name, ("", False))[0] != f"{days * 24}h0m0s":
            period = f"DURATION {days}d SHARD DURATION {_shard(days)}"
            server.query_series(f'ALTER RETENTION POLICY "{name}" ON "{server.database}" {period}', "POST")

    def _keep_bucket(self, days: int) -> None:
        buckets = self._server.client.buckets_api()
        bucket = buckets.find_bucket_by_name(self._server.settings.bucket)
        if bucket is None:
            raise StoreError(f"there is no bucket {self._server.settings.bucket}, or the token may not see it")
        seconds = [rule.every_seconds for rule in bucket.retention_rules]
        if seconds != [days * DAY_S]:
            rules: Any = BucketRetentionRules
            bucket.retention_rules = [rules(type="expire", every_seconds=days * DAY_S)]
            buckets.update_bucket(bucket)


def _shard(days: int) -> str:
    """Give the length of a shard as InfluxDB itself would choose it: whole shards expire."""
    return "7d" if days > 180 else "1d"
