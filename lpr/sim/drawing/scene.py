"""Draws what a lane's camera sees: the road before the boom, a car on it, and lettering that is no plate."""

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from lpr.picture import Picture
from lpr.sim.drawing.car import Body, Pen, body_of, draw_body
from lpr.sim.drawing.plates import DrawError, draw_plate, pour, text_stencil
from lpr.sim.drawing.styles import LOOKS, Style, style_of
from scada.model.plate import Plate

WIDTH, HEIGHT = 1280, 720
_HORIZON = 190
_BUILDINGS = 7


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a plate is in the picture and how it is turned; `width_px` is that of an ordinary plate, 440 mm."""

    x: float
    y: float
    width_px: float
    roll_deg: float = 0
    yaw_deg: float = 0
    pitch_deg: float = 0


@dataclass(frozen=True, slots=True)
class Car:
    """A car to be drawn. No plate: it wears none; `shown` is its plate's face if that is dirty or covered."""

    plate: Plate
    seed: int
    style: Style | None = None
    body: Body | None = None
    shown: Picture | None = None
    is_lit: bool = False


def draw_road(seed: int) -> Picture:
    """Draw the lane without a car."""
    rng = np.random.default_rng(seed)
    return cv2.convertScaleAbs(_road(seed % 4), alpha=float(rng.uniform(0.85, 1.15))).astype(np.uint8, copy=False)


