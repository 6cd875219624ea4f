"""What a source of frames is, and how a frame becomes a picture."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from lpr.picture import Picture

Content = Picture | bytes
"""A frame as a source gives it: decoded, or a JPEG that is decoded when somebody looks at it."""

_JPEG_BEGINS = b"\xff\xd8"
_JPEG_ENDS = b"\xff\xd9"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset((0x00, 0x01, *range(0xD0, 0xD9)))
_MOST_PX = 64 * 2**20
"""No camera's picture is larger: a JPEG of a few bytes may claim to be, and take gigabytes to decode."""
_TAIL_BYTES = 64
"""Some cameras fill up behind the end of a JPEG."""


class SourceError(Exception):
    """A source does not give frames; the message says why, and never holds an address or a password."""


class Manner(Enum):
    """How a source brings its frames."""

    LIVE = "a stream of now; frames queue up while nobody takes them"
    ASKED = "each frame is taken when it is asked for"
    FILM = "a recording; the same frames may come again"


@dataclass(frozen=True, slots=True)
class Access:
    """Who we are to a camera."""

    user: str = ""
    password: str = field(default="", repr=False)


class Source(Protocol):
    """A row of frames. After any False the source is spent: close it and open another."""

    @property
    def manner(self) -> Manner:
        """Say how frames come."""

    def grab(self) -> bool:
        """Wait for the next frame and step onto it."""

    def retrieve(self) -> Content | None:
        """Give the frame stepped onto; None if it is damaged."""

    def close(self) -> None:
        """Let go of the source."""


def is_whole(jpeg: bytes) -> bool:
    """Say whether a JPEG has its beginning and its end; decoders fill up what is missing with grey."""
    return jpeg.startswith(_JPEG_BEGINS) and _JPEG_ENDS in jpeg[-_TAIL_BYTES:]


def load_picture(path: Path) -> Picture | None:
    """Read a picture file that a person brings, of any kind; None if it is none. Raises OSError."""
    content = path.read_bytes()
    return picture_of(content) if content.startswith(_JPEG_BEGINS) else _decoded(content, cv2.IMREAD_COLOR)


def picture_of(content: Content, flags: int = cv2.IMREAD_COLOR) -> Picture | None:
    """Decode a frame if it is not yet; None if it is no JPEG, or one too large to be true.

    Cameras send nothing else, and OpenCV's readers of two dozen other kinds are not for strangers.
    """
    if not isinstance(content, bytes):
        return content
    if not content.startswith(_JPEG_BEGINS) or _claimed_px(content) > _MOST_PX:
        return None
    return _decoded(content, flags)


def _decoded(content: bytes, flags: int) -> Picture | None:
    try:
        decoded: object = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error:
        return None
    return decoded if isinstance(decoded, np.ndarray) else None


def _claimed_px(content: bytes) -> int:
    """Say how large a JPEG claims to be, before anything of it is decoded; 0 if it claims nothing."""
    at = len(_JPEG_BEGINS)
    while (at := content.find(b"\xff", at)) >= 0 and at + 9 <= len(content):
        marker = content[at + 1]
        if marker in _JPEG_FRAMES:
            return int.from_bytes(content[at + 5 : at + 7]) * int.from_bytes(content[at + 7 : at + 9])
        if marker == 0xFF:
            at += 1
        else:
            at += 2 if marker in _JPEG_BARE else 2 + int.from_bytes(content[at + 2 : at + 4])
    return 0
