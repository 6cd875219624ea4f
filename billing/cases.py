"""Money cases: what a person must decide about money, each with an owner and an end."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update

from billing.books import NOWHERE, Books
from billing.ids import new_id
from scada.store.schema import money_case as cases

WHAT_MOST: Final = 200
"""Signs of a case's heading."""


def open_case(
    conn: Connection, books: Books, at: datetime, kind: str, ref: str, what: str, owner: str = "", **body: object
) -> bool:
    """Open the case of an event; False if the event has one already, open or closed. `ref` names the event."""
    mine = (cases.c.site == books.site) & (cases.c.ref == ref)
    if conn.execute(select(cases.c.id).where(mine)).first() is not None:
        return False
    row = {"id": new_id(at), "site": books.site, "kind": kind, "ref": ref, "what": what[:WHAT_MOST], "body": body}
    conn.execute(cases.insert().values(opened_at=at, owner=owner or None, **row))
    books.tell(conn, at, "alarm", f"money case: {what}"[:64], NOWHERE, case=ref, case_kind=kind, **body)
    return True


def close_case(conn: Connection, books: Books, at: datetime, ref: str, by: str, outcome: str) -> bool:
    """Close the open case of an event; False if there is none."""
    mine = (cases.c.site == books.site) & (cases.c.ref == ref) & cases.c.closed_at.is_(None)
    done = conn.execute(update(cases).where(mine).values(closed_at=at, closed_by=by, outcome=outcome[:WHAT_MOST]))
    if done.rowcount != 1:
        return False
    books.tell(conn, at, "money", "money case closed", NOWHERE, case=ref, by=by, outcome=outcome)
    return True
