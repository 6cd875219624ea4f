"""The verbs of the drivers' phones: the fee of the stay under a full plate, and paying it. Each has its limit.

A plate alone shows where a car stands now and since when, because whoever parks must be able to pay without a sign-in;
it shows no picture, no earlier stay and no place, for half an hour and until the car has left. Asking is limited, per
plate and all in all, and written down.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from billing.books import NOWHERE, Place
from billing.cashier import SqlCashier
from billing.driver.fee import FeeState
from billing.driver.limits import Window
from billing.driver.means import NOT_NOW, Means, shown
from billing.driver.tokens import BOOM_LIFE, PLATE_LIFE, Tokens
from billing.pay.gateway import Refused
from billing.pay.web import Openid, WeChatWeb
from scada.clock import Clock
from scada.engine.doors.asked import text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.names import LaneName, StayId
from scada.model.plate import Plate, is_plausible, is_unplated, normal_form
from scada.ports import BillingError, Journal, JournalEntry

HOUR_S: Final = 3600.0
PLATE_MOST: Final = 20
"""Times that one plate may be asked for in an hour, right or wrong."""
ALL_MOST: Final = 600
"""Times that plates may be asked for at this site in an hour."""
PLATE_DAY_MOST: Final = 60
"""Times that one plate may be asked for in a day: who pays asks a few times, who watches goes on."""
DAY_S: Final = 24 * HOUR_S
TOLD_MOST: Final = 60
"""Rows an hour that say somebody asks too often; one an hour of a plate."""
VIEW_MOST: Final = 120
"""Times a minute that one stay's pages may ask what it costs: four phones that follow it."""
VIEW_SPAN_S: Final = 60.0
KNOWN_MOST: Final = 120
"""Visitors a minute about whom WeChat is asked, two at a time."""
PAY_MOST: Final = 12
"""Orders that one stay's pages may ask for in ten minutes; the page at the boom has its own."""
PAY_SPAN_S: Final = 600.0
HELP_MOST: Final = 10
"""Times an hour that the pages of one stay may call for help."""
SLOW: Final = "Too many tries. Please wait a minute."
GONE: Final = "this page is no longer valid"
NOT_AT_A_BOOM: Final = "Your car waits at no exit now."


@dataclass(frozen=True, slots=True)
class DriverParts:
    """What the desk works with. `web` None: nobody is known.

    `where`: the exit at which the car of a stay waits; `leaves`: the one whose gate opens for it.

    `tokens` are for whoever typed a plate, `told` for the phones that are pushed to, `at_boom` for drivers who stand at
    a boom with their car: with one a plate can be bound. `bound` says whether a binding still holds; `call` calls a
    person to the car at a lane, and names the page on which that is followed.
    """

    cashier: SqlCashier
    journal: Journal
    clock: Clock
    tokens: Tokens
    told: Tokens
    at_boom: Tokens
    means: Means
    where: Callable[[StayId], Place | None]
    leaves: Callable[[StayId], LaneName | None]
    bound: Callable[[str], Awaitable[bool]]
    call: Callable[[LaneName], Awaitable[str]]
    web: WeChatWeb | None


