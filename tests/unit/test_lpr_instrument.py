"""What a camera measures of its own view, on drawn scenes."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.instrument.scene import look, shrunk
from lpr.instrument.watch import LEARNT, Seen, Watch
from lpr.picture import Picture
from lpr.sim.drawing.scene import draw_road, draw_scene
from scada.model.plate import Plate

RNG = np.random.default_rng(1)


def small(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, (640, 360), interpolation=cv2.INTER_AREA), np.uint8)


ROAD = small(draw_road(3))
CARS = [small(draw_scene(Plate("京A12345"), seed)) for seed in (3, 5)]


def noisy(picture: Picture) -> Picture:
    return np.asarray(np.clip(picture.astype(np.int16) + RNG.normal(0, 4, picture.shape), 0, 255), np.uint8)


def blurred(picture: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what a camera knows after five minutes before the road, with cars now and then."""
    memory = tmp_path_factory.mktemp("camera") / "cam.npz"
    watch = Watch(memory)
    frames = [noisy(ROAD) for _ in range(4)]
    cars = [noisy(car) for car in CARS]
    for number in range(LEARNT + 60):
        watch.see(cars[number % 2] if number % 20 > 17 else frames[number % 4])
    watch.save()
    return memory


def after(memory: Path, picture: Picture, pictures: int = 31) -> Seen:
    watch = Watch(memory)
    for _ in range(pictures - 1):
        watch.see(picture)
    return watch.see(picture)


def test_nothing_is_said_of_a_view_that_is_not_known_yet() -> None:
    seen = Watch().see(noisy(ROAD))
    assert (seen.focus, seen.detail, seen.view, seen.shift) == (None, None, None, None)
    assert 90 < seen.brightness < 130


def test_the_usual_view_is_as_usual_and_is_known_after_a_restart(learnt: Path) -> None:
    seen = after(learnt, noisy(ROAD))
    assert seen.focus is not None
    assert seen.detail is not None
    assert seen.view is not None
    assert seen.shift is not None
    assert 0.7 < seen.focus < 1.5
    assert 0.5 < seen.detail < 1.5
    assert seen.view > 0.8
    assert seen.shift < 0.01


def test_one_car_does_not_move_the_figures_of_focus(learnt: Path) -> None:
    watch = Watch(learnt)
    for _ in range(20):
        before = watch.see(noisy(ROAD))
    for _ in range(6):
        with_car = watch.see(noisy(CARS[0]))
    assert before.focus is not None
    assert with_car.focus == pytest.approx(before.focus, rel=0.3)


def test_a_lens_out_of_focus_is_told_from_a_sharp_one(learnt: Path) -> None:
    focus = after(learnt, blurred(noisy(ROAD))).focus
    assert focus is not None
    assert focus < 0.4


def test_a_covered_lens_shows_nothing(learnt: Path) -> None:
    detail = after(learnt, noisy(np.full_like(ROAD, 110))).detail
    assert detail is not None
    assert detail < 0.2


def test_a_camera_that_was_pushed_aside_does_not_become_its_own_reference(learnt: Path) -> None:
    moved = np.asarray(np.roll(ROAD, 40, axis=1), np.uint8)
    seen = after(learnt, noisy(moved), 200)
    assert seen.shift is not None
    assert seen.shift == pytest.approx(40 / 640, abs=0.01)


def test_a_camera_that_was_turned_on_purpose_learns_its_new_view(learnt: Path) -> None:
    watch, moved = Watch(learnt), noisy(np.asarray(np.roll(ROAD, 40, axis=1), np.uint8))
    watch.forget()
    for _ in range(LEARNT):
        watch.see(moved)
    seen = watch.see(moved)
    assert seen.shift is not None
    assert seen.shift < 0.01


def test_night_and_glare_are_shares_of_the_picture(learnt: Path) -> None:
    assert look(shrunk(np.asarray(ROAD * 0.05, np.uint8))).dark > 0.9
    assert look(shrunk(np.full_like(ROAD, 255))).glare == 1.0
    assert after(learnt, np.asarray(ROAD * 0.05, np.uint8), 2).view is None


def test_damaged_baselines_begin_anew(tmp_path: Path) -> None:
    (tmp_path / "cam.npz").write_bytes(b"PK\x03\x04 no more")
    assert Watch(tmp_path / "cam.npz").see(noisy(ROAD)).view is None
    assert Watch(tmp_path / "none.npz").see(noisy(ROAD)).view is None


def test_a_picture_of_another_shape_begins_a_new_reference(learnt: Path) -> None:
    square = np.asarray(cv2.resize(ROAD, (360, 360)), np.uint8)
    assert after(learnt, square, 2).view is None
