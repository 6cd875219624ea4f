"""The other side of the dues: what the tables that lanes and cashier work with say of each day, without the ledger."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from scada.model.lane.words import Ending
from scada.model.names import SiteId
from scada.store.schema import cash_payment as cash
from scada.store.schema import demand as demands
from scada.store.schema import parking_deduction as deductions
from scada.store.schema import pay_order as orders
from scada.store.schema import settlement as settlements
from scada.store.schema import stay as stays
from scada.store.schema import voucher as vouchers
from scada.store.sql.hours import cut, length_for, moment_of


@dataclass(slots=True)
class Worked:
    """One day: the fees of stays that ended, what was paid for stays, what vouchers let off."""

    fees_fen: int = 0
    taken_fen: int = 0
    vouchers_fen: int = 0


def read_working(
    connection: Connection, site: SiteId, since: datetime, until: datetime, zone: tzinfo
) -> Mapping[date, Worked]:
    """Read the days from `since` to before `until`."""
    days: defaultdict[date, Worked] = defaultdict(Worked)
    for name, sign, query in _queries(site, since, until):
        for hour, fen in connection.execute(_by_hour(query, length_for(zone, since))):
            day = days[moment_of(hour).astimezone(zone).date()]
            setattr(day, name, getattr(day, name) + sign * int(fen))
    return days


def _queries(site: SiteId, since: datetime, until: datetime) -> list[tuple[str, int, Select[*tuple[object, ...]]]]:
    """Give each question with the figure that its answers count for, and whether they add or take away."""
    ended = and_(stays.c.site == site, stays.c.ending.is_not(None), stays.c.ending != Ending.ANNULLED.value)
    used = and_(vouchers.c.site == site, vouchers.c.state == "USED")
    taken = cash.c.site == site
    fees = _pair(stays.c.exited_at, stays.c.fee_fen).where(ended)
    let_off = _pair(vouchers.c.used_at, vouchers.c.amount_fen).where(used)
    broken = _promised(site, deductions.c.ended_at).where(orders.c.state == "FAILED")
    questions = (
        ("fees_fen", 1, fees),
        ("vouchers_fen", 1, let_off),
        ("taken_fen", 1, _settled(site)),
        ("taken_fen", 1, _promised(site, deductions.c.accepted_at)),
        ("taken_fen", -1, broken),
        ("taken_fen", 1, _pair(cash.c.paid_at, cash.c.due_fen).where(taken)),
        ("taken_fen", -1, _pair(cash.c.voided_at, cash.c.due_fen).where(taken)),
    )
    return [(name, sign, _span(query, since, until)) for name, sign, query in questions]


def _pair(at: ColumnElement[datetime], fen: ColumnElement[int]) -> Select[*tuple[object, ...]]:
    columns: list[ColumnElement[Any]] = [at.label("at"), fen.label("fen")]
    return select(*columns)


def _span(query: Select[*tuple[object, ...]], since: datetime, until: datetime) -> Select[*tuple[object, ...]]:
    """Take what has its moment in the days."""
    at = query.selected_columns["at"]
    return query.where(at >= since, at < until)


def _by_hour(query: Select[*tuple[object, ...]], length: int) -> Select[str, int]:
    """Sum up what has its moment in the same hour."""
    each = query.subquery()
    hour = cut(each.c["at"], length)
    return select(hour, func.sum(each.c.fen)).group_by(hour)


def _settled(site: SiteId) -> Select[*tuple[object, ...]]:
    """Give what WeChat paid for stays and for old debts; what it deducts counts from its promise on."""
    joined = settlements.join(orders, orders.c.out_trade_no == settlements.c.out_trade_no)
    about = joined.outerjoin(demands, demands.c.id == orders.c.demand)
    of_stays = or_(orders.c.demand.is_(None), demands.c.kind == "ARREARS")
    query = _pair(settlements.c.settled_at, settlements.c.amount_fen - settlements.c.surplus_fen).select_from(about)
    return query.where(settlements.c.site == site, of_stays, orders.c.kind != "PARKING")


def _promised(site: SiteId, at: ColumnElement[datetime]) -> Select[*tuple[object, ...]]:
    """Give what WeChat has promised to deduct and was credited, at the promise or at its end."""
    joined = deductions.join(orders, orders.c.out_trade_no == deductions.c.out_trade_no)
    credited = and_(deductions.c.accepted_at.is_not(None), deductions.c.surplus.is_(False))
    return _pair(at, orders.c.amount_fen).select_from(joined).where(deductions.c.site == site, credited)
