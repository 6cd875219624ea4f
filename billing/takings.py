"""What is paid for stays, as figures for the trends: how often and how much since the start, by lane, and no more."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from scada.model.names import OrderId, StayId
from scada.model.tag import TagName, Value
from scada.store.db import Database, StoreError
from scada.store.schema import cash_payment as cash
from scada.store.schema import pay_order, settlement

log = structlog.get_logger(__name__)

_WAITING: Final = 1000
"""Payments that may wait to be counted; beyond it the oldest are missing in the trends. The books have them all."""
Paid = tuple[str, int]
"""The lane, empty where it was paid ahead, and the amount."""


class Takings:
    """Counts payments as the rest of the plant hears of them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._heard: deque[tuple[StayId, OrderId]] = deque(maxlen=_WAITING)
        self._counts: Counter[str] = Counter({"site": 0})
        self._sums: Counter[str] = Counter({"site": 0})

    def heard(self, stay: StayId, order: OrderId) -> None:
        """Hear that a stay was paid, by an order or, without one, in cash."""
        self._heard.append((stay, order))

    async def figures(self) -> Mapping[TagName, Value]:
        """Count what was heard of, and give all figures."""
        heard = [self._heard.popleft() for _ in range(len(self._heard))]
        for lane, amount in await self._read(heard) if heard else ():
            for name in filter(None, ("site", lane)):
                self._counts[name] += 1
                self._sums[name] += amount
        counts = {TagName(f"{name}.payments"): count for name, count in self._counts.items()}
        return {**counts, **{TagName(f"{name}.paid_fen"): amount for name, amount in self._sums.items()}}

    async def _read(self, heard: Sequence[tuple[StayId, OrderId]]) -> list[Paid]:
        """Look up what was paid; a database that is away is asked again at the next look."""
        try:
            return await self._db.read(lambda conn: _amounts(conn, heard))
        except (StoreError, SQLAlchemyError) as error:
            log.warning("payments are not counted yet", error=str(error)[:200])
            self._heard.extendleft(reversed(heard))
            return []


def _amounts(conn: Connection, heard: Sequence[tuple[StayId, OrderId]]) -> list[Paid]:
    return [paid for stay, order in heard if (paid := _by_order(conn, order) if order else _in_cash(conn, stay))]


def _by_order(conn: Connection, order: OrderId) -> Paid | None:
    both = settlement.join(pay_order, pay_order.c.out_trade_no == settlement.c.out_trade_no)
    query = select(pay_order.c.lane, settlement.c.amount_fen).select_from(both)
    row = conn.execute(query.where(settlement.c.out_trade_no == order)).first()
    return None if row is None else (row.lane or "", row.amount_fen)


def _in_cash(conn: Connection, stay: StayId) -> Paid | None:
    query = select(cash.c.lane, cash.c.due_fen).where(cash.c.stay == stay, cash.c.voided_at.is_(None))
    row = conn.execute(query.order_by(cash.c.paid_at.desc()).limit(1)).first()
    return None if row is None else (row.lane or "", row.due_fen)
