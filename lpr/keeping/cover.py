"""Plates made unreadable in a picture, for whoever need not see them: the pixels are gone, nothing lies over them."""

from collections.abc import Sequence

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.reader.guess import Corners
from lpr.source import picture_of
from scada.ports import PictureError

_MARGIN = 1.3
"""So much wider and higher than the plate's corners is what is covered."""
_BLOCKS = 28
"""Where nobody knows where the plates are, the picture is shown in so many blocks a row: no sign survives that."""
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 80]


def covered(jpeg: bytes, plates: Sequence[Corners] | None) -> bytes:
    """Give the picture without its plates; where they are not known, so coarse that none can be read.

    Raises PictureError if it is no picture: then nothing may be shown.
    """
    picture = picture_of(jpeg)
    if picture is None:
        raise PictureError("a damaged picture is not shown: its plates cannot be covered")
    shown = _coarse(picture) if not plates else _without(picture, plates)
    good, again = cv2.imencode(".jpg", shown, _JPEG)
    if not good:
        raise PictureError("a picture cannot be written anew")
    return again.tobytes()


def _without(picture: Picture, plates: Sequence[Corners]) -> Picture:
    """Fill each plate with its own mean colour."""
    for plate in plates:
        corners = np.array(plate, np.float32)
        middle = corners.mean(axis=0)
        hull = cv2.convexHull(np.rint(middle + (corners - middle) * _MARGIN).astype(np.int32))
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, hull, 255)
        picture[mask > 0] = np.asarray(cv2.mean(picture, mask)[:3], np.uint8)
    return picture


def _coarse(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    rows = max(1, round(_BLOCKS * height / width))
    small = cv2.resize(picture, (_BLOCKS, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
