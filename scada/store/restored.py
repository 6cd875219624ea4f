"""A backup was put back: what these tables do not know, and how nothing is commanded, promised or numbered twice.

To the lanes it is a long absence of the server, with a difference: the journal's last row is not what happened last.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select, update

from scada.model.names import SiteId
from scada.ports import JournalEntry
from scada.store.db import writing_engine
from scada.store.journal import last_number, write_entries
from scada.store.schema import card_reminder, cash_payment, journal, open_request, restore_mark

ROOM: Final = 1000
"""So many cash receipts may have been given since the backup: the next one is numbered beyond them."""
WHY: Final = "a backup was put back"
UNSURE: Final = "a backup was put back: this may have been paid since"
"""The doubt of a stay that was open when the backup was taken."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What is put back: which backup, taken when. `is_whole`: nothing has happened since, says a person."""

    site: SiteId
    backup: str
    taken_at: datetime
    at: datetime
    zone: ZoneInfo
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A restore of which what happened in between is not known."""

    taken_at: datetime
    restored_at: datetime
    journal_n: int


def put_back(url: str, what: Restored) -> None:
    """Write down in the tables that they were put back, and end what is under way in them, in one transaction."""
    engine = writing_engine(url)
    try:
        with engine.begin() as connection:
            _put_back(connection, what)
    finally:
        engine.dispose()


def _put_back(conn: Connection, what: Restored) -> None:
    body: dict[str, object] = {
        "backup": what.backup,
        "taken_at": what.taken_at.isoformat(),
        "nothing_since": what.is_whole,
    }
    newest_at = conn.execute(select(func.max(journal.c.at))).scalar() or what.taken_at
    write_entries(conn, what.site, what.at, [JournalEntry("event", "restore", "backup put back", body=body)])
    conn.execute(
        insert(restore_mark).values(
            site=what.site,
            backup=what.backup[:120],
            taken_at=max(what.taken_at, newest_at),
            restored_at=what.at,
            journal_n=last_number(conn),
            is_whole=what.is_whole,
            receipts_after=0 if what.is_whole else _newest_receipt(conn, what) + ROOM,
        )
    )
    waiting = (open_request.c.site == what.site) & open_request.c.state.in_(("WAITING", "WRITTEN"))
    conn.execute(update(open_request).where(waiting).values(state="LAPSED", why=WHY, answered_at=what.at))
    unsent = (card_reminder.c.site == what.site) & card_reminder.c.state.in_(("WAITING", "SENDING"))
    conn.execute(update(card_reminder).where(unsent).values(state="UNKNOWN", said=WHY))


def _newest_receipt(conn: Connection, what: Restored) -> int:
    year = what.at.astimezone(what.zone).year
    mine = (cash_payment.c.site == what.site) & (cash_payment.c.year == year)
    return conn.execute(select(func.max(cash_payment.c.number)).where(mine)).scalar() or 0


def newest(conn: Connection, site: SiteId) -> Mark | None:
    """Give the newest restore after which something is missing."""
    mine = (restore_mark.c.site == site) & ~restore_mark.c.is_whole
    query = select(restore_mark.c.taken_at, restore_mark.c.restored_at, restore_mark.c.journal_n).where(mine)
    row = conn.execute(query.order_by(restore_mark.c.id.desc()).limit(1)).first()
    return None if row is None else Mark(*row)


def may_be_paid(conn: Connection, site: SiteId, entered_at: datetime) -> bool:
    """Say whether a stay that is open may have been paid in the time of which nothing is known."""
    mark = newest(conn, site)
    return mark is not None and entered_at <= mark.taken_at


def receipts_after(conn: Connection, site: SiteId, year: int, zone: ZoneInfo) -> int:
    """Give the number above which a year's cash receipts go on."""
    query = select(restore_mark.c.receipts_after, restore_mark.c.restored_at).where(restore_mark.c.site == site)
    return max((after for after, at in conn.execute(query) if at.astimezone(zone).year == year), default=0)
