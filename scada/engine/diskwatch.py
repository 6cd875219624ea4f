"""Shows whether the tables have room on their disk, and raises the alarm while they live on their reserve."""

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scada.engine.tags import TagTable
from scada.model.tag import TagName
from scada.ports import Journal, JournalEntry
from scada.store.db import StoreError
from scada.store.sql.reserve import Reserve

PERIOD_S: Final = 2.0
ACTOR: Final = "database"
CODE: Final = "database_disk"
TEXT: Final = "the disk of the tables is full: they live on their reserve, and when it is used up the plant stops"
TROUBLE: Final = TagName("site.database_trouble")

log = structlog.get_logger()


async def wait_for_room(reserve: Reserve) -> bool:
    """Wait until the tables can be written; say whether that took any time.

    A plant that cannot write is away, and PLCs do as they do without a server: nothing goes out that is not written.
    """
    has_waited = False
    while not await asyncio.to_thread(reserve.has_room):
        if not has_waited:
            log.error("the disk of the tables is full: the plant waits for room")
        has_waited = True
        await asyncio.sleep(PERIOD_S)
    return has_waited


class DiskWatch:
    """Looks at the reserve now and then, and makes it again when there is room."""

    def __init__(self, reserve: Reserve, tags: TagTable, journal: Journal) -> None:
        self._reserve = reserve
        self._tags = tags
        self._journal = journal
        self._is_raised = False

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self.look()
            except (StoreError, SQLAlchemyError) as error:
                log.error("the tables' disk is not watched", error=str(error)[:200])
            await asyncio.sleep(PERIOD_S)

    async def look(self) -> None:
        """Look once; what could not be told is told the next time. Raises StoreError."""
        is_short = not await asyncio.to_thread(self._reserve.take)
        self._tags.set(TROUBLE, f"{CODE}: {TEXT}" if is_short else "")
        if is_short and not self._is_raised:
            log.error("alarm", code=CODE, text=TEXT)
            await self._journal.append([JournalEntry("alarm", ACTOR, CODE, body={"text": TEXT})])
        elif self._is_raised and not is_short:
            await self._journal.append([JournalEntry("event", ACTOR, "alarm over", body={"code": CODE})])
        self._is_raised = is_short
