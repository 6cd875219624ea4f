"""A real InfluxDB 1.6 for tests: a process of its own on free ports, that can be taken down and brought back."""

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from scada.sim.trial.ports import free_ports

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc_port}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  index-version = "tsi1"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  auth-enabled = {auth}
"""


class InfluxProcess:
    """One server with its data; `stop` keeps the data."""

    def __init__(self, binary: str, folder: Path, *, auth: bool = False) -> None:
        self.port, rpc_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [binary, "-config", str(folder / "influx.conf")]
        self._folder = folder
        (folder / "influx.conf").write_text(
            CONFIG.format(folder=folder, port=self.port, rpc_port=rpc_port, auth=str(auth).lower())
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.who: dict[str, str] = {}
        """User and password, where it wants to see them."""

    def start(self) -> None:
        """Start the server and wait until it answers."""
        for log in (self._folder / "wal").rglob("*.wal"):
            cut_torn_end(log)
        with (self._folder / "influx.log").open("ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        deadline = monotonic() + 120
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "influx.log").read_text()[-2000:]
            assert monotonic() < deadline, "influxd did not answer within 120 s"
            sleep(0.05)

    def stop(self, *, hard: bool = False) -> None:
        """Take the server down; `hard` as a power cut would."""
        if self._process is None:
            return
        (self._process.kill if hard else self._process.terminate)()
        self._process.wait(20)
        self._process = None

    def ask(self, query: str, database: str = "") -> list[list[Any]]:
        """Run an InfluxQL query and give the rows of its first series."""
        return next((one["values"] for one in self.series(query, database)), [])

    def series(self, query: str, database: str = "") -> list[dict[str, Any]]:
        """Run an InfluxQL query and give its series."""
        body = urlencode({"q": query}).encode()
        asked = urlencode({"db": database, "epoch": "ms", **self.who})
        with urlopen(Request(f"{self.url}/query?{asked}", data=body), timeout=60) as reply:  # noqa: S310 -- our own address
            results = json.load(reply)["results"][0]
        assert "error" not in results, results
        return list(results.get("series", ()))

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/ping", timeout=2) as reply:  # noqa: S310 -- our own address
                return bool(reply.status == 204)
        except (URLError, ConnectionError, TimeoutError):
            return False


ENTRY_HEAD = struct.Struct(">BI")
"""Of an entry of influxd's write-ahead log: its kind, and how many bytes follow."""


def cut_torn_end(log: Path) -> None:
    """Take a half-written entry off the end of the log of a server that was killed; nobody was told that it is safe.

    influxd 1.6.7 passes it over when it starts, but goes on writing behind it, and at its next start reads no further
    than the half entry: all that it took and acknowledged in between is lost, by the server alone ("File corrupt").
    """
    content, end = log.read_bytes(), 0
    while end + ENTRY_HEAD.size <= len(content):
        behind = end + ENTRY_HEAD.size + ENTRY_HEAD.unpack_from(content, end)[1]
        if behind > len(content):
            break
        end = behind
    os.truncate(log, end)


def found_binary() -> str:
    """Find the server; where it is not installed, the tests fail."""
    binary = shutil.which("influxd")
    if binary is None:
        pytest.fail("influxd is not installed: apt-get install -y --no-install-recommends influxdb", pytrace=False)
    return binary


@pytest.fixture(scope="session")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxProcess]:
    """A running server; a test that takes it down brings it back."""
    process = InfluxProcess(found_binary(), tmp_path_factory.mktemp("influx"))
    process.start()
    yield process
    process.stop()
