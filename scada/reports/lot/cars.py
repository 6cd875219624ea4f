"""Cars that came and left: each counts in the lane and at the moment of the passage by which it did."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from scada.model.lane.words import Ending
from scada.model.names import SiteId
from scada.store.schema import passage as passages
from scada.store.schema import stay as stays

LATE: Final = timedelta(hours=1)
"""A stay is written so much after its passage at most: its car was still being made out."""
UNCOUNTED: Final = frozenset({Ending.EXIT_UNSEEN.value, Ending.ANNULLED.value})
"""Endings without a car that left: nobody saw it, or it had never been in."""


@dataclass(frozen=True, slots=True)
class Car:
    """A stay began (`ending` is empty) or ended. `reason` is that of its leave, `fee_fen` what it came to."""

    at: datetime
    lane: str
    vehicle: str
    ending: str
    reason: str
    fee_fen: int
    has_card: bool
    dwell: timedelta


def read_cars(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Iterator[Car]:
    """Read who came, and who left, from `since` to before `until`."""
    yield from (car for car in _came(connection, site, since, until) if since <= car.at < until)
    yield from (car for car in _left(connection, site, since, until) if since <= car.at < until)


def _came(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Iterator[Car]:
    seen = (passages.c.id == stays.c.entry_passage) & (passages.c.lane == stays.c.entry_lane)
    at = func.coalesce(passages.c.ended_at, stays.c.entered_at, type_=stays.c.entered_at.type)
    around = stays.c.entered_at.between(since - LATE, until + LATE)
    columns = (at, stays.c.entry_lane, stays.c.plate_kind, stays.c.card)
    query = select(*columns).select_from(stays.outerjoin(passages, seen)).where(stays.c.site == site, around)
    for moment, lane, vehicle, card in connection.execute(query):
        yield Car(moment, lane, vehicle, "", "", 0, card is not None, timedelta())


def _left(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Iterator[Car]:
    seen = (passages.c.id == stays.c.exit_passage) & (passages.c.lane == stays.c.exit_lane)
    at = func.coalesce(passages.c.ended_at, stays.c.exited_at, type_=stays.c.exited_at.type)
    around = stays.c.exited_at.between(since - LATE, until + LATE)
    columns = (
        at,
        stays.c.exit_lane,
        stays.c.plate_kind,
        stays.c.ending,
        stays.c.exit_reason,
        stays.c.fee_fen,
        stays.c.card,
        stays.c.entered_at,
    )
    query = select(*columns).select_from(stays.outerjoin(passages, seen))
    mine = (stays.c.site == site) & stays.c.ending.is_not(None) & around
    for moment, lane, vehicle, ending, reason, fee, card, entered in connection.execute(query.where(mine)):
        dwell = moment - entered
        yield Car(moment, lane or "", vehicle, ending, reason or "", fee, card is not None, dwell)
