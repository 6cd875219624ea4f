"""Bookings made, changed and withdrawn while the site runs; the lane where the visitor stands hears of it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing.bookings.book import Made
from billing.bookings.terms import NotBooked, Rules
from billing.books import Books
from billing.vouchers.shop import Times
from scada.clock import Clock
from scada.model.names import StayId
from scada.ports import BillingError
from scada.store.db import Database, StoreError

T = TypeVar("T")


def times_of(at: datetime, zone: ZoneInfo) -> Times:
    """Give a moment, and when its day began by the site's clocks."""
    return Times(at, at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0))


class BookingDesk:
    """What hosts ask for. `changed` is told whose price is another one now, after the commit."""

    def __init__(
        self,
        db: Database,
        books: Books,
        clock: Clock,
        zone: ZoneInfo,
        rules: Rules,
        changed: Callable[[StayId], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._changed = changed
        self.books = books
        self.zone = zone
        self.rules = rules

    def times(self) -> Times:
        """Give now, and when this day began."""
        return times_of(self._clock.now(), self.zone)

    def day(self) -> tuple[datetime, datetime]:
        """Give when this day began and when it ends, by the site's clocks."""
        began = self.times().midnight
        return began, began + timedelta(days=1)

    async def carried_out(self, work: Callable[[Connection, Times], Made | NotBooked]) -> Made | NotBooked:
        """Carry out what makes, changes or withdraws a booking."""
        times = self.times()
        done = await _answered(self._db.write(lambda conn: work(conn, times)))
        for stay in done.stays if isinstance(done, Made) else ():
            self._changed(stay)
        return done

    async def told(self, work: Callable[[Connection, Times], T]) -> T:
        """Read what a host or the control room asks for."""
        times = self.times()
        return await _answered(self._db.read(lambda conn: work(conn, times)))


async def _answered(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except (StoreError, SQLAlchemyError) as error:
        raise BillingError(f"billing's books do not answer: {error}") from error
