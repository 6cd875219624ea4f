"""One camera's newest frame: a thread that grabs all the time, so that no frame waits in a queue (`lpr.md` §7).

A few frames a second are remembered, so that a capture may look back to before it was asked for.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import cv2

from lpr.picture import Picture
from lpr.source import Content, Manner, Source, SourceError, picture_of
from lpr.view.sight import Stillness, is_blank, tiles
from scada.clock import Clock

FRESH_S = 2.0
"""A camera without a frame for so long is not ok."""
_LOOK_S = 0.4
"""While nobody watches, one frame in so long is taken: to look back at."""
_INSPECT_S = 1.0
"""One frame in so long is looked at: whether the camera sees anything, and whether it lives."""
_WATCHED_S = 0.3
RING_S = 4.0
"""How far back frames are remembered, at most."""
_RING_BYTES = 24 * 1024 * 1024
"""How much of them, at most: eight decoded frames of 720p, three of 1080p; a JPEG is kept as it came."""
REOPEN_S = (0.5, 10.0)
"""A source that failed is tried again after the first, then twice as long each time, up to the second."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and the monotonic second at which it was grabbed."""

    picture: Picture
    at_s: float


@dataclass(frozen=True, slots=True)
class Health:
    """How a camera is: seconds since the last good frame (None before the first) and of the call it is in."""

    age_s: float | None
    in_call_s: float
    is_frozen: bool = False
    is_blank: bool = False
    why: str = ""
    """Why there is no frame, if that is known."""

    @property
    def trouble(self) -> str:
        """Say what is wrong, empty if nothing is."""
        if self.age_s is None or self.age_s > FRESH_S:
            return f"no frame: {self.why}" if self.why else "no frame"
        if self.is_frozen:
            return "frozen"
        return "blank picture" if self.is_blank else ""


class Pace:
    """Tells a frame that has just come from one that lay in a queue while nobody grabbed.

    After a pause frames may come in a burst, as fast as they decode. They are stale until one has to
    be waited for about as long as usual: then the queue is empty. A pause in the grabbing thread and
    one in the network look alike, so each makes the frames behind it prove themselves.
    """

    _LATE_S = 0.5
    _LEAST_S = 0.02
    _GIVE_UP_S = 3.0

    def __init__(self) -> None:
        self._usual: deque[float] = deque(maxlen=31)
        self._last_s: float | None = None
        self._behind_since_s: float | None = None

    def is_fresh(self, asked_s: float, came_s: float) -> bool:
        """Judge a frame by when it was asked for and when it came. The first after opening counts as queued."""
        if self._last_s is None:
            self._last_s = self._behind_since_s = came_s
            return False
        interval_s, self._last_s = came_s - self._last_s, came_s
        usual_s = median(self._usual) if self._usual else 0.0
        if self._behind_since_s is None:
            if interval_s > max(self._LATE_S, 3 * usual_s):
                self._behind_since_s = came_s
                return False
        elif came_s - asked_s < max(self._LEAST_S, usual_s / 2) and came_s - self._behind_since_s < self._GIVE_UP_S:
            return False
        self._behind_since_s = None
        self._usual.append(interval_s)
        return True


@dataclass(frozen=True, slots=True)
class _Shot:
    """A frame as the source gave it, perhaps not decoded yet."""

    content: Content
    at_s: float

    @property
    def size(self) -> int:
        return len(self.content) if isinstance(self.content, bytes) else int(self.content.nbytes)

    def frame(self) -> Frame | None:
        picture = picture_of(self.content)
        return None if picture is None else Frame(picture, self.at_s)


class _Ring:
    """The frames of the last seconds, some apart, bounded in age and in bytes."""

    def __init__(self) -> None:
        self._shots: deque[_Shot] = deque()
        self._bytes = 0

    def add(self, shot: _Shot) -> None:
        """Remember a frame, unless the one before is too near; the oldest make room."""
        if self._shots and shot.at_s - self._shots[-1].at_s < _LOOK_S:
            return
        self._shots.append(shot)
        self._bytes += shot.size
        while len(self._shots) > 1 and (self._bytes > _RING_BYTES or shot.at_s - self._shots[0].at_s > RING_S):
            self._bytes -= self._shots.popleft().size

    def since(self, since_s: float) -> list[_Shot]:
        """Give the frames grabbed at a moment or later, oldest first."""
        return [shot for shot in self._shots if shot.at_s >= since_s]


