"""How many cars came and went today, for pages that cannot read the site's tables."""

from collections.abc import Mapping
from datetime import tzinfo

from scada.clock import Clock
from scada.engine.doors.peer import Ask, Handler
from scada.model.names import SiteId
from scada.store.db import Database
from scada.store.today import comings


class TodayDesk:
    """One verb; it tells counts, nobody's name."""

    def __init__(self, site: SiteId, db: Database, clock: Clock, zone: tzinfo) -> None:
        self._site = site
        self._db = db
        self._clock = clock
        self._zone = zone

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verb by name."""
        return {"cars_today": self._today}

    async def _today(self, _: Ask) -> object:
        since = self._clock.now().astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        found = await self._db.read(lambda conn: comings(conn, self._site, since))
        return {"since": since.isoformat(), "entries": dict(found.entries), "exits": dict(found.exits)}
