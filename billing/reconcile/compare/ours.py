"""Our side of a day: what our books say that WeChat took for us and gave back.

The ledger is the truth: whatever was posted on what WeChat holds for us, by whichever way it was sold. Settlements give
WeChat's own numbers and times besides.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, select

from billing.accounts.chart import Account
from billing.reconcile.compare.match import SUCCESS, UNDER_WAY, Trade, What
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings
from scada.store.schema import settlement as settlements

REFUNDED: Final = "refunded:"
AROUND: Final = timedelta(minutes=30)
"""What was entered so much before or after a day may be of it, by WeChat's clock."""
MOST_ASKED: Final = 500

Key = tuple[What, str]


def of_span(conn: Connection, site: SiteId, since: datetime, until: datetime) -> dict[Key, Trade]:
    """Give our trades of a span of time, and those near it."""
    first, last = since - AROUND, until + AROUND
    paid = settlements.c.paid_at.between(first, last)
    return _gathered(conn, site, paid, entries.c.at.between(first, last))


def of_numbers(conn: Connection, site: SiteId, keys: Iterable[Key]) -> dict[Key, Trade]:
    """Give our trades of these numbers, whenever they were."""
    found: dict[Key, Trade] = {}
    for part in _parts(sorted(number for _, number in keys)):
        paid = settlements.c.out_trade_no.in_(part)
        entered = entries.c.ref.in_([f"{REFUNDED}{number}" for number in part]) | entries.c.out_trade_no.in_(part)
        found |= _gathered(conn, site, paid, entered) | _under_way(conn, site, part)
    return found


def _gathered(
    conn: Connection, site: SiteId, paid: ColumnElement[bool], entered: ColumnElement[bool]
) -> dict[Key, Trade]:
    """Put ledger and settlements together; a payment was made when WeChat says, however late it was entered."""
    ledger = {trade.key: trade for trade in _entered(conn, site, entered)}
    settled = _settled(conn, site, paid)
    late = sorted(number for what, number in ledger.keys() - settled.keys() if what is What.PAYMENT)
    for part in _parts(late):
        settled |= _settled(conn, site, settlements.c.out_trade_no.in_(part))
    amounts = {key: trade.amount_fen for key, trade in ledger.items()}
    return ledger | {key: replace(one, amount_fen=amounts.get(key, one.amount_fen)) for key, one in settled.items()}


def _settled(conn: Connection, site: SiteId, paid: ColumnElement[bool]) -> dict[Key, Trade]:
    found = {}
    for row in conn.execute(select(settlements).where(settlements.c.site == site, paid)):
        key, order = (What.PAYMENT, row.out_trade_no), row.out_trade_no
        found[key] = Trade(*key, order, row.transaction_id, Fen(row.amount_fen), SUCCESS, row.paid_at)
    return found


def _entered(conn: Connection, site: SiteId, entered: ColumnElement[bool]) -> Iterator[Trade]:
    """Give what the ledger says: a payment is an order's debit of WeChat, a refund its credit."""
    for row in conn.execute(_postings(Account.WECHAT).where(entries.c.site == site, entered)):
        if row.ref.startswith(REFUNDED):
            number = row.ref.removeprefix(REFUNDED)
            yield Trade(What.REFUND, number, row.out_trade_no or "", "", Fen(-row.amount_fen), SUCCESS, row.at)
        elif row.out_trade_no is not None and row.amount_fen > 0:
            key = What.PAYMENT, row.out_trade_no
            yield Trade(*key, row.out_trade_no, "", Fen(row.amount_fen), SUCCESS, row.at)


def _under_way(conn: Connection, site: SiteId, numbers: Sequence[str]) -> dict[Key, Trade]:
    """Give refunds that we owe and that have not ended."""
    query = _postings(Account.REFUND_PAYABLE).where(entries.c.site == site, postings.c.subject.in_(numbers))
    owed: dict[str, Trade] = {}
    for row in conn.execute(query):
        before = owed[row.subject].amount_fen if row.subject in owed else Fen(0)
        amount = Fen(before - row.amount_fen)
        owed[row.subject] = Trade(What.REFUND, row.subject, row.out_trade_no or "", "", amount, UNDER_WAY, row.at)
    return {trade.key: trade for trade in owed.values() if trade.amount_fen > 0}


def _postings(account: Account) -> Select[tuple[object, ...]]:
    joined = postings.join(entries, entries.c.id == postings.c.entry)
    columns = (entries.c.ref, entries.c.out_trade_no, entries.c.at, postings.c.amount_fen, postings.c.subject)
    return select(*columns).select_from(joined).where(postings.c.account == account.value)


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + MOST_ASKED] for start in range(0, len(names), MOST_ASKED))
