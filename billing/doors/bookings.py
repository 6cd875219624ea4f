"""The verbs of visitors' bookings, for the control room."""

from sqlalchemy import Connection

from billing.bookings import book, seen
from billing.bookings.book import Made
from billing.bookings.desk import BookingDesk
from billing.bookings.terms import BookLimit, NotBooked
from billing.doors.host import BOOKING_SIGNS, told, wanted_of
from billing.doors.vouchers import answered
from billing.vouchers import merchants
from billing.vouchers.shop import Times
from scada.engine.doors.asked import LONGEST_NOTE, optional, text_of
from scada.engine.doors.peer import Ask, Handler
from scada.model.names import BookingId
from scada.model.plate import normal_form


class BookingDoor:
    """Who is expected, and bookings in a host's name; the rights are checked before these are called."""

    def __init__(self, desk: BookingDesk) -> None:
        self._desk = desk

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        own: dict[str, Handler] = {
            "bookings": self._listed,
            "book_visitor": self._book,
            "change_booking": self._change,
            "withdraw_booking": self._withdraw,
        }
        return {verb: answered(handler) for verb, handler in own.items()}

    async def _listed(self, ask: Ask) -> object:
        site, rules, to_come = self._desk.books.site, self._desk.rules, ask.args.get("to_come") is True
        host, plate = optional(ask, "host"), normal_form(optional(ask, "plate"))
        day = self._desk.day() if ask.args.get("today") is True else None
        return await self._desk.told(
            lambda conn, times: seen.listed(conn, site, times.now, rules, host, plate, to_come=to_come, day=day)
        )

    async def _book(self, ask: Ask) -> object:
        """Announce a visitor in a host's name, who asks for it by telephone."""
        name, wanted, why = text_of(ask, "host"), wanted_of(ask, self._desk), _why(ask)

        def work(conn: Connection, times: Times) -> Made | NotBooked:
            host = merchants.find(conn, self._desk.books.site, name, lock=True)
            if host is None:
                return _no_host(name)
            return book.add(conn, self._desk.books, times, self._desk.rules, host, wanted, ask.user, why)

        return _told(await self._desk.carried_out(work))

    async def _change(self, ask: Ask) -> object:
        """Announce a visitor anew who has not come, in the name of the same host."""
        name, wanted, why, booking = text_of(ask, "host"), wanted_of(ask, self._desk), _why(ask), _booking(ask)

        def work(conn: Connection, times: Times) -> Made | NotBooked:
            host = merchants.find(conn, self._desk.books.site, name, lock=True)
            if host is None:
                return _no_host(name)
            return book.change(conn, self._desk.books, times, self._desk.rules, host, booking, wanted, ask.user, why)

        return _told(await self._desk.carried_out(work))

    async def _withdraw(self, ask: Ask) -> object:
        booking, why = _booking(ask), _why(ask)

        def work(conn: Connection, times: Times) -> Made | NotBooked:
            return book.withdraw(conn, self._desk.books, times.now, self._desk.rules, booking, ask.user, why=why)

        return _told(await self._desk.carried_out(work))


def _told(outcome: Made | NotBooked) -> object:
    stays = list(outcome.stays) if isinstance(outcome, Made) else []
    return {**told(outcome), "stays": stays}


def _why(ask: Ask) -> str:
    return text_of(ask, "reason")[:LONGEST_NOTE]


def _booking(ask: Ask) -> BookingId:
    return BookingId(text_of(ask, "booking")[:BOOKING_SIGNS])


def _no_host(name: str) -> NotBooked:
    return NotBooked(f"there is no host {name}", BookLimit.WRONG)