@lru_cache(maxsize=4)
def _road(number: int) -> Picture:
    """Draw one of the site's places: sky, buildings, asphalt, islands with kerbs, a booth."""
    rng = np.random.default_rng(1000 + number)
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:_HORIZON] = np.linspace((226, 208, 190), (214, 210, 204), _HORIZON)[:, None]
    for left in rng.integers(-100, WIDTH, _BUILDINGS).tolist():
        grey, high = int(rng.integers(110, 190)), int(rng.integers(40, 160))
        cv2.rectangle(picture, (left, _HORIZON - high), (left + int(rng.integers(90, 260)), _HORIZON), (grey,) * 3, -1)
    cv2.rectangle(picture, (0, _HORIZON - 26), (WIDTH, _HORIZON + 4), (70, 104, 76), -1)
    picture[_HORIZON:] = np.linspace((128, 126, 124), (98, 97, 96), HEIGHT - _HORIZON)[:, None]
    for side in (-1, 1):
        _draw_island(picture, side)
    grain = rng.normal(0, 5, (HEIGHT, WIDTH)).astype(np.float32)
    mottle = cv2.GaussianBlur(rng.normal(0, 60, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 6)
    return np.clip(picture + (grain + mottle)[..., None], 0, 255).astype(np.uint8)


def _draw_island(picture: Picture, side: int) -> None:
    """Draw the island beside the lane: its kerb is black and yellow, and there is a booth on it."""
    middle = WIDTH // 2

    def x(share: float) -> int:
        return middle + round(side * share * middle)

    top, bottom = (x(0.42), _HORIZON), (x(1.08), HEIGHT)
    cv2.fillPoly(
        picture, [np.array([top, (x(0.62), _HORIZON), (x(2.0), HEIGHT), bottom])], (150, 150, 148), cv2.LINE_AA
    )
    for number in range(16):
        near, far = ((step / 16) ** 2 for step in (number + 1, number))
        points = [
            (round(top[0] + (bottom[0] - top[0]) * share), round(top[1] + (bottom[1] - top[1]) * share + extra))
            for share, extra in ((far, 0), (near, 0), (near, 26 * near), (far, 26 * far))
        ]
        cv2.fillPoly(picture, [np.array(points)], (30, 180, 225) if number % 2 else (34, 34, 34), cv2.LINE_AA)
    if side > 0:
        cv2.rectangle(picture, (x(0.74), 96), (x(0.99), 400), (196, 198, 200), -1)
        cv2.rectangle(picture, (x(0.77), 130), (x(0.96), 250), (96, 84, 72), -1)


def draw_scene(plate: Plate, seed: int, style: Style | None = None) -> Picture:
    """Draw a car before the boom; the same seed gives the same picture. An empty plate is none. Raises DrawError."""
    rng = np.random.default_rng(seed)
    scene = draw_road(seed)
    near = 1.5 if style is Style.MOTORCYCLE else 1.0  # its plate is half as wide: the camera has to be nearer
    wide, x, y = (float(rng.uniform(*limits)) for limits in ((130 * near, 250 * near), (0.42, 0.58), (0.6, 0.72)))
    turns = (float(angle) for angle in rng.normal(0, (1.2, 6, 4)))
    draw_car(scene, Car(plate, seed, style), Pose(x * WIDTH, y * HEIGHT, wide, *turns))
    return _seen(scene, float(rng.uniform(0.3, 0.8)), float(rng.uniform(0.85, 1.15)))


def _seen(scene: Picture, blur: float, gain: float) -> Picture:
    """Let a lens look at it."""
    return np.asarray(cv2.convertScaleAbs(cv2.GaussianBlur(scene, (3, 3), blur), alpha=gain), np.uint8)


def draw_car(scene: Picture, car: Car, pose: Pose) -> None:
    """Put a car on a picture. Raises DrawError."""
    style = car.style or style_of(car.plate)
    if car.plate and style is None:
        raise DrawError(f"{car.plate!r} is no plate")
    body = car.body or body_of(style or Style.BLUE)
    pen = Pen(scene, pose.x, pose.y, pose.width_px / 440)
    draw_body(pen, body, np.random.default_rng(car.seed), is_lit=car.is_lit)
    if car.plate and style is not None:
        face = draw_plate(car.plate, style) if car.shown is None else car.shown
        mount(scene, face, pose, LOOKS[style].width)


def mount(scene: Picture, face: Picture, pose: Pose, width_mm: float) -> None:
    """Lay a plate onto a picture as a lens sees it."""
    high, wide = face.shape[:2]
    corners = corners_of(pose, width_mm, width_mm * high / wide)
    left, top = np.floor(corners.min(axis=0)).astype(int) - 2
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 2
    x, y, end, floor = max(0, left), max(0, top), min(WIDTH, right), min(HEIGHT, bottom)
    if x >= end or y >= floor:
        return
    source = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    turn = cv2.getPerspectiveTransform(source, (corners - (x, y)).astype(np.float32))
    size = (int(end - x), int(floor - y))
    softened = cv2.GaussianBlur(face, (0, 0), max(0.1, wide / (pose.width_px * width_mm / 440) / 2.5))
    laid = cv2.warpPerspective(softened, turn, size, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpPerspective(_round_mask(high, wide), turn, size)[..., None].astype(np.uint16)
    below = scene[y:floor, x:end]
    below[:] = ((below * (255 - share) + laid * share) // 255).astype(np.uint8)


@lru_cache(maxsize=8)
def _round_mask(high: int, wide: int) -> NDArray[np.uint8]:
    """Give the face of a plate with its round corners."""
    mask, edge = np.zeros((high, wide), np.uint8), 20
    cv2.rectangle(mask, (edge, 0), (wide - edge, high), 255, -1)
    cv2.rectangle(mask, (0, edge), (wide, high - edge), 255, -1)
    for x in (edge, wide - edge - 1):
        for y in (edge, high - edge - 1):
            cv2.circle(mask, (x, y), edge, 255, -1, cv2.LINE_AA)
    return mask


def corners_of(pose: Pose, width_mm: float, height_mm: float) -> NDArray[np.float64]:
    """Give the corners of a plate in the picture, from the top left on: turned in space, seen from four metres."""
    half = np.array([width_mm, height_mm]) / 2
    flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    yaw, pitch, roll = np.radians((pose.yaw_deg, pose.pitch_deg, pose.roll_deg))
    x, y, z = flat[:, 0] * np.cos(yaw), flat[:, 1].copy(), flat[:, 0] * np.sin(yaw)
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
    scale = pose.width_px / 440 * 4000 / (4000 + z)
    return cast(NDArray[np.float64], np.stack([pose.x + x * scale, pose.y + y * scale], axis=1))


def write_over(picture: Picture, text: str, left: int, top: int, high: int) -> None:
    """Write a line over a picture as a camera's clock does: white with a black edge."""
    stencil = text_stencil(text, high)
    for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        pour(picture, stencil, left + x, top + y, (0, 0, 0))
    pour(picture, stencil, left, top, (250, 250, 250))
