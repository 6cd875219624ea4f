"""Deductions in the database: made before the call, promised, collected or broken, each change in one transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from sqlalchemy import Connection, select, update

from billing import outbox, stays
from billing.accounts import flows
from billing.accounts.book import post
from billing.accounts.chart import Account
from billing.books import ACTOR, NOWHERE, Books, Place
from billing.cases import open_case
from billing.orders import applying, book
from billing.orders.applying import Applied
from billing.orders.book import PayOrder
from billing.parking import sessions
from billing.parking.decide import Break, Collect, Heard, PaidLate, Promise, Repaid, SessionState, hear
from billing.pay.calls.parking import Leaving, ParkedCar
from billing.pay.gateway import Deduction
from billing.settle import (
    NOTHING,
    PENDING,
    Decision,
    Duplicate,
    NotSuccess,
    OrderKind,
    OrderState,
    Settles,
    Surplus,
    Transaction,
    Wrong,
)
from billing.stays import Stay
from billing.vouchers import book as vouchers
from scada.model.lane.words import Quote, Reason
from scada.model.money import Fen
from scada.model.names import OrderId, RequestId, SiteId, StayId
from scada.store.schema import parking_deduction as deductions

BEHIND: Final = timedelta(seconds=2)
"""WeChat takes no end in the future: a clock that is a little ahead must not cost a driver his way out."""
DEVICE_SIGNS: Final = 32
UNENDED: Final = PENDING | {OrderState.ACCEPTED}
"""States of a deduction of which WeChat has not said the last word."""
_BEGINS: Final = PENDING | {OrderState.CLOSED}


@dataclass(frozen=True, slots=True)
class Asked:
    """A deduction as it is sent, and sent again: the number, the amount, the car, its way out."""

    order: OrderId
    stay: StayId
    amount_fen: Fen
    car: ParkedCar
    leaving: Leaving


def begin(conn: Connection, books: Books, at: datetime, place: Place, quote: Quote, order: OrderId) -> Asked | str:
    """Record a deduction before it is sent; a text says why there is none to send."""
    stay = stays.find(conn, books.site, quote.stay)
    owed = quote.total_fen - quote.credit_fen - stay.account.paid_fen
    if not stay.account.is_open or owed != quote.due_fen or quote.valid_until <= at:
        return "the quote is out of date"
    session = sessions.of(conn, stay.id)
    if session is None or sessions.offered(conn, quote, stay) is None:
        return "the plate's owner does not let WeChat deduct this"
    left_at = at.replace(microsecond=0) - BEHIND
    if left_at <= session.car.entered_at:
        return "the car has only just come in"
    leaving = Leaving(session.parking_id, left_at, quote.minutes * 60, (place.lane or "exit")[:DEVICE_SIGNS])
    book.add_order(conn, books, at, order, place, quote, quote.valid_until, OrderKind.PARKING)
    row = {"left_at": left_at, "charged_s": leaving.charged_s, "device": leaving.device}
    conn.execute(deductions.insert().values(out_trade_no=order, site=books.site, stay=stay.id, **row))
    return Asked(order, stay.id, quote.due_fen, session.car, leaving)


def doubt(conn: Connection, books: Books, at: datetime, asked: Asked, why: str, *, is_refused: bool) -> None:
    """Note that a deduction was not accepted, as far as is known; from a refused entry none is asked for again."""
    if book.move(conn, asked.order, OrderState.UNKNOWN):
        body = {"order": asked.order, "stay": asked.stay, "why": why[:200]}
        books.tell(conn, at, "money", "deduction not accepted", NOWHERE, **body)
    if is_refused:
        sessions.block(conn, asked.stay, why)


def close(conn: Connection, books: Books, at: datetime, order: OrderId, why: str) -> bool:
    """Give up a deduction that WeChat does not know."""
    closed = book.move(conn, order, OrderState.CLOSED)
    if closed:
        books.tell(conn, at, "money", "order closed", NOWHERE, order=order, why=why[:200])
    return closed


def open_ones(conn: Connection, site: SiteId) -> tuple[OrderId, ...]:
    """Give the deductions of which WeChat has not said the last word."""
    return tuple(order.id for order in book.pending(conn, site, OrderKind.PARKING, UNENDED))


def apply(conn: Connection, books: Books, at: datetime, told: Deduction, source: str) -> Applied:
    """Take WeChat's word on a deduction; doing it twice is harmless."""
    order = book.find(conn, books.site, told.out_trade_no, lock=True)
    if not isinstance(order, PayOrder) or order.kind is not OrderKind.PARKING:
        wrong = Wrong("unknown_order", "no deduction of ours has this number")
        _tell_wrong(conn, books, at, NOWHERE, told, source, wrong)
        return Applied(wrong, told.out_trade_no)
    stay = stays.find(conn, books.site, order.stay)
    applied = Applied(Duplicate(), order.id, stay.id)
    for step in hear(order.account, told, stay.account, surplus=_is_surplus(conn, order.id)):
        applied = _taken(conn, books, at, told, source, order, stay, step, applied)
    return applied


