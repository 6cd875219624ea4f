"""Money cases: what a person must decide about money, each with an owner and an end.

All that is done to a case and said about it is kept with it, by whom and when.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Row, select, update

from billing.books import NOWHERE, Books
from billing.ids import new_id
from scada.model.names import SiteId
from scada.store.schema import case_note as notes
from scada.store.schema import money_case as cases

WHAT_MOST: Final = 200
"""Signs of a case's heading."""
NOTE_MOST: Final = 500
BILLING: Final = "billing"


class CaseError(Exception):
    """A case is not there, or is not in a state for what was wanted of it."""


@dataclass(frozen=True, slots=True)
class MoneyCase:
    """One case as it stands."""

    id: str
    kind: str
    ref: str
    what: str
    body: Mapping[str, object]
    opened_at: datetime
    owner: str
    closed_at: datetime | None
    closed_by: str
    outcome: str


@dataclass(frozen=True, slots=True)
class CaseNote:
    """What somebody did to a case, or said about it."""

    at: datetime
    by: str
    note: str


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


def renew_case(conn: Connection, books: Books, at: datetime, ref: str, what: str, **body: object) -> None:
    """Say anew what the case of an event is about; one that was closed is open again. Raises CaseError."""
    case = find_case(conn, books.site, ref)
    mine = (cases.c.site == books.site) & (cases.c.id == case.id)
    again = {"what": what[:WHAT_MOST], "body": body, "closed_at": None, "closed_by": None, "outcome": None}
    conn.execute(update(cases).where(mine).values(**again))
    said = "changed" if case.closed_at is None else "opened again"
    _note(conn, books, at, ref, BILLING, f"{said}: {what}")
    books.tell(conn, at, "alarm", f"money case: {what}"[:64], NOWHERE, case=ref, again=said, **body)


def close_case(conn: Connection, books: Books, at: datetime, ref: str, by: str, outcome: str) -> bool:
    """Close the open case of an event; False if there is none."""
    mine = (cases.c.site == books.site) & (cases.c.ref == ref) & cases.c.closed_at.is_(None)
    done = conn.execute(update(cases).where(mine).values(closed_at=at, closed_by=by, outcome=outcome[:WHAT_MOST]))
    if done.rowcount != 1:
        return False
    _note(conn, books, at, ref, by, f"closed: {outcome}")
    books.tell(conn, at, "money", "money case closed", NOWHERE, case=ref, by=by, outcome=outcome)
    return True


def take_case(conn: Connection, books: Books, at: datetime, ref: str, by: str) -> None:
    """Make a person the owner of an open case. Raises CaseError."""
    mine = (cases.c.site == books.site) & (cases.c.ref == ref) & cases.c.closed_at.is_(None)
    if conn.execute(update(cases).where(mine).values(owner=by)).rowcount != 1:
        raise CaseError(f"there is no open case {ref}")
    _note(conn, books, at, ref, by, "taken")
    books.tell(conn, at, "money", "money case taken", NOWHERE, case=ref, by=by)


def comment_case(conn: Connection, books: Books, at: datetime, ref: str, by: str, note: str) -> None:
    """Keep what a person says about a case, open or closed. Raises CaseError."""
    find_case(conn, books.site, ref)
    _note(conn, books, at, ref, by, note)
    books.tell(conn, at, "money", "money case commented", NOWHERE, case=ref, by=by)


def find_case(conn: Connection, site: SiteId, ref: str) -> MoneyCase:
    """Give a case by its event, or by its id. Raises CaseError."""
    mine = (cases.c.site == site) & ((cases.c.ref == ref) | (cases.c.id == ref))
    row = conn.execute(select(cases).where(mine)).first()
    if row is None:
        raise CaseError(f"there is no case {ref}")
    return _case(row)


def list_cases(
    conn: Connection, site: SiteId, *, is_open: bool = True, kind: str = "", limit: int = 200
) -> list[MoneyCase]:
    """Give the cases that are open, or were closed; the newest first."""
    query = select(cases).where(cases.c.site == site)
    query = query.where(cases.c.closed_at.is_(None) if is_open else cases.c.closed_at.is_not(None))
    if kind:
        query = query.where(cases.c.kind == kind)
    return [_case(row) for row in conn.execute(query.order_by(cases.c.opened_at.desc(), cases.c.id).limit(limit))]


def notes_of(conn: Connection, site: SiteId, ref: str) -> list[CaseNote]:
    """Give what was done to a case and said about it, the oldest first."""
    query = select(notes).where(notes.c.site == site, notes.c.ref == ref).order_by(notes.c.at, notes.c.id)
    return [CaseNote(row.at, row.by, row.note) for row in conn.execute(query)]


def as_json(case: MoneyCase) -> dict[str, object]:
    """Give a case for programs and pages."""
    return {
        "id": case.id,
        "kind": case.kind,
        "ref": case.ref,
        "what": case.what,
        "body": dict(case.body),
        "opened_at": case.opened_at.isoformat(),
        "owner": case.owner,
        "closed_at": None if case.closed_at is None else case.closed_at.isoformat(),
        "closed_by": case.closed_by,
        "outcome": case.outcome,
    }


def _note(conn: Connection, books: Books, at: datetime, ref: str, by: str, note: str) -> None:
    row = {"id": new_id(at), "site": books.site, "ref": ref, "at": at, "by": by, "note": note[:NOTE_MOST]}
    conn.execute(notes.insert().values(**row))


def _case(row: Row[tuple[object, ...]]) -> MoneyCase:
    return MoneyCase(
        id=row.id,
        kind=row.kind,
        ref=row.ref,
        what=row.what,
        body=row.body,
        opened_at=row.opened_at,
        owner=row.owner or "",
        closed_at=row.closed_at,
        closed_by=row.closed_by or "",
        outcome=row.outcome or "",
    )
