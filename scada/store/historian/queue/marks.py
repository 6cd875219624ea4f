"""Which hours at a server are no longer right, in the queue's own file and in one transaction with its lines.

A mark stays until the hour's rollup has reached the server: `times` counts how often the hour was touched, `rolled` how
often it had been when its rollup was queued, and `segment` is what has to be sent first. `looked` are the servers whose
older points were looked through, and from which hour on marks are complete there; `unmarked` the tags yet to be.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection

from scada.model.tag import TagName
from scada.store.historian.files import reading
from scada.store.historian.hours import AT_ONCE

SCHEMA = """
CREATE TABLE IF NOT EXISTS dirty (
    name TEXT NOT NULL,
    hour INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    rolled INTEGER NOT NULL DEFAULT 0,
    segment INTEGER NOT NULL,
    PRIMARY KEY (name, hour)
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS looked (place TEXT PRIMARY KEY, since_hour INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS unmarked (name TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
"""
_MARK = (
    "INSERT INTO dirty (name, hour, segment) VALUES (?, ?, ?)"
    " ON CONFLICT DO UPDATE SET times = times + 1, segment = max(segment, excluded.segment)"
)
_QUEUED = (
    "INSERT INTO dirty (name, hour, rolled, segment) VALUES (?, ?, 1, ?)"
    " ON CONFLICT DO UPDATE SET segment = max(segment, excluded.segment)"
)
_ROLLED = "UPDATE dirty SET rolled = ? WHERE name = ? AND hour = ?"
_CLEAN = "DELETE FROM dirty WHERE rolled = times AND segment < ?"
_NEXT = "SELECT name FROM dirty WHERE name > ? AND rolled < times AND segment < ? AND hour < ? ORDER BY name LIMIT 1"
_DUE = (
    "SELECT hour, times FROM dirty WHERE name = ? AND rolled < times AND segment < ? AND hour < ? ORDER BY hour LIMIT ?"
)
_LAST_SEGMENT = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'segment'"

Hour = tuple[TagName, int]
"""A tag, and the hour since 1970."""


@dataclass(frozen=True, slots=True)
class Due:
    """Some hours of a tag whose points have reached the server; each with how often it has been touched."""

    name: TagName
    hours: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Rolled:
    """Hours that were due, and the lines of all that had to be made of them."""

    due: Due
    lines: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Marks:
    """What is known of the hours at a server: `dirty` ones, and all before `since_hour`, are right in points alone."""

    since_hour: int
    unmarked: frozenset[TagName] = frozenset()
    dirty: dict[TagName, list[int]] | None = None

    def of(self, name: TagName, first: int, end: int) -> list[int]:
        """Give the hours of a tag before `end` that must be reckoned from points, of old ones those from `first` on."""
        marked = (self.dirty or {}).get(name, [])
        if self.since_hour <= first:
            return [hour for hour in marked if hour < end]
        return sorted({*range(first, min(end, self.since_hour)), *(hour for hour in marked if hour < end)})


def mark(connection: Connection, hours: Iterable[Hour], segment: int) -> None:
    """Say within a transaction that hours are no longer right once their segment has been sent."""
    connection.executemany(_MARK, [(name, hour, segment) for name, hour in hours])


def last_segment(connection: Connection) -> int:
    """Give the newest segment's number, also when it is gone."""
    return int(connection.execute(_LAST_SEGMENT).fetchone()[0])


def clean(connection: Connection, floor: int) -> None:
    """Take away within a transaction the marks whose rollups were sent: `floor` is the oldest segment that waits."""
    connection.execute(_CLEAN, (floor,))


def due(connection: Connection, floor: int, before_hour: int, after: str) -> Due | None:
    """Give some hours to reckon, all of the next tag after one; None if there are none."""
    row = connection.execute(_NEXT, (after, floor, before_hour)).fetchone()
    if row is None:
        return None
    hours = connection.execute(_DUE, (row[0], floor, before_hour, AT_ONCE)).fetchall()
    return Due(TagName(row[0]), tuple(hours))


def settle(connection: Connection, done: Iterable[Rolled], segment: int) -> None:
    """Say within a transaction that the rollups of hours are queued; those touched meanwhile are due again."""
    for one in done:
        name = one.due.name
        connection.executemany(_QUEUED, [(name, hour, segment) for hour in one.lines])
        connection.executemany(_ROLLED, [(times, name, hour) for hour, times in one.due.hours])


def is_looked_through(connection: Connection, place: str) -> bool:
    """Say whether the tags of a server are known that had points before marks were made."""
    return connection.execute("SELECT 1 FROM looked WHERE place = ?", (place,)).fetchone() is not None


def look(connection: Connection, place: str, names: Iterable[TagName], since_hour: int) -> None:
    """Note within a transaction whose older hours are to be marked. Of other servers nothing is known any more."""
    connection.execute("DELETE FROM looked")
    connection.execute("INSERT INTO looked VALUES (?, ?)", (place, since_hour))
    connection.executemany("INSERT OR IGNORE INTO unmarked VALUES (?)", [(name,) for name in names])


def unmarked(connection: Connection) -> TagName | None:
    """Give a tag whose older hours are not marked yet."""
    row = connection.execute("SELECT name FROM unmarked ORDER BY name LIMIT 1").fetchone()
    return None if row is None else TagName(row[0])


def mark_old(connection: Connection, name: TagName, hours: Sequence[int]) -> None:
    """Mark within a transaction a tag's older hours."""
    mark(connection, [(name, hour) for hour in hours], 0)
    connection.execute("DELETE FROM unmarked WHERE name = ?", (name,))


def marks(path: Path, place: str, names: Sequence[TagName]) -> Marks | None:
    """Look from any process at what is known of a server's hours; None if nothing is. Raises StoreError."""
    if not path.exists():
        return None
    with reading(path) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "looked" not in tables:
            return None
        connection.execute("BEGIN")
        since = connection.execute("SELECT since_hour FROM looked WHERE place = ?", (place,)).fetchone()
        if since is None:
            return None
        waiting = frozenset(TagName(row[0]) for row in connection.execute("SELECT name FROM unmarked"))
        query = "SELECT hour FROM dirty WHERE name = ? ORDER BY hour"
        dirty = {name: [row[0] for row in connection.execute(query, (name,))] for name in names}
        return Marks(since[0], waiting, dirty)
