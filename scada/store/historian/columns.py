"""Points of one tag as columns of numbers, and their way into the buckets of a trend. For every store alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from scada.model.tag import TagName
from scada.model.trend import NO_DATA, Curve, Grid, Sample, Series, Source
from scada.store.historian.points import from_unix_ms, unix_ms

Times = NDArray[np.int64]
Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]
_BAD = 0x80000000

Row = tuple[int, float | None, str | None, int]
"""A point as it is stored: ms since 1970, value, text, status code."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Points with rising times. A value that is none is NaN; `texts` is None where no point has one."""

    at_ms: Times
    value: Numbers
    status: Codes
    texts: Sequence[str | None] | None = None

    def __len__(self) -> int:
        return len(self.at_ms)


def columns(rows: Sequence[Row]) -> Columns:
    """Turn stored rows into columns."""
    if not rows:
        return Columns(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    at_ms, value, texts, status = zip(*rows, strict=True)
    return Columns(
        np.array(at_ms, np.int64),
        np.array(value, np.float64),
        np.array(status, np.int64),
        texts if texts.count(None) < len(texts) else None,
    )


def part_of(points: Columns, begin: int, end: int) -> Columns:
    """Give the points from one place to another."""
    cut = slice(begin, end)
    texts = None if points.texts is None else points.texts[cut]
    if texts is not None and not any(text is not None for text in texts):
        texts = None
    return Columns(points.at_ms[cut], points.value[cut], points.status[cut], texts)


def merged(parts: list[Columns]) -> Columns:
    """Put parts together, times rising; of several points at one time the last part's counts."""
    some = [part for part in parts if len(part)]
    if len(some) < 2:
        return some[0] if some else columns([])
    at_ms = np.concatenate([part.at_ms for part in some])
    value = np.concatenate([part.value for part in some])
    status = np.concatenate([part.status for part in some])
    texts = None
    if any(part.texts is not None for part in some):
        texts = [text for part in some for text in (part.texts or [None] * len(part))]
    if bool(np.all(np.diff(at_ms) > 0)):
        return Columns(at_ms, value, status, texts)
    order = np.argsort(at_ms, kind="stable")
    order = order[np.append(np.diff(at_ms[order]) > 0, True)]
    told = None if texts is None else [texts[place] for place in order.tolist()]
    return Columns(at_ms[order], value[order], status[order], told)


def columns_of(samples: Sequence[Sample]) -> Columns:
    """Turn samples into columns."""
    return columns([(unix_ms(one.at), one.value, one.text, one.status_code) for one in samples])


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """What was in each bucket; `some` says where there is a number at all, elsewhere mean to last are nonsense."""

    points: NDArray[np.intp]
    known_ms: Codes
    some: NDArray[np.bool_]
    mean: Numbers
    low: Numbers
    high: Numbers
    first: Numbers
    last: Numbers
    worst: Codes
    texts: tuple[str | None, ...]


def fill(name: TagName, curve: Curve, grid: Grid, before: Sample | None, points: Columns, now_ms: int) -> Series:
    """Fill the buckets of a trend, as `buckets` says."""
    found = buckets(curve, grid, before, points, now_ms)
    return Series(
        name,
        curve,
        Source.POINTS,
        from_unix_ms(grid.start_ms),
        timedelta(milliseconds=grid.step_ms),
        before,
        tuple(found.points.tolist()),
        tuple(found.known_ms.tolist()),
        listed(found.mean, found.some),
        listed(found.low, found.some),
        listed(found.high, found.some),
        listed(found.first, found.some),
        listed(found.last, found.some),
        tuple(found.worst.tolist()),
        found.texts,
    )


def buckets(curve: Curve, grid: Grid, before: Sample | None, points: Columns, now_ms: int) -> Buckets:
    """Fill the buckets from the points within them and the last one before; nothing is known beyond `now_ms`.

    A LINE goes on beyond the last bucket only if `points` end with the one after it.
    """
    inside = int(np.searchsorted(points.at_ms, grid.end_ms, "left"))
    if inside:
        now_ms = max(now_ms, int(points.at_ms[inside - 1]) + 1)
    counted = np.bincount((points.at_ms[:inside] - grid.start_ms) // grid.step_ms, minlength=grid.count)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return _Pieces.of(grid, curve, _with_before(grid, before, points), now_ms).buckets(counted)


def _with_before(grid: Grid, before: Sample | None, points: Columns) -> Columns:
    """Put what was before the buckets, or that nothing was, in front of the points."""
    first: Row = (grid.start_ms - 1, None, None, NO_DATA)
    if before is not None:
        first = (unix_ms(before.at), before.value, before.text, before.status_code)
    texts: list[str | None] | None = None
    if first[2] is not None or points.texts is not None:
        texts = [first[2], *(points.texts or [None] * len(points))]
    return Columns(
        np.concatenate((np.array([first[0]], np.int64), points.at_ms)),
        np.concatenate((np.array([first[1]], np.float64), points.value)),
        np.concatenate((np.array([first[3]], np.int64), points.status)),
        texts,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """The range cut at every point and at every edge of a bucket: within a piece the value goes straight.

    `begins` is where each bucket's first piece is, `origin` the point whose value a piece has.
    """

    begins: NDArray[np.intp]
    lasts_ms: Numbers
    from_value: Numbers
    to_value: Numbers
    known: NDArray[np.bool_]
    status: Codes
    origin: NDArray[np.intp]
    texts: Sequence[str | None] | None

    @classmethod
    def of(cls, grid: Grid, curve: Curve, points: Columns, now_ms: int) -> Self:
        edges = grid.start_ms + grid.step_ms * np.arange(grid.count, dtype=np.int64)
        within = np.arange(1, np.searchsorted(points.at_ms, grid.end_ms, "left"))
        at = np.concatenate((edges, points.at_ms[within]))
        order = np.argsort(at, kind="stable")
        at = at[order]
        origin = np.concatenate((np.searchsorted(points.at_ms, edges, "right") - 1, within))[order]
        ends = np.minimum(np.append(at[1:], grid.end_ms), now_ms)
        seen = at < now_ms
        return cls(
            np.searchsorted(at, edges, "left"),
            np.maximum(ends - at, 0).astype(np.float64),
            _values(points, curve, origin, at),
            _values(points, curve, origin, np.maximum(ends, at)),
            (points.status < _BAD)[origin] & seen,
            np.where(seen, points.status[origin], NO_DATA),
            origin,
            points.texts,
        )

    def buckets(self, counted: NDArray[np.intp]) -> Buckets:
        numeric = self.known & ~np.isnan(self.from_value)
        low = np.minimum.reduceat(np.where(numeric, np.fmin(self.from_value, self.to_value), np.inf), self.begins)
        high = np.maximum.reduceat(np.where(numeric, np.fmax(self.from_value, self.to_value), -np.inf), self.begins)
        first, last = self._ends(numeric)
        return Buckets(
            counted,
            np.add.reduceat(np.where(self.known, self.lasts_ms, 0.0), self.begins).astype(np.int64),
            np.logical_or.reduceat(numeric, self.begins),
            np.clip(self._mean(numeric, self.from_value[first]), low, high),
            low,
            high,
            self.from_value[first],
            self.to_value[last],
            np.maximum.reduceat(self.status, self.begins),
            self._last_texts(),
        )

    def _mean(self, numeric: NDArray[np.bool_], momentary: Numbers) -> Numbers:
        """Weigh each piece by how long it lasts; a value that lasted no time counts where there is no other."""
        lasting = np.where(numeric, self.lasts_ms, 0.0)
        middle = np.where(numeric, self.from_value / 2 + self.to_value / 2, 0.0)
        weight = np.add.reduceat(lasting, self.begins)
        return np.where(weight > 0, np.add.reduceat(middle * lasting, self.begins) / weight, momentary)

    def _ends(self, numeric: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Give the first and the last piece of every bucket that has a number; nonsense where there is none."""
        index = np.arange(len(numeric))
        first = np.minimum.reduceat(np.where(numeric, index, len(numeric) - 1), self.begins)
        return first, np.maximum.reduceat(np.where(numeric, index, 0), self.begins)

    def _last_texts(self) -> tuple[str | None, ...]:
        if self.texts is None:
            return ()
        last = np.maximum.reduceat(np.where(self.known, np.arange(len(self.known)), -1), self.begins).tolist()
        return tuple(None if at < 0 else self.texts[self.origin[at]] for at in last)


def listed(column: Numbers, some: NDArray[np.bool_]) -> tuple[float | None, ...]:
    """Give a column's numbers, None where there is none."""
    values: list[Any] = column.tolist()
    if some.all():
        return tuple(values)
    return tuple([value if there else None for value, there in zip(values, some.tolist(), strict=True)])


def _values(points: Columns, curve: Curve, origin: NDArray[np.intp], at_ms: Times) -> Numbers:
    """Give the value at each time, going out from a point; a line never reaches over a gap."""
    value = points.value[origin]
    if curve is Curve.STEP or len(points) < 2:
        return value
    following = np.minimum(origin + 1, len(points) - 1)
    known = (points.status < _BAD) & ~np.isnan(points.value)
    target = np.where(known[following], points.value[following], value)
    run = np.maximum(points.at_ms[following] - points.at_ms[origin], 1)
    share = (at_ms - points.at_ms[origin]) / run
    between = value * (1 - share) + target * share
    return np.where(target == value, value, np.clip(between, np.fmin(value, target), np.fmax(value, target)))
