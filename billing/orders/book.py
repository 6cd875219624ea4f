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
from billing.accounts.flows import Debts
from billing.arrears import debts
from billing.books import ACTOR, NOWHERE, Books, Place
from billing.ids import new_id
from billing.orders import demands, paying
from billing.orders.demands import Demand, DemandKind
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
    settle_demand,
)
from billing.stays import Stay
from billing.vouchers import book as vouchers
from scada.model.lane.words import Quote, Reason
from scada.model.money import Fen
from scada.model.names import DemandId, LaneName, OrderId, PassageId, QuoteId, RequestId, SiteId, StayId
from scada.model.plate import Plate
from scada.store.schema import demand as demand_table
from scada.store.schema import notice as notices
from scada.store.schema import pay_order as orders
from scada.store.schema import quote as quotes
from scada.store.schema import settlement as settlements
from scada.store.schema import stay as stay_table


@dataclass(frozen=True, slots=True)
class PayOrder:
    """One order with its quote, as it stands in the database; `older` are debts of earlier stays that it pays too."""

    account: OrderAccount
    kind: OrderKind
    stay: StayId
    quote: QuoteId
    place: Place
    code_url: str
    quoted_at: datetime
    expires_at: datetime
    valid_until: datetime
    older: Debts = ()
    credit_fen: Fen = NOTHING
    """What vouchers let off of the price that its quote named."""

    @property
    def id(self) -> OrderId:
        """Our out_trade_no."""
        return self.account.id

    @property
    def state(self) -> OrderState:
        """How far the order has come."""
        return self.account.state

    @property
    def subject(self) -> str:
        """What it pays; two orders of one subject are never open at once."""
        return self.stay


@dataclass(frozen=True, slots=True)
class DemandOrder:
    """One order with its demand, as it stands in the database."""

    account: OrderAccount
    demand: DemandId
    about: str
    code_url: str
    expires_at: datetime
    place: Place = NOWHERE

    @property
    def id(self) -> OrderId:
        """Our out_trade_no."""
        return self.account.id

    @property
    def state(self) -> OrderState:
        """How far the order has come."""
        return self.account.state

    @property
    def subject(self) -> str:
        """Whose demand it pays; two orders of one subject are never open at once."""
        return self.about


AnyOrder = PayOrder | DemandOrder


def pending(
    conn: Connection, site: SiteId, kind: OrderKind = OrderKind.QR, states: frozenset[OrderState] = PENDING
) -> tuple[AnyOrder, ...]:
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
    return tuple(_stay_order(row) for row in conn.execute(query))


def pending_about(conn: Connection, site: SiteId, kind: DemandKind, about: str) -> tuple[DemandOrder, ...]:
    """Give the orders of demands of one kind and holder that may still be paid, newest first."""
    states = [state.value for state in PENDING]
    mine = (orders.c.site == site) & (demand_table.c.kind == kind.value) & (demand_table.c.about == about)
    query = _joined().where(mine, orders.c.state.in_(states)).order_by(orders.c.made_at.desc())
    return tuple(_demand_order(row) for row in conn.execute(query))


def pending_with_older(conn: Connection, site: SiteId, plate: Plate) -> tuple[OrderId, ...]:
    """Give the orders of a plate's open stay that ask for old debts too and may still be paid."""
    states = [state.value for state in PENDING]
    joined = orders.join(quotes, quotes.c.id == orders.c.quote).join(stay_table, stay_table.c.id == orders.c.stay)
    mine = (orders.c.site == site) & (stay_table.c.plate == plate) & orders.c.state.in_(states)
    query = select(orders.c.out_trade_no).select_from(joined).where(mine, quotes.c.older_fen > 0)
    return tuple(OrderId(number) for number in conn.execute(query).scalars())


def find(conn: Connection, site: SiteId, order: OrderId, *, lock: bool = False) -> AnyOrder | None:
    """Give an order of ours by its number; `lock` its row where the database locks rows."""
    query = _joined().where(orders.c.out_trade_no == order, orders.c.site == site)
    if lock:
        query = query.with_for_update(of=orders)
    row = conn.execute(query).one_or_none()
    return None if row is None else _order(row)


def attempts(conn: Connection, stay: StayId) -> int:
    """Count the orders that were ever made for a stay."""
    return len(conn.execute(select(orders.c.out_trade_no).where(orders.c.stay == stay)).all())


def attempts_at(conn: Connection, demand: DemandId) -> int:
    """Count the orders that were ever made for a demand."""
    return len(conn.execute(select(orders.c.out_trade_no).where(orders.c.demand == demand)).all())


def add_demand_order(
    conn: Connection, books: Books, at: datetime, order: OrderId, demand: Demand, expires_at: datetime
) -> None:
    """Record an order for a demand before it is sent."""
    conn.execute(
        orders.insert().values(
            out_trade_no=order,
            site=books.site,
            demand=demand.id,
            amount_fen=demand.amount_fen,
            kind=OrderKind.QR.value,
            state=OrderState.CREATING.value,
            expires_at=expires_at,
            made_at=at,
        )
    )
    body = {"order": order, "demand": demand.id, "demand_kind": demand.kind.value, "due_fen": demand.amount_fen}
    books.tell(conn, at, "money", "order made", NOWHERE, **body)


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
    if isinstance(order, DemandOrder):
        return _apply_to_demand(conn, books, at, transaction, source, order)
    stay = None if order is None else stays.find(conn, books.site, order.stay)
    accounts = order.account if order else None, transaction, stay.account if stay else None
    older_owed = order is None or debts.stand(conn, books.site, order.older)
    decision = settle(*accounts, books.merchant, older_owed=older_owed)
    request = None
    if order is not None and stay is not None and isinstance(decision, Settles | Surplus):
        request = _book(conn, books, at, transaction, source, order, stay, decision)
    if isinstance(decision, Wrong):
        _tell_wrong(conn, books, at, order.place if order else NOWHERE, transaction, source, decision)
    return Applied(decision, transaction.out_trade_no, stay.id if stay else None, request)


