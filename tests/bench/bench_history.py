"""Ten million points in the embedded history, beside a real InfluxDB 1.6 and a real VictoriaMetrics in the same run.

Thirty days of 200 tags, two of them at 1 Hz. The points go in as the committer stores them, in the order of time; after
every day the file is looked after as the keeper's thread would: rolled up, packed. Then a trend of a day of a tag at
1 Hz in 500 buckets, and a month by the hour, with mean, lowest and highest, of one tag and of all.
"""

import argparse
import contextlib
import gc
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import numpy as np

from scada.clock import VirtualClock
from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.store.historian.embedded import EmbeddedHistorian
from scada.store.historian.embedded.keeper import Keeper, open_for_upkeep
from scada.store.historian.embedded.schema import SCHEMA
from scada.store.historian.files import open_file
from scada.store.historian.keeping import Keeping
from scada.store.historian.points import Point, unix_ms
from scada.store.historian.remote.lines import line
from tests.bench.support import cpu_s, percentile, run, show
from tests.support.timeseries.influx import InfluxProcess
from tests.support.timeseries.victoria import VictoriaProcess

LIMIT_S = 2400
SITE = SiteId("bench")
DAYS, TAGS, FAST = 30, 200, 2
POINTS = 10_000_000
BATCH, LINES = 10_000, 5_000
START = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = [TagName(f"l{number % 4}.analog.channel_{number:03d}") for number in range(TAGS)]
ROUNDS = 5
BARE_US, BARE_PER_S = 2.65, 320_000
"""Of the reference: what a bare row costs, and how many go in in a second, on its machine."""


@dataclass(frozen=True, slots=True)
class Target:
    """The bold row of `historian.md` §6."""

    bytes_each: float = 4.35
    day_ms: float = 88.0
    month_ms: float = 160.0
    one_ms: float = 0.7
    per_s: float = 256_000
    cpu_us: float = 3.7
    commit_ms: tuple[float, float] = (37.0, 58.0)


@dataclass(slots=True)
class Figures:
    """What one store took."""

    points: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    commits_ms: list[float] = field(default_factory=list)
    size: int = 0
    day_ms: float = 0.0
    month_ms: float = 0.0
    one_ms: float = 0.0

    def row(self, who: str) -> list[str]:
        """Give the line of the table."""
        commits = ""
        if self.commits_ms:
            commits = f"{percentile(self.commits_ms, 0.5):.0f} / {percentile(self.commits_ms, 0.99):.0f}"
        return [
            who,
            f"{self.points / self.wall_s / 1000:,.0f} k",
            f"{self.cpu_s / self.points * 1e6:.2f}",
            commits,
            f"{self.size / self.points:.2f}",
            f"{self.day_ms:.1f}",
            f"{self.month_ms:,.0f}",
            f"{self.one_ms:.1f}",
        ]


# --- the points ---


