"""Shifts at the desk: what a person has done since it began, and what was handed over. Inside a transaction each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, func, select, update

from scada.model.names import SiteId
from scada.ports import JournalEntry
from scada.store.journal import write_entries
from scada.store.schema import cash_payment, desk_case, desk_shift, journal

_OPENING = "open gate"
_DEEDS = (_OPENING, "correct plate", "pick stay", "send back", "send fee", "hold open", "lock", "end stay")


@dataclass(frozen=True, slots=True)
class DeskShift:
    """One shift."""

    id: str
    operator: str
    began_at: datetime
    ended_at: datetime | None
    taken_by: str
    note: str
    sheet: Mapping[str, object] | None


def running(conn: Connection, site: SiteId, operator: str) -> DeskShift | None:
    """Give a person's shift that has not ended."""
    mine = (desk_shift.c.site == site) & (desk_shift.c.operator == operator) & desk_shift.c.ended_at.is_(None)
    row = conn.execute(select(desk_shift).where(mine)).first()
    return None if row is None else _shift(row)


def find(conn: Connection, site: SiteId, shift: str) -> DeskShift | None:
    """Give a shift by its id."""
    row = conn.execute(select(desk_shift).where(desk_shift.c.site == site, desk_shift.c.id == shift)).first()
    return None if row is None else _shift(row)


def begin(conn: Connection, site: SiteId, name: str, operator: str, at: datetime) -> DeskShift:
    """Begin a person's shift, if it has not begun; gives it as it stands."""
    known = running(conn, site, operator)
    if known is not None:
        return known
    conn.execute(desk_shift.insert().values(id=name, site=site, operator=operator, began_at=at, note=""))
    write_entries(conn, site, at, [JournalEntry("person", operator, "begins a shift", body={"shift": name})])
    return DeskShift(name, operator, at, None, "", "", None)


def totals(conn: Connection, site: SiteId, operator: str, since: datetime) -> dict[str, object]:
    """Sum up what a person has done since a moment: deeds, cases, cash."""
    mine = (journal.c.site == site) & (journal.c.kind == "person") & (journal.c.actor == operator)
    since_then = mine & (journal.c.at >= since)
    of_deeds = select(journal.c.what, func.count()).where(since_then, journal.c.what.in_(_DEEDS))
    deeds = {str(what): int(count) for what, count in conn.execute(of_deeds.group_by(journal.c.what))}
    opened = select(journal.c.body).where(since_then, journal.c.what == _OPENING)
    reasons = Counter(str(body.get("reason")) for body in conn.execute(opened).scalars())
    taken = (desk_case.c.site == site) & (desk_case.c.answered_by == operator) & (desk_case.c.answered_at >= since)
    ended = (desk_case.c.site == site) & (desk_case.c.resolved_by == operator) & (desk_case.c.resolved_at >= since)
    paid = (cash_payment.c.site == site) & (cash_payment.c.operator == operator) & (cash_payment.c.paid_at >= since)
    cash = func.coalesce(func.sum(cash_payment.c.due_fen), 0)
    receipts = conn.execute(select(func.count(), cash).where(paid, cash_payment.c.voided_at.is_(None))).one()
    return {
        "deeds": deeds,
        "openings": dict(reasons),
        "answered": _count(conn, taken),
        "resolved": _count(conn, ended),
        "receipts": receipts[0],
        "cash_fen": int(receipts[1]),
    }


def end(
    conn: Connection,
    site: SiteId,
    shift: str,
    by: str,
    taken_by: str,
    at: datetime,
    note: str,
    sheet: dict[str, object],
) -> bool:
    """Hand a shift over to who has signed for it; False if it had ended."""
    mine = (desk_shift.c.site == site) & (desk_shift.c.id == shift) & desk_shift.c.ended_at.is_(None)
    values = {"ended_at": at, "taken_by": taken_by, "note": note, "sheet": sheet}
    if conn.execute(update(desk_shift).where(mine).values(**values)).rowcount != 1:
        return False
    handed = (desk_case.c.site == site) & (desk_case.c.owner == by) & desk_case.c.resolved_at.is_(None)
    conn.execute(update(desk_case).where(handed).values(owner=taken_by))
    body: dict[str, object] = {"shift": shift, "second": taken_by, "note": note, "totals": sheet["totals"]}
    write_entries(conn, site, at, [JournalEntry("person", by, "hands the shift over", body=body)])
    return True


def _count(conn: Connection, of: object) -> int:
    return conn.execute(select(func.count()).select_from(desk_case).where(of)).scalar_one()  # type: ignore[arg-type]


def _shift(row: Row[tuple[object, ...]]) -> DeskShift:
    return DeskShift(row.id, row.operator, row.began_at, row.ended_at, row.taken_by or "", row.note, row.sheet)
