"""The rollups of a tag in the file: which hours are to be reckoned anew, and every hour as it is known now."""

import sqlite3
from collections.abc import Iterable

import numpy as np

from scada.model.trend import HOUR_MS, Curve, Sample
from scada.store.historian.columns import Columns
from scada.store.historian.embedded.chunks import after, before, between
from scada.store.historian.files import transaction
from scada.store.historian.hours import AT_ONCE, Run, reckoned, runs
from scada.store.historian.hours import hourly as hours_of
from scada.store.historian.rollups import ABSENT, HOURS_A_DAY, Records, blank, end_of, pack, spread, unpack

_MARK = "INSERT INTO dirty (tag_id, hour) VALUES (?, ?) ON CONFLICT DO UPDATE SET times = times + 1"
_DIRTY = "SELECT hour, times FROM dirty WHERE tag_id = ? AND hour < ? ORDER BY hour LIMIT ?"
_CLEAN = "DELETE FROM dirty WHERE tag_id = ? AND hour = ? AND times = ?"
_DAYS = "SELECT day, hours, body FROM rollup WHERE tag_id = ? AND day >= ? AND day < ? ORDER BY day"
_DAY_BEFORE = "SELECT day, hours, body FROM rollup WHERE tag_id = ? AND day < ? ORDER BY day DESC LIMIT 1"
_STORE = "INSERT OR REPLACE INTO rollup (tag_id, day, hours, body) VALUES (?, ?, ?, ?)"


class Tag:
    """Implements `historian.hours.Hours` on the file."""

    def __init__(self, connection: sqlite3.Connection, tag_id: int) -> None:
        self._connection = connection
        self._id = tag_id

    def between(self, since_ms: int, until_ms: int) -> Columns:
        """Give the points of a range, oldest first."""
        return between(self._connection, self._id, since_ms, until_ms)

    def before(self, at_ms: int) -> Sample | None:
        """Give the last point before a time."""
        return before(self._connection, self._id, at_ms)

    def after(self, at_ms: int) -> Columns:
        """Give the first point at or after a time, or none."""
        return after(self._connection, self._id, at_ms)

    def load(self, run: Run) -> Records:
        """Give the stored hours of a run; those without a point are absent."""
        return load(self._connection, self._id, run)

    def hours_before(self, hour: int) -> Sample | None:
        """Say what held at the end of the last stored hour before this one."""
        return hours_before(self._connection, self._id, hour)


def mark(connection: sqlite3.Connection, hours: Iterable[tuple[int, int]]) -> None:
    """Say within a transaction that the rollups of these tags' hours are no longer right."""
    connection.executemany(_MARK, hours)


def roll(connection: sqlite3.Connection, tag_id: int, curve: Curve, before_hour: int) -> int:
    """Reckon some of a tag's dirty hours, all over by now; give how many. Raises StoreError."""
    dirty = connection.execute(_DIRTY, (tag_id, before_hour, AT_ONCE)).fetchall()
    if not dirty:
        return 0
    tag = Tag(connection, tag_id)
    done = [
        (first, reckoned(tag, curve, (first, end), end * HOUR_MS))
        for first, end in runs(tag, curve, [hour for hour, _ in dirty], before_hour)
    ]
    with transaction(connection, f"roll up {len(dirty)} hours"):
        for first, records in done:
            store(connection, tag_id, first, records)
        connection.executemany(_CLEAN, [(tag_id, hour, times) for hour, times in dirty])
    return len(dirty)


def hourly(
    connection: sqlite3.Connection, tag_id: int, curve: Curve, run: Run, now_ms: int
) -> tuple[Records, Sample | None]:
    """Give every hour of a run, held ones included, and what was before it; dirty hours are reckoned from points."""
    dirty = [hour for hour, _ in connection.execute(_DIRTY, (tag_id, run[1], -1))]
    unmarked = is_unmarked(connection, tag_id)
    return hours_of(Tag(connection, tag_id), curve, run, now_ms, dirty, is_unmarked=unmarked)


def load(connection: sqlite3.Connection, tag_id: int, run: Run) -> Records:
    """Give the stored hours of a run; those without a point are absent."""
    first, end = run
    day, last_day = first // HOURS_A_DAY, -(-end // HOURS_A_DAY)
    rows = connection.execute(_DAYS, (tag_id, day, last_day)).fetchall()
    records = blank((last_day - day) * HOURS_A_DAY)
    for hours in {row[1] for row in rows}:
        some = [row for row in rows if row[1] == hours]
        stored = unpack([row[2] for row in some], hours)
        places = (np.array([row[0] for row in some]) - day)[:, None] * HOURS_A_DAY + np.arange(HOURS_A_DAY)
        records[places.reshape(-1)] = stored if hours == HOURS_A_DAY else _spread(stored)
    return records[first - day * HOURS_A_DAY :][: end - first]


def store(connection: sqlite3.Connection, tag_id: int, first: int, records: Records) -> None:
    """Write hours into their days, within a transaction; a day of which the hours are no longer kept stays as it is."""
    end = first + len(records)
    for day in range(first // HOURS_A_DAY, -(-end // HOURS_A_DAY)):
        row = connection.execute(_DAYS, (tag_id, day, day + 1)).fetchone()
        if row is not None and row[1] != HOURS_A_DAY:
            continue
        hours = unpack([row[2]], HOURS_A_DAY) if row is not None else blank(HOURS_A_DAY)
        begins = day * HOURS_A_DAY
        low, high = max(first, begins), min(end, begins + HOURS_A_DAY)
        hours[low - begins : high - begins] = records[low - first : high - first]
        if (hours["end"] != ABSENT).any():
            connection.execute(_STORE, (tag_id, day, HOURS_A_DAY, pack(hours)))


def hours_before(connection: sqlite3.Connection, tag_id: int, hour: int) -> Sample | None:
    """Say what held at the end of the last stored hour before this one."""
    day = hour // HOURS_A_DAY
    today = load(connection, tag_id, (day * HOURS_A_DAY, hour)) if hour % HOURS_A_DAY else blank(0)
    found = end_of(today, hour)
    if found is not None:
        return found
    row = connection.execute(_DAY_BEFORE, (tag_id, day)).fetchone()
    return end_of(unpack([row[2]], row[1]), (row[0] + 1) * HOURS_A_DAY) if row is not None else None


def is_unmarked(connection: sqlite3.Connection, tag_id: int) -> bool:
    """Say whether the tag comes from a file without rollups and has not been looked through yet."""
    return connection.execute("SELECT 1 FROM unmarked WHERE tag_id = ?", (tag_id,)).fetchone() is not None


def mark_old(connection: sqlite3.Connection, tag_id: int) -> None:
    """Look an old file's tag through and mark all of its hours. Raises StoreError."""
    found = connection.execute(f"SELECT DISTINCT ts / {HOUR_MS} FROM point WHERE tag_id = ?", (tag_id,)).fetchall()  # noqa: S608
    with transaction(connection, "mark the hours of an old history"):
        mark(connection, [(tag_id, hour) for (hour,) in found])
        connection.execute("DELETE FROM unmarked WHERE tag_id = ?", (tag_id,))


def _spread(days: Records) -> Records:
    return np.concatenate([spread(days[at : at + 1]) for at in range(len(days))])
