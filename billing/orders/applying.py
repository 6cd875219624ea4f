"""What a transaction of WeChat changes: order, settlement, stay, refund, ledger and journal, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import assert_never

from sqlalchemy import Connection

from billing import outbox, stays
from billing.accounts import flows
from billing.accounts.book import post
from billing.arrears import debts
from billing.books import ACTOR, NOWHERE, Books, Place
from billing.cases import open_case
from billing.orders import demands, paying
from billing.orders.book import AnyOrder, DemandOrder, PayOrder, add_settlement, find, mark_paid
from billing.refunds import book as refunds
from billing.refunds.words import RefundReason, surplus_number
from billing.settle import (
    NOTHING,
    REVOKED,
    Decision,
    Duplicate,
    GivenBack,
    NotSuccess,
    Settles,
    Surplus,
    Transaction,
    Wrong,
    settle,
    settle_demand,
)
from billing.stays import Stay
from billing.vouchers import book as vouchers
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.model.names import OrderId, RequestId, StayId


@dataclass(frozen=True, slots=True)
class Applied:
    """What a transaction did, for those who act after the commit; `refund` is the number of what goes back."""

    decision: Decision
    order: OrderId
    stay: StayId | None = None
    request: RequestId | None = None
    refund: str = ""

    @property
    def verdict(self) -> str:
        """One word for the notice's row and the log."""
        match self.decision:
            case Settles():
                return "settled"
            case Surplus():
                return "surplus"
            case GivenBack():
                return "given_back"
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
    if isinstance(decision, Wrong):
        _tell_wrong(conn, books, at, order.place if order else NOWHERE, transaction, source, decision)
    if order is None or stay is None or not isinstance(decision, Settles | Surplus | GivenBack):
        return Applied(decision, transaction.out_trade_no, stay.id if stay else None)
    payment = _Payment(order, transaction, source, decision)
    request = _book(conn, books, at, payment, order, stay)
    return Applied(decision, order.id, stay.id, request, payment.refund)


def _tell_wrong(
    conn: Connection, books: Books, at: datetime, place: Place, transaction: Transaction, source: str, wrong: Wrong
) -> None:
    """Have a person look at a message of WeChat that contradicts our books."""
    number, what = transaction.out_trade_no, f"payment {wrong.verdict}"
    books.tell(conn, at, "alarm", what, place, order=number, source=source, why=wrong.why)
    told = {"order": number, "transaction": transaction.transaction_id, "amount_fen": transaction.amount_fen}
    ref = f"payment:{transaction.transaction_id or number}:{wrong.verdict}"
    open_case(conn, books, at, "PAYMENT_WRONG", ref, f"{what}: {wrong.why}", "", **told, source=source)


@dataclass(frozen=True, slots=True)
class _Payment:
    """A payment that came, and what is made of it."""

    order: AnyOrder
    transaction: Transaction
    source: str
    decision: Settles | Surplus | GivenBack

    @property
    def amount_fen(self) -> Fen:
        return self.transaction.amount_fen

    @property
    def surplus_fen(self) -> Fen:
        """What of it goes back, or has gone."""
        return self.decision.surplus_fen if isinstance(self.decision, Settles) else self.amount_fen

    @property
    def older_fen(self) -> Fen:
        """What of it clears debts of earlier stays."""
        return self.decision.older_fen if isinstance(self.decision, Settles) else NOTHING

    @property
    def counted_fen(self) -> Fen:
        """What of it the stay is credited."""
        return Fen(self.amount_fen - self.surplus_fen - self.older_fen)

    @property
    def refund(self) -> str:
        """The number of what goes back; empty if nothing does."""
        return surplus_number(self.order.id) if self.surplus_fen else ""

    @property
    def told(self) -> tuple[str, str]:
        """Kind and words of its journal row."""
        match self.decision:
            case Settles():
                return "money", "settled"
            case Surplus():
                return "alarm", "payment surplus, it goes back"
            case GivenBack():
                return "alarm", "payment given back already"
            case _:
                assert_never(self.decision)


