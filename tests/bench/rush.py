"""Fifty browsers on a rush hour: what `bench_rush.py` measures for some minutes and `tests/soak/rush.py` for an hour.

A whole site runs with its virtual car park, cars come one after the other, an operator works. A PLC of the bench's own
stamps its edges; fifty sockets that do what the page does, and a real Chromium, note how old a stamp is when it comes:
there by a MutationObserver, when it stands in the DOM.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TextIO

from playwright.async_api import Page

from scada.engine.health import LAG_TAG, PERIOD_S
from tests.bench.carsite import EDGES, BenchSite, bench_site
from tests.bench.overview import overview_of
from tests.bench.screens import Screen, share_of, sign_in
from tests.bench.support import child, cpu_s, kept, own_mb

SCREENS = 50
EVERY_S = 6.0
SPEED = 20.0
EDGE_MS = 1000
SETTLE_S = 10.0
START_S = 60.0
P99_MS, LAG_MS, GROWTH = 250.0, 20.0, 1.10
_WATCH = """
window.stamps = [];
new MutationObserver((all) => {
  const now_ms = performance.timeOrigin + performance.now();
  for (const {target} of all) {
    if (target.matches('td.value') && target.title) window.stamps.push([target.title, now_ms]);
  }
}).observe(document.body, {subtree: true, attributes: true, attributeFilter: ['title']});
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the processes held for themselves at one moment (MB), and what the last stretch cost (% of a core)."""

    at_s: float
    plant_mb: float
    control_mb: float
    plant_cpu: float
    control_cpu: float


@dataclass(slots=True)
class Rush:
    """What was seen."""

    seconds: float = 0.0
    sockets: Counter[int] = field(default_factory=Counter)
    page: Counter[int] = field(default_factory=Counter)
    lags_ms: list[float] = field(default_factory=list)
    """The product's own figure, once a second: the p99 of its last ten seconds."""
    bare_ms: list[float] = field(default_factory=list)
    """The same of a loop beside that does nothing else: what the machine itself is late."""
    memory: list[Memory] = field(default_factory=list)
    lost: int = 0
    losses: int = 0
    snapshots: int = 0
    cars: tuple[int, int] = (0, 0)
    load: float = 0.0

    @property
    def lag_ms(self) -> float:
        """Give the p99 that the plant showed in the middle of the run."""
        return middle(self.lags_ms)

    @property
    def own_lag_ms(self) -> float:
        """Give what is left of it when what an empty loop beside it was late is taken away."""
        return self.lag_ms - middle(self.bare_ms)

    @property
    def growth(self) -> float:
        """Say how many times as much the two processes held in the last fifth as in the second."""
        fifth = max(1, len(self.memory) // 5)
        early, late = self.memory[fifth : 2 * fifth], self.memory[-fifth:]
        return middle([m.plant_mb + m.control_mb for m in late]) / middle([m.plant_mb + m.control_mb for m in early])


def middle(values: Sequence[float]) -> float:
    """Give the median; 0 of nothing."""
    return sorted(values)[len(values) // 2] if values else 0.0


def serve_bare_lag(path: Path, ready: Event) -> None:
    """Be a loop that does nothing but measure how late it is, as the plant measures itself; writes it line by line."""

    async def serve() -> None:
        late_ms: list[float] = []
        ready.set()
        with path.open("w", encoding="ascii") as file:
            while True:
                began_s = time.monotonic()
                await asyncio.sleep(PERIOD_S)
                late_ms.append(max(0.0, (time.monotonic() - began_s - PERIOD_S) * 1000))
                if len(late_ms) == 200:
                    file.write(f"{sorted(late_ms)[198]:.2f}\n")
                    file.flush()
                    late_ms.clear()

    asyncio.run(serve())


@contextmanager
def rush_site(folder: Path, program: Path) -> Iterator[BenchSite]:
    """Run the site with its cars, and the bare loop beside it."""
    with (
        child(serve_bare_lag, folder / "bare.txt"),
        bench_site(folder, program, words=100, edge_ms=EDGE_MS, every_s=EVERY_S, speed=SPEED) as site,
    ):
        yield site


@asynccontextmanager
async def chromium_page(site: BenchSite) -> AsyncIterator[Page]:
    """Open the tags page of the stamps in a real browser."""
    async with overview_of(site) as page:
        await page.goto(f"{site.url}/tags?q=edge.")
        await page.wait_for_selector(f"tr[data-tag='{EDGES[0]}'] td.value")
        await page.evaluate(_WATCH)
        yield page


async def read_page(page: Page, into: Counter[int]) -> None:
    """Take what the page has noted, and let it forget."""
    wall_s = time.time() - time.monotonic()
    for title, at_ms in await page.evaluate("window.stamps.splice(0)"):
        into[max(0, round(at_ms - wall_s * 1000 - int(title) / 1000))] += 1


class Watcher:
    """Looks at the processes and at the plant's own lag, and counts cars."""

    def __init__(self, site: BenchSite) -> None:
        self.rush = Rush()
        self._pids = (site.pids["plant"], site.pids["control"])
        self._began_s = time.monotonic()
        self._last = (self._began_s, cpu_s(self._pids[0]), cpu_s(self._control))
        self.now: dict[str, object] = {}
        self.begun: dict[str, int] = {}

    @property
    def _control(self) -> int:
        """The worker of the control room: its master only waits."""
        children = Path(f"/proc/{self._pids[1]}/task/{self._pids[1]}/children").read_text(encoding="ascii").split()
        return int(children[0]) if children else self._pids[1]

    def hear(self, name: str, value: object, _status: int) -> None:
        """Take a change."""
        self.now[name] = value
        if name == LAG_TAG and isinstance(value, int | float):
            self.rush.lags_ms.append(value)

    def look(self) -> None:
        """Note memory and CPU now."""
        plant, control = self._pids[0], self._control
        now_s, plant_s, control_s = time.monotonic(), cpu_s(plant), cpu_s(control)
        before_s, plant_before, control_before = self._last
        self._last = (now_s, plant_s, control_s)
        took = max(now_s - before_s, 0.001) / 100
        self.rush.memory.append(
            Memory(
                now_s - self._began_s,
                own_mb(plant),
                own_mb(control) + own_mb(self._pids[1]) * (control != self._pids[1]),
                (plant_s - plant_before) / took,
                (control_s - control_before) / took,
            )
        )


async def watch(site: BenchSite, seconds: float, look_s: float, say: TextIO | None = None) -> Rush:
    """Let fifty screens and a page look for so long; `say`: gets a line at each look."""
    cookie = await asyncio.to_thread(sign_in, site.url, site.name, site.password)
    watcher = Watcher(site)
    screens = [Screen(site.port, cookie, frozenset(EDGES)) for _ in range(SCREENS)]
    screens[0].told = watcher.hear
    staying = [asyncio.create_task(screen.stay()) for screen in screens]
    try:
        async with asyncio.timeout(START_S):
            while not all(screen.is_live for screen in screens):  # noqa: ASYNC110 - fifty conditions, not one event
                await asyncio.sleep(0.05)
        async with chromium_page(site) as page:
            await asyncio.sleep(SETTLE_S)
            _begin_anew(screens, watcher)
            await page.evaluate("window.stamps = []")
            began_s = time.monotonic()
            while (left_s := began_s + seconds - time.monotonic()) > 0:
                await asyncio.sleep(min(look_s, left_s))
                watcher.look()
                await read_page(page, watcher.rush.page)
                if say is not None:
                    say.write(_line(watcher, screens))
                    say.flush()
        return _ended(watcher, screens, time.monotonic() - began_s)
    finally:
        for task in staying:
            task.cancel()
        await asyncio.gather(*staying, return_exceptions=True)


def _begin_anew(screens: Sequence[Screen], watcher: Watcher) -> None:
    for screen in screens:
        screen.ages.by_ms.clear()
        screen.lost = screen.losses = screen.snapshots = 0
    watcher.rush.lags_ms.clear()
    watcher.look()
    watcher.rush.memory.clear()


def _line(watcher: Watcher, screens: Sequence[Screen]) -> str:
    rush, memory = watcher.rush, watcher.rush.memory[-1]
    ages = sum((screen.ages.by_ms for screen in screens), Counter[int]())
    return (
        f"{memory.at_s:6.0f} s  sockets p50 {share_of(ages, 0.5):.0f} p99 {share_of(ages, 0.99):.0f} ms  "
        f"page p99 {share_of(rush.page, 0.99):.0f} ms  lag {middle(rush.lags_ms[-60:]):.1f} ms  "
        f"plant {memory.plant_mb:.1f} MB {memory.plant_cpu:.0f} %  control {memory.control_mb:.1f} MB "
        f"{memory.control_cpu:.0f} %  live {sum(screen.is_live for screen in screens)}  "
        f"losses {sum(screen.losses for screen in screens)}  load {os.getloadavg()[0]:.1f}\n"
    )


def _ended(watcher: Watcher, screens: Sequence[Screen], seconds: float) -> Rush:
    rush = watcher.rush
    rush.seconds = seconds
    rush.sockets = sum((screen.ages.by_ms for screen in screens), Counter[int]())
    rush.lost = sum(screen.lost for screen in screens)
    rush.losses = sum(screen.losses for screen in screens)
    rush.snapshots = sum(screen.snapshots for screen in screens)
    rush.load = os.getloadavg()[1]
    counts = [watcher.now.get(f"{lane}.count.pass") for lane in ("in1", "out1")]
    rush.cars = tuple(one if isinstance(one, int) else 0 for one in counts)  # type: ignore[assignment]
    return rush


def bare_of(folder: Path) -> list[float]:
    """Give what the bare loop wrote."""
    return [float(line) for line in (folder / "bare.txt").read_text(encoding="ascii").splitlines()]


def wrong_with(rush: Rush, *, hour: bool) -> list[str]:
    """Say which limits were not kept. A loop that does nothing may be late too: the machine's own lag is no fault."""
    limits: Mapping[str, bool] = {
        f"sockets: p99 {share_of(rush.sockets, 0.99):.0f} ms": share_of(rush.sockets, 0.99) < P99_MS,
        f"page: p99 {share_of(rush.page, 0.99):.0f} ms": bool(rush.page) and share_of(rush.page, 0.99) < P99_MS,
        f"plant lag {rush.own_lag_ms:.1f} ms": bool(rush.lags_ms) and rush.own_lag_ms < LAG_MS,
        f"{rush.lost} batches lost, {rush.losses} connections": not rush.lost and not rush.losses,
        f"memory grew to {rush.growth:.2f} times": not hour or rush.growth < GROWTH,
    }
    return [what for what, kept in limits.items() if not kept]


def rows_of(rush: Rush) -> list[list[str]]:
    """Write the table: what, measured, limit, kept or not."""
    over = sum(lag >= LAG_MS for lag in rush.lags_ms)
    first, last = rush.memory[min(1, len(rush.memory) - 1)], rush.memory[-1]
    plant = f"{_cpu(rush, 'plant_cpu'):.0f} %, {first.plant_mb:.1f} → {last.plant_mb:.1f} MB"
    control = f"{_cpu(rush, 'control_cpu'):.0f} %, {first.control_mb:.1f} → {last.control_mb:.1f} MB"
    return [
        _ages(f"edge to {SCREENS} sockets, p50/95/99/max of {rush.sockets.total():,}", rush.sockets),
        _ages(f"edge to the DOM of Chromium, of {rush.page.total():,}", rush.page),
        ["the plant loop's lag, p99, median", f"{rush.lag_ms:.1f} ms", "", ""],
        [f"  20 ms and more in so many of {len(rush.lags_ms)} figures", f"{over}", "", ""],
        ["  the same of an empty loop beside it", f"{middle(rush.bare_ms):.1f} ms", "", ""],
        ["  so its own", f"{rush.own_lag_ms:.1f} ms", "< 20 ms", kept(rush.own_lag_ms < LAG_MS)],
        ["batches lost, connections lost", f"{rush.lost}, {rush.losses}", "0, 0", kept(not rush.lost + rush.losses)],
        ["snapshots sent to screens that lagged", f"{rush.snapshots}", "", ""],
        ["plant: CPU, own memory early and late", plant, "", ""],
        ["control room: CPU, own memory early and late", control, "", ""],
        ["both, last fifth to the second", f"× {rush.growth:.3f}", "< 1.10 in an hour", kept(rush.growth < GROWTH)],
        ["cars through the entry, the exit", f"{rush.cars[0]}, {rush.cars[1]}", "", ""],
        ["machine's load in the last 5 minutes", f"{rush.load:.1f} on {os.cpu_count()} cores", "", ""],
    ]  # fmt: skip


def _ages(name: str, seen: Counter[int]) -> list[str]:
    figures = " / ".join(f"{share_of(seen, share):.0f}" for share in (0.5, 0.95, 0.99, 1.0))
    return [name, f"{figures} ms", "p99 < 250 ms", kept(bool(seen) and share_of(seen, 0.99) < P99_MS)]


def _cpu(rush: Rush, part: str) -> float:
    return middle([float(getattr(one, part)) for one in rush.memory])
