"""The verbs of help on a phone: a known phone calls the control room, and whoever has called sees how it stands.

It is the call that the lane's button makes: timed, answered by one press, in the same list. Where the phone's car
stands at a boom it is that lane's, with the car's case; a car that is elsewhere inside calls to a lane that its driver
names, which opens no case there: another car may stand at that boom.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final, Protocol

from sqlalchemy import Connection

from billing.driver.bindings import Phones
from billing.driver.limits import Window
from billing.driver.tokens import Tokens
from billing.driver.visitors import Seal
from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.names import LaneName, SiteId, StayId
from scada.model.plate import Plate
from scada.ports import Journal, JournalEntry
from scada.store import helpcalls
from scada.store.db import Database
from scada.store.helpcalls import HelpCall

CALLS_MOST, HOUR_S = 6, 3600.0
"""Times that one phone may call in an hour."""
VIEWS_MOST, MINUTE_S = 120, 60.0
SLOW: Final = "Too many tries. Please wait a minute."
GONE: Final = "this page is no longer valid"
NOT_HERE: Final = (
    "None of your cars is in the car park now. At a gate, scan the code on its display or press its button."
)


class Caller(Protocol):
    """Who takes calls for help."""

    async def call(self, lane: LaneName, by: str, *, of_car: bool = True) -> HelpCall:
        """Take a call to a lane; not `of_car`: not of the car that stands there."""


class PhoneHelp:
    """Help on phones. `open_plates` gives the plates inside by stay, `stands_at` the lane at which one stands."""

    def __init__(
        self,
        site: SiteId,
        db: Database,
        clock: Clock,
        journal: Journal,
        seal: Seal,
        tokens: Tokens,
        lanes: Iterable[LaneName],
        open_plates: Callable[[], Awaitable[Mapping[StayId, Plate]]],
        stands_at: Callable[[Mapping[StayId, Plate], frozenset[Plate]], LaneName | None],
        caller: Caller,
    ) -> None:
        self._site = site
        self._db = db
        self._clock = clock
        self._journal = journal
        self._seal = seal
        self._tokens = tokens
        self._lanes = frozenset(lanes)
        self._open_plates = open_plates
        self._stands_at = stands_at
        self._caller = caller
        self._calls = Window(CALLS_MOST, HOUR_S)
        self._views = Window(VIEWS_MOST, MINUTE_S)

    def verbs(self) -> dict[str, Handler]:
        """Give the public verbs by name."""
        return {"my_help": self._call, "help_view": self._view}

    async def called(self, lane: LaneName, by: str) -> str:
        """Take a call of the car that stands at a lane; gives the token under which it is followed."""
        return self._token(await self._caller.call(lane, by))

    async def _call(self, ask: Ask) -> object:
        openid = self._openid(ask)
        if not self._calls.take(openid, self._clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        mine = await self._db.read(lambda conn: self._plates(conn, openid))
        inside = await self._open_plates()
        lane, by = self._stands_at(inside, mine), "phone"
        if lane is None and not mine & set(inside.values()):
            raise BridgeRefusal("refused", NOT_HERE)
        named = LaneName(optional(ask, "lane"))
        if lane is None and named not in self._lanes:
            raise BridgeRefusal("bad_args", "there is no such lane")
        await self._journal.append([JournalEntry("person", "phone", "called for help", lane or named)])
        call = await self._caller.call(lane or named, by, of_car=lane is not None)
        return {"help": self._token(call)}

    async def _view(self, ask: Ask) -> object:
        """Say how a call stands."""
        name = self._tokens.subject(text_of(ask, "token"), self._clock.now())
        if name is None:
            raise BridgeRefusal("gone", GONE)
        if not self._views.take(name, self._clock.seconds()):
            raise BridgeRefusal("slow", SLOW)
        call = await self._db.read(lambda conn: helpcalls.find(conn, self._site, name))
        if call is None:
            raise BridgeRefusal("gone", GONE)
        state = "ended" if call.ended_at else "answered" if call.answered_at else "calling"
        answered_at = "" if call.answered_at is None else call.answered_at.isoformat()
        return {"state": state, "lane": call.lane, "called_at": call.called_at.isoformat(), "answered_at": answered_at}

    def _token(self, call: HelpCall) -> str:
        return self._tokens.make(call.id, self._clock.now())

    def _plates(self, conn: Connection, openid: str) -> frozenset[Plate]:
        return frozenset(one.plate for one in Phones(self._site, conn).of_phone(openid))

    def _openid(self, ask: Ask) -> str:
        found = self._seal.open(str(ask.args.get("phone", "")), self._clock.now())
        if found is None:
            raise BridgeRefusal("unknown_phone", "WeChat does not know this visit")
        return found.value
