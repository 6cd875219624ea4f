"""The verbs of visitors' bookings, for the control room."""

from sqlalchemy import Connection

from billing.bookings import book, seen
from billing.bookings.book import Made
from billing.bookings.desk import BookingDesk
from billing.bookings.terms import BookLimit, NotBooked
from billing.doors.host import wanted_of
from billing.doors.vouchers import answered
from billing.vouchers import merchants
from billing.vouchers.shop import Times
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
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
            "withdraw_booking": self._withdraw,
        }
        return {verb: answered(handler) for verb, handler in own.items()}

    async def _listed(self, ask: Ask) -> object:
        site, rules, to_come = self._desk.books.site, self._desk.rules, ask.args.get("to_come") is True
        host, plate = optional(ask, "host"), normal_form(optional(ask, "plate"))
        return await self._desk.told(
            lambda conn, times: seen.listed(conn, site, times.now, rules, host, plate, to_come=to_come)
        )

    async def _book(self, ask: Ask) -> object:
        """Announce a visitor in a host's name, who asks for it by telephone."""
        name, wanted = text_of(ask, "host"), wanted_of(ask, self._desk)

        def work(conn: Connection, times: Times) -> Made | NotBooked:
            host = merchants.find(conn, self._desk.books.site, name, lock=True)
            if host is None:
                return NotBooked(f"there is no host {name}", BookLimit.WRONG)
            return book.add(conn, self._desk.books, times, self._desk.rules, host, wanted, ask.user)

        return _told(await self._desk.carried_out(work))

    async def _withdraw(self, ask: Ask) -> object:
        booking = BookingId(text_of(ask, "booking"))

        def work(conn: Connection, times: Times) -> Made | NotBooked:
            return book.withdraw(conn, self._desk.books, times.now, self._desk.rules, booking, ask.user)

        return _told(await self._desk.carried_out(work))


def _told(outcome: Made | NotBooked) -> object:
    if isinstance(outcome, NotBooked):
        raise BridgeRefusal("refused", outcome.why)
    return {"booking": outcome.id, "stays": list(outcome.stays)}
