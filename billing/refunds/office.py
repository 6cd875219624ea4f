"""Refunds as people see them: listed, asked for, and helped along. It decides nothing; the books do."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing.books import Books
from billing.pay.gateway import Refund
from billing.refunds import asked, book
from billing.refunds.asked import NotRefunded, Payment
from billing.refunds.plan import ENDED, RefundState
from billing.refunds.refunder import Refunder
from billing.refunds.words import Refunding, RefundReason
from scada.clock import Clock
from scada.model.money import Fen
from scada.model.names import OrderId, StayId
from scada.ports import BillingError
from scada.store.db import Database, StoreError

T = TypeVar("T")


class RefundOffice:
    """Refunds for the control room; the rights are checked before these are called."""

    def __init__(self, db: Database, books: Books, refunder: Refunder, clock: Clock) -> None:
        self._db = db
        self._books = books
        self._refunder = refunder
        self._clock = clock

    async def listed(self, limit: int, *, open_only: bool) -> tuple[Refunding, ...]:
        """Give the last refunds, newest first."""
        return await self._read(lambda conn: book.listed(conn, self._books.site, limit, open_only=open_only))

    async def payments_of(self, stay: StayId) -> tuple[Payment, ...]:
        """Give what was paid for a stay by WeChat, and what of it may go back."""
        at = self._clock.now()
        return await self._read(lambda conn: asked.payments_of(conn, self._books.site, stay, at))

    async def given_back(self, order: OrderId) -> Fen:
        """Give what people have given back of a payment so far."""
        return await self._read(lambda conn: asked.given_back(conn, self._books.site, order))

    async def give_back(
        self, order: OrderId, amount: Fen, reason: RefundReason, by: str, second: str, note: str
    ) -> Refunding | NotRefunded:
        """Give back so much of a payment."""
        at, books = self._clock.now(), self._books

        def work(conn: Connection) -> Refunding | NotRefunded:
            return asked.give_back(conn, books, at, order, amount, reason, by, second=second, note=note)

        return await self._write(work)

    async def again(self, number: str, by: str) -> Refunding | NotRefunded:
        """Do what can be done about a refund: a closed one goes out anew, an abnormal one to our own account."""
        one = await self._read(lambda conn: book.find(conn, self._books.site, number))
        if one is None:
            return NotRefunded("no refund of ours has this number")
        if one.state is RefundState.CLOSED:
            at = self._clock.now()
            return await self._write(lambda conn: asked.send_anew(conn, self._books, at, number, by))
        if one.state in ENDED:
            return NotRefunded("this refund has reached its payer")
        if one.state is RefundState.ABNORMAL and one.refund_id:
            return await self._to_our_account(one, by)
        return await self._hurried(number, by)

    async def _to_our_account(self, one: Refunding, by: str) -> Refunding | NotRefunded:
        await self._hurried(one.number, by)
        said = await self._refunder.apply_abnormal(one)
        if not isinstance(said, Refund):
            return NotRefunded(f"WeChat says: {said}")
        return await self._now(one.number)

    async def _hurried(self, number: str, by: str) -> Refunding | NotRefunded:
        at = self._clock.now()
        if not await self._write(lambda conn: book.again(conn, self._books, at, number, by)):
            return NotRefunded("this refund has ended")
        return await self._now(number)

    async def _now(self, number: str) -> Refunding | NotRefunded:
        found = await self._read(lambda conn: book.find(conn, self._books.site, number))
        return NotRefunded("no refund of ours has this number") if found is None else found

    async def _write(self, work: Callable[[Connection], T]) -> T:
        done = await _answered(self._db.write(work))
        self._refunder.wake()
        return done

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await _answered(self._db.read(work))


async def _answered(work: Awaitable[T]) -> T:
    try:
        return await work
    except (StoreError, SQLAlchemyError) as error:
        raise BillingError(f"billing's books do not answer: {error}") from error
