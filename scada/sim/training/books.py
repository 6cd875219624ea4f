"""Looks into the training site's own tables: what the plant wrote down since a lesson began."""

from datetime import datetime

from sqlalchemy import select

from scada.config import Config
from scada.sim.training.assistant import NAME
from scada.sim.training.deeds import Row
from scada.store.db import database_url, reading_engine
from scada.store.schema import desk_case, journal, stay


class SiteBooks:
    """Reads, from any thread; close it."""

    def __init__(self, config: Config) -> None:
        self._engine = reading_engine(database_url(config))

    def cases(self, since: datetime) -> list[Row]:
        """Give the desk's cases since then, the oldest first."""
        query = select(desk_case).where(desk_case.c.opened_at >= since).order_by(desk_case.c.opened_at)
        return self._rows(query)

    def journal(self, since: datetime) -> list[Row]:
        """Give what people did and what money moved since then, the oldest first; the assistant is nobody's answer."""
        mine = (journal.c.at >= since) & journal.c.kind.in_(("person", "money")) & (journal.c.actor != NAME)
        return self._rows(select(journal).where(mine).order_by(journal.c.n))

    def stays_of(self, *plates: str) -> frozenset[str]:
        """Give the open stays under these plates."""
        query = select(stay.c.id).where(stay.c.plate.in_(plates), stay.c.exited_at.is_(None))
        return frozenset(str(row["id"]) for row in self._rows(query))

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()

    def _rows(self, query: object) -> list[Row]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]  # type: ignore[call-overload]
