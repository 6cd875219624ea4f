"""A real VictoriaMetrics for tests: a process of its own on a free port."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

FLAGS = (
    "-retentionPeriod=100y",
    "-search.latencyOffset=0s",
    "-dedup.minScrapeInterval=1ms",
    "-memory.allowedBytes=64MB",
    "-enableTCP6=false",
)


class VictoriaProcess:
    """One server with its data."""

    def __init__(self, binary: str, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "victoria.log"
        self._command = [binary, f"-storageDataPath={folder / 'data'}", f"-httpListenAddr=127.0.0.1:{port}", *FLAGS]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)
        deadline = monotonic() + 30
        while not self._answers("/health"):
            assert self._process.poll() is None, self._log.read_text()[-2000:]
            assert monotonic() < deadline, "victoria-metrics did not answer within 30 s"
            sleep(0.05)

    def stop(self) -> None:
        """Take the server down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def flush(self) -> None:
        """Let what was written be found."""
        assert self._answers("/internal/force_flush")

    def export(self, match: str) -> list[dict[str, Any]]:
        """Give every series that matches, with its times and values."""
        with urlopen(f"{self.url}/api/v1/export?{urlencode({'match[]': match})}", timeout=10) as reply:  # noqa: S310 -- our own address
            return [json.loads(line) for line in reply.read().splitlines()]

    def _answers(self, path: str) -> bool:
        try:
            with urlopen(f"{self.url}{path}", timeout=5) as reply:  # noqa: S310 -- our own address
                return bool(reply.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False


@pytest.fixture(scope="session")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaProcess]:
    """A running server."""
    binary = shutil.which("victoria-metrics")
    if binary is None:
        pytest.fail("it is not installed: apt-get install -y --no-install-recommends victoria-metrics", pytrace=False)
    process = VictoriaProcess(binary, tmp_path_factory.mktemp("victoria"))
    process.start()
    yield process
    process.stop()
