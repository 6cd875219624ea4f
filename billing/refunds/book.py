"""Refunds in the database: plain functions of a connection, each within the transaction that decides.

A refund's state changes by compare-and-set and never goes back, so that a notice, a query and the answer to a request
may come in any order, twice or not at all.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, assert_never

from sqlalchemy import Connection, Row, select, update

from billing.accounts import flows
from billing.accounts.book import post
from billing.books import NOWHERE, Books
from billing.cases import close_case, open_case
from billing.pay.gateway import Refund, Refused, Unknown
from billing.refunds.plan import ENDED, GOING_ON, PERSON_S, SLOW_AFTER_S, Next, RefundState, Trouble, next_step
from billing.refunds.words import APART, Refunding, RefundReason
from scada.model.money import Fen
from scada.model.names import OrderId, SiteId, StayId
from scada.store.schema import refund as refunds

Ahead = Callable[[float], datetime]
"""Wall time so many seconds from now."""
SAID_MOST: Final = 64


def want(
    conn: Connection,
    books: Books,
    at: datetime,
    number: str,
    order: OrderId,
    stay: StayId | None,
    amount: Fen,
    total: Fen,
    reason: RefundReason,
    by: str,
    *,
    second: str = "",
    note: str = "",
) -> Refunding:
    """Write down that money goes back; its entry is the caller's, in the same transaction."""
    made = Refunding(number, order, stay, amount, total, reason, note, by, second, RefundState.WANTED, at, at)
    conn.execute(
        refunds.insert().values(
            out_refund_no=number,
            site=books.site,
            out_trade_no=order,
            stay=stay,
            amount_fen=amount,
            total_fen=total,
            reason=reason.value,
            note=note,
            by=by,
            second=second or None,
            state=made.state.value,
            made_at=at,
            next_at=at,
        )
    )
    people = {"by": by} | ({"second": second, "note": note} if second or note else {})
    told = {"refund": number, "order": order, "stay": stay, "amount_fen": amount, "reason": reason.value}
    books.tell(conn, at, "money", "refund wanted", NOWHERE, **told, **people)
    return made


def find(conn: Connection, site: SiteId, number: str, *, lock: bool = False) -> Refunding | None:
    """Give a refund by its number; `lock` its row where the database locks rows."""
    query = select(refunds).where(refunds.c.out_refund_no == number, refunds.c.site == site)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _refunding(row)


def of_order(conn: Connection, order: OrderId) -> tuple[Refunding, ...]:
    """Give all refunds of an order, oldest first."""
    query = select(refunds).where(refunds.c.out_trade_no == order)
    return tuple(_refunding(row) for row in conn.execute(query.order_by(refunds.c.made_at, refunds.c.out_refund_no)))


def listed(conn: Connection, site: SiteId, limit: int, *, open_only: bool = False) -> tuple[Refunding, ...]:
    """Give the last refunds, newest first; only those that have not ended, if so asked."""
    query = select(refunds).where(refunds.c.site == site)
    if open_only:
        query = query.where(refunds.c.state.in_(_GOING_ON))
    return tuple(_refunding(row) for row in conn.execute(query.order_by(refunds.c.made_at.desc()).limit(limit)))


def next_due(conn: Connection, site: SiteId) -> Refunding | None:
    """Give the refund that is to be asked for next, due or not."""
    query = select(refunds).where(refunds.c.site == site, refunds.c.state.in_(_GOING_ON))
    row = conn.execute(query.order_by(refunds.c.next_at).limit(1)).one_or_none()
    return None if row is None else _refunding(row)


def sending(conn: Connection, books: Books, at: datetime, number: str, next_at: datetime) -> bool:
    """Note that a refund is sent now; False if another of its order went less than a minute ago: it waits."""
    mine = find(conn, books.site, number, lock=True)
    if mine is None or mine.state in ENDED:
        return False
    others = [one.sent_at for one in of_order(conn, mine.order) if one.number != number and one.sent_at is not None]
    free_at = max((sent + APART for sent in others), default=at)
    if free_at > at:
        _write(conn, number, next_at=free_at + timedelta(seconds=1))
        return False
    new = RefundState.SENT if mine.state is RefundState.WANTED else mine.state
    _write(conn, number, state=new.value, sent_at=at, next_at=next_at)
    if mine.sent_at is None:
        books.tell(conn, at, "money", "refund sent", NOWHERE, refund=number, order=mine.order)
    return True


def note(
    conn: Connection, books: Books, at: datetime, ahead: Ahead, number: str, said: Refund | Refused | Unknown, by: str
) -> str:
    """Write down what WeChat said of a refund, by an answer or a notice; gives one word for what came of it."""
    mine = find(conn, books.site, number, lock=True)
    if mine is None:
        _unknown(conn, books, at, number, by)
        return "unknown_refund"
    if mine.state in ENDED:
        return "duplicate"
    if isinstance(said, Refund) and (said.out_trade_no, said.amount_fen) != (mine.order, mine.amount_fen):
        step = Next(mine.state, PERSON_S[0], Trouble.OTHER_AMOUNT)
    else:
        step = next_step(mine.state, mine.tries, said)
    _take(conn, books, at, ahead, mine, step, said, by)
    return step.state.value.lower()


def again(conn: Connection, books: Books, at: datetime, number: str, by: str) -> bool:
    """Have a refund that waits for a person asked for at once; False if it does not."""
    mine = find(conn, books.site, number, lock=True)
    if mine is None or mine.state in ENDED:
        return False
    _write(conn, number, next_at=at, tries=0)
    books.tell(conn, at, "person", "refund asked for again", NOWHERE, refund=number, by=by)
    return True


