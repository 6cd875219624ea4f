"""The bills of each day: which are wanted, how far each has come, and when the next try is due.

Plain functions of a connection. A state is changed only by who holds the day's row, so that the plant and a command may
work on the same day.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, Select, select, update

from billing.pay.bill import FundTotals, Totals, whole_fen
from scada.model.money import Fen
from scada.model.names import SiteId
from scada.store.schema import bill_day as days

NOTHING: Final = Fen(0)
READY_AT: Final = time(10)
"""When WeChat has made the bill of the day before."""
LATE_AT: Final = time(18)
"""When a person is told that yesterday is not reconciled."""
BACK_OFF_S: Final = (60.0, 300.0, 900.0, 3600.0)
"""How long to wait after a try that failed; the last for all further ones."""
NOT_YET_S: Final = 900.0
WHY_MOST: Final = 200


class Kind(Enum):
    """WeChat's two bills of a day."""

    TRADES = "trades"
    FUNDS = "funds"


class State(Enum):
    """How far a bill has come."""

    WANTED = "WANTED"
    FAILED = "FAILED"
    FETCHED = "FETCHED"
    MATCHED = "MATCHED"
    EMPTY = "EMPTY"


DONE: Final = frozenset({State.MATCHED, State.EMPTY})


@dataclass(frozen=True, slots=True)
class BillDay:
    """One bill as its row has it."""

    day: date
    kind: Kind
    state: State
    tries: int
    next_at: datetime
    why: str
    told_at: datetime | None
    sha1: str
    rows: int
    came_fen: Fen
    went_fen: Fen
    fee_fen: Fen
    balance_fen: Fen | None
    agreed: int
    agreed_fen: Fen
    only_ours: int
    only_theirs: int
    differ: int
    waiting: int
    others: int
    others_fen: Fen

    @property
    def is_done(self) -> bool:
        """Say whether its bill was read and compared."""
        return self.state in DONE

    @property
    def is_here(self) -> bool:
        """Say whether WeChat's word on the day is here, compared or not."""
        return self.is_done or self.state is State.FETCHED

    @property
    def differences(self) -> int:
        """Count what does not agree."""
        return self.only_ours + self.only_theirs + self.differ


def span(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give the first moment of a day, and that of the next."""
    return _at(day, time(), zone), _at(day + timedelta(days=1), time(), zone)


def ready_at(day: date, zone: ZoneInfo) -> datetime:
    """Say when a day's bills may be asked for."""
    return _at(day + timedelta(days=1), READY_AT, zone)


def late_at(day: date, zone: ZoneInfo) -> datetime:
    """Say when a day that is not reconciled is told of."""
    return _at(day + timedelta(days=1), LATE_AT, zone)


def _at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, zone)


def want(conn: Connection, site: SiteId, which: Iterable[date], kinds: Iterable[Kind], zone: ZoneInfo) -> None:
    """Note the days whose bills are wanted; those that are noted already stay as they are."""
    wanted = list(which)
    if not wanted:
        return
    noted = {(row.day, row.kind) for row in conn.execute(_select(site).where(days.c.day.in_(wanted)))}
    rows = [
        {"site": site, "day": day, "kind": kind.value, "state": State.WANTED.value, "next_at": ready_at(day, zone)}
        for day in wanted
        for kind in kinds
        if (day, kind.value) not in noted
    ]
    if rows:
        conn.execute(days.insert(), rows)


def find(conn: Connection, site: SiteId, day: date, kind: Kind, *, lock: bool = False) -> BillDay | None:
    """Give a day's bill; `lock` its row where the database locks rows."""
    query = _select(site).where(_mine(site, day, kind))
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _read(row)


def recent(conn: Connection, site: SiteId, since: date) -> tuple[BillDay, ...]:
    """Give all bills from a day on, the oldest first."""
    return tuple(_read(row) for row in conn.execute(_select(site).where(days.c.day >= since)))


