"""A day of a real car park from a CSV file, to be replayed: `time,direction[,plate]`, one row a car that came or went.

Rows with a plate belong together by it. Without one, who goes is the one that has been inside longest. Who goes and
was never seen to come was inside already: he comes first of all. Who never goes leaves after the day's last row.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scada.model.plate import Plate, is_plausible, normal_form

COLUMNS = ("time", "direction", "plate")
DIRECTIONS = {"in": True, "entry": True, "out": False, "exit": False}
ARRIVALS_HELP = "replay a day: time,direction[,plate], a row for each car that came or went"
_ZERO = datetime(2000, 1, 1, tzinfo=UTC)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


class ArrivalsError(Exception):
    """The file cannot be replayed; every mistake with its row and column, one a line."""


@dataclass(frozen=True, slots=True)
class Row:
    """One car that came or went, seconds after the first midnight of the file."""

    at_s: float
    comes: bool
    plate: Plate | None = None


@dataclass(frozen=True, slots=True)
class Trip:
    """One car's visit: it comes so long after the first row (seconds of the day's own time), and stays so long."""

    after_s: float
    stays_s: float
    plate: Plate | None = None


def read_arrivals(path: Path) -> list[Trip]:
    """Read a day. Raises ArrivalsError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = _rows(path.name, csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ArrivalsError(f"{path}: {error}") from error
    return trips(rows)


def _rows(name: str, lines: Iterable[list[str]]) -> list[Row]:
    """Read the lines under their head; all mistakes are told at once."""
    cells = list(lines)
    head = [cell.strip().lower() for cell in cells[0]] if cells else []
    missing = [column for column in COLUMNS[:2] if column not in head]
    if missing:
        raise ArrivalsError(f"{name} row 1: no column {' and no column '.join(missing)}")
    rows: list[Row] = []
    mistakes: list[str] = []
    for number, line in enumerate(cells[1:], start=2):
        if any(cell.strip() for cell in line):
            found = _row(dict(zip(head, (cell.strip() for cell in line), strict=False)), rows)
            mistakes += [f"{name} row {number}, column {what}" for what in found]
    if not rows and not mistakes:
        mistakes = [f"{name}: no rows"]
    if mistakes:
        raise ArrivalsError("\n".join(mistakes))
    return rows


def _row(cells: dict[str, str], rows: list[Row]) -> list[str]:
    """Add a row; gives its mistakes instead, each with its column."""
    mistakes = []
    at_s = _seconds(cells.get("time", ""))
    if at_s is None:
        mistakes.append(f"time: {cells.get('time', '')!r} is neither HH:MM[:SS] nor YYYY-MM-DD HH:MM[:SS]")
    elif rows and at_s < rows[-1].at_s:
        mistakes.append(f"time: {cells['time']!r} is before the row above")
    comes = DIRECTIONS.get(cells.get("direction", "").lower())
    if comes is None:
        mistakes.append(f"direction: {cells.get('direction', '')!r} is neither in nor out")
    plate = normal_form(cells.get("plate", ""))
    if plate and not is_plausible(plate):
        mistakes.append(f"plate: {cells['plate']!r} is no plate")
    if not mistakes and at_s is not None and comes is not None:
        rows.append(Row(at_s, comes, plate or None))
    return mistakes


def _seconds(text: str) -> float | None:
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hours, minutes, rest = clock.groups()
        return float(int(hours) * 3600 + int(minutes) * 60 + int(rest or 0))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at.replace(tzinfo=UTC) - _ZERO).total_seconds() if len(text) > len("2026-05-01") else None


def trips(rows: Sequence[Row]) -> list[Trip]:
    """Make visits of the rows, in the order in which they begin."""
    first_s, last_s = rows[0].at_s, rows[-1].at_s
    inside: list[Row] = []
    made: list[Trip] = []
    for row in rows:
        if row.comes:
            inside.append(row)
            continue
        came = next((one for one in inside if one.plate == row.plate), None)
        if came is not None:
            inside.remove(came)
        since_s = came.at_s if came is not None else first_s
        made.append(Trip(since_s - first_s, row.at_s - since_s, row.plate))
    made += [Trip(row.at_s - first_s, last_s - row.at_s, row.plate) for row in inside]
    return sorted(made, key=lambda trip: trip.after_s)
