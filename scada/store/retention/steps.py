"""The retention job's small steps: each is one short transaction, and a kill between two does no harm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, assert_never

from sqlalchemy import JSON, Connection, bindparam, delete, func, insert, select, update

from scada.model.names import SiteId
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.retention import seals
from scada.store.retention.hashing import hidden, hidden_body
from scada.store.retention.rules import Blank, Hide, Remove, Rule
from scada.store.schema import journal, retention_run

MOST: Final = 200
"""Rows of one step: a lane's transaction behind it waits for some milliseconds."""
JOURNAL: Final = "journal"
_CURSOR: Final = "journal_n"
LEAP: Final = timedelta(days=30)
"""A clock that stands so long after the last night may be wrong, and what it takes out never comes back."""


def due(conn: Connection, rule: Rule) -> int:
    """Count the rows of a rule that are due."""
    return conn.execute(select(func.count()).select_from(rule.table).where(rule.due)).scalar_one()


def step(conn: Connection, rule: Rule, key: bytes, most: int = MOST) -> int:
    """Do what a rule asks for with the first rows that are due; give how many there were."""
    ids = rule.table.primary_key.columns.values()[0]
    match rule.deed:
        case Hide(column=column):
            found = conn.execute(select(ids, rule.table.c[column]).where(rule.due).limit(most)).all()
            changes = [{"_id": name, "_told": _without(key, told)} for name, told in found]
            told = bindparam("_told", type_=rule.table.c[column].type)
            change = update(rule.table).where(ids == bindparam("_id")).values({column: told})
            if changes:
                conn.execute(change, changes)
            return len(changes)
        case Blank(values=values):
            names = conn.scalars(select(ids).where(rule.due).limit(most)).all()
            return conn.execute(update(rule.table).where(ids.in_(names)).values(values)).rowcount if names else 0
        case Remove():
            names = conn.scalars(select(ids).where(rule.due).limit(most)).all()
            return conn.execute(delete(rule.table).where(ids.in_(names))).rowcount if names else 0
        case _:
            assert_never(rule.deed)


def _without(key: bytes, told: object) -> object:
    return [hidden(key, str(one)) for one in told] if isinstance(told, list) else hidden(key, str(told))


def journal_due(conn: Connection, site: SiteId, before: datetime) -> int:
    """Count the journal's rows that no night has looked through, although they are old enough."""
    after, until = cursor(conn, site), _newest_before(conn, before)
    query = select(func.count()).select_from(journal).where(journal.c.n > after, journal.c.n <= until)
    return conn.execute(query).scalar_one()


def journal_step(
    conn: Connection, site: SiteId, day: date, key: bytes, before: datetime, at: datetime, most: int = MOST
) -> int:
    """Make plates of the journal's next old rows unreadable, and say so in the chain; 0 when at the end."""
    after, until = cursor(conn, site), _newest_before(conn, before)
    query = select(journal).where(journal.c.n > after, journal.c.n <= until).order_by(journal.c.n).limit(most)
    rows = [dict(row) for row in conn.execute(query).mappings()]
    changed = [hid for row in rows if (hid := _hidden_row(key, row)) is not None]
    if changed:
        told = bindparam("_body", type_=JSON)
        change = update(journal).where(journal.c.n == bindparam("_n"))
        many = [{"_n": row["n"], "_body": row["body"], "_resealed": row["resealed"]} for row in changed]
        conn.execute(change.values(body=told, resealed=bindparam("_resealed")), many)
        write_entries(conn, site, at, [_record(key, changed)])
    if rows:
        _note(conn, site, day, {JOURNAL: len(changed)}, int(rows[-1]["n"]))
    return len(rows)


