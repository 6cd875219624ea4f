"""How a cell reads: in the reader's language, in the site's zone, amounts in yuan."""

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from hmi.i18n.words import translation
from scada.model.money import Fen, yuan_text
from scada.model.saying import Translate, Words, say
from scada.reports.documents.codes import spoken
from scada.reports.documents.document import Cell, Column, Days, Kind, Label, Report

NOWHERE = "—"


@dataclass(frozen=True, slots=True)
class Tongue:
    """The reader's language, and where his clock hangs."""

    language: str
    translate: Translate
    zone: ZoneInfo

    def say(self, words: Words) -> str:
        """Give words in the language."""
        return words.told(self.translate)

    def of_site(self, report: Report) -> str:
        """Name the site."""
        return report.site.name if self.language == "zh" else report.site.name_en

    def days(self, days: Days) -> str:
        """Name the days."""
        if days.first == days.last:
            return days.first.isoformat()
        return self.say(say("%(first)s to %(last)s", first=days.first, last=days.last))

    def cell(self, cell: Cell, column: Column) -> str:
        """Write a cell of a column."""
        if column.is_code and isinstance(cell, str):
            return self.say(spoken(cell)) if cell else ""
        return self.shown(cell, column.kind)

    def writer(self, column: Column) -> Callable[[Cell], str]:
        """Give what writes the cells of a column: those that are alike, as most of a month are, once."""
        known: dict[object, str] = {}

        def write(cell: Cell) -> str:
            key: object = tuple(cell.items()) if isinstance(cell, dict) else cell
            if isinstance(key, Words | list):
                return self.cell(cell, column)
            text = known.get(key)
            if text is None:
                text = known[key] = self.cell(cell, column)
            return text

        return write

    def shown(self, cell: Cell, kind: Kind) -> str:
        """Write a cell."""
        if cell is None:
            return ""
        if isinstance(cell, Words):
            return self.say(cell)
        match kind:
            case Kind.TEXT | Kind.PLATE | Kind.PICTURE | Kind.PASSAGE:
                return str(cell)
            case Kind.COUNT | Kind.FEN | Kind.DURATION | Kind.PERCENT | Kind.FIGURE:
                return number_text(cell, kind) if isinstance(cell, int | float) else str(cell)
            case Kind.MOMENT | Kind.DAY:
                return self.moment(cell) if isinstance(cell, date) else str(cell)
            case Kind.YES:
                return self.say(say("yes")) if cell else ""
            case Kind.COUNTS:
                return self._counts(cell) if isinstance(cell, Mapping) else str(cell)
            case Kind.LIST:
                return str(len(cell)) if isinstance(cell, Sized) else str(cell)
            case _:
                assert_never(kind)

    def moment(self, at: date) -> str:
        """Write a moment by the site's clock, or a day."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M:%S}" if isinstance(at, datetime) else at.isoformat()

    def label(self, label: Label) -> str:
        """Write a label of a chart."""
        if isinstance(label, Words):
            return self.say(label)
        if isinstance(label, datetime):
            return f"{label.astimezone(self.zone):%m-%d %H:%M}"
        return f"{label:%m-%d}" if isinstance(label, date) else label

    def _counts(self, counts: Mapping[str, object]) -> str:
        comma = "，" if self.language == "zh" else ", "
        return comma.join(f"{self.say(spoken(word))} {times}" for word, times in counts.items() if times)


def tongue(language: str, zone: ZoneInfo) -> Tongue:
    """Speak a language."""
    return Tongue(language, translation(language), zone)


def number_text(value: float, kind: Kind) -> str:
    """Write a number as its kind is written."""
    match kind:
        case Kind.FEN:
            return _grouped(yuan_text(Fen(round(value))))
        case Kind.DURATION:
            return duration_text(value)
        case Kind.PERCENT:
            return f"{value * 100:.1f} %"
        case Kind.FIGURE:
            return f"{value:,.2f}"
        case _:
            return f"{value:,}" if isinstance(value, int) else f"{value:,g}"


def duration_text(value: float) -> str:
    """Write seconds: `8.0 s`, `12:05`, `3:04:05`, `2 d 03:00`."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    if value < 60:
        return f"{sign}{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{sign}{hours // 24} d {hours % 24:02d}:{minutes:02d}"
    return f"{sign}{hours}:{minutes:02d}:{rest:02d}" if hours else f"{sign}{minutes}:{rest:02d}"


def _grouped(amount: str) -> str:
    whole, _, rest = amount.partition(".")
    return f"{int(whole):,}.{rest}" if whole not in ("-0",) else amount


def spread(column: Column, cell: Cell) -> Sequence[Cell]:
    """Give a cell as files have it: one for each word that COUNTS may count."""
    if not column.words:
        return (cell,)
    counts = cell if isinstance(cell, Mapping) else {}
    return tuple(_number(counts.get(word, 0)) for word in column.words)


def _number(value: object) -> Cell:
    return value if isinstance(value, int | float) else str(value)
