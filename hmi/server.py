"""gunicorn started from code: one worker, threads, limits on sockets, and a stop that takes no more than a moment.

Why each setting is as it is stands in `docs/` and, measured, in the HMI reference: threads made before the fork
are dead after it, sockets beyond the threads hang plain requests, and a vanished screen holds its threads.
"""

import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from werkzeug.sansio.utils import host_is_trusted

from scada.alive import EVERY_S, say_alive, say_ready
from scada.config import WebApp

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PULSE_S = 10.0
_ACCESS = "%(h)s %(m)s %(U)s %(s)s %(b)s %(M)sms"
"""An access log, where somebody turns it on, has no query strings: codes and tokens stand in them."""
_LISTENER_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 15_000),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.SOL_SOCKET, socket.SO_SNDBUF, 131_072),
    (socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 20, 0)),
)
"""Accepted sockets inherit these, so a dead client's threads are free again within 20 s.

So are those of one whose machine lives while the browser answers nothing: it should have answered a ping every 5 s.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many threads a web process has, and how many WebSockets may hold one."""

    threads: int = 32
    sockets: int = 0


Door = Callable[["WSGIApplication"], "WSGIApplication"]
"""Puts something before an application."""


class Site(Protocol):
    """A web application as the server runs it; made in the worker, after the fork."""

    @property
    def wsgi(self) -> "WSGIApplication":
        """What answers requests."""

    def start(self) -> None:
        """Start threads and the bridge."""

    def stop(self) -> None:
        """Let every WebSocket go, so that the server need not wait for them."""


class SocketDoor:
    """The outermost WSGI layer: caps WebSockets, checks their Host, and declines permessage-deflate.

    Socket.IO answers before Flask does, so Flask's own check of Host never sees these requests.
    """

    def __init__(self, inner: "WSGIApplication", cap: int, host_names: Iterable[str]) -> None:
        self._inner = inner
        self._cap = cap
        self._host_names = tuple(host_names)
        self._lock = threading.Lock()
        self._open = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        if environ.get("HTTP_UPGRADE", "").lower() != "websocket":
            return self._inner(environ, start_response)
        if not host_is_trusted(environ.get("HTTP_HOST", ""), self._host_names):
            return _plain(start_response, "400 Bad Request", ())
        if not self._enter():
            return _plain(start_response, "503 Service Unavailable", (("Retry-After", "5"),))
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        try:
            return self._inner(environ, start_response)
        finally:
            self._leave()

    def _enter(self) -> bool:
        with self._lock:
            if self._open >= self._cap:
                return False
            self._open += 1
            return True

    def _leave(self) -> None:
        with self._lock:
            self._open -= 1


def _plain(start_response: "StartResponse", status: str, headers: Iterable[tuple[str, str]]) -> Iterable[bytes]:
    body = status.encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *headers])
    return [body]


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with our settings, serving what `build` makes in the worker."""

    def __init__(self, build: Callable[[], Site], where: Sequence[WebApp], limits: Limits, door: Door) -> None:
        self._build = build
        self._door = door
        self._where = where
        self._limits = limits
        self._site: Site | None = None
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn the settings."""
        for key, value in self._settings().items():
            self.cfg.set(key, value)

    def _settings(self) -> dict[str, object]:
        return {
            "bind": [f"{web.host}:{web.port}" for web in self._where],
            "worker_class": "gthread",
            "workers": 1,
            "threads": self._limits.threads,
            "preload_app": False,
            "timeout": 60,
            "graceful_timeout": 2,
            "keepalive": 5,
            "max_requests": 0,
            "control_socket_disable": True,
            "forwarded_allow_ips": "127.0.0.1",
            "loglevel": "warning",
            "access_log_format": _ACCESS,
            "when_ready": _set_listener_options,
            "post_worker_init": self._worker_is_up,
        }

    def load(self) -> "WSGIApplication":
        """Build the application, in the worker."""
        self._site = self._build()
        return SocketDoor(
            self._door(self._site.wsgi), self._limits.sockets, {name for web in self._where for name in web.host_names}
        )

    def _worker_is_up(self, worker: object) -> None:
        assert self._site is not None, "gunicorn loads the application first"  # noqa: S101
        self._site.start()
        _stop_first(self._site)
        if getattr(worker, "age", 1) == 1:
            say_ready()
        threading.Thread(target=Pulse(self._where[0]).run, name="pulse", daemon=True).start()


class Pulse:
    """Says that this process is alive, each time after it has answered a page to itself.

    A request takes the way of every other, through the listener and a thread of the pool: who has none left is hung.
    """

    def __init__(self, web: WebApp) -> None:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(web.host, web.host)  # noqa: S104 - asked, not bound
        self._address = host, web.port
        self._names = {"Host": web.host_names[0]} if web.host_names else {}

    def run(self) -> None:
        """Say so until the process ends."""
        while True:
            if self.answers():
                say_alive()
            time.sleep(EVERY_S)

    def answers(self) -> bool:
        """Ask for /health, and wait a moment for the answer."""
        line = HTTPConnection(*self._address, timeout=_PULSE_S)
        try:
            line.request("GET", "/health", headers=self._names)
            return line.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            line.close()


def _stop_first(site: Site) -> None:
    """On SIGTERM let the sockets go first, in a thread of its own, then do what gunicorn does."""
    then = signal.getsignal(signal.SIGTERM)

    def on_term(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=site.stop, name="stop", daemon=True).start()
        if callable(then):
            then(number, frame)

    signal.signal(signal.SIGTERM, on_term)


def _set_listener_options(arbiter: object) -> None:
    for listener in getattr(arbiter, "LISTENERS", ()):
        for level, option, value in _LISTENER_OPTIONS:
            listener.sock.setsockopt(level, option, value)


def serve(build: Callable[[], Site], where: Sequence[WebApp], limits: Limits, door: Door = lambda inner: inner) -> None:
    """Serve at one address or several until SIGTERM, behind a door; ends the process."""
    Server(build, where, limits, door).run()
