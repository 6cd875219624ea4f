"""The books of the lanes: passages, rises of the boom, cases. Each function works inside a transaction."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from scada.model.handshake import PassageOutcome, RiseCause
from scada.model.lane.words import Passage
from scada.model.names import CaseId, LaneName, PassageId, SiteId
from scada.store import doubts
from scada.store.schema import case, intent, passage, rise

UNCERTAIN = "UNCERTAIN"
"""The note of a passage of which nobody can say what came of its car."""


def record_passage(
    conn: Connection,
    site: SiteId,
    lane: LaneName,
    ended: Passage,
    outcome: PassageOutcome,
    note: str,
    at: datetime,
) -> None:
    """Write down a passage that has ended; one that is `UNCERTAIN` goes onto the list for stocktake, too."""
    read = ended.read
    conn.execute(
        insert(passage).values(
            id=ended.id,
            site=site,
            lane=lane,
            number=ended.number,
            began_at=ended.began_at,
            ended_at=at,
            outcome=outcome.name,
            plate=read.text if read else None,
            read_by=read.by.value if read else None,
            confidence=read.confidence if read else None,
            picture=read.picture if read else None,
            stay=ended.stay,
            note=note,
        )
    )
    if note == UNCERTAIN:
        doubts.add(conn, site, lane, ended, ended.doubt or doubts.WHY[outcome], at)


def count_noted(conn: Connection, site: SiteId, lane: LaneName, note: str, since: datetime) -> int:
    """Count the passages of a lane with a note that have ended since a moment."""
    mine = (passage.c.site == site) & (passage.c.lane == lane) & (passage.c.note == note)
    query = select(func.count()).select_from(passage).where(mine, passage.c.ended_at >= since)
    return conn.execute(query).scalar_one()


def newest(conn: Connection, site: SiteId, lane: LaneName) -> tuple[int | None, int | None]:
    """Give the PLC's count of the last rise and the number of the last passage on record; None where there is none."""
    last_rise = select(rise.c.count).where(rise.c.site == site, rise.c.lane == lane).order_by(rise.c.id.desc())
    return conn.scalar(last_rise.limit(1)), _newest_passage(conn, site, lane)


def _newest_passage(conn: Connection, site: SiteId, lane: LaneName) -> int | None:
    """Before a lane's first passage has ended, its first command says which number was the next."""
    mine = (passage.c.site == site) & (passage.c.lane == lane)
    ended = select(passage.c.number).where(mine).order_by(passage.c.ended_at.desc(), passage.c.number.desc())
    begun = select(intent.c.number - 1).where(intent.c.site == site, intent.c.lane == lane).order_by(intent.c.id)
    number = conn.scalar(ended.limit(1))
    return conn.scalar(begun.limit(1)) if number is None else number


def record_rise(
    conn: Connection,
    site: SiteId,
    lane: LaneName,
    count: int,
    cause: RiseCause,
    of: PassageId | None,
    number: int,
    at: datetime,
) -> None:
    """Write down one rise of a boom with its cause; `number` is the PLC's `rise.passage`."""
    values = {"count": count, "cause": cause.name, "passage": of, "number": number, "at": at}
    conn.execute(insert(rise).values(site=site, lane=lane, **values))


def open_case(
    conn: Connection, site: SiteId, lane: LaneName, of: PassageId, why: str, at: datetime, case_id: CaseId
) -> None:
    """Open a case about a passage, unless it is open already."""
    mine = (case.c.site == site) & (case.c.passage == of) & (case.c.why == why) & case.c.closed_at.is_(None)
    if conn.execute(select(case.c.id).where(mine)).first() is None:
        conn.execute(insert(case).values(id=case_id, site=site, lane=lane, passage=of, why=why, opened_at=at))


def close_case(conn: Connection, site: SiteId, of: PassageId, outcome: str, at: datetime) -> None:
    """Close whatever case is open about a passage."""
    mine = (case.c.site == site) & (case.c.passage == of) & case.c.closed_at.is_(None)
    conn.execute(update(case).where(mine).values(closed_at=at, outcome=outcome))


def close_orphans(conn: Connection, site: SiteId, lane: LaneName, at: datetime) -> None:
    """Close the cases of a lane that nobody remembers."""
    orphans = (case.c.site == site) & (case.c.lane == lane) & case.c.closed_at.is_(None)
    conn.execute(update(case).where(orphans).values(closed_at=at, outcome="the server was restarted"))
