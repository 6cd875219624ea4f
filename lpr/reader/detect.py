"""Where the plates are: the detector of back end B, anchors and all (`lpr.md` §1 B, steps 1 and 2).

The frame is looked at as a whole first, then each plate's surroundings once more, enlarged: the corners become exact,
and what is not seen again was no plate unless it was seen very clearly. A picture that is nothing but a plate gets a
border, which the detector needs around it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.reader.network import Floats, Network, order_corners, pushed_out, sides

_MOST_AREA_PX = 960 * 540
"""A frame is looked at no larger than this: 16 to 9 at 960 px, and others at the same cost."""
CLOSE_PX = 320
"""How large a plate's surroundings are looked at; a picture not larger than this is taken for such surroundings."""
_MOST_WHOLE_PX = 640
"""A larger picture without a plate is no plate itself."""
_STEPS = ((8, (24, 48)), (16, (96, 192)), (32, (384, 768)))
_MEAN = (104, 117, 123)
_LEAST_SCORE = 0.25
_CLEAR_SCORE = 0.8
_OVERLAP = 0.4
_MOST = 4
_AROUND = (0.6, 1.0)
"""Surroundings on each side, in widths and heights of the plate."""
_BORDER = (0.15, 0.3)
"""Border around a picture that is nothing but a plate, in widths and heights."""
_LIKELY_SINGLE, _SURELY_SINGLE = 2.0, 2.3
"""Width by height: a plate of two rows is 2, one of one row 3.1, and a tilted one looks higher."""


@dataclass(frozen=True, slots=True)
class Found:
    """A plate in a frame: its corners in pixels, the detector's score, and perhaps a second opinion of its corners."""

    corners: Floats
    score: float
    loose: Floats | None = None

    @property
    def width_px(self) -> float:
        """How wide the plate is in the frame."""
        return sides(self.corners)[0]

    @property
    def layers(self) -> tuple[int, ...]:
        """How many rows of signs it may have, the likelier first: the corners do not always tell."""
        width, height = sides(self.corners)
        if width < _SURELY_SINGLE * height:
            return (2, 1) if width < _LIKELY_SINGLE * height else (1, 2)
        return (1,)


class PlateDetector:
    """Finds up to four plates in a frame, best first."""

    def __init__(self, model: Path) -> None:
        self._network = Network(model)

    def find(self, frame: Picture) -> list[Found]:
        """Give the plates of a frame, in pixels of the frame."""
        if max(frame.shape[:2]) <= CLOSE_PX:
            return self._filling(frame)
        seen = [self._again(frame, plate) for plate in self._look(frame, _wanted(frame))]
        return list(_distinct(plate for plate in seen if plate is not None)) or self._filling(frame)

    def _again(self, frame: Picture, plate: Found) -> Found | None:
        """Look at a plate's surroundings, enlarged."""
        crop, left, top = _surroundings(frame, plate.corners)
        corner = np.array([left, top], np.float32)
        middle = plate.corners.mean(axis=0) - corner
        reach = 0.15 * max(crop.shape[:2])
        near = [
            one for one in self._look(crop, _close(crop)) if np.abs(one.corners.mean(axis=0) - middle).max() < reach
        ]
        loose = pushed_out(plate.corners, 0.03, 0)
        if not near:
            return replace(plate, loose=loose) if plate.score >= _CLEAR_SCORE else None
        best = max(near, key=lambda one: one.score)
        return Found(best.corners + corner, max(plate.score, best.score), loose)

    def _filling(self, frame: Picture) -> list[Found]:
        """Look for a plate that fills the picture; if none is seen, a small picture is one."""
        height, width = frame.shape[:2]
        beside, above = round(_BORDER[0] * width), round(_BORDER[1] * height)
        bordered = np.asarray(cv2.copyMakeBorder(frame, above, above, beside, beside, cv2.BORDER_REPLICATE), np.uint8)
        whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        corner = np.array([beside, above], np.float32)
        seen = [Found(one.corners - corner, one.score, whole) for one in self._look(bordered, _close(bordered))]
        is_small = max(height, width) <= _MOST_WHOLE_PX
        return seen or ([Found(whole, 0.0, whole)] if is_small else [])

    def _look(self, picture: Picture, scale: float) -> list[Found]:
        """Run the network on a picture at this scale."""
        small = _scaled(picture, scale)
        height, width = small.shape[:2]
        data = np.asarray(cv2.dnn.blobFromImage(small, mean=_MEAN), np.float32)
        places, scores, corners = self._network.run(data)
        return _decode(
            places.reshape(-1, 4), scores.reshape(-1, 2)[:, 1], corners.reshape(-1, 8), (width, height), picture
        )


def _surroundings(frame: Picture, corners: Floats) -> tuple[Picture, int, int]:
    """Cut out a plate with what is around it; gives the cut and where its corner was."""
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    beside, above = _AROUND[0] * (x1 - x0), _AROUND[1] * (y1 - y0)
    height, width = frame.shape[:2]
    left, right = max(0, int(x0 - beside)), min(width, math.ceil(x1 + beside))
    top, bottom = max(0, int(y0 - above)), min(height, math.ceil(y1 + above))
    return frame[top:bottom, left:right], left, top


def _distinct(plates: Iterator[Found]) -> Iterator[Found]:
    """Give each plate once: two looks may have ended at the same one."""
    kept: list[Found] = []
    for plate in sorted(plates, key=lambda one: -one.score):
        middle = plate.corners.mean(axis=0)
        if all(np.abs(one.corners.mean(axis=0) - middle).max() > one.width_px / 3 for one in kept):
            kept.append(plate)
            yield plate


def _wanted(frame: Picture) -> float:
    """How much of its size a whole frame keeps."""
    height, width = frame.shape[:2]
    return min(1.0, math.sqrt(_MOST_AREA_PX / int(height * width)))


def _close(picture: Picture) -> float:
    height, width = picture.shape[:2]
    return CLOSE_PX / float(max(height, width))


def _scaled(picture: Picture, scale: float) -> Picture:
    if scale == 1:
        return picture
    height, width = picture.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=how), np.uint8)


@lru_cache(maxsize=128)
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
    quads = [(order_corners(points[number]), float(scores[sure][number])) for number in best]
    return [Found(quad, score) for quad, score in quads]
