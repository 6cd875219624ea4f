"""The lines that explain a price. Days that are charged alike stand together; the lines sum to the total."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from fractions import Fraction
from math import floor
from zoneinfo import ZoneInfo

from billing.tariff.explain import in_chinese, in_english
from billing.tariff.plan import DAY_S, ENDLESS_S, Plan
from billing.tariff.stairs import Part
from billing.tariff.walk import Run, Start
from scada.model.money import NOTHING, Fen


class LineKind(Enum):
    """What a line of a price is."""

    FREE = "free"
    CHARGE = "charge"
    FACTOR = "factor"
    CAP = "cap"
    AWAY = "away"
    BEFORE = "before"
    ROUNDING = "rounding"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the explanation: from when to when (the site's own time), how many units of what price.

    `amount_fen` is what the line adds; a cap's is negative. `name` says which rule, cap, holder or factor it is.
    `unit_minutes` is how long a unit is, 0 where it is no matter of time.
    """

    kind: LineKind
    start: datetime
    end: datetime
    units: int
    unit_fen: Fen
    amount_fen: Fen
    name: str = ""
    name_en: str = ""
    unit_minutes: int = 0

    @property
    def text(self) -> str:
        """Say it in Chinese."""
        return in_chinese(self.kind.value, self.name, self.units, self.unit_fen)

    @property
    def text_en(self) -> str:
        """Say it in English."""
        return in_english(self.kind.value, self.name_en or self.name, self.units, self.unit_fen)

    def to_json(self) -> dict[str, object]:
        """Give the line as JSON values."""
        return {
            "kind": self.kind.value,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "units": self.units,
            "unit_fen": self.unit_fen,
            "unit_minutes": self.unit_minutes,
            "amount_fen": self.amount_fen,
            "name": self.name,
            "text": self.text,
            "text_en": self.text_en,
        }


@dataclass(slots=True)
class _Row:
    """A line in the making; seconds since the entry."""

    kind: LineKind
    start: int
    end: int
    units: int
    unit_fen: int
    amount: int | Fraction
    name: str
    name_en: str
    key: object
    unit_s: int = 0

    def goes_on_with(self, run: Run) -> bool:
        """Say whether units go on that are alike."""
        return (self.unit_fen, self.unit_s, self.end) == (run.unit_fen, run.every, run.start)

    @property
    def sign(self) -> tuple[object, ...]:
        """What makes two lines of different days alike."""
        kept = self.key if self.kind is LineKind.CHARGE else None
        return (self.kind, self.units, self.unit_fen, self.unit_s, self.amount, self.name, kept)


@dataclass(slots=True)
class Lines:
    """Collects lines along a stay."""

    plan: Plan
    entered_at: datetime
    zone: ZoneInfo
    began: Start
    _free: list[_Row] = field(default_factory=list)
    _groups: dict[int, list[_Row]] = field(default_factory=dict)

    def let_off(self, gone: int, who: str) -> None:
        """The whole stay is free."""
        self._free.append(_Row(LineKind.FREE, 0, gone, 0, 0, 0, who, who, None))

    def free(self, start: int, end: int) -> None:
        """Free time that was used."""
        self._free.append(_Row(LineKind.FREE, start, end, 0, 0, 0, "", "", None))

    def charge(self, part: Part) -> None:
        """Units of one price, and what a cap takes off them."""
        run, cap = part.flight.run, part.flight.cap
        rows = self._groups.setdefault(self._day(run), [])
        last = next((row for row in reversed(rows) if row.kind is LineKind.CHARGE), None)
        if last is not None and last.key is run.price and last.goes_on_with(run):
            last.end, last.units, last.amount = part.end, last.units + part.units, last.amount + part.amount
        else:
            rule, kind, unit = run.price.rule, LineKind.CHARGE, run.unit_fen
            names = rule.title, rule.title_en
            rows.append(_Row(kind, part.start, part.end, part.units, unit, part.amount, *names, run.price, run.every))
        whole = part.amount
        if self.plan.factor_first and self.plan.factor != 1:
            whole = part.amount * self.plan.factor
            self._add(rows, LineKind.FACTOR, part, "factor", 0, whole - part.amount, str(self.plan.factor))
        if cap is not None and part.charged != whole:
            self._add(rows, LineKind.CAP, part, cap.key, cap.height, part.charged - whole, cap.name)

    def _day(self, run: Run) -> int:
        return run.start // DAY_S if self.plan.rolls else run.day - self.began.day

    def _add(
        self, rows: list[_Row], kind: LineKind, part: Part, key: object, unit: int, amount: int | Fraction, name: str
    ) -> None:
        for row in rows:
            if row.kind is kind and row.key == key:
                row.end, row.amount = part.end, row.amount + amount
                return
        rows.append(_Row(kind, part.start, part.end, 1, unit, amount, name, name, key))

    def made(self, total: Fen, before: Fen = NOTHING) -> tuple[Line, ...]:
        """Give the lines; what rounding and parts of a fen make of their sum is a line of its own.

        `before` is what the stays before have been charged of the total.
        """
        rows = [*self._free, *self._alike()]
        exact = sum(row.amount for row in rows)
        if not self.plan.factor_first and self.plan.factor != 1 and exact:
            more, name = exact * self.plan.factor - exact, str(self.plan.factor)
            rows.append(_Row(LineKind.FACTOR, 0, rows[-1].end, 1, 0, more, name, name, None))
        rows += [_Row(LineKind.AWAY, at, at, 0, 0, 0, "", "", None) for at in self.began.left]
        lines = [self._line(row) for row in sorted(rows, key=_place) if self._tells(row)]
        rest = total - sum(line.amount_fen for line in lines)
        end = max((line.end for line in lines), default=self.entered_at)
        if rest:
            lines.append(Line(LineKind.ROUNDING, end, end, 0, NOTHING, Fen(rest)))
        if before:
            lines.append(Line(LineKind.BEFORE, self._moment(0), end, 0, NOTHING, Fen(-before)))
        return tuple(lines)

    def _tells(self, row: _Row) -> bool:
        return row.kind in (LineKind.FREE, LineKind.CHARGE, LineKind.AWAY) or bool(row.amount)

    def _alike(self) -> Iterator[_Row]:
        """Put days together that follow each other and are charged alike."""
        held: list[_Row] = []
        signs: list[tuple[object, ...]] = []
        for group in sorted(self._groups):
            rows = sorted(self._groups[group], key=lambda row: row.kind.value != "charge")
            own = [row.sign for row in rows]
            if own == signs:
                for one, other in zip(held, rows, strict=True):
                    one.end, one.units, one.amount = other.end, one.units + other.units, one.amount + other.amount
                continue
            yield from held
            held, signs = [replace(row) for row in rows], own
        yield from held

    def _line(self, row: _Row) -> Line:
        return Line(
            row.kind,
            self._moment(row.start, back=row.kind is not LineKind.AWAY),
            self._moment(row.end, back=row.kind is LineKind.AWAY),
            row.units,
            Fen(row.unit_fen),
            Fen(floor(row.amount)),
            row.name,
            row.name_en,
            row.unit_s // 60 if row.unit_s < ENDLESS_S else 0,
        )

    def _moment(self, stood: int, *, back: bool = False) -> datetime:
        """Give the moment at which the car had stood so long; `back`: once it had come back from being away."""
        passed = timedelta(seconds=self.began.passed(stood, back=back))
        return (self.entered_at.astimezone(UTC) + passed).astimezone(self.zone)


def _place(row: _Row) -> tuple[int, bool]:
    """Put lines in the order of time; a car was away before it stood again."""
    return row.start, row.kind is not LineKind.AWAY
