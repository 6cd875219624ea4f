"""What a stay costs, and when that changes: units, then factors and caps, rounded once at the end.

Caps are used up in the order of time: what is charged never sinks again, and no cap is ever passed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from billing.tariff.calendar import NO_TABLE, DayKind, DayKinds, HolidayTable
from billing.tariff.lines import Cut, Line, Lines
from billing.tariff.plan import ANY_CAR, DAY_S, Plan, Vehicle, plan_for
from billing.tariff.terms import Rounding, Tariff
from billing.tariff.walk import NOTHING_OFF, LetOff, Part, Start, Walk
from billing.tariff.words import DailyLimit, HolidayMissing, RoundingMode, TimeRounding
from scada.model.money import Fen

_SECOND: Final = timedelta(seconds=1)
_FARTHEST_S: Final = 800 * DAY_S
"""A price that has not changed by then is taken to stay."""


@dataclass(frozen=True, slots=True)
class Priced:
    """What a stay costs at one moment, and why. The lines sum to the total.

    `chargeable_minutes` are those that were neither free nor in a window without a price.
    """

    total_fen: Fen
    minutes: int
    lines: tuple[Line, ...]
    chargeable_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """The first second at which the total differs, and what it is then."""

    at: datetime
    total_fen: Fen


class Pricer:
    """Prices stays under one tariff for one vehicle."""

    def __init__(
        self,
        tariff: Tariff,
        zone: ZoneInfo,
        vehicle: Vehicle = ANY_CAR,
        table: HolidayTable = NO_TABLE,
        every_day: DayKind | None = None,
    ) -> None:
        self._plan = plan_for(tariff, vehicle)
        self._zone = zone
        self._kinds = DayKinds(tariff.days, table, every_day)
        self._flat = self._plan.is_flat
        self._by_minutes: dict[int, Fen] = {}
        """What was reckoned before, where only the length of a stay matters."""

    def total(self, entered_at: datetime, until: datetime, off: LetOff = NOTHING_OFF) -> Fen:
        """Give the price alone."""
        gone = seconds(entered_at, until)
        if self._flat and off is NOTHING_OFF:
            return self._flat_total(gone)
        return self._total(self.start(entered_at), gone, off)

    def _flat_total(self, gone: int) -> Fen:
        minutes = self.minutes(gone)
        known = self._by_minutes.get(minutes)
        if known is None:
            known = self._by_minutes[minutes] = self._total(Start(1, 0), gone)
        return known

    def start(self, entered_at: datetime) -> Start:
        """Give an entry on the site's own clock."""
        local = entered_at.astimezone(self._zone)
        return Start(local.toordinal(), local.hour * 3600 + local.minute * 60 + local.second)

    def price(self, entered_at: datetime, until: datetime) -> Priced:
        """Price a stay and explain it; an `until` before the entry counts as the entry."""
        gone, start, plan = seconds(entered_at, until), self.start(entered_at), self._plan
        lines = Lines(plan, entered_at, self._zone)
        if plan.free_because:
            lines.let_off(gone, plan.free_because)
            return Priced(Fen(0), self.minutes(gone), lines.made(Fen(0)))
        walk = Walk(plan, start, self._kinds, gone)
        for begin, end in walk.free_lines:
            lines.free(begin, end)
        exact: int | Fraction = 0
        for part, charged, cut in _charged(plan, start, walk.parts):
            lines.charge(part, cut, group=_group(plan, start, part))
            exact += charged
        total = self._finish(exact)
        uncharged = walk.uncharged + sum(end - begin for begin, end in walk.free_lines)
        return Priced(total, self.minutes(gone), lines.made(total), self.minutes(max(0, gone - uncharged)))

    def next_change(self, entered_at: datetime, until: datetime) -> Change | None:
        """Say when the price of a stay changes next, None if it will not: a cap is reached for good."""
        start, gone = self.start(entered_at), seconds(entered_at, until)
        now = self._total(start, gone)
        low, high, most = gone, gone + 60, gone + self._known_s(start, gone)
        while self._total(start, min(high, most)) == now:
            if high >= most:
                return None
            low, high = high, gone + 2 * (high - gone)
        high = min(high, most)
        while high - low > 1:
            middle = (low + high) // 2
            if self._total(start, middle) == now:
                low = middle
            else:
                high = middle
        return Change(entered_at.astimezone(UTC) + timedelta(seconds=high), self._total(start, high))

    def _known_s(self, start: Start, gone: int) -> int:
        """Give how far ahead the price can be known: to the end of the holiday table at most."""
        days, table = self._plan.tariff.days, self._kinds.table
        if (
            self._kinds.fixed is not None
            or not days.need_table
            or days.missing is not HolidayMissing.REFUSE
            or self._kinds.by_entry
        ):
            return _FARTHEST_S
        year = date.fromordinal(start.day + (start.second + gone) // DAY_S).year
        while year in table.years:
            year += 1
        return min(_FARTHEST_S, max(0, (date(year, 1, 1).toordinal() - start.day) * DAY_S - start.second - gone))

    def _total(self, start: Start, gone: int, off: LetOff = NOTHING_OFF) -> Fen:
        plan = self._plan
        if plan.free_because:
            return Fen(0)
        if gone > DAY_S and off is NOTHING_OFF and plan.splits and not (plan.days_matter and self._kinds.by_entry):
            return self._finish(self._by_periods(start, gone))
        return self._finish(self._exact(start, gone, off))

    def _exact(self, start: Start, gone: int, off: LetOff = NOTHING_OFF, number: int = 0) -> int | Fraction:
        return self._sum(start, Walk(self._plan, start, self._kinds, gone, off, number).parts, number)

    def settled(self, start: Start, parts: Sequence[Part]) -> Fen:
        """Give what the parts of one walk cost together."""
        return self._finish(self._sum(start, parts))

    def _sum(self, start: Start, parts: Sequence[Part], number: int = 0) -> int | Fraction:
        plan = self._plan
        if not plan.limits and not plan.window_caps and plan.factor == 1:
            return sum(part.amount for part in parts)
        return sum(charged for _, charged, _ in _charged(plan, start, parts, number))

    def _by_periods(self, start: Start, gone: int) -> int | Fraction:
        """Price each 24 hours by themselves; those that are alike only once."""
        known: dict[tuple[object, ...], int | Fraction] = {}
        plan, kinds, (full, rest) = self._plan, self._kinds, divmod(gone, DAY_S)
        total: int | Fraction = 0
        for number in range(full):
            touched = range(start.day + number, start.day + number + (2 if start.second else 1))
            key = (min(number, plan.rises), *(kinds.of(day) for day in touched if plan.days_matter))
            if key not in known:
                known[key] = self._exact(Start(start.day + number, start.second), DAY_S, number=number)
            total += known[key]
        return total + (self._exact(Start(start.day + full, start.second), rest, number=full) if rest else 0)

    def _finish(self, exact: int | Fraction) -> Fen:
        plan = self._plan
        if not plan.factor_first:
            exact *= plan.factor
        return rounded(exact, plan.tariff.rounding)

    def minutes(self, gone: int) -> int:
        """Give a stay's length in minutes as the tariff counts a part minute."""
        whole, rest = divmod(gone, 60)
        return whole + 1 if rest and self._plan.tariff.time_rounding_type is TimeRounding.UP else whole


def seconds(entered_at: datetime, until: datetime) -> int:
    """Give the whole seconds of a stay; a part second never counts, and a clock set back makes none."""
    return max(0, (until - entered_at) // _SECOND)


def price(
    tariff: Tariff,
    entered_at: datetime,
    until: datetime,
    zone: ZoneInfo,
    vehicle: Vehicle = ANY_CAR,
    table: HolidayTable = NO_TABLE,
) -> Priced:
    """Price a stay from its entry to `until` and explain it."""
    return Pricer(tariff, zone, vehicle, table).price(entered_at, until)


def rounded(exact: int | Fraction, rounding: Rounding) -> Fen:
    """Round an amount once."""
    if isinstance(exact, int) and rounding.unit == 1:
        return Fen(exact)
    units = Fraction(exact) / rounding.unit
    match rounding.mode:
        case RoundingMode.UP:
            whole = -(-units.numerator // units.denominator)
        case RoundingMode.DOWN:
            whole = units.numerator // units.denominator
        case RoundingMode.HALF_UP:
            whole = (2 * units.numerator + units.denominator) // (2 * units.denominator)
    return Fen(whole * rounding.unit)


def _charged(
    plan: Plan, start: Start, parts: Iterable[Part], number: int = 0
) -> Iterator[tuple[Part, int | Fraction, Cut | None]]:
    """Give each part with what is charged of it once factor and caps have had their say."""
    left: dict[tuple[str, int], int | Fraction] = {}
    for part in parts:
        amount = part.amount * plan.factor if plan.factor_first else part.amount
        caps = tuple(_caps(plan, start, part, number))
        for key, cap, _ in caps:
            left.setdefault(key, cap)
        allowed = min([amount, *(left[key] for key, _, _ in caps)])
        cut = None
        if allowed < amount:
            key, cap, name = min(caps, key=lambda one: left[one[0]])
            cut = Cut(name, key, cap, amount - allowed)
        for key, _, _ in caps:
            left[key] -= allowed
        yield part, allowed, cut


def _caps(plan: Plan, start: Start, part: Part, days_before: int) -> Iterator[tuple[tuple[str, int], int, str]]:
    """Give the caps a part is under: which one, of which window or day, how high."""
    if plan.window_caps and part.price.cap is not None:
        yield ("window", part.window), part.price.cap, "window"
    for number, limit in enumerate(plan.limits):
        match limit.daily:
            case DailyLimit.ROLLING_24H:
                day, name = part.start // DAY_S + days_before, "24h"
            case DailyLimit.CALENDAR_DAY:
                day, name = part.day - start.day, "day"
            case None:
                day, name = 0, "stay"
        yield (f"{name}{number}", day), limit.amounts[min(day, len(limit.amounts) - 1)], name


def _group(plan: Plan, start: Start, part: Part) -> int:
    return part.start // DAY_S if plan.rolls else part.day - start.day
