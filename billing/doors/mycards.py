"""The verbs of month cards on a phone that is known: seen, bought, renewed and paid, moved to another plate.

Buying and renewing end in a token: the right to pay for that card's next days, and to see whether it was paid. It needs
no phone that is known, so that it may be paid outside WeChat, too; it says nothing more once they are paid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from billing.books import Books
from billing.cards import book, selling
from billing.cards.book import Card, NotSold
from billing.cards.terms import Product, as_sold
from billing.cards.wanting import Wanting
from billing.driver.bindings import Phones, Proof
from billing.driver.limits import Window
from billing.driver.means import NOT_NOW, Means, shown
from billing.driver.tokens import Tokens
from billing.orders.keeper import Payable
from billing.orders.ways import Offer
from scada.clock import Clock
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.plate import Plate, is_plausible, normal_form
from scada.ports import BillingError
from scada.store.db import Database
from scada.store.schema import card_period as periods
from scada.store.schema import pay_order as orders

T = TypeVar("T")
LIFE: Final = timedelta(hours=1)
"""How long the page of a purchase may be opened."""
LOOKS_MOST, MINUTE_S = 60, 60.0
CHANGES_MOST, HOUR_S = 20, 3600.0
VIEWS_MOST: Final = 120
"""Times a minute that the pages of one purchase may ask how it stands."""
PAYS_MOST, PAYS_SPAN_S = 12, 600.0
SLOW: Final = "Too many tries. Please wait a minute."
GONE: Final = "this page is no longer valid"
NOT_MINE: Final = "This card is for none of your plates."
UNPROVED: Final = "Scan the code at the gate with this car first: then its card can be moved."
ANOTHER: Final = "the same phone wants another card instead"
PHONE: Final = "phone"


class Orders(Protocol):
    """Who makes orders for cards at WeChat."""

    async def order_card(self, card: str, product: Product, by: str, offer: Offer, seen: Card) -> Payable:
        """Give the order for a card's next days, if they are still those after the ones it had when it was `seen`."""


@dataclass(frozen=True, slots=True)
class CardParts:
    """What the desk works with. `tokens` name a card's next days."""

    db: Database
    books: Books
    clock: Clock
    zone: ZoneInfo
    products: Mapping[str, Product]
    orders: Orders
    means: Means
    tokens: Tokens


