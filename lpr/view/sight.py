"""What a camera's picture tells of the camera: torn by lost data, blank, frozen; nothing of the plates in it."""

import zlib
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np

from lpr.picture import Picture

FROZEN_S = 10.0
"""A live camera whose picture has not changed by one bit for so long is not ok."""
OVERLAY_FROZEN_S = 30.0
"""Nor is one in which only a few places have changed for so long: the clock it writes into a picture that stands."""
_OVERLAY_TILES = 8
_ROWS, _COLUMNS = 9, 16
_ACROSS, _DOWN = 8, 16
_TORN_ROWS = 5
_LEAST_RELIEF = 2.5
_FILLED_SHARE = 0.25
_BLANK_CONTRAST = 2.0
_FILLS = ((128, 128, 128), (130, 130, 130), (0, 135, 0), (0, 154, 0), (0, 136, 0))
"""What FFmpeg shows where it never got data, BGR: the middle of every range, or nought of luminance and colour."""
_FILL_NEAR = 2


def is_torn(picture: Picture) -> bool:
    """Say whether a decoder filled this frame up: grey or green where data lacked, or one row drawn out downwards.

    A real picture has no row with relief that repeats to the bit over a tenth of its height, and no quarter of
    exactly the decoder's grey.
    """
    sample = np.ascontiguousarray(picture[::_DOWN, ::_ACROSS])
    for fill in _FILLS:
        low, high = (tuple(value + near for value in fill) for near in (-_FILL_NEAR, _FILL_NEAR))
        if cv2.countNonZero(cv2.inRange(sample, low, high)) > _FILLED_SHARE * sample.shape[0] * sample.shape[1]:
            return True
    run = 0
    for above, row in pairwise(sample):
        run = run + 1 if np.array_equal(above, row) and row.std(axis=0).max() > _LEAST_RELIEF else 0
        if run >= _TORN_ROWS:
            return True
    return False


def is_blank(picture: Picture) -> bool:
    """Say whether a picture shows nothing at all: a cap, a broken sensor, a test image of one colour."""
    return float(picture[::_DOWN, ::_ACROSS].std(axis=(0, 1)).max()) < _BLANK_CONTRAST


def tiles(picture: Picture) -> tuple[int, ...]:
    """Give a print of each of the picture's tiles; noise changes every one from frame to frame."""
    high, wide = picture.shape[:2]
    rows = [picture[high * row // _ROWS : high * (row + 1) // _ROWS : 4] for row in range(_ROWS)]
    return tuple(
        zlib.crc32(row[:, wide * column // _COLUMNS : wide * (column + 1) // _COLUMNS : 4].tobytes())
        for row in rows
        for column in range(_COLUMNS)
    )


@dataclass(slots=True)
class Stillness:
    """Tells since when a picture stands. A clock that the camera writes into it does not count as life."""

    changed_s: float
    """When anything changed last."""
    lived_s: float
    """When more changed than a few places that keep changing."""
    _last: tuple[int, ...] = ()
    _still: tuple[int, ...] = ()
    _places: set[int] = field(default_factory=set)

    def see(self, prints: tuple[int, ...], at_s: float) -> None:
        """Take a picture in."""
        if prints == self._last:
            return
        self._last, self.changed_s = prints, at_s
        places = {n for n, (now, then) in enumerate(zip(prints, self._still, strict=False)) if now != then}
        if not self._still or len(self._places | places) > _OVERLAY_TILES:
            self._still, self.lived_s, self._places = prints, at_s, set()
        else:
            self._places |= places

    def is_frozen(self, now_s: float) -> bool:
        """Say whether the picture stands."""
        return now_s - self.changed_s > FROZEN_S or now_s - self.lived_s > OVERLAY_FROZEN_S
