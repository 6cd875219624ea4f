"""What the benches share: interleaved rounds, medians, CPU and memory of any process, helpers that end, and one table.

The machine may be busy with other things. So everything is measured beside a peer, in turns, and told as a ratio.
"""

import logging
import multiprocessing
import signal
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import structlog
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

LIMIT_S = 60
"""A bench that takes longer is stopped and says so, unless it has a limit of its own."""
WIDTH = 118
_START_S = 120.0
_SPAWN = multiprocessing.get_context("spawn")


def run(main: Callable[[], None], limit_s: int = LIMIT_S) -> None:
    """Run a bench within a limit. It ends by an exception, so that whatever it started is stopped too."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, _told_to_stop)
    signal.alarm(limit_s)
    main()
    signal.alarm(0)


def _too_long(number: int, frame: object) -> None:
    raise SystemExit("stopped: it took longer than it may")


def _told_to_stop(number: int, frame: object) -> None:
    raise SystemExit(143)


@contextmanager
def child(serve: Callable[..., None], *arguments: object) -> Iterator[int]:
    """Run `serve(*arguments, ready)` in a process of its own until the block ends; gives its pid once it is ready."""
    ready = _SPAWN.Event()
    process = _SPAWN.Process(target=serve, args=(*arguments, ready), daemon=True)
    process.start()
    try:
        if not ready.wait(_START_S):
            raise RuntimeError(f"{serve.__name__} did not start within {_START_S:g} s")
        yield _pid(process)
    finally:
        process.kill()
        process.join()


def _pid(process: BaseProcess) -> int:
    if process.pid is None:
        raise RuntimeError(f"{process.name} has no pid")
    return process.pid


def family(pid: int) -> list[int]:
    """Give a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *map(int, children)]


def cpu_s(*pids: int) -> float:
    """CPU seconds that processes have used so far, all their threads, to the nanosecond (Linux's clock of a pid)."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def memory_mb(*pids: int) -> float:
    """Memory of processes, shared pages shared out (PSS)."""
    rollups = (Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii") for pid in pids)
    return sum(int(line.split()[1]) for text in rollups for line in text.splitlines() if line.startswith("Pss:")) / 1024


def own_mb(*pids: int) -> float:
    """Memory that processes have for themselves: it grows with what they keep, and not when others share less."""
    rollups = (Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii") for pid in pids)
    lines = [line for text in rollups for line in text.splitlines() if line.startswith("Anonymous:")]
    return sum(int(line.split()[1]) for line in lines) / 1024


def rss_mb(pid: int) -> float:
    """Resident memory of a process, as FUXA's was taken."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def cpu_us(work: Callable[[], object], calls: int) -> float:
    """CPU microseconds of one call, for work that waits for nothing."""
    began = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - began) / calls * 1e6


def in_turns(rounds: int, works: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Let every work measure itself once a round, first ones taking turns; give each one's median."""
    names = list(works)
    seen: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seen[name].append(works[name]())
    return {name: statistics.median(values) for name, values in seen.items()}


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that a share of all stays below."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def times(value: float, limit: float) -> str:
    """Say how many times the limit a value is."""
    share = value / limit
    return f"{share:.2f} ×" if share < 10 else f"{share:,.0f} ×"


def kept(good: bool) -> str:
    """Say whether a limit was kept."""
    return "kept" if good else "NOT KEPT"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> None:
    """Print one table; numbers stand at the right."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(width=WIDTH, highlight=False)
    console.print(table)
    console.print(f"{note}\n" if note else "", style="dim")