class PhoneCards:
    """Month cards on phones."""

    def __init__(self, parts: CardParts) -> None:
        self._parts = parts
        self._looks = Window(LOOKS_MOST, MINUTE_S)
        self._changes = Window(CHANGES_MOST, HOUR_S)
        self._views = Window(VIEWS_MOST, MINUTE_S)
        self._pays = Window(PAYS_MOST, PAYS_SPAN_S)
        self._wanting = Wanting()

    def verbs(self) -> dict[str, Handler]:
        """Give the public verbs by name."""
        return {
            "my_cards": self._mine,
            "card_buy": self._buy,
            "card_renew": self._renew,
            "card_change": self._change,
            "card_view": self._view,
            "card_pay": self._pay,
        }

    def token(self, card: Card, life: timedelta = LIFE) -> str:
        """Name a card's next days: after `until`, as it is now."""
        return self._parts.tokens.make(f"{card.id}@{_day(card.until)}", self._parts.clock.now(), life)

    async def _mine(self, ask: Ask) -> object:
        """Give the cards of the phone's plates, and what is sold."""
        openid, at = self._openid(ask, self._looks), self._parts.clock.now()
        parts = self._parts

        def work(conn: Connection) -> dict[str, object]:
            plates = [one.plate for one in Phones(parts.books.site, conn).of_phone(openid)]
            mine = [
                card
                for card in book.all_of(conn, parts.books.site)
                if _is_shown(card) and set(card.plates) & set(plates)
            ]
            sold = parts.products.values()
            left = {one.name: selling.left(conn, parts.books.site, at, one) for one in sold}
            has = [plate for plate in plates if book.has_card(conn, parts.books.site, plate, at)]
            return {
                "plates": [{"plate": plate, "has_card": plate in has} for plate in plates],
                "cards": [self._card(card, plates) for card in mine],
                "products": [_product(one, left[one.name]) for one in sold],
            }

        return await parts.db.read(work)

    def _card(self, card: Card, mine: list[Plate]) -> dict[str, object]:
        today, product = card.today(self._parts.clock.now()), self._today(card)
        return {
            "card": card.id,
            "title": card.product.title,
            "title_en": card.product.title_en or card.product.title,
            "plates": [{"plate": plate, "mine": plate in mine} for plate in card.plates],
            "spaces": card.product.spaces,
            "last": _last(card.until),
            "days": 0 if card.until is None else (card.until - today).days,
            "grace_days": card.product.grace_days,
            "price_fen": product.price_fen,
            "months": product.months,
            "may_change": card.product.changes > 0,
            "may_add": len(card.plates) < card.product.plates,
        }

    async def _buy(self, ask: Ask) -> object:
        """Write down the card that is wanted for plates of this phone; gives the token of its page.

        One that it wanted before for other plates, and has not paid, is given up.
        """
        openid, at, parts = self._openid(ask, self._changes), self._parts.clock.now(), self._parts
        product, plates = parts.products.get(text_of(ask, "product")), _plates(ask)
        if product is None:
            raise BridgeRefusal("bad_args", "This card is not sold any more.")

        def work(conn: Connection) -> Card:
            mine = {one.plate for one in Phones(parts.books.site, conn).of_phone(openid)}
            if not plates or len(plates) > product.plates or not set(plates) <= mine:
                raise BridgeRefusal("refused", "Choose among your own plates, no more than the card is for.")
            former = self._wanting.former(openid, product.name)
            if former is not None and not selling.is_for(conn, parts.books.site, former, product, plates):
                selling.drop(conn, parts.books, at, former, ANOTHER, PHONE)
            today = at.astimezone(parts.zone).date()
            made = _done(selling.want(conn, parts.books, at, product, plates, today, parts.zone, PHONE))
            self._wanting.note(openid, product.name, made.id)
            return made

        return {"token": self.token(await parts.db.write(work))}

    async def _renew(self, ask: Ask) -> object:
        """Give the token of the page on which the next days of a card are paid."""
        openid, wanted, parts = self._openid(ask, self._changes), text_of(ask, "card"), self._parts

        def work(conn: Connection) -> Card | NotSold:
            mine = {one.plate for one in Phones(parts.books.site, conn).of_phone(openid)}
            found = book.find(conn, parts.books.site, wanted)
            return NotSold(NOT_MINE) if found is None or not mine & set(found.plates) else found

        return {"token": self.token(_done(await parts.db.read(work)))}

    async def _change(self, ask: Ask) -> object:
        """Let another plate of this phone take the place of one of a card's, be one more, or one be taken off."""
        openid, wanted, parts = self._openid(ask, self._changes), text_of(ask, "card"), self._parts
        old, new, at = _plate_or_none(ask, "old"), _plate_or_none(ask, "new"), self._parts.clock.now()

        def work(conn: Connection) -> NotSold | None:
            mine = {one.plate: one.proof for one in Phones(parts.books.site, conn).of_phone(openid)}
            found = book.find(conn, parts.books.site, wanted, lock=True)
            named = {plate for plate in (old, new) if plate is not None}
            if (
                found is None
                or not _is_shown(found)
                or not named
                or not named <= set(mine)
                or not set(mine) & set(found.plates)
            ):
                return NotSold("Both plates must be bound to this phone.")
            if not self._may_decide(conn, openid, found, old, mine):
                return NotSold(UNPROVED)
            return _changed(conn, parts.books, at, found, old, new)

        _done(await parts.db.write(work))
        return {"done": True}

    def _may_decide(
        self, conn: Connection, openid: str, card: Card, old: Plate | None, mine: Mapping[Plate, Proof]
    ) -> bool:
        """Say whether a phone may take a plate off a card or add one: it stood at the gate with it, or has paid."""
        of_card = card.plates if old is None else (old,)
        at_boom = any(mine.get(plate) is Proof.BOOM for plate in of_card)
        return at_boom or _has_paid(conn, openid, card)

    async def _view(self, ask: Ask) -> object:
        """Say what is to be paid for, whether it was, or why it cannot be."""
        name, ended = self._named(ask)
        if not self._views.take(name, self._parts.clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        at, parts = self._parts.clock.now(), self._parts

        def work(conn: Connection) -> tuple[Card | None, str]:
            found = book.find(conn, parts.books.site, name)
            why = "" if found is None else selling.why_not_order(conn, parts.books.site, at, found, self._today(found))
            return found, why

        card, why = await parts.db.read(work)
        if card is None:
            raise BridgeRefusal("gone", GONE)
        is_paid, product = _day(card.until) != ended, self._today(card)
        days = book.next_period(card if is_paid else replace(card, product=product), at)
        return {
            "state": "paid" if is_paid else "over" if why else "due",
            "why": "" if is_paid else why,
            "title": card.product.title,
            "title_en": card.product.title_en or card.product.title,
            "plates": list(card.plates),
            "spaces": card.product.spaces,
            "first": days.first.isoformat(),
            "last": _last(card.until if is_paid else days.until),
            "due_fen": 0 if is_paid or why else product.price_fen,
            "ways": parts.means.ways,
        }

    async def _pay(self, ask: Ask) -> object:
        """Give what this phone pays with; nothing where the days are paid."""
        (name, ended), parts = self._named(ask), self._parts
        if not self._pays.take(name, parts.clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        offer = parts.means.offer(ask, parts.clock.now())
        card = await parts.db.read(lambda conn: book.find(conn, parts.books.site, name))
        if card is None or _day(card.until) != ended:
            return shown(None)
        try:
            made = await parts.orders.order_card(name, self._today(card), PHONE, offer, card)
        except BillingError as error:
            raise BridgeRefusal("refused", NOT_NOW) from error
        return {"due_fen": made.amount_fen, **shown(made.offered)}

    def _today(self, card: Card) -> Product:
        return as_sold(self._parts.products, card.product)

    def _named(self, ask: Ask) -> tuple[str, str]:
        """Give the card that a token names, and the day before which its days were paid then."""
        found = self._parts.tokens.subject(text_of(ask, "token"), self._parts.clock.now())
        if found is None:
            raise BridgeRefusal("gone", GONE)
        card, _, ended = found.partition("@")
        return card, ended

    def _openid(self, ask: Ask, window: Window) -> str:
        found = self._parts.means.seal.open(str(ask.args.get("phone", "")), self._parts.clock.now())
        if found is None:
            raise BridgeRefusal("unknown_phone", "WeChat does not know this visit")
        if not window.take(found.value, self._parts.clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        return found.value


def _is_shown(card: Card) -> bool:
    """A card that was never paid, or was given back, is none."""
    return card.state == "ACTIVE"


def _product(product: Product, left: int | None) -> dict[str, object]:
    return {
        "product": product.name,
        "title": product.title,
        "title_en": product.title_en or product.title,
        "price_fen": product.price_fen,
        "months": product.months,
        "plates": product.plates,
        "spaces": product.spaces,
        "left": left,
    }


def _has_paid(conn: Connection, openid: str, card: Card) -> bool:
    joined = periods.join(orders, orders.c.out_trade_no == periods.c.out_trade_no)
    query = select(periods.c.id).select_from(joined).where(periods.c.card == card.id, orders.c.payer == openid)
    return conn.execute(query).first() is not None


def _done(outcome: T | NotSold) -> T:
    if isinstance(outcome, NotSold):
        raise BridgeRefusal("refused", outcome.why)
    return outcome


def _plates(ask: Ask) -> tuple[Plate, ...]:
    plates = ask.args.get("plates")
    found = plates if isinstance(plates, list) else []
    return tuple(dict.fromkeys(_plate(str(text)[:16]) for text in found[:16]))


def _plate(text: str) -> Plate:
    plate = normal_form(text[:16])
    if not is_plausible(plate):
        raise BridgeRefusal("bad_args", "This is not a plate. Please look again.")
    return plate


def _plate_or_none(ask: Ask, name: str) -> Plate | None:
    return _plate(text_of(ask, name)) if ask.args.get(name) else None


def _changed(
    conn: Connection, books: Books, at: datetime, card: Card, old: Plate | None, new: Plate | None
) -> NotSold | None:
    if old is None:
        return None if new is None else book.add_plate(conn, books, at, card, new, PHONE)
    if new is None:
        return book.remove_plate(conn, books, at, card, old, PHONE)
    return book.change_plate(conn, books, at, card, old, new, PHONE)


def _day(until: date | None) -> str:
    return "" if until is None else until.isoformat()


def _last(until: date | None) -> str:
    """Give the last day on which a card is good that ends before `until`."""
    return "" if until is None else (until - timedelta(days=1)).isoformat()