def open_ones(conn: Connection, site: SiteId) -> tuple[BillDay, ...]:
    """Give all bills that are not done, the oldest first."""
    return tuple(
        _read(row) for row in conn.execute(_select(site).where(days.c.state.not_in([one.value for one in DONE])))
    )


def balance_before(conn: Connection, site: SiteId, day: date) -> Fen | None:
    """Give what WeChat said that it held for us at the end of the last day before."""
    mine = (days.c.site == site) & (days.c.kind == Kind.FUNDS.value) & days.c.balance_fen.is_not(None)
    query = select(days.c.balance_fen).where(mine, days.c.day < day).order_by(days.c.day.desc()).limit(1)
    found = conn.execute(query).scalar()
    return None if found is None else Fen(int(found))


def change(conn: Connection, site: SiteId, day: date, kind: Kind, **values: object) -> None:
    """Write on a day's row."""
    conn.execute(update(days).where(_mine(site, day, kind)).values(**values))


def failed(conn: Connection, site: SiteId, bill: BillDay, at: datetime, why: str) -> None:
    """Note that a try failed, and when the next one is due."""
    wait_s = BACK_OFF_S[min(bill.tries, len(BACK_OFF_S) - 1)]
    state = bill.state if bill.state is State.FETCHED else State.FAILED
    later = at + timedelta(seconds=wait_s)
    values: Mapping[str, object] = {"state": state.value, "tries": bill.tries + 1, "next_at": later}
    change(conn, site, bill.day, bill.kind, why=why[:WHY_MOST], **values)


def not_yet(conn: Connection, site: SiteId, bill: BillDay, at: datetime) -> None:
    """Note that WeChat has not made the bill yet."""
    why = "WeChat has not made the bill yet"
    change(conn, site, bill.day, bill.kind, next_at=at + timedelta(seconds=NOT_YET_S), why=why)


def fetched(
    conn: Connection, site: SiteId, bill: BillDay, at: datetime, sha1: str, totals: Totals | FundTotals
) -> None:
    """Note that the bill is here, whole and adding up; its rows are not in the books yet."""
    match totals:
        case Totals(rows=rows, settled_fen=came, refund_settled_fen=went, fee_millifen=fee):
            sums = {"rows": rows, "came_fen": came, "went_fen": went, "fee_millifen": fee}
        case FundTotals(rows=rows, income_fen=came, outgo_fen=went):
            sums = {"rows": rows, "came_fen": came, "went_fen": went}
    values: Mapping[str, object] = {"state": State.FETCHED.value, "fetched_at": at, "sha1": sha1, "tries": 0, "why": ""}
    change(conn, site, bill.day, bill.kind, next_at=at, **values, **sums)


def _select(site: SiteId) -> Select[tuple[object, ...]]:
    return select(days).where(days.c.site == site).order_by(days.c.day, days.c.kind)


def _mine(site: SiteId, day: date, kind: Kind) -> ColumnElement[bool]:
    return (days.c.site == site) & (days.c.day == day) & (days.c.kind == kind.value)


def _read(row: Row[tuple[object, ...]]) -> BillDay:
    return BillDay(
        day=row.day,
        kind=Kind(row.kind),
        state=State(row.state),
        tries=row.tries,
        next_at=row.next_at,
        why=row.why,
        told_at=row.told_at,
        sha1=row.sha1,
        rows=row.rows,
        came_fen=Fen(row.came_fen),
        went_fen=Fen(row.went_fen),
        fee_fen=whole_fen(row.fee_millifen),
        balance_fen=None if row.balance_fen is None else Fen(row.balance_fen),
        agreed=row.agreed,
        agreed_fen=Fen(row.agreed_fen),
        only_ours=row.only_ours,
        only_theirs=row.only_theirs,
        differ=row.differ,
        waiting=row.waiting,
        others=row.others,
        others_fen=Fen(row.others_fen),
    )
