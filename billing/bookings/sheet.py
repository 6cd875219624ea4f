"""Bookings as people write them: on the command line, or many in a CSV file. Pure.

Every mistake is told with its row, its column and what to do.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from io import StringIO
from typing import Final

from billing.bookings.terms import Pays, Wanted
from billing.plates.sheet import Fault
from scada.model.plate import is_plausible, normal_form

COLUMNS: Final = ("host", "plate", "from", "to", "pays", "entries", "note")
PAYS_HELP: Final = "none, full, minutes:120 or money:2000 (fen)"
ANY_ENTRIES: Final = "any"
_NEEDED: Final = ("plate", "from", "to")
_NUMBER_SIGNS: Final = 9
_TIME: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::00)?)?")


@dataclass(frozen=True, slots=True)
class Line:
    """One visitor, who announces him, and in which row."""

    row: int
    host: str
    wanted: Wanted


@dataclass
class Sheet:
    """What could be read, and every mistake."""

    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_file(text: str, zone: tzinfo, host: str = "") -> Sheet:
    """Read a CSV file: one head row with the columns' names in any order, then a visitor a row.

    `host` announces those of whom the file names none.
    """
    sheet = Sheet()
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        head = [cell.strip().lower() for cell in next(rows, [])]
        sheet.faults += _wrong_head(head)
        for row in rows if not sheet.faults else ():
            if len(row) > len(head):
                what = f"{len(row)} cells under {len(head)} columns"
                sheet.faults.append(Fault(rows.line_num, head[-1], what, "put a cell with a comma in quotes"))
            elif any(cell.strip() for cell in row):
                _read_into(sheet, rows.line_num, {"host": host} | dict(zip(head, row, strict=False)), zone)
    except csv.Error as error:
        sheet.faults.append(Fault(rows.line_num, COLUMNS[0], f"is not CSV: {error}", "look at the quotes in this row"))
    return sheet


def read_line(cells: Mapping[str, str], zone: tzinfo) -> Sheet:
    """Read the one line of a command."""
    sheet = Sheet()
    _read_into(sheet, 0, cells, zone)
    return sheet


def moment(text: str, zone: tzinfo, *, day_over: bool = False) -> datetime | None:
    """Read a day or a moment of the car park's own time, None for any other text.

    A day without a time begins at midnight; with `day_over` it is meant whole.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute = (int(part or 0) for part in found.groups())
    try:
        at = datetime(year, month, day, hour, minute, tzinfo=zone)
        if day_over and found[4] is None:
            at = datetime.combine(at.date() + timedelta(days=1), time(), zone)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def paying(text: str) -> tuple[Pays, int] | None:
    """Read what a host pays, None for any other text; how much it may be is looked at when it is booked."""
    name, _, value = text.strip().lower().partition(":")
    pays = next((one for one in Pays if one.value == name), None)
    has_value = pays in (Pays.MINUTES, Pays.MONEY)
    if pays is None or (value != "") != has_value or not _is_number(value or "0"):
        return None
    return pays, int(value or 0)


def _wrong_head(head: Sequence[str]) -> list[Fault]:
    known = ", ".join(COLUMNS)
    wrong = [Fault(1, name, "is no column", f"name one of: {known}") for name in head if name not in COLUMNS]
    wrong += [
        Fault(1, name, "is missing", f"the first row names the columns: {known}")
        for name in _NEEDED
        if name not in head
    ]
    twice = sorted(name for name in set(head) if head.count(name) > 1)
    return wrong + [Fault(1, name, "stands twice", "leave one out") for name in twice]


def _read_into(sheet: Sheet, row: int, cells: Mapping[str, str], zone: tzinfo) -> None:
    """Read one line; goes on after a mistake, so that all of them are told."""
    texts = {name: cells.get(name, "").strip() for name in COLUMNS}
    plate, pays = normal_form(texts["plate"]), paying(texts["pays"] or Pays.NOTHING.value)
    since, until = moment(texts["from"], zone), moment(texts["to"], zone, day_over=True)
    entries = texts["entries"] or "1"
    wrong = []
    if not texts["host"]:
        wrong.append(("host", "nobody announces this visitor", "name a host, in the file or by --host"))
    if not is_plausible(plate):
        wrong.append(("plate", f"{texts['plate']!r} is no plate", "write it like 京A12345"))
    for name, read in (("from", since), ("to", until)):
        if read is None:
            wrong.append((name, f"{texts[name]!r} is no time", "write it like 2026-05-01 08:00, or 2026-05-01"))
    if pays is None:
        wrong.append(("pays", f"{texts['pays']!r} is not known", f"write {PAYS_HELP}"))
    if entries != ANY_ENTRIES and not (_is_number(entries) and int(entries)):
        wrong.append(("entries", f"{entries!r} is no number of times", f"write 1, 2 … or {ANY_ENTRIES}"))
    sheet.faults += [Fault(row, *one) for one in wrong]
    if not wrong and since is not None and until is not None and pays is not None:
        times = 0 if entries == ANY_ENTRIES else int(entries)
        sheet.lines.append(Line(row, texts["host"], Wanted(plate, since, until, *pays, times, texts["note"])))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _NUMBER_SIGNS
