"""What the driver of a stay is told about its fee: its price, what counts against it, old debts, the next change."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from billing.arrears.terms import Debt
from billing.books import Books
from billing.settle import Due
from billing.stays import Stay
from billing.tariff import Bill, CreditLine
from billing.versions.choice import Versions
from billing.visit.charge import Charge, charge, pricer_of
from billing.visit.park import Park
from scada.model.lane.words import Reason
from scada.model.money import Fen

_RIGHTS = frozenset({Reason.MONTH, Reason.WHITE_LIST, Reason.SPECIAL})


def bill(
    conn: Connection, books: Books, park: Park, versions: Versions, stay: Stay, at: datetime, older: tuple[Debt, ...]
) -> Bill:
    """Give the bill of an open stay at a moment; `older` debts are asked for with it. Raises BillingError."""
    charged = charge(conn, books, park, versions, stay, at)
    pricer, cover = pricer_of(conn, books, park, versions, stay, at)
    until, is_free = stay.account.paid_until, cover.reason is not None
    return Bill(
        total_fen=charged.priced.total_fen,
        payable_fen=charged.due.due_fen,
        lines=charged.priced.lines,
        credit_lines=tuple(_credits(stay, charged)),
        older=tuple((debt.left_at, debt.amount_fen) for debt in older),
        change=None if is_free else pricer.next_change(cover.charged_from, at),
        leave_by=until if until is not None and until >= at else None,
    )


def _credits(stay: Stay, charged: Charge) -> Iterator[CreditLine]:
    """Give what counts against the price; it sums to all that is not asked for, as far as the price goes."""
    account = stay.account
    if account.paid_fen:
        yield CreditLine("paid", "", account.paid_fen)
    if account.credit_fen:
        yield CreditLine("credit", "", account.credit_fen)
    yield from charged.lines
    counted = account.paid_fen + account.credit_fen + charged.let_off_fen
    rest = Fen(charged.priced.total_fen - counted - charged.due.due_fen)
    if rest > 0:
        yield CreditLine(_why(charged.due), "", rest)


def _why(due: Due) -> str:
    return "right" if due.free_reason in _RIGHTS else "grace"
