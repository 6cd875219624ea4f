"""Lines of the register of rights as people write them: on the command line, or many in a CSV file. Pure.

Every mistake is told with its row, its column and what to do.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from io import StringIO
from typing import Final, Protocol

from billing.rights import Entry, RightKind, overlaps
from scada.model.digits import whole_of
from scada.model.names import ZoneName
from scada.model.plate import is_plausible, normal_form
from scada.model.zones import Zones

COLUMNS: Final = ("plate", "kind", "zone", "from", "until", "card", "spaces", "note")
KINDS: Final = tuple(kind.value.lower() for kind in RightKind)
_NEEDED = ("plate", "kind")
_MOST_SPACES = 1000
_LONGEST_CARD = 32
_LONGEST_NOTE = 200
_DAY_SIGNS = len("2026-05-01")


class Rows(Protocol):
    """Rows of a CSV file, and the line where the last one ended."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]:
        """Give row after row."""

    def __next__(self) -> list[str]:
        """Give the next row."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake; row 1 is the head of a file, row 0 the command line."""

    row: int
    column: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line and where it stands."""

    row: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Terms:
    """What lines are read against: the site's zones, its time zone, and now."""

    zones: Zones
    clock_zone: tzinfo
    now: datetime


@dataclass
class Sheet:
    """What could be read, and every mistake."""

    lines: list[Line] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_file(text: str, terms: Terms) -> Sheet:
    """Read a CSV file: one head row with the columns' names in any order, then a right a row."""
    sheet = Sheet()
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        _read_rows(sheet, rows, terms)
    except csv.Error as error:
        sheet.faults.append(Fault(rows.line_num, COLUMNS[0], f"is not CSV: {error}", "look at the quotes in this row"))
    sheet.faults += contradictions(sheet.lines)
    return sheet


def read_line(cells: Mapping[str, str], terms: Terms) -> Sheet:
    """Read the one line of a command."""
    sheet = Sheet()
    _read_into(sheet, 0, cells, terms)
    return sheet


def cells_of(entry: Entry, clock_zone: tzinfo) -> dict[str, str]:
    """Write an entry as the cells from which it would be read."""
    return {
        "plate": entry.plate,
        "kind": entry.kind.value.lower(),
        "zone": entry.zone or "",
        "from": _shown(entry.since, clock_zone, timedelta()),
        "until": "" if entry.until is None else _shown(entry.until, clock_zone, timedelta(days=1)),
        "card": entry.card,
        "spaces": "" if entry.spaces is None else str(entry.spaces),
        "note": entry.note,
    }


def _shown(at: datetime, clock_zone: tzinfo, midnight_is: timedelta) -> str:
    """Write a moment in the site's time; at midnight as a day, the one before it for the end of a right."""
    local = at.astimezone(clock_zone)
    if local.time() == time():
        return (local - midnight_is).date().isoformat()
    return local.replace(tzinfo=None).isoformat(timespec="minutes")


def _read_rows(sheet: Sheet, rows: "Rows", terms: Terms) -> None:
    head = [cell.strip().lower() for cell in next(rows, [])]
    sheet.faults += _wrong_head(head)
    if sheet.faults:
        return
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(head):
            what = f"{len(row)} cells under {len(head)} columns"
            sheet.faults.append(Fault(rows.line_num, head[-1], what, "put a cell with a comma in quotes"))
            continue
        _read_into(sheet, rows.line_num, dict(zip(head, row, strict=False)), terms)


def contradictions(lines: Sequence[Line]) -> list[Fault]:
    """Tell what the lines of one file say against each other."""
    faults: list[Fault] = []
    plates: dict[str, list[Line]] = {}
    spaces: dict[str, Line] = {}
    for line in lines:
        mine = plates.setdefault(line.entry.plate, [])
        faults += [twice(line, f"row {other.row}") for other in mine if overlaps(line.entry, other.entry)]
        mine.append(line)
        if line.entry.card and line.entry.spaces is not None:
            first = spaces.setdefault(line.entry.card, line)
            if first.entry.spaces != line.entry.spaces:
                what = f"card {line.entry.card} has {first.entry.spaces} in row {first.row}"
                faults.append(Fault(line.row, "spaces", what, "write the same number, or leave it empty"))
    return faults


def clashes(lines: Sequence[Line], held: Iterable[Entry]) -> list[Fault]:
    """Tell which lines the register has already."""
    plates: dict[str, list[Entry]] = {}
    for entry in held:
        plates.setdefault(entry.plate, []).append(entry)
    found = ((line, other) for line in lines for other in plates.get(line.entry.plate, ()))
    return [twice(line, "the register") for line, other in found if overlaps(line.entry, other)]


