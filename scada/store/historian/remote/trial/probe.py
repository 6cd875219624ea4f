"""What `daozha check --online` says of a history server and of what waits for it."""

from datetime import datetime
from pathlib import Path

from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from scada.model.names import SiteId
from scada.settings.stores import Influx
from scada.store.ballast import MEGABYTE
from scada.store.db import StoreError
from scada.store.historian.keeping import Keeping
from scada.store.historian.queue.letters import waiting
from scada.store.historian.remote.historian import token_of
from scada.store.historian.remote.retention import Retention
from scada.store.historian.remote.server import TimeSeriesServer


def probe(settings: Influx, token: Path | None, site: SiteId, queue: Path, now: datetime, keeping: Keeping) -> str:
    """Ask the server who it is and for the site's tags; a queue is only looked at. Raises StoreError."""
    server = TimeSeriesServer(settings, token_of(token))
    try:
        told = [f"{server.found()}, {len(server.names(site))} tags", *_short(server, keeping)]
    finally:
        server.close()
    if queue.exists():
        told += _waiting(queue, now)
    return ", ".join(told)


def _short(server: TimeSeriesServer, keeping: Keeping) -> list[str]:
    """Say what the server deletes before its time."""
    try:
        return [str(one) for one in Retention(server, keeping).kept() if one.is_short]
    except (StoreError, ApiException, HTTPError):
        return []


def _waiting(queue: Path, now: datetime) -> list[str]:
    found = waiting(queue)
    told = [f"{found.held.lines} lines wait ({found.held.bytes / MEGABYTE:.1f} MB)"]
    if found.oldest is not None:
        told.append(f"the oldest for {max(0, round((now - found.oldest).total_seconds()))} s")
    if found.dead:
        told.append(f"{found.dead} were refused for good")
    if found.lost:
        told.append(f"{found.lost} were given up")
    return told
