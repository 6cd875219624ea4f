"""The books read: the statement of an account, and the entries of a time as an accountant takes them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Row, Select, func, select

from billing.accounts.chart import Account
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings

MOST: Final = 500
_JOINED: Final = postings.join(entries, entries.c.id == postings.c.entry)


@dataclass(frozen=True, slots=True)
class Line:
    """One posting with its entry. `balance_fen` is what its account held after it, in a statement."""

    at: datetime
    entry: str
    kind: str
    ref: str
    account: str
    subject: str
    amount_fen: Fen
    stay: str | None
    order: str | None
    by: str
    note: str
    balance_fen: Fen | None = None

    @property
    def debit_fen(self) -> Fen:
        """The amount if it is a debit."""
        return Fen(max(0, self.amount_fen))

    @property
    def credit_fen(self) -> Fen:
        """The amount if it is a credit."""
        return Fen(max(0, -self.amount_fen))


@dataclass(frozen=True, slots=True)
class Statement:
    """What moved on an account, the newest last, and what it held before the first line."""

    account: Account
    subject: str | None
    before_fen: Fen
    lines: tuple[Line, ...]


def statement(conn: Connection, site: SiteId, account: Account, subject: str | None, most: int = MOST) -> Statement:
    """Give the last postings of an account, of one subject or of all."""
    mine = (entries.c.site == site) & (postings.c.account == account.value)
    if subject is not None:
        mine &= postings.c.subject == subject
    total = select(func.coalesce(func.sum(postings.c.amount_fen), 0)).select_from(_JOINED).where(mine)
    held = int(conn.execute(total).scalar_one())
    query = _lines().where(mine).order_by(entries.c.at.desc(), postings.c.id.desc()).limit(most)
    newest = [_line(row) for row in conn.execute(query)]
    lines: list[Line] = []
    before = held - sum(line.amount_fen for line in newest)
    held = before
    for line in reversed(newest):
        held += line.amount_fen
        lines.append(replace(line, balance_fen=Fen(held)))
    return Statement(account, subject, Fen(before), tuple(lines))


def of_stay(conn: Connection, site: SiteId, stay: str) -> Sequence[Line]:
    """Give all postings of a stay: those of its entries, and those that name it as their subject."""
    mine = (entries.c.site == site) & ((entries.c.stay == stay) | (postings.c.subject == stay))
    touched = select(postings.c.entry).select_from(_JOINED).where(mine)
    query = _lines().where(entries.c.id.in_(touched)).order_by(entries.c.at, postings.c.id)
    return [_line(row) for row in conn.execute(query)]


def between(conn: Connection, site: SiteId, since: datetime, until: datetime) -> Iterator[Line]:
    """Give all postings of a time, oldest first; long months come in pieces."""
    query = _lines().where(entries.c.site == site, entries.c.at >= since, entries.c.at < until)
    ordered = query.order_by(entries.c.at, entries.c.id, postings.c.id).execution_options(yield_per=1000)
    with conn.execute(ordered) as rows:
        for row in rows:
            yield _line(row)


def _lines() -> Select[tuple[object, ...]]:
    return select(
        entries.c.at,
        entries.c.id.label("entry"),
        entries.c.kind,
        entries.c.ref,
        postings.c.account,
        postings.c.subject,
        postings.c.amount_fen,
        entries.c.stay,
        entries.c.out_trade_no,
        entries.c.by,
        entries.c.note,
    ).select_from(_JOINED)


def _line(row: Row[tuple[object, ...]]) -> Line:
    amount = Fen(row.amount_fen)
    names = (row.entry, row.kind, row.ref, row.account, row.subject)
    return Line(row.at, *names, amount, row.stay, row.out_trade_no, row.by, row.note)
