"""Workbooks that no spreadsheet would write."""

import io
import zipfile

from openpyxl import Workbook

_SHEET = "xl/worksheets/sheet1.xml"
_HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def sheet_of(rows: str) -> bytes:
    """Give a workbook whose only sheet has these rows, in the XML of the file."""
    whole, made = io.BytesIO(), io.BytesIO()
    Workbook().save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, f"{_HEAD}{rows}</sheetData></worksheet>" if name == _SHEET else old.read(name))
    return made.getvalue()
