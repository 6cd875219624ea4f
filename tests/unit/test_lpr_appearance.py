"""What a car looks like around its plate: alike when seen again, unlike another car."""

import cv2
import numpy as np
import pytest

from lpr.picture import Picture
from lpr.process.appearance import appearance_of
from lpr.reader.guess import Corners
from scada.model.appearance import Appearance, likeness

RED, BLUE, WHITE, BLACK = (30, 30, 190), (170, 80, 30), (225, 225, 225), (25, 25, 25)
Colour = tuple[int, int, int]


def car(paint: Colour, *, van: bool = False, width: int = 160, dim: float = 1.0) -> tuple[Picture, Corners]:
    """Draw a front: bonnet, lamps and grille of one of two models; gives the plate's corners too."""
    frame = np.full((720, 1280, 3), 96, np.uint8)
    x, y, half = 640, 560, width // 2
    cv2.rectangle(frame, (x - 2 * width, y - 3 * width), (x + 2 * width, y + width // 2), paint, -1)
    lamp = (245, 245, 245)
    for side in (-1, 1):
        if van:
            cv2.rectangle(frame, (x + side * width, y - width), (x + side * (width + half), y - half), lamp, -1)
        else:
            cv2.ellipse(
                frame, (x + side * (width + half // 2), y - half), (half, half // 3), 20 * side, 0, 360, lamp, -1
            )
    for bar in range(4 if van else 0):
        level = y - width - 20 * bar
        cv2.line(frame, (x - width, level), (x + width, level), (10, 10, 10), 6)
    cv2.rectangle(frame, (x - half, y - width // 6), (x + half, y + width // 6), (160, 60, 20), -1)
    noise = np.random.default_rng(width).normal(0, 6, frame.shape)
    seen = np.clip(frame * dim + noise, 0, 255).astype(np.uint8)
    high = width / 6
    return seen, ((x - half, y - high), (x + half, y - high), (x + half, y + high), (x - half, y + high))


def look(*of: tuple[Picture, Corners]) -> Appearance:
    found = appearance_of(*of[0])
    assert found is not None
    return found


def alike(one: tuple[Picture, Corners], other: tuple[Picture, Corners]) -> float:
    share = likeness(look(one), look(other))
    assert share is not None
    return share


@pytest.mark.parametrize("paint", [RED, BLUE, WHITE, BLACK])
def test_the_same_car_dimmer_and_nearer_looks_alike(paint: Colour) -> None:
    assert alike(car(paint), car(paint, width=200, dim=0.85)) > 0.75


@pytest.mark.parametrize("other", [BLUE, WHITE, BLACK])
def test_another_paint_and_another_model_look_less_alike(other: Colour) -> None:
    same = alike(car(RED), car(RED, width=180))
    assert alike(car(RED), car(other)) < same - 0.2
    assert alike(car(RED), car(RED, van=True)) < same - 0.1
    assert alike(car(RED), car(other, van=True)) < 0.5


def test_a_plate_at_the_edge_of_the_picture_shows_no_car() -> None:
    frame, corners = car(RED)
    cut = frame[500:600, 560:720]
    moved = tuple((x - 560, y - 500) for x, y in corners)
    assert appearance_of(cut, (moved[0], moved[1], moved[2], moved[3])) is None


def test_a_look_is_as_long_as_its_column() -> None:
    assert len(look(car(RED))) == 128
