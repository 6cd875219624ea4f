"""Old rows become chunks, one tag at a time, in transactions so short that the plant's commits do not notice."""

import sqlite3
from dataclasses import dataclass

from scada.store.db import StoreError
from scada.store.historian.columns import Columns, merged, part_of
from scada.store.historian.embedded.chunks import hot_between, unpack
from scada.store.historian.embedded.codec import CodecError, encode, same
from scada.store.historian.files import transaction

CHUNK_POINTS = 8192
FULL_POINTS = 1024
"""So many old rows of a tag are packed at once; fewer wait until they are a day older. A chunk of so many is left as it
is: to unpack and pack it once more would make it hardly smaller.
"""
LONGEST_MS = 7 * 86_400_000
"""A chunk that neither has enough nor is so long yet is made anew together with the rows that follow it."""

_OLDEST = "SELECT min(ts) FROM point WHERE tag_id = ?"
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM point WHERE tag_id = ? AND ts < ? LIMIT ?)"
_TOUCHED = "SELECT id, body FROM chunk WHERE tag_id = ? AND first_ts <= ? AND last_ts >= ? ORDER BY first_ts"
_NEIGHBOUR = (
    "SELECT id, body, points, first_ts FROM chunk WHERE tag_id = ? AND first_ts < ? ORDER BY first_ts DESC LIMIT 1"
)
_INSERT = "INSERT INTO chunk (tag_id, first_ts, last_ts, points, body) VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM point WHERE tag_id = ? AND ts >= ? AND ts <= ?"
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, eq=False)
class _Packing:
    """What becomes of a tag's oldest rows: these rows and these chunks go, the packed ones come."""

    rows: Columns
    replaced: list[int]
    packed: list[tuple[int, int, int, bytes]]


def is_worth_sealing(connection: sqlite3.Connection, tag_id: int, before_ms: int) -> bool:
    """Say whether a tag has enough rows from before a time, or one that has waited a day."""
    (oldest,) = connection.execute(_OLDEST, (tag_id,)).fetchone()
    if oldest is None or oldest >= before_ms:
        return False
    if oldest < before_ms - DAY_MS:
        return True
    (count,) = connection.execute(_COUNT, (tag_id, before_ms, FULL_POINTS)).fetchone()
    return bool(count >= FULL_POINTS)


def seal(connection: sqlite3.Connection, tag_id: int, before_ms: int) -> int:
    """Pack a tag's oldest rows from before a time; give how many. Raises StoreError, and then nothing has changed.

    Nothing is deleted that does not come back from its chunk bit by bit, nor what changed in the meantime.
    """
    version = _version(connection)
    packing = _pack(connection, tag_id, before_ms)
    if packing is None:
        return 0
    first, last = _ends(packing.rows)
    with transaction(connection, f"seal {len(packing.rows)} points"):
        somebody_wrote = _version(connection) != version
        if somebody_wrote and not same(hot_between(connection, tag_id, first, last + 1, -1), packing.rows):
            return 0
        connection.execute(_DELETE, (tag_id, first, last))
        replace(connection, tag_id, packing.replaced, packing.packed)
    return len(packing.rows)


def _version(connection: sqlite3.Connection) -> int:
    """Give a number that another one takes the place of when somebody else has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def replace(
    connection: sqlite3.Connection, tag_id: int, old: list[int], new: list[tuple[int, int, int, bytes]]
) -> None:
    """Put chunks in the place of others, within a transaction."""
    connection.executemany("DELETE FROM chunk WHERE id = ?", [(chunk,) for chunk in old])
    connection.executemany(_INSERT, [(tag_id, *one) for one in new])


def packed(points: Columns) -> list[tuple[int, int, int, bytes]]:
    """Pack points in chunks: first and last time, points, body. Raises StoreError."""
    parts = [part_of(points, at, at + CHUNK_POINTS) for at in range(0, len(points), CHUNK_POINTS)]
    try:
        return [(*_ends(part), len(part), encode(part)) for part in parts]
    except CodecError as error:
        raise StoreError(str(error)) from error


def _ends(points: Columns) -> tuple[int, int]:
    return int(points.at_ms[0]), int(points.at_ms[-1])


def _pack(connection: sqlite3.Connection, tag_id: int, before_ms: int) -> _Packing | None:
    rows = hot_between(connection, tag_id, -(1 << 62), before_ms, CHUNK_POINTS)
    if not len(rows):
        return None
    first, last = _ends(rows)
    old = connection.execute(_TOUCHED, (tag_id, last, first)).fetchall()
    earliest = min(first, int(unpack(old[0][1]).at_ms[0])) if old else first
    old = [*_unfinished(connection, tag_id, earliest, last), *old]
    points = merged([*(unpack(body) for _, body in old), rows])
    return _Packing(rows, [chunk for chunk, _ in old], packed(points))


def _unfinished(connection: sqlite3.Connection, tag_id: int, before_ms: int, last_ms: int) -> list[tuple[int, bytes]]:
    """Give the chunk next before a time, if it still takes more points."""
    row = connection.execute(_NEIGHBOUR, (tag_id, before_ms)).fetchone()
    if row is None or row[2] >= FULL_POINTS or row[3] <= last_ms - LONGEST_MS:
        return []
    return [(row[0], row[1])]
