"""A stand-in for InfluxDB 2.7, which no package brings: its write route, its manners and its moods.

A body with one bad line is refused whole, as 2.7 does; the real 1.6 is in `influx.py`.
"""

import gzip
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-for-tests"
_LINE = re.compile(r"^scada(,[a-z]+=[^ ,]+)+ \S.* \d+$")


class Influx2:
    """What is stored, and how the next writes are answered: `mood` statuses first, then as it should be."""

    def __init__(self) -> None:
        self.stored: dict[str, str] = {}
        self.mood: list[tuple[int, dict[str, str]]] = []
        self.poison = ""
        self.writes: list[dict[str, list[str]]] = []
        self.url = ""

    def answer(self, token: str, query: dict[str, list[str]], body: bytes) -> tuple[int, dict[str, str], str]:
        """Give status, headers and words for one write."""
        self.writes.append(query)
        if self.mood:
            status, headers = self.mood.pop(0)
            return status, headers, "in a mood"
        if token != f"Token {TOKEN}":
            return 401, {}, "unauthorized access"
        lines = body.decode().split("\n")
        if self.poison and any(self.poison in line for line in lines):
            return 500, {}, "internal error"
        bad = [line for line in lines if not _LINE.match(line)]
        if bad:
            return 400, {}, f"unable to parse {bad[0]!r}"
        self.stored.update(
            {line.rpartition(" ")[0].partition(" ")[0] + line.rpartition(" ")[2]: line for line in lines}
        )
        return 204, {}, ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Influx2

    def do_GET(self) -> None:
        self._reply(204 if self.path == "/ping" else 404, {"X-Influxdb-Version": "v2.7.12"}, "")

    def do_POST(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if parts.path != "/api/v2/write":
            self._reply(404, {}, "not found")
            return
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self._reply(*self.state.answer(self.headers.get("Authorization", ""), parse_qs(parts.query), body))

    def _reply(self, status: int, headers: dict[str, str], words: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        if status != 204:
            self.wfile.write(words.encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def influx2() -> Iterator[Influx2]:
    """Serve a stand-in on a free port."""
    state = Influx2()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
