"""Month cards: what was sold, what was earned of it, which run out, and where more are sold than there are spaces."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import Connection, and_, func, select

from billing.accounts.chart import Account
from scada.model.names import SiteId
from scada.model.zones import Zone
from scada.reports.money.moves import moved_on
from scada.store import cardspaces
from scada.store.schema import card_period as periods
from scada.store.schema import month_card as cards


@dataclass(frozen=True, slots=True)
class CardMoney:
    """What the ledger says. Earned is entered when a month is over; deferred is what is paid and not used yet."""

    sold_fen: int
    earned_fen: int
    refunded_fen: int
    deferred_before_fen: int
    deferred_fen: int

    @property
    def rest_fen(self) -> int:
        """What nothing explains: none."""
        into = self.deferred_before_fen + self.sold_fen
        return into - self.earned_fen - self.refunded_fen - self.deferred_fen


@dataclass(frozen=True, slots=True)
class SoldPeriod:
    """Days of a card that were paid for."""

    paid_at: datetime
    card: str
    product: str
    holder: str
    first: date
    until: date
    price_fen: int
    earned_fen: int
    refunded_fen: int
    paid_to: str


@dataclass(frozen=True, slots=True)
class ZoneCards:
    """Spaces of cards that hold in a zone, and how many of its spaces there are for them."""

    zone: str
    spaces_sold: int
    reserved: int
    spaces: int | None

    @property
    def oversold(self) -> int:
        """How many more are sold than there are spaces at all."""
        return 0 if self.spaces is None else max(0, self.spaces_sold - self.spaces)

    @property
    def beyond_reserved(self) -> int:
        """How many must find a space beside the reserved ones."""
        return max(0, self.spaces_sold - self.reserved)


def read_money(connection: Connection, site: SiteId, since: datetime, until: datetime) -> CardMoney:
    """Read what cards brought from `since` to before `until`."""
    before = sum(moved_on(connection, site, Account.DEFERRED, None, since).values())
    moved = moved_on(connection, site, Account.DEFERRED, since, until)
    sold, earned, refunded = (moved.get(kind, 0) for kind in ("card_paid", "card_earned", "card_refunded"))
    return CardMoney(-sold, earned, refunded, -before, -before - sum(moved.values()))


def read_sold(connection: Connection, site: SiteId, since: datetime, until: datetime) -> Sequence[SoldPeriod]:
    """Read what was paid for from `since` to before `until`, in the order of time."""
    columns = (
        periods.c.paid_at,
        periods.c.card,
        cards.c.terms,
        cards.c.holder,
        periods.c.first,
        periods.c.until,
        periods.c.price_fen,
        periods.c.earned_fen,
        periods.c.refunded_fen,
        periods.c.paid_to,
    )
    paid = and_(periods.c.site == site, periods.c.paid_at >= since, periods.c.paid_at < until)
    query = select(*columns).join(cards, cards.c.id == periods.c.card).where(paid).order_by(periods.c.paid_at)
    return [
        SoldPeriod(at, card, str(terms.get("name", "")), *rest) for at, card, terms, *rest in connection.execute(query)
    ]


def read_expiring(
    connection: Connection, site: SiteId, at: datetime, within: timedelta, zone: tzinfo
) -> Sequence[tuple[str, str, date]]:
    """Give the cards whose paid days end within some days from a moment on: card, holder, the day they end."""
    last = func.max(periods.c.until)
    active = and_(cards.c.site == site, cards.c.state == "ACTIVE")
    query = select(cards.c.id, cards.c.holder, last).join(periods, periods.c.card == cards.c.id).where(active)
    today = at.astimezone(zone).date()
    query = query.group_by(cards.c.id, cards.c.holder).having(last >= today, last <= today + within)
    return [(card, holder, until) for card, holder, until in connection.execute(query.order_by(last, cards.c.id))]


def read_zones(connection: Connection, site: SiteId, at: datetime, zones: Sequence[Zone]) -> list[ZoneCards]:
    """Count the spaces that cards hold at a moment, zone by zone; a card that holds everywhere counts in each."""
    held = cardspaces.held(connection, site, at)
    return [
        ZoneCards(
            zone.name,
            sum(spaces for where, spaces in held if where in (None, zone.name)),
            zone.reserved,
            zone.spaces,
        )
        for zone in zones
    ]
