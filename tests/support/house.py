"""Helpers for the tests of the house: a site's file with changes, a small HTTP server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tests.support.store import empty_database, is_sqlite

ROOT = Path(__file__).parents[2]


def site_beside(folder: Path, *changes: tuple[str, str], encoding: str = "utf-8") -> Path:
    """Write the shipped config.toml with some texts replaced into a folder, beside its tag map and its tariffs.

    Its tables are where those of `tests.support.store` are.
    """
    (folder / "plc").mkdir(exist_ok=True)
    if not (folder / "plc" / "sim").exists():
        (folder / "plc" / "sim").symlink_to(ROOT / "plc" / "sim")
    (folder / "billing").mkdir(exist_ok=True)
    if not (folder / "billing" / "tariffs").exists():
        (folder / "billing" / "tariffs").symlink_to(ROOT / "billing" / "tariffs")
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    for old, new in changes:
        if old not in text:
            raise ValueError(f"config.toml no longer holds {old!r}")
        text = text.replace(old, new, 1)
    file = folder / "config.toml"
    file.write_text(text + ("" if is_sqlite() else _database(folder)), encoding=encoding)
    return file


def _database(folder: Path) -> str:
    secret = folder / "database_url.txt"
    secret.touch(0o600)
    secret.write_text(empty_database(folder), encoding="utf-8")
    return f'\n[database]\nurl_file = "{secret}"\n'


@contextmanager
def http_server(status: int) -> Iterator[int]:
    """Serve every GET with one status on a free port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Keep the tests' output clean."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
