"""A stand-in for InfluxDB 2.7 and for 3 Core, which no package brings: their routes, their manners and their moods.

2.7 stores nothing of a body with a line that does not parse, and the rest of one with a type conflict or a point beyond
retention. 3 Core stores whatever it can and lists the lines it did not take.
"""

import gzip
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.support.timeseries.protocol import Line, NoLine, Stored, parse

TOKEN = "a-token-for-tests"
Manner = Literal["2.7", "3"]
Query = Mapping[str, list[str]]
Reply = tuple[int, dict[str, str], str]
_VERSIONS = {"2.7": "v2.7.12", "3": "3.2.1"}


class Fake:
    """What is stored, and how the next writes are answered: `mood` statuses first, then as it should be."""

    def __init__(self, manner: Manner, token: str) -> None:
        self.manner = manner
        self._token = f"Token {token}" if token else ""
        self.buckets = {"parking": Stored()}
        self.retention_s = {"parking": 0}
        self.mood: list[tuple[int, dict[str, str]]] = []
        self.poison = ""
        self.most_lines = 10**9
        self.is_down = False
        self.writes: list[dict[str, list[str]]] = []
        self.oldest_ms = -(10**18)
        self.url = ""
        self.lock = threading.Lock()

    @property
    def stored(self) -> Stored:
        """Give what is in the bucket of the tests."""
        return self.buckets["parking"]

    def get(self, path: str, query: Query, token: str) -> Reply:
        """Answer a GET."""
        match path:
            case "/ping":
                told = {"X-Influxdb-Version": _VERSIONS["2.7"], "X-Influxdb-Build": "OSS"}
                core = json.dumps({"version": _VERSIONS["3"], "revision": "0"})
                return (204, told, "") if self.manner == "2.7" else (200, {}, core)
            case "/health":
                return 200, {}, json.dumps({"name": "influxdb", "status": "pass"}) if self.manner == "2.7" else "OK"
            case _ if self._token not in (token, ""):
                return 401, {}, json.dumps({"code": "unauthorized", "message": "unauthorized access"})
            case "/query":
                return self._query(query)
            case "/api/v2/buckets" if self.manner == "2.7":
                found = [self._bucket(name) for name in query["name"] if name in self.buckets]
                if not found:
                    return (
                        404,
                        {},
                        json.dumps({"code": "not found", "message": f'bucket "{query["name"][0]}" not found'}),
                    )
                return 200, {}, json.dumps({"buckets": found})
            case "/api/v2/orgs" if self.manner == "2.7":
                return 200, {}, json.dumps({"orgs": [{"id": "0123456789abcdef", "name": "lot"}]})
            case "/api/v3/configure/database" if self.manner == "3":
                return 200, {}, json.dumps([{"iox::database": name} for name in self.buckets])
            case _:
                return 404, {}, "not found"

    def patch(self, path: str, body: bytes, token: str) -> Reply:
        """Answer a PATCH of a bucket."""
        name = path.rpartition("/")[2]
        if self._token not in (token, "") or self.manner != "2.7" or name not in self.buckets:
            return 404, {}, "not found"
        self.retention_s[name] = json.loads(body)["retentionRules"][0]["everySeconds"]
        return 200, {}, json.dumps(self._bucket(name))

    def forget(self, query: Query, body: bytes) -> Reply:
        """Answer a request to delete a measurement."""
        measurement = json.loads(body)["predicate"].partition("=")[2].strip('"')
        self.buckets[query["bucket"][0]].forget(measurement)
        return 204, {}, ""

    def make(self, asked: Mapping[str, Any]) -> Reply:
        """Answer a request to make a bucket or a database; 3 Core has five databases at most."""
        name = asked["name"] if self.manner == "2.7" else asked["db"]
        if self.manner == "3" and len(self.buckets) == 5:
            return 422, {}, json.dumps({"error": "Adding a new database would exceed limit of 5 databases"})
        self.buckets[name] = Stored()
        days = int(asked["retention_period"].removesuffix("d")) if self.manner == "3" else 0
        self.retention_s[name] = days * 86400 or asked["retentionRules"][0]["everySeconds"]
        return 200, {}, json.dumps(self._bucket(name))

    def write(self, path: str, query: dict[str, list[str]], token: str, body: bytes) -> Reply:
        """Answer a write."""
        if "bucket" in query:
            self.writes.append(query)
        if self.mood:
            status, headers = self.mood.pop(0)
            return status, headers, "in a mood"
        if path == "/api/v2/delete" and self.manner == "2.7" and self._token in (token, ""):
            return self.forget(query, body)
        if self._token in (token, "") and path in ("/api/v2/buckets", "/api/v3/configure/database"):
            return self.make(json.loads(body))
        bucket = query["bucket"][0]
        lines = body.decode().split("\n")
        if path != "/api/v2/write":
            return 404, {}, "not found"
        if self._token not in (token, ""):
            return 401, {}, json.dumps({"code": "unauthorized", "message": "unauthorized access"})
        if bucket not in self.buckets:
            return 404, {}, json.dumps({"code": "not found", "message": f'bucket "{bucket}" not found'})
        if len(lines) > self.most_lines:
            return 413, {}, json.dumps({"code": "request too large", "message": "too large"})
        if self.poison and any(self.poison in line for line in lines):
            return 500, {}, json.dumps({"code": "internal error", "message": "unexpected error"})
        return (_by_2 if self.manner == "2.7" else _by_3)(self.buckets[bucket], lines, self.oldest_ms)

    def _query(self, query: Query) -> Reply:
        bucket = self.buckets.get("/".join((query["db"][0], *query.get("rp", ()))))
        if bucket is None:
            return 404, {}, json.dumps({"error": "database not found"})
        try:
            return 200, {}, json.dumps({"results": [{"statement_id": 0, "series": bucket.query(query["q"][0])}]})
        except NoLine as error:
            return 400, {}, json.dumps({"error": str(error)})

    def _bucket(self, name: str) -> dict[str, Any]:
        rules = [{"type": "expire", "everySeconds": self.retention_s[name]}] if self.retention_s[name] else []
        return {"id": name, "name": name, "orgID": "lot", "retentionRules": rules}


