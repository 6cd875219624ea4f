"""The zones of the site, its lanes between them, and how many cars each holds: plain functions of a connection."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from scada.config import Config
from scada.model.names import LaneName, SiteId, ZoneName
from scada.model.zones import ZoneCount, Zones
from scada.store import doubts
from scada.store.schema import stay as stays

_CARS = (
    select(stays.c.zone, func.count())
    .where(stays.c.site == bindparam("of"), stays.c.ending.is_(None))
    .group_by(stays.c.zone)
)
"""Made once: to make a statement takes longer than to run it (0048)."""


@dataclass(frozen=True, slots=True)
class Park:
    """The zones, and which of them each lane leads into or out of."""

    site: SiteId
    zones: Zones
    lanes: Mapping[LaneName, ZoneName]
    ways_in: frozenset[LaneName]
    """The lanes by which a car may come in."""

    @staticmethod
    def of(config: Config) -> "Park":
        """Read it from the site's configuration."""
        zones = {lane.id: config.zone_of(lane.id) for lane in config.lanes}
        ways_in = frozenset(lane.id for lane in config.lanes if lane.direction != "exit")
        return Park(config.site_id, config.park, zones, ways_in)

    def zone(self, lane: LaneName) -> ZoneName:
        """Give the zone a lane leads into or out of."""
        return self.lanes[lane]

    def around(self, lane: LaneName) -> ZoneName | None:
        """Give the zone on the outer side of an inner lane; None where that is the street."""
        return self.zones.find(self.zone(lane)).parent


def count(conn: Connection, park: Park) -> dict[ZoneName, ZoneCount]:
    """Count the cars of every zone, and what is doubtful about it."""
    return park.zones.counts(_cars(conn, park), _drift(conn, park))


def _cars(conn: Connection, park: Park) -> dict[ZoneName, int]:
    cars: dict[ZoneName, int] = {}
    for zone, number in conn.execute(_CARS, {"of": park.site}):
        name = park.zones.known(zone)
        cars[name] = cars.get(name, 0) + number
    return cars


def _drift(conn: Connection, park: Park) -> dict[ZoneName, int]:
    drift: dict[ZoneName, int] = {}
    for lane, number in doubts.by_lane(conn, park.site).items():
        if (zone := park.lanes.get(lane)) is not None:
            drift[zone] = drift.get(zone, 0) + number
    return drift