def _apply_to_demand(
    conn: Connection, books: Books, at: datetime, transaction: Transaction, source: str, order: DemandOrder
) -> Applied:
    """Settle the payment of a demand; one that is not owed any more goes back."""
    demand = demands.find(conn, books.site, order.demand)
    is_owed = paying.is_owed(conn, books.site, at, demand)
    decision = settle_demand(order.account, transaction, books.merchant, is_owed=is_owed)
    if isinstance(decision, Wrong):
        _tell_wrong(conn, books, at, NOWHERE, transaction, source, decision)
    if not isinstance(decision, Settles | Surplus | GivenBack):
        return Applied(decision, order.id)
    payment = _Payment(order, transaction, source, decision)
    _write_payment(conn, books, at, payment)
    if isinstance(decision, Settles):
        paying.pay(conn, books, at, demand, order.id)
    else:
        post(conn, books.site, at, flows.demand_surplus(order.id, payment.amount_fen, payment.refund))
        _give_back(conn, books, at, payment, None)
    kind, what = payment.told
    body = {"order": order.id, "demand": demand.id, "amount_fen": transaction.amount_fen, "source": source}
    books.tell(conn, at, kind, what, NOWHERE, transaction=transaction.transaction_id, **body)
    return Applied(decision, order.id, refund=payment.refund)


def _write_payment(conn: Connection, books: Books, at: datetime, payment: _Payment) -> None:
    order, paid = payment.order, payment.transaction
    mark_paid(conn, order.id, paid.transaction_id, paid.paid_at or at, paid.payer)
    add_settlement(conn, books, at, order, paid, payment.source, payment.surplus_fen, payment.older_fen)


def _book(
    conn: Connection, books: Books, at: datetime, payment: _Payment, order: PayOrder, stay: Stay
) -> RequestId | None:
    """Write all that a payment changes; gives the gate-open request if there is one to make."""
    decision, paid_at = payment.decision, payment.transaction.paid_at or at
    _write_payment(conn, books, at, payment)
    _post_payment(conn, books, at, payment, order, stay)
    _give_back(conn, books, at, payment, stay.id)
    tell = partial(
        books.tell,
        conn,
        at,
        *payment.told,
        order.place,
        order=order.id,
        stay=stay.id,
        amount_fen=payment.amount_fen,
        surplus_fen=payment.surplus_fen,
        transaction=payment.transaction.transaction_id,
        source=payment.source,
    )
    if not isinstance(decision, Settles):
        tell()
        return None
    paid_until = stays.credit(conn, stay, payment.counted_fen, paid_at)
    if payment.older_fen:
        debts.clear(conn, order.older)
    vouchers.use_for(conn, books, at, stay.account, order.quote)
    tell(paid_until=paid_until.isoformat())
    return _ask_to_open(conn, books, at, order) if decision.opens else None


def _post_payment(conn: Connection, books: Books, at: datetime, payment: _Payment, order: PayOrder, stay: Stay) -> None:
    """Enter a payment: what nothing is owed for must go back, what a stay that has ended owed is owed no more."""
    counted = payment.counted_fen
    to_stay, to_arrears = (counted, NOTHING) if stay.account.is_open else (NOTHING, counted)
    older, number = order.older if payment.older_fen else (), surplus_number(order.id)
    entry = flows.paid(stay.id, order.id, to_stay, to_arrears, payment.surplus_fen, number, older)
    post(conn, books.site, at, entry)


def _give_back(conn: Connection, books: Books, at: datetime, payment: _Payment, stay: StayId | None) -> None:
    """Have the surplus go back, or write down that it has gone."""
    order, surplus, number = payment.order.id, payment.surplus_fen, payment.refund
    if isinstance(payment.decision, GivenBack):
        revoked = payment.transaction.trade_state == REVOKED
        refunds.add_given_back(conn, books, at, number, order, stay, surplus, revoked=revoked)
    elif surplus:
        total, why = payment.amount_fen, RefundReason.SURPLUS
        refunds.want(conn, books, at, number, order, stay, surplus, total, why, ACTOR)


def _ask_to_open(conn: Connection, books: Books, at: datetime, order: PayOrder) -> RequestId | None:
    if order.place.lane is None:
        return None
    return outbox.add(conn, books.site, at, order.place, Reason.PAID, ACTOR, order.stay, order.id)
