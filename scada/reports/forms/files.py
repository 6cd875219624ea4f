"""A report as a file: its bytes, its name's ending, and what kind of content that is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final, cast

from scada.reports.documents.document import Report
from scada.reports.forms.cells import Tongue

Writer = Callable[[Report, Tongue], tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class File:
    """One file, named after what it tells: `demo-openings-2026-05-01-2026-05-31.pdf`."""

    name: str
    content: bytes


def written(report: Report, tongue: Tongue, form: str) -> File:
    """Write a report in one of the forms of `scada.model.reports.FORMATS`, or as a piece for a page of ours."""
    ending, content = _writer(form)(report, tongue)
    days = report.days
    last = "" if days.first == days.last else f"-{days.last}"
    return File(f"{report.site.id}-{report.name}-{days.first}{last}.{ending}", content)


def _writer(form: str) -> Writer:
    """Import a form when it is asked for: a table on the screen needs no library of PDF."""
    module, _, function = _WRITERS[form].partition(":")
    return cast(Writer, getattr(import_module(f"scada.reports.forms.{module}"), function))


_WRITERS: Final[Mapping[str, str]] = {
    "html": "page:html_file",
    "piece": "page:piece_file",
    "xlsx": "workbook:workbook",
    "csv": "data:csv_file",
    "pdf": "pdf.document:pdf",
    "json": "data:json_file",
}
