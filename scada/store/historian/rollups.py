"""What a tag did in an hour, in few bytes: made of its points, packed by the day, and put together for long trends."""

import zlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scada.model.tag import TagName
from scada.model.trend import HOUR_MS, NO_DATA, Curve, Grid, Sample, Series
from scada.store.historian.columns import Codes, Columns, buckets, listed
from scada.store.historian.points import from_unix_ms

HOURS_A_DAY = 24
ABSENT = 0xFFFFFFFF
"""The end of an hour in which no point was: what held before it, holds."""
_BAD = 0x80000000
_RECORD = np.dtype(
    [
        ("end", "<u4"),
        ("worst", "<u4"),
        ("points", "<u4"),
        ("known_ms", "<u4"),
        ("mean", "<f8"),
        ("low", "<f8"),
        ("high", "<f8"),
        ("first", "<f8"),
        ("last", "<f8"),
    ]
)
"""`end` is the status at the end of the hour; a value that is none is NaN."""
_LEVEL = 6

Records = NDArray[np.void]


def blank(hours: int) -> Records:
    """Give hours in which no point was."""
    records = np.zeros(hours, _RECORD)
    records["end"] = ABSENT
    for name in ("mean", "low", "high", "first", "last"):
        records[name] = np.nan
    return records


def pack(records: Records) -> bytes:
    """Pack hours, bytes of equal weight together."""
    return zlib.compress(records.view(np.uint8).reshape(len(records), -1).T.tobytes(), _LEVEL)


def unpack(packed: list[bytes], each: int) -> Records:
    """Unpack so many hours from each; all at once, since a year has many days."""
    raw = np.frombuffer(b"".join(map(zlib.decompress, packed)), np.uint8)
    turned = raw.reshape(len(packed), _RECORD.itemsize, each).transpose(0, 2, 1)
    return np.ascontiguousarray(turned).view(_RECORD).reshape(-1)


def reckon(curve: Curve, first_hour: int, hours: int, before: Sample | None, points: Columns, now_ms: int) -> Records:
    """Make hours of their points and the last one before; a LINE's points end with the one after them."""
    cut = Grid(first_hour * HOUR_MS, HOUR_MS, hours)
    found = buckets(curve, cut, before, points, now_ms)
    records = blank(hours)
    for name in ("worst", "points", "known_ms"):
        records[name] = getattr(found, name)
    for name in ("mean", "low", "high", "first", "last"):
        records[name] = np.where(found.some, getattr(found, name), np.nan)
    ends = cut.start_ms + HOUR_MS * np.arange(1, hours + 1)
    status = np.concatenate(([NO_DATA if before is None else before.status_code], points.status))
    records["end"] = status[np.searchsorted(points.at_ms, ends, "left")]
    if curve is Curve.STEP:
        records[records["points"] == 0] = blank(1)[0]
    return records


def held(records: Records, before: Sample | None) -> Records:
    """Fill the hours without a point by what held when they began."""
    absent = records["end"] == ABSENT
    if not absent.any():
        return records
    origin = np.maximum.accumulate(np.where(absent, -1, np.arange(len(records))))
    filled = records.copy()
    leading = origin < 0
    kept = np.maximum(origin, 0)
    end = np.where(leading, NO_DATA if before is None else before.status_code, records["end"][kept])
    last = np.where(leading, np.nan if before is None or before.value is None else before.value, records["last"][kept])
    known = end < _BAD
    for name in ("end", "worst"):
        filled[name][absent] = end[absent]
    filled["known_ms"][absent] = np.where(known, HOUR_MS, 0)[absent]
    for name in ("mean", "low", "high", "first", "last"):
        filled[name][absent] = np.where(known, last, np.nan)[absent]
    return filled


def whole(records: Records) -> Records:
    """Put a day's hours, held ones included, together to one record."""
    result = blank(1)
    for name, column in _merged(records, np.array([0])).items():
        result[name] = column
    result["end"] = records["end"][-1]
    return result


def spread(record: Records) -> Records:
    """Let the figures of a whole day stand for each of its hours; its points count in the first."""
    hours = np.repeat(record, HOURS_A_DAY)
    hours["known_ms"] //= HOURS_A_DAY
    hours["points"][1:] = 0
    return hours


