"""The disk filled on purpose: recording goes on and says so, nothing called safe is lost, it recovers by itself."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from scada.clock import SystemClock
from scada.store.historian.embedded import EmbeddedReader
from scada.store.historian.queue.letters import waiting
from tests.soak.history_kills import read
from tests.support.diskfull import Disk
from tests.support.history_child import FOR_EVER
from tests.support.store import SITE
from tests.support.timeseries.fake import Fake, fake

ROOT = Path(__file__).parents[2]
WITHIN_S = 40.0


@dataclass
class Child:
    """What records on a disk that may run full."""

    process: "subprocess.Popen[str]"

    def until(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read what it tells until that is true."""
        deadline = monotonic() + WITHIN_S
        assert self.process.stdout is not None
        told: dict[str, Any] = {}
        for text in self.process.stdout:
            told = json.loads(text)
            if true(told):
                return told
            assert monotonic() < deadline, f"not within {WITHIN_S} s: {told}"
        raise AssertionError(f"it has ended: {told}, {self.process.stderr and self.process.stderr.read()[-2000:]}")


@contextmanager
def _recording(disk: Disk, place: Sequence[str] = ()) -> Iterator[Child]:
    command = [sys.executable, "-m", "tests.support.diskfull.child", str(disk.folder), *place]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=dict(disk.environment), stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield Child(process)
        finally:
            process.kill()


def _goes_on_and_recovers(disk: Disk, child: Child) -> int:
    """Fill the disk, see that the child says so and lives, give room again, and see it record; give what is safe."""
    child.until(lambda told: told["safe"] > 500)
    disk.fill()
    full = child.until(lambda told: "history_disk" in told["troubles"])
    for _ in range(3):
        assert child.until(lambda told: True)["lost"] == 0, "it waits in memory"
    disk.clear()
    recovered = child.until(lambda told: told["troubles"] == [] and told["safe"] > full["safe"] + 500)
    return int(recovered["safe"])


def test_the_embedded_history_waits_in_memory_while_the_disk_is_full_and_loses_nothing(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    with _recording(disk) as child:
        safe = _goes_on_and_recovers(disk, child)
        disk.fill()
    with _recording(disk) as child:
        child.until(lambda told: told["memory"] > 0)
    found = asyncio.run(read(EmbeddedReader(disk.folder / "history.db", SITE, SystemClock(), keeping=FOR_EVER)))
    assert {int(value) for _, _, value in found} >= set(range(safe))


def test_a_queue_on_a_full_disk_is_opened_and_drains_and_takes_lines_again_when_there_is_room(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    with fake("2.7", token="") as server:
        place = [server.url, "parking"]
        server.is_down = True
        with _recording(disk, place) as child:
            child.until(lambda told: told["safe"] > 500)
            disk.fill()
            before = child.until(lambda told: "history_disk" in told["troubles"])
            assert before["queue"] >= before["safe"] - 50
        server.is_down = False
        with _recording(disk, place) as child:
            full = child.until(lambda told: "history_disk" in told["troubles"] and told["queue"] == 0)
            assert (full["safe"], full["lost"]) == (0, 0)
            assert _values(server) >= set(range(before["safe"]))
            disk.clear()
            last = child.until(lambda told: told["troubles"] == [] and told["safe"] > 500)
            child.until(lambda told: told["queue"] == 0)
        assert last["lost"] == 0
        assert _values(server) >= set(range(last["safe"]))
    assert waiting(disk.folder / "queue.db").held.lines < before["safe"]


def _values(server: Fake) -> set[int]:
    series = list(server.stored.points.values())
    return {int(fields["value"]) for points in series for fields in list(points.values())}
