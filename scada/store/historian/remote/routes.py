"""Which way a time-series server takes points, found out from what it says of itself (`historian.md` §3)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

_OLD = re.compile(r"v?(0|1\.[0-7])(\D|$)")
_MAJOR = re.compile(r"v?(\d+)\.")


class Route(Enum):
    """The ways, and the servers that have them."""

    V1 = "/write"
    """InfluxDB before 1.8."""
    V1_BY_V2 = "/api/v2/write of 1.8"
    V2 = "/api/v2/write"
    V3 = "/api/v2/write of 3"
    VICTORIA = "/api/v2/write of VictoriaMetrics"
    """It has no text, no types and no InfluxQL; buckets and organisations are ignored."""

    @property
    def is_1(self) -> bool:
        """Say whether databases have retention policies."""
        return self in (Route.V1, Route.V1_BY_V2)


@dataclass(frozen=True, slots=True)
class Found:
    """A server as it showed itself."""

    route: Route
    version: str

    def __str__(self) -> str:
        if self.route is Route.VICTORIA:
            return "VictoriaMetrics"
        return f"InfluxDB {self.version}" if self.version else "a server like InfluxDB 2"


def version_of(headers: Mapping[str, str], body: str) -> str:
    """Give the version that a ping tells, in its headers or in its body; empty if it tells none."""
    told = {name.lower(): value for name, value in headers.items()}.get("x-influxdb-version", "")
    if told:
        return told
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(found.get("version", "")) if isinstance(found, dict) else ""


def route_of(version: str, *, is_victoria: bool) -> Route:
    """Choose the way by the version."""
    if is_victoria:
        return Route.VICTORIA
    if _OLD.match(version):
        return Route.V1
    major = _MAJOR.match(version)
    match int(major.group(1)) if major else 2:
        case 1:
            return Route.V1_BY_V2
        case newer if newer >= 3:
            return Route.V3
        case _:
            return Route.V2
