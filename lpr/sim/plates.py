"""Drawn plates and scenes, free of rights, and the catalogue of labelled photographs (`lpr.md` §9).

Drawn plates prove the plumbing, not accuracy: their signs are stand-ins from a text font.
"""

import csv
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lpr.reader.grammar import parse
from lpr.reader.network import Picture
from scada.model.plate import Plate, PlateColour, PlateKind, normal_form

WIDTH, HEIGHT = 1280, 720
_PX_PER_MM = 2
_FONTS = (("Noto Sans CJK SC:bold", "Noto Sans CJK"), ("WenQuanYi Zen Hei", "WenQuanYi"))
_DOUBTFUL = frozenset(("photos/easypr-0603.jpg", "photos/easypr-0561.jpg"))
"""One is cut off, the other's label is doubtful."""

_Colour = tuple[int, int, int]
_WHITE, _BLACK, _RED = (255, 255, 255), (20, 20, 20), (200, 30, 30)
_GROUNDS: dict[PlateColour, tuple[_Colour, _Colour]] = {
    PlateColour.BLUE: ((20, 70, 185), _WHITE),
    PlateColour.YELLOW: ((245, 185, 20), _BLACK),
    PlateColour.WHITE: ((240, 240, 240), _BLACK),
    PlateColour.BLACK: ((25, 25, 25), _WHITE),
    PlateColour.GREEN: ((70, 185, 110), _BLACK),
    PlateColour.LIMEGREEN: ((70, 185, 110), _BLACK),
}
_COLOUR_OF_KIND = {
    PlateKind.NEW_ENERGY: PlateColour.GREEN,
    PlateKind.POLICE: PlateColour.WHITE,
    PlateKind.MILITARY: PlateColour.WHITE,
    PlateKind.ARMED_POLICE: PlateColour.WHITE,
    PlateKind.EMBASSY: PlateColour.BLACK,
    PlateKind.CONSULATE: PlateColour.BLACK,
    PlateKind.HONG_KONG_MACAU: PlateColour.BLACK,
    PlateKind.LEARNER: PlateColour.YELLOW,
    PlateKind.TRAILER: PlateColour.YELLOW,
}


class DrawError(Exception):
    """A plate cannot be drawn: no such plate, or no font."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A photograph, as a path below the photos folder, and the plate on it."""

    photo: str
    plate: Plate


def catalogue(folder: Path) -> list[Labelled]:
    """List the whole photographs of a folder with a `labels.csv`, in its order; empty if there is none."""
    labels = folder / "labels.csv"
    if not labels.is_file():
        return []
    with labels.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["file"].startswith("photos/")]
    known = [row for row in rows if row["file"] not in _DOUBTFUL and (folder / row["file"]).is_file()]
    return [Labelled(row["file"], normal_form(row["plate"])) for row in known]


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


def draw_plate(plate: Plate, colour: PlateColour | None = None) -> Picture:
    """Draw a plate of one row, two pixels a millimetre. Raises DrawError."""
    kind = parse(plate)
    if kind is None:
        raise DrawError(f"{plate!r} is no plate of one row")
    ground, ink = _GROUNDS[colour or _COLOUR_OF_KIND.get(kind, PlateColour.BLUE)]
    is_green = kind is PlateKind.NEW_ENERGY and colour is None
    width_mm = 440 if len(plate) == 7 else 480
    image = Image.fromarray(_ground(width_mm, ground, is_green))
    pen = ImageDraw.Draw(image)
    rim = [4 * _PX_PER_MM, 4 * _PX_PER_MM, (width_mm - 4) * _PX_PER_MM, 136 * _PX_PER_MM]
    pen.rounded_rectangle(rim, radius=10 * _PX_PER_MM, outline=ink, width=2 * _PX_PER_MM)
    for sign, left_mm, wide_mm in _cells(plate):
        is_red = sign == "警" or (kind is PlateKind.MILITARY and left_mm < 20)
        _draw_sign(image, sign, left_mm, wide_mm, _RED if is_red else ink)
    if len(plate) == 7:
        dot = [(134 + 14.5 - 5 + 0.5) * _PX_PER_MM, 65 * _PX_PER_MM, (134 + 14.5 + 5.5) * _PX_PER_MM, 75 * _PX_PER_MM]
        pen.ellipse(dot, fill=ink)
    return np.asarray(image)[:, :, ::-1].copy()


def _ground(width_mm: int, colour: _Colour, fades: bool) -> NDArray[np.uint8]:
    """Fill the plate; small new-energy plates fade from white above to green below."""
    high, wide = 140 * _PX_PER_MM, width_mm * _PX_PER_MM
    share = np.linspace(0.15, 1.0, high)[:, None, None] if fades else np.ones((high, 1, 1))
    filled = 255 - (255 - np.array(colour)) * share
    return np.broadcast_to(filled, (high, wide, 3)).astype(np.uint8).copy()


def _cells(plate: Plate) -> list[tuple[str, float, float]]:
    """Lay the signs out: left edge and width in millimetres."""
    wide, gap, after_second = (45, 12, 34) if len(plate) == 7 else (43, 9, 49)
    if len(plate) == 9:
        wide, gap, after_second = 39, 8, 20
    cells, left = [], 15.5
    for number, sign in enumerate(plate):
        cells.append((sign, left, float(wide)))
        left += wide + (after_second if number == 1 else gap)
    return cells


