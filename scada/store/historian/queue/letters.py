"""Dead letters: lines that the server refused for good. A person reads them, sends them again or drops them.

All of it works on the queue's file beside a running plant, each step a transaction of its own.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scada.model.trend import HOUR_MS
from scada.store.historian.files import BUSY_S, reading, telling, transaction
from scada.store.historian.queue.marks import SCHEMA, last_segment, mark
from scada.store.historian.queue.tables import Held, Kind, append, measure, oldest, prepare
from scada.store.historian.remote.lines import point_of_line

_COLUMNS = "SELECT id, at, line, error FROM dead"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead line: since when, and what the server said."""

    id: int
    at: datetime
    line: str
    error: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a queue's file holds, as somebody sees it who looks in from outside."""

    held: Held
    oldest: datetime | None
    dead: int
    lost: int
    """Lines of which it is written down that they never reached the server and never will."""


def waiting(path: Path) -> Waiting:
    """Look into a queue. Raises StoreError."""
    with reading(path) as connection:
        since = oldest(connection, 0)
        dead = connection.execute("SELECT count(*) FROM dead").fetchone()[0]
        lost = connection.execute("SELECT coalesce(sum(lines), 0) FROM gap").fetchone()[0]
        return Waiting(measure(connection), datetime.fromisoformat(since) if since else None, dead, lost)


def letters(path: Path, since: int = 0, limit: int = -1) -> list[Letter]:
    """Give the dead lines from an id on, oldest first; a negative limit is none. Raises StoreError."""
    with reading(path) as connection:
        rows = connection.execute(f"{_COLUMNS} WHERE id >= ? ORDER BY id LIMIT ?", (since, limit))
        return [Letter(number, datetime.fromisoformat(at), line, error) for number, at, line, error in rows]


def retry(path: Path, ids: Sequence[int] | None, now: datetime) -> int:
    """Queue dead lines again, all of them or those named; give how many there were. Raises StoreError."""
    with _writing(path) as connection, transaction(connection, f"queue dead lines of {path} again"):
        found = _take(connection, ids)
        append(connection, found, now.isoformat(timespec="milliseconds"), Kind.EVENT, Held())
        hours = {(name, at_ms // HOUR_MS) for name, at_ms in filter(None, map(point_of_line, found))}
        mark(connection, hours, last_segment(connection))
        return len(found)


def drop(path: Path, ids: Sequence[int] | None) -> int:
    """Delete dead lines, all of them or those named; give how many there were. Raises StoreError."""
    with _writing(path) as connection, transaction(connection, f"drop dead lines of {path}"):
        return len(_take(connection, ids))


def _take(connection: sqlite3.Connection, ids: Sequence[int] | None) -> list[str]:
    """Delete dead lines and give them, oldest first."""
    if ids is None:
        found = connection.execute("DELETE FROM dead RETURNING id, line").fetchall()
    else:
        found = []
        for at in range(0, len(ids), _AT_ONCE):
            some = ids[at : at + _AT_ONCE]
            marks = ",".join("?" * len(some))
            query = f"DELETE FROM dead WHERE id IN ({marks}) RETURNING id, line"  # noqa: S608 - question marks alone
            found += connection.execute(query, some).fetchall()
    return [line for _, line in sorted(found)]


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a queue that is there. Raises StoreError."""
    with telling(f"open {path}"):
        connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        with telling(f"open {path}"):
            connection.execute("PRAGMA synchronous=FULL")
            connection.executescript(SCHEMA)
            prepare(connection)
        yield connection
    finally:
        connection.close()
