"""Orders, settlements and notices in the database.

Plain functions of a connection: the cashier runs them inside one transaction, journal and ledger included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from billing.accounts.flows import Debts
from billing.books import NOWHERE, Books, Place
from billing.ids import new_id
from billing.orders.demands import Demand, DemandKind
from billing.orders.ways import BY_CODE, Offer, Way
from billing.pay.gateway import Notice
from billing.settle import NOTHING, PENDING, OrderAccount, OrderKind, OrderState, Transaction
from scada.model.lane.words import Quote
from scada.model.money import Fen
from scada.model.names import DemandId, LaneName, OrderId, PassageId, QuoteId, SiteId, StayId
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
    closing: str = ""
    offer: Offer = BY_CODE

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
    closing: str = ""
    offer: Offer = BY_CODE

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
CLOSING_MOST = 64
_PENDING = [state.value for state in PENDING]


def pending(
    conn: Connection, site: SiteId, kind: OrderKind = OrderKind.QR, states: frozenset[OrderState] = PENDING
) -> tuple[AnyOrder, ...]:
    """Give all orders of a kind that are in one of these states; by default those that may still be paid."""
    are = orders.c.state.in_([state.value for state in states])
    query = _joined().where(orders.c.site == site, orders.c.kind == kind.value, are).order_by(orders.c.made_at)
    return tuple(_order(row) for row in conn.execute(query))


def pending_of(conn: Connection, stay: StayId, kind: OrderKind | None = None) -> tuple[PayOrder, ...]:
    """Give the orders of a stay, of one kind or of all, that may still be paid, newest first."""
    query = _joined().where(orders.c.stay == stay, orders.c.state.in_(_PENDING)).order_by(orders.c.made_at.desc())
    if kind is not None:
        query = query.where(orders.c.kind == kind.value)
    return tuple(_stay_order(row) for row in conn.execute(query))


def pending_about(conn: Connection, site: SiteId, kind: DemandKind, about: str) -> tuple[DemandOrder, ...]:
    """Give the orders of demands of one kind and holder that may still be paid, newest first."""
    mine = (orders.c.site == site) & (demand_table.c.kind == kind.value) & (demand_table.c.about == about)
    query = _joined().where(mine, orders.c.state.in_(_PENDING)).order_by(orders.c.made_at.desc())
    return tuple(_demand_order(row) for row in conn.execute(query))


def pending_with_older(conn: Connection, site: SiteId, plate: Plate) -> tuple[OrderId, ...]:
    """Give the orders of a plate's open stay that ask for old debts too and may still be paid on a phone."""
    joined = orders.join(quotes, quotes.c.id == orders.c.quote).join(stay_table, stay_table.c.id == orders.c.stay)
    mine = (orders.c.site == site) & (stay_table.c.plate == plate) & orders.c.state.in_(_PENDING)
    mine &= orders.c.kind == OrderKind.QR.value
    query = select(orders.c.out_trade_no).select_from(joined).where(mine, quotes.c.older_fen > 0)
    return tuple(OrderId(number) for number in conn.execute(query).scalars())


def find(conn: Connection, site: SiteId, order: OrderId, *, lock: bool = False) -> AnyOrder | None:
    """Give an order of ours by its number; `lock` its row where the database locks rows."""
    row = conn.execute(_LOCKED if lock else _FOUND, {"site": site, "order": order}).one_or_none()
    return None if row is None else _order(row)


def attempts(conn: Connection, stay: StayId) -> int:
    """Count the orders that were ever made for a stay."""
    return len(conn.execute(select(orders.c.out_trade_no).where(orders.c.stay == stay)).all())


def attempts_at(conn: Connection, demand: DemandId) -> int:
    """Count the orders that were ever made for a demand."""
    return len(conn.execute(select(orders.c.out_trade_no).where(orders.c.demand == demand)).all())


