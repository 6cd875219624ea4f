"""One capture: frames younger than the request, read one by one until the vote is settled or the time is up.

While none has come yet, those remembered from just before are read: they may support what is seen after them.

What each frame shows is said at once: the plant votes over all cameras, and has it even if this process hangs later.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import cv2

from lpr.camera import Frame, Health
from lpr.evidence import CASE, PictureStore
from lpr.picture import Picture
from lpr.process.appearance import appearance_of
from lpr.process.wire import CaptureAnswer, CaptureOrder, GlanceAnswer, Looked
from lpr.reader.guess import Corners, PlateGuess
from lpr.recognise import Reader
from lpr.vote import Ballot, ballot_of, nearest, vote, why_none
from scada.clock import Clock
from scada.model.appearance import NO_LOOK
from scada.model.names import PictureId
from scada.model.plate import Plate
from scada.ports import PictureError

_SETTLE_S = 0.05
"""A frame grabbed sooner after the request may have been on its way when the request was made."""
_SLICE_S = 0.2
_MOST_FINISH_S = 0.5
"""So much is taken off the time to look, at most, where keeping the last picture took long: it must come in time."""
_LOOK_BACK_S = 0.25
"""Where the last frame took longer to read, none is read of before the car came."""
_GLANCE_S = 1.0
_GLANCE_PX = 640
_SMALL_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 60]
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 85]


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame, and where plates are in it: of all cars, not only of the one that is read; None if nobody knows."""

    picture: Picture
    plates: tuple[Corners, ...] | None = None
    own: Corners | None = None


@dataclass(slots=True)
class _Harvest:
    """The ballots of all frames, and the frames worth keeping: the best of each string, and the last."""

    ballots: list[Ballot] = field(default_factory=list)
    best: dict[Plate, tuple[float, Seen]] = field(default_factory=dict)
    last: Seen | None = None
    passed_over: str = ""

    def add(self, seen: Seen, guess: PlateGuess | None, *, early: bool) -> None:
        """Take one frame in; one from before the order may show another car, and stands for itself never."""
        self.last = self.last if early else seen
        if guess is None:
            return
        self.ballots.append(ballot_of("", guess, early=early))
        if guess.min_prob >= self.best.get(guess.text, (0.0, seen))[0]:
            self.best[guess.text] = (guess.min_prob, seen)

    def seen(self) -> Seen | None:
        """Give the frame that shows the outcome best."""
        outcome = vote(self.ballots)
        return self.last if outcome is None else self.best[outcome.best.text][1]

    def is_settled(self, order: CaptureOrder) -> bool:
        """Say whether this camera alone has seen enough."""
        outcome = vote(self.ballots)
        return outcome is not None and outcome.is_settled(order.gate, order.agreeing)


class Frames(Protocol):
    """Where frames come from: the grabber of one camera."""

    def watching(self) -> AbstractContextManager[None]:
        """Take every frame meanwhile."""

    def frame_after(self, after_s: float, within_s: float) -> Frame | None:
        """Give the newest frame grabbed later than `after_s`, waiting for one if need be."""

    def frames_since(self, since_s: float) -> list[Frame]:
        """Give the remembered frames grabbed at `since_s` or later, oldest first."""

    def has_lived_since(self, since_s: float) -> bool:
        """Say whether more than a clock has changed in the picture since a moment."""

    def health(self) -> Health:
        """Say how the camera is now."""


