"""What the reports of figures share: the columns of channels, and which steps a time is told in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from scada.model.saying import Words, say
from scada.reports.documents.asked import Asked
from scada.reports.documents.document import Column, day, fen, moment
from scada.reports.lot.traffic import CHANNELS
from scada.reports.openings import hour_of

FEW_DAYS: Final = 3
"""So many days are told hour by hour, more of them day by day."""
CHANNEL_NAMES: Final = {
    "SCAN": say("Scanned at a boom, yuan"),
    "AHEAD": say("Paid ahead, yuan"),
    "CODE": say("By payer's code, yuan"),
    "PARKING": say("WeChat deducts, yuan"),
    "CASH": say("Cash, yuan"),
    "VOUCHER": say("Vouchers, yuan"),
    "CARD": say("Month cards, yuan"),
}
BY_CHANNEL: Final = tuple(fen(f"{channel.lower()}_fen", CHANNEL_NAMES[channel]) for channel in CHANNELS)


@dataclass(frozen=True, slots=True)
class Steps:
    """Hours or days: the column that names them, and which of them a moment belongs to."""

    heading: Words
    column: Column
    start_of: Callable[[datetime], datetime]
    by_hour: bool


def steps_of(asked: Asked) -> Steps:
    """Say in which steps the days asked for are told."""
    zone, wanted = asked.zone, asked.options.get("by")
    days = (asked.days.last - asked.days.first).days + 1
    if wanted == "hour" or (wanted is None and days <= FEW_DAYS):
        return Steps(say("By hour"), moment("hour", say("Hour")), lambda at: hour_of(at, zone), by_hour=True)

    def midnight(at: datetime) -> datetime:
        return datetime.combine(at.astimezone(zone).date(), time(), zone)

    return Steps(say("By day"), day("day", say("Day")), midnight, by_hour=False)
