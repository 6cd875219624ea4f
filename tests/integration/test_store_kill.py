"""What was said to be safe is there after `kill -9`, each thing once and nothing torn."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import select

from scada.clock import SystemClock
from scada.store.db import reading_engine
from scada.store.historian.queue import LineQueue
from scada.store.journal import verify
from scada.store.schema import journal
from tests.support.store import START, made_database

KILLS = 3
ROOT = Path(__file__).parents[2]


def _journalled(folder: Path) -> list[int]:
    engine = reading_engine(f"sqlite:///{folder / 'daozha.db'}")
    with engine.connect() as connection:
        assert verify(connection) is None
        found = [int(what[1:]) for what in connection.execute(select(journal.c.what).order_by(journal.c.n)).scalars()]
    engine.dispose()
    return found


def _recorded(folder: Path) -> list[int]:
    connection = sqlite3.connect(folder / "history.db")
    rows = connection.execute("SELECT name, ts, value FROM point JOIN tag ON tag.id = tag_id ORDER BY ts").fetchall()
    connection.close()
    first_ms = int(START.timestamp() * 1000)
    assert all(name == f"l{value % 20:.0f}.n" and ts == first_ms + value for name, ts, value in rows)
    return [int(value) for _, _, value in rows]


def _queued(folder: Path) -> list[int]:
    queue = LineQueue(folder / "queue.db", SystemClock())
    queue.open()
    found: list[int] = []
    while (segment := queue.head()) is not None:
        found += map(int, segment.lines)
        queue._finished = segment.id
    queue.close()
    return found


def _run_until_killed(kind: str, folder: Path, first: int, chance: random.Random) -> int:
    """Let a child append for a moment, kill it, and give the last number that it called safe."""
    command = [sys.executable, "-m", "tests.support.appender", kind, str(folder), str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = child.stdout.readline()
        until = monotonic() + chance.uniform(0.3, 0.8)
        while monotonic() < until:
            said = child.stdout.readline()
        child.kill()
        for later in child.stdout:
            said = later if later.endswith("\n") else said
    return int(said)


@pytest.mark.parametrize(("kind", "read"), [("journal", _journalled), ("history", _recorded), ("queue", _queued)])
def test_everything_called_safe_is_there_after_a_kill(
    tmp_path: Path, kind: str, read: Callable[[Path], list[int]]
) -> None:
    made_database(tmp_path)
    chance, first = random.Random(4), 0  # noqa: S311 -- no secret
    for _ in range(KILLS):
        safe = _run_until_killed(kind, tmp_path, first, chance)
        found = read(tmp_path)
        assert found == list(range(len(found)))
        assert len(found) > safe >= first
        first = len(found)
