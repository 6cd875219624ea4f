"""How long each report takes over a month of 1,500 passages a day, as a person gets it: on the page, by the command.

Both are processes of their own that start, read the books, reckon and write; the page shows a piece of HTML, the
command `daozha report` writes a whole page. What they cost is told as processor time, the start included: on a busy
machine a person waits for others, too. Byte code is kept, as an installation keeps it.
"""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

from scada.config import Config, load
from scada.engine.reporting.runs import Runs
from scada.engine.reporting.task import Task
from scada.model.reports import FORMATS, REPORTS
from scada.store.db import writing_engine
from tests.bench.support import run, show, times
from tests.support.house import site_beside
from tests.support.monthbooks import Month, Shape
from tests.support.store import give_tables

LIMIT_S = 1200
MOST_S = 2.0
ROUNDS = 3
HEAVY = "traffic"
"""The report whose forms are compared."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one report took: seconds that a person waited, seconds of a processor, and what came out."""

    waited_s: float
    spent_s: float
    kb: float = 0.0
    memory_mb: float = 0.0


def main() -> None:
    """Measure, print the tables, and end with an error if a report takes longer than it may."""
    with tempfile.TemporaryDirectory() as folder:
        _keep_byte_code(Path(folder))
        config, shape = _site(Path(folder))
        task = Task(HEAVY, *_days(shape), ("piece",), "zh", folder)
        slow = _reports(config, task)
        _forms(config, task)
    if slow:
        raise SystemExit(f"longer than {MOST_S:g} s: {', '.join(slow)}")


def _keep_byte_code(folder: Path) -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")


def _site(folder: Path) -> tuple[Config, Shape]:
    file, shape = site_beside(folder, ("# data = ", 'data = "data"  # ')), Shape()
    url = f"sqlite:///{folder / 'data' / 'daozha.db'}"
    # in a process of its own: what this one holds would count as theirs, whose memory is told
    writing = get_context("spawn").Process(target=_write, args=(url, shape))
    writing.start()
    writing.join()
    if writing.exitcode:
        raise SystemExit("the month could not be written")
    return load(file), shape


def _write(url: str, shape: Shape) -> None:
    give_tables(url)
    engine = writing_engine(url)
    with engine.begin() as conn:
        Month(shape).write(conn)
    engine.dispose()


def _days(shape: Shape) -> tuple[str, str]:
    return shape.first.isoformat(), (shape.first + timedelta(days=shape.days - 1)).isoformat()


def _reports(config: Config, task: Task) -> list[str]:
    """Measure each report on the page and by the command; give those that take longer than they may."""
    rows, slow = [], []
    for one in REPORTS:
        asked = replace(task, report=one.name)
        _page(config, asked), _command(config, asked)
        pages = [_page(config, asked) for _ in range(ROUNDS)]
        commands = [_command(config, asked) for _ in range(ROUNDS)]
        worst = max(cost.spent_s for cost in (*pages, *commands))
        memory = max(cost.memory_mb for cost in commands)
        rows.append((one.name, *_told(pages), *_told(commands), times(worst, MOST_S), f"{memory:.0f}"))
        if max(map(_median_s, (pages, commands))) > MOST_S:
            slow.append(one.name)
    title = "a month of 1,500 passages a day: processor, s, median and worst; waited, s, worst"
    columns = ("report", "page", "worst", "waited", "command", "worst", "waited", f"worst of {MOST_S:g} s", "MB")
    show(title, columns, rows)
    return slow


def _told(costs: Sequence[Cost]) -> tuple[str, str, str]:
    worst, waited = max(cost.spent_s for cost in costs), max(cost.waited_s for cost in costs)
    return f"{_median_s(costs):.2f}", f"{worst:.2f}", f"{waited:.2f}"


def _median_s(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.spent_s for cost in costs)


def _forms(config: Config, task: Task) -> None:
    costs = {form: _page(config, replace(task, forms=(form,))) for form in FORMATS}
    rows = [(form, f"{one.spent_s:.2f}", f"{one.waited_s:.2f}", f"{one.kb:,.0f}") for form, one in costs.items()]
    show(f"the forms of {HEAVY}", ("form", "processor, s", "waited, s", "kB"), rows)


def _page(config: Config, task: Task) -> Cost:
    """Let it be made as the plant does for the page."""
    began_s, before_s = time.perf_counter(), _spent_s()
    made = asyncio.run(Runs(config, limit_s=LIMIT_S).make(task))
    waited_s, spent_s = time.perf_counter() - began_s, _spent_s() - before_s
    return Cost(waited_s, spent_s, (Path(task.folder) / made.files[0]).stat().st_size / 1024)


def _spent_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _command(config: Config, task: Task) -> Cost:
    """Make it by `daozha report`, as a page in a file."""
    file = Path(task.folder) / "command.html"
    days = ("--from", task.since, "--to", task.to, "--language", task.language, "--out", str(file))
    words = (sys.executable, "-m", "scada", "report", task.report, "--config", str(config.folder / "config.toml"))
    began_s = time.perf_counter()
    with subprocess.Popen((*words, *days)) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"daozha report {task.report} ended with {process.returncode}")
    waited_s, spent_s = time.perf_counter() - began_s, used.ru_utime + used.ru_stime
    return Cost(waited_s, spent_s, file.stat().st_size / 1024, used.ru_maxrss / 1024)


if __name__ == "__main__":
    run(main, LIMIT_S)
