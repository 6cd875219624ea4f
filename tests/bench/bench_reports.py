"""How long each report takes over a month of 1,500 passages a day: from the click to the piece that the page shows.

Each is made as the plant makes it, by a process of its own that starts, reads the books, reckons and writes. What it
costs is told as processor time besides: on a busy machine a person waits for others, too.
"""

import asyncio
import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from scada.config import Config, load
from scada.engine.reporting.runs import ReportRuns
from scada.engine.reporting.task import Task
from scada.model.reports import FORMATS, REPORTS
from scada.store.db import writing_engine
from tests.bench.support import run, show
from tests.support.house import site_beside
from tests.support.monthbooks import Month, Shape
from tests.support.store import give_tables

LIMIT_S = 600
MOST_S = 2.0
HEAVY = "traffic"
"""The report whose forms are compared."""


def main() -> None:
    """Measure, print the tables, and end with an error if a report takes longer than it may."""
    with tempfile.TemporaryDirectory() as folder:
        config, shape = _site(Path(folder))
        rows = asyncio.run(_measured(config, shape, Path(folder)))
    show("a month of 1,500 passages a day", ("report", "form", "waited, s", "processor, s", "kB"), rows)
    slow = [row[0] for row in rows if row[1] == "piece" and float(row[3]) > MOST_S]
    if slow:
        raise SystemExit(f"longer than {MOST_S:g} s: {', '.join(slow)}")


def _site(folder: Path) -> tuple[Config, Shape]:
    file, shape = site_beside(folder, ("# data = ", 'data = "data"  # ')), Shape()
    url = f"sqlite:///{folder / 'data' / 'daozha.db'}"
    give_tables(url)
    engine = writing_engine(url)
    with engine.begin() as conn:
        Month(shape).write(conn)
    engine.dispose()
    return load(file), shape


async def _measured(config: Config, shape: Shape, folder: Path) -> list[tuple[str, ...]]:
    runs = ReportRuns(config, limit_s=LIMIT_S)
    days = shape.first.isoformat(), (shape.first + timedelta(days=shape.days - 1)).isoformat()
    asked = [(one.name, "piece") for one in REPORTS] + [(HEAVY, form) for form in FORMATS]
    return [await _one(runs, Task(name, *days, (form,), "zh", str(folder)), folder) for name, form in asked]


async def _one(runs: ReportRuns, task: Task, folder: Path) -> tuple[str, ...]:
    began_s, before_s = time.perf_counter(), _spent_s()
    made = await runs.make(task)
    waited_s, spent_s = time.perf_counter() - began_s, _spent_s() - before_s
    size = (folder / made.files[0]).stat().st_size
    return task.report, task.forms[0], f"{waited_s:.2f}", f"{spent_s:.2f}", f"{size / 1024:,.0f}"


def _spent_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    run(main, LIMIT_S)
