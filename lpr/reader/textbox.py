"""Where the signs stand on a plate: PP-OCR's text detector on the straightened surroundings (`lpr.md` §1 B, step 3)."""

from pathlib import Path

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.reader.network import Floats, Network, as_input, order_corners, pushed_out, sides, straighten

_INPUT_PX = (320, 128)
"""Multiples of 32, and the shape of a plate of one row with a quarter of its width and half its height around it."""
_AROUND = (0.25, 0.5)
_LEAST = 0.3
_LEAST_MEAN = 0.5
_GROW = 1.6
_LEAST_HEIGHT_PX = 16
_LEAST_RATIO, _MOST_RATIO = 1.6, 7.5
_SIGNS_PX = 48
"""How high the recogniser takes a line."""


class TextDetector:
    """Finds the line of signs of a plate: a second opinion, of another network, on where to cut."""

    def __init__(self, model: Path) -> None:
        self._network = Network(model)

    def cut(self, frame: Picture, corners: Floats) -> Picture | None:
        """Cut out the largest line of text on a plate of one row; None if there is none."""
        around = pushed_out(corners, *_AROUND)
        scene = straighten(frame, around, _INPUT_PX)
        if scene is None:
            return None
        heat = self._network.run(as_input(scene))[0].reshape(scene.shape[:2])
        line = max((line for line in _lines(heat) if _fits(line)), key=_area, default=None)
        return None if line is None else _cut(frame, around, line)


def _cut(frame: Picture, around: Floats, line: Floats) -> Picture | None:
    """Cut a line out of the frame itself, not out of the small scene it was found in."""
    wide, high = _INPUT_PX
    scene = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    back = cv2.getPerspectiveTransform(scene, around)
    quad = np.asarray(cv2.perspectiveTransform(line[None], back)[0], np.float32)
    width, height = sides(line)
    return straighten(frame, quad, (round(_SIGNS_PX * width / height), _SIGNS_PX))


def _lines(heat: Floats) -> list[Floats]:
    mask = cv2.dilate((heat > _LEAST).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    lines = []
    for outline in outlines:
        box = cv2.minAreaRect(outline)
        if min(box[1]) >= 3 and _mean_inside(heat, np.asarray(cv2.boxPoints(box), np.float32)) >= _LEAST_MEAN:
            lines.append(_grown(box))
    return lines


def _mean_inside(heat: Floats, corners: Floats) -> float:
    inside = np.zeros(heat.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(corners).astype(np.int32)], (1,))
    return float(cv2.mean(heat, inside)[0])


def _grown(box: cv2.typing.RotatedRect) -> Floats:
    """Move each side out by 1.6 x area / perimeter, which for a rectangle equals clipping its polygon."""
    (x, y), (width, height), angle = box
    out = _GROW * width * height / (2 * (width + height))
    corners = cv2.boxPoints(((x, y), (width + 2 * out, height + 2 * out), angle))
    return order_corners(np.asarray(corners, np.float32))


def _fits(line: Floats) -> bool:
    width, height = sides(line)
    return height >= _LEAST_HEIGHT_PX and _LEAST_RATIO < width / height < _MOST_RATIO


def _area(line: Floats) -> float:
    width, height = sides(line)
    return width * height
