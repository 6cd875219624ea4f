"""The UNCERTAIN list: passages of which nobody can say what came of their cars, until a stocktake settles them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Passage
from scada.model.names import LaneName, PassageId, PictureId, SiteId, StayId
from scada.model.plate import Plate, is_nearly
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import passage, uncertain
from scada.store.schema import stay as stays

WHY = {
    PassageOutcome.NONE: "nobody saw how it ended",
    PassageOutcome.FORWARD: "a vehicle went through, by whose leave is not known",
    PassageOutcome.BACKED_OUT: "a vehicle backed out, which one is not known",
    PassageOutcome.REVERSED_THROUGH: "a vehicle reversed through, which one is not known",
    PassageOutcome.WRONG_WAY: "a vehicle came the wrong way, which one is not known",
    PassageOutcome.TAILGATE: "a vehicle followed another without leave",
    PassageOutcome.UNCERTAIN: "nobody can tell which way the vehicle went",
}

MOST_ALIKE: Final = 8
"""So many entries are offered for one car."""

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


def may_be(conn: Connection, site: SiteId, lanes: Collection[LaneName], plates: Collection[Plate]) -> list[Doubt]:
    """Give the entries by `lanes` under which a car that wears one of `plates` may have come in, the likeliest first.

    The same plate goes before one that is alike, the newest before older ones. A car that has come in again since, or
    whose stay is known, is none of them.
    """
    mine = [one for one in still_open(conn, site) if one.lane in lanes and one.plate is not None and one.stay is None]
    alike = [one for one in mine if any(is_nearly(one.plate or Plate(""), plate) for plate in plates)]
    likely = sorted(alike, key=lambda one: (one.plate in plates, one.at), reverse=True)
    return [one for one in likely if not came_again(conn, site, one)][:MOST_ALIKE]


def came_again(conn: Connection, site: SiteId, one: Doubt) -> bool:
    """Say whether the car of an entry has come in anew, after it or by it: its stay says more than the entry."""
    if one.plate is None:
        return False
    mine = (stays.c.site == site) & (stays.c.plate == one.plate) & (stays.c.entered_at >= one.at)
    return conn.execute(select(stays.c.id).where(mine).limit(1)).first() is not None


def picture_of(conn: Connection, site: SiteId, of: PassageId) -> PictureId | None:
    """Give the picture of a passage that has ended."""
    mine = (passage.c.site == site) & (passage.c.id == of)
    name = conn.scalar(select(passage.c.picture).where(mine))
    return None if name is None else PictureId(name)


def settle(
    conn: Connection, site: SiteId, doubt: int, found: Found, by: str, at: datetime, *, evidence: str = ""
) -> Doubt:
    """Say what a stocktake found, and how that is known, and write it into the journal; gives the entry.

    Raises DoubtError.
    """
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
    return Doubt(**{name: row._mapping[name] for name in Doubt.__dataclass_fields__})
