"""Frames as RTSP: a GStreamer server in a process of its own, fed with JPEG pictures.

`RtspServer(cameras, port)` serves `rtsp://127.0.0.1:PORT/CAMERA`, over TCP and UDP, as H.264 or as Motion JPEG.
"""

import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal

PYTHON = Path("/usr/bin/python3")
"""The system's own: Debian's bindings to GStreamer are made for it."""
PACKAGES = (
    "python3-gi",
    "gir1.2-gst-rtsp-server-1.0",
    "gstreamer1.0-plugins-base",
    "gstreamer1.0-plugins-good",
    "gstreamer1.0-plugins-ugly",
)
Codec = Literal["h264", "mjpeg"]
_SERVER = Path(__file__).with_name("rtsp_server.py")
_READY_S = 20.0
_STOP_S = 5.0


class RtspError(Exception):
    """No RTSP server; the message says why."""


class RtspServer:
    """Serves some cameras over RTSP while it is entered. `pid` is the server's process."""

    def __init__(self, cameras: Sequence[str], port: int, codec: Codec = "h264", rate: int = 8) -> None:
        self._words = [str(PYTHON), str(_SERVER), "--port", str(port), "--codec", codec, "--rate", str(rate), *cameras]
        self._changed = threading.Condition()
        self._frames: dict[str, bytes] = {}
        self._watched: set[str] = set()
        self._is_ready = False
        self._is_over = False

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Say whether the server is gone."""
        with self._changed:
            return self._is_over

    @property
    def watched(self) -> frozenset[str]:
        """The cameras that somebody watches now: nobody else's frames are wanted."""
        with self._changed:
            return frozenset(self._watched)

    def wait_for_viewer(self, camera: str, within_s: float) -> bool:
        """Wait until somebody watches a camera."""
        with self._changed:
            return (
                self._changed.wait_for(lambda: camera in self._watched or self._is_over, within_s) and not self._is_over
            )

    def show(self, camera: str, jpeg: bytes) -> None:
        """Hand a camera's next frame over and never wait: what the server has not taken by then is dropped."""
        with self._changed:
            self._frames[camera] = jpeg
            self._changed.notify_all()

    def __enter__(self) -> "RtspServer":
        """Start the server and wait until it serves. Raises RtspError."""
        pipe = subprocess.PIPE
        try:
            self._process = subprocess.Popen(self._words, stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: S603 - our own script
        except OSError as error:
            raise RtspError(f"start {PYTHON}: {error}; install Debian's {' '.join(PACKAGES)}") from error
        self._threads = [
            threading.Thread(target=work, name=f"rtsp {work.__name__}") for work in (self._hear, self._feed)
        ]
        for thread in self._threads:
            thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready or self._is_over, _READY_S)
            is_ready = self._is_ready and not self._is_over
        if not is_ready:
            self.__exit__(None, None, None)
            raise RtspError(f"no RTSP server: {self._last_words}; it takes Debian's {' '.join(PACKAGES)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(_STOP_S)
        for thread in self._threads:
            thread.join(_STOP_S)

    def _hear(self) -> None:
        """Follow what the server says, until it ends."""
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        with self._process.stdout as lines:
            for line in lines:
                word, _, camera = line.decode().strip().partition(" ")
                with self._changed:
                    self._is_ready |= word == "READY"
                    if word == "WATCHED":
                        self._watched.add(camera)
                    elif word == "LEFT":
                        self._watched.discard(camera)
                    self._changed.notify_all()
        assert self._process.stderr is not None  # noqa: S101
        with self._process.stderr as words:
            self._last_words = words.read().decode(errors="replace").strip()[-400:]
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _feed(self) -> None:
        """Write frames to the server as they come, the newest of each camera, until it ends."""
        assert self._process.stdin is not None  # noqa: S101
        try:
            with self._process.stdin as pipe:
                while frames := self._next():
                    for camera, jpeg in frames.items():
                        pipe.write(f"{camera} {len(jpeg)}\n".encode() + jpeg)
                    pipe.flush()
        except OSError:
            return  # it has ended: who waits for it is told by the other thread

    def _next(self) -> dict[str, bytes]:
        """Wait for frames; none means the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._is_over)
            frames, self._frames = self._frames, {}
            return {} if self._is_over else frames
