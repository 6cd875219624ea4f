"""Bookings in the database: made, changed, withdrawn, counted when their cars come. Plain functions of a connection.

A visitor's host pays by a voucher of its own that is given when the car comes and counts for that stay alone: quotes,
the ledger, invoices and races know nothing new.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, select, update

from billing import stays
from billing.bookings import rows, sums
from billing.bookings.terms import KIND_OF, Booking, BookLimit, NotBooked, Rules, Wanted, chosen, why_not_book
from billing.books import NOWHERE, Books
from billing.ids import new_id
from billing.tariff import Tariff
from billing.vouchers import book as vouchers
from billing.vouchers import merchants
from billing.vouchers.counting import is_taken
from billing.vouchers.shop import Times
from billing.vouchers.terms import Merchant
from scada.model.names import BookingId, MerchantId, SiteId, StayId, VoucherId
from scada.model.plate import Plate
from scada.settings.money import Limits, Visitors
from scada.store.schema import booking as bookings
from scada.store.schema import booking_visit as visits
from scada.store.schema import merchant as merchant_table
from scada.store.schema import voucher as voucher_table

_GONE = NotBooked("there is no such booking, or it is over or withdrawn", BookLimit.GONE)


@dataclass(frozen=True, slots=True)
class Made:
    """A booking that was made, changed or withdrawn; `stays` are those whose price it changes now."""

    id: BookingId
    stays: tuple[StayId, ...] = ()


def rules_of(settings: Visitors, limits: Limits) -> Rules:
    """Read the site's rules."""
    return Rules(
        early=timedelta(minutes=settings.early_min),
        late=timedelta(minutes=settings.late_min),
        longest=timedelta(days=settings.longest_days),
        ahead=timedelta(days=settings.ahead_days),
        stay=timedelta(hours=limits.stay_hours),
    )


def add(
    conn: Connection, books: Books, times: Times, rules: Rules, host: Merchant, wanted: Wanted, by: str, why: str = ""
) -> Made | NotBooked:
    """Announce a visitor; `host` is locked. If it pays, that counts for the stay of a car that is inside already.

    `why`: who asked for it, where a person books in a host's name.
    """
    booked = sums.booked(conn, books.site, host.id, wanted.plate, times, rules)
    if reached := why_not_book(host, wanted, booked, times.now, rules):
        return reached
    made = BookingId(new_id(times.now))
    facts = {"id": made, "site": books.site, "host": host.id, "made_at": times.now, "made_by": by}
    conn.execute(bookings.insert().values(**facts, **_columns(wanted)))
    _tell(conn, books, times.now, "booking made", made, host, by, wanted, why)
    return Made(made, _apply(conn, books, times.now, rules, Booking(made, host.id, wanted, times.now)))


def change(
    conn: Connection,
    books: Books,
    times: Times,
    rules: Rules,
    host: Merchant,
    booking: BookingId,
    wanted: Wanted,
    by: str,
    why: str = "",
) -> Made | NotBooked:
    """Announce a visitor anew, who has not come yet: another plate, another time, other terms."""
    old = rows.find(conn, books.site, booking, host.id)
    if old is None or old.withdrawn:
        return _GONE
    if old.came:
        return NotBooked("its car has come already: withdraw it, and make another one", BookLimit.CAME)
    conn.execute(update(bookings).where(bookings.c.id == booking).values(withdrawn_at=times.now))
    booked = sums.booked(conn, books.site, host.id, wanted.plate, times, rules)
    if reached := why_not_book(host, wanted, booked, times.now, rules):
        conn.execute(update(bookings).where(bookings.c.id == booking).values(withdrawn_at=None))
        return reached
    conn.execute(update(bookings).where(bookings.c.id == booking).values(withdrawn_at=None, **_columns(wanted)))
    _tell(conn, books, times.now, "booking changed", booking, host, by, wanted, why)
    return Made(booking, _apply(conn, books, times.now, rules, replace(old, wanted=wanted)))


def withdraw(
    conn: Connection,
    books: Books,
    at: datetime,
    rules: Rules,
    booking: BookingId,
    by: str,
    host: MerchantId | None = None,
    why: str = "",
) -> Made | NotBooked:
    """Take a booking back, and what its host would pay of a stay that has not ended; a host its own ones only."""
    found = rows.find(conn, books.site, booking, host)
    undone = () if found is None or found.withdrawn else _undo_unpaid(conn, books, at, booking, by)
    if found is None or found.withdrawn or not (undone or found.may_come(at, rules)):
        return _GONE
    conn.execute(update(bookings).where(bookings.c.id == booking).values(withdrawn_at=at, withdrawn_by=by))
    books.tell(conn, at, "money", "booking withdrawn", NOWHERE, booking=booking, by=by, **_reason(why))
    return Made(booking, undone)


