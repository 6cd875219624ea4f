"""The drill's page visitors: they look as often as drivers, from addresses of their own, and count what they saw."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scada.config import Config
from scada.model.plate import Plate
from scada.sim.chaos.flood import Visitor, told
from scada.sim.trial.ports import free_port
from tests.support.billing import made_config

ASKS = '<body data-state="asking"><form method="post" action="/fee"><input name="plate"></form></body>'


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = made_config(tmp_path)
    web = config.web
    port = free_port()
    moved = {name: getattr(web, name).model_copy(update={"port": port}) for name in ("public", "devices")}
    return config.model_copy(update={"web": web.model_copy(update=moved)})


@contextmanager
def web(config: Config, *, refuses: bool = False) -> Iterator[Counter[tuple[str, str]]]:
    """Serve what a visitor looks at; gives who asked for what."""
    asked: Counter[tuple[str, str]] = Counter()

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked[self.headers["X-Forwarded-For"], self.path] += 1
            self._answer(200, json.dumps({}) if self.path.endswith("/state") else ASKS)

        def do_POST(self) -> None:
            typed = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked[self.headers["X-Forwarded-For"], typed] += 1
            self._answer(429 if refuses else 200, f'<body data-state="{"refused" if refuses else "fee"}"></body>')

        def _answer(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", config.web.public.port), Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def visited(config: Config, *numbers: int) -> list[Visitor]:
    visitors = [Visitor(config, [Plate("京A12345")], number, 1) for number in numbers]
    for one in visitors:
        over = threading.Event()
        threading.Timer(0.2, over.set).start()
        one.visit(over)
    return visitors


def test_visitors_look_at_displays_and_ask_for_a_fee_each_from_an_address_of_his_own(config: Config) -> None:
    with web(config) as asked:
        visitors = visited(config, 0, 1)
    assert {who for who, _ in asked} == {"198.51.100.1", "198.51.100.2"}
    assert any(what.startswith("/display/") for _, what in asked)
    assert any("plate=%E4%BA%ACA12345" in what for _, what in asked)
    assert told(visitors).startswith("2 visitors: 4 pages shown; ")


def test_pages_that_are_refused_or_do_not_come_are_counted_as_such(config: Config) -> None:
    with web(config, refuses=True):
        refused = visited(config, 0)
    assert refused[0].pages == {"shown": 1, "refused": 1}
    assert visited(config, 0)[0].pages == {"not shown": 2}
