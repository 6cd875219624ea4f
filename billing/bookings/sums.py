"""What a host has booked and what that costs it, counted in the database. Plain functions of a connection."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, exists, func, select

from billing.bookings import rows
from billing.bookings.terms import Booked, Rules, promised
from billing.vouchers import merchants
from billing.vouchers.shop import Times
from billing.vouchers.terms import merchant_part
from scada.model.money import NOTHING, Fen
from scada.model.names import MerchantId, SiteId
from scada.model.plate import Plate
from scada.store.schema import booking as bookings
from scada.store.schema import booking_visit as visits
from scada.store.schema import voucher as vouchers

_HAS_COME: Final = exists().where(visits.c.booking == bookings.c.id, visits.c.undone_at.is_(None))


def booked(conn: Connection, site: SiteId, host: MerchantId, plate: Plate, times: Times, rules: Rules) -> Booked:
    """Give what a host has booked by now, for a decision on one more visitor with this plate."""
    to_come = rows.to_come(conn, host, times.now, rules)
    counts = bookings.c.withdrawn_at.is_(None) | _HAS_COME
    made_today = (bookings.c.host == host) & (bookings.c.made_at >= times.midnight) & counts
    return Booked(
        same_plate=[one for one in to_come if one.wanted.plate == plate],
        open=len(to_come),
        today=conn.execute(select(func.count()).select_from(bookings).where(made_today)).scalar_one(),
        month_fen=month(conn, host, times.month),
        promised_fen=Fen(sum((promised(one.wanted, one.came) for one in to_come), _waiting(conn, host))),
        owes_fen=merchants.owes(conn, site, host),
        reserved_fen=merchants.reserved(conn, host),
    )


def month(conn: Connection, host: MerchantId, since: datetime) -> Fen:
    """Give what visitors cost a host since a month began, those included whose stays have not ended."""
    used = (vouchers.c.state == "USED") & (vouchers.c.used_at >= since)
    query = select(vouchers.c.amount_fen, vouchers.c.pays_percent).join(visits, visits.c.voucher == vouchers.c.id)
    mine = (vouchers.c.merchant == host) & (used | (vouchers.c.state == "RESERVED"))
    parts = (merchant_part(Fen(row.amount_fen), row.pays_percent) for row in conn.execute(query.where(mine)))
    return Fen(sum(parts, NOTHING))


def _waiting(conn: Connection, host: MerchantId) -> Fen:
    """Give for how much vouchers of money are given to visitors who have come, and not counted by a quote yet."""
    joined = vouchers.join(visits, visits.c.voucher == vouchers.c.id)
    money = (vouchers.c.merchant == host) & (vouchers.c.kind == "money") & (vouchers.c.state == "ISSUED")
    here = visits.c.stay.in_(rows.open_stays())
    query = select(func.coalesce(func.sum(vouchers.c.value), 0)).select_from(joined).where(money, here)
    return Fen(int(conn.execute(query).scalar_one()))
