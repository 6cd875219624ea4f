"""Orders at WeChat: made for a quote or a demand, never two at once for the same thing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from billing import stays
from billing.arrears import debts
from billing.books import NOWHERE, Books, Place
from billing.ids import out_trade_no
from billing.orders import book, demands, paying
from billing.orders.asking import NOT_THERE
from billing.orders.book import AnyOrder, PayOrder
from billing.orders.demands import Demand
from billing.orders.watching import Watcher
from billing.orders.ways import BY_CODE, Offer, Way
from billing.pay.gateway import CodeUrl, Gateway, Offered, Refused, Unknown
from billing.settle import PENDING, OrderKind, OrderState, Transaction, took_money
from scada.clock import Clock
from scada.model.lane.words import Order, Quote
from scada.model.money import Fen
from scada.model.names import OrderId, StayId
from scada.ports import BillingError
from scada.store.db import Database

log = structlog.get_logger(__name__)

MIN_LIFE_S: Final = 60.0
"""WeChat honours an order at least this long."""


@dataclass(frozen=True, slots=True)
class Payable:
    """An order for a demand: its number, and what it is paid with."""

    order: OrderId
    amount_fen: Fen
    offered: Offered

    @property
    def code_url(self) -> str:
        """What its QR code holds; empty if it is paid on a page."""
        return _code(self.offered)


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What stands in every order."""

    description: str
    zone: ZoneInfo


