"""Which plates a phone has proved to drive: many phones a plate, many plates a phone, each within limits.

Whoever knows a plate has proved nothing, and whoever pays once for a stranger hardly more: he would be told for ever
when that car leaves. Proof is that this phone scanned the code of the passage with which it stood at a boom, or has
paid for several stays of the plate; who stands at the boom ends what strangers have proved by paying.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from sqlalchemy import Connection, func, select, update

from billing.ids import new_id
from billing.settle import OrderState
from scada.model.names import SiteId
from scada.model.plate import Plate
from scada.store.schema import pay_order as orders
from scada.store.schema import plate_binding as bindings
from scada.store.schema import stay as stays

MOST_PLATES: Final = 5
MOST_PHONES: Final = 4
PAID_WITHIN: Final = timedelta(days=90)
PAID_STAYS: Final = 3
"""Stays of a plate for which a phone must have paid within that time, to have proved that it drives it."""


class Proof(Enum):
    """How a phone has shown that it drives a plate."""

    BOOM = "BOOM"
    PAID = "PAID"


@dataclass(frozen=True, slots=True)
class Binding:
    """A plate of a phone."""

    plate: Plate
    proof: Proof
    made_at: datetime


@dataclass(frozen=True, slots=True)
class NotBound:
    """Why a plate was not bound, in words for its driver."""

    why: str


@dataclass(frozen=True, slots=True)
class Phones:
    """The bindings of one site, inside a transaction. `openid` stands in no error."""

    site: SiteId
    conn: Connection = field(repr=False)

    def of_phone(self, openid: str) -> Sequence[Binding]:
        """Give the plates of a phone, the oldest first."""
        mine = (bindings.c.site == self.site) & (bindings.c.openid == openid) & bindings.c.ended_at.is_(None)
        rows = self.conn.execute(select(bindings).where(mine).order_by(bindings.c.made_at))
        return [Binding(Plate(row.plate), Proof(row.proof), row.made_at) for row in rows]

    def of_plate(self, plate: Plate) -> Sequence[str]:
        """Give the phones of a plate, the oldest first."""
        mine = (bindings.c.site == self.site) & (bindings.c.plate == plate) & bindings.c.ended_at.is_(None)
        return list(self.conn.execute(select(bindings.c.openid).where(mine).order_by(bindings.c.made_at)).scalars())

    def bind(self, at: datetime, openid: str, plate: Plate, *, at_boom: bool) -> Binding | NotBound:
        """Bind a plate, if it is proved; one that is bound already stays so."""
        if at_boom:
            self._end_paid(at, openid, plate)
        mine = self.of_phone(openid)
        if (same := next((one for one in mine if one.plate == plate), None)) is not None:
            return same
        if len(mine) >= MOST_PLATES:
            return NotBound("This phone has as many plates as it may have.")
        if not at_boom and not self._has_paid(openid, plate, at - PAID_WITHIN):
            return NotBound("Pay for three stays of this plate first, or scan the code at the gate.")
        if len(self.of_plate(plate)) >= MOST_PHONES:
            return NotBound("This plate has as many phones as it may have.")
        proof = Proof.BOOM if at_boom else Proof.PAID
        row = {"id": new_id(at), "site": self.site, "openid": openid, "plate": plate, "proof": proof.value}
        self.conn.execute(bindings.insert().values(made_at=at, **row))
        return Binding(plate, proof, at)

    def unbind(self, at: datetime, openid: str, plate: Plate, why: str) -> bool:
        """End a binding; False if there is none."""
        mine = (bindings.c.site == self.site) & (bindings.c.openid == openid) & (bindings.c.plate == plate)
        ended = self.conn.execute(
            update(bindings).where(mine, bindings.c.ended_at.is_(None)).values(ended_at=at, ended_why=why[:64])
        )
        return ended.rowcount == 1

    def revoke(self, at: datetime, plate: Plate, why: str) -> int:
        """End all bindings of a plate whose owner complains; gives how many."""
        mine = (bindings.c.site == self.site) & (bindings.c.plate == plate) & bindings.c.ended_at.is_(None)
        return self.conn.execute(update(bindings).where(mine).values(ended_at=at, ended_why=why[:64])).rowcount

    def _end_paid(self, at: datetime, openid: str, plate: Plate) -> None:
        """End what other phones have proved by paying; a phone's own proof becomes the stronger one."""
        paid = (bindings.c.site == self.site) & (bindings.c.plate == plate) & (bindings.c.proof == Proof.PAID.value)
        live = update(bindings).where(paid, bindings.c.ended_at.is_(None))
        why = "another phone proved it at the gate"
        self.conn.execute(live.where(bindings.c.openid != openid).values(ended_at=at, ended_why=why))
        self.conn.execute(live.where(bindings.c.openid == openid).values(proof=Proof.BOOM.value))

    def _has_paid(self, openid: str, plate: Plate, since: datetime) -> bool:
        paid = (orders.c.payer == openid) & (orders.c.state == OrderState.PAID.value) & (orders.c.paid_at >= since)
        query = select(func.count(stays.c.id.distinct())).select_from(orders.join(stays, stays.c.id == orders.c.stay))
        of_plate = query.where(orders.c.site == self.site, paid, stays.c.plate == plate)
        return self.conn.execute(of_plate).scalar_one() >= PAID_STAYS
