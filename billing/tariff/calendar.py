"""What sort of day a day is: the site's holiday table, and what a tariff makes of it. Nothing is ever inferred."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from billing.tariff.terms import Days
from billing.tariff.words import DayType, DayTypeOf, Fault, HolidayMissing, HolidayMode, TariffError

_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class DayKind:
    """A day as rows ask for it: its type, and the groups and seasons it belongs to, the first before the others."""

    type: DayType
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Special:
    """A decreed day: off, or worked although it is a weekend; `name` is the holiday it belongs to."""

    is_holiday: bool
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class HolidayTable:
    """The decreed days of the years in it. A year of which no day is in the table is missing."""

    days: Mapping[date, Special]
    years: frozenset[int]

    @staticmethod
    def of(days: Mapping[date, Special]) -> "HolidayTable":
        """Make a table of its days."""
        return HolidayTable(dict(days), frozenset(day.year for day in days))


NO_TABLE: Final = HolidayTable({}, frozenset())


@dataclass(frozen=True, slots=True, eq=False)
class DayKinds:
    """Gives the kind of any day for one tariff; what was asked for once is kept."""

    days: Days
    table: HolidayTable
    fixed: DayKind | None = None
    """For what-if questions: every day is of this kind."""
    _known: dict[int, DayKind] = field(default_factory=dict)

    def of(self, ordinal: int) -> DayKind:
        """Give the kind of a day. Raises TariffError where its year's table is missing and nothing may stand for it."""
        known = self._known.get(ordinal)
        if known is None:
            known = self._known[ordinal] = self._find(date.fromordinal(ordinal))
        return known

    def known(self, ordinal: int) -> DayKind | None:
        """Give the kind of a day, None where nobody knows it yet."""
        try:
            return self.of(ordinal)
        except TariffError:
            return None

    @property
    def by_entry(self) -> bool:
        """Say whether the day of the entry stands for all."""
        return self.days.of is DayTypeOf.ENTRY

    def _find(self, day: date) -> DayKind:
        if self.fixed is not None:
            return self.fixed
        special = self._special(day)
        names = [season.name for season in self.days.seasons if season.has(day.month, day.day, day.weekday())]
        group = (self.days.groups or {}).get(special.name) if special and special.is_holiday else None
        return DayKind(self._type(day, special), (*([group] if group else []), *names))

    def _type(self, day: date, special: Special | None) -> DayType:
        weekend = day.weekday() >= _SATURDAY
        if special is None:
            return DayType.HOLIDAY if weekend else DayType.WEEKDAY
        if self.days.mode is HolidayMode.FINANCIAL:
            return DayType.HOLIDAY if weekend or special.is_holiday else DayType.WEEKDAY
        return DayType.HOLIDAY if special.is_holiday else DayType.WEEKDAY

    def _special(self, day: date) -> Special | None:
        """Give what the table says of a day; None: as its weekday is."""
        if not self.days.need_table or self.days.mode is HolidayMode.CALENDAR:
            return None
        if day.year not in self.table.years:
            if self.days.missing is HolidayMissing.WEEKENDS:
                return None
            raise TariffError(
                Fault(f"holidays of {day.year}", "the table is missing", f"run: daozha holidays seed {day.year}")
            )
        return self.table.days.get(day)
