"""What a drill changes of the machine: a clock that steps and slow syncs in real processes, a disk that runs full."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import ANY

import pytest

from scada.sim.chaos.machine import MachineError, make_shim, small_disk
from scada.supervise import Part

LIMIT_S = 30
LOOKS = """
import datetime, json, os, sqlite3, sys, threading, time
def took(work):
    began_s = time.monotonic()
    work()
    return time.monotonic() - began_s
def sync():
    with open(sys.argv[1], "wb") as file:
        file.write(b"x")
        file.flush()
        os.fsync(file.fileno())
        os.fdatasync(file.fileno())
sql = sqlite3.connect(":memory:").execute("select strftime('%s', 'now')").fetchone()[0]
print(json.dumps({
    "times": [time.time(), datetime.datetime.now(datetime.timezone.utc).timestamp(), float(sql)],
    "waits": [took(lambda: time.sleep(0.1)), took(lambda: threading.Event().wait(0.1))],
    "sync": took(sync),
}))
"""


@pytest.mark.parametrize("step_s", [-400.0, 0.0, 90.0])
def test_a_process_of_the_site_sees_the_clock_that_it_is_told_and_waits_as_before(
    tmp_path: Path, step_s: float
) -> None:
    shim = make_shim(tmp_path)
    shim.step_clock(step_s)
    shim.slow_syncs(0.2 if step_s else 0.0)
    command = shim.dressed(Part("x", (sys.executable, "-c", LOOKS, str(tmp_path / "synced")))).command
    seen = json.loads(subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=True).stdout)
    now = json.loads(subprocess.run(command[3:], capture_output=True, timeout=LIMIT_S, check=True).stdout)
    assert all(abs(told - now["times"][0] - step_s) < LIMIT_S for told in seen["times"])
    assert all(0.09 < waited < 5 for waited in seen["waits"])
    assert seen["sync"] >= (0.4 if step_s else 0.0)


async def test_a_small_disk_is_full_until_it_is_cleared_and_what_lay_on_it_stays(tmp_path: Path) -> None:
    async with small_disk(tmp_path / "data", "world") as disk:
        await asyncio.to_thread((disk.folder / "kept").write_bytes, bytes(100_000))
        await asyncio.to_thread(disk.fill)
        with pytest.raises(OSError, match="No space left"):
            await asyncio.to_thread((disk.folder / "more").write_bytes, bytes(10_000))
        await asyncio.to_thread((disk.folder / "world" / "truth").write_bytes, bytes(10_000))
        await asyncio.to_thread(disk.clear)
        await asyncio.to_thread((disk.folder / "more").write_bytes, bytes(10_000))
    found = await asyncio.to_thread(lambda: {one.name: one.stat().st_size for one in (tmp_path / "data").rglob("*")})
    assert (found.pop("world"), found) == (ANY, {"kept": 100_000, "more": 10_000})
    assert await asyncio.to_thread((tmp_path / "data" / "world" / "truth").read_bytes) == bytes(10_000)
    assert not await asyncio.to_thread((tmp_path / "data").is_mount)


def test_what_the_machine_does_not_do_is_said_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="cc"):
        make_shim(tmp_path)
