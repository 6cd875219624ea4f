"""The verbs of the drivers' phones: the fee of the stay under a full plate, and paying it. Each has its limit.

A plate alone shows where a car stands now and since when, because whoever parks must be able to pay without a sign-in;
it shows no picture, no earlier stay and no place. Asking is limited, per plate and all in all, and written down.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from billing.books import NOWHERE, Place
from billing.cashier import SqlCashier
from billing.driver.limits import Window
from billing.driver.tokens import Tokens
from billing.driver.visitors import Seal
from billing.orders.ways import Offer, Way
from billing.pay.gateway import CodeUrl, H5Url, Offered, Refused, Sheet
from billing.pay.web import Openid, WeChatWeb
from scada.clock import Clock
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.names import StayId
from scada.model.plate import is_plausible, normal_form
from scada.ports import BillingError, Journal, JournalEntry

HOUR_S: Final = 3600.0
PLATE_MOST: Final = 20
"""Times that one plate may be asked for in an hour, right or wrong."""
ALL_MOST: Final = 600
"""Times that plates may be asked for at this site in an hour."""
PAY_MOST: Final = 12
"""Orders that one stay's pages may ask for in ten minutes."""
PAY_SPAN_S: Final = 600.0
SLOW: Final = "Too many tries. Please wait a minute."


@dataclass(frozen=True, slots=True)
class DriverParts:
    """What the desk works with. `where`: the exit at which the car of a stay waits; `web` None: nobody is known.

    `at_boom` makes the tokens of drivers who stand at a boom with their car: with one a plate can be bound.
    """

    cashier: SqlCashier
    journal: Journal
    clock: Clock
    tokens: Tokens
    at_boom: Tokens
    seal: Seal
    where: Callable[[StayId], Place | None]
    web: WeChatWeb | None
    may_h5: bool


class DriverDesk:
    """The drivers' phones."""

    def __init__(self, parts: DriverParts) -> None:
        self._parts = parts
        self._plates = Window(PLATE_MOST, HOUR_S)
        self._all = Window(ALL_MOST, HOUR_S)
        self._pays = Window(PAY_MOST, PAY_SPAN_S)

    def verbs(self) -> dict[str, Handler]:
        """Give the public verbs by name."""
        return {
            "fee_find": self._find,
            "fee_view": self._view,
            "fee_pay": self._pay,
            "phone_sign_in": self._sign_in,
            "phone_known": self._known,
        }

    def token(self, stay: StayId) -> str:
        """Name a stay to the phone of the driver who stands with its car at a boom."""
        return self._parts.at_boom.make(stay, self._parts.clock.now())

    async def _find(self, ask: Ask) -> object:
        """Give a token for the stay under a full plate; that there is none is told the same way and as fast."""
        plate = normal_form(text_of(ask, "plate")[:16])
        if not is_plausible(plate):
            raise BridgeRefusal("bad_args", "this is not a plate")
        now_s = self._parts.clock.seconds()
        if not self._plates.take(plate, now_s) or not self._all.take("", now_s):
            await self._tell("asks for a fee too often", plate=plate)
            raise BridgeRefusal("slow", SLOW)
        stay = next((one.id for one in await self._parts.cashier.open_stays() if one.plate == plate), None)
        await self._tell("asks for a fee", plate=plate, found=stay is not None)
        return {"token": "" if stay is None else self._parts.tokens.make(stay, self._parts.clock.now())}

    async def _view(self, ask: Ask) -> object:
        stay = self._stay(ask)
        fee = await self._fee(stay)
        ways = [way.value for way in (Way.QR, *((Way.H5,) if self._parts.may_h5 else ()))]
        ways += [Way.JSAPI.value] if self._parts.web is not None else []
        place = self._parts.where(stay)
        at_boom = self._parts.at_boom.subject(text_of(ask, "token"), self._parts.clock.now()) is not None
        return {**fee, "at_exit": "" if place is None else place.lane, "ways": ways, "at_boom": at_boom}

    async def _pay(self, ask: Ask) -> object:
        """Give what this phone pays with; that nothing is due, where nothing is."""
        stay = self._stay(ask)
        if not self._pays.take(stay, self._parts.clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        place = self._parts.where(stay) or NOWHERE
        try:
            quote, offered = await self._parts.cashier.pay_by_phone(place, stay, self._offer(ask))
        except BillingError as error:
            raise BridgeRefusal("refused", "The payment cannot be made now. Please try again.") from error
        return {"due_fen": quote.due_fen, "person": bool(quote.doubt), **_shown(offered)}

    def _offer(self, ask: Ask) -> Offer:
        way = str(ask.args.get("way", ""))
        if way == Way.QR.value:
            return Offer()
        if way == Way.H5.value and self._parts.may_h5:
            return Offer(Way.H5, text_of(ask, "address")[:45])
        openid = self._parts.seal.open(str(ask.args.get("phone", "")))
        if way == Way.JSAPI.value and openid is not None and self._parts.web is not None:
            return Offer(Way.JSAPI, openid.value)
        raise BridgeRefusal("bad_args", "this phone cannot pay this way")

    async def _sign_in(self, ask: Ask) -> object:
        """Say where a page inside WeChat sends its visitor, to come back to `back` known."""
        web = self._web()
        return {"url": web.sign_in_url(text_of(ask, "back"), text_of(ask, "state"))}

    async def _known(self, ask: Ask) -> object:
        """Give the visitor of a code, sealed."""
        web, code = self._web(), text_of(ask, "code")
        found = await asyncio.to_thread(web.openid, code)
        if isinstance(found, Openid):
            return {"phone": self._parts.seal.close(found)}
        raise BridgeRefusal("refused" if isinstance(found, Refused) else "failed", "WeChat does not know this visit")

    def _web(self) -> WeChatWeb:
        if self._parts.web is None:
            raise BridgeRefusal("refused", "nobody is known inside WeChat here")
        return self._parts.web

    def _stay(self, ask: Ask) -> StayId:
        token, at = text_of(ask, "token"), self._parts.clock.now()
        stay = self._parts.tokens.subject(token, at) or self._parts.at_boom.subject(token, at)
        if stay is None:
            raise BridgeRefusal("gone", "this page is no longer valid")
        return StayId(stay)

    async def _fee(self, stay: StayId) -> dict[str, object]:
        try:
            return (await self._parts.cashier.fee(stay)).to_json()
        except BillingError as error:
            raise BridgeRefusal("failed", "the fee is not known now") from error

    async def _tell(self, what: str, **body: object) -> None:
        await self._parts.journal.append([JournalEntry("person", "phone", what, body=body)])


def _shown(offered: Offered | None) -> dict[str, object]:
    match offered:
        case CodeUrl(text=code):
            return {"way": Way.QR.value, "code_url": code}
        case H5Url(text=url):
            return {"way": Way.H5.value, "h5_url": url}
        case Sheet(values=values):
            return {"way": Way.JSAPI.value, "sheet": dict(values)}
        case None:
            return {"way": ""}