def _tell_wrong(
    conn: Connection, books: Books, at: datetime, place: Place, transaction: Transaction, source: str, wrong: Wrong
) -> None:
    what = f"payment {wrong.verdict}"
    books.tell(conn, at, "alarm", what, place, order=transaction.out_trade_no, source=source, why=wrong.why)


def _apply_to_demand(
    conn: Connection, books: Books, at: datetime, transaction: Transaction, source: str, order: DemandOrder
) -> Applied:
    """Settle the payment of a demand; one that is not owed any more must go back."""
    demand = demands.find(conn, books.site, order.demand)
    is_owed = paying.is_owed(conn, books.site, demand)
    decision = settle_demand(order.account, transaction, books.merchant, is_owed=is_owed)
    if isinstance(decision, Wrong):
        _tell_wrong(conn, books, at, NOWHERE, transaction, source, decision)
    if not isinstance(decision, Settles | Surplus):
        return Applied(decision, order.id)
    surplus = isinstance(decision, Surplus)
    mark_paid(conn, order.id, transaction.transaction_id, transaction.paid_at or at)
    add_settlement(conn, books, at, order, transaction, source, surplus)
    if surplus:
        post(conn, books.site, at, flows.demand_surplus(order.id, transaction.amount_fen, f"R{order.id}A"))
    else:
        paying.pay(conn, books, at, demand, order.id)
    kind, what = ("alarm", "payment surplus, refund owed") if surplus else ("money", "settled")
    body = {"order": order.id, "demand": demand.id, "amount_fen": transaction.amount_fen, "source": source}
    books.tell(conn, at, kind, what, NOWHERE, transaction=transaction.transaction_id, **body)
    return Applied(decision, order.id)


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
    own = Fen(transaction.amount_fen - order.account.older_fen)
    paid_until = stays.credit(conn, stay, own, paid_at)
    debts.clear(conn, order.older)
    vouchers.use_for(conn, books, at, stay.account, order.quote)
    tell("money", "settled", paid_until=paid_until.isoformat())
    return _ask_to_open(conn, books, at, order) if decision.opens else None


def _post_payment(
    conn: Connection, books: Books, at: datetime, order: PayOrder, amount: Fen, stay: Stay, *, surplus: bool
) -> None:
    """Enter a payment: what nothing is owed for must go back, what a stay that has ended owed is owed no more."""
    own = Fen(amount - order.account.older_fen)
    to_stay, to_arrears = (own, NOTHING) if stay.account.is_open else (NOTHING, own)
    parts = (NOTHING, NOTHING, amount) if surplus else (to_stay, to_arrears, NOTHING)
    older = () if surplus else order.older
    post(conn, books.site, at, flows.paid(stay.id, order.id, *parts, f"R{order.id}A", older))


def mark_paid(conn: Connection, order: OrderId, transaction_id: str, paid_at: datetime) -> None:
    """Write which transaction paid an order."""
    conn.execute(
        update(orders)
        .where(orders.c.out_trade_no == order)
        .values(state=OrderState.PAID.value, transaction_id=transaction_id, paid_at=paid_at)
    )


def add_settlement(
    conn: Connection, books: Books, at: datetime, order: AnyOrder, paid: Transaction, source: str, surplus: bool
) -> None:
    """Record that an order was paid."""
    conn.execute(
        settlements.insert().values(
            id=new_id(at),
            site=books.site,
            out_trade_no=order.id,
            stay=order.stay if isinstance(order, PayOrder) else None,
            older_fen=NOTHING if surplus else order.account.older_fen,
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
    older = (quotes.c.older_fen, quotes.c.older, quotes.c.credit_fen)
    joined = orders.outerjoin(quotes, quotes.c.id == orders.c.quote)
    joined = joined.outerjoin(demand_table, demand_table.c.id == orders.c.demand)
    return select(orders, *from_quote, *older, demand_table.c.about).select_from(joined)


def _order(row: Row[tuple[object, ...]]) -> AnyOrder:
    return _stay_order(row) if row.demand is None else _demand_order(row)


def _demand_order(row: Row[tuple[object, ...]]) -> DemandOrder:
    amount = Fen(row.amount_fen)
    account = OrderAccount(OrderId(row.out_trade_no), OrderState(row.state), amount, amount, row.transaction_id)
    return DemandOrder(account, DemandId(row.demand), row.about, row.code_url or "", row.expires_at)


def _stay_order(row: Row[tuple[object, ...]]) -> PayOrder:
    return PayOrder(
        account=OrderAccount(
            id=OrderId(row.out_trade_no),
            state=OrderState(row.state),
            amount_fen=Fen(row.amount_fen),
            total_fen=Fen(row.total_fen - row.credit_fen),
            transaction_id=row.transaction_id,
            older_fen=Fen(row.older_fen),
        ),
        credit_fen=Fen(row.credit_fen),
        older=tuple((StayId(stay), Fen(amount)) for stay, amount in row.older or ()),
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
