"""One car before the cameras and units of its lane: one vote, in time whatever happens."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lpr.camera import Frame, Health
from lpr.evidence import PictureStore
from lpr.picture import Picture
from lpr.process.capture import Capturer, Seen
from lpr.process.passage import Capture, Post
from lpr.process.wire import CaptureAnswer, CaptureOrder, Looked
from lpr.push.recent import Pushed
from lpr.reader.guess import PlateGuess
from lpr.vote import Ballot
from scada.clock import SystemClock, VirtualClock
from scada.model.lane.timing import Timing
from scada.model.names import PassageId, PictureId
from scada.model.plate import PlateRead, PlateUnread
from tests.support.lpr import ballot, guess, stopwatch

PASSAGE = PassageId("in1-20250101000000-1")
CLOCK = SystemClock()
TIMING = Timing(t_read_s=0.3)
OURS, OTHER = "京A12345", "沪B67890"


class Scripted:
    """A camera that says what it is told to, frame by frame, and answers when it has been told it is enough."""

    def __init__(self, name: str, *guesses: PlateGuess | None, early: int = 0, hangs: bool = False) -> None:
        self.name = name
        self.guesses = guesses
        self.early = early
        self.hangs = hangs
        self.ended: list[int] = []

    def number(self) -> int:
        return 1

    def enough(self, number: int) -> None:
        self.ended.append(number)

    async def capture(
        self,
        number: int,
        passage: PassageId,
        timing: Timing,
        before_s: float,
        hear: Callable[[Looked], None],
        way: str = "",
    ) -> CaptureAnswer:
        for count, one in enumerate(self.guesses):
            if self.ended:
                break
            hear(Looked(number, count < self.early, 80.0, one))
            await asyncio.sleep(0)
        if self.hangs:
            await asyncio.sleep(timing.t_read_s * 100)
        return CaptureAnswer(number, PictureId(f"of {self.name}"))


class Gone(Scripted):
    """A camera whose process is not there."""

    async def capture(
        self,
        number: int,
        passage: PassageId,
        timing: Timing,
        before_s: float,
        hear: Callable[[Looked], None],
        way: str = "",
    ) -> CaptureAnswer:
        return CaptureAnswer(number, None, "camera gone")


def capture_of(*posts: Post, pushed: Sequence[Pushed] = ()) -> Capture:
    return Capture(dict.fromkeys(posts, 1.0), TIMING, CLOCK, lambda: pushed)


async def test_two_cameras_settle_together_what_neither_would_alone() -> None:
    front, rear = Scripted("front", guess(OURS, 0.85)), Scripted("rear", guess(OURS, 0.86))
    answer = await capture_of(front, rear).run(PASSAGE)
    assert isinstance(answer, PlateRead)
    assert (answer.text, answer.agreeing, answer.frames, answer.picture) == (OURS, 2, 2, "of rear")


async def test_a_camera_that_is_sure_ends_the_looking_of_the_other() -> None:
    front, rear = Scripted("front", *[guess(OURS, 0.99)] * 3), Scripted("rear", *[None] * 500)
    with stopwatch() as passed_s:
        answer = await capture_of(front, rear).run(PASSAGE)
        assert passed_s() < TIMING.t_read_s
    assert isinstance(answer, PlateRead)
    assert rear.ended
    assert answer.picture == "of front"


async def test_a_camera_that_hangs_costs_no_more_than_the_time_to_read_and_what_it_said_counts() -> None:
    front = Scripted("front", guess(OURS, 0.85), guess(OURS, 0.88), hangs=True)
    capture = capture_of(front)
    with stopwatch() as passed_s:
        answer = await capture.run(PASSAGE)
        assert TIMING.t_read_s <= passed_s() < TIMING.t_read_s + 0.5
    assert isinstance(answer, PlateRead)
    assert (answer.text, answer.picture) == (OURS, None)
    assert capture.looks()[0].why == "camera gone"


async def test_who_has_settled_it_is_not_kept_waiting_by_one_that_hangs() -> None:
    front, rear = Scripted("front", *[guess(OURS, 0.99)] * 3), Scripted("rear", hangs=True)
    with stopwatch() as passed_s:
        assert isinstance(await capture_of(rear, front).run(PASSAGE), PlateRead)
        assert passed_s() < TIMING.t_read_s


async def test_two_cameras_that_read_two_cars_make_it_unread() -> None:
    front, rear = Scripted("front", *[guess(OURS, 0.9)] * 2), Scripted("rear", *[guess(OTHER, 0.9)] * 2)
    answer = await capture_of(front, rear).run(PASSAGE)
    assert isinstance(answer, PlateUnread)
    assert answer.why == "two plates were read, one as well as the other"


async def test_what_each_camera_did_is_told() -> None:
    front = Scripted("front", guess(OTHER, 0.9), guess(OURS, 0.9), None, early=1)
    rear = Gone("rear")
    capture = capture_of(front, rear)
    answer = await capture.run(PASSAGE)
    assert isinstance(answer, PlateUnread)
    one, other = capture.looks()
    assert (one.camera, one.frames, one.early, one.reads, one.read_ms) == ("front", 2, 1, 2, (80.0, 80.0, 80.0))
    assert (one.why, one.picture, one.confidences) == ("too few frames agree: 1 of 3", "of front", (0.9, 0.9))
    assert (other.frames, other.why) == (0, "camera gone")


async def test_a_lane_whose_cameras_are_all_gone_says_so() -> None:
    assert await capture_of(Gone("front"), Gone("rear")).run(PASSAGE) == PlateUnread("camera gone", None)


# What units push


def pushed(text: str = OURS, surety: float = 0.9, *, early: bool = False, fake: bool = False) -> Pushed:
    of: Ballot = replace(ballot(text, 0.98, eye="unit", early=early), place=None, weight=1.0, surety=surety)
    return Pushed(of, 0.0, fake, PictureId("of unit"))


async def test_a_pushed_read_is_one_more_vote() -> None:
    front = Scripted("front", guess(OURS, 0.7))
    answer = await capture_of(front, pushed=[pushed()]).run(PASSAGE)
    assert isinstance(answer, PlateRead)
    assert (answer.text, answer.agreeing, answer.picture) == (OURS, 2, "of unit")


async def test_a_pushed_read_alone_is_not_enough() -> None:
    answer = await capture_of(Scripted("front", None, None), pushed=[pushed()]).run(PASSAGE)
    assert isinstance(answer, PlateUnread)
    assert answer.why == "too few frames agree: 1 of 2"


async def test_a_read_pushed_before_the_loop_is_a_hint_for_the_same_plate_only() -> None:
    hint = [pushed(early=True)]
    assert isinstance(await capture_of(Scripted("front", guess(OURS, 0.85)), pushed=hint).run(PASSAGE), PlateRead)
    other = await capture_of(Scripted("front", guess(OTHER, 0.85)), pushed=hint).run(PASSAGE)
    assert isinstance(other, PlateUnread)
    assert other.guess is not None
    assert other.guess.text == OTHER
    nobody = await capture_of(Scripted("front", None), pushed=hint).run(PASSAGE)
    assert nobody == PlateUnread("no plate seen", PictureId("of front"), 1)


async def test_a_plate_on_paper_is_for_a_person() -> None:
    front = Scripted("front", *[guess(OURS, 0.99)] * 3)
    answer = await capture_of(front, pushed=[pushed("京A12346", fake=True)]).run(PASSAGE)
    assert isinstance(answer, PlateUnread)
    assert answer.why == "a unit takes the plate for a paper or a screen"
    again = Scripted("front", *[guess(OURS, 0.99)] * 3)
    other = await capture_of(again, pushed=[pushed(OTHER, 0.1, fake=True)]).run(PASSAGE)
    assert isinstance(other, PlateRead)


def lane_of_units(told: list[Pushed]) -> Capture:
    """A lane that has no camera of ours."""
    return Capture({}, TIMING, CLOCK, lambda: told, has_units=True)


async def test_a_lane_with_a_unit_alone_waits_for_its_push_and_takes_it_if_it_counts_for_two() -> None:
    told: list[Pushed] = []
    asked = asyncio.create_task(lane_of_units(told).run(PASSAGE))
    await asyncio.sleep(0)
    one = pushed()
    told.append(replace(one, ballot=replace(one.ballot, looks=2)))
    with stopwatch() as passed_s:
        answer = await asked
        assert passed_s() < TIMING.t_read_s
    assert isinstance(answer, PlateRead)
    assert (answer.text, answer.picture) == (OURS, "of unit")


async def test_a_lane_with_a_unit_alone_is_unread_when_nothing_comes() -> None:
    with stopwatch() as passed_s:
        answer = await lane_of_units([]).run(PASSAGE)
        assert TIMING.t_read_s <= passed_s() < TIMING.t_read_s + 0.5
    assert answer == PlateUnread("no fresh frame", None)


async def test_a_push_after_the_cameras_have_answered_still_counts() -> None:
    told: list[Pushed] = []
    capture = Capture({Scripted("front", guess(OURS, 0.7)): 1.0}, TIMING, CLOCK, lambda: told, has_units=True)
    asked = asyncio.create_task(capture.run(PASSAGE))
    for _ in range(5):
        await asyncio.sleep(0)
    told.append(pushed())
    answer = await asked
    assert isinstance(answer, PlateRead)
    assert answer.picture == "of unit"


# Frames from before the order


class Remembered:
    """A camera whose frames are numbers; those from before the order are remembered."""

    def __init__(self, older: Sequence[int], newer: Sequence[int]) -> None:
        self.older, self.newer = older, list(newer)
        self.asked_s: float | None = None
        self.lives = True

    @contextmanager
    def watching(self) -> Iterator[None]:
        yield

    def frame_after(self, after_s: float, within_s: float) -> Frame | None:
        """Nothing has come yet when it is asked without waiting; then one frame after the other."""
        return _frame(self.newer.pop(0), after_s + 0.1) if within_s > 0 and self.newer else None

    def frames_since(self, since_s: float) -> list[Frame]:
        self.asked_s = since_s
        return [_frame(number, since_s + 0.1 * place) for place, number in enumerate(self.older)]

    def has_lived_since(self, since_s: float) -> bool:
        return self.lives

    def health(self) -> Health:
        return Health(0.0, 0.0)


def _frame(number: int, at_s: float) -> Frame:
    return Frame(np.full((72, 128, 3), number, np.uint8), at_s)


class Numbers:
    """A reader that knows which plate a frame shows by its colour: 1 ours, 2 another car's, 0 none."""

    name = "numbers"

    def read(self, frame: Picture) -> list[PlateGuess]:
        shown = {1: OURS, 2: OTHER}.get(int(frame[0, 0, 0]))
        return [] if shown is None else [guess(shown, 0.85)]


