"""The newest frame and its age: a stale frame is never given, a spent source is opened anew."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from lpr.camera import FRESH_S, FROZEN_S, Grabber, Health, Pace
from lpr.reader.network import Picture
from scada.clock import SystemClock

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

    is_live = False

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

    def retrieve(self) -> Picture | None:
        return self._now

    def close(self) -> None:
        self.closed = True


@contextmanager
def grabbing(opener: Callable[[str], Film | None], last: Callable[[], Film]) -> Iterator[Grabber]:
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
        (Health(None, 0.0, 0.0), "no frame"),
        (Health(0.1, 1.0, 0.0), ""),
        (Health(FRESH_S + 0.1, 1.0, 0.0), "no frame"),
        (Health(0.1, FROZEN_S + 0.1, 0.0), "frozen"),
    ],
)
def test_a_camera_says_what_is_wrong(health: Health, trouble: str) -> None:
    assert health.trouble == trouble
