"""Demands: what somebody shall pay that is no stay's quote. Plain functions of a connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection, select, update

from billing.books import NOWHERE, Books
from billing.ids import new_id
from scada.model.money import Fen
from scada.model.names import DemandId, SiteId
from scada.store.schema import demand as demands


class DemandKind(Enum):
    """What a demand is for."""

    ARREARS = "ARREARS"
    CARD = "CARD"
    MERCHANT = "MERCHANT"


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand; `about` is whose it is: a plate, a card, a merchant."""

    id: DemandId
    kind: DemandKind
    about: str
    amount_fen: Fen
    parts: tuple[tuple[str, Fen], ...]
    is_open: bool
    valid_until: datetime


def add(
    conn: Connection,
    books: Books,
    at: datetime,
    kind: DemandKind,
    about: str,
    parts: Sequence[tuple[str, Fen]],
    valid_until: datetime,
    by: str,
) -> Demand:
    """Make a demand of so many parts, each of a stay, or of what else it is for."""
    amount = Fen(sum(fen for _, fen in parts))
    made = Demand(DemandId(new_id(at)), kind, about, amount, tuple(parts), True, valid_until)
    conn.execute(
        demands.insert().values(
            id=made.id,
            site=books.site,
            kind=kind.value,
            about=about,
            amount_fen=amount,
            parts=[[of, fen] for of, fen in parts],
            state="OPEN",
            made_at=at,
            made_by=by,
            valid_until=valid_until,
        )
    )
    body = {"demand": made.id, "demand_kind": kind.value, "about": about, "amount_fen": amount, "by": by}
    books.tell(conn, at, "money", "demand made", NOWHERE, **body)
    return made


def find(conn: Connection, site: SiteId, demand: DemandId) -> Demand:
    """Give a demand; its row is locked for this transaction."""
    row = conn.execute(select(demands).where(demands.c.site == site, demands.c.id == demand).with_for_update()).one()
    return Demand(
        id=DemandId(row.id),
        kind=DemandKind(row.kind),
        about=row.about,
        amount_fen=Fen(row.amount_fen),
        parts=tuple((of, Fen(fen)) for of, fen in row.parts),
        is_open=row.state == "OPEN",
        valid_until=row.valid_until,
    )


def open_about(
    conn: Connection, site: SiteId, kind: DemandKind, about: str, amount: Fen, until: datetime
) -> Demand | None:
    """Give the newest open demand of this amount about somebody that is valid beyond a moment."""
    mine = (demands.c.site == site) & (demands.c.kind == kind.value) & (demands.c.about == about)
    good = (demands.c.state == "OPEN") & (demands.c.amount_fen == amount) & (demands.c.valid_until > until)
    newest = select(demands.c.id).where(mine, good).order_by(demands.c.id.desc()).limit(1)
    found = conn.execute(newest).scalar()
    return None if found is None else find(conn, site, DemandId(found))


def mark_paid(conn: Connection, site: SiteId, at: datetime, demand: Demand) -> None:
    """Write that a demand was paid; others for the same are void, so that nobody pays for it twice."""
    conn.execute(update(demands).where(demands.c.id == demand.id).values(state="PAID", paid_at=at))
    void(conn, site, demand.kind, demand.about)


def void(conn: Connection, site: SiteId, kind: DemandKind, about: str) -> None:
    """Ask no more for what was paid another way: money that still comes by an order for it goes back."""
    same = (demands.c.site == site) & (demands.c.kind == kind.value) & (demands.c.about == about)
    conn.execute(update(demands).where(same, demands.c.state == "OPEN").values(state="VOID"))
