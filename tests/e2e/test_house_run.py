"""`daozha run --with-sim` as a person starts it: it comes up, says where to look, and goes away without a trace."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from scada.sim.trial.site import prepare
from tests.support.house import ROOT

UP_WITHIN_S = 180
DOWN_WITHIN_S = 60


@pytest.fixture
def site() -> Iterator[Path]:
    """Give the configuration of a virtual site on free ports; the path is short enough for Unix sockets."""
    with tempfile.TemporaryDirectory(prefix="dz-") as folder:
        yield prepare(Path(folder), ROOT / "config.toml")


def until_said(text: str, said: Path, running: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + UP_WITHIN_S
    while text not in (heard := said.read_text("utf-8")):
        assert running.poll() is None, heard
        assert time.monotonic() < deadline, heard
        time.sleep(0.2)
    return heard


def processes_of(config: Path) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(config).encode() in place.read_bytes():
                found.append(int(place.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@pytest.mark.timeout(UP_WITHIN_S + DOWN_WITHIN_S + 60)
def test_the_site_comes_up_tells_how_to_sign_in_and_stops_without_leaving_anything(site: Path) -> None:
    said, log = site.parent / "said.txt", site.parent / "log.txt"
    command = [sys.executable, "-m", "scada", "run", "--with-sim", "--config", str(site)]
    environment = {**os.environ, "COLUMNS": "100"}
    with said.open("wb") as out, log.open("wb") as err:
        running = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=err, env=environment)
    try:
        heard = until_said("Ctrl-C stops it", said, running)
        assert re.search(r"name +admin", heard)
        assert re.search(r"password +\S{16,}", heard)
        address = re.search(r"Control room +(http://\S+)", heard)
        assert address is not None
        with urlopen(address[1], timeout=20) as page:  # noqa: S310 - our own address
            assert "password" in page.read().decode().lower()
        assert (site.parent / "data").stat().st_mode & 0o077 == 0
        running.send_signal(signal.SIGTERM)
        assert running.wait(DOWN_WITHIN_S) == 0
    finally:
        running.kill()
        running.wait()
    assert processes_of(site) == []
