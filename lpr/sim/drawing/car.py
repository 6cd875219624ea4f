"""Cars as a gate's camera sees them, in millimetres around the middle of their plate: x to the right, y down."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from lpr.picture import Picture
from lpr.sim.drawing.plates import pour, text_stencil
from lpr.sim.drawing.styles import Style

Bgr = tuple[int, int, int]
Points = Iterable[tuple[float, float]]
_PAINTS: tuple[Bgr, ...] = (
    (232, 232, 230),
    (205, 205, 208),
    (120, 118, 116),
    (42, 40, 40),
    (40, 36, 132),
    (110, 62, 34),
    (72, 92, 118),
    (96, 108, 88),
)
_GLASS, _RUBBER, _TRIM, _CHROME, _LAMP, _TAIL = (
    (74, 64, 58),
    (26, 26, 26),
    (48, 46, 46),
    (150, 150, 152),
    (240, 240, 236),
    (38, 30, 176),
)
_LETTERING = (
    "货运 13800138000",
    "24小时服务热线 400-820-8820",
    "京通物流",
    "诚信搬家 010-62345678",
    "限速80 自重5800kg",
)


class Body(Enum):
    """What sort of vehicle it is, and from which side it is seen."""

    CAR = "car"
    CAR_REAR = "car_rear"
    TRUCK = "truck"
    TRUCK_REAR = "truck_rear"
    MOTORCYCLE = "motorcycle"


_BODIES = {
    Style.YELLOW: Body.TRUCK,
    Style.YELLOW_REAR: Body.TRUCK_REAR,
    Style.TRAILER: Body.TRUCK_REAR,
    Style.ENERGY_LARGE: Body.TRUCK,
    Style.OVERSIZE: Body.TRUCK,
    Style.EMERGENCY: Body.TRUCK,
    Style.TRACTOR: Body.TRUCK_REAR,
    Style.MOTORCYCLE: Body.MOTORCYCLE,
}


def body_of(style: Style) -> Body:
    """Give the sort of vehicle that wears a plate of this look."""
    return _BODIES.get(style, Body.CAR)


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws in millimetres around a point of the picture."""

    picture: Picture
    x: float
    y: float
    px_per_mm: float

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Give the pixel of a point."""
        return round(self.x + x * self.px_per_mm), round(self.y + y * self.px_per_mm)

    def shape(self, points: Points, colour: Bgr) -> None:
        """Fill a shape."""
        cv2.fillPoly(self.picture, [np.array([self.at(x, y) for x, y in points], np.int32)], colour, cv2.LINE_AA)

    def both(self, points: Points, colour: Bgr) -> None:
        """Fill a shape and its mirror image."""
        listed = list(points)
        self.shape(listed, colour)
        self.shape([(-x, y) for x, y in listed], colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Bgr) -> None:
        """Fill a box."""
        cv2.rectangle(self.picture, self.at(left, top), self.at(right, bottom), colour, -1)

    def disc(self, x: float, y: float, wide: float, high: float, colour: Bgr) -> None:
        """Fill an ellipse."""
        axes = (max(1, round(wide / 2 * self.px_per_mm)), max(1, round(high / 2 * self.px_per_mm)))
        cv2.ellipse(self.picture, self.at(x, y), axes, 0, 0, 360, colour, -1, cv2.LINE_AA)

    def letters(self, text: str, left: float, top: float, high: float, ink: tuple[int, int, int]) -> None:
        """Write a line; `ink` is red, green, blue."""
        px = max(6, round(high * self.px_per_mm))
        pour(self.picture, text_stencil(text, px), *self.at(left, top), ink)


def draw_body(pen: Pen, body: Body, rng: np.random.Generator, *, is_lit: bool = False) -> None:
    """Draw a vehicle around its plate; its paint and lettering come from the generator."""
    paint = _PAINTS[int(rng.integers(len(_PAINTS)))]
    lettering = _LETTERING[int(rng.integers(len(_LETTERING)))]
    match body:
        case Body.CAR:
            _car(pen, paint, is_lit=is_lit)
        case Body.CAR_REAR:
            _car_rear(pen, paint)
        case Body.TRUCK:
            _truck(pen, paint, lettering, is_lit=is_lit)
        case Body.TRUCK_REAR:
            _truck_rear(pen, paint, lettering)
        case Body.MOTORCYCLE:
            _motorcycle(pen, paint)


def _shade(paint: Bgr, share: float) -> Bgr:
    blue, green, red = (min(255, round(part * share)) for part in paint)
    return blue, green, red


def _ground(pen: Pen, half: float, y: float) -> None:
    pen.disc(0, y, half * 2.1, 130, (52, 52, 52))
    pen.both([(half * 0.72, y - 300), (half * 0.97, y - 300), (half * 0.97, y), (half * 0.72, y)], _RUBBER)


def _cabin(pen: Pen, paint: Bgr) -> None:
    """Draw roof, glass and mirrors of a car."""
    pen.shape([(-545, -1040), (545, -1040), (735, -560), (-735, -560)], _shade(paint, 0.92))
    pen.shape([(-500, -995), (500, -995), (650, -610), (-650, -610)], _GLASS)
    pen.shape([(-470, -985), (-120, -985), (-260, -620), (-620, -620)], (104, 94, 86))
    pen.both([(770, -670), (930, -680), (940, -590), (790, -580)], _shade(paint, 0.8))


def _car(pen: Pen, paint: Bgr, *, is_lit: bool) -> None:
    """Draw a car's front."""
    _ground(pen, 880, 430)
    _cabin(pen, paint)
    pen.shape([(-735, -565), (735, -565), (870, -330), (-870, -330)], _shade(paint, 1.08))
    pen.shape([(-870, -335), (870, -335), (905, -60), (890, 290), (-890, 290), (-905, -60)], paint)
    pen.shape([(-560, -300), (560, -300), (430, -110), (-430, -110)], _TRIM)
    for bar in range(4):
        pen.box(-500 + bar * 22, -282 + bar * 44, 500 - bar * 22, -270 + bar * 44, _CHROME)
    pen.disc(0, -210, 110, 110, _CHROME)
    lamp = (255, 255, 255) if is_lit else _LAMP
    pen.both([(590, -300), (860, -280), (850, -190), (640, -170)], _CHROME)
    pen.both([(620, -285), (840, -270), (832, -205), (655, -188)], lamp)
    pen.box(-860, 90, 860, 120, _shade(paint, 0.8))
    pen.shape([(-700, 135), (700, 135), (620, 250), (-620, 250)], _TRIM)
    for side in (-770, 770):
        pen.disc(side, 190, 110, 90, _LAMP)
    pen.box(-265, -92, 265, 96, _shade(paint, 0.7))


