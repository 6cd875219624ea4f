"""The hours of a tag, whatever store has them: which to reckon anew, and every hour as it is known now."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Protocol

from scada.model.trend import HOUR_MS, Curve, Sample
from scada.store.historian.columns import Columns, columns, merged
from scada.store.historian.points import unix_ms
from scada.store.historian.rollups import Records, held, reckon

AT_ONCE = 48
"""Hours reckoned in one go: of a tag at 1 Hz they are 170,000 points."""
GRACE_MS = 60_000
"""An hour is reckoned a minute after it is over: its last points are then stored."""

Run = tuple[int, int]
"""Hours since 1970: the first, and the one after the last."""


class Points(Protocol):
    """The points of one tag."""

    def between(self, since_ms: int, until_ms: int) -> Columns:
        """Give the points of a range, oldest first. Raises StoreError."""

    def before(self, at_ms: int) -> Sample | None:
        """Give the last point before a time. Raises StoreError."""

    def after(self, at_ms: int) -> Columns:
        """Give the first point at or after a time, or none. Raises StoreError."""


class Hours(Points, Protocol):
    """The points of one tag, and the hours that are stored of it."""

    def load(self, run: Run) -> Records:
        """Give the stored hours of a run; those without a point are absent. Raises StoreError."""

    def hours_before(self, hour: int) -> Sample | None:
        """Say what held at the end of the last stored hour before this one. Raises StoreError."""


def hourly(
    tag: Hours, curve: Curve, run: Run, now_ms: int, dirty: Sequence[int], *, is_unmarked: bool = False
) -> tuple[Records, Sample | None]:
    """Give every hour of a run, held ones included, and what was before it; dirty hours are reckoned from points."""
    first, end = run
    records = tag.load(run)
    if is_unmarked:
        dirty = range(first, end)
    earlier = is_unmarked or (bool(dirty) and dirty[0] < first)
    found = tag.before(first * HOUR_MS) if earlier else tag.hours_before(first)
    for start, stop in runs(tag, curve, dirty, end):
        for part in _pieces((max(start, first), stop)):
            records[part[0] - first : part[1] - first] = reckoned(tag, curve, part, now_ms)
    return held(records, found), found


def runs(tag: Points, curve: Curve, dirty: Sequence[int], end: int) -> Iterator[Run]:
    """Give the hours that dirty ones touch: the next with a point begins with what held; a LINE joins both sides."""
    for first, stop in _contiguous(dirty):
        following = tag.after(stop * HOUR_MS) if stop < end else columns([])
        beyond = min(int(following.at_ms[0]) // HOUR_MS, end) if len(following) else end
        if curve is Curve.LINE:
            earlier = tag.before(first * HOUR_MS)
            begin = first if earlier is None else unix_ms(earlier.at) // HOUR_MS
            yield begin, min(beyond + 1, end) if len(following) else stop
            continue
        yield first, stop
        if beyond < end:
            yield beyond, beyond + 1


def reckoned(tag: Points, curve: Curve, run: Run, now_ms: int) -> Records:
    """Reckon the hours of a run from points."""
    since_ms, until_ms = run[0] * HOUR_MS, run[1] * HOUR_MS
    points = tag.between(since_ms, until_ms)
    if curve is Curve.LINE:
        points = merged([points, tag.after(until_ms)])
    return reckon(curve, run[0], run[1] - run[0], tag.before(since_ms), points, now_ms)


def _contiguous(hours: Sequence[int]) -> Iterator[Run]:
    first: int | None = None
    for hour, following in zip_longest(hours, hours[1:]):
        first = hour if first is None else first
        if following != hour + 1:
            yield first, hour + 1
            first = None


def _pieces(run: Run) -> Iterator[Run]:
    for first in range(run[0], run[1], AT_ONCE):
        yield first, min(first + AT_ONCE, run[1])
