"""Month cards sold and looked after while the site runs; the products are those of the site's configuration."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from billing.accounts.chart import Account
from billing.books import Books
from billing.cards import book, selling
from billing.cards.book import Card, NotSold, Paid
from billing.cards.terms import Product, as_sold
from billing.counter import shifts
from billing.orders.keeper import Payable
from scada.clock import Clock
from scada.model.money import Fen
from scada.model.plate import Plate
from scada.ports import BillingError
from scada.settings.money import CardProduct
from scada.store.db import Database, StoreError

T = TypeVar("T")


class CardOrders(Protocol):
    """Who makes orders for cards at WeChat."""

    async def order_card(self, card: str, product: Product, by: str) -> Payable:
        """Make the order for a card's next days."""


class CardDesk:
    """What the control room asks for. Every method raises BillingError when the books do not answer."""

    def __init__(
        self,
        db: Database,
        books: Books,
        clock: Clock,
        zone: ZoneInfo,
        products: Mapping[str, Product],
        orders: CardOrders,
    ) -> None:
        self.products = products
        self._db = db
        self._books = books
        self._clock = clock
        self._zone = zone
        self._orders = orders

    @property
    def today(self) -> date:
        """The site's day."""
        return self._clock.now().astimezone(self._zone).date()

    async def offer(
        self, product: Product, plates: tuple[Plate, ...], holder: str, first: date, by: str
    ) -> Card | NotSold:
        """Write down a card that somebody wants; it opens nothing until it is paid."""
        at = self._clock.now()
        return await self._write(
            lambda conn: selling.offer(conn, self._books, at, product, plates, holder, first, self._zone, by)
        )

    async def order(self, card: Card, by: str) -> Payable:
        """Make the order for a card's first or next days, at today's price of its product."""
        return await self._orders.order_card(card.id, as_sold(self.products, card.product), by)

    async def take(self, card: str, into: Account, by: str) -> Card | NotSold:
        """Take money for a card's first or next days: into the asking person's till, the safe or the bank."""
        at = self._clock.now()

        def work(conn: Connection) -> Card | NotSold:
            found = book.find(conn, self._books.site, card, lock=True)
            if found is None or found.state == "ENDED":
                return NotSold("there is no such card, or it has ended")
            shift = shifts.open_shift(conn, self._books.site, by) if into is Account.CASH else None
            if into is Account.CASH and shift is None:
                return NotSold("open your till first")
            product = as_sold(self.products, found.product)
            if why := selling.why_not_order(conn, self._books.site, at, found, product):
                return NotSold(why)
            book.reprice(conn, found.id, product)
            now = book.find(conn, self._books.site, card) or found
            paid = Paid(into, by, shift=None if shift is None else shift.id)
            book.pay(conn, self._books, at, now, product.price_fen, paid)
            selling.ask_no_more(conn, self._books, found, "it was paid in the control room")
            return book.find(conn, self._books.site, card) or found

        return await self._write(work)

    async def change_plate(self, card: str, old: Plate, new: Plate, by: str) -> NotSold | None:
        """Let another plate take the place of one of a card's."""
        at = self._clock.now()
        return await self._of(card, lambda conn, found: book.change_plate(conn, self._books, at, found, old, new, by))

    async def end(self, card: str, out_of: Account, by: str, why: str) -> Fen | NotSold:
        """End a card, and give back what it was paid for days that it does not use."""
        at = self._clock.now()
        return await self._of(card, lambda conn, found: book.end(conn, self._books, at, found, out_of, by, why))

    async def all(self) -> tuple[Card, ...]:
        """Give all cards, the newest first."""
        return await _answered(self._db.read(lambda conn: book.all_of(conn, self._books.site)))

    async def running_out(self, days: int) -> tuple[Card, ...]:
        """Give the cards that end within so many days."""
        today = self.today
        return await _answered(self._db.read(lambda conn: book.running_out(conn, self._books.site, today, days)))

    async def _of(self, card: str, work: Callable[[Connection, Card], T]) -> T | NotSold:
        def find_and_do(conn: Connection) -> T | NotSold:
            found = book.find(conn, self._books.site, card, lock=True)
            return NotSold("there is no such card") if found is None else work(conn, found)

        return await self._write(find_and_do)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await _answered(self._db.write(work))


def products_of(sold: tuple[CardProduct, ...]) -> dict[str, Product]:
    """Give the products of a site's configuration by name."""
    return {one.name: Product(**{**one.model_dump(), "price_fen": Fen(one.price_fen)}) for one in sold}


async def _answered(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except (StoreError, SQLAlchemyError) as error:
        raise BillingError(f"billing's books do not answer: {error}") from error
