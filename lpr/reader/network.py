"""An ONNX network on one thread of the CPU, and how pictures are cut out for it."""

import math
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as refusals  # type: ignore[import-untyped]

from lpr.picture import Picture

Floats = NDArray[np.float32]


class NetworkError(Exception):
    """A model file is no network that this machine can run."""


_REFUSALS = (
    refusals.Fail,
    refusals.InvalidArgument,
    refusals.InvalidGraph,
    refusals.InvalidProtobuf,
    refusals.NoModel,
    refusals.NoSuchFile,
    refusals.NotImplemented,
    refusals.RuntimeException,
)


class Network:
    """One model file with one input; sessions share nothing, so each process opens its own."""

    def __init__(self, path: Path) -> None:
        """Load the file. Raises NetworkError."""
        onnxruntime.set_default_logger_severity(3)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except _REFUSALS as error:
            raise NetworkError(f"load {path}: {error}") from error
        self._input = self._session.get_inputs()[0].name

    def run(self, data: Floats) -> list[Floats]:
        """Run the network on one input; every output in the model's order."""
        return cast(list[Floats], self._session.run(None, {self._input: data}))

    @property
    def takes(self) -> list[int | str | None]:
        """The shape of the input; what is free has a name or none."""
        return list(self._session.get_inputs()[0].shape)

    def note(self, key: str) -> str:
        """Give a text that the model file carries. Raises KeyError."""
        notes: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        return notes[key]


def as_input(picture: Picture) -> Floats:
    """Scale a picture to -1..1 and put the channels first: what both PP-OCR networks take."""
    scaled = picture.astype(np.float32) * np.float32(2 / 255) - np.float32(1)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])


def order_corners(points: Floats) -> Floats:
    """Sort four corners: top left, top right, bottom right, bottom left, however the quadrilateral is turned."""
    middle = points.mean(axis=0)
    around = points[np.argsort(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))]
    rightwards = np.roll(around[:, 0], -1) - around[:, 0]
    return np.roll(around, -int(rightwards.argmax()), axis=0).astype(np.float32)


def sides(corners: Floats) -> tuple[float, float]:
    """Give the width and height of a quadrilateral: the longer of its opposite sides."""
    top, right = math.dist(corners[0], corners[1]), math.dist(corners[1], corners[2])
    bottom, left = math.dist(corners[2], corners[3]), math.dist(corners[3], corners[0])
    return max(top, bottom), max(right, left)


def straighten(picture: Picture, corners: Floats, size: tuple[int, int] | None = None) -> Picture | None:
    """Cut a quadrilateral out as a rectangle, of its own size if none is asked; None if it is too small for a sign."""
    width, height = (round(side) for side in sides(corners))
    if width < 4 or height < 4:
        return None
    wide, high = size or (width, height)
    finer = max(1, round(min(width / wide, height / high)))  # where it shrinks, no row of pixels is skipped
    target = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32) * finer
    turn = cv2.getPerspectiveTransform(corners.astype(np.float32), target)
    cut = cv2.warpPerspective(
        picture, turn, (wide * finer, high * finer), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return cast(Picture, cut if finer == 1 else cv2.resize(cut, (wide, high), interpolation=cv2.INTER_AREA))


def pushed_out(corners: Floats, across: float, along: float) -> Floats:
    """Move a quadrilateral's sides away from its middle by shares of its width and height."""
    right = ((corners[1] - corners[0]) + (corners[2] - corners[3])) / 2
    down = ((corners[3] - corners[0]) + (corners[2] - corners[1])) / 2
    outwards = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    moved = corners + outwards[:, :1] * right * across + outwards[:, 1:] * down * along
    return np.asarray(moved, np.float32)


def raised(corners: Floats, share: float) -> Floats:
    """Move the upper edge of a plate up by a share of its height."""
    left, right, low_right, low_left = corners
    return np.array(
        [left + (left - low_left) * share, right + (right - low_right) * share, low_right, low_left], np.float32
    )
