"""One look through a camera as the plant would take it, for `daozha check --online`."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from lpr.process.options import ffmpeg_options
from lpr.source import Source, SourceError, picture_of
from lpr.sources.opening import opener
from scada.clock import SystemClock

_FRAMES = 3
_environment = threading.Lock()
"""FFmpeg takes its options from the environment of the whole process, when it opens."""


def probe(source: str, user: str, password_file: Path | None, transport: str) -> str:
    """Say what a camera shows. Raises SourceError."""
    camera = _opened(source, opener(user, password_file, SystemClock()), transport)
    try:
        return _seen(camera)
    finally:
        camera.close()


def _opened(source: str, open_it: Callable[[str], Source], transport: str) -> Source:
    if not source.startswith("rtsp"):
        return open_it(source)
    with _environment:
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = ffmpeg_options(transport)
        os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
        return open_it(source)


def _seen(camera: Source) -> str:
    for _ in range(_FRAMES):
        if not camera.grab():
            raise SourceError("no picture came")
        content = camera.retrieve()
        picture = None if content is None else picture_of(content)
        if picture is not None:
            return f"a picture of {picture.shape[1]} × {picture.shape[0]}"
    raise SourceError("its pictures are torn")
