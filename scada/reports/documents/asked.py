"""What a report is asked with, and how the days that are meant are found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from scada.config import Config
from scada.model.names import SiteId
from scada.model.reports import Listed
from scada.reports.documents.document import Days, Report, Section, SiteNames
from scada.reports.reading import last_day, midnight

LONGEST_DAYS = 800
"""Two years and a bit: a longer one asks for more than a page can tell."""
FIRST_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose books, which days, now, and what else was chosen."""

    config: Config
    days: Days
    now: datetime
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def site(self) -> SiteId:
        """Whose rows are read."""
        return self.config.site_id

    @property
    def zone(self) -> ZoneInfo:
        """The site's zone."""
        return self.config.site.zone_info

    @property
    def since(self) -> datetime:
        """The moment in which the first day begins."""
        return self.days.since

    @property
    def until(self) -> datetime:
        """The moment in which the last day has ended."""
        return self.days.until


Sections = tuple[Section, ...]
Make = Callable[[Connection, Asked], "Sections | Verdict"]
"""Reads the books, on a connection that cannot change them, and gives what the report says."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Sections, and whether all is right."""

    sections: Sections
    agrees: bool


class NoSuchDays(Exception):
    """The days asked for make no sense; the message says why."""


def day_of(text: str) -> date:
    """Read a day like 2026-05-01. Raises NoSuchDays."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NoSuchDays(f"{text!r} is no day: write one like 2026-05-01") from error


def days_between(first: date, last: date, zone: ZoneInfo) -> Days:
    """Give the days with their moments."""
    return Days(first, last, midnight(first, zone), midnight(last + timedelta(days=1), zone))


def days_asked(connection: Connection, config: Config, first: date | None, last: date | None, today: date) -> Days:
    """Give the days asked for; without any, the last day on record. Raises NoSuchDays.

    Where the site's time runs ahead of ours, its newest entry is its today.
    """
    zone = config.site.zone_info
    newest = last_day(connection, config.site_id, zone)
    latest = max(filter(None, (newest, today)))
    last = last or max(newest or today, first or date.min)
    first = first or last
    if first > last:
        raise NoSuchDays(f"{first} comes after {last}: write the first day, then the last one")
    if first.year < FIRST_YEAR:
        raise NoSuchDays(f"{first}: nothing is on record before {FIRST_YEAR}")
    if last > latest:
        raise NoSuchDays(f"{max(first, last)} is still to come: the last day that can be asked for is {latest}")
    if (last - first).days >= LONGEST_DAYS:
        raise NoSuchDays(f"{first} to {last} are more than {LONGEST_DAYS} days: ask for a part of them")
    return days_between(first, last, zone)


def made(connection: Connection, listed: Listed, asked: Asked) -> Report:
    """Make a report."""
    module, _, function = listed.maker.partition(":")
    make = cast(Make, getattr(import_module(module), function))
    found = make(connection, asked)
    verdict = found if isinstance(found, Verdict) else Verdict(found, agrees=True)
    site = asked.config.site
    names = SiteNames(site.id, site.name, site.name_en, site.zone_info)
    return Report(listed.name, listed.title, asked.days, names, asked.now, verdict.sections, verdict.agrees)
