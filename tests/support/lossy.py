"""A database that commits, and then cannot say so."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from scada.store.db import Database
from scada.store.sql.errors import StoreUnknown

T = TypeVar("T")


class LosesACommit(Database):
    """Takes one transaction and then loses its server; afterwards everything is well."""

    def __init__(self, db: Database) -> None:
        self.url = db.url
        self._db = db
        self._loses = 1

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._db.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        done = await self._db.write(work)
        if self._loses:
            self._loses -= 1
            raise StoreUnknown("the server was lost")
        return done
