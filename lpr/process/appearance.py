"""What a car looks like around its plate: its paint and its shape, small enough to be kept with the read.

It orders candidates and is shown to people; it never names a car by itself (`lanes.md` §10). The same side of the same
car, seen twice, looks alike; its front and its rear share the paint at most.
"""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.picture import Picture
from lpr.reader.guess import Corners
from scada.model.appearance import COLOURS, Appearance, written

_WIDTHS_BESIDE, _WIDTHS_ABOVE, _WIDTHS_BELOW = 1.6, 2.2, 0.5
"""How much of the car is looked at, in widths of the plate: a car is four of them wide, its bonnet two above it."""
_LEAST_PX = 40
_SIZE = (96, 64)
_ROWS, _COLUMNS, _ANGLES = 2, 3, 8
_GREY_BELOW = 50
"""Paint of less saturation is black, grey, silver or white."""
_HUES = COLOURS - 4


def appearance_of(frame: Picture, corners: Corners) -> Appearance | None:
    """Look at the car around a plate; None if the plate stands too near the picture's edge to see one."""
    body = _body(frame, corners)
    if body is None:
        return None
    small = cast(Picture, cv2.resize(body, _SIZE, interpolation=cv2.INTER_AREA))
    return written(_colours(small), _shape(small))


def _body(frame: Picture, corners: Corners) -> Picture | None:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    width, (high, wide) = max(xs) - min(xs), frame.shape[:2]
    middle = (max(xs) + min(xs)) / 2
    left, right = round(middle - _WIDTHS_BESIDE * width), round(middle + _WIDTHS_BESIDE * width)
    top, bottom = round(min(ys) - _WIDTHS_ABOVE * width), round(max(ys) + _WIDTHS_BELOW * width)
    seen = frame[max(top, 0) : min(bottom, high), max(left, 0) : min(right, wide)]
    whole = max(1, (right - left) * (bottom - top))
    small = min(seen.shape[:2]) < _LEAST_PX or seen.shape[0] * seen.shape[1] < 0.6 * whole
    return None if small else seen


def _colours(body: Picture) -> NDArray[np.float64]:
    """Share out the paint above the bumper: hues, and four greys from black to white; a shade lies between two."""
    paint = body[: _SIZE[1] * 3 // 4]
    hsv = np.asarray(cv2.cvtColor(paint, cv2.COLOR_BGR2HSV)).reshape(-1, 3).astype(np.float64)
    hue, saturation, value = hsv[:, 0], hsv[:, 1], hsv[:, 2]
    is_grey = (saturation < _GREY_BELOW) | (value < 40)
    hues, _ = np.histogram(hue[~is_grey], _HUES, (0, 180), weights=saturation[~is_grey] / 255)
    hues = (np.roll(hues, 1) + 2 * hues + np.roll(hues, -1)) / 4
    greys = [np.maximum(0.0, 1.0 - np.abs(value[is_grey] - one) / 85).sum() for one in (0, 85, 170, 255)]
    return np.concatenate([hues * 2, greys])


def _shape(body: Picture) -> NDArray[np.float64]:
    """Count the directions of edges, cell by cell: lamps, grille and bumper of a model lie where they lie."""
    grey = np.asarray(cv2.cvtColor(body, cv2.COLOR_BGR2GRAY)).astype(np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength, angle = np.hypot(across, down), np.arctan2(down, across) % np.pi
    cells = []
    for band in range(_ROWS):
        for column in range(_COLUMNS):
            rows = slice(band * _SIZE[1] // _ROWS, (band + 1) * _SIZE[1] // _ROWS)
            columns = slice(column * _SIZE[0] // _COLUMNS, (column + 1) * _SIZE[0] // _COLUMNS)
            counted, _ = np.histogram(angle[rows, columns], _ANGLES, (0, np.pi), weights=strength[rows, columns])
            cells.append(counted)
    return np.concatenate(cells)
