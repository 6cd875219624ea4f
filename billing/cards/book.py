"""Month cards in the database: sold, renewed, moved to another plate, ended. Plain functions of a connection.

What a card opens stands in the register of rights; here stands what was paid for it, and for which days.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select, update

from billing.accounts import flows
from billing.accounts.book import post
from billing.accounts.chart import Account
from billing.books import NOWHERE, Books
from billing.cards.terms import Period, Product, first_period, midnight, renewal, why_not_change
from billing.ids import new_id
from billing.plates import register
from billing.refunds import book as refunds
from billing.refunds.words import RefundReason, refund_number
from billing.rights import Entry, RightKind
from scada.model.money import NOTHING, Fen
from scada.model.names import OrderId, SiteId, ZoneName
from scada.model.plate import Plate
from scada.ports import BillingError
from scada.store.schema import card_period as periods
from scada.store.schema import month_card as cards
from scada.store.schema import plate_right as rights
from scada.store.schema import stay as stays

HAS_CARD: Final = "This plate has a month card already: renew that one."


@dataclass(frozen=True, slots=True)
class Card:
    """A card; `until` is the day on which what was paid for ends, None while nothing was paid."""

    id: str
    holder: str
    product: Product
    plates: tuple[Plate, ...]
    first: date
    state: str
    zone: ZoneInfo
    changes: tuple[date, ...] = ()
    until: date | None = None

    def today(self, at: datetime) -> date:
        """Give the day it is where the card holds."""
        return at.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Paid:
    """How a period was paid: by an order at WeChat, into a person's till (`shift`), or into safe or bank."""

    into: Account
    by: str
    order: OrderId | None = None
    shift: str | None = None


@dataclass(frozen=True, slots=True)
class NotSold:
    """It was not done, and why."""

    why: str


def add(conn: Connection, books: Books, at: datetime, card: Card, by: str) -> None:
    """Write down a card that somebody wants to buy; it opens nothing until it is paid."""
    plates, first = list(card.plates), card.first
    conn.execute(
        cards.insert().values(
            id=card.id,
            site=books.site,
            holder=card.holder,
            terms=_terms(card.product),
            plates=plates,
            first=first,
            clock_zone=card.zone.key,
            state=card.state,
            changes=[],
            made_at=at,
            made_by=by,
        )
    )
    body = {"card": card.id, "product": card.product.name, "plates": plates, "first": first.isoformat(), "by": by}
    books.tell(conn, at, "money", "card wanted", NOWHERE, **body)


def reprice(conn: Connection, card: str, product: Product) -> None:
    """Take a product's terms of today for what a card is paid for next."""
    conn.execute(update(cards).where(cards.c.id == card).values(terms=_terms(product)))


def next_period(card: Card, at: datetime) -> Period:
    """Give the days that a card is paid for next, if it is paid now."""
    return _next(card, card.today(at))


def pay(conn: Connection, books: Books, at: datetime, card: Card, price: Fen, paid: Paid) -> Period:
    """Enter that a card was paid for its first or its next days, and open what it opens. Raises BillingError."""
    if card.state == "ENDED":
        raise BillingError(f"card {card.id} has ended")
    name, made = new_id(at), replace(_next(card, card.today(at)), price_fen=price)
    days = {"first": made.first, "until": made.until, "price_fen": made.price_fen}
    conn.execute(
        periods.insert().values(
            id=name,
            site=books.site,
            card=card.id,
            out_trade_no=paid.order,
            shift=paid.shift,
            paid_at=at,
            paid_to=paid.into.value,
            **days,
        )
    )
    begun = card.first if made.first == card.until else made.first
    conn.execute(update(cards).where(cards.c.id == card.id).values(state="ACTIVE", first=begun))
    to = paid.by if paid.into is Account.CASH else ""
    post(conn, books.site, at, flows.card_paid(name, card.id, made.price_fen, paid.into, to, paid.order, paid.by))
    _open(conn, books, at, card, made, paid.by)
    told = {"card": card.id, "first": made.first.isoformat(), "until": made.until.isoformat(), "by": paid.by}
    books.tell(conn, at, "money", "card paid", NOWHERE, price_fen=made.price_fen, into=paid.into.value, **told)
    return made


def change_plate(
    conn: Connection, books: Books, at: datetime, card: Card, old: Plate, new: Plate, by: str
) -> NotSold | None:
    """Let another plate take the place of one of a card's."""
    if new in card.plates:
        return NotSold("The old plate is none of the card's, or the new one is one already.")
    if why := _why_not_off(conn, books, at, card, old):
        return NotSold(why)
    if has_card(conn, books.site, new, at):
        return NotSold("The new plate has a month card already.")
    _give(conn, books, at, card, new, _taken(conn, books, at, card, old), by)
    _keep(conn, card, [new if plate == old else plate for plate in card.plates], (*card.changes, card.today(at)))
    books.tell(conn, at, "money", "card changes plate", NOWHERE, card=card.id, old=old, new=new, by=by)
    return None


