"""Tables as text: UTF-8 with or without a mark, UTF-16 or GB18030; comma, semicolon or tab between the cells."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from plc.map.files.grid import Grid, GridError, Line

if TYPE_CHECKING:
    import _csv

SEPARATORS = ",;\t"
_NO_TABLES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\xd0\xcf\x11\xe0")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(raw: bytes) -> Grid:
    """Read a table. Raises GridError."""
    text = decoded(raw)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=False)
    try:
        return Grid(tuple(_lines(lines)))
    except csv.Error as error:
        raise GridError(f"line {lines.line_num}: {error}") from error


def decoded(raw: bytes) -> str:
    """Find out how a text is written: Chinese Excel saves GBK, "Unicode text" is UTF-16. Raises GridError."""
    if raw.startswith(_UTF16):
        return _as(raw, "utf-16")
    if raw.startswith(_NO_TABLES) or b"\0" in raw:
        raise GridError("this is no table but a picture, a PDF, an old workbook (.xls) or a program's file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _as(raw, "gb18030")


def _as(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise GridError(f"neither UTF-8 nor GB18030: byte {error.start + 1} fits neither") from error


def _separator(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max(SEPARATORS, key=head.count)


def _lines(lines: "_csv.Reader") -> Iterator[Line]:
    """Give the lines that hold anything; a cell with line breaks in it begins where its line begins."""
    number = 1
    for cells in lines:
        stripped = tuple(map(str.strip, cells))
        if any(stripped):
            yield Line(number, stripped)
        number = lines.line_num + 1
