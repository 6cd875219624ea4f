"""What a stay costs at one moment, and what of it is to be paid once rights, payments and vouchers count."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from billing import rights
from billing.books import Books
from billing.plates import register
from billing.rights import Cover, Visit
from billing.settle import Due, due
from billing.stays import Stay
from billing.tariff import CreditLine, Priced, Pricer, TariffError
from billing.versions.choice import Versions
from billing.visit.earlier import vehicle_with_past
from billing.visit.park import Park
from billing.vouchers import book as vouchers
from billing.vouchers.counting import let_off, summed
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.ports import BillingError


@dataclass(frozen=True, slots=True)
class Charge:
    """A price, what is due of it, and what vouchers that are not used up yet let off."""

    priced: Priced
    due: Due
    lines: tuple[CreditLine, ...] = ()

    @property
    def let_off_fen(self) -> Fen:
        """What these vouchers let off together."""
        return summed(self.lines)


def pricer_of(
    conn: Connection, books: Books, park: Park, versions: Versions, stay: Stay, at: datetime
) -> tuple[Pricer, Cover]:
    """Give what prices a stay, and from when on, as far as its rights do not let it off. Raises BillingError."""
    visit = Visit(stay.plate, stay.kind, stay.entered_at, park.zones.known(stay.zone), stay.card)
    cover = rights.cover(visit, register.rights_of(conn, books.site, stay.plate), park.zones, at)
    try:
        vehicle = vehicle_with_past(conn, books.site, stay, versions)
    except TariffError as error:
        raise BillingError(f"price stay {stay.id}: {error}") from error
    return Pricer(stay.tariff, versions.clock_zone, vehicle, versions.table, goes_on=stay.goes_on), cover


def charge(conn: Connection, books: Books, park: Park, versions: Versions, stay: Stay, at: datetime) -> Charge:
    """Price a stay at a moment. What is paid or let off for good comes first, then what vouchers let off."""
    pricer, cover = pricer_of(conn, books, park, versions, stay, at)
    start = stay.entered_at if cover.reason is not None else cover.charged_from
    try:
        priced = pricer.price(start, at)
        what = due(priced, stay.account, at, cover.reason)
        if what.due_fen == 0:
            return Charge(priced, what)
        shown = vouchers.shown(conn, books.site, stay.id, stay.plate, at)
        settled = Fen(stay.account.paid_fen + stay.account.credit_fen)
        lines = let_off(stay.tariff, pricer, start, at, priced.total_fen, settled, shown)
    except TariffError as error:
        raise BillingError(f"price stay {stay.id}: {error}") from error
    rest = Fen(what.due_fen - summed(lines))
    return Charge(priced, Due(rest, None if rest else Reason.PREPAID), lines)
