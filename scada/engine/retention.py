"""The nightly job that makes plates of a year ago unreadable, and tells when it has not run."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import Clock
from scada.engine.tags import TagTable
from scada.model.tag import TagName
from scada.ports import Journal, JournalEntry
from scada.store.db import Database, StoreError
from scada.store.retention import steps
from scada.store.retention.night import Night

FIRST_S: Final = 60.0
AGAIN_S: Final = 600.0
LATE: Final = timedelta(days=2)
TROUBLE: Final = TagName("site.retention_trouble")
CODE: Final = "retention_late"
TEXT: Final = "what the law lets us keep for a time only was not looked through for two days"
LEAP_TEXT: Final = (
    "the clock stands more than 30 days after the last night of retention: if the date is right, run "
    "daozha retention run --date-is-right"
)

log = structlog.get_logger()


class RetentionJob:
    """Looks now and then whether tonight's run is due."""

    def __init__(
        self, night: Night, zone: ZoneInfo, clock: Clock, db: Database, journal: Journal, tags: TagTable
    ) -> None:
        self._night = night
        self._zone = zone
        self._clock = clock
        self._db = db
        self._journal = journal
        self._tags = tags
        self._is_late = False

    async def run(self) -> None:
        """Look until cancelled. A database that fails costs a round, never a lane."""
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await self.look()
            except (StoreError, SQLAlchemyError) as error:
                log.error("retention is not looked after", error=str(error)[:200])
            await asyncio.sleep(AGAIN_S)

    async def look(self) -> None:
        """Run what is due, and tell if nothing has come through for too long."""
        now = self._clock.now()
        day, last = self._day(now), await self._db.read(lambda conn: steps.last(conn, self._night.site))
        await self._tell(now, last)
        if (last.day is None or last.day < day) and not steps.has_leapt(last, now):
            went = await self._night.run(self._db, day)
            log.info("retention", day=day.isoformat(), went=sum(went.values()))
            await self._tell(self._clock.now(), await self._db.read(lambda conn: steps.last(conn, self._night.site)))

    def _day(self, now: datetime) -> date:
        """Give the day whose night has begun last."""
        local = now.astimezone(self._zone)
        return local.date() - timedelta(days=local.hour < self._night.keys.hour)

    async def _tell(self, now: datetime, last: steps.Last) -> None:
        since = last.done_at or last.since
        is_late, was_late = since is not None and now - since > LATE, self._is_late
        self._is_late = is_late
        text = LEAP_TEXT if steps.has_leapt(last, now) else TEXT
        self._tags.set(TROUBLE, f"{CODE}: {text}" if is_late else "")
        if is_late and not was_late:
            log.warning("alarm", code=CODE, text=text)
            await self._journal.append([JournalEntry("alarm", "retention", CODE, body={"text": text})])
        elif was_late and not is_late:
            await self._journal.append([JournalEntry("event", "retention", "alarm over", body={"code": CODE})])
