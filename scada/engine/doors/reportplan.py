"""What is sent by itself, for the reports page: each schedule, when it is due next, and how its last run went."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from scada.clock import Clock
from scada.config import Config
from scada.engine.doors.peer import Ask, Handler
from scada.engine.reporting.schedule import how_it_goes
from scada.store import reportbook
from scada.store.db import Database


@dataclass(frozen=True, slots=True)
class PlanDesk:
    """Answers about `[[report_schedule]]`; the rights are checked before."""

    config: Config
    db: Database
    clock: Clock

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verb by name."""
        return {"report_schedules": self._schedules}

    async def _schedules(self, _ask: Ask) -> object:
        runs = await self.db.read(lambda conn: reportbook.all_runs(conn, self.config.site_id))
        return await asyncio.to_thread(how_it_goes, self.config, runs, self.clock.now())
