"""Read a table that people keep in a spreadsheet: UTF-8 or GB18030, comma, semicolon or tab between the cells."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import _csv

SEPARATORS = ",;\t"


class SheetError(Exception):
    """The file cannot be read as a table; the message names the file."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its line in the file, by column name; cells are stripped, missing cells are empty."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: the file's name for messages, its columns and its rows that hold anything."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_sheet(path: Path) -> Sheet:
    """Read a table with its heads in the first line. Raises SheetError."""
    try:
        text = _text(path.read_bytes())
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SheetError(f"{path}: neither UTF-8 nor GB18030: {error}") from error
    lines = csv.reader(io.StringIO(text), delimiter=_separator(text))
    try:
        columns = tuple(cell.strip().lower() for cell in next(lines, []))
        rows = tuple(_rows(lines, columns))
    except csv.Error as error:
        raise SheetError(f"{path}: line {lines.line_num}: {error}") from error
    return Sheet(str(path), columns, rows)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030")


def _separator(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max(SEPARATORS, key=head.count)


def _rows(lines: "_csv.Reader", columns: Sequence[str]) -> list[Row]:
    rows = []
    for cells in lines:
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            rows.append(Row(lines.line_num, dict(zip(columns, stripped, strict=False))))
    return rows
