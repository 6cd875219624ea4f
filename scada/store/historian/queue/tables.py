"""The tables of the queue's file, and what stands in their rows."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from sqlite3 import Connection

SEGMENT_LINES = 5000
SCHEMA = """
CREATE TABLE IF NOT EXISTS segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    lines INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    body BLOB NOT NULL,
    made_at TEXT NOT NULL,
    kind INTEGER NOT NULL DEFAULT 0
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
    at TEXT NOT NULL,
    why TEXT NOT NULL DEFAULT 'dropped'
) STRICT;
"""
_LATER = (("segment", "kind", "INTEGER NOT NULL DEFAULT 0"), ("gap", "why", "TEXT NOT NULL DEFAULT 'dropped'"))
_INDEX = "CREATE INDEX IF NOT EXISTS segment_kind ON segment (kind, id)"
_PUT = "INSERT INTO segment (lines, raw_bytes, body, made_at, kind) VALUES (?, ?, ?, ?, ?)"
_LAST_GAP = "SELECT id, substr(at, 1, 13) FROM gap WHERE why = ? ORDER BY id DESC LIMIT 1"
_WIDEN = "UPDATE gap SET lines = lines + ?, since = min(since, ?), until = max(until, ?), at = ? WHERE id = ?"
_GAP = "INSERT INTO gap (lines, since, until, at, why) VALUES (?, ?, ?, ?, ?)"


class Kind(IntEnum):
    """What stands in a segment: events are never given up, analog values are thinned first."""

    EVENT = 0
    ANALOG = 1
    THINNED = 2


@dataclass(frozen=True, slots=True)
class Held:
    """How much waits: lines and bytes of events and of analog values."""

    event_lines: int = 0
    event_bytes: int = 0
    analog_lines: int = 0
    analog_bytes: int = 0

    def plus(self, kind: Kind, lines: int, size: int) -> "Held":
        """Count a segment in; negative numbers count one out."""
        if kind is Kind.EVENT:
            return replace(self, event_lines=self.event_lines + lines, event_bytes=self.event_bytes + size)
        return replace(self, analog_lines=self.analog_lines + lines, analog_bytes=self.analog_bytes + size)

    @property
    def lines(self) -> int:
        """All lines."""
        return self.event_lines + self.analog_lines

    @property
    def bytes(self) -> int:
        """All bytes."""
        return self.event_bytes + self.analog_bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines that the server will never have, and why: `thinned`, `dropped`, or `memory` (the disk took none)."""

    lines: int
    since: str
    until: str
    why: str


def prepare(connection: Connection) -> None:
    """Give a file of an earlier version what it lacks."""
    for table, column, words in _LATER:
        if column not in {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {column} {words}")
    connection.execute(_INDEX)


def pack(lines: Sequence[str]) -> tuple[int, int, bytes]:
    """Give the columns lines, raw_bytes and body."""
    raw = "\n".join(lines).encode()
    return len(lines), len(raw), zlib.compress(raw, 1)


def unpack(body: bytes) -> list[str]:
    """Give the lines of a body."""
    return zlib.decompress(body).decode().split("\n")


def pieces(lines: Sequence[str]) -> list[Sequence[str]]:
    """Cut lines into what one segment may hold."""
    return [lines[at : at + SEGMENT_LINES] for at in range(0, len(lines), SEGMENT_LINES)]


def append(connection: Connection, lines: Sequence[str], made_at: str, kind: Kind, held: Held) -> Held:
    """Append lines as segments of one kind; give what waits then."""
    for piece in pieces(lines):
        packed = pack(piece)
        connection.execute(_PUT, (*packed, made_at, int(kind)))
        held = held.plus(kind, len(piece), len(packed[2]))
    return held


def forget(connection: Connection, up_to: int, held: Held) -> Held:
    """Delete the segments up to one; give what waits then."""
    query = "DELETE FROM segment WHERE id <= ? RETURNING kind, lines, length(body)"
    for kind, lines, size in connection.execute(query, (up_to,)).fetchall():
        held = held.plus(Kind(kind), -lines, -size)
    return held


def measure(connection: Connection) -> Held:
    """Count what waits."""
    held = Held()
    query = "SELECT kind, sum(lines), sum(length(body)) FROM segment GROUP BY kind"
    for kind, lines, size in connection.execute(query):
        held = held.plus(Kind(kind), lines, size)
    return held


def oldest(connection: Connection, after: int) -> str:
    """Give when the oldest segment behind `after` was made; empty if there is none."""
    query = "SELECT made_at FROM segment WHERE id > ? ORDER BY id LIMIT 1"
    found = connection.execute(query, (after,)).fetchone()
    return str(found[0]) if found else ""


def note(connection: Connection, gap: Gap, at: str) -> None:
    """Write a gap down; those of one hour and reason are one row."""
    last = connection.execute(_LAST_GAP, (gap.why,)).fetchone()
    if last is not None and last[1] == at[:13]:
        connection.execute(_WIDEN, (gap.lines, gap.since, gap.until, at, last[0]))
    else:
        connection.execute(_GAP, (gap.lines, gap.since, gap.until, at, gap.why))
