"""The vouchers of a phone's plates: those that wait, and those that were used since it bound the plate.

What was used before may have been another driver's: it would tell when the car was here.
Plain functions of a connection.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, exists, or_, select

from billing.driver.bindings import Binding
from scada.model.names import SiteId
from scada.store.schema import booking_visit as visits
from scada.store.schema import merchant as merchants
from scada.store.schema import stay as stays
from scada.store.schema import voucher as vouchers

SHOWN: Final = 30
KEPT: Final = timedelta(days=90)
_OF_A_PAST_VISIT: Final = exists().where(
    visits.c.voucher == vouchers.c.id, visits.c.stay == stays.c.id, stays.c.ending.is_not(None)
)
"""A host gave it to a visitor for one stay, which has ended without it: it never counts any more."""


def waiting(conn: Connection, site: SiteId, at: datetime, bound: Sequence[Binding]) -> list[dict[str, object]]:
    """Give what will be let off at the next payment, what ends first before the rest."""
    good = (vouchers.c.state == "ISSUED") & (vouchers.c.valid_until > at)
    mine = (
        vouchers.c.plate.in_([one.plate for one in bound])
        & or_(good, vouchers.c.state == "RESERVED")
        & ~_OF_A_PAST_VISIT
    )
    return _found(conn, site, mine, vouchers.c.valid_until)


def used(conn: Connection, site: SiteId, at: datetime, bound: Sequence[Binding]) -> list[dict[str, object]]:
    """Give what was let off, the newest first."""
    lately = (vouchers.c.state == "USED") & (vouchers.c.used_at >= at - KEPT)
    mine = [(vouchers.c.plate == one.plate) & (vouchers.c.used_at >= one.made_at) for one in bound]
    return _found(conn, site, lately & or_(*mine), vouchers.c.used_at.desc()) if mine else []


def _found(
    conn: Connection, site: SiteId, which: ColumnElement[bool], by: ColumnElement[object]
) -> list[dict[str, object]]:
    joined = vouchers.join(merchants, merchants.c.id == vouchers.c.merchant)
    query = select(vouchers, merchants.c.name.label("shop")).select_from(joined).where(vouchers.c.site == site, which)
    return [_shown(row) for row in conn.execute(query.order_by(by).limit(SHOWN))]


def _shown(row: Row[tuple[object, ...]]) -> dict[str, object]:
    return {
        "plate": row.plate,
        "shop": row.shop,
        "kind": row.kind,
        "value": row.value,
        "until": row.valid_until.isoformat(),
        "used_at": "" if row.used_at is None else row.used_at.isoformat(),
        "amount_fen": row.amount_fen if row.state == "USED" else 0,
    }
