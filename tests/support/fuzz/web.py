"""Requests to the three web processes as bytes: gunicorn's parser in front, the applications behind."""

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.config import Config as GunicornConfig  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.http.parser import RequestParser  # type: ignore[import-untyped]
from gunicorn.http.wsgi import create  # type: ignore[import-untyped]

from hmi.devices.app import create_app as devices_app
from hmi.public.app import create_app as public_app
from tests.support.fuzz.change import plain
from tests.support.fuzz.target import Prepared, Target
from tests.support.hmi_pages import CONTROL, KEY, ControlRoom, MemoryPlant, page_token, shipped

if TYPE_CHECKING:
    from flask import Flask

WORDS = (
    b"Content-Type: application/json\r\n", b"Content-Type: multipart/form-data; boundary=b\r\n", b"Host: ", b"%2e%2e/",
    b"Content-Type: application/x-www-form-urlencoded\r\n", b"Transfer-Encoding: chunked\r\n", b"Range: bytes=0-1\r\n",
    b"If-Modified-Since: x\r\n", b"Accept-Language: zh;q=9\r\n", b"Cookie: a=\xff\r\n", b"Content-Length: 5\r\n",
    b"?lang=",
    b"Sec-Fetch-Site: same-origin\r\n", b"Authorization: Bearer x\r\n", b"Upgrade: websocket\r\n", b"Expect: x\r\n",
    b"{}",
)  # fmt: skip


class _Sock:
    """What the server asks of a socket while it makes a request's environment."""

    def send(self, _data: bytes) -> None:
        """Say 100 Continue to nobody."""


def _answered(app: "Flask", data: bytes, cookie: str = "", token: str = "") -> object:
    """Give the status; a refusal of gunicorn's parser is one too. What the application raises comes out."""
    cfg = GunicornConfig()
    try:
        request = next(RequestParser(cfg, [data], ("127.0.0.1", 4711)))
        _, environ = create(request, _Sock(), ("127.0.0.1", 4711), ("127.0.0.1", 8080), cfg)
    except (ParseException, StopIteration, OSError) as error:
        return type(error).__name__
    environ["wsgi.errors"] = io.StringIO()
    if cookie and environ["PATH_INFO"] != "/sign-out":
        environ.setdefault("HTTP_COOKIE", cookie)
        environ.setdefault("HTTP_X_CSRFTOKEN", token)
    status: list[str] = []

    def start(told: str, _headers: Any, _failure: Any = None) -> Any:  # noqa: ANN401 - WSGI's
        status.append(told)

    try:
        answer = app(environ, start)
        for _ in answer:
            pass
        getattr(answer, "close", lambda: None)()
    except ParseException:
        return "broken body"
    return status[0][:3]


def _requests(app: "Flask", host: str) -> list[bytes]:
    """Give a request for every route, with a body where one is taken."""
    found = []
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "out1", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            body = (
                b""
                if method == "GET"
                else b'{"reason": "x", "lane": "out1", "name": "a", "plate": "\xe4\xba\xacA12345"}'
            )
            head = f"{method} {path}?lang=en HTTP/1.1\r\nHost: {host}\r\nSec-Fetch-Site: same-origin\r\n"
            kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
            found.append(f"{head}{kind}\r\n".encode() + body)
    form = b"plate=%E4%BA%ACA12345&csrf_token=x&lane=out1"
    head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return [*found, f"{head}Content-Length: {len(form)}\r\n\r\n".encode() + form]


def _control(_folder: Path) -> Prepared:
    room = ControlRoom("administrator")
    room.sign_in()
    token, held = page_token(room), room.browser.get_cookie("__Host-daozha_control", domain="127.0.0.1")
    assert held is not None
    room.app.config["PROPAGATE_EXCEPTIONS"] = True
    cookie, host = f"__Host-daozha_control={held.value}", CONTROL.removeprefix("http://")
    seeds = _requests(room.app, host)

    def take(data: bytes) -> object:
        room.plant.asked.clear()
        room.plant.sessions.clear()
        return _answered(room.app, data, cookie, token)

    return Prepared(take, seeds, tokens=WORDS, manners=(plain,))


def _plain_app(make: Any, host: str) -> Any:  # noqa: ANN401 - any of the applications
    def build(_folder: Path) -> Prepared:
        plant = MemoryPlant()
        app = make(shipped(), plant, KEY)
        app.config["PROPAGATE_EXCEPTIONS"] = True

        def take(data: bytes) -> object:
            plant.asked.clear()
            plant.sessions.clear()
            return _answered(app, data)

        return Prepared(take, _requests(app, host), tokens=WORDS, manners=(plain,))

    return build


TARGETS = (
    Target("http-control", "requests to the control room of somebody signed in", _control),
    Target(
        "http-public",
        "requests to the drivers' pages and the doors for notices",
        _plain_app(public_app, "localhost:8081"),
    ),
    Target("http-devices", "requests on the device network", _plain_app(devices_app, "127.0.0.1:8082")),
)
