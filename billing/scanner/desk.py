"""Payments by code at the lanes: a code is taken for the quote of the car that stands there, and seen through.

One settles: the QR code stays good meanwhile, and what comes second is given back by itself. A code that is not paid
in time is undone, whatever happens to this process; from the moment that is written down it does not count any more.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, Self, TypeVar
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing.books import Books, Place
from billing.ids import out_trade_no
from billing.orders import book
from billing.orders.applying import Applied, apply
from billing.pay.codes import NEVER_SENT, CodeCalls, Said, Step, Undo, take
from billing.pay.gateway import Refused, Unknown
from billing.scanner import attempts
from billing.scanner.attempts import Attempt
from billing.scanner.code import PayerCode, payer_code
from billing.settle import Transaction
from scada.clock import Clock
from scada.model.lane.words import ByCode, Quote
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, QuoteId
from scada.store.db import Database, StoreError

log = structlog.get_logger(__name__)
T = TypeVar("T")

THREADS: Final = 4
REMEMBER_S: Final = 90.0
"""So long a code that was taken is not taken again: a scanner reads the phone before it many times."""
STORE_PAUSE_S: Final = 1.0


class ScannerCalls(CodeCalls, Protocol):
    """What WeChat Pay is asked for a payment by code; every call blocks."""

    def code_pay(
        self, order: OrderId, description: str, amount: Fen, auth_code: str, store: str
    ) -> Transaction | Refused | Unknown:
        """Take a payment by a payer's code."""


@dataclass(frozen=True, slots=True)
class CodeTerms:
    """What stands in every payment by code."""

    description: str
    store: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Waiting:
    """The car at the boom that is asked for money, and its quote."""

    passage: PassageId
    quote: Quote


@dataclass(frozen=True, slots=True)
class LaneSide:
    """How the desk knows whom a lane waits for, and tells it how his payment goes."""

    waiting: Callable[[LaneName], Waiting | None]
    tell: Callable[[LaneName, PassageId, QuoteId, ByCode], None]


