"""Channel reconciliation: what our orders took, what WeChat billed, and what came to the bank, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import accumulate, islice
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from billing.accounts.balances import trial
from billing.accounts.chart import Account
from billing.reconcile.intake.days import BillDay, Kind, recent
from scada.model.names import SiteId
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings
from scada.store.sql.hours import cut, length_for, moment_of


@dataclass(frozen=True, slots=True)
class ChannelDay:
    """One day. `came` and `went` are the bill's, fees not taken off; `state` is empty if there is no bill yet."""

    day: date
    orders: int = 0
    taken_fen: int = 0
    refunds: int = 0
    given_back_fen: int = 0
    fee_fen: int = 0
    state: str = ""
    billed: int = 0
    came_fen: int = 0
    went_fen: int = 0
    bill_fee_fen: int = 0
    differences: int = 0
    waiting: int = 0
    others: int = 0
    others_fen: int = 0
    bank_fen: int = 0
    unexplained: int = 0
    held_fen: int | None = None
    ledger_fen: int = field(default=0)
    """What our ledger says that WeChat held when the day ended."""

    @property
    def agrees(self) -> bool:
        """Say whether the day's bill is compared, and nothing differs."""
        return self.state in ("MATCHED", "EMPTY") and not self.differences and not self.unexplained


_FEE, _PAID_OUT, _OTHERS, _REFUND, _VOUCHER = "channel_fee", "paid_out", "of_others", "refunded", "channel_voucher"
_NO_ORDER: Final = frozenset({_FEE, _PAID_OUT, _OTHERS, _VOUCHER})


def read_channel(
    connection: Connection, site: SiteId, since: datetime, until: datetime, zone: ZoneInfo
) -> list[ChannelDay]:
    """Read the days from `since` to before `until`, the oldest first."""
    first, last = since.astimezone(zone).date(), (until - timedelta(seconds=1)).astimezone(zone).date()
    days = {first + timedelta(days=n): ChannelDay(first + timedelta(days=n)) for n in range((last - first).days + 1)}
    held_fen = int(trial(connection, site, until=since).get(Account.WECHAT, 0))
    for hour, kind, number, amount in _moved(connection, site, since, until, zone):
        day = moment_of(hour).astimezone(zone).date()
        days[day] = _counted(days[day], kind, number, amount)
    for bill in recent(connection, site, first):
        if bill.day in days:
            days[bill.day] = _billed(days[bill.day], bill)
    held = accumulate((one.ledger_fen for one in days.values()), initial=held_fen)
    return [replace(one, ledger_fen=fen) for one, fen in zip(days.values(), islice(held, 1, None), strict=True)]


def _moved(
    connection: Connection, site: SiteId, since: datetime, until: datetime, zone: ZoneInfo
) -> Sequence[tuple[str, str, int, int]]:
    """Read what WeChat got and gave, by hour and kind: how often, and how much together."""
    joined = postings.join(entries, entries.c.id == postings.c.entry)
    mine = (entries.c.site == site) & (postings.c.account == Account.WECHAT.value)
    alike = (cut(entries.c.at, length_for(zone, since)), entries.c.kind)
    query = select(*alike, func.count(), func.sum(postings.c.amount_fen)).select_from(joined).group_by(*alike)
    found = connection.execute(query.where(mine, entries.c.at >= since, entries.c.at < until))
    return [(hour, kind, number, int(amount)) for hour, kind, number, amount in found]


def _counted(day: ChannelDay, kind: str, number: int, amount: int) -> ChannelDay:
    """Count what moved where it belongs; `ledger_fen` is what the day has moved, until all days are added up."""
    day = replace(day, ledger_fen=day.ledger_fen + amount)
    if kind == _REFUND:
        return replace(day, refunds=day.refunds + number, given_back_fen=day.given_back_fen - amount)
    if kind == _FEE:
        return replace(day, fee_fen=day.fee_fen - amount)
    if kind == _PAID_OUT:
        return replace(day, bank_fen=day.bank_fen - amount)
    if kind in _NO_ORDER:
        return day
    return replace(day, orders=day.orders + number, taken_fen=day.taken_fen + amount)


def _billed(day: ChannelDay, bill: BillDay) -> ChannelDay:
    if bill.kind is Kind.FUNDS:
        return replace(day, held_fen=bill.balance_fen, unexplained=bill.differ)
    return replace(
        day,
        state=bill.state.value,
        billed=bill.rows,
        came_fen=bill.came_fen,
        went_fen=bill.went_fen,
        bill_fee_fen=bill.fee_fen,
        differences=bill.differences,
        waiting=bill.waiting,
        others=bill.others,
        others_fen=bill.others_fen,
    )
