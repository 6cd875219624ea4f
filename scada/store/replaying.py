"""What the replay of a passage is made of: the steps of its lane, and all that hangs on its id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from scada.model.names import LaneName, PassageId, SiteId
from scada.model.timeline import Change, of_step
from scada.store.journal import JournalRow, first_of, rows_of_lane
from scada.store.passagefile import Page, pages
from scada.store.schema import journal
from scada.store.schema import passage as passage_table

KINDS, ACTOR = ("decision", "event"), "lane"
"""The journal's rows that are steps of a lane."""
LEAD, TAIL = timedelta(seconds=2), timedelta(seconds=12)
"""A replay begins so much before the passage, and goes on so long after it: the boom comes down behind the car."""
LONGEST = timedelta(hours=2)
MOST_STEPS = 3000


@dataclass(frozen=True, slots=True)
class Recording:
    """A passage as it was recorded; `ended_at` is None while it lasts. Nothing changed from `since` until it began."""

    passage: PassageId
    lane: LaneName
    since: datetime
    began_at: datetime
    ended_at: datetime | None
    until: datetime
    changes: tuple[Change, ...]
    pages: tuple[Page, ...]


def recording(conn: Connection, site: SiteId, passage: PassageId, now: datetime) -> Recording | None:
    """Read a passage; None if no lane has recorded such a one."""
    first = first_of(conn, site, passage, KINDS, ACTOR)
    if first is None or first.lane is None:
        return None
    mine = (passage_table.c.site == site) & (passage_table.c.id == passage)
    ended_at = conn.execute(select(passage_table.c.ended_at).where(mine)).scalar()
    until = min(now if ended_at is None else ended_at + TAIL, first.at + LONGEST)
    since = max(first.at - LEAD, _last_before(conn, site, first) or first.at - LEAD)
    changes: list[Change] = []
    steps: list[Page] = []
    for number, row in enumerate(rows_of_lane(conn, site, first.lane, KINDS, ACTOR, first.n)):
        if row.at > until or number >= MOST_STEPS:
            break
        changes += of_step(row.at, row.body, since if number == 0 else None)
        if row.kind == KINDS[0] and row.passage in (passage, None):
            steps += _decided(row.at, row.what, row.body)
    told = sorted([*pages(conn, site, passage), *steps], key=lambda page: page.at)
    return Recording(passage, first.lane, since, first.at, ended_at, until, tuple(changes), tuple(told))


def _last_before(conn: Connection, site: SiteId, first: JournalRow) -> datetime | None:
    """Give the time of the lane's step before this one: from then until this one nothing changed."""
    mine = (journal.c.site == site) & (journal.c.lane == first.lane) & (journal.c.actor == ACTOR)
    query = select(journal.c.at).where(mine & journal.c.kind.in_(KINDS) & (journal.c.n < first.n))
    at: datetime | None = conn.execute(query.order_by(journal.c.n.desc()).limit(1)).scalar()
    return at


def _decided(at: datetime, state: str, body: Mapping[str, object]) -> Iterator[Page]:
    """Tell a step that decided: the state it led to, and what the display was to say."""
    if body.get("from") != state:
        yield Page(at, "state", f"{body.get('from')} -> {state}", {"state": state, "from": body.get("from")})
    commands = body.get("commands")
    for command in commands if isinstance(commands, list) else ():
        if isinstance(command, dict) and command.get("is") == "Show":
            message = str(command.get("message", "")).lower()
            yield Page(at, "display", message, {"message": message})