class CodeDesk:
    """All payments by code that are not sure yet; an `async with`. `applied` hears of every payment, after commit."""

    def __init__(
        self,
        db: Database,
        books: Books,
        calls: ScannerCalls,
        clock: Clock,
        terms: CodeTerms,
        applied: Callable[[Applied], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.sleep = sleep
        self._db = db
        self._books = books
        self._calls = calls
        self._clock = clock
        self._terms = terms
        self._applied = applied
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="code-pay")
        self._tasks: set[asyncio.Task[None]] = set()
        self._salt = secrets.token_bytes(16)
        self._taken_s: dict[bytes, float] = {}
        self._asking: dict[LaneName, QuoteId] = {}

    async def __aenter__(self) -> Self:
        """Go on with what an earlier start left unsure."""
        for attempt in await self._db.read(lambda conn: attempts.unended(conn, self._books.site)):
            self._begin(self._resume(attempt), attempt.order)
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop; the next start goes on. A call that hangs is not waited for."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def read(self, lane: LaneName, line: str, side: LaneSide) -> None:
        """Take a line from a lane's scanner: only while its display asks the car there for money."""
        waiting = side.waiting(lane)
        if waiting is None or self._asking.get(lane) == waiting.quote.id:
            return
        code = payer_code(line)
        if code is None:
            side.tell(lane, waiting.passage, waiting.quote.id, ByCode.INVALID)
            return
        if not self._is_new(code):
            return
        self._asking[lane] = waiting.quote.id
        tell = partial(side.tell, lane, waiting.passage, waiting.quote.id)
        tell(ByCode.ASKED)
        self._begin(self._pay(lane, waiting, code, tell), lane)

    def _is_new(self, code: PayerCode) -> bool:
        """Remember a code without keeping it."""
        now_s, mark = self._clock.seconds(), code.mark(self._salt)
        self._taken_s = {old: at_s for old, at_s in self._taken_s.items() if now_s - at_s < REMEMBER_S}
        if mark in self._taken_s:
            return False
        self._taken_s[mark] = now_s
        return True

    def _begin(self, work: Awaitable[None], what: str) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run(), name=f"code pay {what}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a payment by code was not seen through", work=task.get_name(), error=repr(task.exception()))

    async def _pay(self, lane: LaneName, waiting: Waiting, code: PayerCode, tell: Callable[[ByCode], None]) -> None:
        try:
            quote, terms = waiting.quote, self._terms
            order, why = await self._record(Place(lane, waiting.passage), quote)
            if why:
                log.info("code not taken", lane=lane, why=why)
                tell(ByCode.FAILED)
                return
            said = await self.call(
                lambda: self._calls.code_pay(order, terms.description, quote.due_fen, code.digits, terms.store)
            )
            await self._see_through(order, said, partial(self._told, lane, tell))
        finally:
            self._forget(lane, waiting.quote.id)

    async def _record(self, place: Place, quote: Quote) -> tuple[OrderId, str]:
        """Put a payment on record before its code is sent; gives its number, and why there is none to send."""
        at = self._clock.now()
        attempt = await self._db.read(lambda conn: book.attempts(conn, quote.stay)) + 1
        order = out_trade_no(self._books.site, quote.stay, attempt, at, self._terms.zone)
        try:
            return order, await self._db.write(lambda conn: attempts.begin(conn, self._books, at, place, quote, order))
        except (StoreError, SQLAlchemyError) as error:
            log.error("payment by code not written", error=str(error))
            self._begin(self._resume(Attempt(order, at, undoing=False)), order)  # it may be on record all the same
            return order, "the books do not answer"

    def _told(self, lane: LaneName, tell: Callable[[ByCode], None], said: Said, step: Step) -> None:
        """Tell the driver; once it is being undone he may show another code."""
        how = how_it_goes(said, step)
        if how is not None:
            tell(how)
        if how in _OVER:
            self._asking.pop(lane, None)

    def _forget(self, lane: LaneName, quote: QuoteId) -> None:
        if self._asking.get(lane) == quote:
            del self._asking[lane]

    async def _resume(self, attempt: Attempt) -> None:
        """Ask first what became of it: it may be paid."""
        elapsed_s = (self._clock.now() - attempt.made_at).total_seconds()
        said = await self.call(lambda: self._calls.query(attempt.order))
        await self._see_through(attempt.order, said, lambda _said, _step: None, elapsed_s, undoing=attempt.undoing)

    async def _see_through(
        self,
        order: OrderId,
        said: Said,
        told: Callable[[Said, Step], None],
        elapsed_s: float = 0.0,
        *,
        undoing: bool = False,
    ) -> None:
        is_undone = undoing

        async def heard(now: Said, step: Step) -> None:
            nonlocal is_undone
            if isinstance(step, Undo) and not is_undone:
                why = now.code if isinstance(now, Refused) else type(now).__name__
                await self._surely(lambda conn: attempts.reverse(conn, self._books, self._clock.now(), order, why))
                is_undone = True
                told(now, step)
            elif not is_undone:
                told(now, step)

        paid = await take(order, said, self._calls, self, heard, elapsed_s=elapsed_s, undoing=undoing)
        await (self._is_over(order, said) if paid is None else self._settle(paid))

    async def _settle(self, paid: Transaction) -> None:
        applied = await self._surely(lambda conn: apply(conn, self._books, self._clock.now(), paid, "code"))
        log.info("code paid", order=paid.out_trade_no, verdict=applied.verdict)
        self._applied(applied)

    async def _is_over(self, order: OrderId, said: Said) -> None:
        """Ask once more when it is undone: the bill shows whether it had been paid before."""
        was_sent = not (isinstance(said, Refused) and said.code == NEVER_SENT)
        last = await self.call(lambda: self._calls.query(order)) if was_sent else None
        known = last if isinstance(last, Transaction) else None
        await self._surely(lambda conn: attempts.reversed_(conn, self._books, self._clock.now(), order, known))
        log.info("code not paid", order=order)

    async def _surely(self, work: Callable[[Connection], T]) -> T:
        """Write, and again while the store does not take it: what WeChat was asked must not be forgotten."""
        while True:
            try:
                return await self._db.write(work)
            except (StoreError, SQLAlchemyError) as error:
                log.error("payment by code not written", error=str(error))
                await self.sleep(STORE_PAUSE_S)

    async def call(self, call: Callable[[], T]) -> T:
        """Make a call that blocks, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def seconds(self) -> float:
        """Monotonic seconds."""
        return self._clock.seconds()


_OVER: Final = frozenset({ByCode.INVALID, ByCode.TOO_LITTLE, ByCode.FAILED})
_BAD_CODES: Final = frozenset({NEVER_SENT, "PARAM_ERROR", "AUTH_CODE_EXPIRED", "AUTHCODE_EXPIRE", "AUTH_CODE_ERROR"})


def how_it_goes(said: Said, step: Step) -> ByCode | None:
    """Say what the driver is to be told; None while nothing changes for him."""
    match said:
        case Transaction(trade_state="USERPAYING") if not isinstance(step, Undo):
            return ByCode.CONFIRM
        case Refused(code=code) if code in _BAD_CODES:
            return ByCode.INVALID
        case Refused(code="NOT_ENOUGH"):
            return ByCode.TOO_LITTLE
        case _:
            return ByCode.FAILED if isinstance(step, Undo) else None
