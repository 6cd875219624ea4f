"""Read what the report about periods reckons with; nothing is changed."""

from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from scada.model.ghosts import Inside, Seen
from scada.model.lane.states import UNGUARDED
from scada.model.lane.words import Ending
from scada.model.names import SiteId
from scada.model.plate import UNPLATED
from scada.reports.periods import FAULT, MODES, Books, Left
from scada.store import barriers, doubts, modes, schema
from scada.store.barriers import FaultPeriod
from scada.store.modes import ModePeriod

_NOTHING_HOLDS = frozenset(fault.name for fault in UNGUARDED)


def read_books(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Books:
    """Read the periods that were on from `since` to before `until`, and all that has gone through since they began."""
    faults = [_unguarded(one) for one in barriers.within(connection, site, since, until) if one.fault in _NOTHING_HOLDS]
    periods = sorted([*modes.within(connection, site, MODES, since, until), *faults], key=lambda one: one.began_at)
    first = min((period.began_at for period in periods), default=since)
    newest = connection.scalar(select(func.max(schema.journal.c.at)).where(schema.journal.c.site == site))
    return Books(
        periods=periods,
        passages=_passages(connection, site, first),
        left=_left(connection, site, first),
        at_gates=_at_gates(connection, site, first),
        doubts={one.passage: one.id for one in doubts.still_open(connection, site)},
        inside=_inside(connection, site),
        now=newest or until,
    )


def _unguarded(fault: FaultPeriod) -> ModePeriod:
    """Give a fault as a period of its lane; its number is none that a period of a mode has."""
    mode = f"{FAULT}{fault.fault}"
    return ModePeriod(fault.lane, mode, modes.PLC, fault.began_at, ended_at=fault.ended_at, id=-fault.id)


def _passages(connection: Connection, site: SiteId, first: datetime) -> list[Seen]:
    table = schema.passage
    columns = [table.c[name] for name in Seen.__dataclass_fields__]
    query = select(*columns).where(table.c.site == site, table.c.ended_at >= first).order_by(table.c.ended_at)
    return [Seen(*row) for row in connection.execute(query).all()]


def _left(connection: Connection, site: SiteId, first: datetime) -> list[Left]:
    table = schema.stay
    lost = (table.c.waived_fen + table.c.arrears_fen).label("lost_fen")
    mine = (table.c.site == site) & (table.c.ending == Ending.EXIT_OPEN_LANE.value) & (table.c.exited_at >= first)
    query = select(table.c.id, table.c.plate, table.c.exit_passage, lost).where(mine).order_by(table.c.exited_at)
    return [Left(*row) for row in connection.execute(query)]


def _at_gates(connection: Connection, site: SiteId, first: datetime) -> frozenset[str]:
    table = schema.stay
    mine = (table.c.site == site) & or_(table.c.entered_at >= first, table.c.exited_at >= first)
    rows = connection.execute(select(table.c.entry_passage, table.c.exit_passage).where(mine)).all()
    return frozenset(passage for row in rows for passage in row if passage is not None)


def _inside(connection: Connection, site: SiteId) -> list[Inside]:
    table = schema.stay
    unread = table.c.plate.startswith(UNPLATED)
    columns = (table.c.id, table.c.plate, unread, table.c.entry_lane, table.c.entered_at)
    query = select(*columns).where(table.c.site == site, table.c.ending.is_(None)).order_by(table.c.entered_at)
    return [Inside(*row) for row in connection.execute(query)]
