"""Eight lanes whose cars come at the same moment: how soon each plate is read, and what eight idle cameras cost.

Eight real camera processes look at drawn scenes over HTTP. The second line is the same without turns: then all of them
read at once, and the machine's cores are shared out among them frame by frame. CPU s / cores is how soon the last could
have its answer on a machine that does nothing else.
"""

import asyncio
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.pool import CameraPool
from lpr.process.turns import cores
from lpr.sim.drawing.scene import draw_road, draw_scene
from scada.clock import SystemClock
from scada.config import Config
from scada.config import load as load_config
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId
from scada.model.plate import PlateRead, normal_form
from scada.sim.trial.ports import free_port
from tests.bench.support import cpu_s, memory_mb, percentile, run, show
from tests.support.lpr import site, until

LANES = 8
ROUNDS = 4
IDLE_S = 5.0
LIMIT_S = 2.0
"""What is asked for: all eight read within so long, on two cores (`lpr.md`)."""
FRAME_S = 0.08
_NOISES = 6
_PLATES = ("京A12345", "沪B67K90", "粤B5M678", "苏E3X721", "浙A88N16", "鲁C2P459", "川A7F903", "皖B61D08")


class Stage(ThreadingHTTPServer):
    """The cameras: frames are encoded beforehand, so that serving costs nothing beside reading."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Camera)
        self.empty = [_frames(draw_road(number), number) for number in range(LANES)]
        self.cars = [
            _frames(draw_scene(normal_form(plate), 3 + number), number) for number, plate in enumerate(_PLATES)
        ]
        self.shown = list(self.empty)


class _Camera(BaseHTTPRequestHandler):
    server: Stage

    def do_GET(self) -> None:
        """Stream one camera until its viewer leaves."""
        lane = int(self.path.strip("/"))
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=edge")
        self.end_headers()
        number = 0
        try:
            while True:
                time.sleep(FRAME_S)
                number += 1
                jpeg = self.server.shown[lane][number % _NOISES]
                head = f"--edge\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def _frames(picture: Picture, seed: int) -> list[bytes]:
    rng = np.random.default_rng(seed)
    noisy = (np.clip(picture + rng.normal(0, 4, picture.shape), 0, 255).astype(np.uint8) for _ in range(_NOISES))
    return [cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes() for one in noisy]


def eight_lanes(folder: Path, port: int) -> Config:
    """Give a site of so many ways in, a camera each."""
    config = load_config(site(folder, free_port()))
    lane, camera = config.lanes[0], config.cameras[0]
    names = [f"in{number}" for number in range(LANES)]
    update: dict[str, Any] = {
        "lanes": tuple(lane.model_copy(update={"name": name}) for name in names),
        "cameras": tuple(
            camera.model_copy(
                update={"name": f"cam-{name}", "lane": name, "source": f"http://127.0.0.1:{port}/{number}"}
            )
            for number, name in enumerate(names)
        ),
    }
    return config.model_copy(update=update)


async def fire(pool: CameraPool, stage: Stage) -> tuple[list[float], int]:
    """Let eight cars come at once; gives when each lane had its answer, and how many were read right."""
    stage.shown = list(stage.cars)
    await asyncio.sleep(0.5)
    began = time.monotonic()

    async def one(number: int) -> tuple[float, bool]:
        passage = PassageId(f"in{number}-20260501080000-1")
        answer = await pool.capture(LaneName(f"in{number}"), passage, Direction.ENTRY)
        is_right = isinstance(answer, PlateRead) and answer.text == normal_form(_PLATES[number])
        return time.monotonic() - began, is_right

    answers = await asyncio.gather(*(one(number) for number in range(LANES)))
    stage.shown = list(stage.empty)
    await asyncio.sleep(1.0)
    return [took for took, _ in answers], sum(is_right for _, is_right in answers)


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds until each answer, the last of each round, how many were right, and what the processes took."""

    took: list[float]
    last: list[float]
    right: int
    idle: float
    round_cpu_s: float
    memory_mb: float

    def row(self, name: str) -> list[str]:
        """Put it into words."""
        seconds = (statistics.median(self.took), percentile(self.took, 0.9), statistics.median(self.last))
        right = f"{self.right} of {len(self.took)}"
        least_s = self.round_cpu_s / cores()
        shares = [f"{least_s:.2f}", f"{self.idle * 100:.1f} %", f"{self.memory_mb:.0f}"]
        return [name, right, *(f"{one:.2f}" for one in seconds), *shares]


async def measure(config: Config, stage: Stage, at_once: int) -> Measured:
    """Let eight cars come some times."""
    took: list[float] = []
    last: list[float] = []
    right, used = 0, 0.0
    async with CameraPool(config, SystemClock(), at_once=at_once) as pool:
        await until(lambda: all(pool.ok(LaneName(f"in{number}")) for number in range(LANES)), 60, "all see")
        pids = list(pool.pids().values())
        began = cpu_s(*pids)
        await asyncio.sleep(IDLE_S)
        idle = (cpu_s(*pids) - began) / IDLE_S / LANES
        for _ in range(ROUNDS):
            began = cpu_s(*pids)
            seconds, good = await fire(pool, stage)
            used += cpu_s(*pids) - began
            took += seconds
            last.append(max(seconds))
            right += good
        return Measured(took, last, right, idle, used / ROUNDS, memory_mb(*pids) / LANES)


def rows(at_once: Sequence[tuple[str, int]]) -> list[list[str]]:
    """Measure with so many turns at once."""
    cv2.setNumThreads(1)
    port = free_port()
    with Stage(port) as stage, tempfile.TemporaryDirectory() as folder:
        threading.Thread(target=stage.serve_forever, daemon=True).start()
        config = eight_lanes(Path(folder), port)
        found = [asyncio.run(measure(config, stage, number)).row(name) for name, number in at_once]
        stage.shutdown()
    return found


def main() -> None:
    """Show it."""
    ways = [(f"in turns, {cores()} at a time", cores()), ("all at once", LANES)]
    head = ["reading", "right", "s p50", "s p90", "last, s", "CPU s / cores", "idle CPU each", "MB each"]
    show(f"{LANES} lanes at the same moment, {ROUNDS} times; {LIMIT_S:g} s is asked for", head, rows(ways))


if __name__ == "__main__":
    run(main, limit_s=150)
