"""The process that makes one report for the plant: nicer than all others, bounded, on a connection that only reads."""

import sys
from pathlib import Path
from typing import Final

from scada.commands.bounded import answer, bound
from scada.commands.reports.books import made_of_books
from scada.config import Config, ConfigError
from scada.engine.reporting.task import Task, from_line
from scada.model.reports import report_named
from scada.model.saying import say
from scada.reports.documents.asked import NoSuchDays, day_of
from scada.reports.documents.cover import covered
from scada.reports.forms.cells import tongue
from scada.reports.forms.files import written

TOO_LARGE: Final = "it needs more memory than a report may have: ask for fewer days"
_FILE_BYTES: Final = 64 << 20
"""The largest file that a report may be."""


def main() -> None:
    """Make what is asked on standard input; tell the names of the files, or why there are none."""
    bound(_FILE_BYTES)
    task, config = from_line(sys.stdin.readline())
    answer(lambda: made(task, config), TOO_LARGE, NoSuchDays)


def made(task: Task, config: Config) -> dict[str, object]:
    """Make a report in all its forms."""
    listed = report_named(task.report)
    if listed is None:
        raise ConfigError(f"there is no report {task.report!r}")
    report = made_of_books(config, listed, day_of(task.since), day_of(task.to), task.options)
    if task.covered:
        report = covered(report)
    names: list[str] = []
    speaks = tongue(task.language, config.site.zone_info)
    for form in task.forms:
        file = written(report, speaks, form)
        (Path(task.folder) / file.name).write_bytes(file.content)
        names.append(file.name)
    warning = "" if report.agrees else f" - {speaks.say(say('Something here needs a person.'))}"
    return {"files": names, "title": f"{speaks.say(report.title)} {speaks.days(report.days)}{warning}"}
