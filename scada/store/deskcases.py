"""Cases of the desk in the database: what of them stands in the books, who took which, and how each ended."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select, update

from scada.model.desk.cases import Case, Hold, Kind
from scada.model.lane.words import Ending
from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import desk_case as cases
from scada.store.schema import money_case, passage, stay, uncertain

REVIEW_DAYS: Final = 30
"""For so long a tailgater's debt, or a car that left without a stay, waits for somebody to look at it."""
MOST: Final = 200
NO_STAY: Final = "NO_STAY"
BY_ITSELF: Final = "ended by itself"


def papers(conn: Connection, site: SiteId, now: datetime) -> list[Case]:
    """Give what stands open in the books, for which no car waits."""
    since = now - timedelta(days=REVIEW_DAYS)
    reviewed = [*_tailgaters(conn, site, since), *_without_stay(conn, site, since)]
    done = _seen_to(conn, site, [case.ref for case in reviewed])
    return [*_money(conn, site), *_uncertain(conn, site), *(case for case in reviewed if case.ref not in done)]


def _money(conn: Connection, site: SiteId) -> list[Case]:
    table = money_case.c
    query = (
        select(money_case).where(table.site == site, table.closed_at.is_(None)).order_by(table.opened_at).limit(MOST)
    )
    return [
        Case(f"money:{row.ref}"[:96], Kind.MONEY, row.opened_at, row.what, owner=row.owner or "")
        for row in conn.execute(query)
    ]


def _uncertain(conn: Connection, site: SiteId) -> list[Case]:
    table = uncertain.c
    query = select(uncertain).where(table.site == site, table.settled_at.is_(None)).order_by(table.id).limit(MOST)
    return [
        Case(f"uncertain:{row.id}", Kind.UNCERTAIN, row.at, row.why, row.lane, row.passage, row.stay or "")
        for row in conn.execute(query)
    ]


def _tailgaters(conn: Connection, site: SiteId, since: datetime) -> list[Case]:
    table = stay.c
    owing = (table.site == site) & (table.ending == Ending.EXIT_TAILGATE.value) & (table.arrears_fen > 0)
    query = select(stay).where(owing, table.exited_at >= since).order_by(table.exited_at.desc()).limit(MOST)
    why = "a car followed another one out and owes its fee"
    return [
        Case(
            f"tailgate:{row.id}", Kind.TAILGATE, row.exited_at, why, row.exit_lane or "", row.exit_passage or "", row.id
        )
        for row in conn.execute(query)
    ]


def _without_stay(conn: Connection, site: SiteId, since: datetime) -> list[Case]:
    table = passage.c
    left = (table.site == site) & (table.note == NO_STAY) & (table.ended_at >= since)
    query = select(passage).where(left).order_by(table.ended_at.desc()).limit(MOST)
    why = "a car has left of which no stay is known"
    return [
        Case(f"left:{row.id}", Kind.LEFT_NO_STAY, row.ended_at, why, row.lane, row.id) for row in conn.execute(query)
    ]


def _seen_to(conn: Connection, site: SiteId, refs: Collection[str]) -> frozenset[str]:
    done = (cases.c.site == site) & cases.c.ref.in_(refs) & cases.c.resolved_at.is_not(None)
    return frozenset(conn.execute(select(cases.c.ref).where(done)).scalars())


def holds(conn: Connection, site: SiteId) -> dict[str, Hold]:
    """Give what is on record of the cases that have not ended."""
    query = select(cases).where(cases.c.site == site, cases.c.resolved_at.is_(None))
    return {row.ref: Hold(row.opened_at, row.owner or "", row.answered_at) for row in conn.execute(query)}


def begin(conn: Connection, site: SiteId, ids: Sequence[str], new: Sequence[Case]) -> None:
    """Put new cases on record."""
    rows = [
        {
            "id": name,
            "site": site,
            "ref": case.ref,
            "kind": case.kind.value,
            "lane": case.lane or None,
            "passage": case.passage or None,
            "why": case.why[:200],
            "opened_at": case.since,
        }
        for name, case in zip(ids, new, strict=True)
    ]
    conn.execute(cases.insert(), rows)


def take(conn: Connection, site: SiteId, case: Case, by: str, at: datetime) -> bool:
    """Make a person the owner of a case that nobody has; False if somebody has, or it has ended."""
    mine = (cases.c.site == site) & (cases.c.ref == case.ref) & cases.c.resolved_at.is_(None) & cases.c.owner.is_(None)
    row = conn.execute(select(cases.c.answered_at).where(mine)).first()
    if row is None:
        return False
    first = {} if row.answered_at is not None else {"answered_at": at, "answered_by": by}
    conn.execute(update(cases).where(mine).values(owner=by, **first))
    _tell(conn, site, case, by, at, "takes a case", {"after_s": round((at - case.since).total_seconds(), 1)})
    return True


def give_back(conn: Connection, site: SiteId, case: Case, by: str, at: datetime) -> bool:
    """Let go of a case: somebody else may take it."""
    mine = (cases.c.site == site) & (cases.c.ref == case.ref) & cases.c.resolved_at.is_(None) & (cases.c.owner == by)
    if conn.execute(update(cases).where(mine).values(owner=None)).rowcount != 1:
        return False
    _tell(conn, site, case, by, at, "gives a case back", {})
    return True


def end(conn: Connection, site: SiteId, case: Case, by: str, at: datetime, outcome: str) -> bool:
    """Note how a case ended; False if it had."""
    mine = (cases.c.site == site) & (cases.c.ref == case.ref) & cases.c.resolved_at.is_(None)
    values = {"resolved_at": at, "resolved_by": by or None, "outcome": outcome[:200]}
    if conn.execute(update(cases).where(mine).values(**values)).rowcount != 1:
        return False
    if outcome != BY_ITSELF:
        _tell(conn, site, case, by, at, "settles a case", {"outcome": outcome})
    return True


def times(conn: Connection, site: SiteId, since: datetime, kinds: Collection[str]) -> list[tuple[float | None, float]]:
    """Give of the cases that were resolved since a moment, after how many seconds each was answered and resolved."""
    ended = (cases.c.site == site) & (cases.c.opened_at >= since) & cases.c.resolved_at.is_not(None)
    query = select(cases.c.opened_at, cases.c.answered_at, cases.c.resolved_at).where(ended, cases.c.kind.in_(kinds))
    return [
        (None if answered is None else (answered - opened).total_seconds(), (resolved - opened).total_seconds())
        for opened, answered, resolved in conn.execute(query.order_by(cases.c.opened_at.desc()).limit(MOST))
    ]


def _tell(
    conn: Connection, site: SiteId, case: Case, by: str, at: datetime, what: str, more: Mapping[str, object]
) -> None:
    lane = LaneName(case.lane) if case.lane else None
    car = PassageId(case.passage) if case.passage else None
    body: dict[str, object] = {"case": case.ref, "kind": case.kind.value, **more}
    write_entries(conn, site, at, [JournalEntry("person", by, what, lane, car, body)])
