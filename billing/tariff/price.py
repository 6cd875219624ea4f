"""What a stay costs, and when that changes: read off its staircase, rounded once at the end.

The price of a stay does not depend on when it is asked for, so all stays that began alike on days alike share one
staircase. That is what makes a year of a large car park a matter of seconds.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from billing.tariff.calendar import NO_TABLE, DayKind, DayKinds, HolidayTable
from billing.tariff.lines import Line, Lines
from billing.tariff.plan import ANY_CAR, DAY_S, Vehicle, plan_for
from billing.tariff.reentry import ALONE, GoesOn
from billing.tariff.stairs import Staircase
from billing.tariff.terms import Rounding, Tariff
from billing.tariff.walk import NOTHING_OFF, LetOff, Start, Walk
from billing.tariff.words import HolidayMissing, ReentryGap, RoundingMode
from scada.model.money import Fen

_SECOND: Final = timedelta(seconds=1)
_FARTHEST_S: Final = 800 * DAY_S
"""A price that has not changed by then is taken to stay."""
_KEPT_S: Final = 3 * DAY_S
_MOST_KEPT: Final = 40_000
"""Staircases are kept for stays up to so long, and so many at once; a day of minutes has 2880 of them."""
_ANY_START: Final = (1, 0)


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
    """Prices stays under one tariff for one vehicle; or the one stay that goes on with an earlier one."""

    def __init__(
        self,
        tariff: Tariff,
        zone: ZoneInfo,
        vehicle: Vehicle = ANY_CAR,
        table: HolidayTable = NO_TABLE,
        every_day: DayKind | None = None,
        goes_on: GoesOn = ALONE,
    ) -> None:
        self._plan = plan_for(tariff, vehicle)
        self._zone = zone
        self._kinds = DayKinds(tariff.days, table, every_day)
        self._after_caps = not self._plan.factor_first and self._plan.factor != 1
        self._rounding = tariff.rounding
        self._is_whole = not self._after_caps and tariff.rounding.unit == 1
        self._free = bool(self._plan.free_because)
        self._flat = self._plan.is_flat
        self._days_matter = self._plan.days_matter and every_day is None
        self._minutes_tell = self._plan.minutes_tell
        self._late_s = self._plan.late_s
        self._kept: dict[tuple[int, int], Staircase] = {}
        self._days: dict[tuple[int, int], int] = {}
        self._alike: dict[tuple[DayKind | None, ...], int] = {}
        self._asked: tuple[Start, Staircase] | None = None
        self._goes_on = goes_on

    def total(self, entered_at: datetime, until: datetime, off: LetOff = NOTHING_OFF) -> Fen:
        """Give the price alone."""
        if self._goes_on is ALONE and off is NOTHING_OFF:
            return self.total_of(*self.clock(entered_at), seconds(entered_at, until))
        if self._plan.free_because:
            return Fen(0)
        start, gone = self._began(entered_at, until)
        stairs = Staircase(self._plan, start, Walk(self._plan, start, self._kinds, off))
        return self._rest(stairs.height(gone, off.judged))

    def total_of(self, day: int, second: int, gone: int) -> Fen:
        """Give the price of a stay of so many seconds that began at a second of a day (its ordinal)."""
        if self._free:
            return Fen(0)
        if self._flat:
            day, second = _ANY_START
        if gone > _KEPT_S:
            return self._finish(self._stairs(Start(day, second)).height(gone))
        if self._minutes_tell:
            part, rest = second % 60, (gone - self._late_s) % 60
            if part:
                second += 30 - part
            gone += (30 if part + rest >= 60 else 0) - rest
        days = self._days_alike(day, (second + gone) // DAY_S + 1) if self._days_matter else 0
        stairs = self._kept.get((second, days))
        if stairs is None:
            stairs = self._keep(second, days, day)
        return self._finish(stairs.height(gone))

    def _keep(self, second: int, days: int, day: int) -> Staircase:
        """Make the staircase of all stays that began at this second of the day, on days alike."""
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        stairs = self._kept[second, days] = self._stairs(Start(day, second))
        return stairs

    def _days_alike(self, day: int, last: int) -> int:
        """Give the number by which the days of a stay are known, the one after it too: what begins then may matter."""
        found = self._days.get((day, last), -1)
        if found < 0:
            kinds = self._kinds
            touched = (kinds.of(day),) if kinds.by_entry else tuple(map(kinds.of, range(day, day + last)))
            after = None if kinds.by_entry else kinds.known(day + last)
            found = self._days[day, last] = self._alike.setdefault((*touched, after), len(self._alike))
        return found

    def _stairs(self, start: Start) -> Staircase:
        return Staircase(self._plan, start, Walk(self._plan, start, self._kinds))

    def start(self, entered_at: datetime, outside: tuple[tuple[int, int], ...] = ()) -> Start:
        """Give an entry on the site's own clock."""
        return Start(*self.clock(entered_at), outside)

    def clock(self, entered_at: datetime) -> tuple[int, int]:
        """Give the day and the second of the day on the site's own clock."""
        local = entered_at.astimezone(self._zone)
        return local.toordinal(), local.hour * 3600 + local.minute * 60 + local.second

    def _began(self, entered_at: datetime, until: datetime) -> tuple[Start, int]:
        """Give the start of a stay, or of the one that it goes on with, and how long its car has stood."""
        first = self._goes_on.began(entered_at)
        free = self._plan.tariff.reentry.gap is ReentryGap.FREE
        start = self.start(first, self._goes_on.away(entered_at) if free else ())
        return start, start.stood(seconds(first, until))

    def _asked_for(self, start: Start) -> Staircase:
        """Give the staircase to the second; who asks for the price asks for its next change too."""
        if self._asked is None or self._asked[0] != start:
            self._asked = (start, self._stairs(start))
        return self._asked[1]

    def price(self, entered_at: datetime, until: datetime) -> Priced:
        """Price a stay and explain it; an `until` before the entry counts as the entry."""
        plan, (start, gone) = self._plan, self._began(entered_at, until)
        lines = Lines(plan, self._goes_on.began(entered_at), self._zone, start)
        if plan.free_because:
            lines.let_off(gone, plan.free_because)
            return Priced(Fen(0), self.minutes(gone), lines.made(Fen(0)))
        stairs = self._asked_for(start)
        exact: int | Fraction = 0
        free = stairs.free(gone)
        for begin, end in free:
            lines.free(begin, end)
        for part in stairs.parts(gone):
            lines.charge(part)
            exact += part.charged
        whole = self._finish(exact)
        uncharged = stairs.uncharged(gone) + sum(end - begin for begin, end in free)
        made = lines.made(whole, Fen(min(whole, self._goes_on.charged_fen)))
        return Priced(self._rest(exact), self.minutes(gone), made, self.minutes(max(0, gone - uncharged)))

    def next_change(self, entered_at: datetime, until: datetime) -> Change | None:
        """Say when the price of a stay changes next, None if it will not: a cap is reached for good."""
        if self._plan.free_because:
            return None
        start, gone = self._began(entered_at, until)
        most = gone + self._known_s(start, gone)
        found = self._asked_for(start).next_rise(gone, most, self._rest)
        if found is None:
            return None
        first = self._goes_on.began(entered_at).astimezone(UTC)
        return Change(first + timedelta(seconds=start.passed(found[0])), self._rest(found[1]))

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
        at = start.second + start.passed(gone)
        year = date.fromordinal(start.day + at // DAY_S).year
        while year in table.years:
            year += 1
        return min(_FARTHEST_S, max(0, (date(year, 1, 1).toordinal() - start.day) * DAY_S - at))

    def _finish(self, exact: int | Fraction) -> Fen:
        if isinstance(exact, int) and self._is_whole:
            return Fen(exact)
        if self._after_caps:
            exact *= self._plan.factor
        return rounded(exact, self._rounding)

    def _rest(self, exact: int | Fraction) -> Fen:
        """Take off what the stay before was charged."""
        return Fen(max(0, self._finish(exact) - self._goes_on.charged_fen))

    def minutes(self, gone: int) -> int:
        """Give a stay's length in minutes as the tariff counts a part minute."""
        whole, rest = divmod(gone, 60)
        return whole + 1 if rest and self._late_s else whole


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
    goes_on: GoesOn = ALONE,
) -> Priced:
    """Price a stay from its entry to `until` and explain it."""
    return Pricer(tariff, zone, vehicle, table, goes_on=goes_on).price(entered_at, until)


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
