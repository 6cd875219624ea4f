"""A text in a workbook is a text, whatever it begins with and whatever somebody typed."""

import re
from typing import Final

from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML may hold: Excel opens nothing of a workbook in which one of these stands."""


def sheet_text(sheet: WriteOnlyWorksheet, text: str, font: Font | None = None) -> Cell:
    """Write a text: `=1+1` is no formula here."""
    cell = WriteOnlyCell(sheet, _CONTROL.sub("", text))
    cell.data_type = "s"
    if font is not None:
        cell.font = font
    return cell
