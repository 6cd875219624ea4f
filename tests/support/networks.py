"""Networks that give what a test wants, in the shapes of HyperLPR3's own: they prove our code, not its accuracy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lpr import backend
from lpr.models import OFFICIAL, ModelFile, default_folder, sha256_of
from lpr.picture import Picture
from lpr.sim.drawing.plates import draw_plate
from scada.model.plate import Plate

Floats = NDArray[np.float32]
SIZE = (640, 360)
ROWS = {320: 6300, 640: 25200}
TOKENS = [
    *("blank", "'"),
    *"0123456789ABCDEFGHJKLMNOPQRSTUVWXYZ",
    *"云京冀吉学宁川挂新晋桂民沪津浙渝港湘琼甘皖粤航苏蒙藏警豫贵赣辽鄂闽陕青鲁黑领使澳",
]
"""What the columns of HyperLPR3's recogniser stand for."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A plate as a detector says it: left, top, width and height in the frame, and how sure it is of what."""

    left: float
    top: float
    width: float
    height: float
    objectness: float = 0.9
    single: float = 0.9
    double: float = 0.1


def constant(path: Path, takes: Sequence[int], gives: Floats) -> Path:
    """Write a network that gives the same whatever it is shown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    graph = helper.make_graph(
        [helper.make_node("Identity", ["told"], ["output"])],
        "constant",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, list(takes))],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, list(gives.shape))],
        [numpy_helper.from_array(gives, "told")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


def detector(path: Path, side_px: int, spots: Sequence[Spot], size: tuple[int, int] = SIZE) -> Path:
    """Write a detector that sees plates at these spots of a frame of `size`, whatever it is shown."""
    rows = np.zeros((ROWS[side_px], 15), np.float32)
    width, height = size
    scale = min(side_px / height, side_px / width)
    left, top = (side_px - int(width * scale)) // 2, (side_px - int(height * scale)) // 2
    for number, spot in enumerate(spots):
        x0, y0 = spot.left * scale + left, spot.top * scale + top
        x1, y1 = x0 + spot.width * scale, y0 + spot.height * scale
        box = ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)
        rows[number] = (*box, spot.objectness, x0, y0, x1, y0, x1, y1, x0, y1, spot.single, spot.double)
    return constant(path, (1, 3, side_px, side_px), rows[None])


def classifier(path: Path, scores: Sequence[float]) -> Path:
    """Write a classifier of grounds: blue, green, yellow."""
    return constant(path, (1, 3, 96, 96), np.array([scores], np.float32))


def recogniser(path: Path, text: str, sure: float = 0.9) -> Path:
    """Write a recogniser that reads this text on every plate, each sign as sure as this."""
    steps = np.full((1, 40, len(TOKENS)), 0.0, np.float32)
    steps[0, :, 0] = 0.99
    for number, sign in enumerate(text):
        steps[0, 2 + 4 * number, 0] = 0.0
        steps[0, 2 + 4 * number, TOKENS.index(sign)] = sure
    return constant(path, (1, 3, 48, 160), steps)


def frame_with(*plates: tuple[str, Spot]) -> Picture:
    """Draw a road that has these plates at these spots, exactly."""
    frame = np.full((SIZE[1], SIZE[0], 3), 70, np.uint8)
    for text, spot in plates:
        wide, high = round(spot.width), round(spot.height)
        drawn = cv2.resize(draw_plate(Plate(text)), (wide, high), interpolation=cv2.INTER_AREA)
        frame[round(spot.top) : round(spot.top) + high, round(spot.left) : round(spot.left) + wide] = drawn
    return frame


def official_folder(folder: Path) -> Path:
    """Give the place of HyperLPR3's files in a models folder."""
    return folder / OFFICIAL


def with_real(folder: Path, *files: ModelFile) -> Path:
    """Put real files of the wheels into a models folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        if not file.within(folder).exists():
            file.within(folder).symlink_to(file.within(default_folder()))
    return folder


def as_they_are(folder: Path) -> tuple[backend.BackEnd, ...]:
    """Give the back ends as if what lies in the folder were what their makers published."""

    def believed(file: ModelFile) -> ModelFile:
        path = file.within(folder)
        return replace(file, sha256=sha256_of(path)) if path.is_file() else file

    return tuple(
        replace(end, needs=tuple(map(believed, end.needs)), better_with=tuple(map(believed, end.better_with)))
        for end in backend.BACK_ENDS
    )
