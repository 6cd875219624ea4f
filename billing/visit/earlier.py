"""Free minutes that earlier stays of a plate have had, where a tariff gives them once a day or as a quota."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from billing.stays import Stay, of_row
from billing.tariff import FreeCharging, LineKind, Tariff, Vehicle, price
from billing.versions.car import vehicle_of
from billing.versions.choice import Versions
from scada.model.lane.words import Ending
from scada.model.names import SiteId
from scada.store.schema import stay as stays

_DAY = timedelta(days=1)
_BACK = timedelta(days=7)
"""A stay a day ago may have had nothing because of one a day before it, and so on: so far back is looked."""


@dataclass(frozen=True, slots=True)
class _Had:
    entered_at: datetime
    minutes: int


def vehicle_with_past(conn: Connection, site: SiteId, stay: Stay, versions: Versions) -> Vehicle:
    """Give the vehicle of a stay with the free minutes that its plate has used up. Raises TariffError."""
    vehicle = vehicle_of(stay.plate, stay.kind, stay.colour)
    if stay.tariff.free.charging is FreeCharging.ONCE_PER_ENTRY:
        return vehicle
    began = stay.goes_on.began(stay.entered_at)
    had = _had(conn, site, stay, began, versions)
    return replace(vehicle, free_used=_used(had, stay.tariff, began, versions.clock_zone))


def _had(conn: Connection, site: SiteId, stay: Stay, began: datetime, versions: Versions) -> Sequence[_Had]:
    """Price the stays before this one in turn, each by its own version; month cards use no free minutes.

    A stay that goes on with an earlier one had what both had together.
    """
    mine = (stays.c.site == site) & (stays.c.plate == stay.plate) & (stays.c.id != stay.id)
    before = (stays.c.entered_at >= began - _BACK) & (stays.c.entered_at < began)
    paying = stays.c.card.is_(None) & stays.c.exited_at.is_not(None) & (stays.c.ending != Ending.ANNULLED.value)
    had: list[_Had] = []
    for row in conn.execute(select(stays).where(mine, before, paying).order_by(stays.c.entered_at)):
        one, zone = of_row(row), versions.clock_zone
        first = one.goes_on.began(one.entered_at)
        had = [other for other in had if other.entered_at != first]
        car = replace(vehicle_of(one.plate, one.kind, one.colour), free_used=_used(had, one.tariff, first, zone))
        priced = price(one.tariff, one.entered_at, row.exited_at, zone, car, versions.table, one.goes_on)
        free = sum((line.end - line.start for line in priced.lines if line.kind is LineKind.FREE), timedelta())
        had.append(_Had(first, min(-(-free // timedelta(minutes=1)), _own(one.tariff, car))))
    return had


def _own(tariff: Tariff, car: Vehicle) -> int:
    """Give how many free minutes an entry had at most."""
    most = max([tariff.free.minutes, *(rule.free_minutes or 0 for rule in tariff.rules)])
    if tariff.free.charging is FreeCharging.CUMULATIVE_QUOTA:
        return max(0, most - car.free_used)
    return 0 if car.free_used else most


def _used(had: Sequence[_Had], tariff: Tariff, entered_at: datetime, zone: ZoneInfo) -> int:
    """Give the free minutes used up that count at an entry."""
    match tariff.free.charging:
        case FreeCharging.ONCE_PER_ENTRY:
            return 0
        case FreeCharging.ONCE_PER_24_HOURS | FreeCharging.CUMULATIVE_QUOTA:
            since = entered_at - _DAY
        case FreeCharging.ONCE_PER_CALENDAR_DAY:
            local = entered_at.astimezone(zone)
            return sum(one.minutes for one in had if one.entered_at >= datetime.combine(local, time(), zone))
        case _:
            assert_never(tariff.free.charging)
    return sum(one.minutes for one in had if one.entered_at > since)