def add_given_back(
    conn: Connection,
    books: Books,
    at: datetime,
    number: str,
    order: OrderId,
    stay: StayId | None,
    amount: Fen,
    *,
    revoked: bool,
) -> None:
    """Write down what has gone back: all of a payment by code that was undone; else a person looks how much it was."""
    reason = RefundReason.REVOKED if revoked else RefundReason.BY_HAND
    want(conn, books, at, number, order, stay, amount, amount, reason, "WeChat")
    _write(conn, number, state=RefundState.SUCCESS.value, ended_at=at, said="REVOKED" if revoked else "REFUND")
    post(conn, books.site, at, flows.refunded(number, amount, order))
    if revoked:
        return
    what = "a payment was given back at WeChat's merchant platform before we knew of it: how much?"
    told = {"order": order, "stay": stay, "amount_fen": amount, "refund": number}
    open_case(conn, books, at, "PAYMENT_GIVEN_BACK", f"given_back:{order}", what, "", **told)


def case_ref(number: str, trouble: Trouble) -> str:
    """Name the money case of a refund's trouble."""
    return f"refund:{number}:{trouble.value}"


_GOING_ON: Final = [state.value for state in GOING_ON]
_WHAT: Final = {
    Trouble.POOR: "a refund waits for money on the merchant's account",
    Trouble.REFUSED: "WeChat refuses a refund",
    Trouble.ABNORMAL: "a refund did not reach its payer: the bank card is dead; have it paid to our own account",
    Trouble.CLOSED: "WeChat closed a refund: its payer still has to get the money",
    Trouble.SLOW: "a refund is under way for more than a week",
    Trouble.OTHER_AMOUNT: "WeChat has another amount or order under a refund's number",
}
_PASSING: Final = (Trouble.POOR, Trouble.REFUSED)
"""Troubles that are over once WeChat has taken the refund."""


def _take(
    conn: Connection,
    books: Books,
    at: datetime,
    ahead: Ahead,
    mine: Refunding,
    step: Next,
    said: Refund | Refused | Unknown,
    by: str,
) -> None:
    new, word = step.state, _word(said)
    moved = new is not mine.state
    changes: dict[str, object] = {"state": new.value, "tries": 0 if moved else mine.tries + 1, "said": word}
    if isinstance(said, Refund):
        changes |= {"refund_id": said.refund_id} | ({"ended_at": said.success_at or at} if new in ENDED else {})
    _write(conn, mine.number, next_at=ahead(step.wait_s), **changes)
    told = {"refund": mine.number, "order": mine.order, "amount_fen": mine.amount_fen}
    if moved:
        books.tell(conn, at, "money", f"refund {new.value.lower()}", NOWHERE, **told, said=word, source=by)
    if new is RefundState.SUCCESS:
        post(conn, books.site, at, flows.refunded(mine.number, mine.amount_fen, mine.order))
    _tell_people(conn, books, at, mine, step, word, isinstance(said, Refund))


def _tell_people(
    conn: Connection, books: Books, at: datetime, mine: Refunding, step: Next, word: str, taken: bool
) -> None:
    """Open the case of a trouble, and close those that are over."""
    over = tuple(Trouble) if step.state is RefundState.SUCCESS else _PASSING if taken else ()
    for trouble in over:
        close_case(conn, books, at, case_ref(mine.number, trouble), "billing", f"WeChat says {word}")
    late = step.state not in ENDED and at > mine.made_at + timedelta(seconds=SLOW_AFTER_S)
    new = step.trouble or (Trouble.SLOW if late else None)
    if new is not None:
        told = {"refund": mine.number, "order": mine.order, "stay": mine.stay, "amount_fen": mine.amount_fen}
        ref = case_ref(mine.number, new)
        open_case(conn, books, at, new.value, ref, _WHAT[new], "", **told, said=word)


def _unknown(conn: Connection, books: Books, at: datetime, number: str, by: str) -> None:
    what = "WeChat tells of a refund that is not ours: somebody gave money back at the merchant platform"
    open_case(conn, books, at, "REFUND_UNKNOWN", f"refund:{number}:UNKNOWN", what, refund=number, source=by)


def _word(said: Refund | Refused | Unknown) -> str:
    match said:
        case Refund(status=word) | Refused(code=word):
            return word[:SAID_MOST]
        case Unknown():
            return "UNKNOWN"
        case _:
            assert_never(said)


def _write(conn: Connection, number: str, **changes: object) -> None:
    """Change a refund whose row is locked, unless it has ended."""
    mine = (refunds.c.out_refund_no == number) & refunds.c.state.in_(_GOING_ON)
    conn.execute(update(refunds).where(mine).values(**changes))


def _refunding(row: Row[tuple[object, ...]]) -> Refunding:
    return Refunding(
        number=row.out_refund_no,
        order=OrderId(row.out_trade_no),
        stay=None if row.stay is None else StayId(row.stay),
        amount_fen=Fen(row.amount_fen),
        total_fen=Fen(row.total_fen),
        reason=RefundReason(row.reason),
        note=row.note,
        by=row.by,
        second=row.second or "",
        state=RefundState(row.state),
        made_at=row.made_at,
        next_at=row.next_at,
        tries=row.tries,
        sent_at=row.sent_at,
        refund_id=row.refund_id or "",
        said=row.said,
        ended_at=row.ended_at,
    )
