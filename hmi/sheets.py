"""Tables as files: xlsx and CSV, written so that no cell becomes a formula, and read so that no file does harm."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Final

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES: Final = 1_000_000
MOST_UNPACKED: Final = 20_000_000
"""A file that unpacks to more is no table of ours: small files can be made to unpack to gigabytes."""
MOST_PARTS: Final = 200
MOST_ROWS: Final = 5_000
MOST_COLUMNS: Final = 30
LONGEST_CELL: Final = 500
_DAMAGED: Final = "the workbook cannot be read: open it in a spreadsheet and save it as xlsx anew"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Rows = list[list[str]]


class SheetError(Exception):
    """A file that is no table that may be read: why, in English for `said`."""


def as_xlsx(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a workbook of texts; a cell is a text, whatever it begins with."""
    from openpyxl import Workbook  # it takes 0.2 s to load, and few requests want it
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for row in (head, *rows):
        line = []
        for text in row:
            cell = WriteOnlyCell(sheet, value="".join(sign for sign in text if sign.isprintable() or sign == "\n"))
            cell.data_type = "s"
            line.append(cell)
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write CSV as spreadsheets read it; what would be a formula there has an apostrophe before it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in (head, *rows):
        writer.writerow([f"'{text}" if text.startswith(_FORMULA) else text for text in row])
    return out.getvalue().encode("utf-8-sig")


def read_table(raw: bytes) -> Rows:
    """Read the first sheet of a workbook, or CSV, as texts. Raises SheetError."""
    if len(raw) > MOST_BYTES:
        raise SheetError(f"the file has more than {MOST_BYTES // 1_000_000} MB: import it in parts")
    rows = _of_workbook(raw) if raw.startswith(b"PK\x03\x04") else _of_text(raw)
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise SheetError("the file is empty: its first sheet has no row")
    return [row + [""] * (len(rows[0]) - len(row)) for row in rows]


def _of_text(raw: bytes) -> Rows:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SheetError(
            "neither a workbook (xlsx) nor CSV in UTF-8: save it as xlsx or as CSV UTF-8, without a password"
        ) from error
    rows: Rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            _count(len(rows), len(row))
            rows.append([_short(cell, len(rows) + 1) for cell in row])
    except csv.Error as error:
        raise SheetError(f"row {len(rows) + 1} is no CSV: look at the quotes") from error
    return rows


def _of_workbook(raw: bytes) -> Rows:
    _look_at_size(raw)
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(raw), read_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows: Rows = []
        for row in sheet.iter_rows(max_row=MOST_ROWS + 2):
            values = [_text(cell.value, cell.data_type, len(rows) + 1) for cell in row]
            _count(len(rows), len(values))
            rows.append(values)
    except SheetError:
        raise
    except Exception as error:  # whatever is wrong inside the file, openpyxl has no family of exceptions for it
        raise SheetError(_DAMAGED) from error
    return rows


def _look_at_size(raw: bytes) -> None:
    """Refuse what unpacks to too much; zipfile itself reads no more of a part than its directory says."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(raw)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise SheetError(_DAMAGED) from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise SheetError("the workbook unpacks to too much: copy its rows alone into a new one")


def _count(rows: int, columns: int) -> None:
    if rows > MOST_ROWS:
        raise SheetError(f"more than {MOST_ROWS} rows: import them in parts")
    if columns > MOST_COLUMNS:
        raise SheetError(f"row {rows + 1} has more than {MOST_COLUMNS} columns: leave out what is not of the table")


def _text(value: object, kind: str, row: int) -> str:
    if kind == "f":
        raise SheetError(f"row {row} holds a formula: save the values alone")
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat("T", "minutes")
        case date():
            return value.isoformat()
        case _:
            return _short(str(value), row)


def _short(text: str, row: int) -> str:
    text = text.strip()
    if len(text) > LONGEST_CELL:
        raise SheetError(f"row {row} has a cell of more than {LONGEST_CELL} signs: shorten it")
    return text.removeprefix("'") if text[1:2] in _FORMULA else text
