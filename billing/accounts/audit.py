"""The books looked through: every entry balances, and every column that the product works with says the same."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, func, select

from billing.accounts.balances import by_subject, trial
from billing.accounts.chart import Account
from scada.model.lane.words import Ending
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.store.schema import card_period as periods
from scada.store.schema import cash_payment as payments
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings
from scada.store.schema import refund as refunds
from scada.store.schema import stay as stays
from scada.store.schema import till_shift as shifts
from scada.store.schema import voucher as vouchers


def mistakes(conn: Connection, site: SiteId) -> list[str]:
    """Name everything in the books that is not as it must be; nothing is believed, everything is summed up anew."""
    looks = (_entries, _receivables, _arrears, _stays, _vouchers, _cards, _refunds, _tills)
    return [mistake for look in looks for mistake in look(conn, site)]


def _entries(conn: Connection, site: SiteId) -> Iterator[str]:
    """Each entry sums to zero and has two sides at least; each posting has its entry; all of them sum to zero."""
    total, sides = func.sum(postings.c.amount_fen), func.count(postings.c.id)
    query = select(entries.c.ref, total.label("sum"), sides.label("sides"))
    query = query.select_from(entries.outerjoin(postings, postings.c.entry == entries.c.id))
    grouped = query.where(entries.c.site == site).group_by(entries.c.id, entries.c.ref)
    for row in conn.execute(grouped.having((func.coalesce(total, 0) != 0) | (sides < 2))):
        yield f"entry {row.ref} has {row.sides} sides, which sum to {row.sum or 0} fen"
    lost = select(postings.c.id).where(postings.c.entry.not_in(select(entries.c.id)))
    yield from (f"posting {name} belongs to no entry" for name in conn.execute(lost).scalars())
    if rest := sum(trial(conn, site).values()):
        yield f"all accounts together hold {rest} fen instead of none"


def _receivables(conn: Connection, site: SiteId) -> Iterator[str]:
    """A stay that has ended is owed for no more; one that is open has what its columns say."""
    ahead = stays.c.paid_fen + stays.c.credit_fen
    paid = select(stays.c.id, ahead.label("ahead")).where(stays.c.site == site, stays.c.ending.is_(None), ahead != 0)
    wanted = {row.id: Fen(-row.ahead) for row in conn.execute(paid)}
    yield from _differs("receivable of stay", by_subject(conn, site, Account.RECEIVABLE), wanted)


def _arrears(conn: Connection, site: SiteId) -> Iterator[str]:
    owed = select(stays.c.id, stays.c.arrears_fen).where(stays.c.site == site, stays.c.arrears_fen != 0)
    wanted = {row.id: Fen(row.arrears_fen) for row in conn.execute(owed)}
    yield from _differs("arrears of stay", by_subject(conn, site, Account.ARREARS), wanted)


def _stays(conn: Connection, site: SiteId) -> Iterator[str]:
    """The fee of a stay that has ended is paid, owed or let off, to the last fen."""
    table = stays.c
    ended = (table.site == site) & table.ending.is_not(None) & (table.ending != Ending.ANNULLED.value)
    off = table.fee_fen != table.paid_fen + table.credit_fen + table.arrears_fen + table.waived_fen
    for row in conn.execute(select(stays).where(ended, off)):
        parts = f"{row.paid_fen} paid, {row.credit_fen} by vouchers, {row.arrears_fen} owed, {row.waived_fen} let off"
        yield f"stay {row.id}: its fee is {row.fee_fen} fen, but {parts}"


def _vouchers(conn: Connection, site: SiteId) -> Iterator[str]:
    """What vouchers let stays off is what the used ones say, each posted once."""
    used = (vouchers.c.site == site) & (vouchers.c.state == "USED")
    query = select(vouchers.c.stay, func.sum(vouchers.c.amount_fen).label("sum")).where(used).group_by(vouchers.c.stay)
    found = {row.stay: Fen(int(row.sum)) for row in conn.execute(query) if row.sum}
    told = select(stays.c.id, stays.c.credit_fen).where(stays.c.site == site, stays.c.credit_fen != 0)
    yield from _differs("vouchers of stay", found, {row.id: Fen(row.credit_fen) for row in conn.execute(told)})
    let_off = (
        -select(func.coalesce(func.sum(postings.c.amount_fen), 0))
        .select_from(postings.join(entries, entries.c.id == postings.c.entry))
        .where(entries.c.site == site, entries.c.kind == "voucher", postings.c.account == Account.RECEIVABLE.value)
        .scalar_subquery()
    )
    posted = int(conn.execute(select(let_off)).scalar_one())
    if posted != sum(found.values()):
        yield f"used vouchers let off {sum(found.values())} fen, the ledger says {posted}"


def _cards(conn: Connection, site: SiteId) -> Iterator[str]:
    """What is deferred of a card is paid, and neither earned nor given back."""
    rest = func.sum(periods.c.price_fen - periods.c.earned_fen - periods.c.refunded_fen)
    query = select(periods.c.card, rest.label("rest")).where(periods.c.site == site).group_by(periods.c.card)
    wanted = {row.card: Fen(-int(row.rest)) for row in conn.execute(query) if row.rest}
    yield from _differs("deferred of card", by_subject(conn, site, Account.DEFERRED), wanted)


def _refunds(conn: Connection, site: SiteId) -> Iterator[str]:
    """What has not reached its payer is owed under its number, or under the one that took its place."""
    unpaid = (refunds.c.site == site) & (refunds.c.state != "SUCCESS")
    moved = set(conn.execute(select(entries.c.ref).where(entries.c.kind == "refund_moved")).scalars())
    rows = conn.execute(select(refunds.c.out_refund_no, refunds.c.amount_fen).where(unpaid))
    wanted = {
        row.out_refund_no: Fen(-row.amount_fen) for row in rows if f"refund_moved:{row.out_refund_no}" not in moved
    }
    yield from _differs("refund", by_subject(conn, site, Account.REFUND_PAYABLE), wanted)


def _tills(conn: Connection, site: SiteId) -> Iterator[str]:
    """What a person holds is change, what was taken, and what merchants paid since the last hand-over; else nothing."""
    found = by_subject(conn, site, Account.CASH)
    opened = {
        shift.operator: shift
        for shift in conn.execute(select(shifts).where(shifts.c.site == site, shifts.c.closed_at.is_(None)))
    }
    wanted: dict[str, Fen] = {}
    for person in sorted({*found, *opened}):
        held = _from_merchants(conn, site, person)
        if person in opened:
            mine = (payments.c.shift == opened[person].id) & payments.c.voided_at.is_(None)
            taken = select(func.coalesce(func.sum(payments.c.due_fen), 0)).where(mine)
            sold = select(func.coalesce(func.sum(periods.c.price_fen), 0)).where(periods.c.shift == opened[person].id)
            held += opened[person].float_fen + sum(int(conn.execute(part).scalar_one()) for part in (taken, sold))
        if held:
            wanted[person] = Fen(held)
    yield from _differs("till of", found, wanted)


def _from_merchants(conn: Connection, site: SiteId, person: str) -> int:
    """Give what merchants paid to a person since the last hand-over, less what they got back."""
    before = select(func.max(shifts.c.closed_at)).where(shifts.c.site == site, shifts.c.operator == person)
    since = conn.execute(before).scalar()
    total = select(func.coalesce(func.sum(postings.c.amount_fen), 0))
    query = total.select_from(postings.join(entries, entries.c.id == postings.c.entry))
    mine = (entries.c.site == site) & (postings.c.account == Account.CASH.value) & (postings.c.subject == person)
    query = query.where(mine, entries.c.kind.in_(("merchant_paid", "merchant_repaid", "card_refunded")))
    return int(conn.execute(query if since is None else query.where(entries.c.at > since)).scalar_one())


def _differs(what: str, found: Mapping[str, Fen], wanted: Mapping[str, Fen]) -> Iterator[str]:
    for name in sorted({*found, *wanted}):
        held, told = found.get(name, 0), wanted.get(name, 0)
        if held != told:
            yield f"{what} {name}: the ledger holds {held} fen, the column says {told}"
