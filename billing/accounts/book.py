"""Entries in the database, written in the transaction of the event they tell of.

The database itself refuses an entry that does not sum to zero, a posting without its entry, one that comes
after its entry was sealed, and every change of what is written. The postings go first; the entry seals them.
"""

from datetime import datetime

from sqlalchemy import Connection, select

from billing.accounts.chart import Entry
from billing.ids import new_id
from scada.model.names import SiteId
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings


def post(conn: Connection, site: SiteId, at: datetime, entry: Entry) -> bool:
    """Write an entry; False if this event was posted before, whatever it says now."""
    if is_posted(conn, site, entry.ref):
        return False
    name = new_id(at)
    sides = [
        {"entry": name, "account": side.account.value, "subject": side.subject, "amount_fen": side.amount_fen}
        for side in entry.postings
    ]
    conn.execute(postings.insert(), sides)
    conn.execute(
        entries.insert().values(
            id=name,
            site=site,
            at=at,
            kind=entry.kind,
            ref=entry.ref,
            stay=entry.stay,
            out_trade_no=entry.order,
            by=entry.by,
            note=entry.note,
        )
    )
    return True


def is_posted(conn: Connection, site: SiteId, ref: str) -> bool:
    """Say whether an event is in the books."""
    return conn.execute(select(entries.c.id).where(entries.c.site == site, entries.c.ref == ref)).first() is not None
