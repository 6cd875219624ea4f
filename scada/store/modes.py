"""The periods in which a lane was in another mode than AUTO: who asked for it, why, until when, and what ended it.

Each function works inside a transaction; the journal row goes with the change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from scada.model.handshake import Mode
from scada.model.modes import ModeReason
from scada.model.names import LaneName, SiteId
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import journal
from scada.store.schema import mode_period as table

PLC = "plc"
"""Who begins and ends what nobody here has asked for."""
POLICY = "policy"
"""In whose name a lane is held open that the owner wants so when its boom is broken."""


@dataclass(frozen=True, slots=True)
class ModePeriod:
    """One period; `until` is its expiry, `ended_at` is None while it lasts."""

    lane: LaneName
    mode: str
    by: str
    began_at: datetime
    reason: str = ""
    note: str = ""
    second: str = ""
    until: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    id: int = 0

    @property
    def is_held_alone(self) -> bool:
        """One person has held the lane open; test openings end by themselves within a minute and do not count."""
        is_asked = self.mode == Mode.HOLD_OPEN.name and self.by not in (PLC, POLICY)
        return is_asked and not self.second and self.reason != ModeReason.TEST.value


def begin(conn: Connection, site: SiteId, period: ModePeriod) -> int:
    """Write down a period that begins, or one that is over already; give its id."""
    values = {
        "lane": period.lane,
        "mode": period.mode,
        "reason": period.reason,
        "note": period.note,
        "by": period.by,
        "second": period.second,
        "began_at": period.began_at,
        "until": period.until,
        "ended_at": period.ended_at,
        "ended_by": period.ended_by,
    }
    done = conn.execute(insert(table).values(site=site, **values))
    body = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    at = period.ended_at or period.began_at
    _tell(conn, site, at, period.by, "began", period.lane, period.mode, {**body})
    key = done.inserted_primary_key
    return int(key[0]) if key else 0


def end(conn: Connection, site: SiteId, period: ModePeriod, at: datetime, by: str) -> None:
    """Write down that a period is over."""
    conn.execute(update(table).where(table.c.id == period.id).values(ended_at=at, ended_by=by))
    body: dict[str, object] = {"began_at": period.began_at.isoformat(), "by": period.by}
    _tell(conn, site, at, by, "ended", period.lane, period.mode, body)


def newest(conn: Connection, site: SiteId, lane: LaneName | None, limit: int) -> list[ModePeriod]:
    """Give the last periods, newest first; of one lane if it is named."""
    columns = [table.c[name] for name in _COLUMNS]
    query = select(*columns).where(table.c.site == site).order_by(table.c.id.desc()).limit(limit)
    if lane is not None:
        query = query.where(table.c.lane == lane)
    return [ModePeriod(**row) for row in conn.execute(query).mappings()]


def within(conn: Connection, site: SiteId, modes: Sequence[str], since: datetime, until: datetime) -> list[ModePeriod]:
    """Give the periods of some modes that were on from `since` to before `until`, oldest first."""
    on = (table.c.began_at < until) & (table.c.ended_at.is_(None) | (table.c.ended_at > since))
    mine = (table.c.site == site) & table.c.mode.in_(modes) & on
    query = select(*(table.c[name] for name in _COLUMNS)).where(mine).order_by(table.c.began_at, table.c.id)
    return [ModePeriod(**row) for row in conn.execute(query).mappings()]


_COLUMNS = ("id", "lane", "mode", "reason", "note", "by", "second", "began_at", "until", "ended_at", "ended_by")


def last_sign(conn: Connection, site: SiteId, before: datetime) -> datetime | None:
    """Give the moment of the last thing written down before a moment: the last sign of a former server."""
    query = select(func.max(journal.c.at)).where(journal.c.site == site, journal.c.at < before)
    found: datetime | None = conn.scalar(query)
    return found


def _tell(
    conn: Connection, site: SiteId, at: datetime, by: str, what: str, lane: LaneName, mode: str, body: dict[str, object]
) -> None:
    entry = JournalEntry("mode", by, f"{mode.lower()} {what}", lane, None, body)
    write_entries(conn, site, at, [entry])
