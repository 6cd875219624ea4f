"""Recordings: a video file, a folder of pictures. For trying things out, and for simulation."""

import time
from collections.abc import Sequence
from pathlib import Path

import cv2

from lpr.picture import Picture
from lpr.source import Manner, SourceError, load_picture
from lpr.sources.video import VideoSource
from scada.clock import Clock

_FOLDER_FRAME_S = 0.2
_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".bmp"))


class FileSource(VideoSource):
    """A video file at its own pace, over and over."""

    manner = Manner.FILM

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(str(path), cv2.CAP_FFMPEG, (cv2.CAP_PROP_N_THREADS, 1))
        self._clock = clock
        self._began_s = clock.seconds()

    def grab(self) -> bool:
        """Step onto the next frame when its time has come; the end leads back to the beginning."""
        if not self._capture.grab():
            self._began_s = self._clock.seconds()
            if not (self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0) and self._capture.grab()):
                return False
        due_s = self._began_s + self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        time.sleep(min(1.0, max(0.0, due_s - self._clock.seconds())))
        return True


def pictures_in(folder: Path) -> Sequence[Path]:
    """Give the pictures of a folder in the order of their names. Raises SourceError if there is none."""
    pictures = sorted(picture for picture in folder.iterdir() if picture.suffix.lower() in _SUFFIXES)
    if not pictures:
        raise SourceError("the folder holds no picture")
    return pictures


class FolderSource:
    """Pictures one after the other, five a second, over and over."""

    manner = Manner.FILM

    def __init__(self, pictures: Sequence[Path]) -> None:
        self._pictures = pictures
        self._next = 0

    def grab(self) -> bool:
        """Step onto the next picture."""
        time.sleep(_FOLDER_FRAME_S)
        self._next = (self._next + 1) % len(self._pictures)
        return True

    def retrieve(self) -> Picture | None:
        """Read the picture stepped onto; a damaged one is no frame."""
        try:
            return load_picture(self._pictures[self._next])
        except OSError:
            return None

    def close(self) -> None:
        """Forget the pictures."""
        self._pictures = ()
