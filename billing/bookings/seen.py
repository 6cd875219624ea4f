"""What a host and the control room see of bookings: whether visitors came and what they cost, and not when.

Plain functions of a connection.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, select

from billing.bookings import rows, sums
from billing.bookings.terms import Booking, Rules, state_of
from billing.vouchers import merchants
from billing.vouchers.shop import Times
from billing.vouchers.terms import Merchant, left_of, merchant_part
from scada.model.masks import MASK
from scada.model.money import NOTHING, Fen
from scada.model.names import BookingId, SiteId
from scada.store.schema import booking as bookings
from scada.store.schema import booking_visit as visits
from scada.store.schema import merchant as merchant_table
from scada.store.schema import voucher as vouchers

PLATE_FOR: Final = timedelta(hours=24)
"""So long after its time a booking's plate is shown whole to its host."""
ROWS: Final = 200
"""Bookings that one page shows at most."""
KEPT: Final = timedelta(days=62)
"""So long a host's page shows bookings that are over."""


def of_host(conn: Connection, site: SiteId, host: Merchant, times: Times, rules: Rules) -> dict[str, object]:
    """Give what a host's page shows: what it may book, and its bookings, the newest first."""
    terms, hosting = host.agreement, host.agreement.hosting
    owes, reserved = merchants.owes(conn, site, host.id), merchants.reserved(conn, host.id)
    mine = (bookings.c.host == host.id) & (bookings.c.until >= times.now - KEPT)
    return {
        "name": host.name,
        "ended": host.ended_at is not None,
        "may_book": hosting is not None,
        "gives": bool(terms.most),
        "left_fen": left_of(terms, owes, reserved),
        "open_most": 0 if hosting is None else hosting.open,
        "day_most": 0 if hosting is None else hosting.per_day,
        "month_most_fen": 0 if hosting is None else hosting.month_fen,
        "month_fen": sums.month(conn, host.id, times.month),
        "early_min": rules.early // timedelta(minutes=1),
        "late_min": rules.late // timedelta(minutes=1),
        "bookings": _listed(conn, mine, times.now, rules, masked=True),
    }


def listed(
    conn: Connection,
    site: SiteId,
    at: datetime,
    rules: Rules,
    host: str = "",
    plate: str = "",
    *,
    to_come: bool = False,
    day: tuple[datetime, datetime] | None = None,
) -> list[dict[str, object]]:
    """Give bookings for the control room, the newest first; `to_come`: those whose cars may still come.

    `day`: those whose time lies within it, or touches it.
    """
    mine = bookings.c.site == site
    if host:
        mine &= merchant_table.c.name == host
    if plate:
        mine &= bookings.c.plate == plate
    if to_come:
        mine &= (bookings.c.until >= at - rules.late) & bookings.c.withdrawn_at.is_(None)
    if day is not None:
        begins, ends = day
        mine &= (bookings.c.until >= begins) & (bookings.c.since < ends)
    return _listed(conn, mine, at, rules, masked=False)


def local(at: str, zone: tzinfo) -> str:
    """Write a moment in the site's time."""
    return f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M}"


def _listed(
    conn: Connection, which: ColumnElement[bool], at: datetime, rules: Rules, *, masked: bool
) -> list[dict[str, object]]:
    joined = bookings.join(merchant_table, merchant_table.c.id == bookings.c.host)
    query = select(bookings, rows.CAME, merchant_table.c.name).select_from(joined).where(which)
    found = conn.execute(query.order_by(bookings.c.id.desc()).limit(ROWS)).all()
    costs = cost_of(conn, [BookingId(row.id) for row in found])
    return [_shown(row, costs, at, rules, masked=masked) for row in found]


def cost_of(conn: Connection, which: list[BookingId]) -> dict[str, tuple[Fen, Fen]]:
    """Give what each booking has let off its visitor, and the host's part of that."""
    joined = visits.join(vouchers, vouchers.c.id == visits.c.voucher)
    query = select(visits.c.booking, vouchers.c.amount_fen, vouchers.c.pays_percent).select_from(joined)
    costs: dict[str, tuple[Fen, Fen]] = {}
    for row in conn.execute(query.where(visits.c.booking.in_(which), vouchers.c.state == "USED")):
        all_, part = costs.get(row.booking, (NOTHING, NOTHING))
        own = merchant_part(Fen(row.amount_fen), row.pays_percent)
        costs[row.booking] = (Fen(all_ + row.amount_fen), Fen(part + own))
    return costs


def _shown(
    row: Row[tuple[object, ...]], costs: Mapping[str, tuple[Fen, Fen]], at: datetime, rules: Rules, *, masked: bool
) -> dict[str, object]:
    one = rows.read(row)
    let_off, part = costs.get(one.id, (NOTHING, NOTHING))
    return {
        "id": one.id,
        "host": row.name,
        "plate": _plate(one, at, masked=masked),
        "comes_at": one.wanted.since.isoformat(),
        "goes_at": one.wanted.until.isoformat(),
        "pays": one.wanted.pays.value,
        "value": one.wanted.value,
        "entries": one.wanted.entries,
        "note": one.wanted.note,
        "state": state_of(one, at, rules).value,
        "came": one.came,
        "let_off_fen": let_off,
        "part_fen": part,
        "may_change": not one.withdrawn and not one.came and one.may_come(at, rules),
        "may_go": one.may_come(at, rules) or _may_undo(one, let_off, at, rules),
    }


def _may_undo(booking: Booking, let_off: Fen, at: datetime, rules: Rules) -> bool:
    """Say whether taking it back may still spare the host something: its car has come, and nothing is paid yet."""
    is_late = at > booking.wanted.until + rules.stay
    return booking.came > 0 and booking.pays and not (booking.withdrawn or let_off or is_late)


def _plate(booking: Booking, at: datetime, *, masked: bool) -> str:
    plate = booking.wanted.plate
    is_old = booking.withdrawn or at > booking.wanted.until + PLATE_FOR
    return f"{plate[:2]}{MASK}{plate[-2:]}" if masked and is_old else plate