def _taken(
    conn: Connection,
    books: Books,
    at: datetime,
    told: Deduction,
    source: str,
    order: PayOrder,
    stay: Stay,
    step: Heard,
    before: Applied,
) -> Applied:
    """Write what one step changes; a promise and its money may come together."""
    match step:
        case Promise():
            request = _promise(conn, books, at, order, stay, step, source)
            decision: Decision = Settles(step.opens) if step.credits else Surplus()
            return Applied(decision, order.id, stay.id, request)
        case Collect(advanced=advanced):
            _note(conn, order.id, ended_at=at, advanced=advanced)
            if _is_surplus(conn, order.id):
                return applying.apply(conn, books, at, _as_payment(books, at, told), source)
            _collect(conn, books, at, order, told, source)
            return before
        case Break(was_credited=was_credited):
            _break(conn, books, at, order, stay, source, was_credited=was_credited)
            return Applied(NotSuccess("PAY_FAIL"), order.id, stay.id)
        case PaidLate():
            _note(conn, order.id, ended_at=at, repaid=told.repaid)
            return applying.apply(conn, books, at, _as_payment(books, at, told), source)
        case Repaid():
            _note(conn, order.id, repaid=True)
            books.tell(conn, at, "event", "advanced fee repaid to WeChat", order.place, order=order.id, stay=stay.id)
            return before
        case Wrong():
            _tell_wrong(conn, books, at, order.place, told, source, step)
            return Applied(step, order.id, stay.id)
        case _:
            assert_never(step)


def _promise(
    conn: Connection, books: Books, at: datetime, order: PayOrder, stay: Stay, step: Promise, source: str
) -> RequestId | None:
    """Credit the stay, and ask for its gate: WeChat's ACCEPTED is what opens one."""
    account = order.account
    book.move(conn, order.id, OrderState.ACCEPTED, _BEGINS)
    _note(conn, order.id, accepted_at=at, surplus=not step.credits)
    sessions.end(conn, stay.id, at, SessionState.USED)
    body = {"order": order.id, "stay": stay.id, "amount_fen": account.amount_fen, "source": source}
    if not step.credits:
        books.tell(conn, at, "alarm", "deduction accepted though nothing is owed", order.place, **body)
        return None
    paid_until = stays.credit(conn, stay, account.amount_fen, at)
    vouchers.use_for(conn, books, at, stay.account, order.quote)
    owed = Account.RECEIVABLE if stay.account.is_open else Account.ARREARS
    post(conn, books.site, at, flows.promised(stay.id, order.id, account.amount_fen, owed))
    books.tell(conn, at, "money", "deduction accepted", order.place, paid_until=paid_until.isoformat(), **body)
    if not step.opens or order.place.lane is None:
        return None
    return outbox.add(conn, books.site, at, order.place, Reason.ACCEPTED, ACTOR, stay.id, order.id)


def _collect(conn: Connection, books: Books, at: datetime, order: PayOrder, told: Deduction, source: str) -> None:
    paid = _as_payment(books, at, told)
    book.mark_paid(conn, order.id, paid.transaction_id, paid.paid_at or at, paid.payer)
    book.add_settlement(conn, books, at, order, paid, source, NOTHING)
    post(conn, books.site, at, flows.deducted(order.stay, order.id, order.account.amount_fen))
    body = {"order": order.id, "stay": order.stay, "amount_fen": paid.amount_fen, "advanced": told.advanced}
    books.tell(conn, at, "money", "deducted", order.place, transaction=paid.transaction_id, source=source, **body)


def _break(
    conn: Connection, books: Books, at: datetime, order: PayOrder, stay: Stay, source: str, *, was_credited: bool
) -> None:
    """Take the credit back; a car that has left owes it as arrears of its plate."""
    book.move(conn, order.id, OrderState.FAILED, _BEGINS | {OrderState.ACCEPTED})
    _note(conn, order.id, ended_at=at)
    amount = order.account.amount_fen
    body = {"order": order.id, "stay": stay.id, "amount_fen": amount, "source": source}
    books.tell(conn, at, "alarm" if was_credited else "money", "deduction failed", order.place, **body)
    if was_credited:
        stays.uncredit(conn, stay, amount, None)
        owed = Account.RECEIVABLE if stay.account.is_open else Account.ARREARS
        post(conn, books.site, at, flows.broken(stay.id, order.id, amount, owed))


def _as_payment(books: Books, at: datetime, told: Deduction) -> Transaction:
    """Give a deduction whose money has come as the payment that it is; the gateway has checked whose it is."""
    return Transaction(
        mchid=books.merchant.mchid,
        appid=books.merchant.appid,
        out_trade_no=told.out_trade_no,
        trade_state="SUCCESS",
        transaction_id=told.transaction_id,
        amount_fen=told.amount_fen,
        paid_at=told.paid_at or at,
        sub_mchid=books.merchant.sub_mchid,
    )


def _is_surplus(conn: Connection, order: OrderId) -> bool:
    query = select(deductions.c.surplus).where(deductions.c.out_trade_no == order)
    return bool(conn.execute(query).scalar())


def _note(conn: Connection, order: OrderId, **changes: object) -> None:
    conn.execute(update(deductions).where(deductions.c.out_trade_no == order).values(**changes))


def _tell_wrong(
    conn: Connection, books: Books, at: datetime, place: Place, told: Deduction, source: str, wrong: Wrong
) -> None:
    """Have a person look at a word that contradicts our books; it is asked for again and again, and told once."""
    number, what = told.out_trade_no[:32], f"deduction {wrong.verdict}"
    body = {"order": number, "source": source, "amount_fen": told.amount_fen}
    if open_case(conn, books, at, "PAYMENT_WRONG", f"{what}:{number}", f"{what}: {wrong.why}", "", **body):
        books.tell(conn, at, "alarm", what, place, why=wrong.why, **body)
