"""Kill what records history, and the server it goes to, again and again: `python -m tests.soak.history_kills`.

A child records points at a set rate and says which are on disk; it is killed (SIGKILL) at random moments and started
again behind the last one it told. A thread kills InfluxDB and leaves it down for a while. At the end a quiet run drains
the queue; then every series is read: each point that was called safe must be there exactly once.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from time import monotonic

from scada.clock import SystemClock
from scada.store.historian.embedded import EmbeddedReader
from scada.store.historian.points import unix_ms
from tests.support.history_child import FOR_EVER, start
from tests.support.store import SITE, START
from tests.support.timeseries.influx import InfluxProcess, found_binary

DATABASE = "kills"
DRAIN_S = 900.0
MOST_GAPS = 10
FIRST_S = 60.0
"""So long a child may take until it calls the first point safe."""


@dataclass(frozen=True, slots=True)
class Play:
    """How long a child lives, how long a server lives and stays down, in seconds, and how many points a second."""

    kills: int
    seed: int
    rate: float = 2000.0
    life_s: tuple[float, float] = (1.2, 4.0)
    up_s: tuple[float, float] = (6.0, 12.0)
    down_s: tuple[float, float] = (3.0, 8.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was called safe, and what of it was found."""

    store: str
    kills: int
    server_kills: int
    safe: int
    missing: int
    twice: int
    wrong: int
    in_hours: int
    """Points that the hours count."""
    seconds: float
    gaps: Sequence[tuple[int, int]] = ()
    """The first ranges of what is missing: which points, counted from 0."""
    set_aside: Sequence[str] = ()
    """Files that the server itself has set aside as bad: what it has acknowledged and lost is in these."""

    @property
    def is_good(self) -> bool:
        """Say whether everything that was called safe is there once."""
        is_whole = self.in_hours >= self.safe and not (self.missing or self.twice or self.wrong)
        return self.safe > 0 and is_whole


def kill_embedded(play: Play, folder: Path) -> Outcome:
    """Kill what records into the embedded store."""
    began = monotonic()
    safe = _kill_children(play, folder, [])
    _drain(folder, safe, [])
    reader = EmbeddedReader(folder / "history.db", SITE, SystemClock(), keeping=FOR_EVER)
    found = asyncio.run(read(reader))
    return _judge(
        Outcome("embedded", play.kills, 0, safe, 0, 0, 0, asyncio.run(count_in_hours(reader)), 0.0), found, began
    )


async def read(reader: EmbeddedReader) -> list[tuple[str, int, float]]:
    """Give name, time and value of every point that a child has recorded."""
    end = START + timedelta(days=30)
    return [
        (name, unix_ms(one.at), one.value or 0.0)
        for name in await reader.names()
        for one in await reader.query(name, START, end, 1 << 30)
    ]


async def count_in_hours(reader: EmbeddedReader) -> int:
    """Give how many points the hours of all tags count."""
    end = START + timedelta(days=30)
    return sum(sum(one.points) for one in await reader.trend(list(await reader.names()), START, end, 1000))


def kill_influx(play: Play, folder: Path, server: InfluxProcess) -> Outcome:
    """Kill what records into a server, and the server."""
    began, killer = monotonic(), _ServerKiller(server, play)
    server.ask(f'CREATE DATABASE "{DATABASE}"')
    place = [server.url, DATABASE]
    with killer:
        safe = _kill_children(play, folder, place)
    _drain(folder, safe, place)
    found = [
        (f"{one['tags']['lane']}.n", int(at), float(value))
        for one in server.series('SELECT "value" FROM "scada" GROUP BY "lane"', DATABASE)
        for at, value in one["values"]
    ]
    in_hours = int(server.ask('SELECT sum("points") FROM "rollup_1h"', DATABASE)[0][1])
    return _judge(Outcome("influxdb 1.6", play.kills, killer.kills, safe, 0, 0, 0, in_hours, 0.0), found, began)


def _judge(outcome: Outcome, found: Sequence[tuple[str, int, float]], began_s: float) -> Outcome:
    first_ms = int(START.timestamp() * 1000)
    times = Counter(int(value) for _, _, value in found)
    wrong = sum(name != f"l{int(value) % 200}.n" or at != first_ms + value for name, at, value in found)
    gaps = list(gaps_in(times, outcome.safe))
    missing = sum(end - begin for begin, end in gaps)
    twice = sum(count - 1 for count in times.values())
    if outcome.in_hours != len(times):
        wrong += abs(outcome.in_hours - len(times))
    took_s = round(monotonic() - began_s, 1)
    return replace(outcome, missing=missing, twice=twice, wrong=wrong, seconds=took_s, gaps=gaps[:MOST_GAPS])


def gaps_in(there: Container[int], end: int) -> Iterator[tuple[int, int]]:
    """Give the ranges of numbers below `end` that are not there: first and behind the last."""
    begin: int | None = None
    for number in range(end + 1):
        is_missing = number < end and number not in there
        if is_missing and begin is None:
            begin = number
        elif not is_missing and begin is not None:
            yield begin, number
            begin = None


def _kill_children(play: Play, folder: Path, place: Sequence[str]) -> int:
    """Let children record and kill them; give how many points were called safe."""
    chance, safe = Random(play.seed), 0  # noqa: S311 - a play, no secret
    for _ in range(play.kills):
        child = start(folder, safe, play.rate, place)
        said = child.listen(FIRST_S)
        until = monotonic() + chance.uniform(*play.life_s)
        while monotonic() < until:
            said = child.listen(until - monotonic()) or said
        if said is None or not child.process.is_alive():
            raise RuntimeError(f"the child ended by itself: {child.process.exitcode}")
        child.process.kill()
        while (later := child.listen(0.0)) is not None:
            said = later
        child.end(FIRST_S)
        safe = said + 1
    return safe


def _drain(folder: Path, safe: int, place: Sequence[str]) -> None:
    """Let what is left be sent; it has to end by itself, and well."""
    if code := start(folder, safe, 0.0, place).end(DRAIN_S):
        raise RuntimeError(f"what sends the rest ended with {code}")


class _ServerKiller:
    """Kills a server and brings it back, until it is left; then the server runs."""

    def __init__(self, server: InfluxProcess, play: Play) -> None:
        self._server = server
        self._play = play
        self._chance = Random(play.seed + 1)  # noqa: S311 - a play, no secret
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.kills = 0

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._chance.uniform(*self._play.up_s)):
            self._server.stop(hard=True)
            self.kills += 1
            self._over.wait(self._chance.uniform(*self._play.down_s))
            self._server.start()


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill on both stores; one JSON list on standard output. 0: nothing is missing and nothing is there twice."""
    parser = argparse.ArgumentParser(prog="history_kills", description="history under kills of everything")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2000.0, help="points a second")
    asked = parser.parse_args(arguments)
    play = Play(asked.kills, asked.seed, asked.rate)
    folder = Path(tempfile.mkdtemp())
    (folder / "server").mkdir()
    server = InfluxProcess(found_binary(), folder / "server")
    server.start()
    try:
        on_server = kill_influx(play, folder, server)
        bad = sorted(str(file.relative_to(folder)) for file in (folder / "server").rglob("*.bad"))
        outcomes = [replace(on_server, set_aside=bad), kill_embedded(play, folder)]
    finally:
        server.stop()
    sys.stdout.write(json.dumps([asdict(one) for one in outcomes], indent=1) + "\n")
    if all(one.is_good for one in outcomes):
        shutil.rmtree(folder)
        return 0
    sys.stderr.write(f"kept to be looked at: {folder}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
