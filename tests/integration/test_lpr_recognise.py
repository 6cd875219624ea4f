"""The real reader on drawn scenes (`lpr.md` §9): they prove the plumbing, not accuracy."""

import cv2
import numpy as np
import pytest

from lpr.models import find
from lpr.recognise import WheelReader
from lpr.sim.drawing.plates import draw_plate
from lpr.sim.drawing.scene import draw_road, draw_scene
from lpr.sim.drawing.styles import Style
from scada.model.plate import Plate, PlateColour, PlateKind


@pytest.fixture(scope="module")
def reader() -> WheelReader:
    return WheelReader(find())


def test_a_guess_says_where_how_sure_and_what_kind(reader: WheelReader) -> None:
    guesses = reader.read(draw_scene(Plate("粤BD12345"), 3))
    assert len(guesses) == 1
    guess = guesses[0]
    assert (guess.text, guess.kind, guess.colour) == ("粤BD12345", PlateKind.NEW_ENERGY, PlateColour.GREEN)
    assert len(guess.sign_probs) == 8
    assert 0.8 < guess.min_prob <= guess.mean_prob <= 1
    assert 0 < guess.weight <= guess.min_prob
    assert 100 < guess.width_px < 320
    assert all(type(part) is float for corner in guess.corners for part in corner)


def test_the_colour_of_a_plate_is_seen(reader: WheelReader) -> None:
    for style, colour in ((Style.BLUE, PlateColour.BLUE), (Style.YELLOW, PlateColour.YELLOW)):
        guesses = reader.read(draw_scene(Plate("京A12345"), 5, style))
        assert [guess.colour for guess in guesses] == [colour]


def test_an_empty_road_and_a_car_without_a_plate_have_none(reader: WheelReader) -> None:
    assert reader.read(draw_road(1)) == []
    assert reader.read(draw_scene(Plate(""), 1)) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (200, 3), (60, 60), (60, 200), (400, 600), (5, 2000)])
def test_a_picture_of_nothing_has_no_plate_whatever_its_shape(shape: tuple[int, int], reader: WheelReader) -> None:
    assert reader.read(np.zeros((*shape, 3), np.uint8)) == []
    assert reader.read(np.full((*shape, 3), 200, np.uint8)) == []


@pytest.mark.parametrize("width", [110, 220, 600])
def test_a_picture_that_is_nothing_but_a_plate_is_read(width: int, reader: WheelReader) -> None:
    plate = draw_plate(Plate("京A12345"))
    small = cv2.resize(plate, (width, width * plate.shape[0] // plate.shape[1]), interpolation=cv2.INTER_AREA)
    assert [guess.text for guess in reader.read(np.asarray(small, np.uint8))] == ["京A12345"]


def test_a_guess_tells_what_else_the_plate_may_be_the_likelier_first(reader: WheelReader) -> None:
    blurred = cv2.GaussianBlur(draw_scene(Plate("京D8BQ06"), 6), (0, 0), 2.2)
    (guess,) = reader.read(np.asarray(blurred, np.uint8))
    others = [one.probability for one in guess.alternatives]
    assert others == sorted(others, reverse=True)
    assert all(0 <= one <= 1 for one in others)
    assert len({guess.text, *(one.text for one in guess.alternatives)}) == 1 + len(others) > 1


def test_two_cars_in_one_frame_are_two_guesses(reader: WheelReader) -> None:
    frame = draw_road(2)
    for left, plate in ((150, "京A12345"), (800, "沪B67890")):
        small = cv2.resize(draw_plate(Plate(plate)), (220, 70), interpolation=cv2.INTER_AREA)
        frame[500:570, left : left + 220] = small
    assert {guess.text for guess in reader.read(frame)} == {"京A12345", "沪B67890"}
