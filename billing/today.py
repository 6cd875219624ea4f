"""What was taken for stays since midnight of the site's clock, for a screen that shows many car parks at once."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

import structlog
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from billing.ids import first_id
from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.tag import TagName, Value
from scada.store.db import Database, StoreError
from scada.store.schema import cash_payment as cash
from scada.store.schema import settlement

LOOK_S: Final = 3.0

log = structlog.get_logger(__name__)


class Today:
    """Looks into the books every few seconds; what it cannot look up is not told."""

    def __init__(self, db: Database, site: SiteId, clock: Clock, zone: tzinfo) -> None:
        self._db = db
        self._site = site
        self._clock = clock
        self._zone = zone
        self._looked_s: float | None = None

    async def figures(self) -> Mapping[TagName, Value]:
        """Give the sum and the number of payments if it is time to; nothing between."""
        now_s = self._clock.seconds()
        if self._looked_s is not None and now_s - self._looked_s < LOOK_S:
            return {}
        self._looked_s = now_s
        midnight = self._clock.now().astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        try:
            count, fen = await self._db.read(lambda conn: taken(conn, self._site, midnight))
        except (StoreError, SQLAlchemyError) as error:
            log.warning("today's money is not known", error=str(error)[:200])
            return {}
        return {TagName("site.today_payments"): count, TagName("site.today_fen"): fen}


def taken(conn: Connection, site: SiteId, since: datetime) -> tuple[int, int]:
    """Count payments since a moment and add them up; by their ids, which sort by time and have an index."""
    first = first_id(since)
    by_order = select(func.count(), func.coalesce(func.sum(settlement.c.amount_fen), 0)).where(
        settlement.c.id >= first, settlement.c.site == site, settlement.c.settled_at >= since
    )
    in_cash = select(func.count(), func.coalesce(func.sum(cash.c.due_fen), 0)).where(
        cash.c.id >= first, cash.c.site == site, cash.c.paid_at >= since, cash.c.voided_at.is_(None)
    )
    (orders, order_fen), (receipts, cash_fen) = conn.execute(by_order).one(), conn.execute(in_cash).one()
    return orders + receipts, int(order_fen) + int(cash_fen)
