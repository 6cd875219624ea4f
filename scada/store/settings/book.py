"""The versions of settings in SQL: each is written with its journal row, and none is ever changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, func, select, update

from scada.model.changes import changes
from scada.model.names import SiteId
from scada.model.settings import SettingKind, SettingVersion
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import setting_version as table

CHANGED = "setting changed"
WITHDRAWN = "setting withdrawn"


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What somebody sets, why, and from when on; `seen` is the version he looked at (0: none)."""

    kind: SettingKind
    subject: str
    content: Mapping[str, object]
    effective_from: datetime
    by: str
    reason: str
    seen: int
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Nothing was written: somebody else has made this version meanwhile."""

    version: int


def add(
    conn: Connection, site: SiteId, at: datetime, new: NewVersion, before: object = None
) -> SettingVersion | Overtaken:
    """Write the next version, and in the journal what it changes; `before` is what held if no version did."""
    last = _last(conn, site, new.kind, new.subject)
    if last != new.seen:
        return Overtaken(last)
    held = in_force(conn, site, new.kind, new.effective_from).get(new.subject)
    made = SettingVersion(
        new.kind, new.subject, last + 1, new.effective_from, new.content, new.by, at, new.signed_by, new.reason
    )
    conn.execute(table.insert().values(_row(site, made)))
    changed = changes(held.content if held is not None and held.content else before, new.content)
    body: dict[str, object] = {
        "kind": new.kind.value,
        "subject": new.subject,
        "version": made.version,
        "from": new.effective_from.isoformat(),
        "reason": new.reason,
        **({"second": new.signed_by} if new.signed_by else {}),
        "changes": [one.to_json() for one in changed],
    }
    write_entries(conn, site, at, [JournalEntry("person", new.by, CHANGED, body=body)])
    return made


def end(conn: Connection, site: SiteId, at: datetime, version: SettingVersion, by: str, reason: str) -> bool:
    """Withdraw a version; False if that was done before."""
    mine = _of(site, version.kind, version.subject) & (table.c.version == version.version)
    done = conn.execute(update(table).where(mine, table.c.ended_at.is_(None)).values(ended_at=at, ended_by=by)).rowcount
    if done:
        named = {"kind": version.kind.value, "subject": version.subject, "version": version.version}
        write_entries(conn, site, at, [JournalEntry("person", by, WITHDRAWN, body={**named, "reason": reason})])
    return bool(done)


def in_force(conn: Connection, site: SiteId, kind: SettingKind, at: datetime) -> dict[str, SettingVersion]:
    """Give the version that holds at a moment, by subject."""
    mine = (table.c.site == site) & (table.c.kind == kind.value) & table.c.ended_at.is_(None)
    query = select(table).where(mine, table.c.effective_from <= at).order_by(table.c.effective_from, table.c.version)
    return {row["subject"]: _version(row) for row in conn.execute(query).mappings()}


def standing(conn: Connection, site: SiteId, kind: SettingKind) -> list[SettingVersion]:
    """Give all versions of a kind that were not withdrawn, the oldest first."""
    mine = (table.c.site == site) & (table.c.kind == kind.value) & table.c.ended_at.is_(None)
    query = select(table).where(mine).order_by(table.c.subject, table.c.version)
    return [_version(row) for row in conn.execute(query).mappings()]


def history(
    conn: Connection, site: SiteId, kind: SettingKind | None = None, subject: str = "", limit: int = 200
) -> Sequence[SettingVersion]:
    """Give versions, the newest first; of one kind and one subject if they are named."""
    query = select(table).where(table.c.site == site).order_by(table.c.at.desc(), table.c.version.desc()).limit(limit)
    if kind is not None:
        query = query.where(table.c.kind == kind.value)
    if subject:
        query = query.where(table.c.subject == subject)
    return [_version(row) for row in conn.execute(query).mappings()]


def find(conn: Connection, site: SiteId, kind: SettingKind, subject: str, version: int) -> SettingVersion | None:
    """Give one version."""
    query = select(table).where(_of(site, kind, subject), table.c.version == version)
    row = conn.execute(query).mappings().first()
    return None if row is None else _version(row)


def last_versions(conn: Connection, site: SiteId, kind: SettingKind) -> dict[str, int]:
    """Give the number of the last version of each subject, withdrawn or not."""
    query = select(table.c.subject, func.max(table.c.version).label("last"))
    mine = (table.c.site == site) & (table.c.kind == kind.value)
    return {row.subject: row.last for row in conn.execute(query.where(mine).group_by(table.c.subject))}


def _last(conn: Connection, site: SiteId, kind: SettingKind, subject: str) -> int:
    found = conn.execute(select(func.max(table.c.version)).where(_of(site, kind, subject))).scalar_one()
    return 0 if found is None else int(found)


def _of(site: SiteId, kind: SettingKind, subject: str) -> ColumnElement[bool]:
    return (table.c.site == site) & (table.c.kind == kind.value) & (table.c.subject == subject)


def _row(site: SiteId, made: SettingVersion) -> dict[str, object]:
    return {
        "site": site,
        "kind": made.kind.value,
        "subject": made.subject,
        "version": made.version,
        "effective_from": made.effective_from,
        "content": dict(made.content),
        "by": made.by,
        "at": made.at,
        "signed_by": made.signed_by,
        "reason": made.reason,
        "ended_at": made.ended_at,
        "ended_by": made.ended_by,
    }


def _version(row: RowMapping) -> SettingVersion:
    return SettingVersion(
        SettingKind(row["kind"]),
        row["subject"],
        row["version"],
        row["effective_from"],
        row["content"],
        row["by"],
        row["at"],
        row["signed_by"],
        row["reason"],
        row["ended_at"],
        row["ended_by"],
    )
