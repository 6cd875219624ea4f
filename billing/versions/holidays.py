"""A site's holiday table: a CSV file of its own, seeded year by year from `chinesecalendar`, changed by people.

The State Council decrees next year's holidays in November or December; until then they are missing, never guessed.
"""

import csv
import os
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from io import StringIO
from pathlib import Path
from typing import Final

import chinese_calendar

from billing.tariff import HolidayTable, Special

COLUMNS: Final = ("date", "day", "name")
HOLIDAY, WORKDAY = "holiday", "workday"
ASKED_FROM_MONTH: Final = 11
"""From this month on the next year's table is asked for."""
NATIONAL_DAY: Final = (10, 1)
FILE: Final = "holidays.csv"


class HolidayError(Exception):
    """A table that cannot be read or seeded: where, what, what to do."""


def path_in(data: Path) -> Path:
    """Give the place of a site's table in its data folder."""
    return data / FILE


def read(path: Path) -> HolidayTable:
    """Read a table; a file that is not there is an empty one. Raises HolidayError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return HolidayTable.of({})
    except (OSError, UnicodeDecodeError) as error:
        raise HolidayError(f"{path}: cannot be read: {error}") from error
    try:
        return HolidayTable.of(_days(path, csv.DictReader(StringIO(text))))
    except csv.Error as error:
        raise HolidayError(f"{path}: is no table: {error}") from error


def _days(path: Path, rows: "csv.DictReader[str]") -> dict[date, Special]:
    if rows.fieldnames is not None and not set(COLUMNS) <= set(rows.fieldnames):
        raise HolidayError(f"{path}:1: the columns are not {','.join(COLUMNS)}; write this as the first line")
    days: dict[date, Special] = {}
    for number, row in enumerate(rows, start=2):
        day, special = _row(path, number, row)
        if day in days:
            raise HolidayError(f"{path}:{number}: date: {day} stands twice; take one of the rows out")
        days[day] = special
    return days


def _row(path: Path, number: int, row: Mapping[str, str | None]) -> tuple[date, Special]:
    try:
        day = date.fromisoformat(row.get("date") or "")
    except ValueError as error:
        wrong = f"{path}:{number}: date: {row.get('date')!r} is no day; write it like 2026-10-01"
        raise HolidayError(wrong) from error
    kind = row.get("day")
    if kind not in (HOLIDAY, WORKDAY):
        raise HolidayError(f"{path}:{number}: day: {kind!r} is no sort of day; write {HOLIDAY} or {WORKDAY}")
    return day, Special(kind == HOLIDAY, row.get("name") or "")


def write(path: Path, days: Mapping[date, Special]) -> None:
    """Write a table whole, so that nobody ever reads half of it, whenever the power fails."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for day in sorted(days):
        writer.writerow((day.isoformat(), HOLIDAY if days[day].is_holiday else WORKDAY, days[day].name))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8", newline="") as file:
        file.write(out.getvalue())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def seed(year: int) -> dict[date, Special]:
    """Give what the package knows of a year: the days off with their names, and weekends that are worked."""
    found: dict[date, Special] = {}
    day = date(year, 1, 1)
    while day.year == year:
        try:
            off, name = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError as error:
            what = f"the package chinesecalendar does not know {year} yet"
            remedy = "update it once the State Council has decreed (November or December), or: daozha holidays set"
            raise HolidayError(f"holidays of {year}: {what}; {remedy}") from error
        if name is not None:
            found[day] = Special(off, str(name).lower().replace("'", "").replace(" ", "-"))
        day += timedelta(days=1)
    return found


def known() -> dict[date, Special]:
    """Give all that the package knows, for prices reckoned without a site."""
    years = {day.year for day in chinese_calendar.holidays}
    return {day: one for year in years for day, one in seed(year).items()}


def missing(table: HolidayTable, today: date) -> list[int]:
    """Give the years that should be in the table by now and are not: every decree has National Day in it."""
    wanted = [today.year, today.year + 1] if today.month >= ASKED_FROM_MONTH else [today.year]
    return [year for year in wanted if date(year, *NATIONAL_DAY) not in table.days]


def merged(table: HolidayTable, days: Mapping[date, Special], years: Iterable[int]) -> dict[date, Special]:
    """Put the days of some years into a table in place of those that it has."""
    replaced = frozenset(years)
    return {**{day: one for day, one in table.days.items() if day.year not in replaced}, **days}
