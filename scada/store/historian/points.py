"""Tag changes become points of history: by exception, with quality, at a believable time (`historian.md` §4)."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scada.model.tag import Quality, TagName, TagSpec, TagValue, Value

STRANGE_S = 300.0
"""A device's clock further from ours than this is not believed."""
AT_LEAST_S = 900.0
"""An analog value inside its deadband is stored again after this long."""
LONGEST_TEXT = 4000
_SAME_MOMENT_MS = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Point:
    """One point: `value` or `text`, or neither where the quality is bad; `at_ms` since 1970, UTC."""

    name: TagName
    at_ms: int
    value: float | None
    text: str | None
    status_code: int


def unix_ms(at: datetime) -> int:
    """Give whole ms since 1970."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def from_unix_ms(at_ms: int) -> datetime:
    """Give the aware UTC time of ms since 1970."""
    return _EPOCH + timedelta(milliseconds=at_ms)


class Thinner:
    """Keeps what a trend needs: every change, but of an analog value only what leaves its deadband."""

    def __init__(self, specs: Iterable[TagSpec] = ()) -> None:
        self._deadbands = {spec.name: spec.deadband for spec in specs if spec.deadband > 0}
        self._last: dict[TagName, Point] = {}

    def points(self, changes: Sequence[tuple[TagName, TagValue]]) -> list[Point]:
        """Give the points worth storing, each tag's with rising times."""
        kept = []
        for name, value in changes:
            point = self._point(name, value)
            last = self._last.get(name)
            if last is None or self._tells_more(last, point, value.value):
                self._last[name] = point
                kept.append(point)
        return kept

    def _point(self, name: TagName, value: TagValue) -> Point:
        at_ms = unix_ms(_moment(value))
        last = self._last.get(name)
        if last is not None and 0 <= last.at_ms - at_ms <= _SAME_MOMENT_MS:
            at_ms = last.at_ms + 1
        number, text = (None, None) if value.quality.is_bad else _as_fields(value.value)
        nothing = number is None and text is None and not value.quality.is_bad
        quality = Quality.OUT_OF_RANGE if nothing else value.quality
        return Point(name, at_ms, number, text, quality.status_code)

    def _tells_more(self, last: Point, point: Point, value: Value) -> bool:
        if point.status_code != last.status_code or point.text != last.text:
            return True
        if point.value is None or last.value is None or not isinstance(value, float):
            return point.value != last.value
        change = abs(point.value - last.value)
        deadband = self._deadbands.get(point.name, 0.0)
        return change >= deadband > 0 or (change > 0 and (not deadband or _is_overdue(last, point)))


def _is_overdue(last: Point, point: Point) -> bool:
    return point.at_ms - last.at_ms >= AT_LEAST_S * 1000


def _moment(value: TagValue) -> datetime:
    """Give the device's time if it gave a believable one, ours otherwise."""
    if value.source_at is None or abs((value.source_at - value.seen_at).total_seconds()) > STRANGE_S:
        return value.seen_at
    return value.source_at


def _as_fields(value: Value) -> tuple[float | None, str | None]:
    if value is None:
        return None, None
    if isinstance(value, str):
        return None, value[:LONGEST_TEXT].encode(errors="replace").decode()
    try:
        number = float(value)
    except OverflowError:
        return None, None
    return (number if math.isfinite(number) else None), None
