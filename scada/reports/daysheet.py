"""The day sheet: what the owner wants to know of some days on one page, with every identity that must hold.

Each line of the identities has two sides that come from different books, or from different ways through one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from sqlalchemy import ColumnElement, Connection, and_, func, select

from billing.accounts.chart import Account
from scada.model.names import LaneName, SiteId, ZoneName
from scada.model.zones import Zones
from scada.reports import openings
from scada.reports.lot import traffic
from scada.reports.lot.cars import read_cars
from scada.reports.lot.occupancy import read_visits
from scada.reports.money import monthcards
from scada.reports.money.dues import DuesBook, reckon_dues
from scada.reports.money.moves import read_moves
from scada.reports.reading import read_openings
from scada.store import schema


@dataclass(frozen=True, slots=True)
class Identity:
    """Two sides that must be equal: in fen, or in things that are counted."""

    key: str
    left: int
    right: int
    is_money: bool

    @property
    def holds(self) -> bool:
        """They are."""
        return self.left == self.right


@dataclass(frozen=True, slots=True)
class Lot:
    """What the sheet has to know of the site: its zones, its lanes in them, its clock."""

    site: SiteId
    zones: Zones
    zone_of: Mapping[LaneName, ZoneName]
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Sheet:
    """The figures of some days, and the identities between them."""

    inside_before: int
    inside_after: int
    traffic: traffic.Cell
    dues: DuesBook
    cards: monthcards.CardMoney
    openings: int
    unexplained: int
    identities: Sequence[Identity]

    @property
    def agrees(self) -> bool:
        """Every identity holds."""
        return all(one.holds for one in self.identities)

    def sum(self, name: str) -> int:
        """Add a figure of the dues up."""
        return sum(getattr(one, name) for one in self.dues.days)


def read_sheet(connection: Connection, lot: Lot, since: datetime, until: datetime) -> Sheet:
    """Read and reckon the days from `since` to before `until`."""
    site = lot.site
    moves = list(read_moves(connection, site, since, until, lot.zone, vehicles=False))
    cars = read_cars(connection, site, since, until)
    every = traffic.in_all(cars, moves)
    before, after = (_inside(connection, lot, at) for at in (since, until))
    dues = reckon_dues(connection, site, moves, since, until, lot.zone)
    cards = monthcards.read_money(connection, site, since, until)
    rows = openings.reckon(read_openings(connection, site, lot.zone, since, until), lot.zone, since, until)
    risen, unexplained = sum(row.openings for row in rows), sum(row.unexplained for row in rows)
    figures = Sheet(before, after, every, dues, cards, risen, unexplained, ())
    identities = (*_of_cars(figures, rows), *_of_money(figures), *_of_channels(connection, site, since, until))
    return replace(figures, identities=identities)


def _inside(connection: Connection, lot: Lot, at: datetime) -> int:
    """Count the cars inside at a moment, from the stays that were open then."""
    visits = read_visits(connection, lot.site, at, at, lot.zone_of, lot.zones)
    return sum(one.is_inside(at) for one in visits)


def _of_cars(sheet: Sheet, rows: Sequence[openings.Row]) -> Iterator[Identity]:
    every = sheet.traffic
    inside = sheet.inside_before + every.came - every.left - every.uncounted
    yield Identity("inside", inside, sheet.inside_after, is_money=False)
    yield Identity("came", every.came, sum(row.begun for row in rows), is_money=False)
    gone = sum(row.endings.total() for row in rows)
    yield Identity("left", every.left + every.uncounted, gone, is_money=False)
    yield Identity("unexplained_openings", sheet.unexplained, 0, is_money=False)


def _of_money(sheet: Sheet) -> Iterator[Identity]:
    yield Identity("fees", sheet.sum("stays_rest_fen"), 0, is_money=True)
    yield Identity("arrears", sheet.sum("arrears_rest_fen"), 0, is_money=True)
    yield Identity("taken", sheet.traffic.taken_fen, sheet.sum("taken_fen"), is_money=True)
    yield Identity("vouchers", sheet.traffic.fen["VOUCHER"], sheet.sum("vouchers_fen"), is_money=True)
    yield Identity("cards", sheet.traffic.fen["CARD"], sheet.cards.sold_fen, is_money=True)
    yield Identity("deferred", sheet.cards.rest_fen, 0, is_money=True)
    yield Identity("ledger_and_tables", len(sheet.dues.differences), 0, is_money=False)


def _of_channels(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Iterator[Identity]:
    """Hold what the settlements and the receipts say against what the ledger has entered as money in hand."""
    table, cash = schema.settlement.c, schema.cash_payment.c
    settled = _sum(connection, table.amount_fen, table.site == site, table.settled_at, since, until)
    kinds = ("paid", "deducted", "card_paid", "merchant_paid")
    entered = _entered(connection, site, Account.WECHAT, kinds, since, until)
    yield Identity("wechat", settled, entered, is_money=True)
    taken = _sum(connection, cash.due_fen, cash.site == site, cash.paid_at, since, until)
    voided = _sum(connection, cash.due_fen, cash.site == site, cash.voided_at, since, until)
    in_tills = _entered(connection, site, Account.CASH, ("cash", "cash_void"), since, until)
    yield Identity("cash", taken - voided, in_tills, is_money=True)


def _sum(
    connection: Connection,
    amount: ColumnElement[int],
    mine: ColumnElement[bool],
    at: ColumnElement[datetime],
    since: datetime,
    until: datetime,
) -> int:
    query = select(func.coalesce(func.sum(amount), 0)).where(mine, at >= since, at < until)
    return int(connection.execute(query).scalar_one())


def _entered(
    connection: Connection, site: SiteId, account: Account, kinds: Sequence[str], since: datetime, until: datetime
) -> int:
    entries, postings = schema.ledger_entry, schema.ledger_posting
    joined = postings.join(entries, entries.c.id == postings.c.entry)
    mine = and_(entries.c.site == site, postings.c.account == account.value, entries.c.kind.in_(kinds))
    query = select(func.coalesce(func.sum(postings.c.amount_fen), 0)).select_from(joined)
    return int(connection.execute(query.where(mine, entries.c.at >= since, entries.c.at < until)).scalar_one())
