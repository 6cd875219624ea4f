"""Tables in an xlsx workbook, read only: what a spreadsheet has made of a cell is found, not guessed around."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from plc.map.files.grid import Grid, GridError, Line

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

MAGIC = b"PK\x03\x04"
"""Every workbook is a zip file."""


def read_workbook(raw: bytes, wanted: str) -> Grid:
    """Read the first sheet that has a head called `wanted`, or else the first of all. Raises GridError."""
    book = _open(raw)
    try:
        grids = [Grid(tuple(_lines(sheet)), str(sheet.title)) for sheet in _likely(book, wanted)]
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise GridError(f"not a workbook that can be read: {error}") from error
    finally:
        book.close()
    if not grids:
        raise GridError("the workbook has no sheet with cells")
    return grids[0]


def _open(raw: bytes) -> "Workbook":
    from openpyxl import load_workbook  # it takes 0.2 s to load, and most maps are text

    try:
        return load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except Exception as error:  # whatever is wrong inside the file, openpyxl has no family of exceptions for it
        raise GridError(f"not a workbook that can be read: {error}") from error


def _likely(book: "Workbook", wanted: str) -> "Sequence[Worksheet]":
    sheets = book.worksheets
    fitting = [sheet for sheet in sheets if wanted in _heads(sheet)]
    return (fitting or sheets)[:1]


def _heads(sheet: "Worksheet") -> set[str]:
    first: Iterable[object] = next(sheet.iter_rows(values_only=True), ())
    return {value.strip().lower() for value in first if isinstance(value, str)}


def _lines(sheet: "Worksheet") -> Iterator[Line]:
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if any(value is not None for value in values):
            spoilt = {column: made for column, value in enumerate(values) if (made := _made_of(value))}
            cells = tuple("" if value is None else _text(value) for value in values)
            if any(cells):
                yield Line(number, cells, spoilt)


def _text(value: object) -> str:
    match value:
        case str():
            return value.strip()
        case bool():
            return str(int(value))
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case _:
            return str(value)


def _made_of(value: object) -> str:
    """Say what a cell holds that nobody writes into a tag map."""
    match value:
        case datetime() | date():
            return "a date"
        case time() | timedelta():
            return "a time of day"
        case str() if value.startswith("#") and value.endswith(("!", "?", "A")):
            return "a formula's error"
        case _:
            return ""
