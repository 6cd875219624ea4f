"""What a merchant's staff sees of its own vouchers. It never sees whose car is in the car park, nor older plates whole.

Plain functions of a connection.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, func, select

from billing.vouchers import merchants
from billing.vouchers.book import OF_VISIT
from billing.vouchers.terms import Merchant, left_of, merchant_part
from scada.model.masks import MASK
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.store.schema import voucher as vouchers

PLATE_FOR: Final = timedelta(hours=1)
"""How long a plate is shown whole: a mistake can be seen and the voucher taken back."""
ROWS: Final = 200
"""Vouchers that the page shows at most."""
PIECE: Final = 1000
"""Vouchers that one piece of the month's table holds at most."""


@dataclass(frozen=True, slots=True)
class Times:
    """Now, and when this day and this month began by the site's clocks."""

    now: datetime
    midnight: datetime

    @property
    def month(self) -> datetime:
        """The moment at which the month began."""
        return self.midnight.replace(day=1)


def seen(conn: Connection, site: SiteId, merchant: Merchant, times: Times) -> dict[str, object]:
    """Give what its page shows: what it may give, what is left of it, and its newest vouchers."""
    terms = merchant.agreement
    owes, reserved = merchants.owes(conn, site, merchant.id), merchants.reserved(conn, merchant.id)
    return {
        "name": merchant.name,
        "ended": merchant.ended_at is not None,
        "may_book": terms.hosting is not None,
        "most": {kind.value: most for kind, most in terms.most.items()},
        "manner": terms.manner.value,
        "left_fen": left_of(terms, owes, reserved),
        "owes_fen": owes,
        "per_plate": terms.per_plate,
        "per_day": terms.per_day,
        "today": _summed(conn, merchant, times.midnight),
        "month": _summed(conn, merchant, times.month),
        "vouchers": given_since(conn, merchant, times, ROWS),
    }


def given_since(
    conn: Connection, merchant: Merchant, times: Times, most: int, before: str = ""
) -> list[dict[str, object]]:
    """Give this month's vouchers, the newest first; those older than the voucher `before`, if one is named."""
    mine = (vouchers.c.merchant == merchant.id) & (vouchers.c.given_at >= times.month) & ~OF_VISIT
    if before:
        mine &= vouchers.c.id < before
    rows = conn.execute(select(vouchers).where(mine).order_by(vouchers.c.id.desc()).limit(most))
    return [_shown(row, times) for row in rows]


def _summed(conn: Connection, merchant: Merchant, since: datetime) -> dict[str, object]:
    mine = (vouchers.c.merchant == merchant.id) & ~OF_VISIT
    good = mine & (vouchers.c.given_at >= since) & (vouchers.c.state != "WITHDRAWN")
    used = good & (vouchers.c.state == "USED")
    query = select(vouchers.c.amount_fen, vouchers.c.pays_percent).where(used)
    parts = [merchant_part(Fen(row.amount_fen), row.pays_percent) for row in conn.execute(query)]
    return {"given": _count(conn, good), "used": len(parts), "part_fen": sum(parts)}


def _count(conn: Connection, which: ColumnElement[bool]) -> int:
    return conn.execute(select(func.count()).select_from(vouchers).where(which)).scalar_one()


def _shown(row: Row[tuple[object, ...]], times: Times) -> dict[str, object]:
    is_fresh = times.now - row.given_at < PLATE_FOR
    is_over = row.state == "ISSUED" and row.valid_until <= times.now
    plate = row.plate or ""
    return {
        "id": row.id,
        "plate": plate if is_fresh or not plate else f"{plate[:2]}{MASK}{plate[-2:]}",
        "kind": row.kind,
        "value": row.value,
        "state": "OVER" if is_over else row.state,
        "today": row.given_at >= times.midnight,
        "given_at": row.given_at.isoformat(),
        "amount_fen": row.amount_fen if row.state == "USED" else 0,
        "part_fen": merchant_part(Fen(row.amount_fen), row.pays_percent) if row.state == "USED" else 0,
    }