def add_plate(conn: Connection, books: Books, at: datetime, card: Card, new: Plate, by: str) -> NotSold | None:
    """Let a card be for one more plate, if it has fewer than it may have; that is no change."""
    if new in card.plates or len(card.plates) >= card.product.plates:
        return NotSold("This card has as many plates as it may have.")
    if has_card(conn, books.site, new, at):
        return NotSold("The new plate has a month card already.")
    lasting = conn.execute(select(rights).where(_good(books, at, card, card.plates[0]))).all()
    _give(conn, books, at, card, new, lasting, by)
    _keep(conn, card, [*card.plates, new], card.changes)
    books.tell(conn, at, "money", "card gets a plate", NOWHERE, card=card.id, new=new, by=by)
    return None


def remove_plate(conn: Connection, books: Books, at: datetime, card: Card, old: Plate, by: str) -> NotSold | None:
    """Let a card be for one plate less; that counts as a change, or plates would go round for nothing."""
    if len(card.plates) == 1:
        return NotSold("A card keeps one plate at least: use another one instead.")
    if why := _why_not_off(conn, books, at, card, old):
        return NotSold(why)
    _taken(conn, books, at, card, old)
    _keep(conn, card, [plate for plate in card.plates if plate != old], (*card.changes, card.today(at)))
    books.tell(conn, at, "money", "card loses a plate", NOWHERE, card=card.id, old=old, by=by)
    return None


def _why_not_off(conn: Connection, books: Books, at: datetime, card: Card, old: Plate) -> str:
    """Say why a plate is not taken off a card now; empty if it is."""
    today = card.today(at)
    this_month = [day for day in card.changes if (day.year, day.month) == (today.year, today.month)]
    if old not in card.plates:
        return "The old plate is none of the card's, or the new one is one already."
    if why := why_not_change(card.product, len(this_month)):
        return why
    if not card.product.change_inside and _is_inside(conn, books.site, card, old):
        return "The car with the old plate is in the car park under this card: change it when it has left."
    return ""


def _good(books: Books, at: datetime, card: Card, plate: Plate) -> ColumnElement[bool]:
    mine = (rights.c.site == books.site) & (rights.c.card == card.id) & (rights.c.plate == plate)
    return mine & or_(rights.c.valid_until.is_(None), rights.c.valid_until > at)


def _taken(conn: Connection, books: Books, at: datetime, card: Card, old: Plate) -> Sequence[Row[tuple[object, ...]]]:
    """End what a card lets a plate do; gives it as it was."""
    good = _good(books, at, card, old)
    rows = conn.execute(select(rights).where(good)).all()
    conn.execute(update(rights).where(good).values(valid_until=at))
    return rows


def _give(
    conn: Connection,
    books: Books,
    at: datetime,
    card: Card,
    new: Plate,
    rows: Sequence[Row[tuple[object, ...]]],
    by: str,
) -> None:
    """Let a plate do what another one of the card may, or might until now."""
    given = [_entry(new, max(row.valid_from, at), row.valid_until, row.zone, card) for row in rows]
    if given:
        register.add(conn, books.site, at, given, by)


def _keep(conn: Connection, card: Card, plates: Sequence[Plate], changes: Sequence[date]) -> None:
    days = [day.isoformat() for day in changes]
    conn.execute(update(cards).where(cards.c.id == card.id).values(plates=list(plates), changes=days))


def end(conn: Connection, books: Books, at: datetime, card: Card, out_of: Account, by: str, why: str) -> Fen | NotSold:
    """End a card now: today is used, the days after it are given back as they were paid."""
    if card.state == "ENDED":
        return NotSold("it has ended already")
    today = card.today(at)
    mine = (rights.c.site == books.site) & (rights.c.card == card.id)
    good = mine & or_(rights.c.valid_until.is_(None), rights.c.valid_until > at)
    conn.execute(update(rights).where(good).values(valid_until=at))
    conn.execute(update(cards).where(cards.c.id == card.id).values(state="ENDED"))
    back = NOTHING
    for row in conn.execute(select(periods).where(periods.c.card == card.id).order_by(periods.c.first)).all():
        back = Fen(back + _give_back(conn, books, at, row, today, out_of, by, why))
    books.tell(conn, at, "money", "card ended", NOWHERE, card=card.id, refunded_fen=back, by=by, why=why)
    return back


def find(conn: Connection, site: SiteId, card: str, *, lock: bool = False) -> Card | None:
    """Give a card by its id."""
    query = _joined().where(cards.c.site == site, cards.c.id == card)
    row = conn.execute(query.with_for_update(of=cards) if lock else query).one_or_none()
    return None if row is None else _card(row)


def of_plate(conn: Connection, site: SiteId, plate: Plate) -> Card | None:
    """Give the card of a plate that has not ended."""
    return next((card for card in all_of(conn, site) if plate in card.plates and card.state != "ENDED"), None)


def all_of(conn: Connection, site: SiteId) -> tuple[Card, ...]:
    """Give all cards, the newest first."""
    query = _joined().where(cards.c.site == site).order_by(cards.c.id.desc())
    return tuple(_card(row) for row in conn.execute(query))