class Capturer:
    """Reads plates and keeps pictures for one camera."""

    def __init__(
        self,
        grabber: Frames,
        reader: Reader,
        store: PictureStore,
        clock: Clock,
        region: Sequence[tuple[float, float]],
        min_plate_px: int,
    ) -> None:
        self._grabber = grabber
        self._reader = reader
        self._store = store
        self._clock = clock
        self._region = region
        self._min_plate_px = min_plate_px
        self.unkept = ""
        self._cost_s = 0.0
        self._finish_s = 0.0

    def aim(self, reader: Reader, region: Sequence[tuple[float, float]]) -> None:
        """Look elsewhere from the next frame on."""
        self._reader = reader
        self._region = region

    def capture(
        self,
        order: CaptureOrder,
        go_on: Callable[[], bool],
        say: Callable[[Looked], None],
        turn: Callable[[], bool] = lambda: True,
    ) -> CaptureAnswer:
        """Carry out an order; `go_on` is asked between frames and may end it early, `say` hears of every frame.

        `turn` waits until the frame at hand may be read; no when it may not any more.
        """
        began_s = self._clock.seconds()
        if self._grabber.health().trouble == "frozen":
            return CaptureAnswer(order.id, None, "camera frozen")
        harvest = self._harvest(order, began_s, go_on, say, turn)
        if harvest.last is None and not self._grabber.health().trouble and not self._grabber.has_lived_since(began_s):
            return CaptureAnswer(order.id, None, "camera frozen")
        looked_s, seen = self._clock.seconds(), harvest.seen()
        kept = None if seen is None else self._keep(seen, order.passage, order.way)
        look = None if seen is None or seen.own is None else appearance_of(seen.picture, seen.own)
        self._finish_s = self._clock.seconds() - looked_s
        return CaptureAnswer(order.id, kept, passed_over=harvest.passed_over, appearance=look or NO_LOOK)

    def snapshot(self, passage: str) -> PictureId | None:
        """Keep one picture of now, of this passage, if the camera has one within a second."""
        with self._grabber.watching():
            frame = self._grabber.frame_after(self._clock.seconds(), 1.0)
        return None if frame is None else self._keep(Seen(frame.picture), passage, CASE)

    def glance(self, number: int) -> GlanceAnswer:
        """Show what the camera sees now, small; one that has given nothing for a second shows nothing."""
        frame = self._grabber.frame_after(self._clock.seconds() - _GLANCE_S, _SLICE_S)
        if frame is None:
            return GlanceAnswer(number)
        height, width = frame.picture.shape[:2]
        size = (_GLANCE_PX, max(1, round(height * _GLANCE_PX / width)))
        good, jpeg = cv2.imencode(".jpg", cv2.resize(frame.picture, size, interpolation=cv2.INTER_AREA), _SMALL_JPEG)
        if not good:
            return GlanceAnswer(number)
        return GlanceAnswer(number, b64encode(jpeg.tobytes()).decode("ascii"), self._clock.seconds() - frame.at_s)

    def _harvest(
        self,
        order: CaptureOrder,
        began_s: float,
        go_on: Callable[[], bool],
        say: Callable[[Looked], None],
        turn: Callable[[], bool],
    ) -> _Harvest:
        end_s = began_s + order.within_s - min(self._finish_s, _MOST_FINISH_S)
        harvest, after_s, cost_s = _Harvest(), began_s + _SETTLE_S, 0.0
        older = self._older(began_s - order.before_s) if order.before_s > 0 else []
        with self._grabber.watching():
            while go_on() and (left_s := end_s - self._clock.seconds()) > cost_s:
                frame = self._grabber.frame_after(after_s, 0.0 if older else min(_SLICE_S, left_s))
                early = frame is None and bool(older)
                if early:
                    frame = older.pop()
                if frame is None:
                    continue
                if not early and not self._grabber.has_lived_since(began_s):
                    after_s = frame.at_s
                    continue
                if not turn():
                    break
                newer = self._grabber.frame_after(after_s if early else frame.at_s, 0.0)
                if newer is not None and self._grabber.has_lived_since(began_s):
                    frame, early = newer, False
                asked_s, after_s = self._clock.seconds(), max(after_s, frame.at_s)
                guesses = self._reader.read(frame.picture)
                guess = self._nearest(frame, guesses)
                cost_s = self._cost_s = self._clock.seconds() - asked_s
                if early and guess is None:
                    older = []
                if guess is None:
                    harvest.passed_over = self._why_none(frame, guesses) or harvest.passed_over
                harvest.add(_seen(frame, guesses, guess), guess, early=early)
                say(Looked(order.id, early, round(cost_s * 1000, 1), guess))
                if harvest.is_settled(order):
                    break
        return harvest

    def _older(self, since_s: float) -> list[Frame]:
        """Give the frames from before; a machine that is slow keeps its time for those of the car that stands there."""
        return self._grabber.frames_since(since_s) if self._cost_s < _LOOK_BACK_S else []

    def _nearest(self, frame: Frame, guesses: Sequence[PlateGuess]) -> PlateGuess | None:
        return nearest(guesses, self._region_px(frame), self._min_plate_px)

    def _why_none(self, frame: Frame, guesses: Sequence[PlateGuess]) -> str:
        return why_none(guesses, self._region_px(frame), self._min_plate_px)

    def _region_px(self, frame: Frame) -> list[tuple[float, float]]:
        height, width = frame.picture.shape[:2]
        return [(x * width, y * height) for x, y in self._region]

    def _keep(self, seen: Seen, passage: str, role: str) -> PictureId | None:
        """Keep a picture; a full disk costs the evidence, not the car's way."""
        good, jpeg = cv2.imencode(".jpg", seen.picture, _JPEG)
        if not good:
            return None
        try:
            kept = self._store.keep(jpeg.tobytes(), self._clock.now(), passage, role, seen.plates)
        except PictureError as error:
            self.unkept = str(error)
            return None
        self.unkept = ""
        return kept


def _seen(frame: Frame, guesses: Sequence[PlateGuess], own: PlateGuess | None) -> Seen:
    return Seen(frame.picture, tuple(one.corners for one in guesses) or None, None if own is None else own.corners)
