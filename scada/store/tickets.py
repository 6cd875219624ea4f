"""Tickets of cars without a plate in the database: plain functions of a connection, for use inside one transaction."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, or_, select, update

from scada.model.names import PassageId, SiteId, StayId
from scada.model.plate import Plate, unplated
from scada.store.schema import stay as stays
from scada.store.schema import ticket as tickets

CODES: Final = frozenset(f"{number:04}" for number in range(10_000))
PENDING: Final = timedelta(days=1)
"""So long the code of a ticket is kept free whose passage is not complete yet."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket; no `stay` before its car is in."""

    id: str
    passage: PassageId
    stay: StayId | None
    code: str

    @property
    def plate(self) -> Plate:
        """The name under which its car stays."""
        return unplated(self.id)


def make(
    conn: Connection,
    site: SiteId,
    at: datetime,
    new_id: str,
    passage: PassageId,
    openid: str | None,
    draw: Callable[[list[str]], str] = secrets.choice,
) -> Ticket | None:
    """Make the ticket of a passage, with a code that no other car inside has; None if it has one, or none is free."""
    has_one = conn.execute(select(tickets.c.id).where(tickets.c.passage == passage)).first() is not None
    free = sorted(CODES - _codes_in_use(conn, site, at))
    if has_one or not free:
        return None
    made = Ticket(new_id, passage, None, draw(free))
    row = {"id": made.id, "site": site, "passage": passage, "code": made.code, "openid": openid, "made_at": at}
    conn.execute(tickets.insert().values(**row))
    return made


def _codes_in_use(conn: Connection, site: SiteId, at: datetime) -> set[str]:
    pending = tickets.c.stay.is_(None) & (tickets.c.made_at > at - PENDING)
    inside = tickets.c.stay.is_not(None) & stays.c.ending.is_(None)
    query = select(tickets.c.code).outerjoin(stays, stays.c.id == tickets.c.stay)
    return set(conn.execute(query.where(tickets.c.site == site, or_(pending, inside))).scalars())


def begun(conn: Connection, passage: PassageId, stay: StayId, plate: Plate) -> None:
    """Bind a passage's ticket to the stay that the passage began, if it began it under the ticket's name."""
    query = select(tickets).where(tickets.c.passage == passage, tickets.c.stay.is_(None))
    row = conn.execute(query.with_for_update()).one_or_none()
    if row is not None and _ticket(row).plate == plate:
        conn.execute(update(tickets).where(tickets.c.id == row.id).values(stay=stay))


def find(conn: Connection, site: SiteId, ticket: str) -> Ticket | None:
    """Give a ticket by its id."""
    row = conn.execute(select(tickets).where(tickets.c.site == site, tickets.c.id == ticket)).one_or_none()
    return None if row is None else _ticket(row)


def stays_of_payer(conn: Connection, site: SiteId, openid: str) -> tuple[StayId, ...]:
    """Give the open stays whose tickets were made by this WeChat user."""
    return _open(conn, site, tickets.c.openid == openid)


def stays_by_code(conn: Connection, site: SiteId, code: str) -> tuple[StayId, ...]:
    """Give the open stays whose tickets have this code: one, or none."""
    return _open(conn, site, tickets.c.code == code)


def _open(conn: Connection, site: SiteId, mine: ColumnElement[bool]) -> tuple[StayId, ...]:
    query = select(tickets.c.stay).join(stays, stays.c.id == tickets.c.stay)
    found = conn.execute(query.where(tickets.c.site == site, mine, stays.c.ending.is_(None))).scalars()
    return tuple(StayId(stay) for stay in found)


def used(conn: Connection, stay: StayId, at: datetime) -> None:
    """Note when the stay of a ticket was first claimed at an exit."""
    conn.execute(update(tickets).where(tickets.c.stay == stay, tickets.c.used_at.is_(None)).values(used_at=at))


def _ticket(row: Row[tuple[object, ...]]) -> Ticket:
    return Ticket(row.id, PassageId(row.passage), None if row.stay is None else StayId(row.stay), row.code)