class Grabber:
    """Grabs from a source in a thread of its own and reopens it when it fails."""

    def __init__(
        self,
        address: str,
        clock: Clock,
        opener: Callable[[str], Source],
        reopen_s: tuple[float, float] = REOPEN_S,
    ) -> None:
        self._address = address
        self._clock = clock
        self._open = opener
        self._reopen_s = reopen_s
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="grabber", daemon=True)
        self._newest: _Shot | None = None
        self._ring = _Ring()
        self._last_s: float | None = None
        self._call_s = self._inspected_s = clock.seconds()
        self._still = Stillness(clock.seconds(), clock.seconds())
        self._is_blank = False
        self._why = ""
        self._watchers = 0
        self.frames = self.opens = 0

    def start(self) -> None:
        """Begin to grab."""
        self._thread.start()

    def stop(self) -> None:
        """Stop grabbing; waits for the call in progress, which has its own limit."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(timeout=4.0)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take every frame meanwhile; the first one is looked at at once, for life."""
        with self._changed:
            self._watchers += 1
            self._inspected_s = 0.0
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._watchers -= 1

    def frame_after(self, after_s: float, within_s: float) -> Frame | None:
        """Give the newest frame grabbed later than `after_s`, waiting for one if need be."""
        end_s = self._clock.seconds() + within_s
        while (shot := self._shot_after(after_s, end_s - self._clock.seconds())) is not None:
            frame = shot.frame()
            if frame is not None:
                return frame
            after_s = shot.at_s
        return None

    def frames_since(self, since_s: float) -> list[Frame]:
        """Give the remembered frames grabbed at `since_s` or later, oldest first: two or three a second, no more."""
        with self._changed:
            shots = self._ring.since(since_s)
        return [frame for shot in shots if (frame := shot.frame()) is not None]

    def _shot_after(self, after_s: float, within_s: float) -> _Shot | None:
        def newer() -> bool:
            return self._newest is not None and self._newest.at_s > after_s

        with self._changed:
            return self._newest if self._changed.wait_for(newer, timeout=max(0.0, within_s)) else None

    def has_lived_since(self, since_s: float) -> bool:
        """Say whether more than a clock has changed in the picture since a moment: a car that came changes more."""
        with self._changed:
            return self._still.lived_s >= since_s

    def health(self) -> Health:
        """Say how the camera is now."""
        now = self._clock.seconds()
        with self._changed:
            age = None if self._last_s is None else now - self._last_s
            return Health(age, now - self._call_s, self._still.is_frozen(now), self._is_blank, self._why)

    def _run(self) -> None:
        wait = self._reopen_s[0]
        while not self._stop.is_set():
            self._call_s = self._clock.seconds()
            try:
                source = self._open(self._address)
            except SourceError as error:
                self._why = str(error)
            else:
                self.opens += 1
                if self._pump(source):
                    wait = self._reopen_s[0]
            self._call_s = self._clock.seconds() + wait
            self._stop.wait(wait)
            wait = min(2 * wait, self._reopen_s[1])

    def _pump(self, source: Source) -> bool:
        """Grab until the source fails; say whether it ever gave a frame."""
        pace, taken_s, seen = Pace(), 0.0, False
        try:
            while not self._stop.is_set():
                if source.manner is Manner.ASKED:
                    self._until_wanted(taken_s)
                self._call_s = asked_s = self._clock.seconds()
                if not source.grab():
                    self._why = self._why or "the stream broke off"
                    break
                now = self._clock.seconds()
                self.frames += 1
                if source.manner is Manner.LIVE and not pace.is_fresh(asked_s, now):
                    continue
                if self._watchers or now - taken_s >= _LOOK_S:
                    taken_s = now
                    at_s = asked_s if source.manner is Manner.ASKED else now
                    seen = self._take(source.retrieve(), at_s, source.manner) or seen
        finally:
            source.close()
        return seen

    def _until_wanted(self, taken_s: float) -> None:
        """Let a camera that is asked for each picture rest while nobody waits for one."""
        self._call_s = self._clock.seconds() + _LOOK_S
        with self._changed:
            left_s = taken_s + _LOOK_S - self._clock.seconds()
            self._changed.wait_for(lambda: self._watchers > 0 or self._stop.is_set(), timeout=max(0.0, left_s))

    def _take(self, content: Content | None, at_s: float, manner: Manner) -> bool:
        """Give a frame to whoever waits for one; say whether it was good."""
        if content is None:
            self._why = "torn pictures"
            return False
        self._inspect(content, at_s, manner)
        with self._changed:
            self._last_s, self._why = at_s, ""
            self._newest = _Shot(content, at_s)
            self._ring.add(self._newest)
            self._changed.notify_all()
        return True

    def _inspect(self, content: Content, at_s: float, manner: Manner) -> None:
        """Look at a frame a second, at more while somebody watches: who reads them must know that they live."""
        if manner is Manner.FILM:
            self._still = Stillness(at_s, at_s)
        elif at_s - self._inspected_s < (_WATCHED_S if self._watchers else _INSPECT_S):
            return
        self._inspected_s = at_s
        picture = picture_of(content, cv2.IMREAD_REDUCED_COLOR_4)
        if picture is not None:
            self._is_blank = is_blank(picture)
            if manner is not Manner.FILM:
                self._still.see(tiles(picture), at_s)
