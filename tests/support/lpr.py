"""A real feed process, a site to go with it, and plates to show it."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from lpr.evidence import PictureStore
from lpr.reader.guess import PlateGuess
from lpr.vote import Ballot, ballot_of
from scada.config import Config, load
from scada.model.plate import Plate, PlateColour, PlateKind
from tests.support.freezing import freeze, thaw

ROOT = Path(__file__).resolve().parents[2]


def guess(text: str, *probs: float, x: float = 640.0, y: float = 500.0, width: float = 200.0) -> PlateGuess:
    """Make a guess with these sign probabilities; one probability stands for all signs."""
    signs = probs if len(probs) == len(text) else probs * len(text)
    half = width / 2
    corners = ((x - half, y - 30), (x + half, y - 30), (x + half, y + 30), (x - half, y + 30))
    kind = PlateKind.NEW_ENERGY if len(text) == 8 else PlateKind.ORDINARY
    return PlateGuess(Plate(text), tuple(signs), -1.0, kind, PlateColour.BLUE, 1, corners, width, 0.9, "test")


def ballot(text: str, *probs: float, eye: str = "cam", early: bool = False, **place: float) -> Ballot:
    """Make a camera's ballot with these sign probabilities."""
    return ballot_of(eye, guess(text, *probs, **place), early=early)


def site(folder: Path, port: int, cameras: tuple[str, ...] = ("cam-in1", "cam-out1")) -> Path:
    """Write the shipped configuration with its own data folder, feed port and cameras; gives its path."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    text = re.sub(r"^# data = .*$", f'data = "{folder}/data"', text, flags=re.MULTILINE)
    text = text.replace("8091", str(port))
    text = re.sub(r"^photos = .*$", f'photos = "{folder}/photos"', text, flags=re.MULTILINE)
    blocks = re.split(r"(?=^\[\[cameras\]\]|^\[tariff\])", text, flags=re.MULTILINE)
    text = "".join(
        block for block in blocks if "[[cameras]]" not in block or any(f'"{name}"' in block for name in cameras)
    )
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def with_camera(config: Path, port: int, name: str, lane: str = "in1") -> Path:
    """Add a camera of a simulated feed to a site; gives its path."""
    block = f'\n[[cameras]]\nname = "{name}"\nlane = "{lane}"\nsource = "http://127.0.0.1:{port}/{name}.mjpg"\n'
    config.write_text(config.read_text(encoding="utf-8") + block, encoding="utf-8")
    return config


class Feed:
    """The simulated cameras as a process of their own."""

    def __init__(self, config: Path) -> None:
        self.config: Config = load(config)
        assert self.config.sim is not None
        self.port = self.config.sim.feed_port
        self.pictures = PictureStore(self.config.data / "pictures")
        self._command = [sys.executable, "-m", "lpr.sim.feed", "--config", str(config)]
        self.start()

    def start(self) -> None:
        """Start the server, or start it anew on the same port; returns when it serves."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, cwd=ROOT)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"READY\n"

    def show(self, camera: str, plate: str | None, seed: int = 7, photo: str | None = None) -> None:
        """Put a car before a camera, or nobody."""
        car = None if plate is None else {"plate": plate, "photo": photo, "seed": seed}
        assert self.post({"camera": camera, "car": car}) == 204

    def post(self, scene: object) -> int:
        """Post a scene; gives the HTTP status."""
        body = json.dumps(scene).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/scene", body, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def stall(self) -> None:
        """Let the server hang: connections stay, nothing comes."""
        freeze(self._process.pid)

    def resume(self) -> None:
        """Let it go on."""
        thaw(self._process.pid)

    def stop(self) -> int:
        """End the server as a supervisor would; gives its exit code."""
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def __enter__(self) -> "Feed":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.resume()
            self.stop()


async def until(condition: Callable[[], bool], within_s: float, what: str = "") -> None:
    """Wait for a condition; fail when it has not come true in time."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not within {within_s} s: {what or condition}"
        await asyncio.sleep(0.02)


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Measure the seconds since the block began."""
    began = time.monotonic()
    yield lambda: time.monotonic() - began
