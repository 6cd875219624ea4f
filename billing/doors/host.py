"""The verbs of a host's own people: announce visitors, change and withdraw that, see who came and what it cost."""

from typing import Final

from sqlalchemy import Connection

from billing.bookings import book, seen
from billing.bookings.book import Made
from billing.bookings.desk import BookingDesk
from billing.bookings.sheet import moment, paying
from billing.bookings.terms import ENTRIES_MOST, NOTE_MOST, BookLimit, NotBooked, Pays, Wanted
from billing.doors.staff import Staff
from billing.doors.vouchers import answered, plate_of
from billing.vouchers.shop import Times
from scada.engine.doors.asked import optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.names import BookingId

BY: Final = "host"
BOOKING_SIGNS: Final = 26


class HostDoor:
    """What the page of hosts asks for; every right and every limit is looked at here."""

    def __init__(self, desk: BookingDesk, staff: Staff) -> None:
        self._desk = desk
        self._staff = staff

    def verbs(self) -> dict[str, Handler]:
        """Give the public verbs by name."""
        own: dict[str, Handler] = {
            "host_view": self._view,
            "host_book": self._book,
            "host_change": self._change,
            "host_withdraw": self._withdraw,
        }
        return {verb: answered(handler) for verb, handler in own.items()}

    async def _view(self, ask: Ask) -> object:
        desk = self._desk
        return await self._staff.looking(
            ask, lambda conn, door: seen.of_host(conn, desk.books.site, door.merchant, desk.times(), desk.rules)
        )

    async def _book(self, ask: Ask) -> object:
        """Announce a visitor; a form that is sent twice announces one."""
        link, wanted = self._staff.changing(ask), self._wanted(ask)
        self._staff.once(ask)

        def work(conn: Connection, times: Times) -> Made | NotBooked:
            host = self._staff.door(conn, link, lock=True).merchant
            return book.add(conn, self._desk.books, times, self._desk.rules, host, wanted, BY)

        return told(await self._desk.carried_out(work))

    async def _change(self, ask: Ask) -> object:
        link, wanted, booking = self._staff.changing(ask), self._wanted(ask), _booking(ask)

        def work(conn: Connection, times: Times) -> Made | NotBooked:
            host = self._staff.door(conn, link, lock=True).merchant
            return book.change(conn, self._desk.books, times, self._desk.rules, host, booking, wanted, BY)

        return told(await self._desk.carried_out(work))

    async def _withdraw(self, ask: Ask) -> object:
        link, booking = self._staff.changing(ask), _booking(ask)

        def work(conn: Connection, times: Times) -> Made | NotBooked:
            host = self._staff.door(conn, link, lock=True).merchant.id
            return book.withdraw(conn, self._desk.books, times.now, self._desk.rules, booking, BY, host)

        return told(await self._desk.carried_out(work))

    def _wanted(self, ask: Ask) -> Wanted:
        return wanted_of(ask, self._desk)


def wanted_of(ask: Ask, desk: BookingDesk) -> Wanted:
    """Take a visitor; times are the car park's own. Raises BridgeRefusal."""
    since = moment(text_of(ask, "since"), desk.zone)
    until = moment(text_of(ask, "until"), desk.zone, day_over=True)
    pays = paying(optional(ask, "pays") or Pays.NOTHING.value)
    if since is None or until is None:
        raise BridgeRefusal("bad_time", "a time is missing: write it like 2026-05-01 08:00")
    if pays is None:
        raise BridgeRefusal("bad_pays", "pays: none, full, minutes:120 or money:2000")
    entries = whole_number(ask, "entries", 0, ENTRIES_MOST) if "entries" in ask.args else 1
    return Wanted(plate_of(ask), since, until, *pays, entries, optional(ask, "note")[:NOTE_MOST])


def told(outcome: Made | NotBooked) -> dict[str, object]:
    """Say what was done, and nothing of a stay. Raises BridgeRefusal with the limit's name if it was not."""
    match outcome:
        case Made(booking):
            return {"booking": booking}
        case NotBooked(why, BookLimit.GONE):
            raise BridgeRefusal("over", why)
        case NotBooked(why, limit):
            raise BridgeRefusal(limit.value, why)


def _booking(ask: Ask) -> BookingId:
    return BookingId(text_of(ask, "booking")[:BOOKING_SIGNS])
