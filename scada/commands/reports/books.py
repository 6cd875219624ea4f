"""A report made of a site's books. The process that makes one for the plant loads no more than that: a person waits."""

from collections.abc import Mapping
from datetime import date

from scada.clock import clock_from
from scada.config import Config, ConfigError
from scada.model.reports import Listed
from scada.reports.documents.asked import Asked, days_asked, made
from scada.reports.documents.document import Report
from scada.store.db import database_url, looking


def made_of_books(
    config: Config, listed: Listed, first: date | None, last: date | None, options: Mapping[str, str]
) -> Report:
    """Make a report of a site's books. Raises ConfigError, NoSuchDays, StoreError and what SQLAlchemy raises."""
    now = clock_from().now()
    with looking(database_url(config)) as connection:
        if connection is None:
            raise ConfigError(f"{config.data}: there are no books here yet; has the site run?")
        today = now.astimezone(config.site.zone_info).date()
        days = days_asked(connection, config, first, last, today)
        return made(connection, listed, Asked(config, days, now, options))