def twice(line: Line, where: str) -> Fault:
    """Say that a plate has this right already for some of the time."""
    entry = line.entry
    what = f"{entry.plate} is {entry.kind.value.lower()} in {where} already at that time"
    return Fault(line.row, "plate", what, "leave it out, let it begin later, or remove the other one first")


def _wrong_head(head: Sequence[str]) -> list[Fault]:
    known = ", ".join(COLUMNS)
    wrong = [Fault(1, name, "is no column", f"name one of: {known}") for name in head if name not in COLUMNS]
    wrong += [
        Fault(1, name, "is missing", f"the first row names the columns: {known}")
        for name in _NEEDED
        if name not in head
    ]
    return wrong + [
        Fault(1, name, "stands twice", "leave one out") for name in sorted(set(head)) if head.count(name) > 1
    ]


def _read_into(sheet: Sheet, row: int, cells: Mapping[str, str], terms: Terms) -> None:
    reader = _Reader(row, {name: value.strip() for name, value in cells.items()}, terms)
    entry = reader.entry()
    if reader.faults:
        sheet.faults += reader.faults
    else:
        sheet.lines.append(Line(row, entry))


class _Reader:
    """Reads the cells of one line; goes on after a mistake, so that all of them are told."""

    def __init__(self, row: int, cells: Mapping[str, str], terms: Terms) -> None:
        self._row = row
        self._cells = cells
        self._terms = terms
        self.faults: list[Fault] = []

    def entry(self) -> Entry:
        """Make the entry; it counts only if there are no faults."""
        plate, kind = normal_form(self._text("plate")), self._kind()
        if not is_plausible(plate):
            self._fault("plate", f"{self._text('plate')!r} is no plate", "write it like 京A12345")
        since = self._moment("from", day_over=False) or self._terms.now
        until = self._moment("until", day_over=True)
        if until is not None and until <= max(since, self._terms.now):
            self._fault("until", f"{self._text('until')} is over before it begins", "write a later day, or none")
        card, spaces = self._card(kind)
        if len(self._text("note")) > _LONGEST_NOTE:
            self._fault("note", f"{len(self._text('note'))} signs", f"write at most {_LONGEST_NOTE}")
        return Entry(plate, kind, since, until, self._zone(), card, spaces, self._text("note"))

    def _text(self, column: str) -> str:
        return self._cells.get(column, "")

    def _fault(self, column: str, what: str, remedy: str) -> None:
        self.faults.append(Fault(self._row, column, what, remedy))

    def _kind(self) -> RightKind:
        try:
            return RightKind(self._text("kind").upper())
        except ValueError:
            self._fault("kind", f"{self._text('kind')!r} is no kind", f"write one of: {', '.join(KINDS)}")
            return RightKind.MONTH

    def _zone(self) -> ZoneName | None:
        zone = ZoneName(self._text("zone"))
        if zone and zone not in self._terms.zones:
            known = ", ".join(one.name for one in self._terms.zones.all)
            self._fault("zone", f"{zone!r} is no zone", f"write one of: {known}; or none for all")
        return zone or None

    def _moment(self, column: str, *, day_over: bool) -> datetime | None:
        """Read a day or a moment; a day without a time begins at midnight, and `until` counts it whole."""
        text = self._text(column)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if len(text) == _DAY_SIGNS and day_over:
                moment = datetime.combine(moment.date() + timedelta(days=1), time())
            moment = moment if moment.tzinfo else moment.replace(tzinfo=self._terms.clock_zone)
            moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self._fault(column, f"{text!r} is no time", "write it like 2026-05-01 or 2026-05-01T08:00")
            return None
        return moment

    def _card(self, kind: RightKind) -> tuple[str, int | None]:
        card, text = self._text("card"), self._text("spaces")
        spaces = whole_of(text, _MOST_SPACES) or 0
        if kind is not RightKind.MONTH and (card or text):
            self._fault("card" if card else "spaces", "goes with the kind month only", "leave it out")
        elif text and not card:
            self._fault("spaces", "goes with a card", "name the card that several cars share")
        elif len(card) > _LONGEST_CARD:
            self._fault("card", f"{len(card)} signs", f"write at most {_LONGEST_CARD}")
        elif text and not 1 <= spaces <= _MOST_SPACES:
            self._fault("spaces", f"{text!r} is no number of spaces", f"write 1 to {_MOST_SPACES}")
        return card, spaces or None
