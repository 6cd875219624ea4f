"""A counted list: plates as somebody has written them down walking through the car park, and what differs. Pure.

A workbook or a CSV file; every mistake is told with its row and what to do. It closes nothing: a person does.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from openpyxl import Workbook, load_workbook

from scada.model.plate import is_plausible, normal_form

PLATE: Final = ("plate", "车牌", "车牌号")
MOST_ROWS: Final = 20_000
MOST_COLUMNS: Final = 50
MOST_BYTES: Final = 64 * 1024 * 1024
"""A workbook that is larger than this when unpacked is none of ours."""
_SAVE: Final = "save it as .xlsx or as CSV (UTF-8)"
_ZIP: Final = b"PK\x03\x04"
COLUMNS: Final = ("plate", "zone", "entered_at", "lane", "stay")


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake of a file."""

    row: int
    what: str
    remedy: str


@dataclass(slots=True)
class Counted:
    """The plates of a list with their rows, and what is wrong with it."""

    plates: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read(raw: bytes) -> Counted:
    """Read a counted list."""
    counted = Counted()
    try:
        rows = _workbook(raw) if raw.startswith(_ZIP) else _csv(raw)
        _take(counted, rows)
    except UnicodeDecodeError:
        counted.faults.append(Fault(0, "cannot be read: neither a workbook nor text in UTF-8", _SAVE))
    except csv.Error:
        counted.faults.append(Fault(0, "cannot be read: a quote is not closed", _SAVE))
    except (ValueError, OSError, NotImplementedError, zipfile.BadZipFile):
        counted.faults.append(Fault(0, "cannot be read: the workbook is damaged or far too large", _SAVE))
    return counted


def _take(counted: Counted, rows: Iterator[Sequence[str]]) -> None:
    head = [cell.strip().lower() for cell in next(rows, ())]
    column = next((n for n, cell in enumerate(head) if cell in PLATE), None)
    if column is None:
        counted.faults.append(Fault(1, "has no column of plates", "name one column plate, or 车牌"))
        return
    for number, row in enumerate(rows, start=2):
        if number > MOST_ROWS:
            counted.faults.append(Fault(number, f"more than {MOST_ROWS} rows", "count in parts"))
            return
        _take_row(counted, number, row[column] if column < len(row) else "")


def _take_row(counted: Counted, number: int, cell: str) -> None:
    if not cell.strip():
        return
    plate = normal_form(cell)
    if not is_plausible(plate):
        counted.faults.append(Fault(number, f"{cell.strip()[:20]} is no plate", "write it like 京A12345"))
    elif plate in counted.plates:
        twice = f"{plate} stands in row {counted.plates[plate]} already"
        counted.faults.append(Fault(number, twice, "look which of the two is right"))
    else:
        counted.plates[plate] = number


def _csv(raw: bytes) -> Iterator[Sequence[str]]:
    return iter(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))


def _workbook(raw: bytes) -> Iterator[Sequence[str]]:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        if sum(one.file_size for one in packed.infolist()) > MOST_BYTES:
            raise ValueError("it is far too large when unpacked")
    try:
        sheet = load_workbook(io.BytesIO(raw), read_only=True, data_only=True).worksheets[0]
        rows = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS, values_only=True)
        return iter([["" if cell is None else str(cell) for cell in row] for row in rows])
    except Exception as error:  # whatever is wrong inside the file, openpyxl has no family of exceptions for it
        raise ValueError("not a workbook") from error


def differences(counted: Counted, inside: Iterable[dict[str, object]]) -> dict[str, list[str]]:
    """Say which open stays were not counted, and which counted plates have no stay."""
    by_plate = {str(one["plate"]): str(one["id"]) for one in inside}
    return {
        "missing": [stay for plate, stay in by_plate.items() if plate not in counted.plates],
        "unknown": [plate for plate in counted.plates if plate not in by_plate],
    }


def workbook(inside: Iterable[dict[str, object]]) -> bytes:
    """Write who is inside as a workbook to walk with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("inside")
    sheet.append(list(COLUMNS))
    for one in inside:
        sheet.append([_cell(one[name]) for name in ("plate", "zone", "entered_at", "entry_lane", "id")])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(value: object) -> str:
    """Write a cell as text; one that a spreadsheet would reckon gets a quote."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
