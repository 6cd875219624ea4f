"""Draws a plate by itself, two pixels a millimetre.

Drawn plates prove the plumbing, not accuracy: their signs are stand-ins from a text font, stretched to their cells.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lpr.picture import Picture
from lpr.sim.drawing.styles import LOOKS, RED, Colour, Look, Row, Style, style_of
from scada.model.plate import Plate, PlateKind

PX_PER_MM = 2
_FONTS = (("Noto Sans CJK SC:bold", "Noto Sans CJK"), ("WenQuanYi Zen Hei", "WenQuanYi"))
_DOT_MM = 10.0
_YELLOW_FIELD = (240, 182, 28)

Stencil = NDArray[np.uint8]
"""How much of each pixel is ink, 0 to 255."""


class DrawError(Exception):
    """A plate cannot be drawn: no such plate, or no font."""


@lru_cache(maxsize=1)
def font_file() -> Path:
    """Find a font with Chinese signs by its name. Raises DrawError."""
    matcher = shutil.which("fc-match")
    for pattern, family in _FONTS if matcher else ():
        command = [str(matcher), "--format=%{family}\n%{file}", pattern]
        found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - fixed words
        name, _, file = found.stdout.partition("\n")
        if family in name:
            return Path(file)
    raise DrawError("no font with Chinese signs; install Debian's fonts-noto-cjk and fontconfig")


@dataclass(frozen=True, slots=True)
class _Cell:
    sign: str
    left: float
    top: float
    wide: float
    high: float


def draw_plate(plate: Plate, style: Style | None = None) -> Picture:
    """Draw a plate; in the look that it has by its text if none is said. Raises DrawError."""
    style = style or style_of(plate)
    if style is None or len(plate) != LOOKS[style].signs:
        raise DrawError(f"{plate!r} is no plate{'' if style is None else f' of the look {style.value}'}")
    return _painted(plate, style).copy()


@lru_cache(maxsize=32)
def _painted(plate: Plate, style: Style) -> Picture:
    look = LOOKS[style]
    picture = _ground(look)
    _draw_rim(picture, look)
    for number, cell in enumerate(_cells(plate, look), 1):
        _draw_sign(picture, cell, RED if number in look.red else look.ink)
    for row in look.rows:
        if row.has_dot:
            _draw_dot(picture, row, look.ink)
    if look.kind is PlateKind.NEW_ENERGY:
        cv2.circle(picture, (270, 140), 21, (120, 150, 60), 7, cv2.LINE_AA)  # where its emblem is
    return picture


def _ground(look: Look) -> Picture:
    """Fill the plate; small new-energy plates fade from white above to green below."""
    high, wide = round(look.height * PX_PER_MM), round(look.width * PX_PER_MM)
    share = np.linspace(0.12, 1.0, high)[:, None, None] if look.fades else np.ones((high, 1, 1))
    filled = 255 - (255 - np.array(look.ground[::-1])) * share
    picture = np.empty((high, wide, 3), np.uint8)
    picture[:] = filled.astype(np.uint8)
    picture[:, : round(look.yellow_field * PX_PER_MM)] = _YELLOW_FIELD[::-1]
    return picture


def _draw_rim(picture: Picture, look: Look) -> None:
    """Draw the line around the plate, two millimetres wide, and the screws."""
    high, wide = picture.shape[:2]
    edge, round_px, line_px = 5 * PX_PER_MM, 9 * PX_PER_MM, 2 * PX_PER_MM
    colour = look.ink[::-1]
    for x in (edge, wide - edge):
        cv2.line(picture, (x, edge + round_px), (x, high - edge - round_px), colour, line_px, cv2.LINE_AA)
    for y in (edge, high - edge):
        cv2.line(picture, (edge + round_px, y), (wide - edge - round_px, y), colour, line_px, cv2.LINE_AA)
    for x, y, turn in (
        (edge, edge, 180),
        (wide - edge, edge, 270),
        (wide - edge, high - edge, 0),
        (edge, high - edge, 90),
    ):
        middle = (x + (round_px if x == edge else -round_px), y + (round_px if y == edge else -round_px))
        cv2.ellipse(picture, middle, (round_px, round_px), turn, 0, 90, colour, line_px, cv2.LINE_AA)
    for x in (round(wide * 0.22), round(wide * 0.78)):
        cv2.circle(picture, (x, edge + 6 * PX_PER_MM), 4 * PX_PER_MM, (150, 150, 152), -1, cv2.LINE_AA)
        cv2.circle(picture, (x, edge + 6 * PX_PER_MM), 2 * PX_PER_MM, (95, 95, 98), -1, cv2.LINE_AA)


def _cells(plate: Plate, look: Look) -> Iterator[_Cell]:
    """Lay the signs out."""
    signs = iter(plate)
    for row in look.rows:
        left = row.left
        for number in range(1, row.signs + 1):
            yield _Cell(next(signs), left, row.top, row.wide, row.high)
            left += row.wide + (row.wide_gap if number == row.wide_after else row.gap)


def _draw_sign(picture: Picture, cell: _Cell, ink: Colour) -> None:
    """Stretch a sign to its cell."""
    stencil = sign_stencil(cell.sign, round(cell.wide * PX_PER_MM), round(cell.high * PX_PER_MM))
    pour(picture, stencil, round(cell.left * PX_PER_MM), round(cell.top * PX_PER_MM), ink)


def _draw_dot(picture: Picture, row: Row, ink: Colour) -> None:
    after = row.wide_after or 1
    gap = row.wide_gap or row.gap
    x = row.left + after * row.wide + (after - 1) * row.gap + gap / 2
    size = _DOT_MM * min(1.0, row.high / 60)
    middle = (round(x * PX_PER_MM), round((row.top + row.high / 2) * PX_PER_MM))
    cv2.circle(picture, middle, round(size / 2 * PX_PER_MM), ink[::-1], -1, cv2.LINE_AA)


def pour(picture: Picture, stencil: Stencil, left: int, top: int, ink: Colour) -> None:
    """Ink a stencil onto a picture; what lies beyond the edge is lost."""
    high, wide = picture.shape[:2]
    x, y = max(0, left), max(0, top)
    right, bottom = min(wide, left + stencil.shape[1]), min(high, top + stencil.shape[0])
    if x >= right or y >= bottom:
        return
    share = stencil[y - top : bottom - top, x - left : right - left, None].astype(np.uint16)
    below = picture[y:bottom, x:right]
    below[:] = ((below * (255 - share) + np.array(ink[::-1], np.uint16) * share) // 255).astype(np.uint8)


@lru_cache(maxsize=512)
def sign_stencil(sign: str, wide: int, high: int) -> Stencil:
    """Give a sign that fills its cell; the figure one is a third as wide, in the middle, and no text font's."""
    if sign == "1":
        return _one(wide, high)
    return cast(Stencil, cv2.resize(_stencil(sign), (wide, high), interpolation=cv2.INTER_AREA))


def _one(wide: int, high: int) -> Stencil:
    stencil = np.zeros((high, wide), np.uint8)
    shape = [(0.33, 0.16), (0.47, 0.0), (0.64, 0.0), (0.64, 1.0), (0.42, 1.0), (0.42, 0.17), (0.33, 0.26)]
    cv2.fillPoly(stencil, [np.array([(x * wide, y * high) for x, y in shape], np.int32)], 255, cv2.LINE_AA)
    return stencil


@lru_cache(maxsize=64)
def text_stencil(text: str, high: int) -> Stencil:
    """Give a line of lettering."""
    whole = _stencil(text)
    return cast(Stencil, cv2.resize(whole, (max(1, round(whole.shape[1] * high / whole.shape[0])), high)))


@lru_cache(maxsize=256)
def _stencil(text: str) -> Stencil:
    font = ImageFont.truetype(str(font_file()), 200)
    _, _, right, bottom = font.getbbox(text)
    stencil = Image.new("L", (int(right) + 20, int(bottom) + 20))
    ImageDraw.Draw(stencil).text((10, 10), text, fill=255, font=font)
    return np.asarray(stencil.crop(stencil.getbbox()), np.uint8)