def running_out(conn: Connection, site: SiteId, today: date, days: int) -> tuple[Card, ...]:
    """Give the cards whose paid days end within so many days, or have ended within their days of grace: to be told."""
    soon = today + timedelta(days=days)
    found = [card for card in all_of(conn, site) if card.state == "ACTIVE" and card.until is not None]
    due = [card for card in found if card.until is not None and _told_from(card, today) <= card.until <= soon]
    return tuple(sorted(due, key=lambda card: (card.until or today, card.id)))


def _told_from(card: Card, today: date) -> date:
    return today - timedelta(days=card.product.grace_days)


def _next(card: Card, today: date) -> Period:
    if card.until is None:
        return first_period(card.product, max(card.first, today))
    return renewal(card.product, card.until, today, card.first.day)


def _open(conn: Connection, books: Books, at: datetime, card: Card, period: Period, by: str) -> None:
    """Let the rights of a card last as long as it is paid, its days of grace added."""
    since = midnight(period.first, card.zone)
    until = midnight(period.until + timedelta(days=card.product.grace_days), card.zone)
    added = []
    for plate in card.plates:
        for where in card.product.zones or (None,):
            mine = (rights.c.site == books.site) & (rights.c.card == card.id) & (rights.c.plate == plate)
            mine &= rights.c.zone.is_(None) if where is None else rights.c.zone == where
            lasting = mine & (rights.c.valid_until >= since)
            if not conn.execute(update(rights).where(lasting).values(valid_until=until)).rowcount:
                added.append(_entry(plate, since, until, where, card))
    if added:
        register.add(conn, books.site, at, added, by)


def _entry(plate: Plate, since: datetime, until: datetime | None, zone: str | None, card: Card) -> Entry:
    where = None if zone is None else ZoneName(zone)
    return Entry(plate, RightKind.MONTH, since, until, where, card.id, card.product.spaces, card.holder)


def has_card(conn: Connection, site: SiteId, plate: Plate, at: datetime, but: str = "") -> bool:
    """Say whether a plate has the right of a month card now or later; of another one than `but`."""
    good = or_(rights.c.valid_until.is_(None), rights.c.valid_until > at)
    mine = (rights.c.site == site) & (rights.c.plate == plate) & (rights.c.kind == RightKind.MONTH.value)
    other = or_(rights.c.card.is_(None), rights.c.card != but)
    return conn.execute(select(rights.c.id).where(mine, good, other)).first() is not None


def _is_inside(conn: Connection, site: SiteId, card: Card, plate: Plate) -> bool:
    under = (stays.c.site == site) & (stays.c.card == card.id) & (stays.c.plate == plate) & stays.c.ending.is_(None)
    return conn.execute(select(stays.c.id).where(under)).first() is not None


def _give_back(
    conn: Connection,
    books: Books,
    at: datetime,
    row: Row[tuple[object, ...]],
    today: date,
    out_of: Account,
    by: str,
    why: str,
) -> Fen:
    """Enter what a period has earned up to now, and give the rest back."""
    period = period_of(row)
    if row.refunded_fen:
        return NOTHING
    back = period.unused(today)
    earned = Fen(period.price_fen - back - row.earned_fen)
    if earned > 0:
        post(conn, books.site, at, flows.card_earned(row.id, row.card, earned, f"card_earned:{row.id}:end"))
    changes = {"earned_fen": period.price_fen - back, "refunded_fen": back}
    conn.execute(update(periods).where(periods.c.id == row.id).values(**changes))
    if not back:
        return NOTHING
    if row.out_trade_no is None:
        post(conn, books.site, at, flows.card_refunded(row.id, row.card, back, out_of, "", by))
        return back
    order = OrderId(row.out_trade_no)
    number = refund_number(order, len(refunds.of_order(conn, order)) + 2)
    post(conn, books.site, at, flows.card_refunded(row.id, row.card, back, Account.REFUND_PAYABLE, number, by))
    total = period.price_fen
    refunds.want(conn, books, at, number, order, None, back, total, RefundReason.CARD, by, note=why)
    return back


def period_of(row: Row[tuple[object, ...]]) -> Period:
    """Give the days of a row."""
    return Period(row.first, row.until, Fen(row.price_fen))


def _terms(product: Product) -> dict[str, object]:
    return asdict(product) | {"zones": list(product.zones)}


def _joined() -> Select[tuple[object, ...]]:
    last = select(periods.c.card, func.max(periods.c.until).label("until")).group_by(periods.c.card).subquery()
    return select(cards, last.c.until).select_from(cards.outerjoin(last, last.c.card == cards.c.id))


def _card(row: Row[tuple[object, ...]]) -> Card:
    return Card(
        id=row.id,
        holder=row.holder,
        product=Product(**{**row.terms, "price_fen": Fen(row.terms["price_fen"]), "zones": tuple(row.terms["zones"])}),
        plates=tuple(Plate(plate) for plate in row.plates),
        first=row.first,
        state=row.state,
        zone=ZoneInfo(row.clock_zone),
        changes=tuple(date.fromisoformat(day) for day in row.changes),
        until=row.until,
    )
