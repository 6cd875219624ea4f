"""What a capture keeps: the picture with its plates, why plates were passed over, and what a full disk costs."""

import shutil
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from lpr.camera import Frame, Health
from lpr.evidence import PictureStore, named
from lpr.picture import Picture
from lpr.process.capture import Capturer
from lpr.process.wire import CaptureAnswer, CaptureOrder, GlanceAnswer, Looked
from lpr.reader.guess import PlateGuess
from scada.clock import SystemClock
from scada.model.names import PassageId, PictureId
from tests.support.lpr import guess

CLOCK = SystemClock()
PASSAGE = PassageId("in1-20260301080000-7")
MINE, NEIGHBOUR = guess("京A12345", 0.9), guess("沪B67890", 0.9, x=100.0, width=90.0)


class Still:
    """A camera that shows the same grey wall."""

    @contextmanager
    def watching(self) -> Iterator[None]:
        yield

    def frame_after(self, after_s: float, within_s: float) -> Frame | None:
        return Frame(np.full((720, 1280, 3), 90, np.uint8), CLOCK.seconds() + 1)

    def frames_since(self, since_s: float) -> list[Frame]:
        return []

    def has_lived_since(self, since_s: float) -> bool:
        return True

    def health(self) -> Health:
        return Health(0.0, 0.0)


class Sees:
    """A reader that sees what a test wants."""

    name = "sees"

    def __init__(self, *plates: PlateGuess) -> None:
        self._plates = list(plates)

    def read(self, frame: Picture) -> list[PlateGuess]:
        return self._plates


def capturer(folder: Path, *plates: PlateGuess, least_px: int = 60) -> Capturer:
    region = ((0.3, 0.0), (1.0, 0.0), (1.0, 1.0), (0.3, 1.0))
    return Capturer(Still(), Sees(*plates), PictureStore(folder), CLOCK, region, least_px)


def captured(by: Capturer) -> tuple[list[Looked], CaptureAnswer]:
    said: list[Looked] = []
    order = CaptureOrder(1, PASSAGE, 0.3, 0.8, 2, way="exit")
    return said, by.capture(order, lambda: len(said) < 3, said.append)


def test_a_picture_says_where_all_plates_are_and_not_only_the_one_that_is_read(tmp_path: Path) -> None:
    _, answer = captured(capturer(tmp_path, MINE, NEIGHBOUR))
    assert answer.picture is not None
    name = named(answer.picture)
    assert name is not None
    assert (name.passage, name.role) == (PASSAGE, "exit")
    assert PictureStore(tmp_path).plates(answer.picture) == (MINE.corners, NEIGHBOUR.corners)


def test_where_the_reader_saw_no_plate_nobody_knows_that_there_is_none(tmp_path: Path) -> None:
    _, answer = captured(capturer(tmp_path))
    assert answer.picture is not None
    assert PictureStore(tmp_path).plates(answer.picture) is None
    assert answer.passed_over == ""


@pytest.mark.parametrize(
    ("plates", "least_px", "why"),
    [
        ((NEIGHBOUR,), 60, "a plate is outside the region"),
        ((MINE, NEIGHBOUR), 240, "a plate is too small: 200 of 240 px"),
        ((MINE,), 60, ""),
    ],
)
def test_why_plates_that_were_seen_do_not_count_is_told(
    tmp_path: Path, plates: tuple[PlateGuess, ...], least_px: int, why: str
) -> None:
    said, answer = captured(capturer(tmp_path, *plates, least_px=least_px))
    assert answer.passed_over == why
    assert all((look.guess is None) is bool(why) for look in said)


def test_a_full_disk_costs_the_picture_and_not_the_read_and_is_told_until_one_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.write_bytes(b"in the way")
    by = capturer(folder, MINE)
    said, answer = captured(by)
    assert answer.picture is None
    assert any(look.guess is not None for look in said)
    assert by.unkept.startswith("keep picture")
    folder.unlink()
    assert by.snapshot(PASSAGE) is not None
    assert by.unkept == ""
    shutil.rmtree(folder)


def test_the_names_of_all_roles_are_read_back() -> None:
    for role in ("entry", "exit", "case"):
        assert named(PictureId(f"20260301T080000000-{PASSAGE}-{role}-0123456789ab.jpg")) is not None
    assert named(PictureId(f"20260301T080000000-{PASSAGE}-other-0123456789ab.jpg")) is None


class Dead(Still):
    """A camera that gives nothing."""

    def frame_after(self, after_s: float, within_s: float) -> Frame | None:
        return None


def test_a_glance_is_small_says_its_age_and_keeps_nothing(tmp_path: Path) -> None:
    seen = capturer(tmp_path).glance(7)
    picture = cv2.imdecode(np.frombuffer(b64decode(seen.jpeg_b64), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert (seen.id, picture.shape, seen.age_s <= 0) == (7, (360, 640, 3), True)
    assert list(tmp_path.rglob("*.jpg")) == []
    blind = Capturer(Dead(), Sees(), PictureStore(tmp_path), CLOCK, (), 60).glance(8)
    assert blind == GlanceAnswer(8)
