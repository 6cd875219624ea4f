"""Write tables as we read them: CSV, or a workbook in which every cell is text so that no sheet spoils it."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

Cells = Mapping[str, str]


def as_csv(columns: Sequence[str], rows: Iterable[Cells]) -> bytes:
    """Write a table as CSV; the mark in front tells a spreadsheet that it is UTF-8."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(title: str, columns: Sequence[str], rows: Iterable[Cells]) -> bytes:
    """Write a table as a workbook."""
    from openpyxl import Workbook  # it takes 0.2 s to load, and most exports are text
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "B2"
    for cells in ({column: column for column in columns}, *rows):
        line = []
        for column in columns:
            cell = WriteOnlyCell(sheet, cells.get(column, ""))
            cell.number_format = "@"
            line.append(cell)
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def used(columns: Sequence[str], rows: Sequence[Cells], always: Sequence[str]) -> list[str]:
    """Leave out columns that no row fills."""
    return [column for column in columns if column in always or any(row.get(column) for row in rows)]
