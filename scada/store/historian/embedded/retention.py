"""What is too old goes: points first, of which hours stay; then hours, of which days stay. In short steps."""

import sqlite3

from scada.model.trend import DAY_MS, HOUR_MS
from scada.store.historian.columns import part_of
from scada.store.historian.embedded.chunks import before, unpack
from scada.store.historian.embedded.hours import hours_before, is_unmarked, load
from scada.store.historian.embedded.sealing import packed, replace
from scada.store.historian.files import telling, transaction
from scada.store.historian.points import unix_ms
from scada.store.historian.rollups import HOURS_A_DAY, held, pack, whole

STEP_ROWS = 5000
STEP_CHUNKS = 64
STEP_DAYS = 32
STEP_PAGES = 256
_WAITS = "SELECT 1 FROM dirty WHERE tag_id = ? AND hour < ? LIMIT 1"
_OLD_ROWS = (
    "DELETE FROM point WHERE tag_id = ?1 AND ts IN (SELECT ts FROM point WHERE tag_id = ?1 AND ts < ?2 LIMIT ?3)"
)
_OLD_CHUNKS = "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE tag_id = ? AND last_ts < ? LIMIT ?)"
_ACROSS = "SELECT id, body FROM chunk WHERE tag_id = ? AND first_ts < ? AND last_ts >= ?"
_FULL_DAYS = "SELECT day FROM rollup WHERE tag_id = ? AND day < ? AND hours = ? ORDER BY day LIMIT ?"
_RETIRE = "UPDATE rollup SET hours = 1, body = ? WHERE tag_id = ? AND day = ?"


def forget_points(connection: sqlite3.Connection, tag_id: int, before_ms: int) -> bool:
    """Delete some of a tag's points from before a time; say whether there are more. Raises StoreError.

    Points whose hours are not reckoned yet stay.
    """
    waits = connection.execute(_WAITS, (tag_id, before_ms // HOUR_MS)).fetchone()
    anchor_ms = _anchor_ms(connection, tag_id, before_ms)
    if anchor_ms is None or waits is not None or is_unmarked(connection, tag_id):
        return False
    with transaction(connection, "delete old points"):
        rows = connection.execute(_OLD_ROWS, (tag_id, anchor_ms, STEP_ROWS)).rowcount
        chunks = connection.execute(_OLD_CHUNKS, (tag_id, anchor_ms, STEP_CHUNKS)).rowcount
    if rows == STEP_ROWS or chunks == STEP_CHUNKS:
        return True
    _cut_across(connection, tag_id, anchor_ms)
    return False


def forget_hours(connection: sqlite3.Connection, tag_id: int, before_ms: int) -> bool:
    """Make whole days of some of a tag's hours from before a time; say whether there are more. Raises StoreError."""
    found = connection.execute(_FULL_DAYS, (tag_id, before_ms // DAY_MS, HOURS_A_DAY, STEP_DAYS)).fetchall()
    bodies = []
    for (day,) in found:
        first = day * HOURS_A_DAY
        records = load(connection, tag_id, (first, first + HOURS_A_DAY))
        bodies.append((pack(whole(held(records, hours_before(connection, tag_id, first)))), tag_id, day))
    if bodies:
        with transaction(connection, "make whole days of old hours"):
            connection.executemany(_RETIRE, bodies)
    return len(found) == STEP_DAYS


def shrink(connection: sqlite3.Connection) -> bool:
    """Give some free pages of the file back to the disk; say whether there are more. Raises StoreError.

    As a script, since a plain statement ends after the first page.
    """
    with telling("shrink the history"):
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        if free < STEP_PAGES:
            return False
        connection.executescript(f"PRAGMA incremental_vacuum({STEP_PAGES})")
        return True


def _anchor_ms(connection: sqlite3.Connection, tag_id: int, before_ms: int) -> int | None:
    """Give the first point that stays: with it, the hour of the last one before can be reckoned anew.

    That one says what holds when the kept time begins, and a LINE begins there.
    """
    last = before(connection, tag_id, before_ms)
    if last is None:
        return None
    hour_ms = unix_ms(last.at) // HOUR_MS * HOUR_MS
    earlier = before(connection, tag_id, hour_ms)
    return hour_ms if earlier is None else unix_ms(earlier.at)


def _cut_across(connection: sqlite3.Connection, tag_id: int, anchor_ms: int) -> None:
    row = connection.execute(_ACROSS, (tag_id, anchor_ms, anchor_ms)).fetchone()
    if row is None:
        return
    points = unpack(row[1])
    kept = part_of(points, int((points.at_ms < anchor_ms).sum()), len(points))
    with transaction(connection, "cut an old chunk"):
        replace(connection, tag_id, [row[0]], packed(kept))
