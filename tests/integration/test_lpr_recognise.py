"""The real reader on drawn scenes (`lpr.md` §9): they prove the plumbing, not accuracy."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.models import find
from lpr.reader.grammar import DIGITS, LETTERS
from lpr.reader.network import Picture
from lpr.recognise import WheelReader
from lpr.sim.plates import DrawError, catalogue, draw_plate, draw_road, draw_scene
from scada.model.plate import PROVINCES, Plate, PlateColour, PlateKind

SCENES = 40


@pytest.fixture(scope="module")
def reader() -> WheelReader:
    return WheelReader(find())


def through_jpeg(picture: Picture) -> Picture:
    """Give a picture as a camera would send it."""
    good, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert good
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def drawn_plate(number: int) -> tuple[Plate, PlateColour | None]:
    """Make up a plate, always the same for a number: mostly blue and green, some yellow, white and black."""
    rng = np.random.default_rng(number)
    front = str(rng.choice(list(PROVINCES))) + str(rng.choice(list(LETTERS)))
    figures = "".join(rng.choice(list(DIGITS), 5))
    match number % 10:
        case 0:
            return Plate(front + figures[:4] + ("警" if number % 20 else "领")), None
        case 1 | 2:
            return Plate(front + figures), PlateColour.YELLOW
        case 3 | 4 | 5:
            return Plate(front + "D" + figures), None
        case _:
            return Plate(front + str(rng.choice(list(LETTERS))) + figures[1:]), None


def test_drawn_scenes_are_read_back(reader: WheelReader) -> None:
    misses = []
    for seed in range(SCENES):
        plate, colour = drawn_plate(seed)
        guesses = reader.read(through_jpeg(draw_scene(plate, seed, colour)))
        if not guesses or guesses[0].text != plate:
            misses.append((plate, [guess.text for guess in guesses]))
    assert len(misses) <= 0.15 * SCENES, misses


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
    for colour in (PlateColour.BLUE, PlateColour.YELLOW):
        guesses = reader.read(draw_scene(Plate("京A12345"), 5, colour))
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


def test_the_same_seed_draws_the_same_scene() -> None:
    assert np.array_equal(draw_scene(Plate("京A12345"), 9), draw_scene(Plate("京A12345"), 9))
    assert not np.array_equal(draw_scene(Plate("京A12345"), 9), draw_scene(Plate("京A12345"), 10))


def test_what_is_no_plate_cannot_be_drawn() -> None:
    with pytest.raises(DrawError):
        draw_plate(Plate("HELLO"))


def test_the_catalogue_lists_whole_photographs_only(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_bytes(b"x")
    lines = ["file,plate", "photos/one.jpg,京·A12345", "photos/gone.jpg,京A1", "crops/c.jpg,京A12346"]
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    assert [(one.photo, one.plate) for one in catalogue(tmp_path)] == [("photos/one.jpg", "京A12345")]
    assert catalogue(tmp_path / "photos") == []
