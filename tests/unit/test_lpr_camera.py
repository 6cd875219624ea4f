"""The newest frame and its age: a stale frame is never given, a spent source is opened anew."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise

import cv2
import numpy as np
import pytest

from lpr.camera import FRESH_S, Grabber, Health, Pace
from lpr.picture import Picture
from lpr.source import Content, Manner, SourceError
from scada.clock import SystemClock, VirtualClock

CLOCK = SystemClock()


def fresh(intervals: list[float], idle_s: float = 0.0) -> list[bool]:
    """Say of each frame after the first, at these intervals, whether it is fresh; `idle_s` passes before each call."""
    pace, at_s = Pace(), 100.0
    pace.is_fresh(at_s, at_s)
    answers = []
    for interval in intervals:
        answers.append(pace.is_fresh(at_s + min(idle_s, interval), at_s + interval))
        at_s += interval
    return answers


def test_the_first_frame_and_the_queue_behind_it_are_stale() -> None:
    assert fresh([0.005, 0.006, 0.125, 0.125]) == [False, False, True, True]


def test_frames_that_come_in_a_burst_after_a_pause_are_stale() -> None:
    steady = [0.125] * 10
    assert fresh([*steady, 1.5, 0.008, 0.03, 0.04, 0.12, 0.125])[10:] == [False, False, False, False, True, True]


def test_time_spent_elsewhere_is_no_waiting_for_a_frame() -> None:
    pace = Pace()
    for number in range(10):
        pace.is_fresh(number * 0.125, number * 0.125 + 0.12)
    assert not pace.is_fresh(3.0, 3.01)
    assert not pace.is_fresh(3.11, 3.12)
    assert pace.is_fresh(3.12, 3.24)


def test_a_little_unevenness_makes_no_frame_stale() -> None:
    assert all(fresh([0.125, 0.02, 0.23, 0.125, 0.06, 0.3, 0.125]))


def test_a_slow_camera_is_not_late() -> None:
    assert fresh([0.4] * 5 + [0.7, 0.4])[5:] == [True, True]


def test_a_camera_that_became_slow_still_gives_every_other_frame() -> None:
    answers = fresh([0.125] * 10 + [0.7] * 40)
    assert answers[10:14] == [False, True, False, True]
    assert all(answers[-5:])


def test_a_camera_faster_than_any_queue_is_believed_after_three_seconds() -> None:
    answers = fresh([0.01] * 400)
    assert not any(answers[:290])
    assert all(answers[310:])


class Film:
    """A source under the test's thumb: every `let` brings one frame, `fail` ends it."""

    manner = Manner.FILM

    def __init__(self) -> None:
        self._steps: list[Picture | None] = []
        self._changed = threading.Condition()
        self._now: Picture | None = None
        self.closed = False

    def let(self, shade: int) -> None:
        with self._changed:
            self._steps.append(np.full((16, 16, 3), shade, np.uint8))
            self._changed.notify()

    def fail(self) -> None:
        with self._changed:
            self._steps.append(None)
            self._changed.notify()

    def grab(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._steps), timeout=5)
            self._now = self._steps.pop(0) if self._steps else None
            return self._now is not None

    def retrieve(self) -> Content | None:
        return self._now

    def close(self) -> None:
        self.closed = True


@contextmanager
def grabbing(opener: Callable[[str], Film], last: Callable[[], Film]) -> Iterator[Grabber]:
    grabber = Grabber("test", CLOCK, opener)
    grabber.start()
    try:
        yield grabber
    finally:
        last().fail()
        grabber.stop()


def test_only_a_frame_grabbed_after_the_moment_is_given() -> None:
    film = Film()
    with grabbing(lambda _: film, lambda: film) as grabber, grabber.watching():
        film.let(10)
        first = grabber.frame_after(0.0, 2.0)
        assert first is not None
        asked_s = CLOCK.seconds()
        assert grabber.frame_after(asked_s, 0.05) is None
        film.let(20)
        second = grabber.frame_after(asked_s, 2.0)
        assert second is not None
        assert second.at_s > asked_s > first.at_s
        assert int(second.picture[0, 0, 0]) == 20


