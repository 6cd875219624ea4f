"""By which means a phone pays: WeChat's sheet inside WeChat, H5 in a browser, or a code for another phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billing.driver.visitors import Seal
from billing.orders.ways import Offer, Way
from billing.pay.gateway import CodeUrl, H5Url, Offered, Sheet
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal

NOT_NOW: Final = "The payment cannot be made now. Please try again."


@dataclass(frozen=True, slots=True)
class Means:
    """What a site has: `is_known`, a visitor inside WeChat is known to it; `may_h5`, the merchant may take H5."""

    seal: Seal
    is_known: bool
    may_h5: bool

    @property
    def ways(self) -> Sequence[str]:
        """The ways that there are here."""
        ways = [Way.QR, *((Way.H5,) if self.may_h5 else ()), *((Way.JSAPI,) if self.is_known else ())]
        return [way.value for way in ways]

    def offer(self, ask: Ask, at: datetime) -> Offer:
        """Take the way that a phone asks for. Raises BridgeRefusal if it cannot pay so."""
        way = str(ask.args.get("way", ""))
        if way == Way.QR.value:
            return Offer()
        if way == Way.H5.value and self.may_h5:
            return Offer(Way.H5, text_of(ask, "address")[:45])
        openid = self.seal.open(str(ask.args.get("phone", "")), at)
        if way == Way.JSAPI.value and openid is not None and self.is_known:
            return Offer(Way.JSAPI, openid.value)
        raise BridgeRefusal("bad_args", "this phone cannot pay this way")


def shown(offered: Offered | None) -> dict[str, object]:
    """Tell a page what its phone pays with; `way` is empty where nothing is to be paid."""
    match offered:
        case CodeUrl(text=code):
            return {"way": Way.QR.value, "code_url": code}
        case H5Url(text=url):
            return {"way": Way.H5.value, "h5_url": url}
        case Sheet(values=values):
            return {"way": Way.JSAPI.value, "sheet": dict(values)}
        case None:
            return {"way": ""}
