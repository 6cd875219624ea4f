"""What a day's comparison leaves behind: its counts on the day's row, and a case for each trade that does not agree."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection

from billing.accounts import flows
from billing.accounts.book import post
from billing.books import Books
from billing.cases import BILLING, MoneyCase, close_case, find_case, list_cases, open_case, renew_case
from billing.reconcile.compare import rows
from billing.reconcile.compare.funds import Funds, unexplained
from billing.reconcile.compare.match import Difference, Matched, Side
from billing.reconcile.intake import days
from billing.reconcile.intake.days import BillDay, Kind, State
from scada.model.money import Fen

TRADE: Final = "BILL_TRADE"
FEES: Final = "BILL_FEES"
FUNDS: Final = "BILL_FUNDS"
SOLVED: Final = "books and bill agree now"
_MOST: Final = 100_000


def finish(conn: Connection, books: Books, at: datetime, bill: BillDay, matched: Matched, owner: str) -> None:
    """Write down what came of a day's trades; doing it again changes nothing but what has changed."""
    wanted = {ref_of(one): (_what(one), _body(bill.day, one)) for one in matched.differences}
    settle_cases(conn, books, at, bill.day, TRADE, wanted, owner)
    count, net = rows.others(conn, books.site, bill.day)
    _post_others(conn, books, at, bill, net)
    fees = rows.fees(conn, books.site, bill.day)
    told = {"day": bill.day.isoformat(), "billed_fen": fees.billed_fen, "posted_fen": fees.posted_fen}
    off = fees.billed_fen != fees.posted_fen
    named = {f"bill-fees:{bill.day}": ("WeChat's fees are not those that were posted", told)} if off else {}
    settle_cases(conn, books, at, bill.day, FEES, named, owner)
    counts = {
        "agreed": matched.agreed,
        "agreed_fen": matched.agreed_fen,
        "only_ours": len(matched.of(Side.ONLY_OURS)),
        "only_theirs": len(matched.of(Side.ONLY_THEIRS)),
        "differ": len(matched.of(Side.DIFFERS)),
        "waiting": len(matched.waiting),
        "others": count,
        "others_fen": net,
    }
    days.change(conn, books.site, bill.day, Kind.TRADES, **_done(bill, at), **counts)


def finish_funds(conn: Connection, books: Books, at: datetime, bill: BillDay, moved: Funds, owner: str) -> None:
    """Post what was paid out, and have a case if a day's movements are not explained."""
    for row in moved.payouts:
        if row.amount_fen:
            post(conn, books.site, row.at, flows.paid_out(row.flow, Fen(-row.amount_fen)))
    before = days.balance_before(conn, books.site, bill.day)
    found = unexplained(moved, rows.billed(conn, books.site, bill.day), before)
    closing = before if moved.closing_fen is None else moved.closing_fen
    told = {"day": bill.day.isoformat(), "opening_fen": moved.opening_fen, "closing_fen": closing, "why": list(found)}
    named = {f"bill-funds:{bill.day}": (f"WeChat's account of {bill.day}: {found[0]}", told)} if found else {}
    settle_cases(conn, books, at, bill.day, FUNDS, named, owner)
    counts = {"balance_fen": closing, "differ": len(found), "others": len(moved.others)}
    days.change(conn, books.site, bill.day, Kind.FUNDS, **_done(bill, at), **counts)


def _done(bill: BillDay, at: datetime) -> dict[str, object]:
    """Give what changes on a day that is done; nothing on one that was done before."""
    state = State.MATCHED if bill.rows else State.EMPTY
    return {} if bill.is_done else {"state": state.value, "done_at": at, "tries": 0, "why": ""}


def _post_others(conn: Connection, books: Books, at: datetime, bill: BillDay, net: Fen) -> None:
    """Keep apart what WeChat holds for other systems of our merchant: it is paid out together with ours."""
    entry = flows.of_others(
        bill.day.isoformat(), bill.sha1[:12], Fen(net - rows.posted_for_others(conn, books, bill.day))
    )
    if entry is not None:
        post(conn, books.site, at, entry)


def settle_cases(
    conn: Connection,
    books: Books,
    at: datetime,
    day: date,
    kind: str,
    wanted: Mapping[str, tuple[str, Mapping[str, object]]],
    owner: str,
) -> None:
    """Have a case for each thing that does not agree, and close those of the day that are solved.

    What a person has closed stays closed, until it is no longer what that person saw.
    """
    for ref, (what, body) in wanted.items():
        if not open_case(conn, books, at, kind, ref, what, owner, **body):
            _look_again(conn, books, at, ref, what, body)
    for case in _open_of(conn, books, day, kind):
        if case.ref not in wanted:
            close_case(conn, books, at, case.ref, BILLING, SOLVED)


def ref_of(one: Difference) -> str:
    """Name the case of a trade: one, whichever day's bill brings it up."""
    return f"bill:{one.trade.what.value}:{one.trade.number}"[:96]


def _look_again(conn: Connection, books: Books, at: datetime, ref: str, what: str, body: Mapping[str, object]) -> None:
    case = find_case(conn, books.site, ref)
    is_same = dict(case.body) == dict(body)
    solved_before = case.closed_at is not None and case.closed_by == BILLING
    if solved_before or not is_same:
        renew_case(conn, books, at, ref, what, **body)


def _open_of(conn: Connection, books: Books, day: date, kind: str) -> Iterable[MoneyCase]:
    found = list_cases(conn, books.site, kind=kind, limit=_MOST)
    return [case for case in found if case.body.get("day") == day.isoformat()]


def _what(one: Difference) -> str:
    amount = one.trade.amount_fen
    return f"{one.trade.what.value} {one.trade.number} of {amount} fen: {one.why}"


def _body(day: date, one: Difference) -> dict[str, object]:
    ours, theirs = one.ours, one.theirs
    return {
        "day": day.isoformat(),
        "list": one.side.value,
        "of": one.trade.what.value,
        "number": one.trade.number,
        "order": one.trade.order,
        "why": one.why,
        "ours_fen": None if ours is None else ours.amount_fen,
        "theirs_fen": None if theirs is None else theirs.amount_fen,
        "ours_state": None if ours is None else ours.state,
        "theirs_state": None if theirs is None else theirs.state,
    }
