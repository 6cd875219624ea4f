"""What becomes of the booms themselves: periods in which one stood still, and how long each opening took.

Each function works inside a transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, or_, select, update

from scada.model.names import LaneName, SiteId
from scada.store.schema import gate_cycle, lane_fault


@dataclass(frozen=True, slots=True)
class FaultPeriod:
    """A time in which a fault of its barrier stopped a lane; `ended_at` is None while it lasts."""

    id: int
    lane: LaneName
    fault: str
    began_at: datetime
    ended_at: datetime | None


def stand(conn: Connection, site: SiteId, lane: LaneName, fault: str | None, at: datetime) -> None:
    """Write down which fault stops a lane from now on, None: none. Saying the same again changes nothing."""
    open_one = (lane_fault.c.site == site) & (lane_fault.c.lane == lane) & lane_fault.c.ended_at.is_(None)
    if conn.execute(select(lane_fault.c.fault).where(open_one)).scalar() == fault:
        return
    conn.execute(update(lane_fault).where(open_one).values(ended_at=at))
    if fault is not None:
        conn.execute(insert(lane_fault).values(site=site, lane=lane, fault=fault, began_at=at))


def add_cycle(
    conn: Connection, site: SiteId, lane: LaneName, at: datetime, count: int, open_ms: int, close_ms: int
) -> None:
    """Write down how long a boom took to rise and to come down; `count` is the PLC's counter of rises."""
    values = {"count": count, "open_ms": open_ms, "close_ms": close_ms}
    conn.execute(insert(gate_cycle).values(site=site, lane=lane, at=at, **values))


def within(conn: Connection, site: SiteId, since: datetime, until: datetime) -> Sequence[FaultPeriod]:
    """Give the faults that stood from `since` to before `until`, oldest first."""
    table = lane_fault.c
    on = (table.began_at < until) & or_(table.ended_at.is_(None), table.ended_at > since)
    columns = (table.id, table.lane, table.fault, table.began_at, table.ended_at)
    query = select(*columns).where(table.site == site, on).order_by(table.began_at, table.id)
    return [FaultPeriod(*row) for row in conn.execute(query)]
