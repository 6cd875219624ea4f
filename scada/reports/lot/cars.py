"""Cars that came and left: each counts in the lane and at the moment of the passage by which it did."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from sqlalchemy import Connection, case, func, select

from scada.model.lane.words import Ending
from scada.model.names import SiteId
from scada.store.schema import passage as passages
from scada.store.schema import stay as stays
from scada.store.sql.hours import cut, length_for, moment_of

LATE: Final = timedelta(hours=1)
"""A stay is written so much after its passage at most: its car was still being made out."""
UNCOUNTED: Final = frozenset({Ending.EXIT_UNSEEN.value, Ending.ANNULLED.value})
"""Endings without a car that left: nobody saw it, or it had never been in."""


class Cars(NamedTuple):
    """Stays that began (`ending` is empty) or ended alike, of one hour, lane and sort of vehicle; `at` is in that hour.

    `fee_fen` is what they came to together, `without_fee` how many of them came to nothing.
    """

    at: datetime
    lane: str
    vehicle: str
    ending: str
    number: int
    fee_fen: int = 0
    without_fee: int = 0


def read_cars(
    connection: Connection, site: SiteId, since: datetime, until: datetime, zone: tzinfo | None = None
) -> Iterator[Cars]:
    """Read who came, and who left, from `since` to before `until`, hour by hour of the site's clock.

    Without a zone they are summed up over all hours, lanes and vehicles, which are left out: it takes half the time.
    """
    length = 0 if zone is None else length_for(zone, since)
    yield from _came(connection, site, since, until, length)
    yield from _left(connection, site, since, until, length)


def _came(connection: Connection, site: SiteId, since: datetime, until: datetime, length: int) -> Iterator[Cars]:
    seen = (passages.c.id == stays.c.entry_passage) & (passages.c.lane == stays.c.entry_lane)
    at = func.coalesce(passages.c.ended_at, stays.c.entered_at, type_=stays.c.entered_at.type)
    around = stays.c.entered_at.between(since - LATE, until + LATE)
    place = (cut(at, length), stays.c.entry_lane, stays.c.plate_kind) if length else ()
    query = select(func.count(), *place).select_from(stays.outerjoin(passages, seen)).group_by(*place)
    mine = (stays.c.site == site) & around & (at >= since) & (at < until)
    for number, *where in connection.execute(query.where(mine)).all():
        yield Cars(*_place(where, since), "", number)


def _left(connection: Connection, site: SiteId, since: datetime, until: datetime, length: int) -> Iterator[Cars]:
    seen = (passages.c.id == stays.c.exit_passage) & (passages.c.lane == stays.c.exit_lane)
    at = func.coalesce(passages.c.ended_at, stays.c.exited_at, type_=stays.c.exited_at.type)
    around = stays.c.exited_at.between(since - LATE, until + LATE)
    place = (cut(at, length), stays.c.exit_lane, stays.c.plate_kind) if length else ()
    sums = (func.count(), func.sum(stays.c.fee_fen), func.sum(case((stays.c.fee_fen == 0, 1), else_=0)))
    query = select(stays.c.ending, *sums, *place).select_from(stays.outerjoin(passages, seen))
    mine = (stays.c.site == site) & stays.c.ending.is_not(None) & around & (at >= since) & (at < until)
    rows = connection.execute(query.where(mine).group_by(stays.c.ending, *place)).all()
    for ending, number, fees, free, *where in rows:
        yield Cars(*_place(where, since), ending, number, int(fees), int(free))


def _place(where: Sequence[str | None], since: datetime) -> tuple[datetime, str, str]:
    if not where:
        return since, "", ""
    hour, lane, vehicle = where
    return moment_of(hour or ""), lane or "", vehicle or ""
