"""What a bill has and our books do not, asked for at WeChat and applied the usual way. Nothing is ever guessed."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from billing.books import Books
from billing.orders import book
from billing.orders.applying import Applied, apply
from billing.orders.book import AnyOrder, PayOrder
from billing.reconcile.compare.match import Difference, Side, What
from billing.reconcile.intake.line import Line
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
        for one in [found for found in differences if _may_heal(found)][:MOST]:
            healed += await self._payment(OrderId(one.trade.order))
        return healed > 0

    async def _payment(self, order: OrderId) -> bool:
        """Settle an order of ours of which only the bill says that it was paid."""
        line = self.line
        known = await self.db.read(lambda conn: book.find(conn, self.books.site, order))
        if line is None or known is None or not is_by_code_on_display(known):
            return False
        said = await asyncio.to_thread(line.query, order)
        if not isinstance(said, Transaction):
            return False
        at = self.clock.now()
        applied = await self.db.write(lambda conn: apply(conn, self.books, at, said, SOURCE))
        log.info("a payment was found in a bill", order=order, verdict=applied.verdict)
        self.applied(applied)
        return True


def is_by_code_on_display(order: AnyOrder) -> bool:
    """Say whether an order is asked for as any: deductions and codes at scanners see themselves through."""
    return not isinstance(order, PayOrder) or order.kind is OrderKind.QR


def _may_heal(one: Difference) -> bool:
    return one.trade.what is What.PAYMENT and one.side is Side.ONLY_THEIRS
