"""A lane while its site is backed up: from the loop in the road to the command to the PLC, before and meanwhile.

It fails where the lane does not keep its latency, or the backup does not hold what the site held.
"""

import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection

from billing.sim.wechat.keys import prepare
from scada.app import TURN_S
from scada.config import Config, load
from scada.ports import JournalEntry
from scada.store.db import migrate, writing_engine
from scada.store.journal import write_entries
from scada.store.sql.place import file_url
from tests.bench.bench_notices import SPACES, plant
from tests.bench.support import percentile, run, show, times
from tests.support.billing import ROOT, made_config

ROWS, ROW_BYTES = 50, 1000
"""Batches of a thousand rows of the journal, and what each of them tells."""
PICTURES, PICTURE_BYTES = 900, 140_000
QUIET_S = 15.0
SLOWER_MOST: Final = 1.5
"""A lane keeps its latency while its median stays below so many times what it is without a backup."""
LIMIT_S = 280


@dataclass(frozen=True)
class Seen:
    """What was measured: the lane alone and while a backup was made, a second one, and a trial of the first."""

    megabytes: float
    quiet_ms: list[float]
    loaded_ms: list[float]
    took_s: float
    again_s: float
    proved_s: float
    wal_mb: float


def fill(config: Config) -> float:
    """Make a site that has run for a while; gives its size in MB."""
    url = file_url(config.data)
    migrate(url)
    body: dict[str, object] = {"told": "x" * ROW_BYTES}
    entries = [JournalEntry("event", "bench", "happened", body=body)] * 1000
    engine = writing_engine(url)
    for _ in range(ROWS):
        with engine.begin() as connection:
            _write(connection, config, entries)
    engine.dispose()
    for number in range(PICTURES):
        path = config.data / "pictures" / "20260501" / f"20260501T080000{number % 1000:03d}-{number:012x}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(PICTURE_BYTES))
    return sum(path.stat().st_size for path in config.data.rglob("*") if path.is_file()) / 1e6


def _write(connection: Connection, config: Config, entries: list[JournalEntry]) -> None:
    write_entries(connection, config.site_id, datetime(2026, 5, 1, tzinfo=UTC), entries)


async def measured(config: Config, path: Path, megabytes: float) -> Seen:
    """Measure the lane alone, then while a backup is made in a process of its own."""
    shelf = path.parent / "shelf"
    async with plant(config, file_url(config.data)) as (_db, _cashier, lane):
        await lane.measure(3.0)
        quiet, _ = await lane.measure(QUIET_S)
        began_s, loaded = time.perf_counter(), list[float]()
        backup = asyncio.create_task(_daozha("backup", "--config", str(path), "--to", str(shelf), "--json"))
        while not backup.done():
            loaded += (await lane.measure(1.0))[0]
        took_s, told = time.perf_counter() - began_s, json.loads(await backup)
        wal_mb = (config.data / "daozha.db-wal").stat().st_size / 1e6
    began_s = time.perf_counter()
    await _daozha("backup", "--config", str(path), "--to", str(shelf), "--json", later=True)
    again_s, began_s = time.perf_counter() - began_s, time.perf_counter()
    await _daozha("backup", "verify", told["folder"], "--scratch", str(path.parent))
    return Seen(megabytes, quiet, loaded, took_s, again_s, time.perf_counter() - began_s, wal_mb)


async def _daozha(*words: str, later: bool = False) -> str:
    """Run the command as a timer does; it fails where the command does."""
    await asyncio.sleep(1.1 if later else 0.0)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scada", *words, cwd=ROOT, stdout=subprocess.PIPE
    )
    told, _ = await process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"daozha {' '.join(words)}: {process.returncode}")
    return told.decode()


def tell(seen: Seen) -> None:
    """Print what was measured."""
    head = ["site", "MB", "backup s", "MB/s", "second s", "verify s", "WAL after, MB"]
    row = [f"{seen.megabytes:.0f}", f"{seen.took_s:.0f}", f"{seen.megabytes / seen.took_s:.0f}"]
    row += [f"{seen.again_s:.0f}", f"{seen.proved_s:.0f}", f"{seen.wal_mb:.1f}"]
    show("A backup while the site runs", head, [["journal and pictures", *row]])
    before, after = (percentile(values, 0.5) for values in (seen.quiet_ms, seen.loaded_ms))
    worst = [f"{percentile(values, 0.99):.1f}" for values in (seen.quiet_ms, seen.loaded_ms)]
    cars = f"{len(seen.quiet_ms)} / {len(seen.loaded_ms)}"
    row = ["loop to command", cars, f"{before:.1f}", f"{after:.1f}", times(after, before), *worst]
    show("The lane meanwhile", ["lane", "cars", "p50 ms alone", "backup", "ratio", "p99 ms alone", "backup"], [row])


def judge(seen: Seen) -> None:
    """Fail where the lane became slower."""
    alone, loaded = percentile(seen.quiet_ms, 0.5), percentile(seen.loaded_ms, 0.5)
    if loaded > SLOWER_MOST * alone:
        raise SystemExit(f"not kept: the lane became slower: {loaded:.1f} ms, {alone:.1f} ms alone")


def main() -> None:
    """Measure and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.setswitchinterval(TURN_S)
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "config.toml"
        made_config(Path(made))
        path.write_text(path.read_text(encoding="utf-8").replace("spaces = 1000\n", f"spaces = {SPACES}\n"), "utf-8")
        config = load(path)
        prepare(config)
        seen = asyncio.run(measured(config, path, fill(config)))
    tell(seen)
    judge(seen)


if __name__ == "__main__":
    run(main, LIMIT_S)
