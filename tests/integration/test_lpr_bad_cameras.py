"""Cameras over HTTP that misbehave: nobody waits for them, nothing old is taken for new, and they come back."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

import pytest

from lpr.camera import Grabber
from lpr.source import Access, Content, Source, SourceError, picture_of
from lpr.sources.opening import open_source
from scada.clock import SystemClock
from tests.support.cameras import BadCamera
from tests.support.lpr import stopwatch

CLOCK = SystemClock()
US = Access("eye", "s3cret")
REOPEN_S = (0.3, 1.0)
BACK_S = 9.0
"""A bad call lasts five seconds at most; it is tried again after one."""
NEVER_A_FRAME = (
    "silent",
    "hangs in a part",
    "drips its head",
    "drips a part",
    "endless head",
    "20 MB part",
    "endless part",
    "text",
    "torn",
    "hangs up",
)


def as_us(address: str) -> Source:
    return open_source(address, US, CLOCK)


def shade_of(content: Content | None) -> float:
    assert content is not None
    picture = picture_of(content)
    assert picture is not None
    return float(picture.mean())


@pytest.fixture(scope="module")
def bad() -> Iterator[dict[str, tuple[BadCamera, Grabber]]]:
    """All of them at the same time, so that their time-outs run beside each other."""
    with ExitStack() as stack:
        found = {}
        for manner in NEVER_A_FRAME:
            camera = stack.enter_context(BadCamera(manner))
            grabber = Grabber(camera.address, CLOCK, as_us, REOPEN_S)
            grabber.start()
            stack.callback(grabber.stop)
            found[manner] = (camera, grabber)
        yield found


@pytest.mark.parametrize("manner", NEVER_A_FRAME)
def test_a_bad_camera_makes_nobody_wait_and_comes_back_by_itself(
    bad: dict[str, tuple[BadCamera, Grabber]], manner: str
) -> None:
    camera, grabber = bad[manner]
    with grabber.watching():
        with stopwatch() as passed_s:
            assert grabber.frame_after(CLOCK.seconds(), 0.3) is None
            assert passed_s() < 2.0
        assert grabber.health().trouble.startswith("no frame")
        camera.manner = "good"
        frame = grabber.frame_after(CLOCK.seconds(), BACK_S)
    assert frame is not None
    assert frame.picture.mean() == pytest.approx(camera.shade, abs=5)
    assert grabber.health().trouble == ""


@pytest.mark.parametrize(
    ("manner", "why"),
    [
        ("text", "text/html"),
        ("digest", "refused"),
        ("hangs up", "broke off|ended"),
    ],
)
def test_why_a_camera_gives_nothing_is_said_without_address_or_password(manner: str, why: str) -> None:
    with BadCamera(manner) as camera:
        grabber = Grabber(
            camera.address, CLOCK, lambda address: open_source(address, Access("eye", "wrong-s3cret"), CLOCK)
        )
        grabber.start()
        try:
            assert grabber.frame_after(CLOCK.seconds(), 1.0) is None
            trouble = grabber.health().trouble
            assert re.search(why, trouble), trouble
            assert "s3cret" not in trouble
            assert "127.0.0.1" not in trouble
        finally:
            grabber.stop()


@pytest.mark.parametrize("manner", ["good", "without lengths", "still", "digest"])
def test_a_camera_over_http_gives_pictures(manner: str) -> None:
    with BadCamera(manner) as camera:
        source = open_source(camera.address, US, CLOCK)
        for shade in (60, 200):
            camera.shade = shade
            for _ in range(4):
                assert source.grab()
            assert shade_of(source.retrieve()) == pytest.approx(shade, abs=5)
        source.close()


def test_a_camera_asked_for_stills_is_asked_seldom_until_somebody_waits() -> None:
    with BadCamera("still") as camera:
        grabber = Grabber(camera.address, CLOCK, as_us)
        grabber.start()
        try:
            first_s = CLOCK.seconds()
            assert grabber.frame_after(first_s, 3.0) is not None
            for _ in range(3):
                frame = grabber.frame_after(CLOCK.seconds(), 3.0)
            asked = camera.answered
            assert asked <= (CLOCK.seconds() - first_s) / 0.4 + 3
            camera.shade = 200
            waits_s = []
            with grabber.watching():
                for _ in range(5):
                    with stopwatch() as passed_s:
                        frame = grabber.frame_after(CLOCK.seconds(), 3.0)
                        waits_s.append(passed_s())
            assert median(waits_s) < 0.3
            assert frame is not None
            assert frame.picture.mean() == pytest.approx(200, abs=5)
        finally:
            grabber.stop()


def test_what_lay_in_a_cameras_queue_is_never_a_frame() -> None:
    with BadCamera("backlog") as camera:
        grabber = Grabber(camera.address, CLOCK, as_us)
        grabber.start()
        try:
            with grabber.watching():
                frame = grabber.frame_after(0.0, 5.0)
            assert frame is not None
            assert frame.picture.mean() > 190
        finally:
            grabber.stop()


def test_an_address_where_nobody_serves_says_so() -> None:
    with BadCamera() as camera:
        port = camera.port
    with pytest.raises(SourceError, match="refused"):
        open_source(f"http://127.0.0.1:{port}/", US, CLOCK)
    with pytest.raises(SourceError, match="does not open"):
        open_source(f"rtsp://127.0.0.1:{port}/", US, CLOCK)


@pytest.mark.parametrize("manner", ["same for ever", "only its clock"])
def test_a_camera_that_lies_shows_no_life_from_the_moment_it_begins(manner: str) -> None:
    with BadCamera() as camera:
        grabber = Grabber(camera.address, CLOCK, as_us, REOPEN_S)
        grabber.start()
        try:
            with grabber.watching():
                assert grabber.frame_after(CLOCK.seconds(), 5.0) is not None
                camera.manner = manner
                began_s = CLOCK.seconds() + 4.0
                for _ in range(3):
                    frame = grabber.frame_after(began_s, 12.0)
                    assert frame is not None
                    began_s = frame.at_s + 0.5
                assert not grabber.has_lived_since(CLOCK.seconds() - 1.0)
                camera.manner = "good"
                frame = grabber.frame_after(CLOCK.seconds() + 2.0, 12.0)
                assert frame is not None
                assert grabber.has_lived_since(frame.at_s - 1.0)
        finally:
            grabber.stop()
