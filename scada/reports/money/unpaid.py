"""Unpaid exits (跑单): which stays left owing, what of it came in later, and what could not be asked for at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from billing.accounts.chart import Account
from scada.model.lane.words import Ending
from scada.model.names import SiteId
from scada.reports.money.moves import OPENING
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings
from scada.store.schema import stay as stays


@dataclass(frozen=True, slots=True)
class Unpaid:
    """A stay that left owing: how much, and what of that was paid or given up until now."""

    at: datetime
    lane: str
    plate: str
    ending: str
    reason: str
    stay: str
    left_fen: int
    recovered_fen: int
    written_off_fen: int
    passage: str = ""

    @property
    def open_fen(self) -> int:
        """What it still owes."""
        return self.left_fen - self.recovered_fen - self.written_off_fen


@dataclass(frozen=True, slots=True)
class Lost:
    """Fees of cars that left without being asked, by how: through an open lane, in a fire, unseen."""

    how: str
    cars: int
    lost_fen: int


def read_unpaid(connection: Connection, site: SiteId, since: datetime, until: datetime) -> list[Unpaid]:
    """Read the stays that ended from `since` to before `until` and left something owing, by the ledger."""
    made = entries.c.kind.in_(("ended", OPENING))
    off = entries.c.kind == "written_off"
    amount = postings.c.amount_fen
    left, given_up, held = (func.coalesce(func.sum(part), 0) for part in (_if(made, amount), _if(off, -amount), amount))
    joined = postings.join(entries, entries.c.id == postings.c.entry).join(stays, stays.c.id == postings.c.subject)
    columns = (
        stays.c.exited_at,
        stays.c.exit_lane,
        stays.c.plate,
        stays.c.ending,
        stays.c.exit_reason,
        stays.c.id,
        stays.c.exit_passage,
    )
    ended = and_(stays.c.site == site, stays.c.exited_at >= since, stays.c.exited_at < until)
    mine = and_(entries.c.site == site, postings.c.account == Account.ARREARS.value)
    query = select(*columns, left, given_up, held).select_from(joined).where(ended, mine).group_by(*columns)
    found = []
    for at, lane, plate, ending, reason, stay, passage, owing, off_fen, open_fen in connection.execute(
        query.order_by(stays.c.exited_at, stays.c.id)
    ):
        paid = int(owing) - int(off_fen) - int(open_fen)
        how = (at, lane or "", plate, ending or "", reason or "", stay)
        found.append(Unpaid(*how, int(owing), paid, int(off_fen), passage or ""))
    return found


def _if(condition: ColumnElement[bool], value: ColumnElement[int]) -> ColumnElement[int]:
    return case((condition, value), else_=0)


def recovery_rate(rows: Sequence[Unpaid]) -> float | None:
    """Say which share of what was left owing was paid until now; None if nothing was."""
    left = sum(one.left_fen for one in rows)
    return sum(one.recovered_fen for one in rows) / left if left else None


def read_lost(connection: Connection, site: SiteId, since: datetime, until: datetime) -> list[Lost]:
    """Sum up what was let off because the boom held nobody back, or because nobody saw the car leave."""
    endings = (Ending.EXIT_OPEN_LANE.value, Ending.EXIT_UNSEEN.value)
    ended = and_(stays.c.site == site, stays.c.exited_at >= since, stays.c.exited_at < until)
    total = func.coalesce(func.sum(stays.c.fee_fen - stays.c.paid_fen - stays.c.credit_fen), 0)
    query = select(stays.c.ending, func.count(), total).where(ended, stays.c.ending.in_(endings))
    rows = connection.execute(query.group_by(stays.c.ending).order_by(stays.c.ending))
    return [Lost(how, cars, int(lost)) for how, cars, lost in rows]