def _draw_sign(image: Image.Image, sign: str, left_mm: float, wide_mm: float, ink: _Colour) -> None:
    """Stretch a sign to its cell; the figure one is a third as wide and stands in the middle."""
    if sign == "1":
        left_mm, wide_mm = left_mm + wide_mm / 3, wide_mm / 3
    stencil = _stencil(sign).resize((round(wide_mm * _PX_PER_MM), 90 * _PX_PER_MM))
    image.paste(ink, (round(left_mm * _PX_PER_MM), 25 * _PX_PER_MM), stencil)


@lru_cache(maxsize=128)
def _stencil(sign: str) -> Image.Image:
    font = ImageFont.truetype(str(font_file()), 200)
    left, top, right, bottom = font.getbbox(sign)
    stencil = Image.new("L", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(stencil).text((-left, -top), sign, fill=255, font=font)
    return stencil


def draw_road(seed: int) -> Picture:
    """Draw the lane without a car."""
    rng = np.random.default_rng(seed)
    light = float(rng.uniform(0.8, 1.15))
    shade = np.concatenate([np.linspace(190, 150, HEIGHT // 3), np.linspace(95, 125, HEIGHT - HEIGHT // 3)])
    road = np.repeat(np.repeat(shade[:, None, None], WIDTH, axis=1), 3, axis=2) * light
    picture = np.clip(road, 0, 255).astype(np.uint8)
    for x in (140, WIDTH - 140):
        cv2.line(picture, (x, HEIGHT), ((x + WIDTH // 2) // 2, HEIGHT // 3), (215, 215, 215), 10)
    return picture


def draw_scene(plate: Plate, seed: int, colour: PlateColour | None = None) -> Picture:
    """Draw a car before the boom; the same seed gives the same picture. An empty plate is none. Raises DrawError."""
    rng = np.random.default_rng(seed)
    scene = draw_road(seed)
    width = int(rng.uniform(130, 260))
    middle = (int(rng.uniform(0.4, 0.6) * WIDTH), int(rng.uniform(0.62, 0.74) * HEIGHT))
    _draw_body(scene, middle, width, rng)
    if plate:
        _mount(scene, draw_plate(plate, colour), middle, width, rng)
    gain = float(rng.uniform(0.8, 1.2))
    blurred = cv2.GaussianBlur(scene, (3, 3), float(rng.uniform(0.3, 0.8)))
    return np.asarray(cv2.convertScaleAbs(blurred, alpha=gain), np.uint8)


def _draw_body(scene: Picture, middle: tuple[int, int], plate_px: int, rng: np.random.Generator) -> None:
    """Draw what surrounds a plate: body, windscreen, grille, lamps, bumper."""
    x, y = middle
    unit = plate_px / 4
    paint = tuple(int(part) for part in rng.integers(40, 215, 3))

    def box(left: float, top: float, right: float, bottom: float, colour: tuple[int, ...]) -> None:
        cv2.rectangle(
            scene,
            (int(x + left * unit), int(y + top * unit)),
            (int(x + right * unit), int(y + bottom * unit)),
            colour,
            -1,
        )

    box(-7.5, -7.5, 7.5, 2.6, paint)
    box(-6.2, -7.0, 6.2, -4.6, (70, 60, 55))
    box(-3.2, -3.0, 3.2, -1.4, (35, 35, 35))
    for bar in range(4):
        box(-3.1, -2.85 + bar * 0.4, 3.1, -2.75 + bar * 0.4, (120, 120, 120))
    for side in (-5.4, 5.4):
        cv2.ellipse(
            scene,
            (int(x + side * unit), int(y - 2.2 * unit)),
            (int(1.5 * unit), int(0.7 * unit)),
            0,
            0,
            360,
            (235, 240, 240),
            -1,
        )
    box(-7.6, 1.3, 7.6, 2.7, (50, 50, 50))
    box(-2.6, -0.95, 2.6, 0.95, tuple(part * 3 // 4 for part in paint))


def _mount(scene: Picture, plate: Picture, middle: tuple[int, int], width: int, rng: np.random.Generator) -> None:
    """Put the plate on the car, a little turned."""
    high, wide = plate.shape[:2]
    small = (width, round(width * high / wide))
    x, y = middle[0] - small[0] / 2, middle[1] - small[1] / 2
    plain = np.array([[0, 0], [small[0], 0], [small[0], small[1]], [0, small[1]]])
    corners = plain + rng.uniform(-0.03, 0.03, (4, 2)) * small + np.array([x, y])
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    turn = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    softened = cv2.GaussianBlur(plate, (0, 0), max(0.1, wide / width / 2.5))
    laid = cv2.warpPerspective(softened, turn, (WIDTH, HEIGHT))
    mask = cv2.warpPerspective(np.full((high, wide), 255, np.uint8), turn, (WIDTH, HEIGHT))
    scene[mask > 127] = laid[mask > 127]
