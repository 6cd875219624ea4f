"""A view that is pulled straight before it is read: for a camera that has to look at the lane from the side."""

from collections.abc import Sequence
from dataclasses import replace
from math import dist

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.reader.guess import Corners, PlateGuess
from lpr.recognise import Reader

Share = tuple[float, float]
_LEAST_PX = 32


class StraightReader:
    """Reads what lies between four corners as if seen from the front; answers in the frame's pixels."""

    def __init__(self, reader: Reader, corners: Sequence[Share]) -> None:
        """`corners`: top left, top right, bottom right, bottom left, in shares of width and height."""
        self._reader = reader
        self._corners = corners

    @property
    def name(self) -> str:
        """The back end's name."""
        return self._reader.name

    def read(self, frame: Picture) -> list[PlateGuess]:
        """Read every plate between the corners."""
        high, wide = frame.shape[:2]
        here = [(x * wide, y * high) for x, y in self._corners]
        size = _size_of(here)
        there = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32)
        straight = cv2.getPerspectiveTransform(np.array(here, np.float32), there)
        view = cv2.warpPerspective(frame, straight, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        back = np.linalg.inv(straight)
        return [_moved(guess, back) for guess in self._reader.read(np.asarray(view, np.uint8))]


def seen_by(reader: Reader, corners: Sequence[Share]) -> Reader:
    """Give the reader its camera's view: all of it, or what lies between four corners, pulled straight."""
    return StraightReader(reader, corners) if corners else reader


def _size_of(corners: Sequence[Share]) -> tuple[int, int]:
    """Give the view the longer of each two sides, so that nothing is lost."""
    one, two, three, four = corners
    wide, high = max(dist(one, two), dist(four, three)), max(dist(one, four), dist(two, three))
    return max(_LEAST_PX, round(wide)), max(_LEAST_PX, round(high))


def _moved(guess: PlateGuess, back: np.ndarray) -> PlateGuess:
    points = cv2.perspectiveTransform(np.array([guess.corners], np.float64), back)[0]
    one, two, three, four = ((float(x), float(y)) for x, y in points)
    corners: Corners = (one, two, three, four)
    return replace(guess, corners=corners, width_px=(dist(one, two) + dist(four, three)) / 2)
