"""The counter at work: the price is asked for, the orders of the stay are closed, then the cash is entered.

An order that cannot be closed now does not hold a driver up who pays in cash: whoever settles first, settles, and
a payment that comes after it is a surplus, which goes back by itself.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing import stays
from billing.accounts import flows
from billing.accounts.book import post
from billing.books import NOWHERE, Books, Place
from billing.counter import receipts, shifts
from billing.counter.words import HandedTo, NotTaken, Receipt, Shift, number_of, why_not_taken
from billing.ids import new_id
from billing.orders import book
from billing.settle import OrderKind
from scada.clock import Clock
from scada.model.money import Fen
from scada.model.names import LaneName, PassageId, StayId
from scada.ports import BillingError, Cashier
from scada.store.db import Database, StoreError

log = structlog.get_logger(__name__)
T = TypeVar("T")

NO_TILL = NotTaken("open your till first")
CLOSING_S = 3.0
"""So long the closing of an order may take while a driver waits with his money."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a driver at a boom is told to pay in cash; `why` says why he cannot, if he cannot."""

    stay: StayId
    due_fen: Fen
    why: str = ""


class Counter:
    """Cash of one site. Every method raises BillingError when the books do not answer."""

    def __init__(
        self,
        books: Books,
        zone: ZoneInfo,
        db: Database,
        clock: Clock,
        cashier: Cashier,
        settled: Callable[[StayId], None],
    ) -> None:
        """`settled` hears, after the commit, of every stay that was paid at a boom."""
        self._books = books
        self._zone = zone
        self._db = db
        self._clock = clock
        self._cashier = cashier
        self._settled = settled

    async def price(self, lane: LaneName, passage: PassageId, stay: StayId) -> Price:
        """Say what is due now for the stay of a car at a boom."""
        quote = await self._cashier.quote(lane, passage, stay)
        return Price(stay, quote.due_fen, "" if quote.due_fen > 0 else "nothing is due")

    async def take(
        self, by: str, lane: LaneName, passage: PassageId, stay: StayId, shown: Fen, given: Fen
    ) -> Receipt | NotTaken:
        """Take cash for the stay of the car at a boom; the lane is asked to open in the same transaction."""
        shift = await self._read(lambda conn: shifts.open_shift(conn, self._books.site, by))
        if shift is None:
            return NO_TILL
        before = (await self._read(lambda conn: stays.find(conn, self._books.site, stay, lock=False))).account
        quote = await self._cashier.quote(lane, passage, stay)
        refused = why_not_taken(quote.due_fen, shown, given)
        if refused:
            return NotTaken(refused)
        await self._close_orders(stay)
        at, place = self._clock.now(), Place(lane, passage)
        taken = await self._write(
            lambda conn: receipts.take(conn, self._books, at, self._zone, shift, place, quote, before, given)
        )
        if isinstance(taken, Receipt):
            log.info("cash taken", lane=lane, receipt=taken.text, fen=taken.due_fen)
            self._settled(stay)
        return taken

    async def take_arrears(self, by: str, stay: StayId, shown: Fen, given: Fen) -> Receipt | NotTaken:
        """Take cash for what a stay that has ended still owes."""
        shift = await self._read(lambda conn: shifts.open_shift(conn, self._books.site, by))
        if shift is None:
            return NO_TILL
        await self._close_orders(stay)
        at = self._clock.now()
        return await self._write(
            lambda conn: receipts.take_arrears(conn, self._books, at, self._zone, shift, stay, shown, given)
        )

    async def void(
        self, by: str, second: str, number: str, why: str, live: Callable[[LaneName], PassageId | None]
    ) -> Receipt | NotTaken:
        """Take a receipt back, in the name of two people."""
        receipt = await self.receipt(number)
        if receipt is None:
            return NotTaken("there is no receipt of this number")
        is_there = receipt.lane is not None and live(receipt.lane) == receipt.passage
        at = self._clock.now()

        def work(conn: Connection) -> Receipt | NotTaken:
            now = receipts.find(conn, self._books.site, receipt.year, receipt.number) or receipt
            return receipts.void(conn, self._books, at, now, by, second, why, is_there=is_there)

        return await self._write(work)

    async def receipt(self, number: str) -> Receipt | None:
        """Give a receipt by its printed number; None if there is none."""
        try:
            year, count = number_of(number)
        except ValueError:
            return None
        return await self._read(lambda conn: receipts.find(conn, self._books.site, year, count))

    async def open_till(self, by: str, float_fen: Fen) -> Shift | NotTaken:
        """Open a person's till."""
        at = self._clock.now()
        return await self._write(lambda conn: shifts.begin(conn, self._books, at, by, float_fen))

    async def close_till(self, by: str, counted: Fen, to: HandedTo, taken_by: str, note: str) -> Shift | NotTaken:
        """Count a person's till and hand its cash over."""
        at = self._clock.now()
        return await self._write(lambda conn: shifts.end(conn, self._books, at, by, counted, to, taken_by, note))

    async def move_safe(self, by: str, amount: Fen, note: str, *, to_bank: bool) -> None:
        """Enter that cash went from the safe to the bank, or the other way."""
        at = self._clock.now()

        def work(conn: Connection) -> None:
            post(conn, self._books.site, at, flows.safe_moved(new_id(at), amount, by, note, to_bank=to_bank))
            what = "cash to the bank" if to_bank else "change from the bank"
            self._books.tell(conn, at, "money", what, NOWHERE, amount_fen=amount, by=by, note=note)

        await self._write(work)

    async def till(self, by: str) -> tuple[Shift | None, Fen, dict[str, int], list[Receipt]]:
        """Give a person's open till: what must be in it, its sums, and its receipts."""

        def work(conn: Connection) -> tuple[Shift | None, Fen, dict[str, int], list[Receipt]]:
            shift = shifts.open_shift(conn, self._books.site, by)
            if shift is None:
                return None, Fen(0), {}, []
            due = shifts.expected(conn, self._books.site, by)
            return shift, due, shifts.sums(conn, shift.id), list(receipts.of_shift(conn, shift.id))

        return await self._read(work)

    async def shifts_between(self, since: datetime, until: datetime) -> list[tuple[Shift, dict[str, int]]]:
        """Give the shifts of a time with their sums, the newest first."""

        def work(conn: Connection) -> list[tuple[Shift, dict[str, int]]]:
            found = shifts.between(conn, self._books.site, since, until)
            return [(shift, shifts.sums(conn, shift.id)) for shift in found]

        return await self._read(work)

    async def _close_orders(self, stay: StayId) -> None:
        """Close what the driver might still pay by phone; a payment that came first is found out by that.

        A code at a scanner and a deduction see themselves through.
        """
        for order in await self._read(lambda conn: book.pending_of(conn, stay, OrderKind.QR)):
            try:
                async with asyncio.timeout(CLOSING_S):
                    await self._cashier.close_order(order.id, "paid in cash")
            except (TimeoutError, BillingError) as error:
                log.warning("an order stays open beside the cash", order=order.id, error=str(error))

    async def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._db.read(work)
        except (StoreError, SQLAlchemyError) as error:
            raise BillingError(f"the counter's books do not answer: {error}") from error

    async def _write(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._db.write(work)
        except (StoreError, SQLAlchemyError) as error:
            raise BillingError(f"the counter's books do not answer: {error}") from error
