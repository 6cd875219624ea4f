"""The verbs of card products: what is sold, set while the site runs, and how many spaces were promised."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError
from sqlalchemy import Connection

from billing.cards import book as cards
from billing.cards import selling
from billing.cards.desk import products_of
from billing.cards.terms import Product
from scada.config import Config
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.settings.office import Contents, SettingsOffice
from scada.model.lane.codec import Json
from scada.model.names import ZoneName
from scada.model.settings import SettingKind
from scada.settings.money import CardProduct

SOLD: Final = "sold"
"""Of a setting: whether the product is sold at all."""


class ProductOffice:
    """What is sold: the products of config.toml, and over them what was set; `products` is what the desks sell."""

    def __init__(self, config: Config, office: SettingsOffice, products: dict[str, Product]) -> None:
        self._config = config
        self._office = office
        self._products = products
        office.on(SettingKind.CARD_PRODUCT, self._hear)

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"set_card_product": self._set, "card_spaces": self._spaces}

    async def _hear(self, contents: Contents) -> None:
        """Sell what is set from now on."""
        set_ = [CardProduct.model_validate(_fields(one)) for one in contents.values() if one.get(SOLD) is not False]
        kept = tuple(one for one in self._config.card_products if one.name not in contents)
        self._products.clear()
        self._products.update(products_of((*kept, *set_)))

    async def _set(self, ask: Ask) -> object:
        """Set a product's terms for what is sold and renewed from now on; `sold` false: it is sold no more."""
        name, fields = text_of(ask, "name"), ask.args.get("product")
        before = next((one.model_dump(mode="json") for one in self._config.card_products if one.name == name), None)
        if ask.args.get(SOLD) is False:
            content: dict[str, object] = {SOLD: False}
        elif isinstance(fields, Mapping):
            content = {**self._checked({**fields, "name": name}).model_dump(mode="json"), SOLD: True}
        else:
            raise BridgeRefusal("bad_args", "product: its terms")
        made = await self._office.add(ask, SettingKind.CARD_PRODUCT, name, content, before)
        return {"seen": made.version}

    def _checked(self, fields: Mapping[str, object]) -> CardProduct:
        try:
            made = CardProduct.model_validate(fields)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise BridgeRefusal("bad_args", f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        for zone in made.zones:
            if ZoneName(zone) not in self._config.park:
                raise BridgeRefusal("bad_args", f"zones: there is no zone {zone}")
        return made

    async def _spaces(self, ask: Ask) -> object:
        """Say how many cards of each product are good, and how many spaces of each zone were promised."""
        at, site, products = self._office.clock.now(), self._config.site_id, dict(self._products)

        def work(conn: Connection) -> object:
            held = [one for one in cards.all_of(conn, site) if one.state == "ACTIVE"]
            good = [one for one in held if one.until is not None and one.until > one.today(at)]
            counted: dict[str, Json] = {
                name: {
                    "good": sum(card.product.name == name for card in good),
                    "left": selling.left(conn, site, at, product),
                }
                for name, product in products.items()
            }
            zones: list[Json] = []
            for zone in self._config.park.all:
                mine = [card for card in good if not card.product.zones or zone.name in card.product.zones]
                promised = sum(card.product.spaces for card in mine)
                zones.append({"zone": zone.name, "spaces": zone.spaces, "promised": promised})
            return {"products": counted, "zones": zones}

        return await self._office.db.read(work)


def _fields(content: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in content.items() if name != SOLD}
