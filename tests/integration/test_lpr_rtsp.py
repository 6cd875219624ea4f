"""The simulated cameras over RTSP, seen through the eyes of the product: a real GStreamer server, OpenCV's FFmpeg."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.process.options import ffmpeg_options
from lpr.sim.rtsp import PYTHON, RtspError, RtspServer
from scada.sim.trial.ports import free_port
from tests.support.lpr import ROOT, Feed, site

LOOK = """
import sys, time
import numpy as np
from lpr.source import Access
from lpr.sources.opening import open_source
from scada.clock import SystemClock
began = time.monotonic()
source = open_source(sys.argv[1], Access(), SystemClock())
opened_s = time.monotonic() - began
for _ in range(int(sys.argv[2])):
    assert source.grab()
picture = source.retrieve()
source.close()
print(opened_s, *picture.shape, *picture.mean(axis=(0, 1)))
"""


def look(address: str, frames: int = 1, transport: str = "tcp") -> tuple[float, ...]:
    """Open a stream as the product does, in a process of its own; gives seconds, height, width, channels, B, G, R."""
    options = ffmpeg_options(transport)
    environment = {**os.environ, "OPENCV_FFMPEG_CAPTURE_OPTIONS": options, "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", LOOK, address, str(frames)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(float(word) for word in done.stdout.split()[-7:])


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[tuple[Feed, int]]:
    rtsp_port = free_port()
    path = site(tmp_path, free_port())
    path.write_text(path.read_text("utf-8").replace("# rtsp_port = 8095", f"rtsp_port = {rtsp_port}"), "utf-8")
    (tmp_path / "photos" / "photos").mkdir(parents=True)
    red = np.full((720, 1280, 3), (0, 0, 250), np.uint8)
    (tmp_path / "photos" / "photos" / "red.png").write_bytes(cv2.imencode(".png", red)[1].tobytes())
    with Feed(path) as feed:
        yield feed, rtsp_port


def test_every_camera_of_the_site_can_be_watched_over_rtsp_by_tcp_and_by_udp(feed: tuple[Feed, int]) -> None:
    cameras, port = feed
    opened_s, *shape, blue, green, red = look(f"rtsp://127.0.0.1:{port}/cam-in1")
    assert shape == [720, 1280, 3]
    assert opened_s < 2
    assert abs(blue - red) < 12 and abs(green - red) < 12, "an empty road is grey"  # noqa: PT018
    cameras.show("cam-out1", "京A12345", photo="photos/red.png")
    *_, blue, green, red = look(f"rtsp://127.0.0.1:{port}/cam-out1", transport="udp")
    assert red > 200
    assert max(blue, green) < 60


def test_the_site_ends_with_its_rtsp_server_and_takes_it_along(feed: tuple[Feed, int]) -> None:
    cameras, port = feed
    look(f"rtsp://127.0.0.1:{port}/cam-in1")
    assert cameras.stop() == 0
    again = RtspServer(["one"], port)
    with again:
        assert not again.watched


def test_motion_jpeg_goes_over_rtsp_too_and_only_a_watched_camera_wants_frames() -> None:
    port = free_port()
    jpeg = cv2.imencode(".jpg", np.full((720, 1280, 3), (250, 0, 0), np.uint8))[1].tobytes()
    with RtspServer(["one", "other"], port, "mjpeg") as server:
        server.show("one", jpeg)
        assert not server.watched
        address = f"rtsp://127.0.0.1:{port}/one"
        environment = {**os.environ, "OPENCV_FFMPEG_CAPTURE_OPTIONS": ffmpeg_options("tcp"), "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(
            [sys.executable, "-c", LOOK, address, "3"], env=environment, stdout=-1, stderr=-1, text=True
        ) as eye:
            assert server.wait_for_viewer("one", 20)
            assert server.watched == {"one"}
            while eye.poll() is None:
                server.show("one", jpeg)
                with suppress(subprocess.TimeoutExpired):
                    eye.wait(0.1)
            assert eye.stdout is not None
            assert eye.stderr is not None
            assert eye.wait() == 0, eye.stderr.read()
            assert float(eye.stdout.read().split()[-3]) > 200


def test_a_taken_port_is_told() -> None:
    port = free_port()
    with RtspServer(["one"], port), pytest.raises(RtspError, match=f"port {port} is taken"):
        RtspServer(["one"], port).__enter__()


def test_the_server_ends_when_nobody_feeds_it() -> None:
    assert PYTHON.exists()
    words = [str(PYTHON), str(ROOT / "lpr" / "sim" / "rtsp_server.py"), "--port", str(free_port()), "one"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        assert server.stdout.readline() == b"READY\n"
        server.stdin.close()
        assert server.wait(10) == 0


HELD = """
import sys
sys.path.insert(0, sys.argv[1])
from rtsp_server import Cameras, Gst
Gst.init(None)

class Media:
    def __init__(self, element): self.element = element
    def get_element(self): return self.element
    def connect(self, *_): pass

source = "appsrc name=frames is-live=true format=time do-timestamp=true"
line = Gst.parse_launch(source + " ! appsink name=end sync=false async=false")
cameras = Cameras()
cameras.watch("one", Media(line))
line.set_state(Gst.State.PAUSED)
line.get_state(Gst.CLOCK_TIME_NONE)
cameras.show("one", b"too early")
line.set_state(Gst.State.PLAYING)
line.get_state(60 * Gst.SECOND)
cameras.show("one", b"in time")
frame = line.get_by_name("end").emit("pull-sample").get_buffer()
print(frame.extract_dup(0, frame.get_size()).decode(), frame.pts < 60 * Gst.SECOND)
line.set_state(Gst.State.NULL)
"""


def test_a_frame_before_the_streams_time_does_not_hold_it_back_for_the_machines_uptime() -> None:
    words = [str(PYTHON), "-c", HELD, str(ROOT / "lpr" / "sim")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.splitlines() == ["WATCHED one", "in time True"], done.stderr
