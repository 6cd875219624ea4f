"""Orders, settlements, notices and gate-open requests in the database.

Plain functions of a connection: the cashier runs them inside one transaction, journal and ledger included.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import assert_never

from sqlalchemy import Connection, Row, Select, select, update

from billing import outbox, stays
from billing.accounts import flows
from billing.accounts.book import post
from billing.books import ACTOR, NOWHERE, Books, Place
from billing.ids import new_id
from billing.pay.gateway import Notice
from billing.settle import (
    NOTHING,
    PENDING,
    Decision,
    Duplicate,
    NotSuccess,
    OrderAccount,
    OrderKind,
    OrderState,
    Settles,
    Surplus,
    Transaction,
    Wrong,
    settle,
)
from billing.stays import Stay
from scada.model.lane.words import Quote, Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, QuoteId, RequestId, SiteId, StayId
from scada.store.schema import notice as notices
from scada.store.schema import pay_order as orders
from scada.store.schema import quote as quotes
from scada.store.schema import settlement as settlements


@dataclass(frozen=True, slots=True)
class PayOrder:
    """One order with its quote, as it stands in the database."""

    account: OrderAccount
    kind: OrderKind
    stay: StayId
    quote: QuoteId
    place: Place
    code_url: str
    quoted_at: datetime
    expires_at: datetime
    valid_until: datetime

    @property
    def id(self) -> OrderId:
        """Our out_trade_no."""
        return self.account.id

    @property
    def state(self) -> OrderState:
        """How far the order has come."""
        return self.account.state


def pending(
    conn: Connection, site: SiteId, kind: OrderKind = OrderKind.QR, states: frozenset[OrderState] = PENDING
) -> tuple[PayOrder, ...]:
    """Give all orders of a kind that are in one of these states; by default those that may still be paid."""
    are = orders.c.state.in_([state.value for state in states])
    query = _joined().where(orders.c.site == site, orders.c.kind == kind.value, are).order_by(orders.c.made_at)
    return tuple(_order(row) for row in conn.execute(query))


def pending_of(conn: Connection, stay: StayId, kind: OrderKind | None = None) -> tuple[PayOrder, ...]:
    """Give the orders of a stay, of one kind or of all, that may still be paid, newest first."""
    states = [state.value for state in PENDING]
    query = _joined().where(orders.c.stay == stay, orders.c.state.in_(states)).order_by(orders.c.made_at.desc())
    if kind is not None:
        query = query.where(orders.c.kind == kind.value)
    return tuple(_order(row) for row in conn.execute(query))


def find(conn: Connection, site: SiteId, order: OrderId, *, lock: bool = False) -> PayOrder | None:
    """Give an order of ours by its number; `lock` its row where the database locks rows."""
    query = _joined().where(orders.c.out_trade_no == order, orders.c.site == site)
    if lock:
        query = query.with_for_update(of=orders)
    row = conn.execute(query).one_or_none()
    return None if row is None else _order(row)


def attempts(conn: Connection, stay: StayId) -> int:
    """Count the orders that were ever made for a stay."""
    return len(conn.execute(select(orders.c.out_trade_no).where(orders.c.stay == stay)).all())


def add_order(
    conn: Connection,
    books: Books,
    at: datetime,
    order: OrderId,
    place: Place,
    quote: Quote,
    expires_at: datetime,
    kind: OrderKind = OrderKind.QR,
) -> None:
    """Record an order before it is sent: afterwards nobody could tell whose payment came."""
    conn.execute(
        orders.insert().values(
            out_trade_no=order,
            site=books.site,
            stay=quote.stay,
            quote=quote.id,
            lane=place.lane,
            passage=place.passage,
            amount_fen=quote.due_fen,
            kind=kind.value,
            state=OrderState.CREATING.value,
            expires_at=expires_at,
            made_at=at,
        )
    )
    body = {"order": order, "paid_by": kind.value, "stay": quote.stay, "due_fen": quote.due_fen}
    books.tell(conn, at, "money", "order made", place, **body)


def move(
    conn: Connection, order: OrderId, new: OrderState, come_from: frozenset[OrderState] = PENDING, code_url: str = ""
) -> bool:
    """Change an order's state if it still is where we think: False says that another answer came first."""
    values = {"state": new.value} | ({"code_url": code_url} if code_url else {})
    old = [state.value for state in come_from]
    changed = conn.execute(
        update(orders).where(orders.c.out_trade_no == order, orders.c.state.in_(old)).values(**values)
    )
    return changed.rowcount == 1


def move_place(conn: Connection, order: OrderId, place: Place) -> None:
    """Bind an open order to the passage under which its car has come back."""
    changes = {"lane": place.lane, "passage": place.passage}
    conn.execute(update(orders).where(orders.c.out_trade_no == order).values(**changes))


def asked(conn: Connection, order: OrderId, at: datetime) -> None:
    """Note that WeChat was asked for an order."""
    changes = {"asked_at": at, "asks": orders.c.asks + 1}
    conn.execute(update(orders).where(orders.c.out_trade_no == order).values(**changes))


@dataclass(frozen=True, slots=True)
class Applied:
    """What a transaction did, for those who act after the commit."""

    decision: Decision
    order: OrderId
    stay: StayId | None = None
    request: RequestId | None = None

    @property
    def verdict(self) -> str:
        """One word for the notice's row and the log."""
        match self.decision:
            case Settles():
                return "settled"
            case Surplus():
                return "surplus"
            case Duplicate():
                return "duplicate"
            case NotSuccess():
                return "not_success"
            case Wrong(verdict=verdict):
                return verdict
            case _:
                assert_never(self.decision)