class DriverDesk:
    """The drivers' phones."""

    def __init__(self, parts: DriverParts) -> None:
        self._parts = parts
        self._plates = Window(PLATE_MOST, HOUR_S)
        self._all = Window(ALL_MOST, HOUR_S)
        self._plates_day = Window(PLATE_DAY_MOST, DAY_S)
        self._pays = Window(PAY_MOST, PAY_SPAN_S)
        self._views = Window(VIEW_MOST, VIEW_SPAN_S)
        self._helps = Window(HELP_MOST, HOUR_S)
        self._told = Window(1, HOUR_S)
        self._all_told = Window(TOLD_MOST, HOUR_S)
        self._visitors = Window(KNOWN_MOST, VIEW_SPAN_S)
        self._asking = asyncio.Semaphore(2)

    def verbs(self) -> dict[str, Handler]:
        """Give the public verbs by name."""
        return {
            "fee_find": self._find,
            "fee_view": self._view,
            "fee_pay": self._pay,
            "fee_help": self._help,
            "phone_sign_in": self._sign_in,
            "phone_known": self._known,
        }

    def token(self, stay: StayId) -> str:
        """Name a stay to the phone of the driver who stands with its car at a boom."""
        return self._parts.at_boom.make(stay, self._parts.clock.now(), BOOM_LIFE)

    def token_pushed(self, stay: StayId, binding: str) -> str:
        """Name a stay to a phone that is bound to its plate, for as long as that binding holds."""
        return self._parts.told.make(f"{stay} {binding}", self._parts.clock.now())

    async def _find(self, ask: Ask) -> object:
        """Give a token for the stay under a full plate; that there is none is told the same way and as fast."""
        plate = normal_form(text_of(ask, "plate")[:16])
        if not is_plausible(plate):
            raise BridgeRefusal("bad_args", "this is not a plate")
        now_s = self._parts.clock.seconds()
        windows = (self._plates, plate), (self._plates_day, plate), (self._all, "")
        if not all(window.take(key, now_s) for window, key in windows):
            if self._told.take(plate, now_s) and self._all_told.take("", now_s):
                await self._tell("asks for a fee too often", plate=plate)
            raise BridgeRefusal("slow", SLOW)
        stay = next((one.id for one in await self._parts.cashier.open_stays() if one.plate == plate), None)
        await self._tell("asks for a fee", plate=plate, found=stay is not None)
        return {"token": "" if stay is None else self._parts.tokens.make(stay, self._parts.clock.now(), PLATE_LIFE)}

    async def _view(self, ask: Ask) -> object:
        stay, purpose = await self._named(ask)
        if not self._views.take(f"{purpose} {stay}", self._parts.clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        by_plate = purpose == self._parts.tokens.purpose
        fee = await self._fee(stay, named=not by_plate)
        if by_plate and fee["state"] == FeeState.LEFT.value:
            raise BridgeRefusal("gone", GONE)
        place = None if by_plate else self._parts.where(stay)
        lane = None if by_plate else place.lane if place else self._parts.leaves(stay)
        at_boom, plate = purpose == self._parts.at_boom.purpose, Plate(str(fee["plate"]))
        return {
            **fee,
            "at_exit": lane or "",
            "ways": self._parts.means.ways,
            "may_bind": at_boom and not is_unplated(plate),
        }

    async def _pay(self, ask: Ask) -> object:
        """Give what this phone pays with; that nothing is due, where nothing is."""
        stay, purpose = await self._named(ask)
        if not self._pays.take(f"{purpose} {stay}", self._parts.clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        place = self._parts.where(stay) or NOWHERE
        offer = self._parts.means.offer(ask, self._parts.clock.now())
        try:
            quote, offered = await self._parts.cashier.pay_by_phone(place, stay, offer)
        except BillingError as error:
            raise BridgeRefusal("refused", NOT_NOW) from error
        return {"due_fen": quote.due_fen, "person": bool(quote.doubt), **shown(offered)}

    async def _help(self, ask: Ask) -> object:
        """Call a person to the car of this stay, where it waits at an exit.

        Not for whoever only typed its plate: he would learn where it stands, and have a stranger's car looked at.
        """
        stay, purpose = await self._named(ask)
        place = None if purpose == self._parts.tokens.purpose else self._parts.where(stay)
        if place is None or place.lane is None:
            raise BridgeRefusal("refused", NOT_AT_A_BOOM)
        if not self._helps.take(stay, self._parts.clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        entry = JournalEntry("person", "phone", "called for help", place.lane, place.passage, {"stay": stay})
        await self._parts.journal.append([entry])
        return {"help": await self._parts.call(place.lane)}

    async def _sign_in(self, ask: Ask) -> object:
        """Say where a page inside WeChat sends its visitor, to come back to `back` known."""
        web = self._web()
        return {"url": web.sign_in_url(text_of(ask, "back"), text_of(ask, "state"))}

    async def _known(self, ask: Ask) -> object:
        """Give the visitor of a code, sealed."""
        web, code = self._web(), text_of(ask, "code")
        if not self._visitors.take("", self._parts.clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        async with self._asking:
            found = await asyncio.to_thread(web.openid, code)
        if isinstance(found, Openid):
            return {"phone": self._parts.means.seal.close(found, self._parts.clock.now())}
        raise BridgeRefusal("refused" if isinstance(found, Refused) else "failed", "WeChat does not know this visit")

    def _web(self) -> WeChatWeb:
        if self._parts.web is None:
            raise BridgeRefusal("refused", "nobody is known inside WeChat here")
        return self._parts.web

    async def _named(self, ask: Ask) -> tuple[StayId, str]:
        """Give the stay that a token names, and for what it does."""
        token, at, parts = text_of(ask, "token"), self._parts.clock.now(), self._parts
        for tokens in (parts.tokens, parts.at_boom):
            if (stay := tokens.subject(token, at)) is not None:
                return StayId(stay), tokens.purpose
        stay, _, binding = (parts.told.subject(token, at) or "").partition(" ")
        if stay and await parts.bound(binding):
            return StayId(stay), parts.told.purpose
        raise BridgeRefusal("gone", GONE)

    async def _fee(self, stay: StayId, *, named: bool) -> dict[str, object]:
        try:
            return (await self._parts.cashier.fee(stay, named=named)).to_json()
        except BillingError as error:
            raise BridgeRefusal("failed", "the fee is not known now") from error

    async def _tell(self, what: str, **body: object) -> None:
        await self._parts.journal.append([JournalEntry("person", "phone", what, body=body)])
