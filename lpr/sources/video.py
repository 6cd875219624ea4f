"""Video by OpenCV: RTSP with its FFmpeg, which alone honours the time-outs (`lpr.md` §7), and the kernel's devices."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.source import Access, Manner, SourceError
from lpr.view.sight import is_torn

_OPEN_MS = 2000
_READ_MS = 3000


class VideoSource:
    """A capture of OpenCV's."""

    manner = Manner.LIVE

    def __init__(self, name: str, back_end: int, settings: Sequence[int]) -> None:
        self._capture: Final = cv2.VideoCapture(name, back_end, list(settings))
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError("it does not open")

    def grab(self) -> bool:
        """Wait for the next frame, three seconds at most."""
        return self._capture.grab()

    def retrieve(self) -> Picture | None:
        """Decode the frame just grabbed; what a decoder made up for lost data is no frame."""
        good, picture = self._capture.retrieve()
        if not good:
            return None
        found = np.asarray(picture, np.uint8)
        return None if is_torn(found) else found

    def close(self) -> None:
        """Close the capture."""
        self._capture.release()


class StreamSource(VideoSource):
    """A live stream from the network."""

    def __init__(self, address: str, access: Access) -> None:
        limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS)
        super().__init__(with_access(address, access), cv2.CAP_FFMPEG, (*limits, cv2.CAP_PROP_N_THREADS, 1))


class DeviceSource(VideoSource):
    """A camera on this machine, `/dev/videoN`; as JPEG, because its bus is too narrow for more."""

    def __init__(self, device: str) -> None:
        jpeg = cv2.VideoWriter.fourcc(*"MJPG")
        limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_MS)
        super().__init__(device, cv2.CAP_V4L2, (*limits, cv2.CAP_PROP_FOURCC, jpeg))


def with_access(address: str, access: Access) -> str:
    """Write a user's name and password into an address, for a library that takes them nowhere else."""
    if not access.user:
        return address
    parts = urlsplit(address)
    name = f"{quote(access.user, safe='')}:{quote(access.password, safe='')}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=name))
