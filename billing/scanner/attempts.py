"""Payments by code in the database: an order each, made before the code is sent, undone until that is sure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update

from billing import stays
from billing.arrears import debts
from billing.books import Books, Place
from billing.orders import book
from billing.settle import PENDING, OrderKind, OrderState, Transaction
from scada.model.lane.words import Quote
from scada.model.names import OrderId, SiteId
from scada.store.schema import pay_order as orders

UNENDED: Final = PENDING | {OrderState.REVERSING}


def begin(conn: Connection, books: Books, at: datetime, place: Place, quote: Quote, order: OrderId) -> str:
    """Record a payment by code before the code is sent; gives why there is none, empty if there is one."""
    stay = stays.find(conn, books.site, quote.stay)
    owed = quote.total_fen - quote.credit_fen - stay.account.paid_fen
    own = quote.due_fen - quote.older_fen
    if not stay.account.is_open or own not in (0, owed) or quote.valid_until <= at or quote.due_fen <= 0:
        return "the quote is out of date"
    if not debts.stand(conn, books.site, quote.older):
        return "the quote asks for old debts that are paid"
    if book.pending_of(conn, stay.id, OrderKind.CODE):
        return "another code is being asked for"
    book.add_order(conn, books, at, order, place, quote, quote.valid_until, OrderKind.CODE)
    return ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A payment by code that is not sure yet."""

    order: OrderId
    made_at: datetime
    undoing: bool


def unended(conn: Connection, site: SiteId) -> tuple[Attempt, ...]:
    """Give the payments by code that are not sure yet."""
    states = [state.value for state in UNENDED]
    mine = (orders.c.site == site) & (orders.c.kind == OrderKind.CODE.value) & orders.c.state.in_(states)
    rows = conn.execute(select(orders.c.out_trade_no, orders.c.made_at, orders.c.state).where(mine))
    undoing = OrderState.REVERSING.value
    return tuple(Attempt(OrderId(row.out_trade_no), row.made_at, row.state == undoing) for row in rows)


def reverse(conn: Connection, books: Books, at: datetime, order: OrderId, why: str) -> bool:
    """Note that a payment is being undone, before it is: from here on it does not count, whatever its payer does."""
    moved = book.move(conn, order, OrderState.REVERSING)
    if moved:
        books.tell(conn, at, "money", "payment by code is undone", _place(conn, books, order), order=order, why=why)
    return moved


def reversed_(conn: Connection, books: Books, at: datetime, order: OrderId, last: Transaction | None) -> None:
    """Note that a payment is undone for good; `last` is what WeChat says of it, which may have been paid meanwhile."""
    if not book.move(conn, order, OrderState.REVERSED, UNENDED):
        return
    paid = last is not None and bool(last.transaction_id)
    if last is not None and paid:
        changes = {"transaction_id": last.transaction_id, "paid_at": last.paid_at}
        conn.execute(update(orders).where(orders.c.out_trade_no == order).values(**changes))
    books.tell(conn, at, "money", "payment by code undone", _place(conn, books, order), order=order, was_paid=paid)


def _place(conn: Connection, books: Books, order: OrderId) -> Place:
    found = book.find(conn, books.site, order)
    return found.place if found is not None else Place()
