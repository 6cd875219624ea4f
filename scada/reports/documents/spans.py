"""The steps of a chart over days: hours where the days are few, days where they are many."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from scada.reports.documents.document import Days, hours_of

BY_HOUR_DAYS: Final = 3
"""Up to so many days a chart goes by hours."""


def buckets(days: Days, zone: ZoneInfo) -> tuple[Sequence[datetime | date], Callable[[datetime], int]]:
    """Give the labels of the steps, and what says in which of them a moment lies."""
    whole = (days.last - days.first).days + 1
    if whole > BY_HOUR_DAYS:
        labels = [days.first + timedelta(days=number) for number in range(whole)]
        return labels, lambda at: (at.astimezone(zone).date() - days.first).days
    return hours_of(days), lambda at: int((at - days.since) / timedelta(hours=1))