def test_a_source_that_failed_is_closed_and_opened_anew() -> None:
    films = [Film(), Film()]
    opened: list[Film] = []

    def opener(_: str) -> Film:
        opened.append(films[len(opened)])
        return opened[-1]

    with grabbing(opener, lambda: films[1]) as grabber, grabber.watching():
        films[0].let(10)
        assert grabber.frame_after(0.0, 2.0) is not None
        films[0].fail()
        films[1].let(20)
        frame = grabber.frame_after(CLOCK.seconds(), 3.0)
        assert frame is not None
        assert films[0].closed
        assert opened == films


@pytest.mark.parametrize(
    ("health", "trouble"),
    [
        (Health(None, 0.0), "no frame"),
        (Health(None, 0.0, why="it answers 404"), "no frame: it answers 404"),
        (Health(0.1, 0.0, why="torn pictures"), ""),
        (Health(FRESH_S + 0.1, 0.0, is_frozen=True), "no frame"),
        (Health(0.1, 0.0, is_frozen=True, is_blank=True), "frozen"),
        (Health(0.1, 0.0, is_blank=True), "blank picture"),
        (Health(0.1, 0.0), ""),
    ],
)
def test_a_camera_says_what_is_wrong(health: Health, trouble: str) -> None:
    assert health.trouble == trouble


class Reel:
    """A source of many frames, all at hand; each frame is as bright as its number."""

    manner = Manner.FILM

    def __init__(self, clock: VirtualClock, frames: int, apart_s: float, side: int = 16) -> None:
        self._clock, self._left, self._apart_s, self._side = clock, frames, apart_s, side
        self._number = 0
        self.retrieved = 0

    def grab(self) -> bool:
        self._left -= 1
        self._number += 1
        self._clock.advance(self._apart_s)
        return self._left >= 0

    def retrieve(self) -> Picture:
        self.retrieved += 1
        return np.full((self._side, self._side, 3), self._number % 256, np.uint8)

    def close(self) -> None:
        self._left = 0


def remembered(reel: Reel, clock: VirtualClock, since_s: float = 0.0) -> list[float]:
    """Let the grabber take the whole reel; gives the seconds before the end of the frames it remembers."""
    ended = threading.Event()

    def opener(_: str) -> Reel:
        if reel.retrieved:
            ended.set()
            raise SourceError("at its end")
        return reel

    grabber = Grabber("test", clock, opener)
    grabber.start()
    assert ended.wait(5)
    end_s = clock.seconds()
    frames = grabber.frames_since(end_s - since_s if since_s else 0.0)
    grabber.stop()
    return [round(end_s - frame.at_s, 2) for frame in frames]


def test_a_capture_may_look_back_at_frames_some_apart() -> None:
    clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
    back = remembered(Reel(clock, 250, 0.04), clock)
    assert back[0] == pytest.approx(4.0, abs=0.5)
    assert back[-1] < 0.5
    assert all(0.39 <= one - other <= 0.45 for one, other in pairwise(back))


def test_only_frames_since_a_moment_are_given() -> None:
    clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
    assert all(back <= 1.0 for back in remembered(Reel(clock, 250, 0.04), clock, since_s=1.0))


def test_an_idle_camera_takes_two_or_three_frames_a_second() -> None:
    clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
    reel = Reel(clock, 250, 0.04)
    remembered(reel, clock)
    assert 20 <= reel.retrieved <= 30


def test_big_frames_are_remembered_less_far_back() -> None:
    clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
    side = 1920
    assert len(remembered(Reel(clock, 250, 0.04, side), clock)) == 24 * 1024 * 1024 // (side * side * 3)


def test_a_jpeg_is_remembered_as_it_came_and_a_torn_one_is_no_frame() -> None:
    class Stills(Film):
        def retrieve(self) -> Content | None:
            picture = self._now
            if picture is None or picture[0, 0, 0] == 0:
                return b"\xff\xd8 torn"
            return bytes(cv2.imencode(".jpg", picture)[1])

    film = Stills()
    with grabbing(lambda _: film, lambda: film) as grabber, grabber.watching():
        film.let(0)
        film.let(90)
        frame = grabber.frame_after(0.0, 2.0)
        assert frame is not None
        assert abs(int(frame.picture[0, 0, 0]) - 90) < 4
        assert all(int(one.picture[0, 0, 0]) > 80 for one in grabber.frames_since(0.0))
