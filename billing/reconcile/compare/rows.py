"""A bill's rows in the database, a piece at a time, each with the postings that it alone knows of: WeChat's fees.

A piece that was written before a kill is written once: a row is known by its day and line, an entry by its `ref`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, Row, delete, func, literal, select

from billing.accounts import flows
from billing.accounts.book import post_all
from billing.accounts.chart import Account, Entry
from billing.books import Books
from billing.ids import is_our_form
from billing.pay.bill import REVOKED, SUCCESS, BillRow, whole_fen
from billing.reconcile.compare.funds import Move
from billing.reconcile.compare.match import Trade, What
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.store.schema import bill_row as rows
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings
from scada.store.schema import pay_order as orders

MOST_ASKED: Final = 500
"""Names in one question to the database."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a bill and where it stands there."""

    number: int
    row: BillRow


def clear(conn: Connection, site: SiteId, day: date) -> None:
    """Forget the rows of a day, since WeChat has made its bill anew; what was posted stays posted."""
    conn.execute(delete(rows).where(rows.c.site == site, rows.c.day == day))


def put(conn: Connection, books: Books, day: date, lines: Sequence[Line]) -> None:
    """Write rows that are not written yet, and post what WeChat kept of those that are ours."""
    numbers = [line.number for line in lines]
    mine = (rows.c.site == books.site) & (rows.c.day == day) & rows.c.line.between(min(numbers), max(numbers))
    written = {found for (found,) in conn.execute(select(rows.c.line).where(mine))}
    fresh = [line for line in lines if line.number not in written]
    if not fresh:
        return
    known = _known(conn, books.site, {line.row.out_trade_no for line in fresh})
    ours = {line.number for line in fresh if _is_ours(books, line.row, known)}
    conn.execute(rows.insert(), [_values(books, day, line, is_ours=line.number in ours) for line in fresh])
    post_all(conn, books.site, [kept for line in fresh if line.number in ours for kept in _kept(line.row)])


def _known(conn: Connection, site: SiteId, numbers: set[str]) -> set[str]:
    """Give those of the numbers that our books have."""
    asked = [number for number in numbers if not is_our_form(site, number)]
    if not asked:
        return set()
    ordered = select(orders.c.out_trade_no).where(orders.c.site == site, orders.c.out_trade_no.in_(asked))
    entered = select(entries.c.out_trade_no).where(entries.c.site == site, entries.c.out_trade_no.in_(asked))
    return {number for (number,) in conn.execute(ordered.union(entered))}


def _is_ours(books: Books, row: BillRow, known: set[str]) -> bool:
    """Say whether a trade is this site's: of our merchant, and numbered as our orders are, or known all the same."""
    merchant = (row.mchid, row.sub_mchid) == (books.merchant.mchid, books.merchant.sub_mchid)
    return merchant and (is_our_form(books.site, row.out_trade_no) or row.out_trade_no in known)


def _values(books: Books, day: date, line: Line, *, is_ours: bool) -> dict[str, object]:
    row, what = line.row, what_of(line.row)
    is_payment = what is What.PAYMENT
    return {
        "site": books.site,
        "day": day,
        "line": line.number,
        "what": what.value,
        "number": _number(row)[:64],
        "out_trade_no": row.out_trade_no[:64],
        "wechat_id": (row.transaction_id if is_payment else row.refund_id)[:64],
        "at": row.at,
        "amount_fen": row.total_fen if is_payment else row.refund_fen,
        "settled_fen": row.settled_fen if is_payment else row.refund_settled_fen,
        "fee_millifen": row.fee_millifen,
        "state": (row.trade_state if is_payment else row.refund_state or SUCCESS)[:16],
        "ours": is_ours,
    }


def what_of(row: BillRow) -> What:
    """Say what a row is of."""
    if not row.is_refund:
        return What.PAYMENT
    return What.REVERSAL if row.trade_state == REVOKED else What.REFUND


def _number(row: BillRow) -> str:
    """Give the number of ours that a row is known by; what WeChat undid itself has only its order's."""
    return row.out_refund_no if what_of(row) is What.REFUND else row.out_trade_no


def _kept(row: BillRow) -> Iterator[tuple[datetime, Entry]]:
    """Give the entries of what WeChat kept of a trade, dated as the trade itself."""
    name = f"{what_of(row).value}:{_number(row)[:64]}"
    by_voucher = row.total_fen - row.settled_fen if not row.is_refund else row.refund_settled_fen - row.refund_fen
    for entry in (flows.channel_fee(name, whole_fen(row.fee_millifen)), flows.channel_voucher(name, Fen(by_voucher))):
        if entry is not None:
            yield row.at, entry


