"""Where the signs stand near a plate: PP-OCR's text detector on the plate's surroundings (`lpr.md` §1 B, step 3)."""

import math
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from lpr.reader.detect import Found
from lpr.reader.network import Floats, Network, Picture, as_input, order_corners, sides

_LONGEST_PX = 320
_LEAST = 0.3
_LEAST_MEAN = 0.5
_GROW = 1.6
_MOST = 2


class TextDetector:
    """Finds the line of signs of a plate more exactly than the plate detector's loose corners do."""

    def __init__(self, model: Path) -> None:
        self._network = Network(model)

    def find(self, frame: Picture, plate: Found) -> list[Floats]:
        """Give the corners of up to two lines of text on a plate, in pixels of the frame, the largest first."""
        crop, left, top = _surroundings(frame, plate)
        if min(crop.shape[:2]) < 8:
            return []
        scaled = _scale(crop)
        heat = self._network.run(as_input(scaled))[0].reshape(scaled.shape[:2])
        ratio = np.array([crop.shape[1] / scaled.shape[1], crop.shape[0] / scaled.shape[0]], np.float32)
        lines = [line * ratio for line in _lines(heat)]
        fitting = sorted((line for line in lines if _fits(line)), key=_area, reverse=True)
        return [line + np.array([left, top], np.float32) for line in fitting[:_MOST]]


def _surroundings(frame: Picture, plate: Found) -> tuple[Picture, int, int]:
    x0, y0 = plate.corners.min(axis=0)
    x1, y1 = plate.corners.max(axis=0)
    wider, higher = 0.25 * (x1 - x0), 0.5 * (y1 - y0)
    height, width = frame.shape[:2]
    left, right = max(0, int(x0 - wider)), min(width, math.ceil(x1 + wider))
    top, bottom = max(0, int(y0 - higher)), min(height, math.ceil(y1 + higher))
    return frame[top:bottom, left:right], left, top


def _scale(crop: Picture) -> Picture:
    scale = _LONGEST_PX / max(crop.shape[:2])
    height, width = (max(32, round(side * scale / 32) * 32) for side in crop.shape[:2])
    return cast(Picture, cv2.resize(crop, (width, height), interpolation=cv2.INTER_CUBIC))


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
    return height >= 8 and 1.6 < width / height < 7.5


def _area(line: Floats) -> float:
    width, height = sides(line)
    return width * height
