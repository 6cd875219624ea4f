"""Which card each phone wants to buy: one of a product at a time, so that no phone keeps several places from others."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

KEPT: Final = 4096


@dataclass
class Wanting:
    """The unpaid purchases of phones, by phone and product; a restart forgets them, as it does all counts of phones."""

    _wants: OrderedDict[tuple[str, str], str] = field(default_factory=OrderedDict)

    def former(self, openid: str, product: str) -> str | None:
        """Give the card that a phone has wanted of a product, if no other phone wants the same one."""
        mine = self._wants.get((openid, product))
        others = (card for key, card in self._wants.items() if key != (openid, product))
        return None if mine is None or mine in others else mine

    def note(self, openid: str, product: str, card: str) -> None:
        """Note which card it wants now; the oldest are forgotten."""
        self._wants[openid, product] = card
        self._wants.move_to_end((openid, product))
        while len(self._wants) > KEPT:
            self._wants.popitem(last=False)
