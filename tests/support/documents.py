"""Reports made by hand, for the tests of their forms."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from scada.model.saying import say
from scada.reports.documents.asked import days_between
from scada.reports.documents.document import Report, Section, SiteNames

SHANGHAI = ZoneInfo("Asia/Shanghai")


def sample(*, sections: Sequence[Section], agrees: bool = True) -> Report:
    """A report of May over these sections."""
    days = days_between(date(2026, 5, 1), date(2026, 5, 31), SHANGHAI)
    site = SiteNames("demo", "示范停车场", "Demo car park", SHANGHAI)
    made_at = datetime(2026, 6, 1, tzinfo=UTC)
    return Report("lanes", say("Openings by hand"), days, site, made_at, tuple(sections), agrees)
