"""How many cars have come and gone since a moment, by lane: counts, nobody's name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, func, select

from scada.model.names import SiteId
from scada.store.schema import stay

_LEFT = ("EXIT", "EXIT_OPEN_LANE", "EXIT_TAILGATE")


@dataclass(frozen=True, slots=True)
class Comings:
    """Cars by lane."""

    entries: Mapping[str, int]
    exits: Mapping[str, int]


def comings(conn: Connection, site: SiteId, since: datetime) -> Comings:
    """Count the stays that began and those that ended by a car seen to leave."""
    went = stay.c.ending.in_(_LEFT)
    return Comings(
        _by_lane(conn, stay.c.entry_lane, (stay.c.site == site) & (stay.c.entered_at >= since)),
        _by_lane(conn, stay.c.exit_lane, (stay.c.site == site) & (stay.c.exited_at >= since) & went),
    )


def _by_lane(conn: Connection, lane: Column[str], those: object) -> dict[str, int]:
    query = select(lane, func.count()).where(those).group_by(lane)  # type: ignore[arg-type]
    return {str(name): count for name, count in conn.execute(query) if name is not None}
