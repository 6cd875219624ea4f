"""Debts of stays that have ended, in the database: plain functions of a connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from billing.accounts import flows
from billing.accounts.book import post
from billing.accounts.chart import Account
from billing.accounts.flows import Debts
from billing.arrears.terms import Debt
from billing.books import NOWHERE, Books
from billing.ids import new_id
from scada.model.money import NOTHING, Fen
from scada.model.names import SiteId, StayId
from scada.model.plate import Plate
from scada.ports import BillingError
from scada.store.schema import ledger_entry as entries
from scada.store.schema import ledger_posting as postings
from scada.store.schema import stay as stays

_OF_PLATE = (
    select(stays.c.id, stays.c.arrears_fen, stays.c.exited_at)
    .where(stays.c.site == bindparam("of"), stays.c.plate == bindparam("under"))
    .where(stays.c.ending.is_not(None), stays.c.arrears_fen > 0)
    .order_by(stays.c.exited_at, stays.c.id)
)
"""Made once: every car that comes asks it."""


@dataclass(frozen=True, slots=True)
class Owing:
    """A plate and what it owes."""

    plate: Plate
    debts: tuple[Debt, ...]


def of_plate(conn: Connection, site: SiteId, plate: Plate) -> tuple[Debt, ...]:
    """Give what a plate owes, the oldest debt first."""
    rows = conn.execute(_OF_PLATE, {"of": site, "under": plate})
    return tuple(Debt(StayId(row.id), Fen(row.arrears_fen), row.exited_at) for row in rows)


def all_of(conn: Connection, site: SiteId, limit: int) -> tuple[Owing, ...]:
    """Give who owes, the oldest debt first."""
    owing = (stays.c.site == site) & stays.c.ending.is_not(None) & (stays.c.arrears_fen > 0)
    oldest = func.min(stays.c.exited_at)
    plates = select(stays.c.plate).where(owing).group_by(stays.c.plate).order_by(oldest, stays.c.plate).limit(limit)
    names = [Plate(name) for name in conn.execute(plates).scalars()]
    return tuple(Owing(name, of_plate(conn, site, name)) for name in names)


def stand(conn: Connection, site: SiteId, parts: Debts) -> bool:
    """Say whether debts are still owed, each at least so much; their rows are locked for this transaction."""
    if not parts:
        return True
    wanted = dict(parts)
    query = select(stays.c.id, stays.c.arrears_fen).where(stays.c.site == site, stays.c.id.in_(wanted))
    found = {row.id: row.arrears_fen for row in conn.execute(query.order_by(stays.c.id).with_for_update())}
    return all(found.get(stay, 0) >= amount for stay, amount in parts)


def clear(conn: Connection, parts: Debts) -> None:
    """Count a payment to the debts that it clears. Raises BillingError if one is not owed any more."""
    for stay, amount in parts:
        cleared = conn.execute(
            update(stays)
            .where(stays.c.id == stay, stays.c.arrears_fen >= amount)
            .values(paid_fen=stays.c.paid_fen + amount, arrears_fen=stays.c.arrears_fen - amount)
        )
        if cleared.rowcount != 1:
            raise BillingError(f"clear {amount} fen of stay {stay}: it does not owe them")


def unclear(conn: Connection, parts: Debts) -> None:
    """Take a payment of debts back: they are owed again."""
    for stay, amount in parts:
        changes = {"paid_fen": stays.c.paid_fen - amount, "arrears_fen": stays.c.arrears_fen + amount}
        conn.execute(update(stays).where(stays.c.id == stay).values(**changes))


def write_off(conn: Connection, books: Books, at: datetime, stay: StayId, by: str, why: str, second: str = "") -> Fen:
    """Give up all that a stay still owes. Raises BillingError if it owes nothing."""
    query = select(stays.c.plate, stays.c.arrears_fen).where(stays.c.site == books.site, stays.c.id == stay)
    row = conn.execute(query.with_for_update()).one_or_none()
    if row is None or row.arrears_fen <= 0:
        raise BillingError(f"stay {stay} owes nothing")
    amount = Fen(row.arrears_fen)
    changes = {"arrears_fen": 0, "waived_fen": stays.c.waived_fen + amount}
    conn.execute(update(stays).where(stays.c.id == stay).values(**changes))
    post(conn, books.site, at, flows.written_off(stay, amount, f"written_off:{new_id(at)}", by, why))
    body = {"stay": stay, "plate": row.plate, "amount_fen": amount, "by": by, "second": second, "why": why}
    books.tell(conn, at, "money", "arrears written off", NOWHERE, **body)
    return amount


@dataclass(frozen=True, slots=True)
class Recovery:
    """What stays of a time left owing, and what came of it until now."""

    left_fen: Fen
    recovered_fen: Fen
    written_off_fen: Fen

    @property
    def open_fen(self) -> Fen:
        """What is still owed of it."""
        return Fen(self.left_fen - self.recovered_fen - self.written_off_fen)

    @property
    def percent(self) -> int:
        """How much of it was paid after all, in whole per cent."""
        return self.recovered_fen * 100 // self.left_fen if self.left_fen else 100


def recovery(conn: Connection, site: SiteId, since: datetime, until: datetime) -> Recovery:
    """Sum up, from the ledger, what the stays that ended in a time left owing, and what came of that."""
    joined = postings.join(entries, entries.c.id == postings.c.entry).join(stays, stays.c.id == postings.c.subject)
    mine = (entries.c.site == site) & (postings.c.account == Account.ARREARS.value)
    ended = (stays.c.exited_at >= since) & (stays.c.exited_at < until)
    query = select(entries.c.kind, func.sum(postings.c.amount_fen).label("sum")).select_from(joined)
    sums = {row.kind: int(row.sum) for row in conn.execute(query.where(mine, ended).group_by(entries.c.kind))}
    left = sums.pop("ended", 0) + sums.pop("opening", 0)
    given_up = -sums.pop("written_off", 0)
    return Recovery(Fen(left), Fen(-sum(sums.values())), Fen(given_up))


def amount_of(conn: Connection, site: SiteId, stay: StayId) -> Fen:
    """Give what one stay owes now."""
    query = select(stays.c.arrears_fen).where(stays.c.site == site, stays.c.id == stay, stays.c.ending.is_not(None))
    return Fen(conn.execute(query).scalar() or NOTHING)


def parts_of(debts: Sequence[Debt]) -> Debts:
    """Give debts as the parts of a payment."""
    return tuple((debt.stay, debt.amount_fen) for debt in debts)
