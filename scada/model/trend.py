"""Trends: what tags did in a range of time, in no more buckets than there are pixels. A gap stays a gap."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from scada.model.tag import TagName

MOST_TAGS, MOST_PIXELS, LONGEST = 50, 4000, timedelta(days=20 * 366)
"""Of one question: tags, buckets, and the longest range."""
NO_DATA = 0x809B0000
"""OPC UA's BadNoData: nothing is known of the tag at this time, not even that it was bad."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of a tag's history."""

    at: datetime
    value: float | None
    text: str | None
    status_code: int


class Curve(Enum):
    """How a tag goes from one point to the next."""

    STEP = "step"
    """The value holds until the next point: states, counters, and what a deadband thinned."""
    LINE = "line"
    """The value lies on the line between two points: what a swinging door thinned."""


class Source(Enum):
    """What an answer was made of."""

    POINTS = "points"
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a tag did between `at` and the next bucket.

    `known` is how long it had a value; shorter than the bucket means a gap in it, nothing means no value at all.
    `mean` is weighted by time. `low` and `high` count the value that held when the bucket began; `first` and `last`
    are the first and the last value known. `text` is a state's last one. `worst` is the worst status code.
    """

    at: datetime
    points: int
    known: timedelta
    mean: float | None
    low: float | None
    high: float | None
    first: float | None
    last: float | None
    text: str | None
    worst: int


@dataclass(frozen=True, slots=True)
class Series:
    """One tag's buckets by columns: each column has one entry for every bucket, in order and without holes.

    `before` is the last point before the first bucket. `texts` is empty unless the tag has texts in the range.
    """

    name: TagName
    curve: Curve
    source: Source
    since: datetime
    step: timedelta
    before: Sample | None
    points: tuple[int, ...]
    known_ms: tuple[int, ...]
    mean: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    first: tuple[float | None, ...]
    last: tuple[float | None, ...]
    worst: tuple[int, ...]
    texts: tuple[str | None, ...] = ()

    def __len__(self) -> int:
        return len(self.points)

    @property
    def buckets(self) -> Iterator[Bucket]:
        """Give the buckets one by one, oldest first."""
        texts = self.texts or (None,) * len(self)
        columns = zip(
            self.points, self.known_ms, self.mean, self.low, self.high, self.first, self.last, texts, self.worst,
            strict=True,
        )  # fmt: skip
        for index, (points, known_ms, *rest) in enumerate(columns):
            yield Bucket(self.since + index * self.step, points, timedelta(milliseconds=known_ms), *rest)


HOUR_MS, DAY_MS = 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Equal buckets: `count` of them, each `step_ms` long, from `start_ms` since 1970."""

    start_ms: int
    step_ms: int
    count: int

    @property
    def end_ms(self) -> int:
        """Give the end of the last bucket."""
        return self.start_ms + self.step_ms * self.count

    @property
    def source(self) -> Source:
        """Say what suffices to fill the buckets."""
        if self.step_ms % DAY_MS == 0:
            return Source.DAYS
        return Source.HOURS if self.step_ms % HOUR_MS == 0 else Source.POINTS


def grid(since_ms: int, until_ms: int, pixels: int, day_starts_ms: int = 0, least_ms: int = 1) -> Grid:
    """Cut a range into no more buckets than pixels.

    Buckets of an hour and longer are whole hours or whole days, so that rollups fill them; the first may then begin
    before the range and the last end after it. `day_starts_ms` is when the day of the site begins, after 00:00 UTC;
    `least_ms` the shortest bucket that the range can still be cut into.
    """
    step = max(least_ms, -(-(until_ms - since_ms) // pixels))
    if step < HOUR_MS:
        return Grid(since_ms, step, -(-(until_ms - since_ms) // step))
    unit, phase = (HOUR_MS, 0) if step <= DAY_MS // 2 else (DAY_MS, day_starts_ms)
    start = (since_ms - phase) // unit * unit + phase
    step = -(-step // unit) * unit
    if -(-(until_ms - start) // step) > pixels:
        step += unit
    return Grid(start, step, -(-(until_ms - start) // step))
