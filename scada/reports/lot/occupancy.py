"""How full each zone was, hour by hour, how long cars stayed, and how often a space was used.

A car counts in a zone from the passage that brought it there to the one that took it away; in a nested lot it counts
in the zones around as well. A stay that ended unseen leaves when that was written down.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, func, select

from scada.model.lane.words import Ending, Reason
from scada.model.names import LaneName, SiteId, ZoneName
from scada.model.zones import Zones
from scada.reports.lot.cars import LATE
from scada.store import schema

BORDERS_MIN: Final = (15, 30, 60, 120, 240, 480, 720, 1440)
"""Where the classes of the dwell histogram end; the last one has no end."""
_GONE_IN_TIME: Final = (Ending.ANNULLED.value, Ending.EXIT_UNSEEN.value)


@dataclass(frozen=True, slots=True)
class Visit:
    """One stay in its zones: when it came into each, and when it left the last one (None: it is inside)."""

    where: tuple[tuple[datetime, ZoneName], ...]
    left: datetime | None
    ending: str
    is_free: bool

    @property
    def came(self) -> datetime:
        """When it came in."""
        return self.where[0][0]

    def is_inside(self, at: datetime) -> bool:
        """Say whether its car was in just before a moment."""
        return self.came < at and (self.left is None or self.left >= at)


@dataclass(frozen=True, slots=True)
class Hour:
    """One zone in one hour: cars when it began and ended, those that came and went, the most and the mean."""

    hour: datetime
    zone: ZoneName
    before: int
    came: int
    went: int
    after: int
    peak: int
    mean: float


@dataclass(frozen=True, slots=True)
class Dwells:
    """How long the cars that left had stayed: how many in each class, and the middle one in seconds.

    `free` of them left within the free period.
    """

    classes: tuple[int, ...]
    cars: int
    free: int
    median_s: float | None
    p90_s: float | None


def hours(visits: Iterable[Visit], zones: Zones, starts: Sequence[datetime], until: datetime) -> list[Hour]:
    """Reckon every zone and hour; `starts` are the beginnings of the hours, up to `until`."""
    steps = _steps(visits, zones)
    found: list[Hour] = []
    for zone in zones.all:
        mine = sorted(steps[zone.name])
        cars = sum(change for at, change in mine if at < starts[0])
        place = bisect_right(mine, (starts[0], -2))
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else until
            upto = bisect_right(mine, (end, -2))
            found.append(_hour(start, end, zone.name, cars, mine[place:upto]))
            cars, place = found[-1].after, upto
    return found


def _steps(visits: Iterable[Visit], zones: Zones) -> Mapping[ZoneName, list[tuple[datetime, int]]]:
    steps: defaultdict[ZoneName, list[tuple[datetime, int]]] = defaultdict(list)
    for visit in visits:
        before: tuple[ZoneName, ...] = ()
        for at, zone in visit.where:
            around = zones.around(zone)
            _turn(steps, at, before, around)
            before = around
        if visit.left is not None:
            _turn(steps, visit.left, before, ())
    return steps


def _turn(
    steps: Mapping[ZoneName, list[tuple[datetime, int]]],
    at: datetime,
    before: tuple[ZoneName, ...],
    after: tuple[ZoneName, ...],
) -> None:
    """Take a car out of the zones it has left, and into those it has come to."""
    for zone in before:
        if zone not in after:
            steps[zone].append((at, -1))
    for zone in after:
        if zone not in before:
            steps[zone].append((at, 1))


def _hour(start: datetime, end: datetime, zone: ZoneName, cars: int, steps: Sequence[tuple[datetime, int]]) -> Hour:
    before, peak, last, seconds = cars, cars, start, 0.0
    for at, change in steps:
        seconds += cars * (at - last).total_seconds()
        cars, last = cars + change, at
        peak = max(peak, cars)
    seconds += cars * (end - last).total_seconds()
    came = sum(change > 0 for _, change in steps)
    mean = seconds / (end - start).total_seconds()
    return Hour(start, zone, before, came, len(steps) - came, cars, peak, mean)


def dwells(visits: Iterable[Visit], since: datetime, until: datetime) -> Dwells:
    """Reckon the dwells of the cars that were seen to leave from `since` to before `until`."""
    gone = [one for one in visits if _left_between(one, since, until)]
    lengths = sorted((one.left - one.came).total_seconds() for one in gone if one.left is not None)
    classes = [0] * (len(BORDERS_MIN) + 1)
    for length in lengths:
        classes[bisect_right(BORDERS_MIN, length / 60)] += 1
    free = sum(one.is_free for one in gone)
    return Dwells(tuple(classes), len(lengths), free, _place(lengths, 50), _place(lengths, 90))


def _left_between(visit: Visit, since: datetime, until: datetime) -> bool:
    return visit.left is not None and since <= visit.left < until and visit.ending not in _GONE_IN_TIME


def _place(ordered: Sequence[float], percent: int) -> float | None:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else None


def read_visits(
    connection: Connection,
    site: SiteId,
    since: datetime,
    until: datetime,
    zone_of: Mapping[LaneName, ZoneName],
    zones: Zones,
) -> list[Visit]:
    """Read the stays that were open at some time from `since` to `until`."""
    stays = list(_stays(connection, site, since, until))
    is_nested = any(zone.parent for zone in zones.all)
    oldest = min((came for _, came, *_ in stays), default=until)
    moves = _moves(connection, site, oldest, until) if is_nested else {}
    found: list[Visit] = []
    for stay, came, lane, left, ending, is_free in stays:
        first = zone_of.get(LaneName(lane), zones.all[0].name)
        further = [(at, zones.known(zone)) for at, zone in moves.get(stay, []) if left is None or at < left]
        visit = Visit(((came, first), *further), left, ending or "", is_free)
        if came < until and (left is None or left >= since):
            found.append(visit)
    return found


def _stays(
    connection: Connection, site: SiteId, since: datetime, until: datetime
) -> Iterable[tuple[str, datetime, str, datetime | None, str | None, bool]]:
    table, entry, leave = schema.stay.c, schema.passage.alias("entry"), schema.passage.alias("leave")
    came = func.coalesce(entry.c.ended_at, table.entered_at, type_=table.entered_at.type)
    left = func.coalesce(leave.c.ended_at, table.exited_at, type_=table.exited_at.type)
    joined = schema.stay.outerjoin(entry, and_(entry.c.id == table.entry_passage, entry.c.lane == table.entry_lane))
    joined = joined.outerjoin(leave, and_(leave.c.id == table.exit_passage, leave.c.lane == table.exit_lane))
    free = and_(table.fee_fen == 0, table.card.is_(None), table.exit_reason == Reason.FREE.value)
    query = select(table.id, came, table.entry_lane, left, table.ending, free).select_from(joined)
    for on in (table.exited_at.is_(None), table.exited_at >= since - LATE):
        for row in connection.execute(query.where(table.site == site, came < until, on)):
            stay, came_at, lane, left_at, ending, is_free = row
            yield stay, came_at, lane, left_at if ending is not None else None, ending, bool(is_free)


def _moves(
    connection: Connection, site: SiteId, since: datetime, until: datetime
) -> Mapping[str, list[tuple[datetime, str]]]:
    """Read into which zones cars went further: billing tells the journal."""
    table = schema.journal.c
    days = and_(table.site == site, table.kind == "event", table.at >= since, table.at < until)
    told = and_(days, table.what == "stay moved")
    found: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for at, body in connection.execute(select(table.at, table.body).where(told).order_by(table.n)):
        found[str(body.get("stay"))].append((at, str(body.get("zone"))))
    return found


def mean_of(hours_of_zone: Sequence[Hour]) -> float:
    """Give the mean of a zone over hours of one length."""
    return sum(one.mean for one in hours_of_zone) / len(hours_of_zone) if hours_of_zone else 0.0


def turnover(came: int, spaces: int | None, days: timedelta) -> float | None:
    """Say how often each space was taken a day; None where no number of spaces is known."""
    return came / spaces / (days / timedelta(days=1)) if spaces else None
