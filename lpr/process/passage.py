"""One car before all cameras of its lane: they look at once, and there is one vote over all their frames.

The answer comes within `t_read_s` whatever a camera does: what it has said until then counts.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from lpr.process.record import Look
from lpr.process.wire import CaptureAnswer, Looked
from lpr.push.recent import Pushed
from lpr.vote import Ballot, ballot_of, decide, vote
from scada.clock import Clock
from scada.model.appearance import NO_LOOK, Appearance
from scada.model.lane.timing import Timing
from scada.model.names import PassageId, PictureId
from scada.model.plate import PlateRead, PlateUnread, is_nearly

_SLICE_S = 0.1
"""How soon it is seen that a push has settled a vote."""
_FAKE = "a unit takes the plate for a paper or a screen"


class Post(Protocol):
    """One camera, as a capture asks it."""

    @property
    def name(self) -> str:
        """The camera's name."""

    def number(self) -> int:
        """Give a number for the next order."""

    async def capture(
        self,
        number: int,
        passage: PassageId,
        timing: Timing,
        before_s: float,
        hear: Callable[[Looked], None],
        way: str = "",
    ) -> CaptureAnswer:
        """Have a car looked at, and tell of every frame."""

    def enough(self, number: int) -> None:
        """Let a capture end."""


@dataclass(slots=True)
class _Eye:
    """One camera's part of the capture."""

    post: Post
    number: int
    looked: list[Looked] = field(default_factory=list)
    answer: CaptureAnswer | None = None
    ended_s: float | None = None

    def ballots(self) -> list[Ballot]:
        """Give what its frames say."""
        read = [(look.guess, look.early) for look in self.looked]
        return [ballot_of(self.post.name, guess, early=early) for guess, early in read if guess is not None]

    @property
    def frames(self) -> int:
        """How many frames it has looked at since the car stood there."""
        return sum(not look.early for look in self.looked)

    @property
    def picture(self) -> PictureId | None:
        """The picture it has kept."""
        return None if self.answer is None else self.answer.picture

    @property
    def passed_over(self) -> str:
        """Why the plates that it saw do not count."""
        return "" if self.answer is None else self.answer.passed_over

    @property
    def trouble(self) -> str:
        """Why it could not look, empty if it could."""
        return "camera gone" if self.answer is None else self.answer.trouble


