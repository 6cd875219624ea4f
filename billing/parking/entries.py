"""Tell WeChat of the cars that have come in: an outbox row each, sent under the same number until it is answered."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Protocol, Self, TypeVar

import structlog
from sqlalchemy import Connection

from billing.books import Books
from billing.parking import sessions
from billing.parking.decide import Session
from billing.pay.calls.parking import ParkedCar
from billing.pay.gateway import Entrance, Refused, Unknown
from billing.pay.worker import Rounds
from scada.clock import Clock
from scada.model.names import StayId
from scada.store.db import Database

log = structlog.get_logger(__name__)
T = TypeVar("T")

AGAIN_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""How long to wait before an entry is told again; the last for every further time."""
AT_ONCE: Final = 2
"""Entries told at a time: they have time, and the lanes' own calls have not."""
_LATER: Final = frozenset({"FREQUENCY_LIMITED", "SYSTEM_ERROR"})
"""Refusals of the moment, not of the entry."""


class EntryCalls(Protocol):
    """What WeChat is told of entries; the call blocks."""

    def enter(self, out_parking_no: str, car: ParkedCar, free_s: int) -> Entrance | Refused | Unknown:
        """Tell of a car that has come in."""


class Entries:
    """The worker of the entries; an `async with`. `wake` it after a commit that may have added one."""

    def __init__(self, db: Database, books: Books, calls: EntryCalls, clock: Clock) -> None:
        self._db = db
        self._books = books
        self._calls = calls
        self._clock = clock
        self._next_s: dict[StayId, float] = {}
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="parking-entries")
        self._rounds = Rounds("parking entries", self._tell_due)
        self.watch = self._rounds.watch
        self.wake = self._rounds.wake

    async def __aenter__(self) -> Self:
        """Tell what an earlier start has left."""
        self._rounds.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop; the next start goes on."""
        try:
            await self._rounds.stop()
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _tell_due(self) -> float | None:
        """Tell the entries whose time has come; gives how long to wait for the next, None for ever."""
        waiting = await self._db.read(lambda conn: sessions.wanted(conn, self._books.site))
        self._next_s = {one.stay: self._next_s.get(one.stay, 0.0) for one in waiting}
        now_s = self._clock.seconds()
        await asyncio.gather(*(self._tell(one) for one in waiting if self._next_s[one.stay] <= now_s))
        return min((at_s - self._clock.seconds() for at_s in self._next_s.values()), default=None)

    async def _tell(self, session: Session) -> None:
        call = partial(self._calls.enter, session.number, session.car, session.free_s)
        self._next_s[session.stay] = self._clock.seconds() + AGAIN_S[min(session.asks, len(AGAIN_S) - 1)]
        answer = await self._call(call)
        at = self._clock.now()

        def work(conn: Connection) -> str:
            sessions.asked(conn, session.stay)
            match answer:
                case Entrance():
                    return sessions.apply(conn, self._books, at, answer)
                case Refused(code=code) if code not in _LATER:
                    sessions.refuse(conn, self._books, at, session.stay, f"{code} {answer.message}")
                    return "refused"
                case _:
                    return "not told yet"

        verdict = await self._db.write(work)
        log.info("parking entry", stay=session.stay, verdict=verdict)

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
