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


def shown(number: int, state: str = "expected", **more: object) -> dict[str, object]:
    """Give a booking as the plant tells its host of it."""
    return {
        "id": f"B{number}",
        "host": "ACME",
        "plate": "京A12345",
        "comes_at": "2026-11-22T01:00:00+00:00",
        "goes_at": "2026-11-22T10:00:00+00:00",
        "pays": "money",
        "value": 2000,
        "entries": 1,
        "note": "Mr Li <3",
        "state": state,
        "came": 0,
        "let_off_fen": 0,
        "part_fen": 0,
        "may_change": state == "expected",
        "may_go": state == "expected",
        **more,
    }


def seen(**more: object) -> dict[str, object]:
    """Give what the plant tells a host."""
    return {
        "name": "东门大厦物业",
        "ended": False,
        "may_book": True,
        "gives": True,
        "left_fen": 123_400,
        "open_most": 20,
        "day_most": 10,
        "month_most_fen": 100_000,
        "month_fen": 5_600,
        "early_min": 30,
        "late_min": 60,
        "bookings": [
            shown(4),
            shown(3, "came", plate="粤BD12345", pays="full", value=0, entries=0, came=2, may_go=True, note="")
            | {"goes_at": "2026-11-24T10:00:00+00:00"},
            shown(2, "came", plate="京B•••88", came=1, part_fen=1500),
            shown(1, "missed", plate="京B•••77", pays="none", value=0),
        ],
        **more,
    }
