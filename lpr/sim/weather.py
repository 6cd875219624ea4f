"""Weather before a simulated camera: what night, rain, fog and a low sun leave of a picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.reader.network import Picture

WEATHERS = ("clear", "night", "rain", "fog", "glare")
_STREAKS = 400
_FOG_GREY = 205


def weathered(picture: Picture, weather: str, seed: int) -> Picture:
    """Look at a picture through the weather; the same seed gives the same picture. Raises ValueError."""
    rng = np.random.default_rng(seed)
    match weather:
        case "clear":
            return picture
        case "night":
            return np.asarray(cv2.convertScaleAbs(picture, alpha=0.45), np.uint8)
        case "fog":
            return np.asarray(cv2.addWeighted(picture, 0.6, np.full_like(picture, _FOG_GREY), 0.4, 0), np.uint8)
        case "rain":
            return np.asarray(cv2.add(picture, _streaks(picture.shape, rng)), np.uint8)
        case "glare":
            return np.asarray(cv2.add(picture, _sun(picture.shape)), np.uint8)
        case _:
            raise ValueError(f"no weather {weather!r}: there are {', '.join(WEATHERS)}")


def _streaks(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    veil = np.zeros(shape, np.uint8)
    for x, y in rng.integers((0, 0), (shape[1], shape[0]), (_STREAKS, 2)).tolist():
        cv2.line(veil, (x, y), (x - 4, y + 22), (70, 70, 70), 1)
    return veil


def _sun(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    glow = np.zeros(shape, np.float32)
    cv2.circle(glow, (shape[1] // 4, shape[0] // 4), shape[0] // 4, (150, 150, 150), -1)
    return cv2.GaussianBlur(glow, (0, 0), shape[0] / 8).astype(np.uint8)
