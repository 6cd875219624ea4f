"""All orders that may still be paid, each asked for until WeChat says what became of it: its notice may never come.

What shall be closed stands in the database, so that the next start goes on with it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Self, TypeVar
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError

from billing.books import Books
from billing.orders import book
from billing.orders.applying import Applied
from billing.orders.asking import Asker
from billing.orders.book import AnyOrder
from billing.orders.watch import ASK_AFTER_S, DOUBT_AFTER_S, Watch
from billing.pay.gateway import Gateway
from billing.pay.worker import STORE_PAUSE_S, Rounds
from billing.settle import PENDING, OrderState, Transaction
from scada.clock import Clock
from scada.model.names import OrderId
from scada.store.db import Database, StoreError

log = structlog.get_logger(__name__)
T = TypeVar("T")

THREADS: Final = 8


@dataclass(frozen=True, slots=True)
class AskPlans:
    """When open orders are asked for, and those in doubt."""

    open_s: tuple[float, ...] = ASK_AFTER_S
    doubt_s: tuple[float, ...] = DOUBT_AFTER_S


class Watcher:
    """The orders of the site that may still be paid; an `async with`. `applied` hears of every answer, after commit."""

    def __init__(
        self,
        db: Database,
        books: Books,
        gateway: Gateway,
        clock: Clock,
        plans: AskPlans,
        applied: Callable[[Applied], None],
    ) -> None:
        self._db = db
        self._books = books
        self._clock = clock
        self._plans = plans
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="wechat")
        self._asker = Asker(db, books, gateway, clock, self.call, applied)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._watched: dict[OrderId, Watch] = {}
        self._rounds = Rounds("order poller", self._look_due)
        self.watch = self._rounds.watch

    async def __aenter__(self) -> Self:
        """Ask at once for every order that an earlier start left open."""
        for order in await self._db.read(lambda conn: book.pending(conn, self._books.site)):
            self.follow(order.id, at_once=True)
        self._rounds.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop asking; the next start goes on. A call that hangs is not waited for: its order is asked for then."""
        try:
            await self._rounds.stop()
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def lock_of(self, subject: str) -> asyncio.Lock:
        """Give what lets nobody else make or close an order for the same."""
        return self._locks.setdefault(subject, asyncio.Lock())

    def follow(self, order: OrderId, *, at_once: bool = False) -> Watch:
        """Look after an order from now on."""
        now_s = self._clock.seconds()
        watch = self._watched.setdefault(order, Watch.begin(self._plans.open_s, now_s))
        if at_once:
            watch.next_s = now_s
        self._rounds.wake()
        return watch

    def doubt(self, order: OrderId) -> None:
        """Ask soon and often: nobody knows whether WeChat has it."""
        self.follow(order).follow(self._plans.doubt_s, self._clock.seconds())

    async def find(self, order: OrderId) -> AnyOrder | None:
        """Give an order as it stands now."""
        return await self._db.read(lambda conn: book.find(conn, self._books.site, order))

    async def close(self, order: OrderId, why: str) -> None:
        """Close an order, now if WeChat answers and later if not. A payment that came first is settled."""
        await self._db.write(lambda conn: book.want_closed(conn, (order,), why))
        await self._look(order, self.follow(order))

    async def close_locked(self, order: OrderId, why: str) -> AnyOrder | None:
        """Close an order whose lock the caller holds; gives how it stands afterwards."""
        await self._db.write(lambda conn: book.want_closed(conn, (order,), why))
        ours = await self.find(order)
        if ours is None or ours.state not in PENDING:
            return ours
        await self._ask(ours, self.follow(order))
        return await self.find(order)

    async def apply(self, order: OrderId, answer: Transaction) -> None:
        """Settle what WeChat says of an order."""
        ours = await self.find(order)
        if ours is not None:
            await self._asker.apply(ours, answer)

    async def call(self, call: Callable[[], T]) -> T:
        """Make a call that blocks, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def _look_due(self) -> float | None:
        """Look after the orders whose time has come; gives how long to wait for the next."""
        now_s = self._clock.seconds()
        due = [(order, watch) for order, watch in self._watched.items() if watch.next_s <= now_s]
        await asyncio.gather(*(self._look_safely(order, watch) for order, watch in due))
        return min((watch.next_s - self._clock.seconds() for watch in self._watched.values()), default=None)

    async def _look_safely(self, order: OrderId, watch: Watch) -> None:
        """A store that does not answer now is asked again later; the order is not forgotten."""
        try:
            await self._look(order, watch)
        except (StoreError, SQLAlchemyError) as error:
            log.error("order not looked after", order=order, error=str(error))
            watch.next_s = self._clock.seconds() + STORE_PAUSE_S

    async def _look(self, order: OrderId, watch: Watch) -> None:
        """Look after one order, while nobody makes or closes another for the same; forget it once it has ended."""
        watch.asked(self._clock.seconds())
        ours = await self.find(order)
        if ours is not None:
            async with self.lock_of(ours.subject):
                ours = await self.find(order)
                if ours is not None and ours.state in PENDING:
                    await self._ask(ours, watch)
                    ours = await self.find(order)
        if ours is None or ours.state not in PENDING:
            self._watched.pop(order, None)

    async def _ask(self, ours: AnyOrder, watch: Watch) -> None:
        """Ask for an order, and again soon if nobody knows what became of it or of its close."""
        await self._asker.look(ours, watch)
        if ours.closing or ours.state is not OrderState.OPEN or self._asker.is_past(ours):
            watch.follow(self._plans.doubt_s, self._clock.seconds())
