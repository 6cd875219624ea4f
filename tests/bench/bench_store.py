"""What the journal and the history cost, beside bare sqlite3 that writes the same rows as safely.

Both write to WAL files with `synchronous=FULL`; a transaction of the one stands against a transaction of the other.
The journal's rows are sealed by a hash each and go through SQLAlchemy; the history's go through the thinner.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from scada.clock import SystemClock
from scada.model.names import LaneName, PassageId, SiteId
from scada.model.tag import Quality, TagName, TagValue
from scada.ports import JournalEntry
from scada.store.db import Database, migrate
from scada.store.historian.embedded import EmbeddedHistorian
from scada.store.historian.embedded.schema import SCHEMA
from scada.store.journal import SqlJournal, verify
from tests.bench.support import percentile, run, show, times

ROUNDS = 5
APPENDS = 60
TOGETHER = 50
POINTS = 60_000
TAGS = 200
SITE = SiteId("bench")
AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ENTRY = JournalEntry(
    "decision",
    "lane",
    "opening",
    LaneName("out1"),
    PassageId("out1-20260303020000-1"),
    {"from": "awaiting_payment", "to": "opening", "event": "OpenRequested", "commands": ["OpenGate", "Show"]},
)
_ROW = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_POINT = "INSERT OR REPLACE INTO point (tag_id, ts, value, text, quality) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Written:
    """What one round of writing gave."""

    per_s: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


async def write_often(write: Callable[[], Awaitable[None]], together: int) -> Written:
    """Write one round of transactions of `together` rows."""
    waits: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(APPENDS):
        before = time.perf_counter()
        await write()
        waits.append((time.perf_counter() - before) * 1000)
    rows = APPENDS * together
    spent_us = (time.process_time() - cpu) / rows * 1e6
    return Written(rows / (time.perf_counter() - began), spent_us, percentile(waits, 0.5), percentile(waits, 0.99))


# --- the journal ---


def bare_journal(url: str, folder: Path) -> sqlite3.Connection:
    """Make a file with the journal's own table and indexes, made by the same migrations."""
    path = folder / "bare.db"
    migrate(url.replace("plant.db", path.name))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


class BareWriter:
    """Writes ready-made rows of the journal's size, a transaction at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._n = 0

    async def write(self, together: int) -> None:
        """Write in a thread, as anything must that runs on a loop."""
        rows = [self._row(self._n + index) for index in range(1, together + 1)]
        self._n += together
        await asyncio.to_thread(self._commit, rows)

    def _row(self, n: int) -> tuple[object, ...]:
        body = '{"commands":["OpenGate","Show"],"event":"OpenRequested","from":"awaiting_payment","to":"opening"}'
        at, lane, passage = "2026-03-01 08:00:00.000000", ENTRY.lane, ENTRY.passage
        return (n, SITE, at, ENTRY.kind, ENTRY.actor, ENTRY.what, lane, passage, body, f"{n - 1:064x}", f"{n:064x}")

    def _commit(self, rows: Sequence[tuple[object, ...]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(_ROW, rows)
        self._connection.execute("COMMIT")


async def journal_rows(folder: Path) -> list[list[str]]:
    """Append one by one and in fifties, in turns with the bare writer; at the end the chain must hold."""
    url = f"sqlite:///{folder / 'plant.db'}"
    await asyncio.to_thread(migrate, url)
    bare_connection = await asyncio.to_thread(bare_journal, url, folder)
    rows: list[list[str]] = []
    with closing(bare_connection):
        bare = BareWriter(bare_connection)
        async with Database(url) as db:
            journal = SqlJournal(db, SITE, SystemClock())
            for together in (1, TOGETHER):
                rows += await _beside(bare, journal, together)
            if await db.read(verify) is not None:
                raise RuntimeError("the journal's chain is broken")
    return rows


async def _beside(bare: BareWriter, journal: SqlJournal, together: int) -> list[list[str]]:
    ways: dict[str, Callable[[], Awaitable[None]]] = {
        "bare executemany": lambda: bare.write(together),
        "journal": lambda: journal.append([ENTRY] * together),
    }
    seen: dict[str, list[Written]] = {who: [] for who in ways}
    for _ in range(ROUNDS):
        for who, way in ways.items():
            seen[who].append(await write_often(way, together))
    limit = seen["bare executemany"]
    return [_row(f"{who}, {together} a transaction", one, limit) for who, one in seen.items()]


def _row(who: str, seen: Sequence[Written], limit: Sequence[Written]) -> list[str]:
    per_s, cpu = (_median(seen, part) for part in ("per_s", "cpu_us"))
    waits = f"{_median(seen, 'p50_ms'):.1f} / {_median(seen, 'p99_ms'):.1f}"
    rate, burden = times(per_s, _median(limit, "per_s")), times(cpu, _median(limit, "cpu_us"))
    return [who, f"{per_s:,.0f}", rate, f"{cpu:,.0f}", burden, waits]


def _median(seen: Sequence[Written], part: str) -> float:
    return median(float(getattr(one, part)) for one in seen)


# --- the history ---

Changes = Sequence[tuple[TagName, TagValue]]


def changes() -> list[Changes]:
    """Make what the tag table would tell: batches of 50, all tags in turn, each second another value."""
    names = [TagName(f"in1.analog.channel_{number:03d}") for number in range(TAGS)]
    moments = [AT + timedelta(seconds=second) for second in range(POINTS // TAGS)]
    all_changes = [
        (name, TagValue(second + index / 1000, Quality.GOOD, None, at, float(second)))
        for second, at in enumerate(moments)
        for index, name in enumerate(names)
    ]
    return [all_changes[at : at + TOGETHER] for at in range(0, POINTS, TOGETHER)]


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing all points gave."""

    per_s: float
    cpu_us: float
    bytes_each: float


