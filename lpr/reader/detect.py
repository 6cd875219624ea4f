"""Where the plates are: the detector of back end B, anchors and all (`lpr.md` §1 B, steps 1 and 2)."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from lpr.reader.network import Floats, Network, Picture, order_corners, sides

LONGEST_PX = 960
_STEPS = ((8, (24, 48)), (16, (96, 192)), (32, (384, 768)))
_MEAN = np.array([104, 117, 123], np.float32)
_LEAST_SCORE = 0.4
_OVERLAP = 0.4
_MOST = 4
_LIKELY_SINGLE, _SURELY_SINGLE = 2.0, 2.3
"""Width by height: a plate of two rows is 2, one of one row 3.1, and a tilted one looks higher."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plate in a frame: its corners in pixels and the detector's score."""

    corners: Floats
    score: float

    @property
    def width_px(self) -> float:
        """How wide the plate is in the frame."""
        return sides(self.corners)[0]

    @property
    def layers(self) -> tuple[int, ...]:
        """How many rows of signs it may have, the likelier first: the loose corners do not always tell."""
        width, height = sides(self.corners)
        if width < _SURELY_SINGLE * height:
            return (2, 1) if width < _LIKELY_SINGLE * height else (1, 2)
        return (1,)

    def pushed_out(self, share: float) -> Floats:
        """Give the corners moved away from their middle by a share of their distance."""
        middle = self.corners.mean(axis=0)
        return np.asarray((self.corners - middle) * (1 + share) + middle, np.float32)


class PlateDetector:
    """Finds up to four plates in a frame, best first."""

    def __init__(self, model: Path) -> None:
        self._network = Network(model)

    def find(self, frame: Picture) -> list[Found]:
        """Give the plates of a frame, in pixels of the frame."""
        small = _shrink(frame)
        height, width = small.shape[:2]
        data = np.ascontiguousarray((small.astype(np.float32) - _MEAN).transpose(2, 0, 1)[None])
        places, scores, corners = self._network.run(data)
        return _decode(
            places.reshape(-1, 4), scores.reshape(-1, 2)[:, 1], corners.reshape(-1, 8), (width, height), frame
        )


def _shrink(frame: Picture) -> Picture:
    height, width = frame.shape[:2]
    scale = LONGEST_PX / max(height, width)
    if scale >= 1:
        return frame
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=4)
def anchors(width: int, height: int) -> Floats:
    """Lay the anchors over a picture: centre x, y, width, height as shares, row by row, both sizes a cell."""
    parts = []
    for step, sizes in _STEPS:
        rows, columns = math.ceil(height / step), math.ceil(width / step)
        y, x, size = np.meshgrid(np.arange(rows), np.arange(columns), np.array(sizes), indexing="ij")
        part = [(x + 0.5) * step / width, (y + 0.5) * step / height, size / width, size / height]
        parts.append(np.stack(part, axis=-1).reshape(-1, 4))
    laid: Floats = np.concatenate(parts).astype(np.float32)
    return laid


def _decode(places: Floats, scores: Floats, corners: Floats, size: tuple[int, int], frame: Picture) -> list[Found]:
    sure = np.flatnonzero(scores > _LEAST_SCORE)
    if len(sure) == 0:
        return []
    anchor = anchors(*size)[sure]
    height, width = frame.shape[:2]
    whole = np.array([width, height], np.float32)
    centre = (anchor[:, :2] + 0.1 * places[sure, :2] * anchor[:, 2:]) * whole
    extent = anchor[:, 2:] * np.exp(0.2 * places[sure, 2:]) * whole
    points = (anchor[:, None, :2] + 0.1 * corners[sure].reshape(-1, 4, 2) * anchor[:, None, 2:]) * whole
    boxes = np.concatenate([centre - extent / 2, extent], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores[sure].tolist(), _LEAST_SCORE, _OVERLAP)
    best = [int(number) for number in np.asarray(kept).reshape(-1)][:_MOST]
    return [Found(order_corners(points[number]), float(scores[sure][number])) for number in best]
