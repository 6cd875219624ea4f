"""What was counted of a lane: cycles of its boom, its faults, answers of its PLC, cars by its cameras."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, tzinfo

from sqlalchemy import Connection, select

from scada.model.health import Cycle
from scada.model.names import LaneName, SiteId
from scada.store.schema import camera_read, gate_cycle, intent, lane_fault

MOST = 50_000
"""Rows of one kind that are looked at; the newest."""
DONE = "DONE"


def cycles_of(conn: Connection, site: SiteId, lane: LaneName, since: datetime, zone: tzinfo) -> list[Cycle]:
    """Give the rises and falls of a boom, by days of the site."""
    table = gate_cycle.c
    mine = (table.site == site) & (table.lane == lane) & (table.at >= since)
    query = select(table.at, table.open_ms, table.close_ms).where(mine).order_by(table.at.desc()).limit(MOST)
    return [Cycle(at.astimezone(zone).date(), opened, closed) for at, opened, closed in conn.execute(query)]


def faults_of(conn: Connection, site: SiteId, lane: LaneName, since: datetime) -> list[str]:
    """Give the faults by which a lane's boom stopped it."""
    table = lane_fault.c
    mine = (table.site == site) & (table.lane == lane) & (table.began_at >= since)
    return list(conn.execute(select(table.fault).where(mine).limit(MOST)).scalars())


def answers_of(conn: Connection, site: SiteId, lane: LaneName, since: datetime) -> list[float]:
    """Give how many ms the PLC took to answer each command that was done."""
    table = intent.c
    mine = (table.site == site) & (table.lane == lane) & (table.made_at >= since) & (table.state == DONE)
    query = select(table.made_at, table.answered_at).where(mine & table.answered_at.is_not(None)).limit(MOST)
    return [(answered - made).total_seconds() * 1000 for made, answered in conn.execute(query)]


def cars_by_hour(conn: Connection, site: SiteId, lane: LaneName, since: datetime) -> Mapping[datetime, int]:
    """Give how many passages the cameras of a lane looked at, by hour in UTC."""
    table = camera_read.c
    mine = (table.site == site) & (table.lane == lane) & (table.at >= since)
    rows = conn.execute(select(table.passage, table.at).where(mine).order_by(table.at).limit(MOST))
    first: dict[str, datetime] = {}
    for row in rows:
        first.setdefault(row.passage, row.at)
    return Counter(at.replace(minute=0, second=0, microsecond=0) for at in first.values())
