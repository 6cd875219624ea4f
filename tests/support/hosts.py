"""Hosts and their visitors, for decisions and for tests of the books."""

from datetime import UTC, datetime, timedelta

from billing.bookings.terms import Booking, Pays, Wanted
from billing.vouchers.terms import Agreement, Hosting, Manner, Merchant
from scada.model.money import Fen
from scada.model.names import BookingId, MerchantId
from scada.model.plate import Plate

NOW = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLATE = Plate("京A12345")
TERMS = Agreement(Manner.POSTPAID, {}, limit_fen=Fen(100_000), hosting=Hosting())
HOST = Merchant(MerchantId("h"), "ACME", TERMS)


def wanted(
    since: float = 0.0,
    until: float = 2.0,
    pays: Pays = Pays.NOTHING,
    value: int = 0,
    entries: int = 1,
    plate: str = PLATE,
    start: datetime = NOW,
) -> Wanted:
    """Want a visitor from and to so many hours from a moment."""
    return Wanted(Plate(plate), start + since * HOUR, start + until * HOUR, pays, value, entries)


def booking(what: Wanted, number: int = 1, came: int = 0, *, withdrawn: bool = False) -> Booking:
    """Give a booking."""
    return Booking(BookingId(f"b{number}"), HOST.id, what, NOW - HOUR, came, withdrawn)
