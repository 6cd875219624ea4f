"""Read what the report about periods reckons with; nothing is changed."""

from datetime import datetime

from sqlalchemy import Connection, select

from scada.model.ghosts import Inside, Seen
from scada.model.lane.states import UNGUARDED
from scada.model.lane.words import Ending
from scada.model.names import SiteId
from scada.model.plate import UNPLATED
from scada.reports.lot.cars import LATE
from scada.reports.periods import FAULT, MODES, Books, Left
from scada.reports.reading import newest_entry
from scada.store import barriers, doubts, modes, schema
from scada.store.barriers import FaultPeriod
from scada.store.modes import ModePeriod
from scada.store.sql.hours import not_found_by

_NOTHING_HOLDS = frozenset(fault.name for fault in UNGUARDED)


def read_books(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Books:
    """Read the periods that were on from `since` to before `until`, and all that has gone through since they began."""
    faults = [_unguarded(one) for one in barriers.within(connection, site, since, until) if one.fault in _NOTHING_HOLDS]
    periods = sorted([*modes.within(connection, site, MODES, since, until), *faults], key=lambda one: one.began_at)
    first = min((period.began_at for period in periods), default=since)
    return Books(
        periods=periods,
        passages=_passages(connection, site, first),
        left=_left(connection, site, first),
        at_gates=_at_gates(connection, site, first),
        doubts={one.passage: one.id for one in doubts.still_open(connection, site)},
        inside=_inside(connection, site),
        now=newest_entry(connection, site) or until,
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
    began = select(table.c.entry_passage).where(table.c.site == site, table.c.entered_at >= first - LATE)
    ended = select(table.c.exit_passage).where(table.c.site == site, table.c.exited_at >= first - LATE)
    found = (passage for query in (began, ended) for passage in connection.execute(query).scalars())
    return frozenset(passage for passage in found if passage is not None)


def _inside(connection: Connection, site: SiteId) -> list[Inside]:
    table = schema.stay
    unread = table.c.plate.startswith(UNPLATED)
    columns = (table.c.id, table.c.plate, unread, table.c.entry_lane, table.c.entered_at)
    query = select(*columns).where(table.c.site == site, table.c.exited_at.is_(None))
    query = query.order_by(not_found_by(table.c.entered_at))
    return [Inside(*row) for row in connection.execute(query)]
