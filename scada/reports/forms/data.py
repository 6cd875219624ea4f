"""A report for programs: JSON with every table under its name, and CSV of one table or a zip of all.

Keys and codes are the same in every language, amounts are whole fen, times the site's with their distance from UTC.
"""

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from scada.model.saying import Words
from scada.reports.documents.document import Cell, Column, Figure, Kind, Report, Table
from scada.reports.forms.cells import Tongue, spread

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With these a text becomes a formula where a spreadsheet opens it."""
_BOM = "\ufeff"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def as_object(report: Report, tongue: Tongue) -> dict[str, object]:
    """Give a report as JSON has it."""
    told: dict[str, object] = {
        "site": report.site.id,
        "report": report.name,
        "from": report.days.first.isoformat(),
        "to": report.days.last.isoformat(),
        "zone": report.site.zone.key,
        "made_at": _plain(report.made_at, tongue),
        "agrees": report.agrees,
    }
    for section in report.sections:
        figures = {one.key: _plain(one.value, tongue) for one in section.figures}
        told |= {section.name: figures} if section.name and figures else figures
        if section.table is not None:
            told[section.table.name] = _rows(section.table, tongue)
    return told


def json_text(report: Report, tongue: Tongue) -> str:
    """Give a report as one JSON object on a line."""
    return json.dumps(as_object(report, tongue), ensure_ascii=False) + "\n"


def json_file(report: Report, tongue: Tongue) -> tuple[str, bytes]:
    """Give a report as a file of JSON."""
    return "json", json_text(report, tongue).encode()


def _rows(table: Table, tongue: Tongue) -> list[dict[str, object]]:
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, (_plain(cell, tongue) for cell in row), strict=True)) for row in table.rows]


def _plain(cell: object, tongue: Tongue) -> object:
    match cell:
        case Words():
            return str(cell)
        case datetime():
            return cell.astimezone(tongue.zone).isoformat(timespec="seconds")
        case date():
            return cell.isoformat()
        case Mapping():
            return {str(name): _plain(value, tongue) for name, value in cell.items()}
        case str():
            return cell
        case Sequence():
            return [_plain(one, tongue) for one in cell]
        case _:
            return cell


def csv_text(table: Table, tongue: Tongue) -> str:
    """Give a table as CSV, without its sums: whoever reads it adds up himself."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([name for column in table.columns for name in (column.words or (column.key,))])
    for row in table.rows:
        writer.writerow(list(_line(table.columns, row, tongue)))
    return out.getvalue()


def _line(columns: Sequence[Column], row: Sequence[Cell], tongue: Tongue) -> Iterator[object]:
    for column, cell in zip(columns, row, strict=True):
        for value in spread(column, cell):
            yield _safe(_flat(value, column, tongue))


def _flat(cell: Cell, column: Column, tongue: Tongue) -> object:
    match cell:
        case Mapping():
            return ", ".join(f"{word} {times:+d}" for word, times in cell.items() if isinstance(times, int) and times)
        case str() | Words():
            return str(cell)
        case Sequence():
            return len(cell) if column.kind is Kind.LIST else str(cell)
        case _:
            return _plain(cell, tongue)


def _safe(value: object) -> object:
    """Put a sign before a text that a spreadsheet would reckon with."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_DANGEROUS) else value


def csv_files(report: Report, tongue: Tongue) -> dict[str, bytes]:
    """Give every table as a file of its own, with the mark by which spreadsheets know UTF-8."""
    tables = report.tables or (_figures_table([one for section in report.sections for one in section.figures]),)
    return {f"{one.name}.csv": (_BOM + csv_text(one, tongue)).encode() for one in tables}


def _figures_table(figures: Sequence[Figure]) -> Table:
    columns = (Column("key", Words("")), Column("value", Words("")))
    return Table("figures", columns, tuple((one.key, one.value) for one in figures))


def csv_file(report: Report, tongue: Tongue) -> tuple[str, bytes]:
    """Give one CSV file, or a zip of several, with the ending of its name."""
    files = csv_files(report, tongue)
    if len(files) == 1:
        return "csv", next(iter(files.values()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return "zip", out.getvalue()