class Capture:
    """Asks the cameras of one lane about one car; what units push meanwhile votes with them."""

    def __init__(
        self,
        posts: Mapping[Post, float],
        timing: Timing,
        clock: Clock,
        pushed: Callable[[], Sequence[Pushed]],
        *,
        has_units: bool = False,
    ) -> None:
        """`posts`: the cameras, and how many seconds before now each may go back. `has_units`: more may be pushed."""
        self._posts = posts
        self._timing = timing
        self._clock = clock
        self._pushed = pushed
        self._has_units = has_units
        self._is_over = False
        self._eyes = [_Eye(post, post.number()) for post in posts]
        self._began_s = clock.seconds()

    async def run(self, passage: PassageId, way: str = "") -> PlateRead | PlateUnread:
        """Look until it is settled, or until `t_read_s` is over."""
        asked = {
            asyncio.create_task(self._look(eye, passage, way), name=f"look of {eye.post.name}") for eye in self._eyes
        }
        try:
            await self._wait(asked)
        finally:
            for task in asked:
                task.cancel()
            ended = await asyncio.gather(*asked, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error
        return self._outcome()

    def looks(self) -> tuple[Look, ...]:
        """Tell what each camera has done."""
        return tuple(self._look_of(eye) for eye in self._eyes)

    async def _wait(self, asked: set[asyncio.Task[None]]) -> None:
        end_s, waiting = self._began_s + self._timing.t_read_s, asked
        while (left_s := end_s - self._clock.seconds()) > 0 and not self._is_done(bool(waiting)):
            slice_s = min(left_s, _SLICE_S)
            if waiting:
                _, waiting = await asyncio.wait(waiting, timeout=slice_s, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(slice_s)
            if self._is_settled():
                self._end_all()

    def _is_done(self, cameras_look: bool) -> bool:
        """Say whether nothing more needs to be waited for; a unit may still push when the cameras have answered."""
        if cameras_look:
            return self._has_best_picture()
        outcome = vote(self._ballots())
        sure = outcome is not None and outcome.is_sure(self._timing.confidence, self._timing.agreeing)
        return sure or not self._has_units

    async def _look(self, eye: _Eye, passage: PassageId, way: str) -> None:
        def hear(looked: Looked) -> None:
            eye.looked.append(looked)
            if self._is_settled():
                self._end_all()

        eye.answer = await eye.post.capture(eye.number, passage, self._timing, self._posts[eye.post], hear, way)
        eye.ended_s = self._clock.seconds()

    def _end_all(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        for eye in self._eyes:
            if eye.answer is None:
                eye.post.enough(eye.number)

    def _has_best_picture(self) -> bool:
        """Say whether nobody needs to be waited for: it is settled, and who has seen the plate best has answered."""
        outcome = vote(self._ballots()) if self._is_settled() else None
        return outcome is not None and any(
            eye.post.name == outcome.best.eye and eye.answer is not None for eye in self._eyes
        )

    def _is_settled(self) -> bool:
        outcome = vote(self._ballots())
        return outcome is not None and outcome.is_settled(self._timing.confidence, self._timing.agreeing)

    def _ballots(self) -> list[Ballot]:
        own = [ballot for eye in self._eyes for ballot in eye.ballots()]
        return own + [one.ballot for one in self._pushed()]

    def _outcome(self) -> PlateRead | PlateUnread:
        ballots, frames = self._ballots(), sum(eye.frames for eye in self._eyes)
        outcome = vote(ballots)
        picture = self._picture(None if outcome is None else outcome.best.eye)
        troubles = [eye.trouble for eye in self._eyes if eye.trouble]
        if outcome is None and not frames and troubles:
            return PlateUnread(troubles[0], picture)
        decided = decide(ballots, frames, picture, self._timing.confidence, self._timing.agreeing)
        reading = _with_look(decided, self._appearance(None if outcome is None else outcome.best.eye))
        is_fake = isinstance(reading, PlateRead) and any(
            one.fake and is_nearly(one.ballot.text, reading.text) for one in self._pushed()
        )
        return PlateUnread(_FAKE, picture, frames, reading) if is_fake and isinstance(reading, PlateRead) else reading

    def _picture(self, best: str | None) -> PictureId | None:
        """Give the picture of whoever has seen it best, else of another: it is the same passage."""
        kept = [(eye.post.name, eye.picture) for eye in self._eyes]
        kept += [(one.ballot.eye, one.picture) for one in self._pushed() if not one.ballot.early]
        kept.sort(key=lambda named: named[0] != best)
        return next((picture for _, picture in kept if picture is not None), None)

    def _appearance(self, best: str | None) -> Appearance:
        """Give what the car looked like to who has seen it best; another camera sees another side of it."""
        seen = (eye.answer.appearance for eye in self._eyes if eye.answer is not None and eye.post.name == best)
        return next(seen, NO_LOOK)

    def _look_of(self, eye: _Eye) -> Look:
        ballots, timing = eye.ballots(), self._timing
        alone = decide(ballots, eye.frames, None, timing.confidence, timing.agreeing)
        ended_s = self._clock.seconds() if eye.ended_s is None else eye.ended_s
        return Look(
            camera=eye.post.name,
            frames=eye.frames,
            early=len(eye.looked) - eye.frames,
            confidences=tuple(ballot.surety for ballot in ballots),
            widths_px=tuple(ballot.place.width for ballot in ballots if ballot.place is not None),
            read_ms=tuple(look.read_ms for look in eye.looked),
            ms=round((ended_s - self._began_s) * 1000, 1),
            why=eye.trouble or (eye.passed_over if not ballots else "") or _why(alone),
            picture=eye.picture,
        )


def _with_look(reading: PlateRead | PlateUnread, look: Appearance) -> PlateRead | PlateUnread:
    if isinstance(reading, PlateRead):
        return replace(reading, appearance=look)
    return reading if reading.guess is None else replace(reading, guess=replace(reading.guess, appearance=look))


def _why(alone: PlateRead | PlateUnread) -> str:
    return alone.why if isinstance(alone, PlateUnread) else ""
