"""The ledger read for reports: the postings of some days, by hour, lane, channel and vehicle."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Connection, case, cast, func, literal, select, union_all

from billing.accounts.chart import Account
from scada.model.names import SiteId
from scada.reports.lot.cars import LATE
from scada.store.schema import cash_payment as cash
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings
from scada.store.schema import pay_order as orders
from scada.store.schema import stay as stays
from scada.store.sql.hours import cut, length_for, moment_of, not_found_by

SCAN, AHEAD, CODE, PARKING, CASH, VOUCHER, CARD = "SCAN", "AHEAD", "CODE", "PARKING", "CASH", "VOUCHER", "CARD"
MONEY: Final = (SCAN, AHEAD, CODE, PARKING, CASH)
"""How a fee is paid: a code at a boom, ahead or by phone, a payer's code, WeChat's own deduction, cash."""
_WECHAT: Final = Account.WECHAT.value
OWED: Final = frozenset({Account.RECEIVABLE.value, Account.ARREARS.value})
PAYING: Final = frozenset({"paid", "promised", "broken", "cash", "cash_void"})
"""The entries by which what stays owe becomes less, or more again where a payment is undone."""
OPENING: Final = "opening"
"""The entry by which a stay of the time before the ledger was taken over: its fee, its payments and its debt in one."""

_TOLD: Final = OWED | {
    one.value
    for one in (
        Account.PARKING,
        Account.DISCOUNT,
        Account.GOODWILL,
        Account.WRITTEN_OFF,
        Account.REFUNDED,
        Account.REFUND_PAYABLE,
        Account.DEFERRED,
    )
}


class Move(NamedTuple):
    """Postings of one hour that are alike in all that is told of them; `at` is in that hour.

    `lane` is empty away from the lanes, `vehicle` where no stay is named.
    """

    at: datetime
    kind: str
    account: str
    fen: int
    channel: str
    lane: str
    vehicle: str

    @property
    def is_taken(self) -> bool:
        """It is part of a payment of what stays owe."""
        if self.kind == OPENING:
            return self.account == _WECHAT
        return self.kind in PAYING and self.account in OWED

    @property
    def taken_fen(self) -> int:
        """Give what was taken by it: below zero where a payment was undone."""
        if not self.is_taken:
            return 0
        return self.fen if self.kind == OPENING else -self.fen


def read_moves(
    connection: Connection, site: SiteId, since: datetime, until: datetime, zone: tzinfo, *, vehicles: bool = True
) -> Iterator[Move]:
    """Read the postings of entries from `since` to before `until`, hour by hour of the site's clock.

    Without `vehicles` nobody is asked whose they were: it takes half the time.
    """
    receipt = case(
        (entries.c.kind == "cash", func.replace(entries.c.ref, "cash:", "")),
        (entries.c.kind == "cash_void", func.replace(entries.c.ref, "cash_void:", "")),
    )
    joined = (
        entries.join(postings, postings.c.entry == entries.c.id)
        .outerjoin(orders, orders.c.out_trade_no == entries.c.out_trade_no)
        .outerjoin(cash, cash.c.id == receipt)
    )
    joined = joined.outerjoin(stays, stays.c.id == entries.c.stay) if vehicles else joined
    days = (entries.c.site == site) & (entries.c.at >= since) & (entries.c.at < until)
    told = (postings.c.account.in_(sorted(_TOLD))) | (entries.c.kind == OPENING)
    hour, lane = cut(entries.c.at, length_for(zone, since)), func.coalesce(cash.c.lane, orders.c.lane, "")
    alike = (hour, entries.c.kind, postings.c.account, orders.c.kind, lane)
    whose = stays.c.plate_kind if vehicles else literal("")
    total = cast(func.sum(postings.c.amount_fen), BigInteger)
    query = select(*alike, whose, total).select_from(joined).where(days, told)
    query = query.group_by(*alike, *((stays.c.plate_kind,) if vehicles else ())).order_by(hour)
    for at, kind, account, asked, place, vehicle, amount in connection.execute(query):
        yield Move(moment_of(at), kind, account, amount, _channel(kind, asked, place), place, vehicle or "")


def _channel(kind: str, asked: str | None, lane: str) -> str:
    """Name the channel of an entry; empty if it is none of a payment."""
    match kind:
        case "cash" | "cash_void":
            return CASH
        case "voucher":
            return VOUCHER
        case "card_paid":
            return CARD
        case "opening":
            return SCAN
        case "paid" | "promised" | "broken" if asked == "QR":
            return SCAN if lane else AHEAD
        case "paid" | "promised" | "broken":
            return asked or AHEAD
        case _:
            return ""


def balances(connection: Connection, site: SiteId, at: datetime) -> dict[str, int]:
    """Give what the accounts of stays held just before a moment: what is owed, and what was paid ahead.

    A stay that has ended is owed for no more, or `daozha ledger check` names it: those that were open then are asked.
    """
    stay = select(stays.c.id).where(stays.c.site == site)
    left_later = stay.where(stays.c.exited_at >= at - LATE, not_found_by(stays.c.entered_at) < at + LATE)
    open_then = postings.c.subject.in_(union_all(stay.where(stays.c.exited_at.is_(None)), left_later))
    ahead, owed = (
        sum(moved_on(connection, site, account, None, at, of).values())
        for account, of in ((Account.RECEIVABLE, open_then), (Account.ARREARS, None))
    )
    return {Account.RECEIVABLE.value: ahead, Account.ARREARS.value: owed}


def moved_on(
    connection: Connection,
    site: SiteId,
    account: Account,
    since: datetime | None,
    until: datetime,
    of: ColumnElement[bool] | None = None,
) -> dict[str, int]:
    """Sum up few postings of an account by the kinds of entries, before `until`, and from `since` on if that is given.

    They are found by the account and whose they are: of all the entries of years only theirs are looked at.
    """
    its = select(postings.c.entry, postings.c.amount_fen).where(postings.c.account == account.value)
    its = its if of is None else its.where(of)
    few = its.cte("few").prefix_with("MATERIALIZED")
    joined = few.join(entries, entries.c.id == few.c.entry)
    query = select(entries.c.kind, func.sum(few.c.amount_fen)).select_from(joined).group_by(entries.c.kind)
    mine = (entries.c.site == site) & (entries.c.at < until)
    days = mine if since is None else mine & (entries.c.at >= since)
    return {kind: int(fen) for kind, fen in connection.execute(query.where(days))}
