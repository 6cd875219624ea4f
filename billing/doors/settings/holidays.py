"""The verbs of the holiday table: a year's days off and worked weekends, seeded, changed, and signed by two people."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Final

from billing.tariff import HolidayTable, Special
from billing.versions import holidays
from billing.versions.days import content_of, days_of, over
from billing.versions.holidays import HOLIDAY, WORKDAY, HolidayError
from scada.config import Config
from scada.engine.doors.asked import whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.settings.office import SettingsOffice
from scada.model.lane.codec import Json
from scada.model.settings import SettingKind, SettingVersion
from scada.store.settings import book

YEARS: Final = (2000, 2199)
_MOST_DAYS: Final = 366
_LONGEST_NAME: Final = 40
_SATURDAY: Final = 5
_TWO: Final = "a second person signs a year's holidays: name and password"


class HolidayOffice:
    """The holiday table in the control room; the rights are checked before these are called."""

    def __init__(self, config: Config, office: SettingsOffice) -> None:
        self._config = config
        self._office = office

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"holidays": self._show, "seed_holidays": self._seed, "set_holidays": self._set}

    async def _show(self, ask: Ask) -> object:
        """Give a year's days, who signed them, which years there are, and which are missing."""
        year, table, held, last = _year(ask), await self._file(), *(await self._written())
        whole = over(table, {int(name): days_of(one.content) for name, one in held.items() if one.content})
        today = self._office.clock.now().astimezone(self._config.site.zone_info).date()
        signed = held.get(str(year))
        return {
            "year": year,
            "days": _shown({day: one for day, one in whole.days.items() if day.year == year}),
            "years": sorted({day.year for day in whole.days}),
            "missing": holidays.missing(whole, today),
            "seen": last.get(str(year), 0),
            "by": "" if signed is None else signed.by,
            "signed_by": "" if signed is None else signed.signed_by,
            "at": None if signed is None else signed.at.isoformat(),
        }

    async def _seed(self, ask: Ask) -> object:
        """Give what the package knows of a year; nothing is set by that."""
        try:
            return {"days": _shown(await asyncio.to_thread(holidays.seed, _year(ask)))}
        except HolidayError as error:
            raise BridgeRefusal("refused", str(error)) from error

    async def _set(self, ask: Ask) -> object:
        """Set a whole year, by one person and a second one who signs."""
        year, days = _year(ask), _days(ask)
        file = await self._file()
        before = {day: one for day, one in file.days.items() if day.year == year}
        content = content_of(days)
        kind, subject = SettingKind.HOLIDAYS, str(year)
        made = await self._office.add(ask, kind, subject, content, content_of(before), second_for=_TWO)
        return {"seen": made.version}

    async def _file(self) -> HolidayTable:
        try:
            return await asyncio.to_thread(holidays.read, holidays.path_in(self._config.data))
        except HolidayError as error:
            raise BridgeRefusal("failed", str(error)) from error

    async def _written(self) -> tuple[Mapping[str, SettingVersion], Mapping[str, int]]:
        at, site, kind = self._office.clock.now(), self._office.site, SettingKind.HOLIDAYS
        return await self._office.db.read(
            lambda conn: (book.in_force(conn, site, kind, at), book.last_versions(conn, site, kind))
        )


def _year(ask: Ask) -> int:
    return whole_number(ask, "year", *YEARS)


def _days(ask: Ask) -> dict[date, Special]:
    """Take a year's days. Raises BridgeRefusal that names the day which is wrong."""
    rows, year = ask.args.get("days"), _year(ask)
    if not isinstance(rows, list) or not 1 <= len(rows) <= _MOST_DAYS:
        raise BridgeRefusal("bad_args", f"days: from 1 to {_MOST_DAYS} of them")
    days: dict[date, Special] = {}
    for row in rows:
        day, special = _day(row if isinstance(row, Mapping) else {}, year)
        if day in days:
            raise BridgeRefusal("bad_args", f"{day} stands twice")
        days[day] = special
    return days


def _day(row: Mapping[str, object], year: int) -> tuple[date, Special]:
    written, kind, name = row.get("date"), row.get("day"), str(row.get("name") or "").strip()
    try:
        day = date.fromisoformat(str(written))
    except ValueError as error:
        raise BridgeRefusal("bad_args", f"{str(written)[:20]!r} is no day; write it like 2026-10-01") from error
    if day.year != year:
        raise BridgeRefusal("bad_args", f"{day} is not of {year}")
    if kind not in (HOLIDAY, WORKDAY) or len(name) > _LONGEST_NAME:
        raise BridgeRefusal("bad_args", f"{day}: {HOLIDAY} or {WORKDAY}, and a name of at most {_LONGEST_NAME} signs")
    if kind == WORKDAY and day.weekday() < _SATURDAY:
        raise BridgeRefusal("bad_args", f"{day} is worked anyway: only a weekend becomes a workday")
    return day, Special(kind == HOLIDAY, name)


def _shown(days: Mapping[date, Special]) -> list[Json]:
    return [
        {"date": day.isoformat(), "day": HOLIDAY if one.is_holiday else WORKDAY, "name": one.name}
        for day, one in sorted(days.items())
    ]