def days(count: int) -> Iterator[tuple[datetime, list[list[Point]]]]:
    """Make one day after the other, in batches in the order of time; gives each day's end, too."""
    random = np.random.default_rng(8)
    fast_a_day = 86_400
    slow_a_day = (POINTS // DAYS - FAST * fast_a_day) // (TAGS - FAST) + 1
    last = random.normal(20, 5, TAGS)
    for day in range(count):
        begin_ms = unix_ms(START) + day * 86_400_000
        tags, times, values = [], [], []
        for tag in range(TAGS):
            many = fast_a_day if tag < FAST else slow_a_day
            at = np.sort(random.choice(86_400, many, replace=False)) * 1000
            walk = last[tag] + np.cumsum(random.normal(0, 0.3, many))
            last[tag] = walk[-1]
            tags.append(np.full(many, tag))
            times.append(begin_ms + at + tag)
            values.append(np.round(walk, 2 if tag < FAST else 1))
        order = np.argsort(np.concatenate(times), kind="stable")
        rows = zip(
            np.concatenate(tags)[order].tolist(),
            np.concatenate(times)[order].tolist(),
            np.concatenate(values)[order].tolist(),
            strict=True,
        )
        made = [Point(NAMES[tag], at, value, None, 0) for tag, at, value in rows]
        gc.freeze()  # a day of ready points is the bench's: a plant's collector has none such to look through
        yield START + timedelta(days=day + 1), [made[at : at + BATCH] for at in range(0, len(made), BATCH)]


# --- the embedded store ---


class Embedded:
    """The product's own store, driven as its committer and its keeper drive it."""

    def __init__(self, folder: Path) -> None:
        self.figures = Figures()
        self.path = folder / "history.db"
        self.clock = VirtualClock(START)
        keeping = Keeping(raw_days=3650)
        self.historian = EmbeddedHistorian(self.path, SITE, self.clock, keeping=keeping)
        self.historian._connection, _ = self.historian._open()
        self.upkeep = open_for_upkeep(self.path)
        self.keeper = Keeper(self.path, self.clock, keeping)

    def take(self, end: datetime, batches: Sequence[list[Point]]) -> None:
        """Store a day, then look after the file; the last day while it is being looked after."""
        self.clock.advance((end - self.clock.now()).total_seconds())
        began, cpu = time.perf_counter(), time.process_time()
        for batch in batches:
            before = time.perf_counter()
            self.historian._store(batch)
            self.figures.commits_ms.append((time.perf_counter() - before) * 1000)
            self.figures.points += len(batch)
        self.keeper.round(self.upkeep)
        self.figures.wall_s += time.perf_counter() - began
        self.figures.cpu_s += time.process_time() - cpu

    def ask(self, end: datetime) -> None:
        """Take the time of the three questions."""
        self.clock.advance(3700)
        self.keeper.round(self.upkeep)
        hours = (end - START) // timedelta(hours=1)
        self.figures.day_ms = _took(lambda: self._trend(NAMES[:1], end - timedelta(days=1), end, 500))
        self.figures.month_ms = _took(lambda: self._trend(NAMES, START, end, hours))
        self.figures.one_ms = _took(lambda: self._trend(NAMES[FAST : FAST + 1], START, end, hours))
        self.upkeep.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self.figures.size = self.path.stat().st_size

    def _trend(self, names: Sequence[TagName], since: datetime, end: datetime, pixels: int) -> None:
        now_ms = unix_ms(self.clock.now())
        cut = self.keeper._keeping.grid(unix_ms(since), unix_ms(end), pixels, now_ms, UTC)
        found = self.historian._trend(names, cut, now_ms)
        if len(found) != len(names) or len(found[0]) != pixels or None in found[0].mean[24:]:
            raise RuntimeError(f"{len(found)} series of {len(found[0])} buckets")

    def close(self) -> None:
        """Close the file."""
        self.upkeep.close()
        self.historian._connection.close()


def commits_beside_sealing(folder: Path, batches: Sequence[list[Point]]) -> list[float]:
    """Commit as the plant does at 2,000 points a second while a whole day is being packed; give what commits took."""
    embedded = Embedded(folder)
    for batch in batches:
        embedded.historian._store(batch)
    embedded.clock.advance(2 * 86_400)
    packing = threading.Thread(target=embedded.keeper.round, args=(embedded.upkeep,))
    packing.start()
    took, number = list[float](), 0
    while packing.is_alive():
        late = [Point(NAMES[0], unix_ms(embedded.clock.now()) + number + at, 1.0, None, 0) for at in range(500)]
        number += len(late)
        before = time.perf_counter()
        embedded.historian._store(late)
        took.append((time.perf_counter() - before) * 1000)
        packing.join(0.02)
    embedded.close()
    return took


# --- bare SQLite: what the machine gives today ---


def bare_rows(folder: Path, batches: Sequence[list[Point]]) -> tuple[float, float]:
    """Write a day of ready-made rows into the plain table; give points a second, and CPU a point in µs."""
    connection = open_file(folder / "bare.db", SCHEMA)
    ids = {name: number for number, name in enumerate(NAMES)}
    ready = [[(ids[one.name], one.at_ms, one.value, None, 0) for one in batch] for batch in batches]
    began, cpu = time.perf_counter(), time.process_time()
    for rows in ready:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT OR REPLACE INTO point VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    points, wall_s, spent_s = sum(map(len, ready)), time.perf_counter() - began, time.process_time() - cpu
    connection.close()
    return points / wall_s, spent_s / points * 1e6


# --- the servers ---


class Server:
    """A time-series server that takes ready lines; its own CPU counts."""

    def __init__(self, url: str, write: str, pid: int, folder: Path) -> None:
        self.figures = Figures()
        self.url, self._write, self._pid, self._folder = url, write, pid, folder

    def take(self, _: datetime, batches: Sequence[list[Point]]) -> None:
        """Write a day."""
        lines = [line(SITE, point) for batch in batches for point in batch]
        bodies = ["\n".join(lines[at : at + LINES]).encode() for at in range(0, len(lines), LINES)]
        began, cpu = time.perf_counter(), cpu_s(self._pid)
        for body in bodies:
            with urlopen(Request(f"{self.url}{self._write}", data=body), timeout=60) as reply:  # noqa: S310
                reply.read()
        self.figures.wall_s += time.perf_counter() - began
        self.figures.cpu_s += cpu_s(self._pid) - cpu
        self.figures.points += len(lines)

    def weigh(self) -> None:
        """Take the size of its data."""
        self.figures.size = sum(file.stat().st_size for file in self._folder.rglob("*") if file.is_file())

    def get(self, path: str, **arguments: str) -> bytes:
        """Ask over HTTP."""
        with urlopen(f"{self.url}{path}?{urlencode(arguments)}", timeout=600) as reply:  # noqa: S310
            return bytes(reply.read())


def ask_influx(server: Server, end: datetime) -> None:
    """Take the time of the three questions in InfluxQL."""
    what = 'SELECT mean("value"), min("value"), max("value") FROM "scada"'

    def took(since: datetime, where: str, group: str, rounds: int) -> float:
        text = f"{what} WHERE time >= {unix_ms(since)}ms AND time < {unix_ms(end)}ms{where} GROUP BY {group}"
        return _took(lambda: server.get("/query", db="bench", epoch="ms", q=text), rounds)

    server.figures.day_ms = took(end - timedelta(days=1), _where(0), "time(172800ms)", ROUNDS)
    server.figures.one_ms = took(START, _where(FAST), "time(1h)", ROUNDS)
    server.figures.month_ms = took(START, "", 'time(1h), "lane", "point"', 1)


def ask_victoria(server: Server, end: datetime) -> None:
    """Take the time of the three questions, each by its three functions."""

    def took(since: datetime, selector: str, step: str, rounds: int) -> float:
        def ask() -> None:
            for function in ("avg", "min", "max"):
                query = f"{function}_over_time(scada_value{selector}[{step}])"
                times = {"start": f"{since.timestamp():.0f}", "end": f"{end.timestamp():.0f}"}
                server.get("/api/v1/query_range", query=query, step=step, nocache="1", **times)

        return _took(ask, rounds)

    server.figures.day_ms = took(end - timedelta(days=1), _selector(0), "173s", ROUNDS)
    server.figures.one_ms = took(START, _selector(FAST), "1h", ROUNDS)
    server.figures.month_ms = took(START, "", "1h", 1)


def _where(tag: int) -> str:
    lane, _, point = NAMES[tag].partition(".")
    return f" AND \"lane\"='{lane}' AND \"point\"='{point}'"


def _selector(tag: int) -> str:
    lane, _, point = NAMES[tag].partition(".")
    return f'{{lane="{lane}",point="{point}"}}'


def _took(ask: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Give the middle of some rounds, in ms."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


# --- all of it ---


def fill(count: int, stores: Sequence[Embedded | Server]) -> None:
    """Give every day to every store in turn."""
    for end, batches in days(count):
        for store in stores:
            store.take(end, batches)


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[tuple[Server | None, Server | None]]:
    """Start the servers that are installed."""
    with contextlib.ExitStack() as stack:
        influx = victoria = None
        influxd, metrics = shutil.which("influxd"), shutil.which("victoria-metrics")
        if influxd is not None:
            (folder / "influx").mkdir()
            process = InfluxProcess(influxd, folder / "influx")
            stack.callback(process.stop)
            process.start()
            process.ask('CREATE DATABASE "bench"')
            influx = Server(process.url, "/write?db=bench&precision=ms", _pid(process), folder / "influx")
        if metrics is not None:
            (folder / "victoria").mkdir()
            other = VictoriaProcess(metrics, folder / "victoria")
            stack.callback(other.stop)
            other.start()
            victoria = Server(other.url, "/write?precision=ms", _pid(other), folder / "victoria" / "data")
        yield influx, victoria


def _pid(process: InfluxProcess | VictoriaProcess) -> int:
    started = process._process
    if started is None:
        raise RuntimeError("the server did not start")
    return started.pid


def judge(figures: Figures, bare: tuple[float, float], beside_ms: Sequence[float]) -> bool:
    """Say of each target whether it was kept; those of time as much easier as bare rows are slower here."""
    target, (bare_per_s, bare_us) = Target(), bare
    slower = max(1.0, bare_us / BARE_US)
    kept = [
        ("day, ms", figures.day_ms, target.day_ms),
        ("month of all tags, ms", figures.month_ms, target.month_ms),
        ("month of one tag, ms", figures.one_ms, target.one_ms),
        ("CPU a point with packing, µs", figures.cpu_s / figures.points * 1e6, target.cpu_us),
        ("commit p50, ms", percentile(figures.commits_ms, 0.5), target.commit_ms[0]),
        ("commit p99, ms", percentile(figures.commits_ms, 0.99), target.commit_ms[1]),
        ("commit of 500 beside packing p99, ms", percentile(beside_ms, 0.99), target.commit_ms[1]),
    ]
    each = figures.size / figures.points
    rows = [["bytes a point", f"{each:.2f}", f"{target.bytes_each}", "", _word(each <= target.bytes_each)]]
    for what, was, most in kept:
        rows.append([what, f"{was:.2f}", f"{most:g}", f"{most * slower:.2f}", _word(was <= most * slower)])
    per_s, least = figures.points / figures.wall_s, target.per_s * min(1.0, bare_per_s / BARE_PER_S)
    rows.append(
        ["points/s with packing", f"{per_s:,.0f}", f"{target.per_s:,.0f}", f"{least:,.0f}", _word(per_s >= least)]
    )
    note = f"bare rows take {bare_us:.2f} µs of CPU a point here, {bare_per_s:,.0f} a second go in; "
    note += f"{BARE_US} and {BARE_PER_S:,} on the reference's machine"
    show("against the reference", ["", "was", "target", "target here", ""], rows, note)
    return all(row[-1] == "kept" for row in rows)


def _word(is_kept: bool) -> str:
    return "kept" if is_kept else "not kept"


def main() -> None:
    """Fill, ask, show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help="fewer for a glance: a month is then as short")
    asked = parser.parse_args().days
    with tempfile.TemporaryDirectory() as name, servers(Path(name)) as (influx, victoria):
        folder = Path(name)
        embedded, end = Embedded(folder), START + timedelta(days=asked)
        fill(asked, [store for store in (embedded, influx, victoria) if store is not None])
        embedded.ask(end)
        rows = [embedded.figures.row("embedded")]
        if influx is not None:
            ask_influx(influx, end)
            influx.weigh()
            rows.append(influx.figures.row("influxd 1.6"))
        if victoria is not None:
            victoria.get("/internal/force_flush")
            ask_victoria(victoria, end)
            victoria.weigh()
            rows.append(victoria.figures.row("VictoriaMetrics"))
        embedded.close()
        _, day = next(days(1))
        bare = bare_rows(folder, day)
        (folder / "beside").mkdir()
        beside = commits_beside_sealing(folder / "beside", day)
    heads = ["store", "points/s", "CPU µs", "commit p50/p99 ms", "B/point", "day ms", "month, all ms", "one ms"]
    show(f"{embedded.figures.points:,} points", heads, rows)
    if not judge(embedded.figures, bare, beside):
        sys.exit(1)


if __name__ == "__main__":
    run(main, LIMIT_S)
