"""Vouchers given, claimed and withdrawn while the site runs; the lane where the driver stands hears of it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing.books import Books
from billing.vouchers import book
from billing.vouchers.book import Issued
from billing.vouchers.terms import NotDone, Wanted
from scada.clock import Clock
from scada.model.names import StayId, VoucherId
from scada.model.plate import Plate
from scada.ports import BillingError
from scada.store.db import Database, StoreError

T = TypeVar("T")


class VoucherDesk:
    """What shops and the control room ask for. `changed` is told whose price is another one now, after the commit."""

    def __init__(
        self, db: Database, books: Books, clock: Clock, zone: ZoneInfo, changed: Callable[[StayId], None]
    ) -> None:
        self._db = db
        self._books = books
        self._clock = clock
        self._zone = zone
        self._changed = changed

    async def give(self, merchant: str, wanted: Wanted, by: str) -> Issued | NotDone:
        """Give a voucher in a merchant's name, within its limits."""
        at = self._clock.now()
        midnight = self.midnight(at)
        return await self.carried_out(
            lambda conn: book.issue(conn, self._books, at, midnight, merchant, wanted, by),
        )

    async def claim(self, code: str, plate: Plate, by: str) -> Issued | NotDone:
        """Bind a code to a plate."""
        at = self._clock.now()
        return await self.carried_out(lambda conn: book.claim(conn, self._books, at, code, plate, by))

    async def withdraw(self, voucher: VoucherId, by: str, why: str) -> Issued | NotDone:
        """Take a voucher back."""
        at = self._clock.now()
        return await self.carried_out(lambda conn: book.withdraw(conn, self._books, at, voucher, by, why))

    async def listed(self, limit: int, merchant: str = "", plate: str = "") -> list[dict[str, object]]:
        """Give vouchers, the newest first, as JSON values."""

        def work(conn: Connection) -> list[dict[str, object]]:
            return book.listed(conn, self._books.site, limit, merchant, plate)

        return await _answered(self._db.read(work))

    def ahead(self, minutes: int) -> datetime:
        """Give the moment so many minutes from now."""
        return self._clock.ahead(minutes * 60.0)

    def midnight(self, at: datetime) -> datetime:
        """Give when the day of a moment began, by the site's clocks."""
        return at.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)

    async def carried_out(self, work: Callable[[Connection], Issued | NotDone]) -> Issued | NotDone:
        """Carry out what gives, binds or takes a voucher; whose price it changes is told after the commit."""
        done = await _answered(self._db.write(work))
        if isinstance(done, Issued) and done.stay is not None:
            self._changed(done.stay)
        return done


async def _answered(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except (StoreError, SQLAlchemyError) as error:
        raise BillingError(f"billing's books do not answer: {error}") from error
