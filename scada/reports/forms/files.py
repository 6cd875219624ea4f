"""A report as a file: its bytes, its name's ending, and what kind of content that is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from scada.reports.documents.document import Report
from scada.reports.forms.cells import Tongue
from scada.reports.forms.data import csv_file, json_text

Writer = Callable[[Report, Tongue], tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class File:
    """One file, named after what it tells: `demo-openings-2026-05-01-2026-05-31.pdf`."""

    name: str
    content: bytes


def written(report: Report, tongue: Tongue, form: str) -> File:
    """Write a report in one of the forms of `scada.model.reports.FORMATS`."""
    ending, content = _WRITERS[form](report, tongue)
    days = report.days
    last = "" if days.first == days.last else f"-{days.last}"
    return File(f"{report.site.id}-{report.name}-{days.first}{last}.{ending}", content)


def _json(report: Report, tongue: Tongue) -> tuple[str, bytes]:
    return "json", json_text(report, tongue).encode()


_WRITERS: Final[Mapping[str, Writer]] = {"csv": csv_file, "json": _json}