def is_textual(records: Records) -> bool:
    """Say whether something was known of which there is no number: a state, whose texts only points have."""
    return bool((records["known_ms"] > 0).any() and np.isnan(records["low"]).all())


@dataclass(frozen=True, slots=True)
class Told:
    """Whose hours they are, and what was before them."""

    name: TagName
    curve: Curve
    before: Sample | None


def series(told: Told, cut: Grid, records: Records, now_ms: int) -> Series:
    """Fill a trend's buckets from their hours, held ones included; nothing is known beyond `now_ms`."""
    records = _cut_off(records, cut, now_ms)
    merged = _merged(records, np.arange(0, len(records), cut.step_ms // HOUR_MS))
    some = ~np.isnan(merged["low"])
    return Series(
        told.name,
        told.curve,
        cut.source,
        from_unix_ms(cut.start_ms),
        timedelta(milliseconds=cut.step_ms),
        told.before,
        tuple(merged["points"].tolist()),
        tuple(merged["known_ms"].tolist()),
        listed(merged["mean"], some),
        listed(merged["low"], some),
        listed(merged["high"], some),
        listed(merged["first"], some),
        listed(merged["last"], some),
        tuple(merged["worst"].tolist()),
    )


def end_of(records: Records, at_hour: int) -> Sample | None:
    """Say what held at the end of the last of these hours; none if nothing ever did."""
    present = np.flatnonzero(records["end"] != ABSENT)
    if not len(present):
        return None
    record = records[int(present[-1])]
    status, value = int(record["end"]), float(record["last"])
    return Sample(
        from_unix_ms(at_hour * HOUR_MS - 1), None if status >= _BAD or value != value else value, None, status
    )


def _cut_off(records: Records, cut: Grid, now_ms: int) -> Records:
    """Take away what would be held beyond now."""
    if now_ms >= cut.end_ms:
        return records
    cut_off = records.copy()
    begins = cut.start_ms + HOUR_MS * np.arange(len(records))
    empty = records["points"] == 0
    beyond = empty & (begins >= now_ms)
    left = np.clip(now_ms - begins, 0, HOUR_MS)
    cut_off["known_ms"] = np.where(empty, np.minimum(records["known_ms"], left), records["known_ms"])
    cut_off["worst"][beyond] = NO_DATA
    for name in ("mean", "low", "high", "first", "last"):
        cut_off[name][beyond] = np.nan
    return cut_off


def _merged(records: Records, begins: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    if len(begins) == len(records):
        return {name: records[name] for name in ("points", "known_ms", "worst", "mean", "low", "high", "first", "last")}
    some = ~np.isnan(records["low"])
    index = np.arange(len(records))
    first = np.minimum.reduceat(np.where(some, index, len(records) - 1), begins)
    last = np.maximum.reduceat(np.where(some, index, 0), begins)
    return {
        "points": _sum(records["points"], begins),
        "known_ms": _sum(records["known_ms"], begins),
        "worst": np.maximum.reduceat(records["worst"], begins),
        "low": np.fmin.reduceat(records["low"], begins),
        "high": np.fmax.reduceat(records["high"], begins),
        "mean": _mean(records, some, begins),
        "first": records["first"][first],
        "last": records["last"][last],
    }


def _mean(records: Records, some: NDArray[np.bool_], begins: NDArray[np.intp]) -> NDArray[np.float64]:
    weights = np.where(some, records["known_ms"], 0).astype(np.float64)
    weight = np.add.reduceat(weights, begins)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        area = np.add.reduceat(np.where(some, records["mean"], 0.0) * weights, begins)
        mean = np.where(weight > 0, area / weight, np.fmax.reduceat(records["mean"], begins))
        low, high = np.fmin.reduceat(records["low"], begins), np.fmax.reduceat(records["high"], begins)
        return np.clip(mean, low, high)


def _sum(column: NDArray[Any], begins: NDArray[np.intp]) -> Codes:
    return np.add.reduceat(column.astype(np.int64), begins)
