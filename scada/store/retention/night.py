"""One night of the retention job: step after step with a pause, so that no lane waits for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection

from scada.clock import Clock
from scada.model.names import SiteId
from scada.settings.keeping import Retention
from scada.store.db import Database
from scada.store.retention import steps
from scada.store.retention.rules import Ends, Rule, ends_of, rules

PAUSE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Night:
    """What a night needs: of which site, by which settings, with which key."""

    site: SiteId
    keys: Retention
    key: bytes
    clock: Clock
    pause_s: float = PAUSE_S

    async def run(self, db: Database, day: date) -> Mapping[str, int]:
        """Take out all that is due; begun again after a kill it goes on where it was. Gives what went."""
        at = self.clock.now()
        ends = ends_of(self.keys, at)
        await db.write(lambda conn: steps.begin(conn, self.site, day, at))
        works = [partial(self._step, day=day, rule=rule) for rule in rules(self.site, ends)]
        for work in (*works, partial(self._journal, day=day, ends=ends)):
            async for _ in _rounds(db, work):
                await asyncio.sleep(self.pause_s)
        return await db.write(lambda conn: steps.end(conn, self.site, day, self.clock.now()))

    def _step(self, conn: Connection, *, day: date, rule: Rule) -> int:
        count = steps.step(conn, rule, self.key)
        steps.note(conn, self.site, day, rule.name, count)
        return count

    def _journal(self, conn: Connection, *, day: date, ends: Ends) -> int:
        return steps.journal_step(conn, self.site, day, self.key, ends.events, self.clock.now())


async def _rounds(db: Database, work: Callable[[Connection], int]) -> AsyncIterator[int]:
    """Do a step again and again, each in a transaction of its own, until there is nothing more to do."""
    while count := await db.write(work):
        yield count


def due(conn: Connection, site: SiteId, keys: Retention, now: datetime) -> Mapping[str, int]:
    """Count what a night would take out now; of the journal, the rows that it would look through."""
    ends = ends_of(keys, now)
    counts = {rule.name: steps.due(conn, rule) for rule in rules(site, ends)}
    return {**counts, steps.JOURNAL: steps.journal_due(conn, site, ends.events)}
