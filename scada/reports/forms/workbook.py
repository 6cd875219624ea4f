"""A report as an Excel workbook: a sheet a section, numbers and times as such, the head frozen, sums below."""

import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from scada.model.saying import say
from scada.reports.documents.codes import spoken
from scada.reports.documents.document import Cell, Column, Figure, Kind, Report, Section, Table
from scada.reports.forms.cells import Tongue, spread
from scada.reports.forms.chart.drawing import text_width
from scada.reports.forms.sheetchart import chart_sheet
from scada.reports.forms.sheettext import sheet_text

_FORMATS: Final = {
    Kind.COUNT: "#,##0",
    Kind.FEN: "#,##0.00",
    Kind.DURATION: "[h]:mm:ss",
    Kind.PERCENT: "0.0%",
    Kind.FIGURE: "#,##0.00",
    Kind.MOMENT: "yyyy-mm-dd hh:mm:ss",
    Kind.DAY: "yyyy-mm-dd",
    Kind.LIST: "#,##0",
}
_BOLD: Final = Font(bold=True)
_TITLE: Final = Font(bold=True, size=14)
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\']")
_WIDEST: Final = 60.0
_LOOKED_AT: Final = 200
"""Rows by which the width of a column is chosen."""
_MOST_ROWS: Final = 1_000_000


def workbook(report: Report, tongue: Tongue) -> tuple[str, bytes]:
    """Write a report as a workbook."""
    book = Workbook(write_only=True)
    _front(book, report, tongue)
    names: set[str] = {_front_name(tongue)}
    drawn = tongue.say(say("Chart"))
    for section in report.sections:
        heading = tongue.say(section.heading)
        if section.table is not None:
            _sheet(book, _name(heading, names), section.table, tongue)
        if section.chart is not None and section.chart.labels:
            name = _name(f"{heading} · {drawn}", names)
            chart_sheet(book, name, section.chart, heading, tongue)
    out = io.BytesIO()
    book.save(out)
    return "xlsx", out.getvalue()


def _front_name(tongue: Tongue) -> str:
    return tongue.say(say("Report"))


def _front(book: Workbook, report: Report, tongue: Tongue) -> None:
    """Write the first sheet: what the report is, its figures and notes."""
    sheet = book.create_sheet(_front_name(tongue))
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 44, 24
    sheet.append([sheet_text(sheet, tongue.say(report.title), _TITLE)])
    sheet.append([sheet_text(sheet, tongue.of_site(report))])
    sheet.append([tongue.days(report.days)])
    sheet.append([tongue.say(say("made at %(at)s", at=tongue.moment(report.made_at)))])
    if not report.agrees:
        sheet.append([sheet_text(sheet, tongue.say(say("Something here needs a person.")), _BOLD)])
    for section in report.sections:
        _figures(sheet, section, tongue)


def _figures(sheet: WriteOnlyWorksheet, section: Section, tongue: Tongue) -> None:
    if not section.figures and not section.notes:
        return
    sheet.append([])
    sheet.append([sheet_text(sheet, tongue.say(section.heading), _BOLD)])
    for note in section.notes:
        sheet.append([sheet_text(sheet, tongue.say(note))])
    for one in section.figures:
        sheet.append([tongue.say(one.title), _figure(sheet, one, tongue)])


def _figure(sheet: WriteOnlyWorksheet, one: Figure, tongue: Tongue) -> object:
    return _cell(sheet, one.value, Column(one.key, one.title, one.kind), tongue)


def _sheet(book: Workbook, name: str, table: Table, tongue: Tongue) -> None:
    sheet = book.create_sheet(name)
    heads = [head for column in table.columns for head in _heads(column, tongue)]
    rows = table.rows[:_MOST_ROWS]
    for number, width in enumerate(_widths(table, heads, rows, tongue), 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A2"
    sheet.append([sheet_text(sheet, head, _BOLD) for head in heads])
    for row in rows:
        sheet.append(_line(sheet, table.columns, row, tongue))
    if (totals := table.totals) is not None:
        sums = _line(sheet, table.columns, totals, tongue, sums=True)
        sheet.append([tongue.say(say("all together")) if sums[0] is None else sums[0], *sums[1:]])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(heads))}{len(rows) + 1}"


def _heads(column: Column, tongue: Tongue) -> Sequence[str]:
    if not column.words:
        return (tongue.say(column.title),)
    return tuple(f"{tongue.say(column.title)}: {tongue.say(spoken(word))}" for word in column.words)


def _line(
    sheet: WriteOnlyWorksheet, columns: Sequence[Column], row: Sequence[Cell], tongue: Tongue, *, sums: bool = False
) -> list[object]:
    """Write a row; the sums' row has nothing where nothing adds up."""
    cells: list[object] = []
    for column, cell in zip(columns, row, strict=True):
        if sums and column.words and cell is None:
            cells += [None] * len(column.words)
        else:
            cells += [_cell(sheet, value, column, tongue) for value in spread(column, cell)]
    return cells


def _cell(sheet: WriteOnlyWorksheet, cell: Cell, column: Column, tongue: Tongue) -> object:
    if cell is None or cell == "":
        return None
    value = _value(cell, column, tongue)
    if isinstance(value, str):
        return sheet_text(sheet, value)
    written = WriteOnlyCell(sheet)
    written.value = value
    written.number_format = _FORMATS.get(Kind.COUNT if column.words else column.kind, "General")
    return written


def _value(cell: Cell, column: Column, tongue: Tongue) -> str | float | date | timedelta:
    """Give a cell as Excel reckons with it: yuan, days, local time."""
    if isinstance(cell, datetime):
        return cell.astimezone(tongue.zone).replace(tzinfo=None)
    if isinstance(cell, date):
        return cell
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        text = tongue.cell(cell, column)
        return int(text) if column.kind is Kind.LIST else text
    if column.kind is Kind.FEN:
        return cell / 100
    return timedelta(seconds=cell) if column.kind is Kind.DURATION else cell


def _widths(table: Table, heads: Sequence[str], rows: Sequence[Sequence[Cell]], tongue: Tongue) -> Iterable[float]:
    found = [text_width(head, 1.0) * 2 for head in heads]
    for row in [*rows[:_LOOKED_AT], *filter(None, (table.totals,))]:
        place = 0
        for column, cell in zip(table.columns, row, strict=True):
            if not column.words:
                found[place] = max(found[place], text_width(tongue.cell(cell, column), 1.0) * 2)
            place += len(column.words) or 1
    return (min(_WIDEST, width + 2) for width in found)


def _name(heading: str, taken: set[str]) -> str:
    """Give a sheet a name that Excel takes and no other has."""
    whole = _FORBIDDEN.sub(" ", heading)[:28].strip() or "_"
    name = next(one for one in (whole, *(f"{whole} {number}" for number in range(2, 99))) if one not in taken)
    taken.add(name)
    return name
