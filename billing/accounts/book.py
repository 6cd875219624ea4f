"""Entries in the database, written in the transaction of the event they tell of.

The database itself refuses an entry that does not sum to zero, a posting without its entry, one that comes
after its entry was sealed, and every change of what is written. The postings go first; the entry seals them.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from billing.accounts.chart import Entry
from billing.ids import new_id
from scada.model.names import SiteId
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings


def post(conn: Connection, site: SiteId, at: datetime, entry: Entry) -> bool:
    """Write an entry; False if this event was posted before, whatever it says now."""
    return post_all(conn, site, [(at, entry)]) == 1


def post_all(conn: Connection, site: SiteId, dated: Sequence[tuple[datetime, Entry]]) -> int:
    """Write entries of which none was posted before; says how many that were."""
    known = _posted(conn, site, [entry.ref for _, entry in dated])
    fresh = {entry.ref: (new_id(at), at, entry) for at, entry in dated if entry.ref not in known}
    if not fresh:
        return 0
    sides = [
        {"entry": name, "account": side.account.value, "subject": side.subject, "amount_fen": side.amount_fen}
        for name, _, entry in fresh.values()
        for side in entry.postings
    ]
    sealed = [
        {
            "id": name,
            "site": site,
            "at": at,
            "kind": entry.kind,
            "ref": entry.ref,
            "stay": entry.stay,
            "out_trade_no": entry.order,
            "by": entry.by,
            "note": entry.note,
        }
        for name, at, entry in fresh.values()
    ]
    conn.execute(_SIDES, sides)
    conn.execute(_SEALED, sealed)
    return len(fresh)


def _posted(conn: Connection, site: SiteId, refs: Sequence[str]) -> set[str]:
    """Give those of the events that are in the books."""
    if len(refs) == 1:
        return set(conn.execute(_POSTED_ONE, {"site": site, "this": refs[0]}).scalars())
    return set(conn.execute(_POSTED, {"site": site, "refs": refs}).scalars())


_SIDES, _SEALED = postings.insert(), entries.insert()
_OF_SITE = select(entries.c.ref).where(entries.c.site == bindparam("site"))
_POSTED = _OF_SITE.where(entries.c.ref.in_(bindparam("refs", expanding=True)))
_POSTED_ONE = _OF_SITE.where(entries.c.ref == bindparam("this"))
"""Made once (0048); a list of parameters is written into its statement anew each time, so one has none."""