def add_demand_order(
    conn: Connection,
    books: Books,
    at: datetime,
    order: OrderId,
    demand: Demand,
    expires_at: datetime,
    offer: Offer = BY_CODE,
) -> None:
    """Record an order for a demand before it is sent."""
    conn.execute(
        orders.insert(),
        {
            "out_trade_no": order,
            "site": books.site,
            "demand": demand.id,
            "amount_fen": demand.amount_fen,
            "kind": OrderKind.QR.value,
            "way": offer.way.value,
            "payer": offer.payer,
            "state": OrderState.CREATING.value,
            "expires_at": expires_at,
            "made_at": at,
        },
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
    offer: Offer = BY_CODE,
) -> None:
    """Record an order before it is sent: afterwards nobody could tell whose payment came."""
    conn.execute(
        orders.insert(),
        {
            "out_trade_no": order,
            "site": books.site,
            "stay": quote.stay,
            "quote": quote.id,
            "lane": place.lane,
            "passage": place.passage,
            "amount_fen": quote.due_fen,
            "kind": kind.value,
            "way": offer.way.value,
            "payer": offer.payer,
            "state": OrderState.CREATING.value,
            "expires_at": expires_at,
            "made_at": at,
        },
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


def move_place(conn: Connection, order: OrderId, place: Place) -> bool:
    """Bind an order that may still be paid to the passage under which its car has come back; False if it may not."""
    mine = (orders.c.out_trade_no == order) & orders.c.state.in_(_PENDING)
    changed = conn.execute(update(orders).where(mine).values(lane=place.lane, passage=place.passage))
    return changed.rowcount == 1


def want_closed(conn: Connection, wanted: Sequence[OrderId], why: str) -> None:
    """Write down that orders shall be closed: a server that is killed before it could goes on closing them."""
    mine = orders.c.out_trade_no.in_(wanted) & (orders.c.closing == "") & orders.c.state.in_(_PENDING)
    conn.execute(update(orders).where(mine).values(closing=why[:CLOSING_MOST]))


def asked(conn: Connection, order: OrderId, at: datetime) -> None:
    """Note that WeChat was asked for an order."""
    changes = {"asked_at": at, "asks": orders.c.asks + 1}
    conn.execute(update(orders).where(orders.c.out_trade_no == order).values(**changes))


def mark_paid(conn: Connection, order: OrderId, transaction_id: str, paid_at: datetime, payer: str = "") -> None:
    """Write which transaction paid an order, and who paid, where that is told."""
    values = {"state": OrderState.PAID.value, "transaction_id": transaction_id, "paid_at": paid_at}
    conn.execute(_PAID, {"order": order, **values} | ({"payer": payer} if payer else {}))


def add_settlement(
    conn: Connection,
    books: Books,
    at: datetime,
    order: AnyOrder,
    paid: Transaction,
    source: str,
    surplus: Fen,
    older: Fen = NOTHING,
) -> None:
    """Record that an order was paid; `surplus` of it goes back, `older` cleared debts of earlier stays."""
    conn.execute(
        _SETTLED,
        {
            "id": new_id(at),
            "site": books.site,
            "out_trade_no": order.id,
            "stay": order.stay if isinstance(order, PayOrder) else None,
            "older_fen": older,
            "transaction_id": paid.transaction_id,
            "amount_fen": paid.amount_fen,
            "surplus_fen": surplus,
            "source": source,
            "paid_at": paid.paid_at or at,
            "settled_at": at,
        },
    )


def is_known(conn: Connection, notice: str) -> bool:
    """Say whether a notice of this id is stored already."""
    return conn.execute(_KNOWN, {"notice": notice}).first() is not None


def add_notice(
    conn: Connection, books: Books, at: datetime, notice: Notice, verdict: str, headers: dict[str, str], body: bytes
) -> None:
    """Keep a verified notice as it came."""
    conn.execute(
        _KEPT,
        {
            "id": notice.id,
            "site": books.site,
            "event_type": notice.event_type,
            "verdict": verdict,
            "out_trade_no": notice.order[:32] if notice.order else None,
            "received_at": at,
            "headers": headers,
            "body": body,
        },
    )


def _joined() -> Select[tuple[object, ...]]:
    from_quote = (quotes.c.total_fen, quotes.c.valid_until, quotes.c.made_at.label("quoted_at"))
    older = (quotes.c.older_fen, quotes.c.older, quotes.c.credit_fen)
    joined = orders.outerjoin(quotes, quotes.c.id == orders.c.quote)
    joined = joined.outerjoin(demand_table, demand_table.c.id == orders.c.demand)
    return select(orders, *from_quote, *older, demand_table.c.about).select_from(joined)


_FOUND = _joined().where(orders.c.out_trade_no == bindparam("order"), orders.c.site == bindparam("site"))
_LOCKED = _FOUND.with_for_update(of=orders)
_PAID = update(orders).where(orders.c.out_trade_no == bindparam("order"))
_SETTLED = settlements.insert()
_KNOWN = select(notices.c.id).where(notices.c.id == bindparam("notice"))
_KEPT = notices.insert()
"""Made once, like all statements of a settlement: to make them takes longer than to run them (0048)."""


def _order(row: Row[tuple[object, ...]]) -> AnyOrder:
    return _stay_order(row) if row.demand is None else _demand_order(row)


def _demand_order(row: Row[tuple[object, ...]]) -> DemandOrder:
    amount = Fen(row.amount_fen)
    account = OrderAccount(OrderId(row.out_trade_no), OrderState(row.state), amount, amount, row.transaction_id)
    return DemandOrder(
        account=account,
        demand=DemandId(row.demand),
        about=row.about,
        code_url=row.code_url or "",
        expires_at=row.expires_at,
        closing=row.closing,
        offer=Offer(Way(row.way), row.payer),
    )


def _stay_order(row: Row[tuple[object, ...]]) -> PayOrder:
    return PayOrder(
        account=OrderAccount(
            id=OrderId(row.out_trade_no),
            state=OrderState(row.state),
            amount_fen=Fen(row.amount_fen),
            total_fen=Fen(row.total_fen - row.credit_fen),
            transaction_id=row.transaction_id,
            older_fen=Fen(row.older_fen),
            credit_fen=Fen(row.credit_fen),
        ),
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
        closing=row.closing,
        offer=Offer(Way(row.way), row.payer),
    )