def lets_in(conn: Connection, site: SiteId, at: datetime, rules: Rules, plate: Plate) -> bool:
    """Say whether a car that comes now is a visitor who was announced."""
    return chosen(rows.of_plate(conn, site, at, rules, plate), at, rules) is not None


def arrived(
    conn: Connection, books: Books, at: datetime, rules: Rules, stay: StayId, plate: Plate, tariff: Tariff
) -> None:
    """Count a car that has come, if it was announced: its host pays from now on. Once for a stay."""
    found = chosen(rows.of_plate(conn, books.site, at, rules, plate), at, rules)
    if found is not None and not host_of(conn, stay):
        _count(conn, books, at, rules, found, stay, tariff)


def annulled(conn: Connection, books: Books, at: datetime, stay: StayId) -> None:
    """Undo what a car's coming did, since it has reversed out."""
    for row in conn.execute(select(visits).where(visits.c.stay == stay, visits.c.undone_at.is_(None))).all():
        _undo(conn, books, at, row, "lane", "the stay was annulled")


def host_of(conn: Connection, stay: StayId) -> str:
    """Give by whom the visitor of a stay was announced; empty if he was not."""
    joined = visits.join(bookings, bookings.c.id == visits.c.booking)
    joined = joined.join(merchant_table, merchant_table.c.id == bookings.c.host)
    mine = (visits.c.stay == stay) & visits.c.undone_at.is_(None)
    return conn.execute(select(merchant_table.c.name).select_from(joined).where(mine)).scalar_one_or_none() or ""


def _apply(conn: Connection, books: Books, at: datetime, rules: Rules, booking: Booking) -> tuple[StayId, ...]:
    """Let a booking count for the car that is inside already.

    Not one whose host pays nothing: it would change nothing, and tell the host that the car is here.
    """
    if not booking.pays or not booking.lets_in(at, rules):
        return ()
    inside = stays.open_under(conn, books.site, booking.wanted.plate)
    if inside is None or host_of(conn, inside.id) or not is_taken(inside.tariff):
        return ()
    _count(conn, books, at, rules, booking, inside.id, inside.tariff)
    return (inside.id,)


def _count(
    conn: Connection, books: Books, at: datetime, rules: Rules, booking: Booking, stay: StayId, tariff: Tariff
) -> None:
    wanted, kind = booking.wanted, KIND_OF.get(booking.wanted.pays)
    voucher = None
    if kind is not None and is_taken(tariff):
        host = merchants.of_id(conn, booking.host)
        voucher = vouchers.for_visitor(conn, books, at, host, wanted.plate, kind, wanted.value, rules.stay)
    facts = {"id": new_id(at), "booking": booking.id, "stay": stay, "voucher": voucher, "at": at}
    conn.execute(visits.insert().values(**facts))
    body = {"booking": booking.id, "stay": stay, "plate": wanted.plate, "voucher": voucher}
    books.tell(conn, at, "event", "visitor came", NOWHERE, **body)


def _undo_unpaid(conn: Connection, books: Books, at: datetime, booking: BookingId, by: str) -> tuple[StayId, ...]:
    """Undo the visits of a booking for which its host has not paid yet, and would; gives their stays."""
    joined = visits.join(voucher_table, voucher_table.c.id == visits.c.voucher)
    mine = (visits.c.booking == booking) & visits.c.undone_at.is_(None)
    good = voucher_table.c.state.in_(("ISSUED", "RESERVED"))
    open_ = visits.c.stay.in_(rows.open_stays())
    found = conn.execute(select(visits).select_from(joined).where(mine, good, open_)).all()
    for row in found:
        _undo(conn, books, at, row, by, "the booking was withdrawn")
    return tuple(StayId(row.stay) for row in found)


def _undo(conn: Connection, books: Books, at: datetime, row: Row[tuple[object, ...]], by: str, why: str) -> None:
    conn.execute(update(visits).where(visits.c.id == row.id).values(undone_at=at))
    if row.voucher is not None:
        vouchers.withdraw(conn, books, at, VoucherId(row.voucher), by, why)
    books.tell(conn, at, "event", "visit undone", NOWHERE, booking=row.booking, stay=row.stay, by=by, why=why)


def _columns(wanted: Wanted) -> dict[str, object]:
    return {
        "plate": wanted.plate,
        "since": wanted.since,
        "until": wanted.until,
        "pays": wanted.pays.value,
        "value": wanted.value,
        "entries": wanted.entries,
        "note": wanted.note,
    }


def _tell(
    conn: Connection,
    books: Books,
    at: datetime,
    what: str,
    booking: BookingId,
    host: Merchant,
    by: str,
    wanted: Wanted,
    why: str,
) -> None:
    times = {"since": wanted.since.isoformat(), "until": wanted.until.isoformat()}
    body = {"host": host.id, "booking": booking, "by": by, **_columns(wanted), **times, **_reason(why)}
    books.tell(conn, at, "money", what, NOWHERE, **body)


def _reason(why: str) -> dict[str, str]:
    return {"why": why} if why else {}
