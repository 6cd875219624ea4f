"""The refunder: sends what goes back, and asks for it until it has ended. All it knows stands in the database.

A refund is marked as sent before the call; a server that is killed in between asks for it by its number, and sends the
same number again if WeChat has not got it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, Self, TypeVar

import structlog

from billing.books import Books
from billing.pay.gateway import Refund, Refused, Unknown
from billing.pay.worker import Rounds
from billing.refunds import book
from billing.refunds.plan import DOUBT_S, RefundState, is_absent
from billing.refunds.words import WORDS, Refunding
from scada.clock import Clock
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.store.db import Database

log = structlog.get_logger(__name__)
T = TypeVar("T")

APART_S: Final = 0.2
"""Between two calls: WeChat takes six failing ones a second."""
LOOK_S: Final = 30.0
"""How often the database is asked at least: wall time may jump."""


class RefundCalls(Protocol):
    """What WeChat Pay is asked about refunds; every call blocks."""

    def refund(
        self, out_refund_no: str, order: OrderId, refunded: Fen, total: Fen, reason: str
    ) -> Refund | Refused | Unknown:
        """Ask for a refund; the same number never pays back twice."""

    def query(self, out_refund_no: str) -> Refund | Refused | Unknown:
        """Ask what became of a refund."""

    def apply_abnormal(self, out_refund_no: str, refund_id: str) -> Refund | Refused | Unknown:
        """Have a refund that did not reach its payer paid to our own account."""


class Refunder:
    """All refunds of the site that have not ended; an `async with`."""

    def __init__(self, db: Database, books: Books, calls: RefundCalls, clock: Clock) -> None:
        self._db = db
        self._books = books
        self.calls = calls
        self._clock = clock
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="refunds")
        self._rounds = Rounds("refunder", self._go_round)
        self.watch = self._rounds.watch
        self.wake = self._rounds.wake

    async def __aenter__(self) -> Self:
        """Go on with what an earlier start left open."""
        self._rounds.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop; the next start goes on."""
        try:
            await self._rounds.stop()
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def apply_abnormal(self, one: Refunding) -> Refund | Refused | Unknown:
        """Have an ABNORMAL refund paid to our own account, and write down what WeChat says."""
        said = await self._call(lambda: self.calls.apply_abnormal(one.number, one.refund_id))
        await self._note(one, said)
        self.wake()
        return said

    async def _go_round(self) -> float:
        """Go on with the refund that is due; gives how long to wait for the next one."""
        one = await self._db.read(lambda conn: book.next_due(conn, self._books.site))
        if one is None:
            return LOOK_S
        wait_s = self._clock.seconds_at(one.next_at) - self._clock.seconds()
        if wait_s > 0:
            return min(wait_s, LOOK_S)
        await self._go_on(one)
        await asyncio.sleep(APART_S)
        return 0.0

    async def _go_on(self, one: Refunding) -> None:
        """Ask for a refund, and send its number if WeChat has not got it."""
        if one.state is not RefundState.WANTED:
            said = await self._call(lambda: self.calls.query(one.number))
            if not is_absent(said):
                return await self._note(one, said)
        at, next_at = self._clock.now(), self._clock.ahead(DOUBT_S[0])
        if await self._db.write(lambda conn: book.sending(conn, self._books, at, one.number, next_at)):
            reason = WORDS[one.reason]
            said = await self._call(
                lambda: self.calls.refund(one.number, one.order, one.amount_fen, one.total_fen, reason)
            )
            await self._note(one, said)
        return None

    async def _note(self, one: Refunding, said: Refund | Refused | Unknown) -> None:
        at, ahead = self._clock.now(), self._clock.ahead
        word = await self._db.write(lambda conn: book.note(conn, self._books, at, ahead, one.number, said, "answer"))
        log.info("refund answered", refund=one.number, state=word)

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
