"""The real reader on drawn scenes (`lpr.md` §9): they prove the plumbing, not accuracy."""

import cv2
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


def test_two_cars_in_one_frame_are_two_guesses(reader: WheelReader) -> None:
    frame = draw_road(2)
    for left, plate in ((150, "京A12345"), (800, "沪B67890")):
        small = cv2.resize(draw_plate(Plate(plate)), (220, 70), interpolation=cv2.INTER_AREA)
        frame[500:570, left : left + 220] = small
    assert {guess.text for guess in reader.read(frame)} == {"京A12345", "沪B67890"}