def apply(conn: Connection, books: Books, at: datetime, transaction: Transaction, source: str) -> Applied:
    """Settle one transaction, from a notice or a query; doing it twice is harmless."""
    order = find(conn, books.site, transaction.out_trade_no, lock=True)
    stay = None if order is None else stays.find(conn, books.site, order.stay)
    decision = settle(order.account if order else None, transaction, stay.account if stay else None, books.merchant)
    request = None
    if order is not None and stay is not None and isinstance(decision, Settles | Surplus):
        request = _book(conn, books, at, transaction, source, order, stay, decision)
    if isinstance(decision, Wrong):
        place = order.place if order else NOWHERE
        what = f"payment {decision.verdict}"
        books.tell(conn, at, "alarm", what, place, order=transaction.out_trade_no, source=source, why=decision.why)
    return Applied(decision, transaction.out_trade_no, stay.id if stay else None, request)


def _book(
    conn: Connection,
    books: Books,
    at: datetime,
    transaction: Transaction,
    source: str,
    order: PayOrder,
    stay: Stay,
    decision: Settles | Surplus,
) -> RequestId | None:
    """Write all that a payment changes; gives the gate-open request if there is one to make."""
    paid_at = transaction.paid_at or at
    surplus = isinstance(decision, Surplus)
    mark_paid(conn, order.id, transaction.transaction_id, paid_at)
    add_settlement(conn, books, at, order, transaction, source, surplus)
    _post_payment(conn, books, at, order, transaction.amount_fen, stay, surplus=surplus)
    tell = partial(
        books.tell,
        conn,
        at,
        place=order.place,
        order=order.id,
        stay=stay.id,
        amount_fen=transaction.amount_fen,
        transaction=transaction.transaction_id,
        source=source,
    )
    if isinstance(decision, Surplus):
        tell("alarm", "payment surplus, refund owed")
        return None
    paid_until = stays.credit(conn, stay, transaction.amount_fen, paid_at)
    tell("money", "settled", paid_until=paid_until.isoformat())
    return _ask_to_open(conn, books, at, order) if decision.opens else None


def _post_payment(
    conn: Connection, books: Books, at: datetime, order: PayOrder, amount: Fen, stay: Stay, *, surplus: bool
) -> None:
    """Enter a payment: what nothing is owed for must go back, what a stay that has ended owed is owed no more."""
    to_stay, to_arrears = (amount, NOTHING) if stay.account.is_open else (NOTHING, amount)
    parts = (NOTHING, NOTHING, amount) if surplus else (to_stay, to_arrears, NOTHING)
    post(conn, books.site, at, flows.paid(stay.id, order.id, *parts, f"R{order.id}A"))


def mark_paid(conn: Connection, order: OrderId, transaction_id: str, paid_at: datetime) -> None:
    """Write which transaction paid an order."""
    conn.execute(
        update(orders)
        .where(orders.c.out_trade_no == order)
        .values(state=OrderState.PAID.value, transaction_id=transaction_id, paid_at=paid_at)
    )


def add_settlement(
    conn: Connection, books: Books, at: datetime, order: PayOrder, paid: Transaction, source: str, surplus: bool
) -> None:
    """Record that an order was paid."""
    conn.execute(
        settlements.insert().values(
            id=new_id(at),
            site=books.site,
            out_trade_no=order.id,
            stay=order.stay,
            transaction_id=paid.transaction_id,
            amount_fen=paid.amount_fen,
            surplus=surplus,
            source=source,
            paid_at=paid.paid_at or at,
            settled_at=at,
        )
    )


def _ask_to_open(conn: Connection, books: Books, at: datetime, order: PayOrder) -> RequestId | None:
    if order.place.lane is None:
        return None
    return outbox.add(conn, books.site, at, order.place, Reason.PAID, ACTOR, order.stay, order.id)


def is_known(conn: Connection, notice: str) -> bool:
    """Say whether a notice of this id is stored already."""
    return conn.execute(select(notices.c.id).where(notices.c.id == notice)).first() is not None


def add_notice(
    conn: Connection, books: Books, at: datetime, notice: Notice, verdict: str, headers: dict[str, str], body: bytes
) -> None:
    """Keep a verified notice as it came."""
    conn.execute(
        notices.insert().values(
            id=notice.id,
            site=books.site,
            event_type=notice.event_type,
            verdict=verdict,
            out_trade_no=notice.order[:32] if notice.order else None,
            received_at=at,
            headers=headers,
            body=body,
        )
    )


def _joined() -> Select[tuple[object, ...]]:
    from_quote = (quotes.c.total_fen, quotes.c.valid_until, quotes.c.made_at.label("quoted_at"))
    return select(orders, *from_quote).join(quotes, quotes.c.id == orders.c.quote)


def _order(row: Row[tuple[object, ...]]) -> PayOrder:
    return PayOrder(
        account=OrderAccount(
            id=OrderId(row.out_trade_no),
            state=OrderState(row.state),
            amount_fen=Fen(row.amount_fen),
            total_fen=Fen(row.total_fen),
            transaction_id=row.transaction_id,
        ),
        kind=OrderKind(row.kind),
        stay=StayId(row.stay),
        quote=QuoteId(row.quote),
        place=Place(
            None if row.lane is None else LaneName(row.lane), None if row.passage is None else PassageId(row.passage)
        ),
        code_url=row.code_url or "",
        quoted_at=row.quoted_at,
        expires_at=row.expires_at,
        valid_until=row.valid_until,
    )
