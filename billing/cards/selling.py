"""Whether a card may be paid: one card a plate, and no more cards of a product than there are places. Plain functions.

A place is taken by a card that is good, or in its days of grace, and by one whose order may still be paid: who is shown
a code is promised the place.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, or_, select

from billing.accounts.chart import Account
from billing.books import Books
from billing.cards import book
from billing.cards.book import HAS_CARD, Card, NotSold
from billing.cards.terms import Product
from billing.ids import new_id
from billing.orders.book import pending_about, want_closed
from billing.orders.demands import DemandKind, void
from billing.settle import PENDING
from scada.model.names import SiteId
from scada.model.plate import Plate
from scada.store.schema import demand as demands
from scada.store.schema import pay_order as orders

ENDED: Final = "This card has ended."
SOLD_OUT: Final = "All of these month cards are sold."
_CARD: Final = DemandKind.CARD.value


def why_not_pay(conn: Connection, site: SiteId, at: datetime, card: Card | None) -> str:
    """Say why the money for a card that was ordered is not taken; empty if it is."""
    if card is None or card.state == "ENDED":
        return ENDED
    return HAS_CARD if any(book.has_card(conn, site, plate, at, but=card.id) for plate in card.plates) else ""


def why_not_order(conn: Connection, site: SiteId, at: datetime, card: Card | None, product: Product) -> str:
    """Say why a card is not asked to be paid now, as its product is sold today; empty if it is."""
    if (why := why_not_pay(conn, site, at, card)) or card is None:
        return why or ENDED
    return SOLD_OUT if left(conn, site, at, product, but=card.id) == 0 else ""


def left(conn: Connection, site: SiteId, at: datetime, product: Product, but: str = "") -> int | None:
    """Give how many more cards of a product may be sold, one (`but`) not counted; None: as many as are wanted."""
    if not product.most:
        return None
    mine = [card for card in book.all_of(conn, site) if card.product.name == product.name and card.id != but]
    asked = _asked(conn, site, at) if any(_has_no_place(card, at) for card in mine) else frozenset[str]()
    taken = sum(card.state != "ENDED" and (not _has_no_place(card, at) or card.id in asked) for card in mine)
    return max(product.most - taken, 0)


def offer(
    conn: Connection,
    books: Books,
    at: datetime,
    product: Product,
    plates: Sequence[Plate],
    holder: str,
    first: date,
    zone: ZoneInfo,
    by: str,
) -> Card | NotSold:
    """Write down a card that somebody wants to buy, if there is one left; it opens nothing until it is paid."""
    if left(conn, books.site, at, product) == 0:
        return NotSold(SOLD_OUT)
    if not 1 <= len(set(plates)) == len(plates) <= product.plates:
        return NotSold(f"{product.name} is for 1 to {product.plates} plates, each named once")
    if any(book.has_card(conn, books.site, plate, at) for plate in plates):
        return NotSold(HAS_CARD)
    made = Card(new_id(at), holder[:64], product, tuple(plates), first, "ORDERED", zone)
    book.add(conn, books, at, made, by)
    return made


def want(
    conn: Connection,
    books: Books,
    at: datetime,
    product: Product,
    plates: Sequence[Plate],
    first: date,
    zone: ZoneInfo,
    by: str,
) -> Card | NotSold:
    """Give the card that somebody wants to buy on a phone; who wants the same again is given the same."""
    for card in book.all_of(conn, books.site):
        if card.state == "ORDERED" and card.product == product and set(card.plates) == set(plates):
            why = why_not_order(conn, books.site, at, card, product)
            return NotSold(why) if why else card
    return offer(conn, books, at, product, plates, "", first, zone, by)


def is_for(conn: Connection, site: SiteId, card: str, product: Product, plates: Sequence[Plate]) -> bool:
    """Say whether a card that was wanted is this one: who wants the same again is given the same."""
    found = book.find(conn, site, card)
    return found is not None and found.product == product and set(found.plates) == set(plates)


def ask_no_more(conn: Connection, books: Books, card: Card, why: str) -> None:
    """Have the orders closed that ask for a card's next days; what is paid by one all the same goes back."""
    open_ = pending_about(conn, books.site, DemandKind.CARD, card.id)
    want_closed(conn, [order.id for order in open_], why)
    void(conn, books.site, DemandKind.CARD, card.id)


def drop(conn: Connection, books: Books, at: datetime, card: str, why: str, by: str) -> None:
    """End a card that was wanted and not paid: its place is free for another one."""
    found = book.find(conn, books.site, card, lock=True)
    if found is not None and found.state == "ORDERED":
        ask_no_more(conn, books, found, why)
        book.end(conn, books, at, found, Account.SAFE, by, why)


def _has_no_place(card: Card, at: datetime) -> bool:
    """Say whether a card is not paid, or long over: then it has a place only while an order for it may be paid."""
    return card.until is None or card.until + timedelta(days=card.product.grace_days) < card.today(at)


def _asked(conn: Connection, site: SiteId, at: datetime) -> frozenset[str]:
    joined = demands.outerjoin(orders, orders.c.demand == demands.c.id)
    may_come = or_(demands.c.valid_until > at, orders.c.state.in_([state.value for state in PENDING]))
    mine = (demands.c.site == site) & (demands.c.kind == _CARD) & (demands.c.state == "OPEN")
    return frozenset(conn.execute(select(demands.c.about).select_from(joined).where(mine, may_come)).scalars())
