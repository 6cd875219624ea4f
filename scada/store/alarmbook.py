"""The book of alarms: how each stands, and what happened to them. Plain functions of a connection."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from scada.model.alarm.kept import Happening, Kept
from scada.model.alarm.memory import Design, Memory, Shelf
from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import alarm as alarms
from scada.store.schema import alarm_event as events
from scada.store.schema import journal

ACTOR: Final = "alarms"
RAISED: Final = "alarm"
"""The journal's kind of what raises an alarm; whoever finds something writes it with the thing itself."""
CHANGED: Final = "alarm_state"
"""The journal's kind of every other change of an alarm."""
_FLAGS: Final = ("active", "unacked", "latched", "suppressed", "out_of_service")
_PLAIN: Final = tuple(one.name for one in fields(Kept) if one.name != "memory")


@dataclass(frozen=True, slots=True)
class Raised:
    """A row of the journal that raises an alarm."""

    n: int
    code: str
    actor: str
    lane: LaneName | None
    passage: PassageId | None
    body: dict[str, object]


def read_all(conn: Connection, site: SiteId) -> list[Kept]:
    """Give every alarm that ever stood."""
    return [_kept(row) for row in conn.execute(select(alarms).where(alarms.c.site == site)).mappings()]


def write(
    conn: Connection,
    site: SiteId,
    at: datetime,
    kept: Collection[Kept],
    happened: Sequence[Happening],
    raised: Sequence[JournalEntry] = (),
) -> None:
    """Write alarms as they stand now, and what happened to them, in the book and in the journal; and what is raised."""
    write_entries(conn, site, at, raised)
    for one in kept:
        row = _row(one)
        mine = (alarms.c.site == site) & (alarms.c.id == one.id)
        if conn.execute(update(alarms).where(mine).values(**row)).rowcount == 0:
            conn.execute(insert(alarms).values(site=site, **row))
    if happened:
        conn.execute(insert(events), [_event(site, one) for one in happened])
    for what in happened:
        if not what.is_told:
            write_entries(conn, site, what.at, [_entry(what)])


def told_since(conn: Connection, site: SiteId, after: int) -> tuple[int, list[Raised]]:
    """Give the journal's last number, and what parts have told after row `after`, in order."""
    last = conn.execute(select(journal.c.n).order_by(journal.c.n.desc()).limit(1)).scalar_one_or_none() or 0
    mine = (journal.c.site == site) & (journal.c.kind == RAISED) & (journal.c.actor != ACTOR)
    query = select(journal).where(mine & (journal.c.n > after) & (journal.c.n <= last)).order_by(journal.c.n)
    rows = conn.execute(query).mappings()
    return last, [
        Raised(row["n"], row["what"], row["actor"], row["lane"], row["passage"], row["body"] or {}) for row in rows
    ]


def page(conn: Connection, site: SiteId, before: int | None, limit: int, alarm: str = "") -> list[dict[str, object]]:
    """Give what happened last, newest first: before row `before`, of one alarm if it is named."""
    query = select(events).where(events.c.site == site).order_by(events.c.n.desc()).limit(limit)
    if before is not None:
        query = query.where(events.c.n < before)
    if alarm:
        query = query.where(events.c.alarm == alarm)
    return [dict(row) for row in conn.execute(query).mappings()]


def announced(conn: Connection, site: SiteId, since: datetime) -> list[RowMapping]:
    """Give what figures are made of: when which alarm was announced, came or went since then, in order."""
    names = ("at", "alarm", "code", "lane", "priority", "what", "announced")
    query = select(*(events.c[name] for name in names)).where(events.c.site == site, events.c.at >= since)
    return list(conn.execute(query.order_by(events.c.at, events.c.n)).mappings())


def _kept(row: RowMapping) -> Kept:
    shelf = Shelf(row["shelved_until"] or _latest(row), row["shelved_once"]) if row["shelved"] else None
    memory = Memory(**{name: row[name] for name in _FLAGS}, shelf=shelf, seen=row["active"])
    return Kept(memory=memory, **{name: row[name] for name in _PLAIN})


def _row(one: Kept) -> dict[str, object]:
    memory = one.memory
    row: dict[str, object] = {name: getattr(one, name) for name in _PLAIN}
    row |= {name: getattr(memory, name) for name in _FLAGS}
    shelf = memory.shelf
    told = {"shelved_until": shelf and shelf.until, "shelved_once": shelf is not None and shelf.one_shot}
    return row | {"shelved": shelf is not None, **told}


def _latest(row: RowMapping) -> datetime:
    """Give the end of a shelf that was kept when those for once had none."""
    at: datetime = row["changed_at"] or row["since"]
    return at + Design().shelve_most


def _event(site: SiteId, one: Happening) -> dict[str, object]:
    return {
        "site": site,
        "at": one.at,
        "alarm": one.alarm,
        "code": one.code,
        "lane": one.lane,
        "priority": one.priority,
        "what": one.what,
        "state": one.state,
        "by": one.by,
        "note": one.note,
        "value": one.value,
        "announced": one.is_announced,
    }


def _entry(one: Happening) -> JournalEntry:
    told = {"alarm": one.alarm, "state": one.state, "priority": one.priority, "value": one.value, "note": one.note}
    body: dict[str, object] = {name: value for name, value in told.items() if value != ""}
    if one.by:
        return JournalEntry("person", one.by, f"alarm {one.what}", one.lane, None, body)
    if one.what == "raised":
        return JournalEntry(RAISED, ACTOR, one.code, one.lane, None, {**body, "text": one.text})
    return JournalEntry(CHANGED, ACTOR, one.what, one.lane, None, body)
