"""Tag changes become points of history: with quality, at a believable time (`historian.md` §4)."""

import math
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from scada.model.tag import Quality, TagName, TagValue, Value

STRANGE_S = 300.0
"""A device's clock further from ours than this is not believed."""
LONGEST_TEXT = 4000
_SAME_MOMENT_MS = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Point(NamedTuple):
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


def point_of_change(name: TagName, value: TagValue, last_ms: int | None) -> Point:
    """Give a change as a point; it comes after the tag's last one if their times are within the same moment."""
    at_ms = unix_ms(_moment(value))
    if last_ms is not None and 0 <= last_ms - at_ms <= _SAME_MOMENT_MS:
        at_ms = last_ms + 1
    number, text = (None, None) if value.quality.is_bad else _as_fields(value.value)
    nothing = number is None and text is None and not value.quality.is_bad
    quality = Quality.OUT_OF_RANGE if nothing else value.quality
    return Point(name, at_ms, number, text, quality.status_code)


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