def looked_at(folder: Path, frames: Remembered, before_s: float = 1.0) -> tuple[list[Looked], CaptureAnswer]:
    said: list[Looked] = []
    capturer = Capturer(frames, Numbers(), PictureStore(folder), CLOCK, (), 60)
    order = CaptureOrder(1, PASSAGE, 0.3, 0.8, 2, before_s)
    return said, capturer.capture(order, lambda: bool(frames.newer) or not said, said.append)


def test_frames_from_before_the_order_are_read_the_newest_first_while_none_has_come(tmp_path: Path) -> None:
    said, answer = looked_at(tmp_path, Remembered([0, 2, 1], [1, 0]))
    told = [(one.early, None if one.guess is None else one.guess.text) for one in said]
    assert told == [(True, OURS), (True, OTHER), (True, None), (False, OURS), (False, None)]
    assert answer.picture is not None


def test_before_a_frame_without_a_plate_the_car_was_not_there(tmp_path: Path) -> None:
    said, _ = looked_at(tmp_path, Remembered([2, 2, 0], [1]))
    assert [(one.early, one.guess is None) for one in said] == [(True, True), (False, False)]


class Slow(Numbers):
    """A reader that takes 0.3 s for a frame."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def read(self, frame: Picture) -> list[PlateGuess]:
        self._clock.advance(0.3)
        return super().read(frame)


def test_a_slow_machine_keeps_its_time_for_the_car_that_stands_there(tmp_path: Path) -> None:
    clock = VirtualClock(datetime(2025, 1, 1, tzinfo=UTC))
    frames, said = Remembered([1], []), list[Looked]()
    capturer = Capturer(frames, Slow(clock), PictureStore(tmp_path), clock, (), 60)
    for _ in range(2):
        frames.newer = [0]
        capturer.capture(CaptureOrder(1, PASSAGE, 2.0, 0.8, 2, 1.0), lambda: bool(frames.newer), said.append)
    assert [one.early for one in said] == [True, False, False]


def test_an_order_that_may_not_look_back_does_not(tmp_path: Path) -> None:
    frames = Remembered([2], [1])
    said, _ = looked_at(tmp_path, frames, before_s=0.0)
    assert [one.early for one in said] == [False]
    assert frames.asked_s is None


@pytest.mark.parametrize(("older", "newer", "kept"), [([2, 2], [0], 0), ([1], [1], 1), ([2], [1], 1)])
def test_the_picture_is_never_one_of_the_car_before(
    older: Sequence[int], newer: Sequence[int], kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []

    def keep(_: Capturer, seen: Seen, *_of: str) -> None:
        shown.append(int(seen.picture[0, 0, 0]))

    monkeypatch.setattr(Capturer, "_keep", keep)
    looked_at(tmp_path, Remembered(older, newer))
    assert shown == [kept]


def test_a_picture_that_has_not_changed_since_before_the_car_came_is_not_read(tmp_path: Path) -> None:
    standing = Remembered([], [2, 2, 2])
    standing.lives = False
    said, answer = looked_at(tmp_path, standing)
    assert said == []
    assert answer == CaptureAnswer(1, None, "camera frozen")
