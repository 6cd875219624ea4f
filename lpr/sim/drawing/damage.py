"""What spoils a picture or a plate: pure functions, the same generator or figures give the same result.

The first group works on a plate's face before it is mounted, the second on the whole picture.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.picture import Picture

_Bgr = tuple[int, int, int]
_MUD: _Bgr = (62, 84, 104)
_SNOW: _Bgr = (246, 244, 242)
_GLOW_SIZE = (80, 45)
_STREAKS, _FLAKES = 500, 900


# --- a plate's face ---


def dirty(face: Picture, rng: np.random.Generator, share: float, colour: _Bgr = _MUD) -> Picture:
    """Let mud lie on a share of a plate, thickest below."""
    high, wide = face.shape[:2]
    coarse = rng.random((6, 18)).astype(np.float32) + np.linspace(0, 0.35, 6, dtype=np.float32)[:, None]
    blots = cv2.resize(coarse, (wide, high), interpolation=cv2.INTER_CUBIC)
    edge = float(np.quantile(blots, 1 - share))
    return _covered_by(face, np.clip((blots - edge) * 8, 0, 0.94), colour)


def snowed(face: Picture, rng: np.random.Generator, share: float) -> Picture:
    """Let snow lie on a share of a plate."""
    return dirty(face, rng, share, _SNOW)


def covered(face: Picture, rng: np.random.Generator, share: float) -> Picture:
    """Hang something before a part of a plate, as wide as this share of it: nobody can read what is behind."""
    high, wide = face.shape[:2]
    width = round(wide * share)
    left = int(rng.integers(round(wide * 0.05), max(round(wide * 0.95) - width, round(wide * 0.05) + 1)))
    spoiled = face.copy()
    colour = tuple(int(part) for part in rng.integers(60, 220, 3))
    cv2.rectangle(spoiled, (left, 0), (left + width, high), colour, -1)
    return spoiled


def worn(face: Picture, rng: np.random.Generator, amount: float) -> Picture:
    """Let sun and years take the contrast and scratch the paint."""
    spoiled = cv2.addWeighted(face, 1 - 0.5 * amount, np.full_like(face, 150), 0.5 * amount, 0)
    high, wide = face.shape[:2]
    for _ in range(round(30 * amount)):
        x, y, across, down = rng.integers((0, 0, -60, -30), (wide, high, 60, 30)).tolist()
        cv2.line(spoiled, (x, y), (x + across, y + down), (150, 150, 150), 2, cv2.LINE_AA)
    return np.asarray(spoiled, np.uint8)


def _covered_by(face: Picture, share: NDArray[np.float32], colour: _Bgr) -> Picture:
    below = face * (1 - share[..., None]) + np.array(colour, np.float32) * share[..., None]
    return below.astype(np.uint8)


# --- the picture ---


def moved(picture: Picture, length_px: int, angle_deg: float) -> Picture:
    """Blur by a movement while the shutter was open."""
    size = max(3, length_px | 1)
    kernel = np.zeros((size, size), np.float32)
    reach = np.array([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))]) * (length_px - 1) / 2
    middle = np.array([size // 2, size // 2])
    one, other = (tuple(int(part) for part in np.rint(middle + side * reach)) for side in (-1, 1))
    cv2.line(kernel, one, other, (1.0,), 1)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def unfocused(picture: Picture, sigma: float) -> Picture:
    """Blur by a lens that is out of focus."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def noisy(picture: Picture, rng: np.random.Generator, sigma: float) -> Picture:
    """Add a sensor's noise."""
    high, wide = picture.shape[:2]
    grain = np.roll(_grain(), tuple(rng.integers(0, 512, 2).tolist()), axis=(0, 1))
    tiles = np.tile(grain, (-(-high // 512), -(-wide // 512)))[:high, :wide, None] * np.float32(sigma)
    return np.clip(picture + tiles, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.float32]:
    return np.random.default_rng(1).standard_normal((512, 512)).astype(np.float32)


def night(picture: Picture, rng: np.random.Generator, amount: float) -> Picture:
    """Take the light away and turn the amplifier up: dark, bluish, noisy."""
    dark = picture * (np.array([0.62, 0.55, 0.5], np.float32) * np.float32(1 - 0.6 * amount))
    return noisy(dark.astype(np.uint8), rng, 3 + 9 * amount)


def dazzled(picture: Picture, lamps: Sequence[tuple[float, float]], radius_px: float) -> Picture:
    """Let headlights shine into the lens."""
    glow = np.zeros((_GLOW_SIZE[1], _GLOW_SIZE[0], 1), np.float32)
    high, wide = picture.shape[:2]
    for x, y in lamps:
        middle = (round(x / wide * _GLOW_SIZE[0]), round(y / high * _GLOW_SIZE[1]))
        cv2.circle(glow, middle, max(1, round(radius_px / wide * _GLOW_SIZE[0])), (255.0,), -1)
    return _glowing(picture, cv2.GaussianBlur(glow, (0, 0), max(1.0, radius_px / wide * _GLOW_SIZE[0])))


def sunny(picture: Picture, x: float = 0.25, y: float = 0.25) -> Picture:
    """Let a low sun shine into the lens from a place given in shares of the picture."""
    glow = np.zeros((_GLOW_SIZE[1], _GLOW_SIZE[0], 1), np.float32)
    cv2.circle(glow, (round(x * _GLOW_SIZE[0]), round(y * _GLOW_SIZE[1])), _GLOW_SIZE[1] // 4, (150.0,), -1)
    return _glowing(picture, cv2.GaussianBlur(glow, (0, 0), _GLOW_SIZE[1] / 8))


def _glowing(picture: Picture, glow: object) -> Picture:
    high, wide = picture.shape[:2]
    whole = cv2.resize(np.asarray(glow, np.float32), (wide, high)).astype(np.uint8)
    return np.asarray(cv2.add(picture, cv2.merge([whole] * 3)), np.uint8)


def backlit(picture: Picture, amount: float) -> Picture:
    """Put the sun behind the car: the sky burns out, what faces the camera is dark."""
    share = np.linspace(1.0, 0.0, picture.shape[0], dtype=np.float32)[:, None, None] ** 2
    gain = (1 - 0.62 * amount) + share * np.float32(1.4 * amount)
    return np.asarray(np.clip(picture * gain + 70 * amount * share, 0, 255), np.uint8)


def foggy(picture: Picture, amount: float) -> Picture:
    """Put fog before the lens."""
    return np.asarray(cv2.addWeighted(picture, 1 - amount, np.full_like(picture, 205), amount, 0), np.uint8)


def rainy(picture: Picture, rng: np.random.Generator, amount: float) -> Picture:
    """Let it rain: streaks, and less contrast behind them."""
    veil = np.zeros(picture.shape, np.uint8)
    high, wide = picture.shape[:2]
    for x, y in rng.integers((0, 0), (wide, high), (round(_STREAKS * amount), 2)).tolist():
        cv2.line(veil, (x, y), (x - 4, y + 22), (70, 70, 70), 1)
    return np.asarray(cv2.add(foggy(picture, 0.15 * amount), veil), np.uint8)


def snowy(picture: Picture, rng: np.random.Generator, amount: float) -> Picture:
    """Let it snow: flakes near and far."""
    veil = np.zeros(picture.shape, np.uint8)
    high, wide = picture.shape[:2]
    sizes = rng.choice([1, 1, 1, 2, 3], round(_FLAKES * amount)).tolist()
    for (x, y), size in zip(rng.integers((0, 0), (wide, high), (len(sizes), 2)).tolist(), sizes, strict=True):
        cv2.circle(veil, (x, y), size, (150, 150, 150), -1, cv2.LINE_AA)
    return np.asarray(cv2.add(foggy(picture, 0.2 * amount), veil), np.uint8)


def farther(picture: Picture, share: float) -> Picture:
    """Lose detail as at a distance, or as a poor lens does; the picture keeps its size."""
    high, wide = picture.shape[:2]
    small = cv2.resize(
        picture, (max(8, round(wide * share)), max(8, round(high * share))), interpolation=cv2.INTER_AREA
    )
    return np.asarray(cv2.resize(small, (wide, high), interpolation=cv2.INTER_LINEAR), np.uint8)


def turned(picture: Picture, angle_deg: float) -> Picture:
    """Look with a camera that hangs askew."""
    high, wide = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((wide / 2, high / 2), angle_deg, 1)
    return np.asarray(cv2.warpAffine(picture, turn, (wide, high), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def as_jpeg(picture: Picture, quality: int) -> bytes:
    """Give a picture as a camera sends it. Raises ValueError."""
    good, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise ValueError("the picture cannot be encoded")
    return jpeg.tobytes()


def through_jpeg(picture: Picture, quality: int) -> Picture:
    """Give what is left of a picture when it comes out of a camera."""
    decoded = cv2.imdecode(np.frombuffer(as_jpeg(picture, quality), np.uint8), cv2.IMREAD_COLOR)
    return cast(Picture, np.asarray(decoded, np.uint8))
