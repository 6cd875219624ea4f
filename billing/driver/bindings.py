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

from sqlalchemy import ColumnElement, Connection, Row, func, select, true, update

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


UNBOUND: Final = "by its driver"
OUTPROVED: Final = "another phone proved it at the gate"
REVOKED: Final = "revoked"
"""Why a binding ended; by whom and for what reason it was revoked stands in the journal."""
LOST_TOLD: Final = timedelta(days=30)
"""So long a phone is told that it has lost a plate."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A plate of a phone; `ended_why` is empty while it holds."""

    id: str
    plate: Plate
    proof: Proof
    made_at: datetime
    ended_at: datetime | None
    ended_why: str
    openid: str = field(repr=False)


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
        return self._found((bindings.c.openid == openid) & bindings.c.ended_at.is_(None))

    def of_plate(self, plate: Plate) -> Sequence[Binding]:
        """Give the bindings of a plate, the oldest first."""
        return self._found((bindings.c.plate == plate) & bindings.c.ended_at.is_(None))

    def ever_of_plate(self, plate: Plate) -> Sequence[Binding]:
        """Give the bindings of a plate with those that have ended, the oldest first."""
        return self._found(bindings.c.plate == plate)

    def lost(self, at: datetime, openid: str) -> Sequence[Binding]:
        """Give the plates that others took away from a phone lately, each once, and that it has not got back."""
        taken = bindings.c.ended_why.in_((OUTPROVED, REVOKED)) & (bindings.c.ended_at >= at - LOST_TOLD)
        has = {one.plate for one in self.of_phone(openid)}
        found = self._found((bindings.c.openid == openid) & taken)
        return list({one.plate: one for one in found if one.plate not in has}.values())

    def holds(self, binding: str) -> bool:
        """Say whether a binding has not ended."""
        return bool(self._found((bindings.c.id == binding) & bindings.c.ended_at.is_(None)))

    def _found(self, which: ColumnElement[bool]) -> list[Binding]:
        query = select(bindings).where(bindings.c.site == self.site, which).order_by(bindings.c.made_at, bindings.c.id)
        return [_binding(row) for row in self.conn.execute(query)]

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
        made = Binding(new_id(at), plate, Proof.BOOM if at_boom else Proof.PAID, at, None, "", openid)
        row = {"id": made.id, "site": self.site, "openid": openid, "plate": plate, "proof": made.proof.value}
        self.conn.execute(bindings.insert().values(made_at=at, **row))
        return made

    def unbind(self, at: datetime, openid: str, plate: Plate) -> bool:
        """End a phone's own binding; False if there is none."""
        return self._end(at, plate, bindings.c.openid == openid, UNBOUND) == 1

    def revoke(self, at: datetime, plate: Plate, binding: str = "") -> int:
        """End all bindings of a plate whose owner complains, or this one; gives how many."""
        return self._end(at, plate, bindings.c.id == binding if binding else true(), REVOKED)

    def _end(self, at: datetime, plate: Plate, which: ColumnElement[bool], why: str) -> int:
        live = (bindings.c.site == self.site) & (bindings.c.plate == plate) & bindings.c.ended_at.is_(None)
        return self.conn.execute(update(bindings).where(live, which).values(ended_at=at, ended_why=why)).rowcount

    def _end_paid(self, at: datetime, openid: str, plate: Plate) -> None:
        """End what other phones have proved by paying; a phone's own proof becomes the stronger one."""
        by_paying = bindings.c.proof == Proof.PAID.value
        self._end(at, plate, by_paying & (bindings.c.openid != openid), OUTPROVED)
        mine = (bindings.c.site == self.site) & (bindings.c.plate == plate) & (bindings.c.openid == openid)
        live = update(bindings).where(mine, by_paying, bindings.c.ended_at.is_(None))
        self.conn.execute(live.values(proof=Proof.BOOM.value))

    def _has_paid(self, openid: str, plate: Plate, since: datetime) -> bool:
        """Say whether a phone has paid for enough stays; those before it lost the plate to others prove nothing."""
        lost = (bindings.c.openid == openid) & bindings.c.ended_why.in_((OUTPROVED, REVOKED))
        since = max([since, *(one.ended_at for one in self._found(lost & (bindings.c.plate == plate)) if one.ended_at)])
        paid = (orders.c.payer == openid) & (orders.c.state == OrderState.PAID.value) & (orders.c.paid_at >= since)
        query = select(func.count(stays.c.id.distinct())).select_from(orders.join(stays, stays.c.id == orders.c.stay))
        of_plate = query.where(orders.c.site == self.site, paid, stays.c.plate == plate)
        return self.conn.execute(of_plate).scalar_one() >= PAID_STAYS


def _binding(row: Row[tuple[object, ...]]) -> Binding:
    return Binding(row.id, Plate(row.plate), Proof(row.proof), row.made_at, row.ended_at, row.ended_why, row.openid)
