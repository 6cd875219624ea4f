"""Visitors of some days, host by host: announced, come, missed, and what they cost. Plain functions of a connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from billing.bookings import rows, seen
from billing.bookings.terms import Rules, State, state_of
from scada.model.money import NOTHING, Fen
from scada.model.names import BookingId, SiteId
from scada.store.schema import booking as bookings
from scada.store.schema import merchant


@dataclass(frozen=True, slots=True)
class VisitorRow:
    """One booking: for when, how it stands, how often its car came, and what of that its host pays."""

    host: str
    since: datetime
    until: datetime
    plate: str
    note: str
    pays: str
    value: int
    state: str
    came: int
    let_off_fen: Fen
    part_fen: Fen


@dataclass(frozen=True, slots=True)
class HostSums:
    """All bookings of a host together."""

    host: str
    booked: int
    came: int
    missed: int
    withdrawn: int
    visits: int
    let_off_fen: Fen
    part_fen: Fen


def read_visitors(
    conn: Connection, site: SiteId, rules: Rules, at: datetime, since: datetime, until: datetime, host: str = ""
) -> list[VisitorRow]:
    """Read the bookings that begin within a span, host by host, as they stand at a moment."""
    joined = bookings.join(merchant, merchant.c.id == bookings.c.host)
    mine = (bookings.c.site == site) & (bookings.c.since >= since) & (bookings.c.since < until)
    if host:
        mine &= merchant.c.name == host
    query = select(bookings, rows.CAME, merchant.c.name).select_from(joined).where(mine)
    found = conn.execute(query.order_by(merchant.c.name, bookings.c.since, bookings.c.id)).all()
    costs = seen.cost_of(conn, [BookingId(row.id) for row in found])
    made: list[VisitorRow] = []
    for row in found:
        one = rows.read(row)
        wanted, state = one.wanted, state_of(one, at, rules).value
        whose = row.name, wanted.since, wanted.until, wanted.plate, wanted.note
        let_off = costs.get(one.id, (NOTHING, NOTHING))
        made.append(VisitorRow(*whose, wanted.pays.value, wanted.value, state, one.came, *let_off))
    return made


def sums(found: Sequence[VisitorRow]) -> list[HostSums]:
    """Add bookings up, host by host."""
    hosts: dict[str, list[VisitorRow]] = {}
    for row in found:
        hosts.setdefault(row.host, []).append(row)
    return [_sum(host, mine) for host, mine in hosts.items()]


def _sum(host: str, mine: Sequence[VisitorRow]) -> HostSums:
    states = [row.state for row in mine]
    return HostSums(
        host=host,
        booked=len(mine),
        came=states.count(State.CAME.value),
        missed=states.count(State.MISSED.value),
        withdrawn=states.count(State.WITHDRAWN.value),
        visits=sum(row.came for row in mine),
        let_off_fen=Fen(sum(row.let_off_fen for row in mine)),
        part_fen=Fen(sum(row.part_fen for row in mine)),
    )
