"""What was said to be safe is there after `kill -9`, each thing once and nothing torn."""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from signal import SIGKILL
from time import monotonic

import pytest
from sqlalchemy import select

from scada.clock import SystemClock
from scada.ports import JournalEntry
from scada.store.db import Database, StoreError, migrate, reading_engine
from scada.store.journal import SqlJournal, verify
from scada.store.schema import journal
from tests.soak.history_kills import Play, kill_embedded, kill_influx
from tests.support.postgres import PostgresProcess
from tests.support.store import SITE, made_database, until
from tests.support.timeseries.influx import InfluxProcess, influx

__all__ = ["influx"]

KILLS = 3
ROOT = Path(__file__).parents[2]


def _journalled(url: str) -> list[int]:
    engine = reading_engine(url)
    with engine.connect() as connection:
        assert verify(connection) is None
        found = [int(what[1:]) for what in connection.execute(select(journal.c.what).order_by(journal.c.n)).scalars()]
    engine.dispose()
    return found


def _packed(folder: Path) -> int:
    connection = sqlite3.connect(folder / "history.db")
    (points,) = connection.execute("SELECT coalesce(sum(points), 0) FROM chunk").fetchone()
    connection.close()
    return int(points)


def _run_until_killed(url: str, first: int, chance: random.Random) -> int:
    """Let a child append for a moment, kill it, and give the last number that it called safe."""
    command = [sys.executable, "-m", "tests.support.appender", url, str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = child.stdout.readline()
        until = monotonic() + chance.uniform(0.3, 0.8)
        while monotonic() < until or int(said) < first:
            said = child.stdout.readline()
        child.kill()
        for later in child.stdout:
            said = later if later.endswith("\n") else said
    return int(said)


def _survives(url: str) -> None:
    chance, first = random.Random(4), 0  # noqa: S311 -- no secret
    for _ in range(KILLS):
        safe = _run_until_killed(url, first, chance)
        found = _journalled(url)
        assert found == list(range(len(found)))
        assert len(found) > safe >= first
        first = len(found)


PLAY = Play(kills=5, seed=3, rate=2000.0, life_s=(0.2, 0.6), up_s=(0.5, 1.5), down_s=(0.2, 0.8))


def test_every_point_called_safe_is_there_once_after_kills_in_the_midst_of_packing(tmp_path: Path) -> None:
    outcome = kill_embedded(PLAY, tmp_path)
    assert (outcome.missing, outcome.twice, outcome.wrong) == (0, 0, 0)
    assert outcome.safe > 0
    assert _packed(tmp_path) > 0


def test_every_point_called_safe_is_there_once_after_kills_of_what_sends_it_and_of_the_server(
    influx: InfluxProcess, tmp_path: Path
) -> None:
    outcome = kill_influx(PLAY, tmp_path, influx)
    assert (outcome.missing, outcome.twice, outcome.wrong) == (0, 0, 0)
    assert outcome.safe > 0
    assert outcome.server_kills > 0


@pytest.mark.usefixtures("any_database")
def test_every_row_of_the_journal_called_safe_is_there_after_a_kill(tmp_path: Path) -> None:
    url = made_database(tmp_path)
    _survives(url)


@dataclass
class Writer:
    """Writes pairs of rows until it is told to stop; what fails is neither repeated nor given up over."""

    db: Database
    is_over: bool = False
    safe: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    async def run(self) -> None:
        journal = SqlJournal(self.db, SITE, SystemClock())
        for n in count():
            if self.is_over:
                return
            try:
                await journal.append([JournalEntry("event", "writer", f"{half}{n}") for half in "ab"])
                self.safe.append(n)
            except StoreError:
                self.failed.append(n)

    async def gets_on(self) -> None:
        """Wait until some more are safe."""
        some = len(self.safe) + 20
        await until(lambda: len(self.safe) >= some, within_s=30)


async def test_nothing_called_safe_is_lost_and_nothing_is_half_done_when_postgresql_is_killed_while_it_writes() -> None:
    with PostgresProcess() as server:
        url = server.url(server.make())
        await asyncio.to_thread(migrate, url)
        async with Database(url) as db:
            writer = Writer(db)
            task = asyncio.create_task(writer.run())
            await writer.gets_on()
            [(backend,)] = server.ask(
                "SELECT pid FROM pg_stat_activity WHERE query ~ 'COMMIT|journal|advisory' LIMIT 1"
            )
            os.kill(backend, SIGKILL)
            await writer.gets_on()
            await asyncio.to_thread(server.stop, "immediate")
            await asyncio.to_thread(server.start)
            await writer.gets_on()
            writer.is_over = True
            await task
            assert await db.read(verify) is None
            query = select(journal.c.what).order_by(journal.c.n)
            found = list(await db.read(lambda connection: connection.execute(query).scalars()))
    assert found[::2] == [f"a{row[1:]}" for row in found[1::2]]
    written = [int(row[1:]) for row in found[1::2]]
    assert set(writer.safe) <= set(written) <= {*writer.safe, *writer.failed}
    assert written == sorted(set(written))