async def by_historian(batches: Sequence[Changes], path: Path) -> Stored:
    """Record all points and wait until they are on disk."""
    began, cpu = time.perf_counter(), time.process_time()
    historian = EmbeddedHistorian(path, SITE, SystemClock())
    async with historian:
        for batch in batches:
            historian.record(batch)
    stored = _stored(began, cpu, path)
    if await historian.count() != POINTS:
        raise RuntimeError(f"{await historian.count()} of {POINTS} points were stored")
    return stored


async def by_executemany(batches: Sequence[Changes], path: Path) -> Stored:
    """Write ready-made rows into the same tables, in one transaction as a full committer would."""
    names = {name: number for number, (name, _) in enumerate(batch for part in batches[:4] for batch in part)}
    start_ms = int(AT.timestamp() * 1000)
    rows = [
        (names[name], start_ms + int(value.seen_s) * 1000, value.value, None, 0)
        for batch in batches
        for name, value in batch
    ]
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.to_thread(_write_points, path, rows)
    return _stored(began, cpu, path)


def _write_points(path: Path, rows: Sequence[tuple[object, ...]]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO tag VALUES (?, ?, ?)", [(n, SITE, f"t{n}") for n in range(TAGS)])
        connection.executemany(_POINT, rows)
        connection.execute("COMMIT")


def _stored(began: float, cpu: float, path: Path) -> Stored:
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    return Stored(POINTS / took, spent / POINTS * 1e6, path.stat().st_size / POINTS)


async def history_rows(folder: Path) -> list[list[str]]:
    """Store the same points by both ways, in turns."""
    batches = changes()
    ways = {"bare executemany": by_executemany, "embedded historian": by_historian}
    seen: dict[str, list[Stored]] = {who: [] for who in ways}
    for turn in range(ROUNDS):
        for who, way in ways.items():
            seen[who].append(await way(batches, folder / f"{who.partition(' ')[0]}-{turn}.db"))
    medians = {
        who: [median(float(getattr(one, part)) for one in all_of) for part in _PARTS] for who, all_of in seen.items()
    }
    limit = medians["bare executemany"]
    return [
        [who, f"{per_s:,.0f}", times(per_s, limit[0]), f"{cpu:.1f}", times(cpu, limit[1]), f"{size:.1f}"]
        for who, (per_s, cpu, size) in medians.items()
    ]


_PARTS = ("per_s", "cpu_us", "bytes_each")


def main() -> None:
    """Show both tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        show(
            f"Journal, {ROUNDS} rounds of {APPENDS} transactions in turns",
            ["way", "rows/s", "of bare", "CPU µs a row", "of bare", "p50 / p99 ms a transaction"],
            asyncio.run(journal_rows(folder)),
            "Each transaction is on disk before the next begins. A journal row is canonical JSON and a sha256 chain.",
        )
        show(
            f"History, {POINTS:,} points of {TAGS} tags in batches of {TOGETHER}",
            ["way", "points/s", "of bare", "CPU µs a point", "of bare", "bytes a point"],
            asyncio.run(history_rows(folder)),
            "From record() to disk, thinner and committer included; the bare rows were made before.",
        )


if __name__ == "__main__":
    run(main)
