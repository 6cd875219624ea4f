"""The holiday table that holds: the site's own file, and over it each year that was signed in the control room."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import Connection

from billing.tariff import HolidayTable, Special
from billing.versions.holidays import HOLIDAY, merged
from scada.model.names import SiteId
from scada.model.settings import SettingKind
from scada.store.settings import book


def signed_days(conn: Connection, site: SiteId, at: datetime) -> dict[int, dict[date, Special]]:
    """Give the days of each year that was signed."""
    held = book.in_force(conn, site, SettingKind.HOLIDAYS, at)
    return {int(year): days_of(one.content) for year, one in held.items() if one.content}


def over(table: HolidayTable, years: Mapping[int, Mapping[date, Special]]) -> HolidayTable:
    """Put the years that were signed in place of those of a table."""
    days = {day: one for of_year in years.values() for day, one in of_year.items()}
    return HolidayTable.of(merged(table, days, years)) if years else table


def days_of(content: Mapping[str, object]) -> dict[date, Special]:
    """Read the days of a setting, as `content_of` wrote them."""
    days = content.get("days")
    if not isinstance(days, Mapping):
        return {}
    return {
        date.fromisoformat(str(day)): Special(one.get("day") == HOLIDAY, str(one.get("name", "")))
        for day, one in days.items()
        if isinstance(one, Mapping)
    }


def content_of(days: Mapping[date, Special]) -> dict[str, object]:
    """Write days as a setting has them."""
    return {
        "days": {
            day.isoformat(): {"day": HOLIDAY if one.is_holiday else "workday", "name": one.name}
            for day, one in sorted(days.items())
        }
    }
