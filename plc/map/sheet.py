"""Read a table that people keep in a spreadsheet, as text or as a workbook, into rows by column name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plc.map.files.grid import Grid, GridError, Line
from plc.map.files.text import read_text
from plc.map.files.workbook import MAGIC, read_workbook


class SheetError(Exception):
    """The file cannot be read as a table; the message names the file."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from: a file, a sheet of a workbook, and the lane for which a template was filled in."""

    file: str = ""
    sheet: str = ""
    lane: str = ""

    def __str__(self) -> str:
        return f"{self.file}[{self.sheet}]" if self.sheet else self.file


@dataclass(frozen=True, slots=True)
class Row:
    """One row with its line in the file: the cells that are not empty, by column name.

    `spoilt` says of cells what a spreadsheet has made of them; `beyond` holds cells that no column belongs to.
    """

    line: int
    cells: Mapping[str, str]
    spoilt: Mapping[str, str] = field(default_factory=dict)
    beyond: tuple[str, ...] = ()

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: where it comes from, its columns and its rows that hold anything."""

    origin: Origin
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_sheet(path: Path, wanted: str = "tag") -> Sheet:
    """Read a table with its heads in the first line; in a workbook, the sheet with a column `wanted`.

    Raises SheetError.
    """
    try:
        return as_sheet(path, read_grid(path.read_bytes(), wanted))
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror or error}") from error
    except GridError as error:
        raise SheetError(f"{path}: {error}") from error


def read_grid(raw: bytes, wanted: str) -> Grid:
    """Read a file as what it is, whatever it is called. Raises GridError."""
    return read_workbook(raw, wanted) if raw.startswith(MAGIC) else read_text(raw)


def as_sheet(path: Path, grid: Grid) -> Sheet:
    """Take the first line as heads and the others by column name."""
    origin = Origin(str(path), grid.sheet)
    if not grid.lines:
        return Sheet(origin, (), ())
    columns = tuple(cell.lower() for cell in grid.lines[0].cells)
    while columns and not columns[-1]:
        columns = columns[:-1]
    return Sheet(origin, columns, tuple(_row(columns, line) for line in grid.lines[1:]))


def _row(columns: tuple[str, ...], line: Line) -> Row:
    cells = {column: cell for column, cell in zip(columns, line.cells, strict=False) if cell}
    if not line.spoilt and len(line.cells) <= len(columns):
        return Row(line.number, cells)
    spoilt = {columns[at]: made for at, made in line.spoilt.items() if at < len(columns)}
    return Row(line.number, cells, spoilt, tuple(cell for cell in line.cells[len(columns) :] if cell))
