"""The durable queue in front of InfluxDB: lines are on disk before any network sees them (`historian.md` §5)."""

import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection

import structlog

from scada.clock import Clock
from scada.store.historian.files import open_file, telling, transaction

SEGMENT_LINES = 5000
BUDGET_BYTES = 2 * 1024**3
"""What may wait on disk; beyond it the oldest history goes, with a record of the gap."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lines INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    body BLOB NOT NULL,
    made_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS dead (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    line TEXT NOT NULL,
    error TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS gap (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lines INTEGER NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
"""
_PUT = "INSERT INTO segment (lines, raw_bytes, body, made_at) VALUES (?, ?, ?, ?)"
_VACUUM_PAGES = 256

Row = tuple[int, int, int, str]
"""A segment as it is spilled: id, bytes, lines, made_at."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Segment:
    """Lines that were committed together."""

    id: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeadLine:
    """A line that the server will never take, in the server's words."""

    line: str
    error: str


class LineQueue:
    """Segments of lines in the order they came. One thread puts, another takes; calls block."""

    def __init__(self, path: Path, clock: Clock, budget_bytes: int = BUDGET_BYTES) -> None:
        self._path = path
        self._clock = clock
        self._budget = budget_bytes
        self._lock = threading.Lock()
        self._bytes = 0
        self._finished = 0
        self._dead: list[DeadLine] = []
        self.lost = 0
        """Lines since start that the server will never have: dead, or beyond the budget."""

    def open(self) -> None:
        """Open the file. Raises StoreError."""
        self._connection = open_file(self._path, SCHEMA)
        with telling(f"read {self._path}"):
            found = self._connection.execute("SELECT coalesce(sum(length(body)), 0) FROM segment").fetchone()
            self._bytes = int(found[0])

    def close(self) -> None:
        """Close the file; what waits in it stays."""
        with self._lock:
            self._connection.close()

    def put(self, lines: Sequence[str]) -> None:
        """Append lines; returns when they are on disk. Raises StoreError, and then nothing was appended."""
        made_at = self._clock.now().isoformat(timespec="milliseconds")
        rows = [_row(lines[at : at + SEGMENT_LINES], made_at) for at in range(0, len(lines), SEGMENT_LINES)]
        added = sum(len(body) for _, _, body, _ in rows)
        with self._lock:
            with transaction(self._connection, f"queue {len(lines)} lines in {self._path}") as connection:
                connection.executemany(_PUT, rows)
                spilled, freed = self._spill(connection, self._bytes + added - self._budget)
            self._bytes += added - freed
            self.lost += spilled

    def head(self) -> Segment | None:
        """Give the oldest segment that is not finished. Raises StoreError."""
        with self._lock, telling(f"read {self._path}"):
            query = "SELECT id, body FROM segment WHERE id > ? ORDER BY id LIMIT 1"
            row = self._connection.execute(query, (self._finished,)).fetchone()
        return Segment(row[0], tuple(zlib.decompress(row[1]).decode().split("\n"))) if row is not None else None

    def finish(self, segment: Segment, dead: Sequence[DeadLine] = ()) -> None:
        """Take a segment out: the server has its lines, but for those that are dead.

        Raises StoreError when the disk refuses; the segment is finished all the same until a restart.
        """
        with self._lock:
            self._finished = max(self._finished, segment.id)
            self._dead.extend(dead)
            self.lost += len(dead)
            with transaction(self._connection, f"finish a segment of {self._path}") as connection:
                self._bury(connection)
                freed = _delete(connection, self._finished)
                connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
            self._dead.clear()
            self._bytes -= freed

    def dead(self) -> list[DeadLine]:
        """Give every dead line, oldest first. Raises StoreError."""
        with self._lock, telling(f"read {self._path}"):
            return [DeadLine(*row) for row in self._connection.execute("SELECT line, error FROM dead ORDER BY id")]

    def _bury(self, connection: Connection) -> None:
        at = self._clock.now().isoformat(timespec="milliseconds")
        rows = [(dead.line, dead.error, at) for dead in self._dead]
        connection.executemany("INSERT INTO dead (line, error, at) VALUES (?, ?, ?)", rows)

    def _spill(self, connection: Connection, excess: int) -> tuple[int, int]:
        """Delete the oldest segments beyond the budget, write down what is missing; give its lines and bytes."""
        if excess <= 0:
            return 0, 0
        rows = connection.execute("SELECT id, length(body), lines, made_at FROM segment ORDER BY id")
        gone = list(_until_freed(rows, excess))
        lines, since, until = sum(row[2] for row in gone), gone[0][3], gone[-1][3]
        at = self._clock.now().isoformat(timespec="milliseconds")
        connection.execute("INSERT INTO gap (lines, since, until, at) VALUES (?, ?, ?, ?)", (lines, since, until, at))
        log.error("history queue over its budget: the oldest is gone", lines=lines, since=since, until=until)
        return lines, _delete(connection, gone[-1][0])


def _until_freed(rows: Iterable[Row], excess: int) -> Iterator[Row]:
    for row in rows:
        yield row
        excess -= row[1]
        if excess <= 0:
            return


def _delete(connection: Connection, up_to: int) -> int:
    found = connection.execute("DELETE FROM segment WHERE id <= ? RETURNING length(body)", (up_to,)).fetchall()
    return sum(int(size) for (size,) in found)


def _row(lines: Sequence[str], made_at: str) -> tuple[int, int, bytes, str]:
    raw = "\n".join(lines).encode()
    return len(lines), len(raw), zlib.compress(raw, 1), made_at
