"""What a person found of a passage in doubt: a car that is inside by it has its stay from then on (decision 82)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from billing.visit.visits import NO_ORDERS, Visits
from scada.model.lane.words import Passage, Reason
from scada.model.names import OrderId, StayId
from scada.model.plate import Plate, PlateRead
from scada.store import doubts
from scada.store.doubts import Doubt, Found

Typed = Callable[[Plate], PlateRead]


@dataclass(frozen=True, slots=True)
class Settling:
    """Which entry of the UNCERTAIN list, what was found of its car, by whom, and how that is known."""

    doubt: int
    found: Found
    by: str
    evidence: str = ""


def settle(
    conn: Connection, visits: Visits, at: datetime, what: Settling, typed: Typed
) -> tuple[StayId | None, tuple[OrderId, ...]]:
    """Settle an entry; gives the stay of a car that came in by it and is inside, and orders to be closed.

    The stay begins when the car came. There is none where the entry is about a way out or about a stay that is known,
    or where the car has come in again since. Raises DoubtError.
    """
    site = visits.books.site
    one = doubts.settle(conn, site, what.doubt, what.found, what.by, at, evidence=what.evidence)
    is_known = one.stay is not None or doubts.came_again(conn, site, one)
    if what.found is not Found.INSIDE or is_known or one.lane not in visits.park.ways_in:
        return None, NO_ORDERS
    passage = Passage(one.passage, one.number, one.at, _read(conn, visits, one, typed))
    return visits.begin(conn, at, one.lane, passage, Reason.ADMITTED, what.by, came_at=one.at)


def _read(conn: Connection, visits: Visits, one: Doubt, typed: Typed) -> PlateRead | None:
    if one.plate is None:
        return None
    return replace(typed(one.plate), picture=doubts.picture_of(conn, visits.books.site, one.passage))
