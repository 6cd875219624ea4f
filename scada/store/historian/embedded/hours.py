"""The rollups of a tag in the file: which hours are to be reckoned anew, and every hour as it is known now."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

import numpy as np

from scada.model.trend import HOUR_MS, Curve, Sample
from scada.store.historian.embedded.chunks import after, before, between, merged
from scada.store.historian.embedded.rollups import (
    ABSENT,
    HOURS_A_DAY,
    Records,
    blank,
    end_of,
    held,
    pack,
    reckon,
    spread,
    unpack,
)
from scada.store.historian.files import transaction
from scada.store.historian.points import unix_ms

AT_ONCE = 48
"""Hours reckoned in one go: of a tag at 1 Hz they are 170,000 points."""

_MARK = "INSERT INTO dirty (tag_id, hour) VALUES (?, ?) ON CONFLICT DO UPDATE SET times = times + 1"
_DIRTY = "SELECT hour, times FROM dirty WHERE tag_id = ? AND hour < ? ORDER BY hour LIMIT ?"
_CLEAN = "DELETE FROM dirty WHERE tag_id = ? AND hour = ? AND times = ?"
_DAYS = "SELECT day, hours, body FROM rollup WHERE tag_id = ? AND day >= ? AND day < ? ORDER BY day"
_DAY_BEFORE = "SELECT day, hours, body FROM rollup WHERE tag_id = ? AND day < ? ORDER BY day DESC LIMIT 1"
_STORE = "INSERT OR REPLACE INTO rollup (tag_id, day, hours, body) VALUES (?, ?, ?, ?)"

Run = tuple[int, int]
"""Hours since 1970: the first, and the one after the last."""


def mark(connection: sqlite3.Connection, hours: Iterable[tuple[int, int]]) -> None:
    """Say within a transaction that the rollups of these tags' hours are no longer right."""
    connection.executemany(_MARK, hours)


def roll(connection: sqlite3.Connection, tag_id: int, curve: Curve, before_hour: int) -> int:
    """Reckon some of a tag's dirty hours, all over by now; give how many. Raises StoreError."""
    dirty = connection.execute(_DIRTY, (tag_id, before_hour, AT_ONCE)).fetchall()
    if not dirty:
        return 0
    reckoned = [
        (first, _reckoned(connection, tag_id, curve, (first, end), end * HOUR_MS))
        for first, end in _runs(connection, tag_id, curve, [hour for hour, _ in dirty], before_hour)
    ]
    with transaction(connection, f"roll up {len(dirty)} hours"):
        for first, records in reckoned:
            store(connection, tag_id, first, records)
        connection.executemany(_CLEAN, [(tag_id, hour, times) for hour, times in dirty])
    return len(dirty)


def hourly(
    connection: sqlite3.Connection, tag_id: int, curve: Curve, run: Run, now_ms: int
) -> tuple[Records, Sample | None]:
    """Give every hour of a run, held ones included, and what was before it; dirty hours are reckoned from points."""
    first, end = run
    records = load(connection, tag_id, run)
    dirty = [hour for hour, _ in connection.execute(_DIRTY, (tag_id, end, -1))]
    unmarked = is_unmarked(connection, tag_id)
    if unmarked:
        dirty = list(range(first, end))
    earlier = unmarked or (bool(dirty) and dirty[0] < first)
    found = before(connection, tag_id, first * HOUR_MS) if earlier else hours_before(connection, tag_id, first)
    for start, stop in _runs(connection, tag_id, curve, dirty, end):
        for part in _pieces((max(start, first), stop)):
            records[part[0] - first : part[1] - first] = _reckoned(connection, tag_id, curve, part, now_ms)
    return held(records, found), found


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


def _runs(connection: sqlite3.Connection, tag_id: int, curve: Curve, dirty: Sequence[int], end: int) -> Iterator[Run]:
    """Give the hours that dirty ones touch: the next with a point begins with what held; a LINE joins both sides."""
    for first, stop in _contiguous(dirty):
        following = after(connection, tag_id, stop * HOUR_MS)
        beyond = min(int(following.at_ms[0]) // HOUR_MS, end) if len(following) else end
        if curve is Curve.LINE:
            earlier = before(connection, tag_id, first * HOUR_MS)
            begin = first if earlier is None else unix_ms(earlier.at) // HOUR_MS
            yield begin, min(beyond + 1, end) if len(following) else stop
            continue
        yield first, stop
        if beyond < end:
            yield beyond, beyond + 1


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


def _reckoned(connection: sqlite3.Connection, tag_id: int, curve: Curve, run: Run, now_ms: int) -> Records:
    since_ms, until_ms = run[0] * HOUR_MS, run[1] * HOUR_MS
    points = between(connection, tag_id, since_ms, until_ms)
    if curve is Curve.LINE:
        points = merged([points, after(connection, tag_id, until_ms)])
    return reckon(curve, run[0], run[1] - run[0], before(connection, tag_id, since_ms), points, now_ms)


def _spread(days: Records) -> Records:
    return np.concatenate([spread(days[at : at + 1]) for at in range(len(days))])
