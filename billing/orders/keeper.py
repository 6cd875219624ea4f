"""Orders at WeChat: made, asked for, closed. Whatever WeChat answers is settled by the same path as a notice.

An order that may still be paid is watched until WeChat says what became of it: its notice may never come.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self, TypeVar
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing import stays
from billing.arrears import debts
from billing.books import NOWHERE, Books, Place
from billing.ids import out_trade_no
from billing.orders import book, demands, paying
from billing.orders.book import AnyOrder, Applied, PayOrder
from billing.orders.demands import Demand
from billing.pay.gateway import Closed, CodeUrl, Gateway, Refused, Unknown
from billing.pay.worker import Worker
from billing.settle import PENDING, OrderKind, OrderState, Transaction
from scada.clock import Clock
from scada.model.lane.words import Order, Quote
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.ports import BillingError
from scada.store.db import Database, StoreError

log = structlog.get_logger(__name__)
T = TypeVar("T")

ASK_AFTER_S: Final = (3.0, 6.0, 12.0)
"""When to ask for an order that no notice came for, from the moment it was made."""
ASK_EVERY_S: Final = 60.0
EXPIRY_MARGIN_S: Final = 30.0
"""A payment made in the last second may take this long to show."""
MIN_LIFE_S: Final = 60.0
"""WeChat honours an order at least this long."""
THREADS: Final = 8
STORE_PAUSE_S: Final = 1.0


@dataclass(slots=True)
class _Watch:
    """When an order is asked for next; `closing` says why it shall be closed, if it shall."""

    since_s: float
    next_s: float
    asks: int = 0
    closing: str = ""


@dataclass(frozen=True, slots=True)
class Payable:
    """An order for a demand: its number, and what its QR code holds."""

    order: OrderId
    amount_fen: Fen
    code_url: str


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What stands in every order."""

    description: str
    zone: ZoneInfo
    ask_after_s: tuple[float, ...] = ASK_AFTER_S


