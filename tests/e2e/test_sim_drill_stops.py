"""A drill that is ended before its time, kindly or not, leaves no process behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.house import ROOT

UP_WITHIN_S = 120
DOWN_WITHIN_S = 60


def until(holds: Callable[[], bool], within_s: float, what: str) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def processes_below(folder: str) -> dict[int, str]:
    """Give the processes that were started with this folder for their temporary files, with their commands."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (place / "environ").read_bytes().split(b"\0"):
                found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


def is_up(folder: str) -> bool:
    commands = " ".join(processes_below(folder).values())
    return all(part in commands for part in ("scada.app", "lpr.worker", "hmi.control"))


@pytest.mark.timeout(UP_WITHIN_S + DOWN_WITHIN_S + 60)
@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGKILL])
def test_a_drill_that_is_ended_early_takes_its_whole_site_with_it(order: signal.Signals) -> None:
    command = [sys.executable, "-m", "scada.sim.drill", "--cars", "2"]
    with tempfile.TemporaryDirectory(prefix="dz-") as folder, (Path(folder) / "said.txt").open("w") as said:
        environment = {**os.environ, "TMPDIR": folder}
        drill = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said, env=environment)
        try:
            until(lambda: is_up(folder), UP_WITHIN_S, "the site does not come up")
            drill.send_signal(order)
            assert drill.wait(DOWN_WITHIN_S) == (-signal.SIGKILL if order == signal.SIGKILL else 1)
            until(lambda: not processes_below(folder), DOWN_WITHIN_S, f"still there: {processes_below(folder)}")
        finally:
            drill.kill()
            drill.wait()
