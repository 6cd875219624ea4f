"""What people give back of a payment, and what they do about a refund that went wrong. Functions of a connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from billing.accounts import flows
from billing.accounts.balances import balance
from billing.accounts.book import post
from billing.accounts.chart import Account
from billing.books import Books
from billing.cases import close_case
from billing.refunds import book
from billing.refunds.book import case_ref
from billing.refunds.plan import RefundState, Trouble
from billing.refunds.words import (
    APART,
    ASKED_BY_PEOPLE,
    MOST_OF_AN_ORDER,
    WITHIN,
    Refunding,
    RefundReason,
    refund_number,
)
from scada.model.money import Fen
from scada.model.names import OrderId, SiteId, StayId
from scada.store.schema import demand as demands
from scada.store.schema import pay_order as orders
from scada.store.schema import settlement as settlements
from scada.store.schema import stay as stays

REFUNDABLE_DEMANDS = ("ARREARS",)
"""What was paid for days or credit to come goes back another way: part of it may be used."""


@dataclass(frozen=True, slots=True)
class NotRefunded:
    """Nothing goes back, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment of a person, and what may go back of it; `why_not` says why none of it may, empty if it may."""

    order: OrderId
    stay: StayId | None
    paid_at: datetime
    amount_fen: Fen
    rest_fen: Fen
    why_not: str


def payments_of(conn: Connection, site: SiteId, stay: StayId, at: datetime) -> tuple[Payment, ...]:
    """Give what WeChat took for a stay, the oldest first."""
    query = select(settlements.c.out_trade_no).where(settlements.c.site == site, settlements.c.stay == stay)
    names = [OrderId(name) for name in conn.execute(query.order_by(settlements.c.paid_at)).scalars()]
    return tuple(one for name in names if (one := payment(conn, site, name, at)) is not None)


def payment(conn: Connection, site: SiteId, order: OrderId, at: datetime, *, lock: bool = False) -> Payment | None:
    """Give a payment by its order, None if there is none; `lock` its row where the database locks rows."""
    ending, demand = stays.c.ending, demands.c.kind.label("demand_kind")
    joined = orders.join(settlements, settlements.c.out_trade_no == orders.c.out_trade_no)
    joined = joined.outerjoin(stays, stays.c.id == orders.c.stay).outerjoin(demands, demands.c.id == orders.c.demand)
    columns = (settlements.c.amount_fen, settlements.c.paid_at, orders.c.stay, ending, demand)
    query = select(*columns).select_from(joined).where(orders.c.out_trade_no == order, orders.c.site == site)
    row = conn.execute(query.with_for_update(of=orders) if lock else query).one_or_none()
    if row is None:
        return None
    earlier = book.of_order(conn, order)
    back = sum(one.amount_fen for one in earlier if _counts(conn, site, one))
    rest = Fen(row.amount_fen - back)
    is_inside = row.stay is not None and row.ending is None
    why_not = _why_not(row.paid_at, at, rest, earlier, row.demand_kind, is_inside=is_inside)
    return Payment(order, row.stay, row.paid_at, Fen(row.amount_fen), rest, why_not)


def given_back(conn: Connection, site: SiteId, order: OrderId) -> Fen:
    """Give what people have given back of a payment so far."""
    mine = (one for one in book.of_order(conn, order) if one.reason in ASKED_BY_PEOPLE)
    return Fen(sum(one.amount_fen for one in mine if _counts(conn, site, one)))


def give_back(
    conn: Connection,
    books: Books,
    at: datetime,
    order: OrderId,
    amount: Fen,
    reason: RefundReason,
    by: str,
    *,
    second: str = "",
    note: str = "",
) -> Refunding | NotRefunded:
    """Give back so much of a payment, in a person's name: fee less, refund owed, one number for ever."""
    found = payment(conn, books.site, order, at, lock=True)
    if found is None:
        return NotRefunded("no payment of ours has this number")
    if found.why_not:
        return NotRefunded(found.why_not)
    if not 0 < amount <= found.rest_fen:
        return NotRefunded(f"of this payment {found.rest_fen} fen may go back, not {amount}")
    number = _next_number(order, book.of_order(conn, order))
    stay, total = found.stay, found.amount_fen
    made = book.want(conn, books, at, number, order, stay, amount, total, reason, by, second=second, note=note)
    post(conn, books.site, at, flows.refund_owed(number, stay, order, amount, reason.value, by))
    return made


def send_anew(conn: Connection, books: Books, at: datetime, number: str, by: str) -> Refunding | NotRefunded:
    """Send a refund that WeChat closed under a number of its own: its payer is still owed the money."""
    old = book.find(conn, books.site, number, lock=True)
    if old is None or old.state is not RefundState.CLOSED:
        return NotRefunded("WeChat has not closed this refund")
    if balance(conn, books.site, Account.REFUND_PAYABLE, number) != -old.amount_fen:
        return NotRefunded("this money is not owed any more")
    earlier = book.of_order(conn, old.order)
    if len(earlier) >= MOST_OF_AN_ORDER:
        return NotRefunded(f"WeChat gives back {MOST_OF_AN_ORDER} parts of a payment at most")
    new = _next_number(old.order, earlier)
    amount = old.amount_fen
    made = book.want(
        conn, books, at, new, old.order, old.stay, amount, old.total_fen, old.reason, by, note=f"for {number}"
    )
    post(conn, books.site, at, flows.refund_moved(number, new, old.stay, old.order, amount, by))
    close_case(conn, books, at, case_ref(number, Trouble.CLOSED), by, f"sent anew as {new}")
    return made


def _counts(conn: Connection, site: SiteId, one: Refunding) -> bool:
    """Say whether a refund is part of what goes back: a closed one as long as its payer is owed it under its number."""
    return one.state is not RefundState.CLOSED or balance(conn, site, Account.REFUND_PAYABLE, one.number) != 0


def _why_not(
    paid_at: datetime, at: datetime, rest: Fen, earlier: Sequence[Refunding], demand: str | None, *, is_inside: bool
) -> str:
    """Say why nothing of a payment may go back, empty if it may."""
    if is_inside:
        return "the car is still in: what it paid counts for its stay"
    if demand is not None and demand not in REFUNDABLE_DEMANDS:
        return "what was paid for days or credit to come is not given back here"
    if rest <= 0:
        return "all of this payment has gone back"
    if at > paid_at + WITHIN:
        return "WeChat gives back what was paid within a year"
    if len(earlier) >= MOST_OF_AN_ORDER - 1:
        return f"WeChat gives back {MOST_OF_AN_ORDER} parts of a payment at most"
    if any(at < one.made_at + APART for one in earlier):
        return "a refund of this payment was asked for within the last minute"
    return ""


def _next_number(order: OrderId, earlier: Sequence[Refunding]) -> str:
    """Give the next number; the first of an order is kept for its surplus."""
    used = {one.number for one in earlier}
    return next(name for nth in range(2, MOST_OF_AN_ORDER + 1) if (name := refund_number(order, nth)) not in used)
