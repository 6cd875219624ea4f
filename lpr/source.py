"""Where frames come from: an MJPEG or RTSP address, a video file, or a folder of pictures."""

import time
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import cv2
import numpy as np

from lpr.reader.network import Picture
from scada.clock import SystemClock

FFMPEG_OPTIONS = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay|fpsprobesize;0"
"""For OPENCV_FFMPEG_CAPTURE_OPTIONS, which must stand in the environment before the first capture is made.

Without the last word FFmpeg waits for 20 frames to guess the rate: a camera of 8 frames/s took 3.8 s (measured).
"""

Content = Picture | bytes
"""A frame as a source gives it: decoded, or a JPEG that is decoded when somebody looks at it."""

_OPEN_MS = 2000
_READ_MS = 3000
_FOLDER_FRAME_S = 0.2
_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp"))


class Source(Protocol):
    """A row of frames. After any False the source is spent: close it and open another."""

    is_live: bool
    """A live source brings frames of now, and never the same twice."""

    def grab(self) -> bool:
        """Wait for the next frame and step onto it."""

    def retrieve(self) -> Content | None:
        """Give the frame stepped onto."""

    def close(self) -> None:
        """Let go of the source."""


def open_source(address: str) -> Source | None:
    """Open a source; None if it does not open now."""
    if urlsplit(address).scheme in ("http", "https", "rtsp"):
        return _opened(VideoSource(address))
    path = Path(address)
    if path.is_dir():
        pictures = sorted(picture for picture in path.iterdir() if picture.suffix.lower() in _SUFFIXES)
        return FolderSource(pictures) if pictures else None
    return _opened(FileSource(path)) if path.is_file() else None


class VideoSource:
    """A live stream by OpenCV's FFmpeg; only this back end honours the time-outs (`lpr.md` §7)."""

    is_live = True

    def __init__(self, address: str) -> None:
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS]
        self._capture = cv2.VideoCapture(address, cv2.CAP_FFMPEG, [*limits, cv2.CAP_PROP_N_THREADS, 1])

    @property
    def is_open(self) -> bool:
        """Say whether the stream opened; it stays True when the stream stalls later."""
        return self._capture.isOpened()

    def grab(self) -> bool:
        """Wait for the next frame, three seconds at most."""
        return self._capture.grab()

    def retrieve(self) -> Picture | None:
        """Decode the frame just grabbed."""
        good, picture = self._capture.retrieve()
        return np.asarray(picture, np.uint8) if good else None

    def close(self) -> None:
        """Close the stream."""
        self._capture.release()


class FileSource(VideoSource):
    """A video file at its own pace, over and over."""

    is_live = False

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._clock = SystemClock()
        self._began_s = self._clock.seconds()

    def grab(self) -> bool:
        """Step onto the next frame when its time has come; the end leads back to the beginning."""
        if not self._capture.grab():
            self._began_s = self._clock.seconds()
            if not (self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0) and self._capture.grab()):
                return False
        due_s = self._began_s + self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        time.sleep(min(1.0, max(0.0, due_s - self._clock.seconds())))
        return True


class FolderSource:
    """Pictures in the order of their names, five a second, over and over."""

    is_live = False

    def __init__(self, pictures: list[Path]) -> None:
        self._pictures = pictures
        self._next = 0

    def grab(self) -> bool:
        """Step onto the next picture."""
        time.sleep(_FOLDER_FRAME_S)
        self._next = (self._next + 1) % len(self._pictures)
        return True

    def retrieve(self) -> Picture | None:
        """Read the picture stepped onto; a damaged one is no frame."""
        return load_picture(self._pictures[self._next])

    def close(self) -> None:
        """Forget the pictures."""
        self._pictures = []


def _opened(source: VideoSource) -> Source | None:
    if source.is_open:
        return source
    source.close()
    return None


def load_picture(path: Path) -> Picture | None:
    """Read a picture file; None if it is none. Any file name will do. Raises OSError."""
    return picture_of(path.read_bytes())


def picture_of(content: Content) -> Picture | None:
    """Decode a frame if it is not yet; None if it is no picture."""
    if not isinstance(content, bytes):
        return content
    if not content:
        return None
    decoded: object = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    return decoded if isinstance(decoded, np.ndarray) else None
