"""The queue itself: segments of lines in the order they came, within the room there is (`historian.md` §5)."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

import structlog

from scada.clock import Clock
from scada.store.ballast import Ballast, free_bytes
from scada.store.db import StoreError
from scada.store.historian.files import open_file, telling, transaction
from scada.store.historian.queue import marks
from scada.store.historian.queue.room import LIMITS, Limits, in_need
from scada.store.historian.queue.shrink import shrink
from scada.store.historian.queue.tables import (
    SCHEMA,
    SEGMENT_LINES,
    Gap,
    Held,
    Kind,
    append,
    forget,
    measure,
    note,
    oldest,
    prepare,
    unpack,
)

T = TypeVar("T")

_VACUUM_PAGES = 256
_HEAD = "SELECT id, lines, body FROM segment WHERE id > ? ORDER BY id"
_WAITING_HOURS = "SELECT (SELECT count(*) FROM dirty) + (SELECT count(*) FROM unmarked)"
_BURY = "INSERT INTO dead (line, error, at) VALUES (?, ?, ?)"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Segment:
    """Lines to be sent together: all segments up to `id`, as far as one request may go."""

    id: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeadLine:
    """A line that the server will never take, in the server's words."""

    line: str
    error: str


class LineQueue:
    """Segments of lines in the order they came. One thread puts, another takes; calls block.

    Another process may look, and may bring dead lines back, while this one runs.
    """

    def __init__(
        self, path: Path, clock: Clock, limits: Limits = LIMITS, free: Callable[[Path], int] = free_bytes
    ) -> None:
        self._path = path
        self._clock = clock
        self._limits = limits
        self._free = free
        self._ballast = Ballast(path.with_suffix(".ballast"), limits.ballast_bytes, free)
        self._lock = threading.Lock()
        self._version = -1
        self._held = Held()
        self._dead_rows = 0
        self._finished = 0
        self._out = 0
        self._dead: list[DeadLine] = []
        self._gap_lock = threading.Lock()
        self._gaps: list[Gap] = []
        self.lost = 0
        """Lines since start that the server will never have though they were on disk: dead, or given up for room."""
        self.thinned = 0
        """Of those, analog values given up for room."""
        self.refusal = ""
        """Why the disk took nothing the last time; empty if it did."""

    def open(self) -> None:
        """Open the file. Raises StoreError."""
        self._connection = in_need(lambda: open_file(self._path, SCHEMA + marks.SCHEMA), self._ballast)
        with telling(f"read {self._path}"):
            prepare(self._connection)
            self._notice_others()
        self._ballast.take(self._limits.free_bytes)

    def close(self) -> None:
        """Close the file; what waits in it stays."""
        with self._lock:
            self._connection.close()

    @property
    def held(self) -> Held:
        """How much waits, as far as this process knows."""
        return self._held

    def oldest(self) -> datetime | None:
        """Give when the oldest waiting line came; None if none waits. Raises StoreError."""
        with self._lock, telling(f"read {self._path}"):
            found = oldest(self._connection, self._finished)
        return datetime.fromisoformat(found) if found else None

    @property
    def dead_rows(self) -> int:
        """How many dead lines there are."""
        return self._dead_rows

    @property
    def is_over(self) -> bool:
        """Say whether events alone fill the budget."""
        return self._limits.is_over(self._held.event_bytes)

    def put(self, events: Sequence[str], analog: Sequence[str] = (), hours: Iterable[marks.Hour] = ()) -> None:
        """Append lines and mark the hours that they are of; returns when they are on disk.

        Raises StoreError, and then nothing was appended.
        """
        self._append(events, analog, lambda connection, segment: marks.mark(connection, hours, segment))

    def floor(self) -> int:
        """Give the oldest segment that is not sent; what comes next if all are. Raises StoreError."""
        with self._lock, telling(f"read {self._path}"):
            return self._floor(self._connection)

    def due(self, floor: int, before_hour: int, after: str = "") -> marks.Due | None:
        """Give some hours of a tag to reckon, all over by now, their lines before `floor`. Raises StoreError."""
        with self._lock, transaction(self._connection, f"look for hours in {self._path}") as connection:
            marks.clean(connection, floor)
            return marks.due(connection, floor, before_hour, after)

    def settle(self, done: Sequence[marks.Rolled]) -> None:
        """Append the rollups of hours that were due. Raises StoreError, and then nothing has changed."""
        lines = [line for one in done for line in one.lines.values()]
        self._append(lines, (), lambda connection, segment: marks.settle(connection, done, segment))

    def waiting_hours(self) -> int:
        """Count the hours that are marked, and the tags whose older ones are yet to be. Raises StoreError."""
        with self._lock, telling(f"read {self._path}"):
            return int(self._connection.execute(_WAITING_HOURS).fetchone()[0])

    def within(self, work: Callable[[Connection], T]) -> T:
        """Do a piece of work on the marks in a transaction. Raises StoreError."""
        with self._lock, transaction(self._connection, f"mark hours in {self._path}") as connection:
            return work(connection)

    def _append(self, events: Sequence[str], analog: Sequence[str], then: Callable[[Connection, int], None]) -> None:
        with self._lock:
            try:
                self._put(events, analog, then)
            except StoreError as error:
                self.refusal = str(error)
                raise
            self.refusal = ""

    def forgo(self, lines: int, since: str, until: str) -> None:
        """Keep in mind that lines never reached the disk; it is written down with the next that do."""
        with self._gap_lock:
            last = self._gaps.pop() if self._gaps else Gap(0, since, until, "memory")
            self._gaps.append(Gap(last.lines + lines, min(last.since, since), max(last.until, until), "memory"))

    def head(self) -> Segment | None:
        """Give the oldest lines that are not finished. Raises StoreError."""
        with self._lock, telling(f"read {self._path}"):
            self._notice_others()
            taken: list[str] = []
            last = self._finished
            for number, lines, body in self._connection.execute(_HEAD, (self._finished,)):
                if taken and len(taken) + lines > SEGMENT_LINES:
                    break
                taken += unpack(body)
                last = number
            self._out = last
        return Segment(last, tuple(taken)) if taken else None

    def finish(self, segment: Segment, dead: Sequence[DeadLine] = ()) -> None:
        """Take a segment out: the server has its lines, but for those that are dead.

        Raises StoreError when the disk refuses; the segment is finished all the same until a restart.
        """
        with self._lock:
            self._finished = max(self._finished, segment.id)
            self._dead.extend(dead)
            self.lost += len(dead)
            in_need(self._forget, self._ballast)
        self._ballast.take(self._limits.free_bytes)

    def dead(self) -> list[DeadLine]:
        """Give every dead line, oldest first. Raises StoreError."""
        with self._lock, telling(f"read {self._path}"):
            return [DeadLine(*row) for row in self._connection.execute("SELECT line, error FROM dead ORDER BY id")]

    def gaps(self) -> list[Gap]:
        """Give every gap, oldest first. Raises StoreError."""
        with self._lock, telling(f"read {self._path}"):
            query = "SELECT lines, since, until, why FROM gap ORDER BY id"
            return [Gap(*row) for row in self._connection.execute(query)]

    def _floor(self, connection: Connection) -> int:
        """Give the oldest segment that is not sent; one behind the newest if all are."""
        query = "SELECT min(id) FROM segment WHERE id > ?"
        found = connection.execute(query, (self._finished,)).fetchone()[0]
        return marks.last_segment(connection) + 1 if found is None else int(found)

    def _put(self, events: Sequence[str], analog: Sequence[str], then: Callable[[Connection, int], None]) -> None:
        what = f"queue {len(events) + len(analog)} lines in {self._path}"
        with telling(what):
            free = self._free(self._path.parent)
        why = self._limits.refuses(self._held.event_bytes, free)
        if why:
            raise StoreError(f"{what}: {why}")
        at, done = self._now(), max(self._out, self._finished)
        with transaction(self._connection, what) as connection:
            held = append(connection, events, at, Kind.EVENT, self._held)
            held = append(connection, analog, at, Kind.ANALOG, held)
            then(connection, marks.last_segment(connection))
            shrunk = shrink(connection, self._limits.allowed(held.bytes, free), held, done)
            with self._gap_lock:
                gaps = self._gaps[:]
                self._gaps.clear()
            for gap in (*gaps, *shrunk.gaps):
                note(connection, gap, at)
        self._held = shrunk.held
        if shrunk.gaps:
            self.thinned += shrunk.lines
            self.lost += shrunk.lines
            self._give_back()

    def _give_back(self) -> None:
        """Give room that became free back to the disk; one that is full may refuse that until later."""
        with suppress(StoreError), telling(f"shorten {self._path}"):
            self._connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()

    def _forget(self) -> None:
        at = self._now()
        with transaction(self._connection, f"finish a segment of {self._path}") as connection:
            connection.executemany(_BURY, [(dead.line, dead.error, at) for dead in self._dead])
            held = forget(connection, self._finished, self._held)
        self._held = held
        self._dead_rows += len(self._dead)
        self._dead.clear()
        self._give_back()

    def _notice_others(self) -> None:
        """Count anew if another process has written: a person has brought dead lines back, or dropped them."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._version = version
            self._held = measure(self._connection)
            self._dead_rows = self._connection.execute("SELECT count(*) FROM dead").fetchone()[0]

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds")