def _hidden_row(key: bytes, row: dict[str, Any]) -> dict[str, Any] | None:
    """Give a row with its second seal; None where nothing in it has to go, or has gone already.

    A row that is not as it was written keeps its one seal, which shows that: a second one would cover it up.
    """
    body = hidden_body(key, row["body"])
    if body == row["body"] or row["resealed"] is not None or row["hash"] != seals.seal(row):
        return None
    changed = {**row, "body": body}
    return {**changed, "resealed": seals.second_seal(changed)}


def _record(key: bytes, changed: list[dict[str, Any]]) -> JournalEntry:
    first, last = int(changed[0]["n"]), int(changed[-1]["n"])
    digest = seals.digest_of((int(row["n"]), str(row["resealed"])) for row in changed)
    body: dict[str, object] = {
        "first": first,
        "last": last,
        "rows": len(changed),
        "digest": digest,
        "mac": seals.mac(key, first, last, digest),
    }
    return JournalEntry(seals.KIND, "retention", seals.WHAT, body=body)


def _newest_before(conn: Connection, before: datetime) -> int:
    query = select(journal.c.n).where(journal.c.at < before).order_by(journal.c.at.desc(), journal.c.n.desc()).limit(1)
    return conn.execute(query).scalar() or 0


def cursor(conn: Connection, site: SiteId) -> int:
    """Give the journal's row up to which a night has come."""
    query = select(retention_run.c.counts).where(retention_run.c.site == site).order_by(retention_run.c.day.desc())
    return max((int(counts.get(_CURSOR, 0)) for counts in conn.scalars(query.limit(400))), default=0)


def begin(conn: Connection, site: SiteId, day: date, at: datetime) -> None:
    """Begin a night, or go on with one that was cut short."""
    mine = (retention_run.c.site == site) & (retention_run.c.day == day)
    if conn.execute(select(retention_run.c.day).where(mine)).first() is None:
        conn.execute(insert(retention_run).values(site=site, day=day, began_at=at, counts={}))


def note(conn: Connection, site: SiteId, day: date, name: str, count: int) -> None:
    """Write down how many rows of a rule went, in the transaction in which they do."""
    if count:
        _note(conn, site, day, {name: count}, 0)


def _note(conn: Connection, site: SiteId, day: date, counts: Mapping[str, int], cursor_n: int) -> None:
    mine = (retention_run.c.site == site) & (retention_run.c.day == day)
    before = dict(conn.execute(select(retention_run.c.counts).where(mine)).scalar_one())
    after = before | {name: before.get(name, 0) + count for name, count in counts.items() if count}
    if cursor_n:
        after[_CURSOR] = cursor_n
    conn.execute(update(retention_run).where(mine).values(counts=after))


def end(conn: Connection, site: SiteId, day: date, at: datetime) -> Mapping[str, int]:
    """Write down that a night has come through, and give what went in it."""
    mine = (retention_run.c.site == site) & (retention_run.c.day == day)
    counts = dict(conn.execute(select(retention_run.c.counts).where(mine)).scalar_one())
    went = {name: count for name, count in counts.items() if name != _CURSOR}
    conn.execute(update(retention_run).where(mine).values(done_at=at))
    if went:
        write_entries(conn, site, at, [JournalEntry("event", "retention", "night done", body={"went": went})])
    return went


@dataclass(frozen=True, slots=True)
class Last:
    """The newest night that has come through, and since when there has been anything to look through."""

    day: date | None
    done_at: datetime | None
    since: datetime | None


def last(conn: Connection, site: SiteId) -> Last:
    """Say when the job has last come through."""
    done = select(retention_run.c.day, retention_run.c.done_at).where(
        retention_run.c.site == site, retention_run.c.done_at.is_not(None)
    )
    row = conn.execute(done.order_by(retention_run.c.day.desc()).limit(1)).first()
    since = conn.execute(select(func.min(journal.c.at))).scalar()
    return Last(None, None, since) if row is None else Last(row.day, row.done_at, since)


def has_leapt(last: Last, now: datetime) -> bool:
    """Say whether a person must tell first that the date is right."""
    return last.done_at is not None and now - last.done_at > LEAP
