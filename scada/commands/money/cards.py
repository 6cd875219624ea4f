"""`daozha card products/sell/renew/list/due/change-plate/end`: month cards as goods.

At the terminal money goes into the safe or the bank; a card is paid by WeChat or into a till in the control room.
"""

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from billing.accounts.chart import Account
from billing.books import Books
from billing.cards.book import Card, NotSold
from billing.cards.desk import CardDesk, products_of
from billing.cards.terms import Product
from billing.doors.cards import card_json
from billing.orders.keeper import Payable
from scada import say
from scada.clock import clock_from
from scada.commands.upkeep import who, with_database
from scada.config import Config
from scada.model.money import yuan_text
from scada.model.plate import is_plausible, normal_form
from scada.ports import BillingError
from scada.store.db import Database

_INTO: Final = {"bank": Account.BANK, "safe": Account.SAFE}
_SHOWN: Final = ("card", "product", "holder", "plates", "spaces", "first", "until", "state")


class _NoOrders:
    """A terminal makes no orders at WeChat."""

    async def order_card(self, card: str, product: Product, by: str) -> Payable:
        """Refuse."""
        raise BillingError(f"card {card}: {product.name} is paid by WeChat in the control room, not by {by} here")


def products(asked: argparse.Namespace) -> int:
    """List what the site sells."""

    async def work(desk: CardDesk) -> int:
        rows = [
            (one.name, one.title, yuan_text(one.price_fen), str(one.months), f"{one.plates} : {one.spaces}")
            for one in desk.products.values()
        ]
        say.show_table(say.counted(len(rows), "product"), ("name", "title", "yuan", "months", "cars : spaces"), rows)
        return 0

    return _at_desk(asked, work)


def sell(asked: argparse.Namespace) -> int:
    """Sell a card. 1: it may not be; 2: there is no such product, or this is no plate."""
    plates = tuple(normal_form(text) for text in asked.plates)
    wrong = [plate for plate in plates if not is_plausible(plate)]
    if wrong:
        say.complain(f"{', '.join(wrong)}: not a plate")
        return 2

    async def work(desk: CardDesk) -> int:
        product = desk.products.get(asked.product)
        if product is None:
            say.complain(f"there is no product {asked.product}: daozha card products")
            return 2
        made = await desk.offer(product, plates, asked.holder or "", asked.first or desk.today, who())
        if isinstance(made, NotSold):
            say.complain(made.why)
            return 1
        return _told(await desk.take(made.id, _INTO[asked.into], who()))

    return _at_desk(asked, work)


def renew(asked: argparse.Namespace) -> int:
    """Take money for a card's next days. 1: there is none, or it has ended."""

    async def work(desk: CardDesk) -> int:
        return _told(await desk.take(asked.card, _INTO[asked.into], who()))

    return _at_desk(asked, work)


def change_plate(asked: argparse.Namespace) -> int:
    """Let another plate take the place of one. 1: it may not; 2: this is no plate."""
    old, new = normal_form(asked.old), normal_form(asked.new)
    if not is_plausible(new):
        say.complain(f"{asked.new} is not a plate")
        return 2

    async def work(desk: CardDesk) -> int:
        done = await desk.change_plate(asked.card, old, new, who())
        if done is not None:
            say.complain(done.why)
            return 1
        say.tell(f"{new} takes the place of {old}")
        return 0

    return _at_desk(asked, work)


def end(asked: argparse.Namespace) -> int:
    """End a card and give back what it does not use. 1: there is none, or it has ended."""

    async def work(desk: CardDesk) -> int:
        back = await desk.end(asked.card, _INTO[asked.out_of], who(), asked.why)
        if isinstance(back, NotSold):
            say.complain(back.why)
            return 1
        say.tell(f"it has ended; {yuan_text(back)} yuan go back as they were paid")
        return 0

    return _at_desk(asked, work)


def show(asked: argparse.Namespace) -> int:
    """List the cards."""

    async def work(desk: CardDesk) -> int:
        return _listed(await desk.all(), as_json=asked.json)

    return _at_desk(asked, work)


def due(asked: argparse.Namespace) -> int:
    """List whom to remind: the cards that end soon, or have ended within their days of grace."""

    async def work(desk: CardDesk) -> int:
        return _listed(await desk.running_out(asked.days), as_json=asked.json)

    return _at_desk(asked, work)


def _listed(found: Sequence[Card], *, as_json: bool) -> int:
    rows = [card_json(card) for card in found]
    if as_json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return 0
    lines = [[_cell(row[name]) for name in _SHOWN] for row in rows]
    say.show_table(say.counted(len(rows), "card"), _SHOWN, lines)
    return 0


def _cell(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _told(outcome: Card | NotSold) -> int:
    if isinstance(outcome, NotSold):
        say.complain(outcome.why)
        return 1
    say.tell(f"card {outcome.id}: {', '.join(outcome.plates)} until {outcome.until}")
    return 0


def _at_desk(asked: argparse.Namespace, work: Callable[[CardDesk], Awaitable[int]]) -> int:
    async def do(config: Config, db: Database) -> int:
        sold = products_of(config.card_products)
        return await work(CardDesk(db, Books.of(config), clock_from(), config.site.zone_info, sold, _NoOrders()))

    return with_database(asked, do)
