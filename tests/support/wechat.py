"""The gateway for tests, and a WeChat Pay simulator that runs in this process."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from billing.pay.calls.account import Account
from billing.pay.gateway import CodeUrl, Notice, NotVerified
from billing.pay.keys import read_keys
from billing.sim.wechat.__main__ import running
from billing.sim.wechat.platform import WeChat
from billing.wechat import WeChatGateway, build
from scada.clock import SystemClock
from scada.config import Config, load
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.sim.trial.ports import free_port
from tests.support.billing import Phone, made_config


def gateway_to(config: Config, base_url: str = "") -> WeChatGateway:
    """Build the product's gateway as the cashier does."""
    names = config.wechat
    account = Account(names.mchid, names.appid, names.sub_mchid, names.sub_appid)
    return build(read_keys(config), account, names.notify_url, config.site.zone_info, base_url or names.base_url)


def number(prefix: str = "DE") -> OrderId:
    """Give an order number that was never used."""
    return OrderId(f"{prefix}{uuid.uuid4().hex[:20].upper()}")


def soon(minutes: int = 5) -> str:
    """Write a moment some minutes from now."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(timespec="seconds")


@dataclass
class Bench:
    """A simulator in this process, the product's gateway to it, and a door that keeps what notices it understood."""

    config: Config
    wechat: WeChat
    phone: Phone
    gateway: WeChatGateway
    told: list[Notice | NotVerified]

    @property
    def wechat_port(self) -> int:
        """The simulator's port."""
        assert self.config.sim is not None
        return self.config.sim.wechat_port

    def set_back(self) -> None:
        """Undo every switch."""
        self.switch("facts", reset=True)
        self.switch("clear")
        self.switch("identity", notices="public_key", has_certificates=True)
        self.switch("merchant")
        self.switch("clock", skew_s=0)
        self.wechat.notifier.forget()
        self.told.clear()

    def switch(self, door: str, **fields: object) -> dict[str, Any]:
        """Throw a switch of the simulator."""
        return self.phone.post(f"/sim/{door}", **fields)

    def ordered(self, total: int = 500, description: str = "停车费") -> tuple[OrderId, str]:
        """Order by Native; gives the number and the code."""
        order = number()
        made = self.gateway.create(order, description, Fen(total), soon())
        assert isinstance(made, CodeUrl), made
        return order, made.text

    def paid_order(self, total: int = 500, description: str = "停车费") -> OrderId:
        """Order by Native, and pay."""
        order, code = self.ordered(total, description)
        assert self.phone.pay(code) == "ok"
        return order

    def next_notice(self, within_s: float = 30.0) -> Notice | NotVerified:
        """Wait for a notice, and take it."""
        wait_for(lambda: bool(self.told), within_s)
        return self.told.pop(0)

    def wait_until_scheduled(self) -> None:
        """Wait until the simulator has heard that its notice was not taken, and will send it again."""
        wait_for(lambda: bool(self.wechat.notifier.waiting()))

    def judged(self) -> list[dict[str, Any]]:
        """Read the judge log."""
        text = (self.config.data / "sim" / "wechat.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


def wait_for(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    """Wait until something is so."""
    ends_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < ends_s, f"not within {within_s} s"
        Event().wait(0.005)


def changed(config: Config, changes: Mapping[str, str]) -> Config:
    """Write the configuration anew with these texts replaced, and read it."""
    path = config.folder / "config.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return load(path)


@contextmanager
def bench(folder: Path, changes: Mapping[str, str] | None = None) -> Iterator[Bench]:
    """Run a simulator and a door for its notices, and build the gateway."""
    told: list[Notice | NotVerified] = []
    gateways: list[WeChatGateway] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = dict(self.headers.items())
            told.append(gateways[0].verified(headers, body))
            status = 204 if isinstance(told[-1], Notice) else 401
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        config = changed(made_config(folder, free_port(), server.server_port), changes or {})
        assert config.sim is not None
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            with running(config, config.sim.wechat_port, SystemClock()) as platform:
                gateways.append(gateway_to(config))
                phone = Phone(config.sim.wechat_port)
                yield Bench(config, platform.wechat, phone, gateways[0], told)
        finally:
            server.shutdown()
            thread.join()
