"""The sheets by which lanes were accepted, and what the books say for the next. Plain functions of a connection."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from scada.model.names import LaneName, SiteId
from scada.store.schema import acceptance_sheet as sheets
from scada.store.schema import mode_period, rise

MOST = 50


def keep(
    conn: Connection,
    site: SiteId,
    lane: LaneName,
    at: datetime,
    people: tuple[str, str],
    content: Mapping[str, object],
) -> int:
    """Write a signed sheet down; give its number."""
    first, second = people
    row = {"site": site, "lane": lane, "at": at, "first": first, "second": second, "content": dict(content)}
    (number,) = conn.execute(insert(sheets).values(**row)).inserted_primary_key or (0,)
    return int(number)


def of_lane(conn: Connection, site: SiteId, lane: LaneName) -> list[dict[str, object]]:
    """Give a lane's sheets, newest first."""
    mine = (sheets.c.site == site) & (sheets.c.lane == lane)
    rows = conn.execute(select(sheets).where(mine).order_by(sheets.c.id.desc()).limit(MOST)).mappings()
    return [{**row, "at": row["at"].isoformat()} for row in rows]


def fires(conn: Connection, site: SiteId, lane: LaneName, since: datetime) -> int:
    """Count how often a lane was in FIRE."""
    table = mode_period.c
    mine = (table.site == site) & (table.lane == lane) & (table.mode == "FIRE") & (table.began_at >= since)
    return conn.execute(select(func.count()).where(mine)).scalar_one()


def rises_by(conn: Connection, site: SiteId, lane: LaneName, since: datetime) -> Mapping[str, int]:
    """Count the rises of a boom by their cause."""
    table = rise.c
    mine = (table.site == site) & (table.lane == lane) & (table.at >= since)
    rows = conn.execute(select(table.cause, func.count().label("rises")).where(mine).group_by(table.cause))
    return {row.cause: row.rises for row in rows}