def _by_2(bucket: Stored, lines: list[str], oldest_ms: int) -> Reply:
    try:
        parsed = [parse(line) for line in lines]
    except NoLine as error:
        return 400, {}, json.dumps({"code": "invalid", "message": str(error)})
    refused = [why for line in parsed if (why := _take(bucket, line, oldest_ms))]
    if refused:
        message = f"failure writing points to database: partial write: {refused[0]} dropped={len(refused)}"
        return 422, {}, json.dumps({"code": "unprocessable entity", "message": message})
    return 204, {}, ""


def _by_3(bucket: Stored, lines: list[str], oldest_ms: int) -> Reply:
    bad = []
    for number, text in enumerate(lines, start=1):
        try:
            why = _take(bucket, parse(text), oldest_ms)
        except NoLine as error:
            why = str(error)
        if why:
            bad.append({"original_line": text, "line_number": number, "error_message": why})
    if bad:
        return 400, {}, json.dumps({"error": "partial write of line protocol occurred", "data": bad})
    return 204, {}, ""


def _take(bucket: Stored, line: Line, oldest_ms: int) -> str:
    """Store a point, or say why not."""
    if line.at_ms < oldest_ms:
        return "points beyond retention policy"
    why = bucket.conflict(line)
    if not why:
        bucket.store(line)
    return why


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    state: Fake

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self._reply(lambda: self.state.get(parts.path, parse_qs(parts.query), self._token()))

    def do_POST(self) -> None:
        parts, body = urlsplit(self.path), self._body()
        self._reply(lambda: self.state.write(parts.path, parse_qs(parts.query), self._token(), body))

    def do_PATCH(self) -> None:
        body = self._body()
        self._reply(lambda: self.state.patch(urlsplit(self.path).path, body, self._token()))

    def _token(self) -> str:
        return str(self.headers.get("Authorization", "")).replace("Bearer ", "Token ")

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _reply(self, answer: Any) -> None:  # noqa: ANN401 - a function without arguments
        if self.state.is_down:
            self.close_connection = True
            return
        with self.state.lock:
            status, headers, words = answer()
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Type", "application/json" if words.startswith("{") else "text/plain")
            self.send_header("Content-Length", str(len(words.encode())))
        self.end_headers()
        if status != 204:
            self.wfile.write(words.encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def fake(manner: Manner = "2.7", token: str = TOKEN) -> Iterator[Fake]:
    """Serve a stand-in on a free port."""
    state = Fake(manner, token)
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
