"""Bookings as the database has them, each with how often its car came. Plain functions of a connection."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select

from billing.bookings.terms import Booking, Pays, Rules, Wanted
from scada.model.names import BookingId, MerchantId, SiteId
from scada.model.plate import Plate
from scada.store.schema import booking as bookings
from scada.store.schema import booking_visit as visits
from scada.store.schema import stay as stays

CAME: Final = (
    select(func.count())
    .select_from(visits)
    .where(visits.c.booking == bookings.c.id, visits.c.undone_at.is_(None))
    .scalar_subquery()
    .label("came")
)
"""How often the car of a booking has come."""
_BOOKED = select(bookings, CAME).order_by(bookings.c.id)
_OF_PLATE = _BOOKED.where(
    bookings.c.site == bindparam("of"),
    bookings.c.plate == bindparam("under"),
    bookings.c.since <= bindparam("before"),
    bookings.c.until >= bindparam("after"),
    bookings.c.withdrawn_at.is_(None),
)
"""Made once: every car that comes asks it."""


def find(conn: Connection, site: SiteId, booking: BookingId, host: MerchantId | None = None) -> Booking | None:
    """Give a booking; one of this host only, if one is named."""
    mine = (bookings.c.site == site) & (bookings.c.id == booking)
    if host is not None:
        mine &= bookings.c.host == host
    return next(iter(_read(conn, mine)), None)


def of_plate(conn: Connection, site: SiteId, at: datetime, rules: Rules, plate: Plate) -> Sequence[Booking]:
    """Give the bookings under which a car may come at a moment, or could if it had not come before."""
    now = {"before": at + rules.early, "after": at - rules.late}
    return [read(row) for row in conn.execute(_OF_PLATE, {"of": site, "under": plate, **now})]


def to_come(conn: Connection, host: MerchantId, at: datetime, rules: Rules) -> Sequence[Booking]:
    """Give the bookings of a host whose cars may still come."""
    mine = (bookings.c.host == host) & (bookings.c.until >= at - rules.late) & bookings.c.withdrawn_at.is_(None)
    return [one for one in _read(conn, mine) if one.may_come(at, rules)]


def open_stays() -> Select[tuple[str]]:
    """Give the query for stays that have not ended."""
    return select(stays.c.id).where(stays.c.ending.is_(None))


def read(row: Row[tuple[object, ...]]) -> Booking:
    """Give a booking of its row and how often its car came."""
    wanted = Wanted(Plate(row.plate), row.since, row.until, Pays(row.pays), row.value, row.entries, row.note)
    gone = row.withdrawn_at is not None
    return Booking(BookingId(row.id), MerchantId(row.host), wanted, row.made_at, row.came, gone)


def _read(conn: Connection, which: ColumnElement[bool]) -> Sequence[Booking]:
    return [read(row) for row in conn.execute(_BOOKED.where(which))]
