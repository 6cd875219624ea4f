"""The control room's verbs about equipment: how each device's link does, and the health of a lane's loops and boom."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, tzinfo

from scada.clock import Clock
from scada.engine.doors.asked import text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.shown import as_json
from scada.engine.tags import TagTable
from scada.model.device import DeviceFigures
from scada.model.figures import device_tag
from scada.model.health import LoopHour, gate_health, loop_health, spread
from scada.model.names import LaneName, SiteId
from scada.model.tag import TagName
from scada.model.trend import Series
from scada.ports import Driver, HistoryReader
from scada.store import lanefigures
from scada.store.db import Database, StoreError

MOST_DAYS = 60
LOOPS = ("loop.approach", "loop.safety", "beam")
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What the map says of a device: how it is reached, its scan classes with their periods and tags, its lanes."""

    name: str
    protocol: str
    where: tuple[str, ...]
    simulated: bool
    scans: Mapping[str, tuple[float, int]]
    lanes: tuple[str, ...]
    tags: int


@dataclass(frozen=True, slots=True)
class EquipmentDesk:
    """Answers about equipment; the desk checks the rights."""

    site: SiteId
    zone: tzinfo
    db: Database
    clock: Clock
    tags: TagTable
    history: HistoryReader
    lanes: Sequence[LaneName]
    devices: Callable[[], Sequence[DeviceFacts]]
    drivers: Callable[[], Sequence[Driver]]

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {"devices": self._devices, "lane_health": self._health}

    async def _devices(self, _ask: Ask) -> object:
        """Give every device of the map, with how long the last scans of each class took."""
        figures = {driver.name: driver.figures() for driver in self.drivers()}
        return [
            {
                **asdict(one),
                "tag": device_tag(one.name, "state").rpartition(".")[0],
                "scans": [
                    {"class": scan, "period_ms": period_s * 1000, "tags": tags, "times": as_json(times)}
                    for scan, (period_s, tags) in one.scans.items()
                    if (times := spread(_times(figures.get(one.name), scan))) is not None or tags
                ],
            }
            for one in self.devices()
        ]

    async def _health(self, ask: Ask) -> object:
        """Hold a lane's loops against its cameras and its boom against what it was."""
        lane, days = LaneName(text_of(ask, "lane")), whole_number(ask, "days", 1, MOST_DAYS)
        if lane not in self.lanes:
            raise BridgeRefusal("bad_args", f"there is no lane {lane!r}")
        until = self.clock.now().replace(minute=0, second=0, microsecond=0) + HOUR
        since = until - timedelta(days=days)
        gate = await self.db.read(
            lambda conn: gate_health(
                lanefigures.cycles_of(conn, self.site, lane, since, self.zone),
                lanefigures.faults_of(conn, self.site, lane, since),
                lanefigures.answers_of(conn, self.site, lane, since),
            )
        )
        cars = await self.db.read(lambda conn: lanefigures.cars_by_hour(conn, self.site, lane, since))
        return {
            "since": since.isoformat(),
            "gate": as_json(gate),
            "loops": await self._loops(lane, since, until, cars),
        }

    async def _loops(
        self, lane: LaneName, since: datetime, until: datetime, cars: Mapping[datetime, int]
    ) -> Mapping[str, object]:
        names = [name for loop in LOOPS if (name := TagName(f"{lane}.{loop}")) in self.tags]
        hours = int((until - since) / HOUR)
        try:
            found = await self.history.trend(names, since, until, hours)
        except StoreError as error:
            raise BridgeRefusal("failed", f"the history does not answer: {error}") from error
        return {series.name: as_json(loop_health(_hours(series, cars))) for series in found}


def _times(figures: DeviceFigures | None, scan: str) -> Sequence[float]:
    return () if figures is None else tuple(figures.scans.get(scan, ()))


def _hours(series: Series, cars: Mapping[datetime, int]) -> list[LoopHour]:
    """Make hours of a loop's buckets; a bucket of several hours has the cars of all of them."""
    found = []
    for bucket in series.buckets:
        seen = sum(count for at, count in cars.items() if bucket.at <= at < bucket.at + series.step)
        on_s = (bucket.mean or 0.0) * bucket.known.total_seconds()
        found.append(LoopHour(bucket.points, on_s, seen))
    return found
