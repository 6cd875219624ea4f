"""The ground colour of a plate by its hue (`lpr.md` §4). White and black have none: their text tells."""

import cv2
import numpy as np

from lpr.picture import Picture
from scada.model.plate import PlateColour

_LEAST_SATURATION = 60
_LEAST_SHARE = 0.25
_HUES = ((11, 37, PlateColour.YELLOW), (38, 91, PlateColour.GREEN), (92, 134, PlateColour.BLUE))


def colour_of(plate: Picture) -> PlateColour:
    """Judge by the median hue of the coloured pixels, if a quarter of the plate is coloured at all."""
    hsv = np.asarray(cv2.cvtColor(plate, cv2.COLOR_BGR2HSV))
    hues = hsv[..., 0][hsv[..., 1] > _LEAST_SATURATION]
    if len(hues) < _LEAST_SHARE * hsv[..., 0].size:
        return PlateColour.UNKNOWN
    hue = float(np.median(hues))
    for least, most, colour in _HUES:
        if least <= hue <= most:
            return colour
    return PlateColour.UNKNOWN
