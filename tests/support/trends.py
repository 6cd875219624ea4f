"""Trends reckoned the slow way: one stretch of time after the other, so that anybody can see that it is right."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scada.model.trend import NO_DATA, Curve, Grid
from scada.store.historian.columns import Row

BAD = 0x80000000


@dataclass
class Seen:
    """What one bucket saw."""

    known_ms: int = 0
    area: float = 0.0
    low: float | None = None
    high: float | None = None
    worst: int = 0
    values: list[float] = field(default_factory=list)
    text: str | None = None

    @property
    def mean(self) -> float | None:
        return self.area / self.known_ms if self.known_ms and self.values else None


def plain(grid: Grid, curve: Curve, rows: Sequence[Row], now_ms: int) -> list[Seen]:
    """Fill the buckets from all points ever, before and after the range too."""
    edges = [grid.start_ms + index * grid.step_ms for index in range(grid.count + 1)]
    seen = [Seen() for _ in range(grid.count)]
    first = (grid.start_ms - 1 if not rows else min(rows[0][0], grid.start_ms) - 1, None, None, NO_DATA)
    course = [first, *rows]
    end_ms = max(now_ms, max((row[0] for row in rows if row[0] < grid.end_ms), default=0) + 1)
    for row, following in zip(course, [*course[1:], None], strict=True):
        stop = min(grid.end_ms, end_ms) if following is None else min(following[0], grid.end_ms, end_ms)
        start = max(row[0], grid.start_ms)
        for index in range((start - grid.start_ms) // grid.step_ms, -((grid.start_ms - stop) // grid.step_ms)):
            _add(seen[index], curve, row, following, max(start, edges[index]), min(stop, edges[index + 1]))
    for index, low in enumerate(edges[:-1]):
        if low >= end_ms:
            seen[index].worst = NO_DATA
    return seen


def _add(seen: Seen, curve: Curve, row: Row, following: Row | None, begin: int, end: int) -> None:
    at, value, text, status = row
    seen.worst = max(seen.worst, status)
    if status >= BAD:
        return
    seen.known_ms += end - begin
    seen.text = text
    if value is None:
        return
    one, other = value, value
    if curve is Curve.LINE and following is not None and following[1] is not None and following[3] < BAD:
        one, other = (value + (following[1] - value) * (t - at) / (following[0] - at) for t in (begin, end))
    seen.values += [one, other]
    seen.area += (one + other) / 2 * (end - begin)
    seen.low = min(seen.values)
    seen.high = max(seen.values)