class Orders:
    """All orders of the site that may still be paid; an `async with`. `applied` hears of every answer, after commit."""

    def __init__(
        self,
        db: Database,
        books: Books,
        gateway: Gateway,
        clock: Clock,
        terms: OrderTerms,
        applied: Callable[[Applied], None],
    ) -> None:
        self._db = db
        self._books = books
        self._gateway = gateway
        self._clock = clock
        self._terms = terms
        self._applied = applied
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="wechat")
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._watched: dict[OrderId, _Watch] = {}
        self._woken = asyncio.Event()
        self._poller = Worker("order poller")
        self.watch = self._poller.watch

    async def __aenter__(self) -> Self:
        """Ask at once for every order that an earlier start left open."""
        for order in await self._db.read(lambda conn: book.pending(conn, self._books.site)):
            self._watch(order.id, at_once=True)
        self._poller.start(self._poll())
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Stop asking; the next start goes on. A call that hangs is not waited for: its order is asked for then."""
        try:
            await self._poller.stop()
        finally:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def make(self, place: Place, quote: Quote) -> Order:
        """Give the order for a quote, made now or earlier. Any other order of the stay is closed first.

        Raises BillingError; then the order, if there is one, is watched on.
        """
        async with self._lock_of(quote.stay):
            same = None
            for old in await self._db.read(lambda conn: book.pending_of(conn, quote.stay, OrderKind.QR)):
                if old.quote == quote.id and old.expires_at > self._clock.now() and not self._watch(old.id).closing:
                    same = old
                else:
                    await self._close_or_fail(old)
            return await (self._new(place, quote) if same is None else self._again(place, quote, same))

    async def order_for(self, demand: Demand, description: str) -> Payable:
        """Give the order for a demand, made now or earlier. Any other order about the same is closed first.

        Raises BillingError; then the order, if there is one, is watched on.
        """
        async with self._lock_of(demand.about):
            site = self._books.site
            for old in await self._db.read(lambda conn: book.pending_about(conn, site, demand.kind, demand.about)):
                if old.demand == demand.id and old.state is OrderState.OPEN and not self._watch(old.id).closing:
                    return Payable(old.id, demand.amount_fen, old.code_url)
                await self._close_or_fail(old)
            return await self._new_order_for(demand, description)

    async def _new_order_for(self, demand: Demand, description: str) -> Payable:
        at = self._clock.now()
        expires_at = max(demand.valid_until, self._clock.ahead(MIN_LIFE_S)).replace(microsecond=0)

        def work(conn: Connection) -> OrderId:
            found = demands.find(conn, self._books.site, demand.id)
            if not paying.is_owed(conn, self._books.site, found):
                raise BillingError(f"demand {demand.id} is not owed any more")
            attempt = book.attempts_at(conn, demand.id) + 1
            order = out_trade_no(self._books.site, demand.id, attempt, at, self._terms.zone)
            book.add_demand_order(conn, self._books, at, order, demand, expires_at)
            return order

        order = await self._db.write(work)
        return Payable(
            order, demand.amount_fen, await self._send(order, NOWHERE, demand.amount_fen, expires_at, description)
        )

    async def close(self, order: OrderId, why: str) -> None:
        """Close an order at WeChat, now if WeChat answers and later if not. A payment that came first is settled."""
        watch = self._watch(order)
        watch.closing = why
        await self._look(order, watch)

    def close_soon(self, stay_orders: tuple[OrderId, ...], why: str) -> None:
        """Have orders closed by the poller, without waiting."""
        for order in stay_orders:
            self._watch(order, at_once=True).closing = why

    async def _new(self, place: Place, quote: Quote) -> Order:
        at = self._clock.now()
        expires_at = max(quote.valid_until, self._clock.ahead(MIN_LIFE_S)).replace(microsecond=0)

        def work(conn: Connection) -> OrderId:
            _check(quote, stays.find(conn, self._books.site, quote.stay), at)
            if not debts.stand(conn, self._books.site, quote.older):
                raise BillingError(f"quote {quote.id} asks for old debts that are paid; quote again")
            attempt = book.attempts(conn, quote.stay) + 1
            order = out_trade_no(self._books.site, quote.stay, attempt, at, self._terms.zone)
            book.add_order(conn, self._books, at, order, place, quote, expires_at)
            return order

        return await self._ordered(await self._db.write(work), place, quote, expires_at)

    async def _again(self, place: Place, quote: Quote, old: PayOrder) -> Order:
        """The car stands there again, or the first answer got lost: same number, same order."""
        await self._db.write(lambda conn: book.move_place(conn, old.id, place))
        if old.state is OrderState.OPEN:
            return Order(old.id, quote.id, quote.stay, quote.due_fen, old.code_url)
        return await self._ordered(old.id, place, quote, old.expires_at)

    async def _ordered(self, order: OrderId, place: Place, quote: Quote, expires_at: datetime) -> Order:
        code_url = await self._send(order, place, quote.due_fen, expires_at, self._terms.description)
        return Order(order, quote.id, quote.stay, quote.due_fen, code_url)

    async def _send(self, order: OrderId, place: Place, amount: Fen, expires_at: datetime, description: str) -> str:
        """Make an order at WeChat, once more if that failed; gives what its code holds."""
        self._watch(order)
        answer = await self._create(order, amount, expires_at, description)
        if not isinstance(answer, CodeUrl) and not await self._is_done_with(order):
            answer = await self._create(order, amount, expires_at, description)
        if isinstance(answer, CodeUrl):
            code_url = answer.text
            await self._db.write(lambda conn: book.move(conn, order, OrderState.OPEN, code_url=code_url))
            return code_url
        await self._doubt(order, place, str(answer))
        raise BillingError(f"order {order} at WeChat: {answer}")

    async def _doubt(self, order: OrderId, place: Place, why: str) -> None:
        """Keep an order of which nobody knows whether WeChat has it."""
        at = self._clock.now()

        def work(conn: Connection) -> None:
            book.move(conn, order, OrderState.UNKNOWN)
            self._books.tell(conn, at, "alarm", "order not made", place, order=order, why=why)

        await self._db.write(work)
        log.warning("order not made", order=order, why=why)

    async def _create(
        self, order: OrderId, amount: Fen, expires_at: datetime, description: str
    ) -> CodeUrl | Refused | Unknown:
        time_expire = expires_at.astimezone(self._terms.zone).isoformat(timespec="seconds")
        return await self._call(lambda: self._gateway.create(order, description, amount, time_expire))

    async def _is_done_with(self, order: OrderId) -> bool:
        """Ask for an order whose making failed; True when sending it again can do no good."""
        answer = await self._call(lambda: self._gateway.query(order))
        if isinstance(answer, Transaction):
            await self._apply(order, answer)
            return answer.trade_state != "NOTPAY"
        return not (isinstance(answer, Refused) and answer.code == "ORDER_NOT_EXIST")

    async def _close_or_fail(self, old: AnyOrder) -> None:
        """Make sure that an old order can no longer be paid, before there is a new one."""
        watch = self._watch(old.id)
        watch.closing = "a newer quote"
        await self._look_locked(old, watch)
        now = await self._find(old.id)
        if now is None or now.state in PENDING:
            raise BillingError(f"order {old.id} is not closed yet; two orders for one thing might both be paid")
        if now.state is OrderState.PAID:
            raise BillingError(f"order {old.id} was paid just now; quote again")

    def _lock_of(self, subject: str) -> asyncio.Lock:
        return self._locks.setdefault(subject, asyncio.Lock())

    async def _find(self, order: OrderId) -> AnyOrder | None:
        return await self._db.read(lambda conn: book.find(conn, self._books.site, order))

    def _watch(self, order: OrderId, *, at_once: bool = False) -> _Watch:
        now_s = self._clock.seconds()
        watch = self._watched.setdefault(order, _Watch(now_s, now_s + self._terms.ask_after_s[0]))
        if at_once:
            watch.next_s = now_s
        self._woken.set()
        return watch

    async def _poll(self) -> None:
        while True:
            self._woken.clear()
            now_s = self._clock.seconds()
            due = [(order, watch) for order, watch in self._watched.items() if watch.next_s <= now_s]
            await asyncio.gather(*(self._look_safely(order, watch) for order, watch in due))
            wait_s = min((watch.next_s for watch in self._watched.values()), default=None)
            try:
                async with asyncio.timeout(None if wait_s is None else max(0.0, wait_s - self._clock.seconds())):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _look_safely(self, order: OrderId, watch: _Watch) -> None:
        """A store that does not answer now is asked again later; the order is not forgotten."""
        try:
            await self._look(order, watch)
        except (StoreError, SQLAlchemyError) as error:
            log.error("order not looked after", order=order, error=str(error))
            watch.next_s = self._clock.seconds() + STORE_PAUSE_S

    async def _look(self, order: OrderId, watch: _Watch) -> None:
        """Look after one order, while nobody makes or closes another for the same."""
        self._schedule(watch)
        ours = await self._find(order)
        if ours is not None:
            async with self._lock_of(ours.subject):
                ours = await self._find(order)
                if ours is not None and ours.state in PENDING:
                    await self._look_locked(ours, watch)
                    return
        self._watched.pop(order, None)

    async def _look_locked(self, ours: AnyOrder, watch: _Watch) -> None:
        """Ask for one order, close it first if it shall be closed, and settle what WeChat says."""
        order = ours.id
        if not watch.closing and ours.expires_at < self._clock.ahead(-EXPIRY_MARGIN_S):
            watch.closing = "expired"
        closed = await self._call(lambda: self._gateway.close(order)) if watch.closing else None
        answer = await self._call(lambda: self._gateway.query(order))
        if isinstance(answer, Transaction) and answer.trade_state != "CLOSED":
            await self._apply(order, answer)
        elif isinstance(answer, Transaction) or _is_burnt(closed, answer):
            await self._mark_closed(ours, watch.closing or "closed at WeChat")
        else:
            log.info("order asked for in vain", order=order, answer=str(answer))

    def _schedule(self, watch: _Watch) -> None:
        watch.asks += 1
        plan = self._terms.ask_after_s
        if watch.asks < len(plan):
            watch.next_s = max(watch.since_s + plan[watch.asks], self._clock.seconds() + plan[0])
        else:
            watch.next_s = self._clock.seconds() + ASK_EVERY_S

    async def _apply(self, order: OrderId, answer: Transaction) -> None:
        at = self._clock.now()

        def work(conn: Connection) -> Applied | None:
            book.asked(conn, order, at)
            return None if answer.trade_state == "NOTPAY" else book.apply(conn, self._books, at, answer, "query")

        applied = await self._db.write(work)
        if applied is not None:
            log.info("order answered", order=order, verdict=applied.verdict, by="query")
            self._applied(applied)

    async def _mark_closed(self, order: AnyOrder, why: str) -> None:
        at = self._clock.now()

        def work(conn: Connection) -> None:
            if book.move(conn, order.id, OrderState.CLOSED):
                self._books.tell(conn, at, "money", "order closed", order.place, order=order.id, why=why)

        await self._db.write(work)
        self._watched.pop(order.id, None)

    async def _call(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _check(quote: Quote, stay: stays.Stay, now: datetime) -> None:
    """Refuse to order what is not owed any more."""
    owed = quote.total_fen - quote.credit_fen - stay.account.paid_fen
    own = quote.due_fen - quote.older_fen
    if not stay.account.is_open or own not in (0, owed) or quote.valid_until <= now:
        raise BillingError(f"quote {quote.id} is out of date; quote again")


def _is_burnt(closed: Closed | Refused | Unknown | None, answer: Refused | Unknown) -> bool:
    """Say whether a signed 204 on close and a 404 after it prove that the number cannot be paid any more."""
    return isinstance(closed, Closed) and isinstance(answer, Refused) and answer.code == "ORDER_NOT_EXIST"
