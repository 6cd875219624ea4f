"""Billing for tests: a site with one way in and out, a real WeChat simulator in its own process, and a driver."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from billing.cashier import Hearers, SqlCashier
from billing.orders.desk import NoticeAnswer
from scada.clock import SystemClock
from scada.config import Config, load
from scada.model.lane.words import Passage, Reason
from scada.model.names import LaneName, OrderId, PassageId, StayId, ZoneName
from scada.model.plate import Plate, PlateColour, PlateKind, PlateRead
from scada.model.zones import ZoneCount
from scada.store.db import Database
from scada.store.schema import journal, pay_order
from tests.support.freezing import freeze, thaw

ROOT = Path(__file__).resolve().parents[2]
IN1, OUT1 = LaneName("in1"), LaneName("out1")
HOUR_S = 3600.0


def made_config(folder: Path, wechat_port: int = 1, notice_port: int = 1) -> Config:
    """Write the shipped configuration with these ports and a data folder below `folder`, and read it."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    changes = {
        '# data = "/var/lib/daozha"': 'data = "data"',
        'base_url = "http://127.0.0.1:8092"': f'base_url = "http://127.0.0.1:{wechat_port}"',
        'oauth_url = "http://127.0.0.1:8092"': f'oauth_url = "http://127.0.0.1:{wechat_port}"',
        'api_url = "http://127.0.0.1:8092"': f'api_url = "http://127.0.0.1:{wechat_port}"',
        'notify_url = "http://127.0.0.1:8081/': f'notify_url = "http://127.0.0.1:{notice_port}/',
        'folder = "billing/tariffs"': f'folder = "{ROOT / "billing" / "tariffs"}"',
        "wechat_port = 8092": f"wechat_port = {wechat_port}",
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


class Phone:
    """A driver's phone, and the test's switches of the simulator."""

    def __init__(self, port: int, process: int = 0) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._process = process
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def post(self, target: str, **fields: object) -> dict[str, Any]:
        """Post JSON; gives the JSON of the answer, nothing for an empty one."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.base + target, json.dumps(fields).encode(), headers)  # noqa: S310
        with self._opener.open(request, timeout=10) as answer:
            body = answer.read()
        return dict(json.loads(body)) if body else {}

    def get(self, path: str) -> str:
        """Get a page."""
        with self._opener.open(self.base + path, timeout=10) as answer:
            return str(answer.read().decode())

    def pay(self, code_url: str) -> str:
        """Pay what a QR code leads to."""
        return str(self.post("/phone/pay", code_url=code_url, openid="driver")["result"])

    def forge(self, code_url: str, manner: str) -> int:
        """Have a wrong notice sent now; gives the status it was answered with."""
        return int(self.post("/sim/forge", code_url=code_url, manner=manner)["status"])

    def plan_notices(self, manner: str, times: int = 1) -> None:
        """Spoil the next notices."""
        self.post("/sim/notices", manner=manner, times=times)

    def plan_answers(self, fault: str, path: str = "", times: int = 1) -> None:
        """Spoil the next answers to the merchant."""
        self.post("/sim/answers", fault=fault, path=path, times=times)

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Let the platform take connections and say nothing more."""
        freeze(self._process)
        try:
            yield
        finally:
            thaw(self._process)

    def orders(self) -> list[dict[str, Any]]:
        """All orders as the platform has them."""
        return list(json.loads(self.get("/sim/orders")))


def start_wechat(config: Config) -> "subprocess.Popen[str]":
    """Start the simulator as its own process; it is READY."""
    command = [sys.executable, "-m", "billing.sim.wechat", "--config", str(config.folder / "config.toml")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "READY\n"
    return process


@contextmanager
def wechat_process(config: Config) -> Iterator[Phone]:
    """Run the simulator as its own process, until READY and then until the test is over."""
    assert config.sim is not None
    with start_wechat(config) as process:
        try:
            yield Phone(config.sim.wechat_port, process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=5) == 0


@contextmanager
def notice_door(port: int, cashier: SqlCashier) -> Iterator[None]:
    """Stand in for the public web process: hand notices to the cashier raw, and answer as it says."""
    loop = asyncio.get_running_loop()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = asyncio.run_coroutine_threadsafe(cashier.notice(dict(self.headers), body), loop)
            answer: NoticeAnswer = asked.result(10)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body.encode())))
            self.end_headers()
            self.wfile.write(answer.body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Door) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class LaterClock(SystemClock):
    """The real clock, and a wall time that a test can move ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.later_s = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(super().now().timestamp() + self.later_s, UTC)


@dataclass
class Told:
    """What the cashier said after its commits."""

    settled: list[tuple[StayId, OrderId]] = field(default_factory=list)
    changed: list[StayId] = field(default_factory=list)
    requested: int = 0
    stays: list[int] = field(default_factory=list)
    zones: dict[ZoneName, ZoneCount] = field(default_factory=dict)

    def hearers(self) -> Hearers:
        """Give the callbacks that fill this."""

        def requested() -> None:
            self.requested += 1

        return Hearers(
            settled=lambda stay, order: self.settled.append((stay, order)),
            changed=self.changed.append,
            requested=requested,
            stays_changed=self.stays.append,
            counted=self.zones.update,
        )


@dataclass
class Till:
    """Everything a billing test holds."""

    config: Config
    db: Database
    clock: LaterClock
    cashier: SqlCashier
    told: Told

    async def rows(self, table: Table) -> list[Any]:
        """All rows of a table."""
        return list(await self.db.read(lambda conn: conn.execute(select(table)).all()))

    async def journal_of(self, what: str) -> list[Any]:
        """The journal rows that say so."""
        return [row for row in await self.rows(journal) if row.what == what]

    async def until_order_is(self, state: str, within_s: float = 30.0) -> None:
        """Wait until the one order there is has come this far."""
        deadline = self.clock.seconds() + within_s
        while [row.state for row in await self.rows(pay_order)] != [state]:
            assert self.clock.seconds() < deadline, f"the order is not {state} within {within_s} s"

    async def come_in(self, plate: str = "京A12345", number: int = 1) -> StayId:
        """Let a car in."""
        passage = made_passage(self.clock.now(), IN1, plate, number)
        assert passage.read is not None
        admission = await self.cashier.admit(IN1, passage.id, passage.read)
        assert admission.reason is Reason.ADMITTED
        return await self.cashier.begin_stay(IN1, passage, Reason.ADMITTED, "lane")


@asynccontextmanager
async def open_till(
    config: Config, db: Database, ask_after_s: tuple[float, ...] = (3.0, 6.0, 12.0), accept_within_s: float = 4.0
) -> AsyncIterator[Till]:
    """Open a cashier on a database; orders in doubt are asked for by the same plan as open ones."""
    clock, told = LaterClock(), Told()
    async with SqlCashier(
        config,
        db,
        clock,
        told.hearers(),
        ask_after_s=ask_after_s,
        doubt_after_s=ask_after_s,
        accept_within_s=accept_within_s,
    ) as cashier:
        yield Till(config, db, clock, cashier, told)


def made_read(plate: str) -> PlateRead:
    """Read a plate well."""
    return PlateRead(Plate(plate), PlateKind.ORDINARY, PlateColour.BLUE, 0.99, 5, 5, None)


def made_passage(at: datetime, lane: LaneName, plate: str | None, number: int) -> Passage:
    """Make a passage of a car with this plate."""
    read = None if plate is None else made_read(plate)
    return Passage(PassageId(f"{lane}-{at:%Y%m%d%H%M%S}-{number}"), number, at, read)
