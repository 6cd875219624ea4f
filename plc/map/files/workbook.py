"""Tables in an xlsx workbook, read only: what a spreadsheet has made of a cell is found, not guessed around.

openpyxl opens the workbook and knows its sheets, texts and formats. The cells are read here, by expat: openpyxl makes
some objects of every cell, and a map of 5,000 rows would take it two seconds.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import IO, TYPE_CHECKING, Any
from xml.parsers import expat

from plc.map.files.grid import Grid, GridError, Line

if TYPE_CHECKING:
    from openpyxl import Workbook

MAGIC = b"PK\x03\x04"
"""Every workbook is a zip file."""
PIECE_BYTES = 1 << 16
MOST_BYTES, MOST_PARTS = 64 << 20, 500
"""What a workbook may unpack to: a map of 5,000 rows has 5 MB."""
MOST_COLUMNS = 256
"""A cell far to the right would make each line as long: one that names no column at all, without end."""
DAMAGED = "the workbook cannot be read: open it in a spreadsheet and save it as xlsx anew"
_TEXTS = frozenset({"v", "t"})
"""What a cell says: a value, or the parts of a text."""

NO_RESULT = "#NO RESULT"
"""A formula that no spreadsheet has reckoned: a program wrote the workbook, and nobody has saved it since."""

_Value = str | bool | float | datetime | date | time | timedelta | None


def read_workbook(raw: bytes, wanted: str) -> Grid:
    """Read the first sheet that has a head called `wanted`, or else the first of all. Raises GridError."""
    book = _open(raw)
    try:
        grids = (Grid(tuple(_lines(book, sheet)), str(sheet.title)) for sheet in book.worksheets)
        first: Grid | None = None
        for grid in grids:
            if grid.lines and wanted in {cell.lower() for cell in grid.lines[0].cells}:
                return grid
            first = first or grid
    except (KeyError, ValueError, IndexError, OverflowError, zipfile.BadZipFile, expat.ExpatError) as error:
        raise GridError(DAMAGED) from error
    finally:
        book.close()
    if first is None:
        raise GridError("the workbook has no sheet with cells")
    return first


def _open(raw: bytes) -> "Workbook":
    _refuse_bomb(raw)
    from openpyxl import load_workbook  # it takes 0.2 s to load, and most maps are text

    try:
        return load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except Exception as error:  # whatever is wrong inside the file, openpyxl has no family of exceptions for it
        raise GridError(DAMAGED) from error


def _refuse_bomb(raw: bytes) -> None:
    """Look how much the zip file says that it holds, before any of it is unpacked. Raises GridError."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise GridError(DAMAGED) from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
        raise GridError(f"the workbook would unpack to more than {MOST_BYTES >> 20} MB or {MOST_PARTS} parts")


def _lines(book: "Workbook", sheet: Any) -> Iterator[Line]:  # noqa: ANN401 - openpyxl's type for it is not the true one
    with sheet._get_source() as source:
        for number, values in _Cells(book, sheet._shared_strings).rows(source):
            if not any(value is not None for value in values.values()):
                continue
            cells = tuple(_text(values.get(column)) for column in range(max(values) + 1))
            spoilt = {column: made for column, value in values.items() if (made := _made_of(value))}
            if any(cells):
                yield Line(number, cells, spoilt)


class _Cells:
    """Reads the cells of one sheet, row by row."""

    def __init__(self, book: Any, texts: Mapping[int, str]) -> None:  # noqa: ANN401 - as above
        self._texts = texts
        self._epoch = book.epoch
        self._dates, self._durations = book._date_formats, book._timedelta_formats
        self._row = self._column = 0
        self._kind, self._style = "n", "0"
        self._is_formula = False
        self._said: list[str] | None = None
        self._values: dict[int, _Value] = {}
        self._done: list[tuple[int, dict[int, _Value]]] = []

    def rows(self, source: IO[bytes]) -> Iterator[tuple[int, dict[int, _Value]]]:
        """Give each row that has cells with its number and its values by column, from 0."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler = self._hear
        while piece := source.read(PIECE_BYTES):
            parser.Parse(piece)
            yield from self._done
            self._done = []
        parser.Parse(b"", True)
        yield from self._done

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        name = name if ":" not in name else name.partition(":")[2]
        if name == "c":
            place = attributes.get("r")
            self._column = _column(place) if place else self._column + 1
            if not 0 <= self._column < MOST_COLUMNS:
                raise GridError(f"cell {place or self._column}: more than {MOST_COLUMNS} columns")
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._is_formula = False
        elif name == "f":
            self._is_formula = True
        elif name in _TEXTS:
            self._said = []
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column, self._values = -1, {}

    def _hear(self, text: str) -> None:
        if self._said is not None:
            self._said.append(text)

    def _end(self, name: str) -> None:
        name = name if ":" not in name else name.partition(":")[2]
        if name in _TEXTS and self._said is not None:
            text, self._said = "".join(self._said), None
            if text:
                value, before = self._value(text), self._values.get(self._column)
                self._values[self._column] = f"{before}{value}" if isinstance(before, str) else value
        elif name == "c" and self._is_formula:
            self._values.setdefault(self._column, NO_RESULT)
        elif name == "row" and self._values:
            self._done.append((self._row, self._values))

    def _value(self, text: str) -> _Value:
        match self._kind:
            case "inlineStr" | "str" | "e":
                return text
            case "s":
                return self._texts[int(text)]
            case "b":
                return text == "1"
            case "d":
                return datetime.fromisoformat(text)
            case _:
                number = float(text)
                return self._moment(number) if int(self._style) in self._dates else number

    def _moment(self, number: float) -> _Value:
        from openpyxl.utils.datetime import from_excel

        made = from_excel(number, self._epoch, timedelta=int(self._style) in self._durations)
        return made if isinstance(made, datetime | date | time | timedelta) else str(made)


def _column(place: str) -> int:
    """Give the column of a place like AB12, from 0."""
    return _counted(place.rstrip("0123456789"))


@cache
def _counted(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _text(value: _Value) -> str:
    if isinstance(value, str):
        return value.strip()
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case _:
            return str(value)


def _made_of(value: _Value) -> str:
    """Say what a cell holds that nobody writes into a tag map."""
    if isinstance(value, str) and not value.startswith("#"):
        return ""
    match value:
        case datetime() | date():
            return "a date"
        case time() | timedelta():
            return "a time of day"
        case str() if value == NO_RESULT:
            return "a formula that was never reckoned"
        case str() if value.endswith(("!", "?", "A")):
            return "a formula's error"
        case _:
            return ""