def _car_rear(pen: Pen, paint: Bgr) -> None:
    """Draw a car's rear."""
    _ground(pen, 880, 480)
    _cabin(pen, paint)
    pen.shape([(-735, -565), (735, -565), (890, -380), (905, 340), (-905, 340), (-890, -380)], paint)
    pen.box(-640, -330, 640, 150, _shade(paint, 0.94))
    pen.both([(600, -300), (885, -290), (880, -90), (640, -110)], _TAIL)
    pen.box(-330, -150, 330, -110, _CHROME)
    pen.box(-870, 230, 870, 330, _TRIM)
    pen.box(-265, -96, 265, 96, _shade(paint, 0.75))


def _truck(pen: Pen, paint: Bgr, lettering: str, *, is_lit: bool) -> None:
    """Draw the front of a truck or a bus."""
    _ground(pen, 1180, 520)
    pen.box(-1230, -2200, 1230, 280, paint)
    pen.box(-1120, -1900, 1120, -950, _GLASS)
    pen.shape([(-1080, -1890), (-420, -1890), (-640, -960), (-1080, -960)], (104, 94, 86))
    pen.both([(1270, -1700), (1400, -1700), (1400, -1050), (1270, -1050)], _TRIM)
    pen.letters(lettering, -620, -860, 120, (200, 40, 40))
    pen.box(-700, -640, 700, -250, _TRIM)
    for bar in range(5):
        pen.box(-680, -620 + bar * 76, 680, -600 + bar * 76, _CHROME)
    pen.box(-1230, -180, 1230, 290, _shade(paint, 0.72))
    pen.both([(780, -130), (1120, -130), (1120, 40), (780, 40)], (255, 255, 255) if is_lit else _LAMP)
    pen.box(-300, -150, 300, 150, _shade(paint, 0.6))


def _truck_rear(pen: Pen, paint: Bgr, lettering: str) -> None:
    """Draw the rear of a truck, a trailer or a tractor: doors, lettering, red and white stripes, lamps."""
    _ground(pen, 1150, 560)
    pen.box(-1230, -2300, 1230, -330, _shade(paint, 0.95))
    pen.box(-12, -2300, 12, -330, _shade(paint, 0.6))
    for x in (-700, -300, 300, 700):
        pen.box(x - 14, -2300, x + 14, -330, _CHROME)
    pen.letters(lettering, -900, -1100, 170, (190, 40, 40))
    for number in range(10):
        left = -1220 + number * 244
        pen.box(left, -420, left + 244, -350, _TAIL if number % 2 else (228, 228, 232))
    pen.box(-1200, -250, 1200, 300, _TRIM)
    pen.both([(720, -120), (1130, -120), (1130, 80), (720, 80)], _TAIL)
    pen.both([(860, -110), (980, -110), (980, 70), (860, 70)], (40, 140, 230))
    pen.box(-300, -170, 300, 170, (58, 58, 60))


def _motorcycle(pen: Pen, paint: Bgr) -> None:
    """Draw the rear of a motorcycle and its rider."""
    pen.disc(0, 560, 520, 90, (52, 52, 52))
    pen.box(-75, -50, 75, 560, _RUBBER)
    pen.shape([(-130, -330), (130, -330), (160, 120), (-160, 120)], _shade(paint, 0.8))
    pen.shape([(-260, -1000), (260, -1000), (330, -330), (-330, -330)], (92, 66, 50))
    pen.disc(0, -1150, 280, 320, (46, 46, 170))
    pen.disc(0, -210, 170, 90, _TAIL)
    for side in (-260, 260):
        pen.disc(side, -190, 80, 70, (40, 140, 230))
        pen.disc(side * 1.7, -820, 150, 100, _TRIM)
