"""What people did, as the journal has it: looked through by day, person and deed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from scada.model.names import SiteId
from scada.store.journal import JournalRow, told
from scada.store.schema import journal


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows: from `since` until before `until`, older than row `before`; empty texts and None: all of them."""

    since: datetime | None = None
    until: datetime | None = None
    person: str = ""
    what: str = ""
    before: int = 0
    limit: int = 100


def people(conn: Connection, site: SiteId, wanted: Wanted) -> list[JournalRow]:
    """Give what people did, the newest first."""
    query = select(journal).where(journal.c.site == site, journal.c.kind == "person")
    if wanted.since is not None:
        query = query.where(journal.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(journal.c.at < wanted.until)
    if wanted.person:
        query = query.where(journal.c.actor == wanted.person)
    if wanted.what:
        query = query.where(journal.c.what.contains(wanted.what, autoescape=True))
    if wanted.before:
        query = query.where(journal.c.n < wanted.before)
    return [told(row) for row in conn.execute(query.order_by(journal.c.n.desc()).limit(wanted.limit)).mappings()]
