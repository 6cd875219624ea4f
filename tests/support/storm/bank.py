"""WeChat in a process of its own that can be killed: the real simulator, on the shared time."""

import http.client
import json
import os
import signal
import threading
from contextlib import ExitStack
from typing import Any

from billing.sim.wechat.clock import PlatformClock
from billing.sim.wechat.doors.server import Server
from billing.sim.wechat.keys import Platform
from billing.sim.wechat.platform import open_platform
from scada.config import Config
from tests.support.storm.times import SharedClock

Json = Any
HOST = "127.0.0.1"


def serve(config: Config, platform: Platform, clock: SharedClock, ready: int) -> None:
    """Be the simulator until killed; `ready` is written to once it serves."""
    assert config.sim is not None
    with ExitStack() as parts:
        log = parts.enter_context((platform.folder.parent / "wechat.jsonl").open("a", encoding="utf-8"))
        wechat = open_platform(parts, platform, config.site.name, PlatformClock(clock), log)
        server = parts.enter_context(Server((HOST, config.sim.wechat_port), wechat))
        threading.Thread(target=server.serve_forever, args=(60.0,), daemon=True).start()
        os.write(ready, b"!")
        signal.pause()


class Bank:
    """The simulator as the world reaches it: its phone's doors and its switches."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: http.client.HTTPConnection | None = None

    def hang_up(self) -> None:
        """Forget the connection: the process behind it is another one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def ask(self, method: str, path: str, fields: dict[str, object] | None = None) -> Json:
        """Ask, and give the JSON of the answer."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(HOST, self._port, timeout=20)
        body = None if fields is None else json.dumps(fields)
        self._connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 204):
            raise AssertionError(f"{method} {path} {fields}: {answer.status} {content!r}")
        return json.loads(content) if content else None

    def pay(self, code_url: str, openid: str) -> str:
        """Pay what a QR code leads to, as a phone does."""
        return str(self.ask("POST", "/phone/pay", {"code_url": code_url, "openid": openid})["result"])

    def switch(self, door: str, **fields: object) -> Json:
        """Throw a switch."""
        return self.ask("POST", f"/sim/{door}", fields)

    def books(self, door: str) -> Json:
        """Look into the books: orders, refunds, schedule."""
        return self.ask("GET", f"/sim/{door}")
