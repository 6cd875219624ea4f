"""The points of one tag, wherever in the file they are: plain rows, chunks, or both."""

import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

import numpy as np

from scada.model.trend import Sample
from scada.store.db import StoreError
from scada.store.historian.columns import Columns, Row, columns, merged, part_of
from scada.store.historian.embedded.codec import CodecError, decode
from scada.store.historian.points import from_unix_ms

_RANGE = "FROM point WHERE tag_id = ? AND ts >= ? AND ts < ? ORDER BY ts LIMIT ?"
_ROWS = f"SELECT ts, value, text, quality {_RANGE}"
_PAIRS = f"SELECT ts, CASE WHEN text IS NULL AND quality = 0 THEN value END {_RANGE}"
_LAST_ROW = "SELECT ts, value, text, quality FROM point WHERE tag_id = ? AND ts < ? ORDER BY ts DESC LIMIT 1"
_CHUNKS = "SELECT body FROM chunk WHERE tag_id = ? AND first_ts < ? AND last_ts >= ? ORDER BY first_ts"
_LAST_CHUNK = "SELECT id, last_ts FROM chunk WHERE tag_id = ? AND first_ts < ? ORDER BY first_ts DESC LIMIT 1"

EVER_MS = 1 << 62
_EXACT_MS = 1 << 53
"""Within it every whole number is a float."""


def hot_between(connection: sqlite3.Connection, tag_id: int, since_ms: int, until_ms: int, limit: int) -> Columns:
    """Give the points of a range that are still plain rows, oldest first.

    Good numbers, which most are, come without an object for every row; where anything else is among them, all are read
    once more with all they have.
    """
    asked = (tag_id, since_ms, until_ms, limit)
    pairs = np.fromiter(chain.from_iterable(connection.execute(_PAIRS, asked)), np.float64).reshape(-1, 2)
    at_ms, value = pairs.T
    if len(pairs) and (np.isnan(value).any() or max(-at_ms[0], at_ms[-1]) >= _EXACT_MS):
        return columns(connection.execute(_ROWS, asked).fetchall())
    return Columns(at_ms.astype(np.int64), value.copy(), np.zeros(len(pairs), np.int64))


def between(
    connection: sqlite3.Connection, tag_id: int, since_ms: int, until_ms: int, limit: int | None = None
) -> Columns:
    """Give the points of a range, oldest first; a plain row outdoes the point of a chunk at the same time."""
    hot = hot_between(connection, tag_id, since_ms, until_ms, -1 if limit is None else limit)
    packed = list[Columns]()
    for part in _unpacked(connection, tag_id, since_ms, until_ms):
        packed.append(part)
        if limit is not None and sum(map(len, packed)) >= limit:
            break
    found = merged([*packed, hot])
    return found if limit is None else part_of(found, 0, limit)


def before(connection: sqlite3.Connection, tag_id: int, at_ms: int) -> Sample | None:
    """Give the last point before a time."""
    hot = connection.execute(_LAST_ROW, (tag_id, at_ms)).fetchone()
    chunk = connection.execute(_LAST_CHUNK, (tag_id, at_ms)).fetchone()
    if chunk is None or (hot is not None and hot[0] >= chunk[1]):
        return None if hot is None else sample(*hot)
    ((body,),) = connection.execute("SELECT body FROM chunk WHERE id = ?", chunk[:1])
    points = unpack(body)
    row = row_of(points, int(np.searchsorted(points.at_ms, at_ms, "left")) - 1)
    return sample(*row) if hot is None or row[0] > hot[0] else sample(*hot)


def after(connection: sqlite3.Connection, tag_id: int, at_ms: int) -> Columns:
    """Give the first point at or after a time, or none."""
    return between(connection, tag_id, at_ms, EVER_MS, 1)


def sample(ts: int, value: float | None, text: str | None, quality: int) -> Sample:
    """Give a stored point to those who ask."""
    return Sample(from_unix_ms(ts), value, text, quality)


def rows_of(points: Columns) -> list[Row]:
    """Give columns as rows."""
    texts = points.texts or [None] * len(points)
    values = [None if value != value else value for value in points.value.tolist()]
    return list(zip(points.at_ms.tolist(), values, texts, points.status.tolist(), strict=True))


def row_of(points: Columns, at: int) -> Row:
    """Give one row of columns."""
    return rows_of(part_of(points, at, at + 1))[0]


@lru_cache(maxsize=2)
def unpack(body: bytes) -> Columns:
    """Unpack a chunk; who asks for a range soon asks what was before it, too. Raises StoreError."""
    try:
        return decode(body)
    except CodecError as error:
        raise StoreError(str(error)) from error


def _unpacked(connection: sqlite3.Connection, tag_id: int, since_ms: int, until_ms: int) -> Iterator[Columns]:
    for (body,) in connection.execute(_CHUNKS, (tag_id, until_ms, since_ms)):
        points = unpack(body)
        begin, end = np.searchsorted(points.at_ms, [since_ms, until_ms], "left").tolist()
        yield part_of(points, begin, end)
