"""A real RTSP server that hangs, restarts and loses data: nobody waits for it, and what it showed before is not now."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from lpr.camera import Frame, Grabber
from lpr.picture import Picture
from lpr.process.options import ffmpeg_options
from lpr.sim.rtsp import PYTHON, RtspServer
from lpr.source import Access, Source
from lpr.sources.opening import open_source
from scada.clock import SystemClock
from scada.sim.trial.ports import free_port
from tests.support.freezing import freeze, thaw
from tests.support.lpr import stopwatch

Noise = npt.NDArray[np.int64]
CLOCK = SystemClock()
BACK_S = 30.0
"""It is opened anew within seconds; a machine under load takes longer."""
FRAME_S = 0.1
DARK, BRIGHT = 60, 190
LOSSY = """
import sys
sys.path.insert(0, "lpr/sim")
import rtsp_server
pipelines = rtsp_server._PIPELINES
pipelines["h264"] = pipelines["h264"].replace("! rtph264pay", "! identity drop-probability=0.1 ! rtph264pay")
sys.exit(rtsp_server.main())
"""


class LossyServer(RtspServer):
    """A server that loses every tenth picture of its stream after it was encoded."""

    def __init__(self, port: int) -> None:
        super().__init__(["one"], port)
        self._words = [str(PYTHON), "-c", LOSSY, *self._words[2:]]


class Show:
    """Feeds a server with pictures of one brightness, striped so that a decoder has something to lose."""

    def __init__(self, server: RtspServer) -> None:
        self.server = server
        self.shade = DARK
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="show")

    def _run(self) -> None:
        rng = np.random.default_rng(0)
        while not self._stop.wait(FRAME_S):
            noise = rng.integers(-12, 13, (360, 640, 3))
            self.server.show("one", bytes(cv2.imencode(".jpg", striped(self.shade, noise))[1]))

    def __enter__(self) -> "Show":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def striped(shade: int, noise: Noise) -> Picture:
    stripes = np.where(np.arange(640) // 40 % 2, shade + 30, shade - 30)[None, :, None]
    shown: Picture = np.clip(stripes + noise, 0, 255).astype(np.uint8)
    return shown


def stands_for(frame: Frame | None) -> int:
    """Say which brightness a frame shows, wholly."""
    assert frame is not None
    rows = frame.picture.mean(axis=(1, 2))
    shade = DARK if rows.mean() < (DARK + BRIGHT) / 2 else BRIGHT
    assert np.abs(rows - shade).max() < 25, "every row shows the same brightness"
    return shade


@contextmanager
def looking(port: int) -> Iterator[Grabber]:
    def as_nobody(address: str) -> Source:
        return open_source(address, Access(), CLOCK)

    grabber = Grabber(f"rtsp://127.0.0.1:{port}/one", CLOCK, as_nobody, (0.3, 1.0))
    grabber.start()
    try:
        with grabber.watching():
            yield grabber
    finally:
        grabber.stop()


@pytest.fixture(autouse=True)
def _options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", ffmpeg_options("tcp"))


def test_a_server_that_hangs_makes_nobody_wait_and_what_it_held_back_is_never_now() -> None:
    port = free_port()
    with RtspServer(["one"], port) as server, Show(server) as show, looking(port) as grabber:
        assert stands_for(grabber.frame_after(CLOCK.seconds(), BACK_S)) == DARK
        freeze(server.pid)
        asked_s = CLOCK.seconds() + 0.5
        with stopwatch() as passed_s:
            while grabber.frame_after(asked_s, 1.0) is not None:
                asked_s = CLOCK.seconds()
            assert passed_s() < 6
        show.shade = BRIGHT
        thaw(server.pid)
        assert stands_for(grabber.frame_after(CLOCK.seconds() + 1.0, BACK_S)) == BRIGHT
        assert grabber.health().trouble == ""


def test_a_server_that_restarts_is_seen_again_by_itself() -> None:
    port = free_port()
    with looking(port) as grabber:
        with RtspServer(["one"], port) as server, Show(server):
            assert stands_for(grabber.frame_after(CLOCK.seconds(), BACK_S)) == DARK
        gone_s = CLOCK.seconds()
        with RtspServer(["one"], port) as server, Show(server) as show:
            show.shade = BRIGHT
            assert stands_for(grabber.frame_after(gone_s + 0.5, BACK_S)) == BRIGHT


def test_a_stream_that_loses_data_shows_what_is_now_all_the_same() -> None:
    port = free_port()
    with LossyServer(port) as server, Show(server) as show, looking(port) as grabber:
        assert grabber.frame_after(CLOCK.seconds(), BACK_S) is not None
        show.shade = BRIGHT
        assert stands_for(grabber.frame_after(CLOCK.seconds() + 3.0, BACK_S)) == BRIGHT
