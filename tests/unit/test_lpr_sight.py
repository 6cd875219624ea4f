"""What a picture tells of its camera: torn, blank, standing still, or with nothing alive in it but a clock."""

import cv2
import numpy as np
import pytest

from lpr.picture import Picture
from lpr.sim.drawing.scene import draw_road, draw_scene
from lpr.sim.weather import weathered
from lpr.view.sight import FROZEN_S, OVERLAY_FROZEN_S, Stillness, is_blank, is_torn, tiles
from scada.model.plate import normal_form

RNG = np.random.default_rng(1)


def noisy(picture: Picture, strength: float = 3.0) -> Picture:
    return np.clip(picture + RNG.normal(0, strength, picture.shape), 0, 255).astype(np.uint8)


SCENE = draw_scene(normal_form("京A12345"), 3)


def smeared(picture: Picture, row: int) -> Picture:
    """Draw one row out downwards, as decoders do that go on without data."""
    torn = picture.copy()
    torn[row:] = torn[row]
    return torn


def filled(picture: Picture, colour: tuple[int, int, int], share: float) -> Picture:
    torn = picture.copy()
    torn[round(len(torn) * (1 - share)) :] = colour
    return torn


@pytest.mark.parametrize("row", [100, 400, 600])
def test_a_picture_drawn_out_downwards_is_torn(row: int) -> None:
    assert is_torn(smeared(noisy(SCENE), row))


@pytest.mark.parametrize("colour", [(128, 128, 128), (130, 130, 130), (0, 135, 0), (0, 154, 0)])
def test_a_picture_filled_up_with_a_decoders_colour_is_torn(colour: tuple[int, int, int]) -> None:
    assert is_torn(filled(noisy(SCENE), colour, 0.3))
    assert is_torn(np.full((720, 1280, 3), colour, np.uint8))


@pytest.mark.parametrize("quality", [20, 50, 90])
@pytest.mark.parametrize("weather", ["clear", "rain", "night"])
def test_a_real_picture_is_not_torn_however_compressed(quality: int, weather: str) -> None:
    for picture in (weathered(SCENE, weather, 5), noisy(draw_road(2))):
        jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        again: object = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        assert isinstance(again, np.ndarray)
        assert not is_torn(again.astype(np.uint8))


@pytest.mark.parametrize("shade", [0, 16, 255])
def test_black_and_white_are_blank_and_not_torn(shade: int) -> None:
    picture = np.full((720, 1280, 3), shade, np.uint8)
    assert is_blank(picture)
    assert not is_torn(picture)


def test_a_dark_picture_with_anything_in_it_is_not_blank() -> None:
    dark = np.full((720, 1280, 3), 4, np.uint8)
    dark[300:360, 500:700] = 60
    assert not is_blank(dark)
    assert is_blank(noisy(np.full((720, 1280, 3), 4, np.uint8), 0.5))


def seen(pictures: list[Picture], apart_s: float = 1.0) -> bool:
    """Show pictures one after the other; says whether they stand in the end."""
    still = Stillness(0.0, 0.0)
    for number, picture in enumerate(pictures):
        still.see(tiles(picture), number * apart_s)
    return still.is_frozen((len(pictures) - 1) * apart_s + 1.0)


def with_clock(picture: Picture, second: int) -> Picture:
    shown: Picture = picture.copy()
    cv2.putText(shown, f"2026-05-01 08:{second // 60:02d}:{second % 60:02d}", (20, 40), 0, 1.2, (255, 255, 255), 3)
    return shown


def test_a_picture_that_stands_is_frozen_after_ten_seconds() -> None:
    assert not seen([SCENE] * int(FROZEN_S))
    assert seen([SCENE] * int(FROZEN_S + 2))


def test_a_scene_where_nothing_moves_lives_by_its_noise() -> None:
    still = noisy(draw_road(1))
    assert not seen([noisy(still, 1.0) for _ in range(12)], apart_s=5.0)


def test_a_clock_that_goes_does_not_make_a_standing_picture_live() -> None:
    frames = [with_clock(SCENE, second) for second in range(int(OVERLAY_FROZEN_S) + 2)]
    assert not seen(frames[: int(OVERLAY_FROZEN_S) - 1])
    assert seen(frames)


def test_a_car_that_comes_shows_that_the_picture_lives() -> None:
    road = draw_road(1)
    frames = [with_clock(road, second) for second in range(40)] + [with_clock(SCENE, 41)]
    assert not seen(frames)


def test_little_changes_in_other_places_each_time_are_life() -> None:
    frames = []
    for second in range(40):
        frame = with_clock(SCENE, second)
        high, wide = (second * 170) % 700, (second * 131) % 1270
        frame[high : high + 8, wide : wide + 8] ^= 1
        frames.append(frame)
    assert not seen(frames)
