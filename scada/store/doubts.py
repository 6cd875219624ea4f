"""The UNCERTAIN list: passages of which nobody can say what came of their cars, until a stocktake settles them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection, bindparam, func, insert, select, update

from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Passage
from scada.model.names import LaneName, PassageId, SiteId, StayId
from scada.model.plate import Plate
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import uncertain

WHY = {
    PassageOutcome.NONE: "nobody saw how it ended",
    PassageOutcome.FORWARD: "a vehicle went through, by whose leave is not known",
    PassageOutcome.BACKED_OUT: "a vehicle backed out, which one is not known",
    PassageOutcome.REVERSED_THROUGH: "a vehicle reversed through, which one is not known",
    PassageOutcome.WRONG_WAY: "a vehicle came the wrong way, which one is not known",
    PassageOutcome.TAILGATE: "a vehicle followed another without leave",
    PassageOutcome.UNCERTAIN: "nobody can tell which way the vehicle went",
}

_BY_LANE = (
    select(uncertain.c.lane, func.count())
    .where(uncertain.c.site == bindparam("of"), uncertain.c.settled_at.is_(None))
    .group_by(uncertain.c.lane)
)
"""Made once: every car that comes asks it."""


class Found(Enum):
    """What a stocktake finds of the car: it stands inside, it is gone, or there was none."""

    INSIDE = "inside"
    GONE = "gone"
    NO_CAR = "no-car"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One entry of the list that is still open."""

    id: int
    lane: LaneName
    passage: PassageId
    number: int
    why: str
    plate: Plate | None
    stay: StayId | None
    at: datetime


class DoubtError(Exception):
    """An entry cannot be settled: it is not there, or it is settled already."""


def add(conn: Connection, site: SiteId, lane: LaneName, ended: Passage, why: str, at: datetime) -> None:
    """Put a passage onto the list, inside the transaction that writes it down; once is enough."""
    if conn.execute(select(uncertain.c.id).where(uncertain.c.passage == ended.id)).first() is not None:
        return
    plate = ended.read.text if ended.read else None
    values = {"passage": ended.id, "number": ended.number, "plate": plate, "stay": ended.stay, "at": at}
    conn.execute(insert(uncertain).values(site=site, lane=lane, why=why[:200], **values))


def still_open(conn: Connection, site: SiteId) -> list[Doubt]:
    """Give what nobody has settled yet, oldest first."""
    mine = (uncertain.c.site == site) & uncertain.c.settled_at.is_(None)
    names = Doubt.__dataclass_fields__
    query = select(*(uncertain.c[name] for name in names)).where(mine).order_by(uncertain.c.id)
    return [Doubt(**row) for row in conn.execute(query).mappings()]


def by_lane(conn: Connection, site: SiteId) -> dict[LaneName, int]:
    """Count what nobody has settled yet, lane by lane."""
    return {LaneName(lane): number for lane, number in conn.execute(_BY_LANE, {"of": site})}


def settle(
    conn: Connection, site: SiteId, doubt: int, found: Found, by: str, at: datetime, *, evidence: str = ""
) -> None:
    """Say what a stocktake found, and how that is known, and write it into the journal. Raises DoubtError."""
    mine = (uncertain.c.site == site) & (uncertain.c.id == doubt)
    row = conn.execute(select(uncertain).where(mine)).one_or_none()
    if row is None:
        raise DoubtError(f"there is no entry {doubt} on the list")
    if row.settled_at is not None:
        raise DoubtError(f"entry {doubt} was settled by {row.settled_by}: {row.outcome}")
    conn.execute(update(uncertain).where(mine).values(settled_at=at, settled_by=by, outcome=found.value))
    body: dict[str, object] = {"entry": doubt, "found": found.value, "plate": row.plate, "stay": row.stay}
    body |= {"note": evidence} if evidence else {}
    entry = JournalEntry("person", by, "uncertain settled", LaneName(row.lane), PassageId(row.passage), body)
    write_entries(conn, site, at, [entry])
