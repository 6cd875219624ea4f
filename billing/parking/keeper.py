"""Deductions at WeChat: asked for at the exit, and followed until WeChat has said the last word.

A number is made and stored before it is sent. An answer that comes too late for the lane is taken all the same, and
what nobody knows is asked for, never charged again: the driver pays by QR code meanwhile, and whichever comes second
is given back by itself.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol, Self, TypeVar, assert_never
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from billing.books import Books, Place
from billing.ids import out_trade_no
from billing.orders import book
from billing.orders.applying import Applied
from billing.parking import deductions
from billing.parking.deductions import Asked
from billing.pay.calls.parking import Leaving, ParkedCar
from billing.pay.gateway import Deduction, Refused, Unknown
from billing.pay.worker import STORE_PAUSE_S, Rounds
from billing.settle import Duplicate, OrderState
from scada.clock import Clock
from scada.model.lane.words import Quote
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.store.db import Database, StoreError

log = structlog.get_logger(__name__)
T = TypeVar("T")

ANSWER_S: Final = 4.0
"""How long the lane is kept waiting; then the driver pays by QR code, and the answer is still taken when it comes."""
ASK_AFTER_S: Final = (1.0, 2.0, 3.0, 5.0, 10.0)
"""When to ask what became of a deduction that is not accepted yet, each after the one before."""
ASK_EVERY_S: Final = 60.0
END_AFTER_S: Final = (60.0, 300.0, 600.0)
"""When to ask what became of one that is accepted: its notice may never come."""
END_EVERY_S: Final = 3600.0
QUIET_S: Final = 60.0
"""A number that WeChat does not know so long after it was sent will not come any more."""
THREADS: Final = 8
ACCEPTED: Final = ""
_OF_THE_MOMENT: Final = frozenset({"FREQUENCY_LIMITED", "SYSTEM_ERROR"})
_NOT_THERE: Final = frozenset({"ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS"})


class DeductionCalls(Protocol):
    """What WeChat is asked about deductions; every call blocks."""

    def deduct(
        self, order: OrderId, description: str, amount: Fen, car: ParkedCar, leaving: Leaving
    ) -> Deduction | Refused | Unknown:
        """Have a fee deducted; the same number with the same parameters is the same deduction."""

    def query(self, order: OrderId) -> Deduction | Refused | Unknown:
        """Ask what became of it."""


@dataclass(frozen=True, slots=True)
class DeductionTerms:
    """What stands in every deduction, and how it is asked for."""

    description: str
    zone: ZoneInfo
    answer_s: float = ANSWER_S
    ask_after_s: tuple[float, ...] = ASK_AFTER_S
    end_after_s: tuple[float, ...] = END_AFTER_S
    quiet_s: float = QUIET_S


@dataclass(slots=True)
class _Watch:
    """When a deduction is asked for next; `since_s` is when it was sent, or when this server began to ask."""

    since_s: float
    next_s: float
    asks: int = 0


class Deductions:
    """All deductions that have no end yet; an `async with`. `applied` hears of every change, after commit."""

    def __init__(
        self,
        db: Database,
        books: Books,
        calls: DeductionCalls,
        clock: Clock,
        terms: DeductionTerms,
        applied: Callable[[Applied], None],
    ) -> None:
        self._db = db
        self._books = books
        self._calls = calls
        self._clock = clock
        self._terms = terms
        self._applied = applied
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="deductions")
        self._sending: set[asyncio.Task[str]] = set()
        self._watched: dict[OrderId, _Watch] = {}
        self._rounds = Rounds("deductions", self._look_due)
        self.watch = self._rounds.watch

    async def __aenter__(self) -> Self:
        """Ask at once for those that an earlier start left without an end."""
        for order in await self._db.read(lambda conn: deductions.open_ones(conn, self._books.site)):
            self.follow(order)
        self._rounds.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop; the next start goes on. A call that hangs is not waited for: it is asked for then."""
        for task in self._sending:
            task.cancel()
        try:
            await asyncio.gather(*self._sending, return_exceptions=True)
            await self._rounds.stop()
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def accept(self, place: Place, quote: Quote) -> str:
        """Ask WeChat to deduct a quote; ACCEPTED, or why the driver has to pay on the spot."""
        at = self._clock.now()
        attempt = await self._db.read(lambda conn: book.attempts(conn, quote.stay)) + 1
        order = out_trade_no(self._books.site, quote.stay, attempt, at, self._terms.zone)
        try:
            asked = await self._db.write(lambda conn: deductions.begin(conn, self._books, at, place, quote, order))
        except (StoreError, SQLAlchemyError):
            self.follow(order)  # it may be on record all the same, and nothing was sent
            raise
        if isinstance(asked, str):
            return asked
        self.follow(order, self._terms.answer_s + self._terms.ask_after_s[0])
        sending = asyncio.create_task(self._send(asked), name=f"deduction {order}")
        self._sending.add(sending)
        sending.add_done_callback(self._sent)
        done, _ = await asyncio.wait([sending], timeout=self._terms.answer_s)
        return sending.result() if done else "WeChat has not answered in time"

    def _sent(self, task: asyncio.Task[str]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a deduction was not seen through; it is asked for", error=repr(task.exception()))

    async def _send(self, asked: Asked) -> str:
        """Send a deduction; after an answer that proves nothing ask for it, and send it once more if it is not there.

        Whatever comes of it, it stays watched until WeChat has said the last word.
        """
        until_s = self._clock.seconds() + self._terms.answer_s
        answer = await self._deduct(asked)
        if isinstance(answer, Unknown):
            found = await self._call(lambda: self._calls.query(asked.order))
            is_missing = isinstance(found, Refused) and found.code in _NOT_THERE
            answer = await self._deduct(asked) if is_missing and self._clock.seconds() < until_s else found
        if isinstance(answer, Deduction):
            await self._apply(answer, "answer")
            return ACCEPTED if answer.state in ("ACCEPTED", "SUCCESS") else f"WeChat says {answer.state}"
        at, is_refused = self._clock.now(), isinstance(answer, Refused) and answer.code not in _OF_THE_MOMENT
        why = answer.code if isinstance(answer, Refused) else answer.why
        await self._db.write(lambda conn: deductions.doubt(conn, self._books, at, asked, why, is_refused=is_refused))
        self.follow(asked.order, self._terms.ask_after_s[0])
        return why

    async def _deduct(self, asked: Asked) -> Deduction | Refused | Unknown:
        return await self._call(
            lambda: self._calls.deduct(asked.order, self._terms.description, asked.amount_fen, asked.car, asked.leaving)
        )

    def follow(self, order: OrderId, in_s: float = 0.0) -> None:
        """Ask for a deduction until WeChat has said the last word."""
        now_s = self._clock.seconds()
        self._watched[order] = _Watch(now_s, now_s + in_s)
        self._rounds.wake()

    async def _look_due(self) -> float | None:
        """Look after the deductions whose time has come; gives how long to wait for the next."""
        now_s = self._clock.seconds()
        due = [(order, watch) for order, watch in self._watched.items() if watch.next_s <= now_s]
        await asyncio.gather(*(self._look_safely(order, watch) for order, watch in due))
        return min((watch.next_s - self._clock.seconds() for watch in self._watched.values()), default=None)

    async def _look_safely(self, order: OrderId, watch: _Watch) -> None:
        """A store that does not answer now is asked again later; the deduction is not forgotten."""
        try:
            await self._look(order, watch)
        except (StoreError, SQLAlchemyError) as error:
            log.error("deduction not looked after", order=order, error=str(error))
            watch.next_s = self._clock.seconds() + STORE_PAUSE_S

    async def _look(self, order: OrderId, watch: _Watch) -> None:
        """Ask for one deduction, and take what WeChat says."""
        ours = await self._db.read(lambda conn: book.find(conn, self._books.site, order))
        if ours is None or ours.state not in deductions.UNENDED:
            self._watched.pop(order, None)
            return
        self._schedule(watch, accepted=ours.state is OrderState.ACCEPTED)
        answer = await self._call(lambda: self._calls.query(order))
        at = self._clock.now()
        await self._db.write(lambda conn: book.asked(conn, order, at))
        match answer:
            case Deduction():
                await self._apply(answer, "query")
            case Refused(code=code) if code in _NOT_THERE and ours.state is not OrderState.ACCEPTED:
                if self._clock.seconds() - watch.since_s >= self._terms.quiet_s:
                    await self._db.write(lambda conn: deductions.close(conn, self._books, at, order, code))
            case Refused() | Unknown():
                log.info("deduction asked for in vain", order=order, answer=str(answer))
            case _:
                assert_never(answer)

    def _schedule(self, watch: _Watch, *, accepted: bool) -> None:
        plan, every_s = (self._terms.end_after_s, END_EVERY_S) if accepted else (self._terms.ask_after_s, ASK_EVERY_S)
        watch.next_s = self._clock.seconds() + (plan[watch.asks] if watch.asks < len(plan) else every_s)
        watch.asks += 1

    async def _apply(self, told: Deduction, source: str) -> None:
        at = self._clock.now()
        applied = await self._db.write(lambda conn: deductions.apply(conn, self._books, at, told, source))
        log.info("deduction answered", order=told.out_trade_no, state=told.state, verdict=applied.verdict, by=source)
        self._applied(applied)
        if told.state == "ACCEPTED" and not isinstance(applied.decision, Duplicate):
            self.follow(told.out_trade_no, self._terms.end_after_s[0])

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
