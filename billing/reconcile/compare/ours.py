"""Our side of a day: what our books say that WeChat took for us and gave back.

The ledger is the truth: whatever was posted on what WeChat holds for us, by whichever way it was sold. Settlements and
refunds give WeChat's own numbers and times besides, and what is under way.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, select

from billing.accounts.chart import Account
from billing.reconcile.compare.match import SUCCESS, UNDER_WAY, Trade, What
from billing.refunds.plan import RefundState
from billing.refunds.words import RefundReason
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings
from scada.store.schema import refund as refunds
from scada.store.schema import settlement as settlements

REFUNDED: Final = "refunded:"
AROUND: Final = timedelta(minutes=30)
"""What was entered so much before or after a day may be of it, by WeChat's clock."""
MOST_ASKED: Final = 500
_UNDER_WAY: Final = frozenset({RefundState.WANTED, RefundState.SENT, RefundState.PROCESSING})

Key = tuple[What, str]


def of_span(conn: Connection, site: SiteId, since: datetime, until: datetime) -> dict[Key, Trade]:
    """Give our trades of a span of time, and those near it."""
    first, last = since - AROUND, until + AROUND
    paid, sent = settlements.c.paid_at.between(first, last), refunds.c.sent_at.between(first, last)
    return _gathered(conn, site, paid, sent, entries.c.at.between(first, last))


def of_numbers(conn: Connection, site: SiteId, keys: Iterable[Key]) -> dict[Key, Trade]:
    """Give our trades of these numbers, whenever they were."""
    found: dict[Key, Trade] = {}
    for part in _parts(sorted({number for _, number in keys})):
        paid = settlements.c.out_trade_no.in_(part)
        sent = refunds.c.out_refund_no.in_(part) | refunds.c.out_trade_no.in_(part)
        entered = entries.c.ref.in_([f"{REFUNDED}{number}" for number in part]) | entries.c.out_trade_no.in_(part)
        found |= _gathered(conn, site, paid, sent, entered)
    return found


def _gathered(
    conn: Connection,
    site: SiteId,
    paid: ColumnElement[bool],
    sent: ColumnElement[bool],
    entered: ColumnElement[bool],
) -> dict[Key, Trade]:
    """Put ledger, settlements and refunds together; a trade is of the time when WeChat made it.

    A bill has what WeChat undid itself under its order: it has no number of ours there.
    """
    ledger = {trade.key: trade for trade in _entered(conn, site, entered)}
    known = _settled(conn, site, paid) | _refunds(conn, site, sent)
    late = sorted(number for _, number in ledger.keys() - known.keys())
    for part in _parts(late):
        known |= _settled(conn, site, settlements.c.out_trade_no.in_(part))
        known |= _refunds(conn, site, refunds.c.out_refund_no.in_(part))
    found = {key: one for key, one in ledger.items() if key not in known}
    for key, one in known.items():
        amount = ledger[key].amount_fen if key in ledger else one.amount_fen
        name = one.order if one.what is What.REVERSAL else one.number
        found[one.what, name] = replace(one, number=name, amount_fen=amount)
    return found


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


def _refunds(conn: Connection, site: SiteId, sent: ColumnElement[bool]) -> dict[Key, Trade]:
    """Give refunds that WeChat may have, ended or not, under our own numbers."""
    found = {}
    for row in conn.execute(select(refunds).where(refunds.c.site == site, sent)):
        what = What.REVERSAL if row.reason == RefundReason.REVOKED.value else What.REFUND
        at, amount = row.sent_at or row.made_at, Fen(row.amount_fen)
        state = UNDER_WAY if RefundState(row.state) in _UNDER_WAY else row.state
        found[What.REFUND, row.out_refund_no] = Trade(
            what, row.out_refund_no, row.out_trade_no, row.refund_id or "", amount, state, at
        )
    return found


def _postings(account: Account) -> Select[tuple[object, ...]]:
    joined = postings.join(entries, entries.c.id == postings.c.entry)
    columns = (entries.c.ref, entries.c.out_trade_no, entries.c.at, postings.c.amount_fen, postings.c.subject)
    return select(*columns).select_from(joined).where(postings.c.account == account.value)


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + MOST_ASKED] for start in range(0, len(names), MOST_ASKED))