def theirs(conn: Connection, site: SiteId, day: date) -> Iterator[Trade]:
    """Give the trades of a day's bill that are ours, one after the other."""
    query = select(rows).where(rows.c.site == site, rows.c.day == day, rows.c.ours).order_by(rows.c.line)
    for part in conn.execute(query, execution_options={"yield_per": 1000}).partitions():
        yield from (_trade(row) for row in part)


def elsewhere(conn: Connection, site: SiteId, day: date, wanted: Iterable[Trade]) -> set[tuple[What, str]]:
    """Give those of our trades that the bill of another day has."""
    names, found = {trade.key for trade in wanted}, set()
    for numbers in _parts([number for _, number in names]):
        mine = (rows.c.site == site) & (rows.c.day != day) & rows.c.number.in_(numbers)
        asked = select(rows.c.what, rows.c.number).where(mine, rows.c.ours)
        found |= {(What(what), number) for what, number in conn.execute(asked)}
    return found & names


@dataclass(frozen=True, slots=True)
class Fees:
    """WeChat's fees of a day's own trades, by its bill and by our ledger."""

    billed_fen: Fen
    posted_fen: Fen


def fees(conn: Connection, site: SiteId, day: date) -> Fees:
    """Add up the fees of a day's own trades, each rounded to a fen."""
    mine = (rows.c.site == site) & (rows.c.day == day) & rows.c.ours
    billed = sum(whole_fen(fee) for (fee,) in conn.execute(select(rows.c.fee_millifen).where(mine)))
    ref = literal("fee:") + rows.c.what + literal(":") + rows.c.number
    joined = rows.join(entries, (entries.c.site == rows.c.site) & (entries.c.ref == ref)).join(
        postings, postings.c.entry == entries.c.id
    )
    is_fee = postings.c.account == Account.CHANNEL_FEE.value
    posted = select(func.coalesce(func.sum(postings.c.amount_fen), 0)).select_from(joined).where(mine, is_fee)
    return Fees(Fen(billed), Fen(int(conn.execute(posted).scalar_one())))


def billed(conn: Connection, site: SiteId, day: date) -> dict[Move, Fen]:
    """Add up what the trade bill of a day says that money moved, of ours and of others."""
    sums = {Move.TRADE: 0, Move.REFUND: 0, Move.FEE: 0}
    columns = (rows.c.what, rows.c.settled_fen, rows.c.fee_millifen)
    for what, settled, fee in conn.execute(select(*columns).where(rows.c.site == site, rows.c.day == day)):
        is_payment = what == What.PAYMENT.value
        sums[Move.TRADE if is_payment else Move.REFUND] += settled if is_payment else -settled
        sums[Move.FEE] -= whole_fen(fee)
    return {move: Fen(amount) for move, amount in sums.items()}


def others(conn: Connection, site: SiteId, day: date) -> tuple[int, Fen]:
    """Count the trades of other systems at our merchant, and what they left there, fees taken off."""
    query = select(rows.c.what, rows.c.settled_fen, rows.c.fee_millifen)
    found = conn.execute(query.where(rows.c.site == site, rows.c.day == day, rows.c.ours.is_(False))).all()
    net = sum((settled if what == What.PAYMENT.value else -settled) - whole_fen(fee) for what, settled, fee in found)
    return len(found), Fen(net)


def posted_for_others(conn: Connection, books: Books, day: date) -> Fen:
    """Give what was posted for other systems' trades of a day already."""
    joined = postings.join(entries, entries.c.id == postings.c.entry)
    mine = (entries.c.site == books.site) & (postings.c.account == Account.OTHERS.value)
    amount = select(func.coalesce(func.sum(postings.c.amount_fen), 0)).select_from(joined)
    return Fen(-int(conn.execute(amount.where(mine, postings.c.subject == day.isoformat())).scalar_one()))


def _trade(row: Row[tuple[object, ...]]) -> Trade:
    return Trade(
        what=What(row.what),
        number=row.number,
        order=row.out_trade_no,
        wechat_id=row.wechat_id,
        amount_fen=Fen(row.amount_fen),
        state=row.state,
        at=row.at,
    )


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + MOST_ASKED] for start in range(0, len(names), MOST_ASKED))
