"""The verbs of month cards, for the control room."""

from dataclasses import asdict
from datetime import date
from typing import Final, TypeVar

from billing.accounts.chart import Account
from billing.cards.book import Card, NotSold
from billing.cards.desk import CardDesk
from billing.doors.vouchers import answered
from scada.engine.doors.asked import optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.shown import as_json
from scada.model.lane.codec import Json
from scada.model.plate import Plate, is_plausible, normal_form

T = TypeVar("T")

_INTO: Final = {"CASH": Account.CASH, "SAFE": Account.SAFE, "BANK": Account.BANK}
_WECHAT: Final = "WECHAT"
DAYS_MOST: Final = 366


class CardDoor:
    """Month cards; the rights are checked before these are called."""

    def __init__(self, desk: CardDesk) -> None:
        self._desk = desk

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        own: dict[str, Handler] = {
            "card_products": self._products,
            "cards": self._cards,
            "cards_due": self._due,
            "sell_card": self._sell,
            "renew_card": self._renew,
            "change_card_plate": self._change_plate,
            "end_card": self._end,
        }
        return {verb: answered(handler) for verb, handler in own.items()}

    async def _products(self, ask: Ask) -> object:
        return [as_json(asdict(one)) for one in self._desk.products.values()]

    async def _cards(self, ask: Ask) -> object:
        return [card_json(card) for card in await self._desk.all()]

    async def _due(self, ask: Ask) -> object:
        return [card_json(card) for card in await self._desk.running_out(whole_number(ask, "days", 0, DAYS_MOST))]

    async def _sell(self, ask: Ask) -> object:
        product = self._desk.products.get(text_of(ask, "product"))
        if product is None:
            raise BridgeRefusal("bad_args", f"product: one of {', '.join(self._desk.products) or 'none is sold here'}")
        plates, first = _plates(ask), _day(ask)
        _means(ask)
        made = await self._desk.offer(product, plates, optional(ask, "holder"), first or self._desk.today, ask.user)
        return await self._pay(ask, _done(made))

    async def _renew(self, ask: Ask) -> object:
        wanted = text_of(ask, "card")
        found = next((card for card in await self._desk.all() if card.id == wanted), None)
        if found is None:
            raise BridgeRefusal("bad_args", "there is no such card")
        return await self._pay(ask, found)

    async def _pay(self, ask: Ask, card: Card) -> object:
        """Give the code by which a card is to be paid, or take its money."""
        means = _means(ask)
        if means == _WECHAT:
            made = await self._desk.order(card, ask.user)
            return {"card": card.id, "order": made.order, "amount_fen": made.amount_fen, "code_url": made.code_url}
        return card_json(_done(await self._desk.take(card.id, _INTO[means], ask.user)))

    async def _change_plate(self, ask: Ask) -> object:
        old, new = _plate(text_of(ask, "old")), _plate(text_of(ask, "new"))
        _done(await self._desk.change_plate(text_of(ask, "card"), old, new, ask.user))
        return {"done": True}

    async def _end(self, ask: Ask) -> object:
        out_of = text_of(ask, "out_of")
        if out_of not in ("SAFE", "BANK"):
            raise BridgeRefusal("bad_args", "out_of: SAFE or BANK")
        back = await self._desk.end(text_of(ask, "card"), _INTO[out_of], ask.user, text_of(ask, "why")[:200])
        return {"refunded_fen": _done(back)}


def card_json(card: Card) -> dict[str, Json]:
    """Write a card as people read it."""
    return {
        "card": card.id,
        "product": card.product.name,
        "title": card.product.title,
        "title_en": card.product.title_en or card.product.title,
        "holder": card.holder,
        "plates": list(card.plates),
        "spaces": card.product.spaces,
        "first": card.first.isoformat(),
        "until": None if card.until is None else card.until.isoformat(),
        "state": card.state,
    }


def _done(outcome: T | NotSold) -> T:
    if isinstance(outcome, NotSold):
        raise BridgeRefusal("refused", outcome.why)
    return outcome


def _means(ask: Ask) -> str:
    means = text_of(ask, "means")
    if means != _WECHAT and means not in _INTO:
        raise BridgeRefusal("bad_args", "means: WECHAT, CASH, SAFE or BANK")
    return means


def _plates(ask: Ask) -> tuple[Plate, ...]:
    plates = ask.args.get("plates")
    if not isinstance(plates, list) or not plates:
        raise BridgeRefusal("bad_args", "plates: one at least")
    return tuple(_plate(str(text)) for text in plates)


def _plate(text: str) -> Plate:
    plate = normal_form(text)
    if not is_plausible(plate):
        raise BridgeRefusal("bad_args", "this is not a plate: province, letter, then five or six signs")
    return plate


def _day(ask: Ask) -> date | None:
    text = optional(ask, "first")
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BridgeRefusal("bad_args", f"first: {text} is no day like 2026-05-01") from error
