"""Shows how the recording of history does, and raises its alarms. Nothing here ever holds a lane up."""

import asyncio
from collections.abc import Mapping

import structlog

from scada.engine.tags import TagTable
from scada.model.recording import TEXTS, HistoryFigures
from scada.model.tag import TagName, Value
from scada.ports import Historian, Journal, JournalEntry
from scada.store.db import StoreError

PERIOD_S = 2.0
MEGABYTE = 1024 * 1024
ACTOR = "history"

log = structlog.get_logger()


class HistoryWatch:
    """Asks the historian now and then; each trouble is one alarm from when it begins to when it is over."""

    def __init__(self, historian: Historian, tags: TagTable, journal: Journal) -> None:
        self._historian = historian
        self._tags = tags
        self._journal = journal
        self._raised: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.error("history not watched", error=str(error)[:200])
            await asyncio.sleep(PERIOD_S)

    async def look(self) -> None:
        """Look once. Raises StoreError."""
        figures = await self._historian.figures()
        self._tags.set_all(described(figures))
        await self._tell(figures.troubles)

    async def _tell(self, troubles: Mapping[str, str]) -> None:
        now = frozenset(troubles)
        for code in sorted(now - self._raised):
            log.warning("alarm", code=code, text=TEXTS[code], detail=troubles[code])
        entries = [
            JournalEntry("alarm", ACTOR, code, body={"text": TEXTS[code], "detail": troubles[code]})
            for code in sorted(now - self._raised)
        ]
        entries += [JournalEntry("event", ACTOR, "alarm over", body={"code": code}) for code in self._raised - now]
        if entries:
            await self._journal.append(entries)
        self._raised = now


def described(figures: HistoryFigures) -> Mapping[TagName, Value]:
    """Give the figures as tags of the site."""
    values: dict[str, Value] = {
        "history_memory": figures.memory,
        "history_queue": figures.queue_lines,
        "history_queue_mb": round(figures.queue_bytes / MEGABYTE, 1),
        "history_queue_age_s": round(figures.queue_age_s),
        "history_lost": figures.lost,
        "history_thinned": figures.thinned,
        "history_dead": figures.dead,
        "history_send_errors": figures.send_errors,
        "history_trouble": "; ".join(f"{code}: {TEXTS[code]}" for code in sorted(figures.troubles)),
    }
    return {TagName(f"site.{point}"): value for point, value in values.items()}