class Orders:
    """Makes the orders of the site, one open at a time for one thing; what is made is watched until it has ended."""

    def __init__(
        self,
        db: Database,
        books: Books,
        gateway: Gateway,
        clock: Clock,
        terms: OrderTerms,
        watcher: Watcher,
        taken_over: Callable[[StayId], None],
    ) -> None:
        """`taken_over` hears that a phone asks for a stay's fee by an order of its own: the lane's code is dead."""
        self._db = db
        self._books = books
        self._gateway = gateway
        self._clock = clock
        self._terms = terms
        self._watcher = watcher
        self._taken_over = taken_over

    async def make(self, place: Place, quote: Quote) -> Order:
        """Give the order for a quote at a lane, made now or earlier. Any other order of the stay is closed first.

        One that a phone has open for the same quote is left to it; then there is no code. Raises BillingError; then the
        order, if there is one, is watched on.
        """
        async with self._watcher.lock_of(quote.stay):
            same, _ = await self._same(quote, lambda old: old.offer.way is Way.QR or old.state is OrderState.OPEN)
            if same is not None and same.offer.way is not Way.QR:
                await self._move(same, place)
                return Order(same.id, quote.id, quote.stay, quote.due_fen, "")
            number, offered = await (self._new(place, quote) if same is None else self._again(place, quote, same))
            return Order(number, quote.id, quote.stay, quote.due_fen, _code(offered))

    async def offer(self, place: Place, quote: Quote, offer: Offer) -> Offered:
        """Give what a phone pays a quote with, made now or earlier. Any other order of the stay is closed first.

        Raises BillingError; then the order, if there is one, is watched on.
        """
        async with self._watcher.lock_of(quote.stay):
            same, closed = await self._same(quote, lambda old: old.offer == offer)
            made = self._new(place, quote, offer) if same is None else self._again(place, quote, same)
            try:
                return (await made)[1]
            finally:
                if closed:
                    self._taken_over(quote.stay)

    async def _same(self, quote: Quote, fits: Callable[[PayOrder], bool]) -> tuple[PayOrder | None, bool]:
        """Find the order that a quote may go on with; every other one is closed. Say whether there was one."""
        same, closed = None, False
        for old in await self._db.read(lambda conn: book.pending_of(conn, quote.stay, OrderKind.QR)):
            is_good = old.quote == quote.id and old.expires_at > self._clock.now() and not old.closing
            if is_good and fits(old) and same is None:
                same = old
            else:
                await self._close_or_fail(old)
                closed = True
        return same, closed

    async def order_for(self, demand: Demand, description: str, offer: Offer = BY_CODE) -> Payable:
        """Give the order for a demand, made now or earlier. Any other order about the same is closed first.

        Raises BillingError; then the order, if there is one, is watched on.
        """
        async with self._watcher.lock_of(demand.about):
            same, site = None, self._books.site
            for old in await self._db.read(lambda conn: book.pending_about(conn, site, demand.kind, demand.about)):
                is_good = old.demand == demand.id and old.expires_at > self._clock.now() and not old.closing
                if is_good and old.offer == offer and same is None:
                    same = old
                else:
                    await self._close_or_fail(old)
            if same is None:
                return await self._new_order_for(demand, description, offer)
            given = self._give(same, NOWHERE, demand.amount_fen, description)
            return Payable(same.id, demand.amount_fen, await given)

    async def _new_order_for(self, demand: Demand, description: str, offer: Offer) -> Payable:
        at = self._clock.now()
        expires_at = max(demand.valid_until, self._clock.ahead(MIN_LIFE_S)).replace(microsecond=0)

        def work(conn: Connection) -> OrderId:
            found = demands.find(conn, self._books.site, demand.id)
            if not paying.is_owed(conn, self._books.site, at, found):
                raise BillingError(f"demand {demand.id} is not owed any more")
            attempt = book.attempts_at(conn, demand.id) + 1
            order = out_trade_no(self._books.site, demand.id, attempt, at, self._terms.zone)
            book.add_demand_order(conn, self._books, at, order, demand, expires_at, offer)
            return order

        order = await self._db.write(work)
        made = self._send(order, NOWHERE, demand.amount_fen, expires_at, description, offer)
        return Payable(order, demand.amount_fen, await made)

    async def _new(self, place: Place, quote: Quote, offer: Offer = BY_CODE) -> tuple[OrderId, Offered]:
        at = self._clock.now()
        expires_at = max(quote.valid_until, self._clock.ahead(MIN_LIFE_S)).replace(microsecond=0)

        def work(conn: Connection) -> OrderId:
            _check(quote, stays.find(conn, self._books.site, quote.stay), at)
            if not debts.stand(conn, self._books.site, quote.older):
                raise BillingError(f"quote {quote.id} asks for old debts that are paid; quote again")
            attempt = book.attempts(conn, quote.stay) + 1
            order = out_trade_no(self._books.site, quote.stay, attempt, at, self._terms.zone)
            book.add_order(conn, self._books, at, order, place, quote, expires_at, offer=offer)
            return order

        number = await self._db.write(work)
        made = self._send(number, place, quote.due_fen, expires_at, self._terms.description, offer)
        return number, await made

    async def _again(self, place: Place, quote: Quote, old: PayOrder) -> tuple[OrderId, Offered]:
        """The car stands there again, or the first answer got lost: same number, same order.

        A phone that pays ahead takes an order away from no lane.
        """
        if place.lane is not None:
            await self._move(old, place)
        return old.id, await self._give(old, place, quote.due_fen, self._terms.description)

    async def _give(self, old: AnyOrder, place: Place, amount: Fen, description: str) -> Offered:
        """Give again what an order is paid with."""
        if old.state is OrderState.OPEN and old.offer.way is Way.QR:
            return CodeUrl(old.code_url)
        return await self._send(old.id, place, amount, old.expires_at, description, old.offer)

    async def _move(self, old: PayOrder, place: Place) -> None:
        """Have the payment of an order ask another passage to open, if it has not come yet."""
        if not await self._db.write(lambda conn: book.move_place(conn, old.id, place)):
            raise BillingError(f"order {old.id} was paid or closed just now; quote again")

    async def _send(
        self,
        order: OrderId,
        place: Place,
        amount: Fen,
        expires_at: datetime,
        description: str,
        offer: Offer = BY_CODE,
    ) -> Offered:
        """Make an order at WeChat, once more if that failed; gives what it is paid with."""
        watch = self._watcher.follow(order)
        answer = await self._create(order, amount, expires_at, description, offer)
        if isinstance(answer, Refused | Unknown) and not await self._is_done_with(order):
            answer = await self._create(order, amount, expires_at, description, offer)
        watch.sent_s = self._clock.seconds()
        if not isinstance(answer, Refused | Unknown):
            code_url = _code(answer)
            await self._db.write(lambda conn: book.move(conn, order, OrderState.OPEN, code_url=code_url))
            return answer
        await self._doubt(order, place, str(answer))
        self._watcher.doubt(order)
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
        self, order: OrderId, amount: Fen, expires_at: datetime, description: str, offer: Offer
    ) -> Offered | Refused | Unknown:
        time_expire = expires_at.astimezone(self._terms.zone).isoformat(timespec="seconds")
        return await self._watcher.call(lambda: self._gateway.create(order, description, amount, time_expire, offer))

    async def _is_done_with(self, order: OrderId) -> bool:
        """Ask for an order whose making failed; True when sending it again can do no good."""
        answer = await self._watcher.call(lambda: self._gateway.query(order))
        if isinstance(answer, Transaction):
            if took_money(answer):
                await self._watcher.apply(order, answer)
            return answer.trade_state != "NOTPAY"
        return not (isinstance(answer, Refused) and answer.code == NOT_THERE)

    async def _close_or_fail(self, old: AnyOrder) -> None:
        """Make sure that an old order can no longer be paid, before there is a new one."""
        now = await self._watcher.close_locked(old.id, "a newer quote")
        if now is None or now.state in PENDING:
            raise BillingError(f"order {old.id} is not closed yet; two orders for one thing might both be paid")
        if now.state is OrderState.PAID:
            raise BillingError(f"order {old.id} was paid just now; quote again")


def _code(offered: Offered) -> str:
    """Give what a QR code holds; nothing for what is paid on a page."""
    return offered.text if isinstance(offered, CodeUrl) else ""


def _check(quote: Quote, stay: stays.Stay, now: datetime) -> None:
    """Refuse to order what is not owed any more."""
    owed = quote.total_fen - quote.credit_fen - stay.account.paid_fen
    own = quote.due_fen - quote.older_fen
    if not stay.account.is_open or own not in (0, owed) or quote.valid_until <= now:
        raise BillingError(f"quote {quote.id} is out of date; quote again")
