"""Tills in the database: opened with some change, counted at hand-over. Plain functions of a connection."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Row, func, select, update

from billing.accounts import balances, flows
from billing.accounts.book import post
from billing.accounts.chart import Account
from billing.books import NOWHERE, Books
from billing.cases import open_case
from billing.counter.words import HandedTo, NotTaken, Shift
from billing.ids import new_id
from scada.model.money import Fen, yuan_text
from scada.model.names import SiteId
from scada.store.schema import cash_payment as payments
from scada.store.schema import till_shift as shifts


def open_shift(conn: Connection, site: SiteId, operator: str) -> Shift | None:
    """Give the open till of a person."""
    mine = (shifts.c.site == site) & (shifts.c.operator == operator) & shifts.c.closed_at.is_(None)
    row = conn.execute(select(shifts).where(mine).with_for_update()).one_or_none()
    return None if row is None else _shift(row)


def find(conn: Connection, site: SiteId, shift: str) -> Shift | None:
    """Give a shift by its id."""
    row = conn.execute(select(shifts).where(shifts.c.site == site, shifts.c.id == shift)).one_or_none()
    return None if row is None else _shift(row)


def between(conn: Connection, site: SiteId, since: datetime, until: datetime) -> Sequence[Shift]:
    """Give the shifts that were open at some time in between, the newest first."""
    ends = shifts.c.closed_at.is_(None) | (shifts.c.closed_at >= since)
    query = select(shifts).where(shifts.c.site == site, shifts.c.opened_at < until, ends)
    return [_shift(row) for row in conn.execute(query.order_by(shifts.c.opened_at.desc()))]


def begin(conn: Connection, books: Books, at: datetime, operator: str, float_fen: Fen) -> Shift | NotTaken:
    """Open a person's till with change out of the safe."""
    if open_shift(conn, books.site, operator) is not None:
        return NotTaken("your till is open already")
    made = Shift(new_id(at), operator, at, float_fen)
    row = {"id": made.id, "site": books.site, "operator": operator, "opened_at": at, "float_fen": float_fen}
    conn.execute(shifts.insert().values(**row))
    if float_fen:
        post(conn, books.site, at, flows.till_opened(made.id, operator, float_fen))
    books.tell(conn, at, "money", "till opened", NOWHERE, shift=made.id, by=operator, float_fen=float_fen)
    return made


def expected(conn: Connection, site: SiteId, operator: str) -> Fen:
    """Give what must lie in a person's till, by the books."""
    return balances.balance(conn, site, Account.CASH, operator)


def end(
    conn: Connection, books: Books, at: datetime, operator: str, counted: Fen, to: HandedTo, taken_by: str, note: str
) -> Shift | NotTaken:
    """Count a till and hand its cash over; what is missing or too much is entered, and is a case."""
    found = open_shift(conn, books.site, operator)
    if found is None:
        return NotTaken("your till is not open")
    due = expected(conn, books.site, operator)
    closed = Shift(found.id, operator, found.opened_at, found.float_fen, at, due, counted, to, taken_by, note)
    values = {"closed_at": at, "expected_fen": due, "counted_fen": counted, "handed_to": to.value}
    conn.execute(update(shifts).where(shifts.c.id == found.id).values(taken_by=taken_by, note=note, **values))
    if counted != due:
        difference = Fen(counted - due)
        post(conn, books.site, at, flows.till_differs(found.id, operator, difference, note))
        off = yuan_text(Fen(abs(difference)))
        what = f"the till of {operator} is {off} yuan {'short' if difference < 0 else 'over'}"
        open_case(conn, books, at, "cash_difference", f"till:{found.id}", what, shift=found.id, difference=difference)
    if counted:
        where = Account.SAFE if to is HandedTo.SAFE else Account.BANK
        post(conn, books.site, at, flows.till_handed_over(found.id, operator, counted, where))
    body = {"shift": found.id, "by": operator, "expected_fen": due, "counted_fen": counted, "to": to.value}
    books.tell(conn, at, "money", "till handed over", NOWHERE, taken_by=taken_by, note=note, **body)
    return closed


def sums(conn: Connection, shift: str) -> dict[str, int]:
    """Sum up what a shift took: for stays, for arrears, and what was taken back."""
    total = func.coalesce(func.sum(payments.c.due_fen), 0)
    kinds = (payments.c.quote.is_(None), payments.c.voided_at.is_not(None))
    found = {"stays": 0, "stays_fen": 0, "arrears": 0, "arrears_fen": 0, "voids": 0, "voids_fen": 0}
    groups = select(*kinds, func.count(), total).where(payments.c.shift == shift).group_by(*kinds)
    for is_arrears, is_void, count, amount in conn.execute(groups):
        name = "voids" if is_void else "arrears" if is_arrears else "stays"
        found[name] += int(count)
        found[f"{name}_fen"] += int(amount)
    return found


def _shift(row: Row[tuple[object, ...]]) -> Shift:
    return Shift(
        row.id,
        row.operator,
        row.opened_at,
        Fen(row.float_fen),
        row.closed_at,
        None if row.expected_fen is None else Fen(row.expected_fen),
        None if row.counted_fen is None else Fen(row.counted_fen),
        None if row.handed_to is None else HandedTo(row.handed_to),
        row.taken_by,
        row.note,
    )
