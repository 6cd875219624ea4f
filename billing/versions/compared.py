"""Two versions of a tariff side by side: rule by rule, and by what some stays cost under each. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from billing.tariff import ANY_CAR, HolidayTable, Pricer, Tariff, TariffError, Vehicle
from scada.model.changes import Change, changes

LENGTHS: Final = (10, 15, 16, 30, 31, 60, 61, 120, 240, 480, 720, 1440, 1441, 2880)
"""Minutes of the stays that are compared: about every border that tariffs have."""
_TUESDAY, _SATURDAY, _MORNING, _EVENING = 1, 5, time(10), time(20)
_ENTRIES: Final = ((_TUESDAY, _MORNING), (_TUESDAY, _EVENING), (_SATURDAY, _MORNING))
_IDLE: Final = frozenset({"version", "effective_from", "title", "title_en", "demo"})


@dataclass(frozen=True, slots=True)
class Sample:
    """One stay and what it costs under both; None: it has no price there."""

    entered_at: datetime
    minutes: int
    one_fen: int | None
    other_fen: int | None


def rules(one: Tariff, other: Tariff) -> tuple[Change, ...]:
    """Tell every rule that differs; the head's names come last."""
    found = changes(one.terms(), other.terms())
    return tuple(sorted(found, key=lambda change: change.place in _IDLE))


def samples(
    one: Tariff, other: Tariff, day: datetime, zone: ZoneInfo, table: HolidayTable, vehicle: Vehicle = ANY_CAR
) -> Iterator[Sample]:
    """Price the same stays under both: on a weekday, in its evening and on a Saturday after `day`."""
    pricers = [Pricer(each, zone, vehicle, table) for each in (one, other)]
    for weekday, begins in _ENTRIES:
        entered = _next(day, weekday, begins, zone)
        for minutes in LENGTHS:
            priced = [_price(pricer, entered, entered + timedelta(minutes=minutes)) for pricer in pricers]
            yield Sample(entered, minutes, priced[0], priced[1])


def _next(day: datetime, weekday: int, begins: time, zone: ZoneInfo) -> datetime:
    date = day.astimezone(zone).date()
    return datetime.combine(date + timedelta(days=(weekday - date.weekday()) % 7), begins, zone)


def _price(pricer: Pricer, entered: datetime, leaves: datetime) -> int | None:
    try:
        return pricer.price(entered, leaves).total_fen
    except TariffError:
        return None
