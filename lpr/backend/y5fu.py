"""HyperLPR3's networks, run by our own code: the plate detector in two sizes, and the classifier of grounds."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.reader.detect import Found
from lpr.reader.network import Floats, Network, NetworkError
from scada.model.plate import PlateColour

_LEAST_OBJECTNESS = 0.25
_OVERLAP = 0.5
_MOST = 4
_CLASSIFIER_PX = 96
_COLOURS = (PlateColour.BLUE, PlateColour.GREEN, PlateColour.YELLOW)


@dataclass(frozen=True, slots=True)
class Seen:
    """A plate as the detector saw it, with its rows of signs, which this one tells."""

    plate: Found
    layers: int


class Y5fuDetector:
    """Finds up to four plates in a frame, best first; corners are close enough to cut out without a margin."""

    def __init__(self, model: Path, side_px: int) -> None:
        """Load the file. Raises NetworkError, also if it takes pictures of another size."""
        self._network = Network(model)
        self._side_px = side_px
        if self._network.takes != [1, 3, side_px, side_px]:
            raise NetworkError(f"{model}: takes {self._network.takes}, not a picture of {side_px} pixels square")

    def find(self, frame: Picture) -> list[Seen]:
        """Give the plates of a frame, in pixels of the frame."""
        boxed, scale, left, top = _letterboxed(frame, self._side_px)
        data = np.ascontiguousarray(boxed[:, :, ::-1].transpose(2, 0, 1)[None], np.float32) / np.float32(255)
        rows = self._network.run(data)[0].reshape(-1, 15)
        return _plates(rows[rows[:, 4] > _LEAST_OBJECTNESS], scale, np.array([left, top], np.float32))


class ColourClassifier:
    """Tells blue, green and yellow grounds apart where hue does not."""

    def __init__(self, model: Path) -> None:
        self._network = Network(model)

    def judge(self, plate: Picture) -> PlateColour:
        """Judge a straightened plate."""
        small = np.asarray(cv2.resize(plate, (_CLASSIFIER_PX, _CLASSIFIER_PX)), np.float32) / np.float32(255)
        scores = self._network.run(np.ascontiguousarray(small.transpose(2, 0, 1)[None]))[0].reshape(-1)
        return _COLOURS[int(scores.argmax())]


def _letterboxed(frame: Picture, side_px: int) -> tuple[Picture, float, int, int]:
    """Shrink or enlarge a frame into a black square, in its middle; gives the scale and where it lies."""
    height, width = frame.shape[:2]
    scale = min(side_px / height, side_px / width)
    new_height, new_width = max(1, int(height * scale)), max(1, int(width * scale))
    top, left = (side_px - new_height) // 2, (side_px - new_width) // 2
    boxed = np.zeros((side_px, side_px, 3), np.uint8)
    boxed[top : top + new_height, left : left + new_width] = cv2.resize(frame, (new_width, new_height))
    return boxed, scale, left, top


def _plates(rows: Floats, scale: float, corner: Floats) -> list[Seen]:
    """Read the detector's rows: centre and size, objectness, four corners, and how sure of one row and of two."""
    if len(rows) == 0:
        return []
    classes = rows[:, 13:15]
    scores = classes.max(axis=1) * rows[:, 4]
    boxes = np.concatenate([rows[:, :2] - rows[:, 2:4] / 2, rows[:, 2:4]], axis=1)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.0, _OVERLAP)
    best = [int(number) for number in np.asarray(kept).reshape(-1)][:_MOST]
    points = ((rows[:, 5:13].reshape(-1, 4, 2) - corner) / np.float32(scale)).astype(np.float32)
    layers = 1 + classes.argmax(axis=1)
    return [Seen(Found(points[number], float(scores[number])), int(layers[number])) for number in best]
