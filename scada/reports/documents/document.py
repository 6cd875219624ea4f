"""A report as a value: sections with figures, a table and a chart. Forms of it are made elsewhere, from this alone.

Section(
    say("By lane"),
    table=Table(
        "lanes",
        (text("lane", say("Lane")), count("entries", say("Entries")), fen("received_fen", say("Received, yuan"))),
        (("in1", 312, 0), ("out1", 305, 154_250)),
    ),
    chart=Chart(Shape.BARS, ("in1", "out1"), (Series(say("Entries"), (312, 305)),)),
)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from scada.model.saying import Words


class Kind(Enum):
    """What a cell is; the form decides how it looks."""

    TEXT = "text"
    COUNT = "count"
    FEN = "fen"
    DURATION = "duration"
    """In seconds."""
    PERCENT = "percent"
    """A share, 1.0 for all."""
    FIGURE = "figure"
    """A number that is no count, like a mean."""
    MOMENT = "moment"
    DAY = "day"
    YES = "yes"
    PLATE = "plate"
    """A plate, which not everybody sees whole."""
    PICTURE = "picture"
    """The id of a picture kept as evidence."""
    PASSAGE = "passage"
    """The id of a passage, which may be replayed."""
    COUNTS = "counts"
    """How many of each word: `{"FORWARD": 3}`."""
    LIST = "list"
    """Several things, of which people are told how many, and programs which."""


Cell = str | Words | int | float | bool | datetime | date | Mapping[str, object] | Sequence[object] | None
"""None where nothing is known: the cell stays empty."""

NUMBERS: Final = frozenset({Kind.COUNT, Kind.FEN, Kind.DURATION, Kind.PERCENT, Kind.FIGURE})


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `key` is its name for programs; `adds`: its sum stands below.

    `only_data`: it stands in JSON, CSV and spreadsheets alone, where there is room; a passage also on our page,
    as a link. `words` are all that COUNTS may count: each gets a column of its own there. `is_code`: its text is a
    word of a fixed list, said in the reader's language.
    """

    key: str
    title: Words
    kind: Kind = Kind.TEXT
    adds: bool = False
    only_data: bool = False
    words: tuple[str, ...] = ()
    is_code: bool = False


text = partial(Column, kind=Kind.TEXT)
code = partial(Column, kind=Kind.TEXT, is_code=True)
count = partial(Column, kind=Kind.COUNT, adds=True)
fen = partial(Column, kind=Kind.FEN, adds=True)
seconds = partial(Column, kind=Kind.DURATION)
percent = partial(Column, kind=Kind.PERCENT)
figure = partial(Column, kind=Kind.FIGURE)
moment = partial(Column, kind=Kind.MOMENT)
day = partial(Column, kind=Kind.DAY)
yes = partial(Column, kind=Kind.YES)
plate = partial(Column, kind=Kind.PLATE)
picture = partial(Column, kind=Kind.PICTURE)
passage = partial(Column, kind=Kind.PASSAGE)
counts = partial(Column, kind=Kind.COUNTS)
several = partial(Column, kind=Kind.LIST)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. `name` is what programs call it; `overall` fills the sums' row where nothing adds."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    overall: Mapping[str, Cell] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"{self.name}: a row has not {len(self.columns)} cells")

    @property
    def totals(self) -> tuple[Cell, ...] | None:
        """The sums' row; None if nothing adds up, or there is one row at most."""
        if len(self.rows) < 2 or not (self.overall or any(column.adds for column in self.columns)):
            return None
        return tuple(self._total(place, column) for place, column in enumerate(self.columns))

    def _total(self, place: int, column: Column) -> Cell:
        if column.key in self.overall or not column.adds:
            return self.overall.get(column.key)
        return sum(cell for row in self.rows if isinstance(cell := row[place], int | float))


def table_of(name: str, columns: tuple[Column, ...], things: Iterable[object], **overall: Cell) -> Table:
    """Make a table of things that have an attribute for each column."""
    rows = tuple(tuple(getattr(one, column.key) for column in columns) for one in things)
    return Table(name, columns, rows, overall)


class Shape(Enum):
    """How a chart is drawn."""

    BARS = "bars"
    STACKED = "stacked"
    LINES = "lines"
    HISTOGRAM = "histogram"
    """Bars that touch: one series, labels are the classes."""


Label = str | Words | datetime | date


@dataclass(frozen=True, slots=True)
class Series:
    """One row of bars, or one line. None is a gap."""

    title: Words
    values: tuple[int | float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers, as numbers; `kind` is theirs."""

    shape: Shape
    labels: tuple[Label, ...]
    series: tuple[Series, ...]
    kind: Kind = Kind.COUNT

    def __post_init__(self) -> None:
        if any(len(one.values) != len(self.labels) for one in self.series):
            raise ValueError(f"a series has not {len(self.labels)} values")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that stands by itself: all that was received, the worst time to answer."""

    key: str
    title: Words
    value: Cell
    kind: Kind = Kind.COUNT


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report. Notes are sentences below the heading; `name` is what programs call its figures together."""

    heading: Words
    notes: tuple[Words, ...] = ()
    figures: tuple[Figure, ...] = ()
    table: Table | None = None
    chart: Chart | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Days:
    """Business days of the site, both ends included; `since` and `until` (not included) are their moments."""

    first: date
    last: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class SiteNames:
    """The site, as a report names it."""

    id: str
    name: str
    name_en: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report. `agrees` is its verdict, for reports that have one: False where something needs a person."""

    name: str
    title: Words
    days: Days
    site: SiteNames
    made_at: datetime
    sections: tuple[Section, ...]
    agrees: bool = True

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, in order."""
        return tuple(section.table for section in self.sections if section.table is not None)


def hours_of(days: Days) -> tuple[datetime, ...]:
    """Give the beginning of every hour of the days: each is apart, also where the clock goes back."""
    whole = int((days.until - days.since) / timedelta(hours=1))
    return tuple(days.since + timedelta(hours=number) for number in range(whole))
