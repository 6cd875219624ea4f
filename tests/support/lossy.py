"""A database that commits, and then cannot say so."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from scada.store.db import Database
from scada.store.sql.errors import StoreUnknown

T = TypeVar("T")


class LosesACommit(Database):
    """Takes so many transactions and then loses its server each time; afterwards everything is well."""

    def __init__(self, db: Database, loses: int = 1) -> None:
        self.url = db.url
        self.loses = loses
        self._db = db

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._db.read(work)

    async def write(self, work: Callable[[Connection], T], *, gives_way: bool = False) -> T:
        done = await self._db.write(work, gives_way=gives_way)
        if self.loses:
            self.loses -= 1
            raise StoreUnknown("the server was lost")
        return done
