"""One order, asked for at WeChat: closed first if it shall be, then settled by what WeChat says of it.

Nothing hangs: past its time an order is closed, and it ends as PAID, CLOSED or FAILED; while WeChat gives no answer
that ends it, it is asked for each minute, and a money case tells a person.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from billing.books import Books
from billing.cases import close_case, open_case
from billing.orders import book
from billing.orders.applying import Applied, apply
from billing.orders.book import AnyOrder
from billing.orders.watch import Watch
from billing.pay.gateway import Closed, Gateway, Refund, Refused, Unknown
from billing.refunds.plan import is_absent
from billing.refunds.words import surplus_number
from billing.settle import OVER, PAID, REFUNDED, OrderState, Transaction, Wrong, took_money
from scada.clock import Clock
from scada.model.names import OrderId
from scada.store.db import Database

log = structlog.get_logger(__name__)
T = TypeVar("T")

EXPIRY_MARGIN_S: Final = 30.0
"""A payment made in the last second may take this long to show."""
HANGS_AFTER_S: Final = 900.0
"""So long past its time an order that has not ended is told to a person."""
SIGNED_FOR_S: Final = 330.0
"""WeChat takes no request that was signed more than five minutes ago: what has not come by then never comes."""
NOT_THERE: Final = "ORDER_NOT_EXIST"
PAY_ERROR: Final = "PAYERROR"

Answer = Transaction | Refused | Unknown
Ended = Closed | Refused | Unknown | None


class Call(Protocol):
    """Make a call that blocks, elsewhere."""

    def __call__(self, call: Callable[[], T]) -> Awaitable[T]:
        """Make it."""


class Asker:
    """Asks for orders; the caller lets nobody else touch another order of the same stay meanwhile."""

    def __init__(
        self,
        db: Database,
        books: Books,
        gateway: Gateway,
        clock: Clock,
        call: Call,
        applied: Callable[[Applied], None],
    ) -> None:
        self._db = db
        self._books = books
        self._gateway = gateway
        self._clock = clock
        self._call = call
        self._applied = applied

    def is_past(self, ours: AnyOrder) -> bool:
        """Say whether an order's time is over, and a late payment had time to show."""
        return ours.expires_at < self._clock.ahead(-EXPIRY_MARGIN_S)

    async def look(self, ours: AnyOrder, watch: Watch) -> None:
        """Ask for an order that has not ended, and do what the answer means."""
        closing = ours.closing or ("expired" if self.is_past(ours) else "")
        closed = await self._call(lambda: self._gateway.close(ours.id)) if closing else None
        answer = await self._ask(ours.id)
        match answer:
            case Transaction() if took_money(answer):
                return await self.apply(ours, answer)
            case Transaction(trade_state=state) if state in OVER:
                return await self._mark_closed(ours, closing or "closed at WeChat")
            case Transaction(trade_state=state):
                await self._note(ours, "the payment failed" if state == PAY_ERROR else "")
            case Refused() | Unknown() if self._never_will_be(closed, answer, watch):
                return await self._mark_closed(ours, closing)
            case Refused() | Unknown():
                log.info("order asked for in vain", order=ours.id, answer=str(answer))
        return await self._tell_hanging(ours, watch, answer)

    async def apply(self, ours: AnyOrder, answer: Transaction) -> None:
        """Settle what WeChat says of an order; what contradicts our books ends it, and a person looks."""
        at = self._clock.now()

        def work(conn: Connection) -> Applied:
            book.asked(conn, ours.id, at)
            applied = apply(conn, self._books, at, answer, "query")
            if isinstance(applied.decision, Wrong):
                book.move(conn, ours.id, OrderState.FAILED)
            close_case(conn, self._books, at, _hanging(ours.id), "billing", applied.verdict)
            return applied

        applied = await self._db.write(work)
        log.info("order answered", order=ours.id, verdict=applied.verdict, by="query")
        self._applied(applied)

    async def _ask(self, order: OrderId) -> Answer:
        """Ask for an order. One that went back under our own number was paid, and our books have lost that."""
        answer = await self._call(lambda: self._gateway.query(order))
        if not isinstance(answer, Transaction) or answer.trade_state != REFUNDED:
            return answer
        refund = await self._call(lambda: self._gateway.query_refund(surplus_number(order)))
        if isinstance(refund, Refund):
            return replace(answer, trade_state=PAID)
        return answer if is_absent(refund) else Unknown(f"its refund: {refund}")

    def _never_will_be(self, closed: Ended, answer: Refused | Unknown, watch: Watch) -> bool:
        """Say whether an order that WeChat has not got can be paid no more.

        A signed 204 burns its number. Without one, the request that made it must be too old for WeChat to take.
        """
        if not isinstance(answer, Refused) or answer.code != NOT_THERE:
            return False
        too_old = self._clock.seconds() - watch.sent_s > SIGNED_FOR_S
        return isinstance(closed, Closed) or (isinstance(closed, Refused) and closed.code == NOT_THERE and too_old)

    async def _note(self, ours: AnyOrder, closing: str) -> None:
        at = self._clock.now()

        def work(conn: Connection) -> None:
            book.asked(conn, ours.id, at)
            if closing:
                book.want_closed(conn, (ours.id,), closing)

        await self._db.write(work)

    async def _tell_hanging(self, ours: AnyOrder, watch: Watch, answer: Answer) -> None:
        """Have a person look at an order whose time is long over and that WeChat gives no end."""
        if watch.told or ours.expires_at > self._clock.ahead(-HANGS_AFTER_S):
            return
        at, ref, what = self._clock.now(), _hanging(ours.id), "WeChat gives no end to an order; it may have been paid"
        amount, said = ours.account.amount_fen, str(answer)[:200]

        def work(conn: Connection) -> None:
            told = {"order": ours.id, "about": ours.subject, "amount_fen": amount, "answer": said}
            open_case(conn, self._books, at, "ORDER_HANGS", ref, what, "", **told)

        await self._db.write(work)
        watch.told = True

    async def _mark_closed(self, ours: AnyOrder, why: str) -> None:
        at = self._clock.now()

        def work(conn: Connection) -> None:
            if book.move(conn, ours.id, OrderState.CLOSED):
                self._books.tell(conn, at, "money", "order closed", ours.place, order=ours.id, why=why)
            close_case(conn, self._books, at, _hanging(ours.id), "billing", "closed")

        await self._db.write(work)


def _hanging(order: OrderId) -> str:
    return f"order:{order}:hangs"
