"""What is done with a picture before it is read: pulled straight, and its plates told where they are in the frame."""

import cv2
import numpy as np
import pytest

from lpr.picture import Picture
from lpr.reader.guess import Corners, PlateGuess
from lpr.sim.drawing.scene import draw_scene
from lpr.sim.weather import weathered
from lpr.view.light import LightReader, lacks_light, lifted
from lpr.view.perspective import StraightReader
from scada.model.plate import normal_form
from tests.support.lpr import guess

SHARES = ((0.25, 0.2), (0.75, 0.4), (0.75, 0.9), (0.25, 0.7))
"""A camera from the left: what is straight on the car falls away to the right."""


class Finder:
    """Finds the one white rectangle of a view."""

    name = "finder"

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = ()
        self.edge_px = 0.0

    def read(self, frame: Picture) -> list[PlateGuess]:
        self.shape = frame.shape
        rows, columns = np.nonzero(frame[:, :, 0] > 128)
        left, right, top, bottom = (float(one) for one in (columns.min(), columns.max(), rows.min(), rows.max()))
        filled = len(rows) / ((right - left + 1) * (bottom - top + 1))
        assert filled > 0.95, "it stands straight in the view"
        corners: Corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        one = guess("京A12345", 0.9)
        return [
            PlateGuess(
                one.text, one.sign_probs, one.score, one.kind, one.colour, 1, corners, right - left, 0.9, self.name
            )
        ]


def test_a_plate_seen_from_the_side_stands_straight_and_is_told_where_it_is_in_the_frame() -> None:
    frame = np.zeros((400, 800, 3), np.uint8)
    slanted = np.array([(300, 160), (400, 180), (400, 230), (300, 210)], np.int32)
    cv2.fillPoly(frame, [slanted], (255, 255, 255))
    finder = Finder()
    reader = StraightReader(finder, SHARES)
    (found,) = reader.read(frame)
    assert reader.name == "finder"
    assert finder.shape == (200, 408, 3)
    assert np.abs(np.array(found.corners) - slanted).max() < 3
    assert found.width_px == pytest.approx(np.hypot(100, 20), abs=3)
    assert found.text == "京A12345"


class NeedsLight:
    """Reads better the brighter the picture, and counts its looks."""

    name = "needs light"

    def __init__(self, enough: float = 60.0) -> None:
        self.enough = enough
        self.looks = 0

    def read(self, frame: Picture) -> list[PlateGuess]:
        self.looks += 1
        return [guess("京A12345", 0.95 if frame.mean() > self.enough else 0.5)]


SCENE = draw_scene(normal_form("京A12345"), 3)
DARK = (SCENE * 0.1).astype(np.uint8)


def test_a_dark_picture_is_looked_at_again_brightened() -> None:
    reader = NeedsLight()
    (found,) = LightReader(reader).read(DARK)
    assert (reader.looks, found.min_prob) == (2, 0.95)


def test_a_second_look_that_is_no_surer_does_not_count() -> None:
    reader = NeedsLight(enough=300.0)
    (found,) = LightReader(reader).read(DARK)
    assert (reader.looks, found.min_prob) == (2, 0.5)


def test_nothing_is_looked_at_twice_by_daylight_or_when_it_is_sure() -> None:
    unsure, sure = NeedsLight(enough=300.0), NeedsLight(enough=0.0)
    LightReader(unsure).read(SCENE)
    LightReader(sure).read(DARK)
    assert (unsure.looks, sure.looks) == (1, 1)


@pytest.mark.parametrize(("weather", "lacks"), [("clear", False), ("rain", False), ("night", True)])
def test_what_lacks_light_is_told(weather: str, lacks: bool) -> None:
    assert lacks_light(weathered(SCENE, weather, 5)) is lacks


def test_a_picture_of_haze_lacks_light() -> None:
    assert lacks_light((SCENE // 3 + 120).astype(np.uint8))


def test_a_lifted_picture_uses_all_greys_and_keeps_its_colours() -> None:
    better = lifted(DARK)
    assert better.shape == DARK.shape
    assert np.percentile(better, 99) > 200
    assert lifted(np.zeros((72, 128, 3), np.uint8)).max() < 40
