"""Calls for help in the database: one open call a car, however often it is pressed for; another car has its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Row, select, update

from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import help_call as calls

OUTCOME_MOST = 200
BUTTON: Final = "button"
PHONE: Final = "phone"


@dataclass(frozen=True, slots=True)
class HelpCall:
    """One call. `by`: button or phone."""

    id: str
    lane: LaneName
    passage: PassageId | None
    by: str
    presses: int
    called_at: datetime
    answered_at: datetime | None
    answered_by: str
    ended_at: datetime | None
    outcome: str


def open_calls(conn: Connection, site: SiteId) -> tuple[HelpCall, ...]:
    """Give the calls that have not ended, oldest first."""
    query = select(calls).where(calls.c.site == site, calls.c.ended_at.is_(None)).order_by(calls.c.called_at)
    return tuple(_call(row) for row in conn.execute(query))


def find(conn: Connection, site: SiteId, call: str) -> HelpCall | None:
    """Give a call by its id."""
    row = conn.execute(select(calls).where(calls.c.site == site, calls.c.id == call)).one_or_none()
    return None if row is None else _call(row)


def is_again(open_one: HelpCall, new: HelpCall) -> bool:
    """Say whether a call is a further press of one that is open at its lane.

    It is for the same car; and where nobody has answered a button yet, for whoever stands there: the car may have been
    seen only then. Who calls from elsewhere is nobody who has called before.
    """
    if open_one.passage is not None:
        return open_one.passage == new.passage
    return open_one.by == new.by == BUTTON and open_one.answered_at is None


def begin(conn: Connection, site: SiteId, new: HelpCall) -> HelpCall:
    """Begin a call, or count another press of one that is open; gives the call as it stands."""
    mine = (calls.c.site == site) & (calls.c.lane == new.lane) & calls.c.ended_at.is_(None)
    open_ones = [_call(row) for row in conn.execute(select(calls).where(mine).with_for_update())]
    found = next((one for one in open_ones if is_again(one, new)), None)
    if found is not None:
        changes = {"presses": found.presses + 1, "passage": new.passage or found.passage}
        return _call(
            conn.execute(update(calls).where(calls.c.id == found.id).values(**changes).returning(*calls.c)).one()
        )
    row = {"id": new.id, "lane": new.lane, "passage": new.passage, "by": new.by, "called_at": new.called_at}
    conn.execute(calls.insert().values(site=site, presses=1, **row))
    _tell(conn, site, new.called_at, JournalEntry("alarm", new.by, "a driver calls for help", new.lane, new.passage))
    return new


def answer(conn: Connection, site: SiteId, call: str, by: str, at: datetime) -> HelpCall | None:
    """Note who answers a call; None if it has ended, or somebody has answered."""
    waiting = (calls.c.site == site) & (calls.c.id == call) & calls.c.ended_at.is_(None)
    row = conn.execute(
        update(calls)
        .where(waiting, calls.c.answered_at.is_(None))
        .values(answered_at=at, answered_by=by)
        .returning(*calls.c)
    ).first()
    if row is None:
        return None
    body: dict[str, object] = {"after_s": round((at - row.called_at).total_seconds(), 1)}
    entry = JournalEntry("person", by, "answers a call for help", LaneName(row.lane), row.passage, body)
    _tell(conn, site, at, entry)
    return _call(row)


def end(conn: Connection, site: SiteId, call: str, by: str, at: datetime, outcome: str) -> bool:
    """End a call; False if it has ended."""
    open_one = (calls.c.site == site) & (calls.c.id == call) & calls.c.ended_at.is_(None)
    changes = {"ended_at": at, "outcome": outcome[:OUTCOME_MOST]}
    row = conn.execute(update(calls).where(open_one).values(**changes).returning(*calls.c)).first()
    if row is None:
        return False
    body: dict[str, object] = {"outcome": outcome, "answered_by": row.answered_by, "presses": row.presses}
    entry = JournalEntry("event", by, "a call for help has ended", LaneName(row.lane), row.passage, body)
    _tell(conn, site, at, entry)
    return True


def between(conn: Connection, site: SiteId, since: datetime, until: datetime) -> tuple[HelpCall, ...]:
    """Give the calls that began within a span, oldest first."""
    mine = (calls.c.site == site) & (calls.c.called_at >= since) & (calls.c.called_at < until)
    return tuple(_call(row) for row in conn.execute(select(calls).where(mine).order_by(calls.c.called_at)))


def _tell(conn: Connection, site: SiteId, at: datetime, entry: JournalEntry) -> None:
    write_entries(conn, site, at, [entry])


def _call(row: Row[tuple[object, ...]]) -> HelpCall:
    return HelpCall(
        id=row.id,
        lane=LaneName(row.lane),
        passage=None if row.passage is None else PassageId(row.passage),
        by=row.by,
        presses=row.presses,
        called_at=row.called_at,
        answered_at=row.answered_at,
        answered_by=row.answered_by or "",
        ended_at=row.ended_at,
        outcome=row.outcome or "",
    )
