"""The room that the tables keep for the day on which the disk is full: the cars of some hours can still be written.

Pictures and history stop before (`docs/operating.md`). PostgreSQL's disk is its own server's: nothing is kept there.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, make_url

from scada.store.ballast import MEGABYTE, Ballast, free_bytes
from scada.store.sql import sqlite
from scada.store.sql.errors import StoreFull

RESERVE_BYTES = 16 * MEGABYTE
"""Several hundred cars."""
BESIDE_BYTES = 48 * MEGABYTE
"""It is made again when so much stays free beside it."""
LEAST_BYTES = 4 * MEGABYTE
"""A plant without a reserve begins when so much is free: else it would end at the first car."""

Work = Callable[[Connection], list[Any]]
Transact = Callable[[Engine, Work], list[Any]]


class Reserve:
    """A ballast beside SQLite's file, thrown off at the first write that finds no room."""

    def __init__(self, file: Path | None, free: Callable[[Path], int] = free_bytes) -> None:
        self._file = file
        self._free = free
        self._ballast = Ballast(file.with_suffix(".ballast"), RESERVE_BYTES, free) if file is not None else None

    @classmethod
    def of(cls, url: str) -> Self:
        """Build the reserve of a database."""
        made = make_url(url)
        return cls(sqlite.file_of(made) if made.get_backend_name() == "sqlite" else None)

    def is_there(self) -> bool:
        """Say whether all is well: there is a reserve, or none is needed here. Blocks."""
        return self._ballast is None or self._ballast.is_there

    def has_room(self) -> bool:
        """Say whether the tables can be written for a while. Blocks; raises OSError."""
        if self.is_there() or self._file is None or not self._file.parent.exists():
            return True
        return self._free(self._file.parent) >= LEAST_BYTES

    def take(self) -> bool:
        """Make it again if the disk has room for it, and say whether it is there. Blocks."""
        if self._ballast is not None:
            self._ballast.take(BESIDE_BYTES)
        return self.is_there()

    def transact(self, transact: Transact) -> Transact:
        """Give a way to write that throws the reserve off where there is no room, and then writes once more."""

        def written(engine: Engine, work: Work) -> list[Any]:
            try:
                return transact(engine, work)
            except StoreFull as error:
                if self._ballast is None or not self._ballast.drop():
                    raise
                _tell(error)
                return transact(engine, work)

        return written


def _tell(error: StoreFull) -> None:
    """Say it in the log, which is loaded only now: whoever just reads the tables does not wait for it."""
    import structlog

    log = structlog.get_logger(__name__)
    log.error("the disk is full: the reserve of the tables is thrown off", error=str(error)[:200])
