"""What a bill has and our books do not, asked for at WeChat and applied the usual way. Nothing is ever guessed."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Connection

from billing.books import Books
from billing.orders import book
from billing.orders.applying import Applied, apply
from billing.orders.book import AnyOrder, PayOrder
from billing.parking import deductions
from billing.pay.gateway import Deduction, Refund
from billing.reconcile.compare.match import Difference, Side, What
from billing.reconcile.intake.line import Line
from billing.refunds import book as refunds
from billing.settle import OrderKind, Transaction
from scada.clock import Clock
from scada.model.names import OrderId
from scada.store.db import Database

log = structlog.get_logger(__name__)

MOST: Final = 200
"""Orders and refunds asked for in one run; a day that is worse than this needs a person first."""
SOURCE: Final = "bill"


@dataclass(frozen=True, slots=True)
class Healer:
    """Asks WeChat; `applied` hears of every payment that was found so, after commit."""

    db: Database
    books: Books
    line: Line | None
    clock: Clock
    applied: Callable[[Applied], None]

    async def heal(self, differences: Iterable[Difference]) -> bool:
        """Apply what WeChat says itself of some differences; says whether anything was."""
        healed = 0
        for one in list(differences)[:MOST]:
            if one.trade.what is What.PAYMENT and one.side is Side.ONLY_THEIRS:
                healed += await self._payment(OrderId(one.trade.order))
            elif one.trade.what is What.REFUND and one.side is Side.DIFFERS:
                healed += await self._refund(one.trade.number)
        return healed > 0

    async def _payment(self, order: OrderId) -> bool:
        """Settle an order of ours of which only the bill says that it was paid.

        A payment by code is left alone: one that was not made in time is being undone.
        """
        known = await self.db.read(lambda conn: book.find(conn, self.books.site, order))
        if self.line is None or known is None or _kind_of(known) is OrderKind.CODE:
            return False
        is_deducted = _kind_of(known) is OrderKind.PARKING
        said = await asyncio.to_thread(self.line.parking.query if is_deducted else self.line.query, order)
        if not isinstance(said, Transaction | Deduction):
            return False
        at = self.clock.now()

        def work(conn: Connection) -> Applied:
            if isinstance(said, Deduction):
                return deductions.apply(conn, self.books, at, said, SOURCE)
            return apply(conn, self.books, at, said, SOURCE)

        applied = await self.db.write(work)
        log.info("a payment was found in a bill", order=order, verdict=applied.verdict)
        self.applied(applied)
        return True

    async def _refund(self, number: str) -> bool:
        """End a refund of ours here that has ended there."""
        line = self.line
        if line is None:
            return False
        said = await asyncio.to_thread(line.refunds.query, number)
        if not isinstance(said, Refund):
            return False
        at, ahead = self.clock.now(), self.clock.ahead
        verdict = await self.db.write(lambda conn: refunds.note(conn, self.books, at, ahead, number, said, SOURCE))
        log.info("a refund was found in a bill", refund=number, verdict=verdict)
        return True


def _kind_of(order: AnyOrder) -> OrderKind:
    return order.kind if isinstance(order, PayOrder) else OrderKind.QR
