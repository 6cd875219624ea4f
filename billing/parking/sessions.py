"""Entries in the database: wanted in the transaction that begins a stay, ended in the one that ends it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Row, select, update

from billing import stays
from billing.books import NOWHERE, Books
from billing.ids import new_id
from billing.orders import book
from billing.parking.decide import LIVE, Session, SessionState, heard
from billing.pay.calls.parking import ParkedCar
from billing.pay.gateway import Entrance
from billing.stays import Stay
from scada.model.lane.words import Quote
from scada.model.names import SiteId, StayId
from scada.model.plate import Plate, PlateColour, is_plausible
from scada.store.schema import parking_session as sessions

_LIVE: Final = [state.value for state in LIVE]


@dataclass(frozen=True, slots=True)
class ParkingTerms:
    """What WeChat is told of every entry: what the car park is called."""

    name: str


def want(conn: Connection, books: Books, at: datetime, stay: StayId, terms: ParkingTerms) -> bool:
    """Have WeChat told that a car has come in, under a number that is its own for ever; False if it has no plate.

    WeChat's colours are the only ones it takes.
    """
    begun = stays.find(conn, books.site, stay)
    if begun.colour is PlateColour.UNKNOWN or not is_plausible(begun.plate):
        return False
    conn.execute(
        sessions.insert().values(
            stay=stay,
            site=books.site,
            out_parking_no=f"P{new_id(at)}",
            plate=begun.plate,
            plate_colour=begun.colour.value,
            parking_name=terms.name,
            free_s=begun.tariff.free.minutes * 60,
            entered_at=begun.entered_at.replace(microsecond=0),
            state=SessionState.WANTED.value,
            made_at=at,
        )
    )
    return True


def end(conn: Connection, stay: StayId, at: datetime, state: SessionState = SessionState.ENDED) -> None:
    """End a stay's entry: nothing is deducted from it any more."""
    changes = {"state": state.value, "ended_at": at}
    conn.execute(update(sessions).where(sessions.c.stay == stay, sessions.c.state.in_(_LIVE)).values(**changes))


def of(conn: Connection, stay: StayId) -> Session | None:
    """Give a stay's entry."""
    row = conn.execute(select(sessions).where(sessions.c.stay == stay)).one_or_none()
    return None if row is None else _session(row)


def wanted(conn: Connection, site: SiteId) -> tuple[Session, ...]:
    """Give the entries that WeChat is to be told of, oldest first."""
    mine = (sessions.c.site == site) & (sessions.c.state == SessionState.WANTED.value)
    return tuple(_session(row) for row in conn.execute(select(sessions).where(mine).order_by(sessions.c.made_at)))


def asked(conn: Connection, stay: StayId) -> None:
    """Count a call that told WeChat of an entry."""
    conn.execute(update(sessions).where(sessions.c.stay == stay).values(asks=sessions.c.asks + 1))


def refuse(conn: Connection, books: Books, at: datetime, stay: StayId, why: str) -> None:
    """Note that WeChat does not take an entry: its driver pays on the spot."""
    wants = (sessions.c.stay == stay) & (sessions.c.state == SessionState.WANTED.value)
    changes = {"state": SessionState.REFUSED.value, "block_reason": why[:64]}
    if conn.execute(update(sessions).where(wants).values(**changes)).rowcount == 1:
        books.tell(conn, at, "event", "parking entry refused", NOWHERE, stay=stay, why=why[:200])


def block(conn: Connection, stay: StayId, why: str) -> None:
    """Note that WeChat has refused to deduct from an entry; its next word may free it."""
    is_normal = (sessions.c.stay == stay) & (sessions.c.state == SessionState.NORMAL.value)
    conn.execute(update(sessions).where(is_normal).values(state=SessionState.BLOCKED.value, block_reason=why[:64]))


def apply(conn: Connection, books: Books, at: datetime, entrance: Entrance) -> str:
    """Take WeChat's word on an entry; gives one word for what it changed."""
    mine = (sessions.c.site == books.site) & (sessions.c.out_parking_no == entrance.out_parking_no)
    row = conn.execute(select(sessions).where(mine).with_for_update()).one_or_none()
    if row is None:
        books.tell(conn, at, "alarm", "word of an unknown parking entry", NOWHERE, number=entrance.out_parking_no[:32])
        return "unknown_parking"
    was = _session(row)
    now = heard(was, entrance)
    if now is None:
        return "old_word"
    changes = {
        "state": now.state.value,
        "parking_id": now.parking_id,
        "block_reason": now.block_reason,
        "changed_ms": now.changed_ms,
    }
    conn.execute(update(sessions).where(sessions.c.stay == was.stay).values(**changes))
    if now.state is not was.state:
        body = {"stay": was.stay, "state": now.state.value, "why": now.block_reason}
        books.tell(conn, at, "event", "parking entry changed", NOWHERE, **body)
    return "entry_changed"


def offered(conn: Connection, quote: Quote, stay: Stay) -> Plate | None:
    """Give the plate whose owner lets WeChat deduct a quote: none while anything else of the stay may be paid.

    WeChat deducts what one parking costs: never the debts of earlier ones.
    """
    is_alone = stay.account.is_open and quote.due_fen > 0 and not quote.older
    found = of(conn, stay.id) if is_alone else None
    if found is None or found.state is not SessionState.NORMAL or found.car.plate != stay.plate:
        return None
    return None if book.pending_of(conn, stay.id) else found.car.plate


def _session(row: Row[tuple[object, ...]]) -> Session:
    return Session(
        stay=StayId(row.stay),
        number=row.out_parking_no,
        car=ParkedCar(Plate(row.plate), PlateColour(row.plate_colour), row.entered_at, row.parking_name),
        free_s=row.free_s,
        state=SessionState(row.state),
        parking_id=row.parking_id or "",
        block_reason=row.block_reason,
        changed_ms=row.changed_ms,
        asks=row.asks,
    )
