"""The door before the pages of a server that does not lead: it says who does, and nothing else is answered.

503 sends a proxy and WeChat to the other server, now or when they ask again. `/leader` is for whoever chooses, and
`/metrics` for a Prometheus server, of a leader and a follower alike: it names nobody, and asks no plant.
"""

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markupsafe import escape

from hmi.gauges import CONTENT_TYPE, Gauge, written
from scada.clock import boot_seconds
from scada.config import Config
from scada.model.lease import Standing, standing_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HEALTH: Final = "/health"
"""Asked of a server, whether it leads or not."""
_AGAIN_S: Final = "2"
_PAGE: Final = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="5"><title>备用服务器 · Standby</title></head>
<body><h1>备用服务器 · Standby server</h1>
<p>{zh}</p><p lang="en">{en}</p></body></html>
"""
_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Retry-After", _AGAIN_S),
    ("X-Content-Type-Options", "nosniff"),
)


class StandbyDoor:
    """Lets requests in while this server leads."""

    def __init__(self, inner: "WSGIApplication", standing: Path, boot: str) -> None:
        self._inner, self._standing, self._boot = inner, standing, boot

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        path, standing = str(environ.get("PATH_INFO", "")), self._now()
        leads = standing is not None and standing.leads(boot_seconds(), self._boot)
        if path == "/leader":
            told = {"leads": leads, "leader": "" if standing is None else standing.leader}
            return _answer(start_response, HTTPStatus.OK if leads else HTTPStatus.SERVICE_UNAVAILABLE, told)
        if path == "/metrics":
            body = figures(standing, self._boot, boot_seconds())
            start_response("200 OK", [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))])
            return [body]
        if leads or path == _HEALTH:
            return self._inner(environ, start_response)
        if path.startswith("/wechat/"):
            failed = {"code": "FAIL", "message": "this server stands by: try again"}
            return _answer(start_response, HTTPStatus.SERVICE_UNAVAILABLE, failed)
        if path.startswith("/api/") or str(environ.get("HTTP_ACCEPT", "")).startswith("application/json"):
            why = f"this server stands by; {_leader(standing) or 'nobody'} leads"
            return _answer(start_response, HTTPStatus.SERVICE_UNAVAILABLE, {"why": why})
        return _answer(start_response, HTTPStatus.SERVICE_UNAVAILABLE, _page(standing))

    def _now(self) -> Standing | None:
        try:
            return standing_of(self._standing.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None


def figures(standing: Standing | None, boot: str, now_s: float) -> bytes:
    """Write in Prometheus's text format whether a server leads, since which taking, and how long it still may."""
    leads = standing is not None and standing.leads(now_s, boot)
    left_s = standing.until_s - now_s if standing is not None and leads else 0.0
    told = {
        "known": ("Whether this server's plant has said who leads.", float(standing is not None)),
        "leads": ("Whether this server leads.", float(leads)),
        "epoch": ("The number of the lead that this server knows of; it grows when another leads.", _epoch(standing)),
        "lease_left_seconds": ("How long this server may still command without renewing its lease.", left_s),
    }
    return written([Gauge(f"daozha_standby_{name}", *one) for name, one in told.items()])


def _epoch(standing: Standing | None) -> float:
    return 0.0 if standing is None else float(standing.epoch)


def standby_door(config: Config) -> "Callable[[WSGIApplication], WSGIApplication]":
    """Give what stands before a site's pages: nothing, where there is no standby."""
    if config.standby is None:
        return lambda inner: inner
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return lambda inner: StandbyDoor(inner, config.standing, boot)


def _leader(standing: Standing | None) -> str:
    return "" if standing is None or standing.role == "leads" else standing.leader


def _page(standing: Standing | None) -> str:
    leader = _leader(standing)
    own = "" if standing is None else standing.name
    why = "" if standing is None else standing.why
    if leader:
        zh, en = f"本机 {own} 为备用，当前由 {leader} 主控。", f"This server, {own}, stands by: {leader} leads."
    else:
        zh, en = "目前没有服务器主控，正在切换，请稍候。", f"No server leads at this moment; wait a few seconds. {why}"
    return _PAGE.format(zh=escape(zh), en=escape(en))


def _answer(start_response: "StartResponse", status: HTTPStatus, content: object) -> Iterable[bytes]:
    is_page = isinstance(content, str)
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    kind = "text/html; charset=utf-8" if is_page else "application/json"
    own = [("Content-Type", kind), ("Content-Length", str(len(body))), *_HEADERS]
    start_response(f"{status.value} {status.phrase}", own)
    return [body]
