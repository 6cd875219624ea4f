"""`daozha holidays show/seed/set`: the site's own table of days off and worked weekends."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date

from billing.tariff import Special
from billing.versions import holidays
from billing.versions.holidays import HolidayError
from scada import say
from scada.clock import clock_from
from scada.config import Config, ConfigError, load

_KINDS = {holidays.HOLIDAY: True, holidays.WORKDAY: False}


def show(asked: argparse.Namespace) -> int:
    """Show the table, and say which year is missing. 1 if one is."""
    try:
        config = load(asked.config)
        table = holidays.read(holidays.path_in(config.data))
    except (ConfigError, HolidayError) as error:
        say.complain(str(error))
        return 2
    missing = holidays.missing(table, _today(config))
    days = sorted(day for day in table.days if asked.year in (None, day.year))
    rows = [(day.isoformat(), _word(table.days[day]), table.days[day].name) for day in days]
    if asked.json:
        told = [dict(zip(holidays.COLUMNS, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps({"days": told, "missing": missing}, ensure_ascii=False) + "\n")
    else:
        say.show_table(say.counted(len(rows), "day"), holidays.COLUMNS, rows)
    for year in missing:
        say.complain(f"the holidays of {year} are missing: daozha holidays seed {year}")
    return 1 if missing else 0


def seed(asked: argparse.Namespace) -> int:
    """Take a year from the package; a year that is there is replaced only if told to."""

    def work(config: Config) -> int:
        path = holidays.path_in(config.data)
        table = holidays.read(path)
        if asked.year in table.years and not asked.replace:
            say.complain(
                f"{path}: {asked.year} is there already; --replace takes it anew and drops what people changed"
            )
            return 1
        days = holidays.seed(asked.year)
        holidays.write(path, holidays.merged(table, days, [asked.year]))
        say.tell(f"{path}: {say.counted(len(days), 'day')} of {asked.year}")
        return 0

    return _with_site(asked, work)


def put(asked: argparse.Namespace) -> int:
    """Write one day: off, worked, or as its weekday is."""

    def work(config: Config) -> int:
        path = holidays.path_in(config.data)
        days = dict(holidays.read(path).days)
        day: date = asked.day
        if asked.kind == "plain":
            days.pop(day, None)
        else:
            days[day] = Special(_KINDS[asked.kind], asked.name)
        holidays.write(path, days)
        say.tell(f"{path}: {day} is {asked.kind}" + (f" ({asked.name})" if asked.name else ""))
        return 0

    return _with_site(asked, work)


def _with_site(asked: argparse.Namespace, work: Callable[[Config], int]) -> int:
    try:
        return work(load(asked.config))
    except (ConfigError, HolidayError, OSError) as error:
        say.complain(str(error))
        return 2


def _word(special: Special) -> str:
    return holidays.HOLIDAY if special.is_holiday else holidays.WORKDAY


def _today(config: Config) -> date:
    return clock_from().now().astimezone(config.site.zone_info).date()
