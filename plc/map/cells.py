"""What is wrong with a table before its rows mean anything: its heads, and what a spreadsheet has made of its cells."""

from collections.abc import Iterator, Sequence

from plc.map.findings import Finding, error
from plc.map.sheet import Row, Sheet

AS_TEXT = "format the column as text and type it again"
"""What helps against a spreadsheet."""


def check_heads(sheet: Sheet, known: Sequence[str], needed: Sequence[str]) -> Iterator[Finding]:
    """Name unknown columns, double ones, and those without which nothing can be read."""
    remedy = f"the columns are {', '.join(known)}"
    if not sheet.columns:
        yield error("E24", sheet, None, "", "nothing stands in the first line", remedy)
        return
    for number, column in enumerate(sheet.columns):
        if column not in known:
            yield error("E24", sheet, None, column, f"unknown column {column!r}", remedy)
        elif column in sheet.columns[:number]:
            yield error("E24", sheet, None, column, f"column {column!r} stands here twice", "remove one of the two")
    for column in needed:
        if column not in sheet.columns:
            yield error("E24", sheet, None, column, f"there is no column {column!r}", "write it into the first line")


def check_cells(sheet: Sheet) -> Iterator[Finding]:
    """Name cells that a spreadsheet has spoilt, and cells beyond the last column."""
    for row in sheet.rows:
        if row.spoilt:
            yield from _spoilt(sheet, row)
        if row.beyond:
            text = f"{row.beyond[0]!r} stands beyond the last column"
            remedy = "put quotation marks around a text that holds what stands between the cells"
            yield error("E24", sheet, row, sheet.columns[-1] if sheet.columns else "", text, remedy)


def _spoilt(sheet: Sheet, row: Row) -> Iterator[Finding]:
    for column, made in row.spoilt.items():
        text = f"{column} holds {made} ({row[column]}): the spreadsheet made that of what was typed"
        yield error("E04", sheet, row, column, text, AS_TEXT)
