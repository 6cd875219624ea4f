"""Who is inside by the age of the visit, whom a stocktake would likely not find, and what is in doubt."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from scada.model.names import SiteId
from scada.model.plate import UNPLATED
from scada.reports.lot.occupancy import Visit
from scada.store import schema

AGES_H: Final = (1, 4, 12, 24, 72, 168)
"""Where the classes of age end; the last one has no end."""
GHOST_AFTER: Final = timedelta(hours=72)
"""A stay that is open for longer goes to a person before it is priced (`operations.md` §8)."""


@dataclass(frozen=True, slots=True)
class Old:
    """A stay that is open for longer than a visit lasts."""

    stay: str
    plate: str
    lane: str
    entered_at: datetime
    paid_fen: int


@dataclass(frozen=True, slots=True)
class Stocktake:
    """What stocktakes of some days have found: vehicles in doubt that were inside, gone, or no car at all."""

    inside: int
    gone: int
    no_car: int
    still_open: int


def by_age(visits: Iterable[Visit], at: datetime) -> list[int]:
    """Count the cars inside at a moment by the age of their visit."""
    classes = [0] * (len(AGES_H) + 1)
    for visit in visits:
        if visit.is_inside(at):
            classes[bisect_right(AGES_H, (at - visit.came) / timedelta(hours=1))] += 1
    return classes


def read_old(connection: Connection, site: SiteId, at: datetime) -> Sequence[Old]:
    """Read the stays that are still open and were for too long at a moment, the oldest first."""
    table = schema.stay.c
    mine = (table.site == site) & table.exited_at.is_(None) & (table.entered_at < at - GHOST_AFTER)
    columns = (table.id, table.plate, table.entry_lane, table.entered_at, table.paid_fen)
    query = select(*columns).where(mine).order_by(table.entered_at, table.id)
    return [Old(*row) for row in connection.execute(query)]


def read_unread(connection: Connection, site: SiteId) -> int:
    """Count the stays that are open under a name of our own: their cars came in without a plate."""
    table = schema.stay.c
    mine = (table.site == site) & table.exited_at.is_(None) & table.plate.startswith(UNPLATED)
    return connection.execute(select(func.count()).select_from(schema.stay).where(mine)).scalar_one()


def read_stocktake(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Stocktake:
    """Read what was settled from `since` to before `until`, and what is open still."""
    table = schema.uncertain.c
    settled = (table.site == site) & (table.settled_at >= since) & (table.settled_at < until)
    query = select(table.outcome, func.count()).where(settled).group_by(table.outcome)
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(query)}
    waiting = select(func.count()).select_from(schema.uncertain).where(table.site == site, table.settled_at.is_(None))
    still_open = connection.execute(waiting).scalar_one()
    return Stocktake(found.get("inside", 0), found.get("gone", 0), found.get("no-car", 0), still_open)
