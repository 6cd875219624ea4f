"""Which periods a schedule owes reports of, and when the next try is. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, assert_never
from zoneinfo import ZoneInfo

from scada.settings.reports import ReportSchedule

Every = Literal["day", "week", "month"]

MADE_UP: Final[dict[Every, int]] = {"day": 31, "week": 8, "month": 6}
"""So many periods that were missed are made up for; older ones are left."""
_BACK_OFF_MIN: Final = (1, 2, 5, 10, 30, 60)
TRIES: Final = 60
"""With the last pause of an hour, some two days and a half."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days that belong together, both ends included."""

    first: date
    last: date


def before(day: date, every: Every) -> Period:
    """Give the last period that was over before a day began."""
    match every:
        case "day":
            return Period(day - timedelta(days=1), day - timedelta(days=1))
        case "week":
            monday = day - timedelta(days=day.weekday())
            return Period(monday - timedelta(days=7), monday - timedelta(days=1))
        case "month":
            last = day.replace(day=1) - timedelta(days=1)
            return Period(last.replace(day=1), last)
        case _:
            assert_never(every)


def newest(schedule: ReportSchedule, now: datetime, zone: ZoneInfo) -> Period:
    """Give the last period whose reports are due: over, and the time of the day after it has come."""
    local = now.astimezone(zone)
    period = before(local.date(), schedule.every)
    is_first_day = period.last == local.date() - timedelta(days=1)
    return before(period.first, schedule.every) if is_first_day and local.time() < schedule.time_of_day else period


def owed(schedule: ReportSchedule, known: Collection[date], now: datetime, zone: ZoneInfo) -> list[Period]:
    """Give the periods that are due and not written down yet, the oldest first.

    `known` are the first days of those that are. A new schedule begins with its newest period; of one that stood
    still, the periods since its last one are made up for.
    """
    due = newest(schedule, now, zone)
    if not known:
        return [due]
    last, found = max(known), []
    for _ in range(MADE_UP[schedule.every]):
        if due.first <= last:
            break
        found.append(due)
        due = before(due.first, schedule.every)
    return found[::-1]


def next_due(schedule: ReportSchedule, now: datetime, zone: ZoneInfo) -> datetime:
    """Say when the next reports are made."""
    day = newest(schedule, now, zone).last + timedelta(days=1)
    while before(day, schedule.every) == newest(schedule, now, zone):
        day += timedelta(days=1)
    return datetime.combine(day, schedule.time_of_day, zone)


def pause(tries: int) -> timedelta:
    """Say how long to wait after so many tries."""
    return timedelta(minutes=_BACK_OFF_MIN[min(tries, len(_BACK_OFF_MIN)) - 1])
