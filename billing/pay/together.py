"""Writes of many in one transaction: what comes while one is being written shares the next, and one sync of the disk.

Each still has its own outcome: where one of them fails, every one is written by itself.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from scada.store.db import Database, StoreError, StoreUnknown, Work

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Wanted(Generic[T]):
    """What one caller wants written, and what came of it."""

    work: Work[T]
    done: tuple[T] | None = None
    failure: Exception | None = None

    def outcome(self) -> T:
        if self.done is None:
            raise self.failure or StoreUnknown("who wrote for all was stopped: whether it was written is unknown")
        return self.done[0]


class Together(Generic[T]):
    """One pen for many callers: whoever has waited longest writes for all, `most` in a transaction."""

    def __init__(self, db: Database, most: int) -> None:
        self._db = db
        self._most = most
        self._pen = asyncio.Lock()
        self._waiting: dict[_Wanted[T], None] = {}

    async def write(self, work: Work[T]) -> T:
        """Do `work` in a transaction that others may share; it ends as if it had one of its own (`Database.write`)."""
        mine = _Wanted(work)
        self._waiting[mine] = None
        try:
            async with self._pen:
                if mine in self._waiting:
                    await self._write(self._next())
        finally:
            self._waiting.pop(mine, None)
        return mine.outcome()

    def _next(self) -> list[_Wanted[T]]:
        group = list(islice(self._waiting, self._most))
        for one in group:
            del self._waiting[one]
        return group

    async def _write(self, group: Sequence[_Wanted[T]]) -> None:
        """Write a group at once. Any failure but the store's own is the fault of one: all others are written anew."""
        try:
            done = await self._db.write(lambda conn: [one.work(conn) for one in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, it rises where the work came from
            if len(group) == 1 or isinstance(error, StoreError):
                for one in group:
                    one.failure = error
                return
            for one in group:
                await self._write([one])
        else:
            for one, answer in zip(group, done, strict=True):
                one.done = (answer,)
