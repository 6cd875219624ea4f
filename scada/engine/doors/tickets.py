"""Tickets of cars without a plate: the phone that took one is known by it, any other by its four digits.

Guessing the digits is dear: few tries a passage, few wrong ones an hour for all exits together, each slower than the
one before; whoever guesses hears the same, as late, whether there is such a code or not.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from scada.clock import Clock
from scada.engine.doors.peer import BridgeRefusal
from scada.model.names import LaneName, PassageId, SiteId, StayId
from scada.ports import Journal, JournalEntry
from scada.store import tickets
from scada.store.db import Database
from scada.store.tickets import Ticket

PASSAGE_MOST: Final = 3
"""Codes that may be tried for one car at an exit."""
SITE_MOST: Final = 20
"""Wrong codes of all exits within an hour; after them no code is taken for a while, not even a right one."""
ALARM_AT: Final = 10
HOUR_S: Final = 3600.0
SLOW_S: Final = 1.0
"""How long the first try waits for its answer; each further one of the same car so much longer."""
TOO_MANY: Final = "too many codes were tried; call for help"


@dataclass(frozen=True, slots=True)
class Phones:
    """How phones are known: by a ticket's signed name in a cookie, and by the sealed word of who they are."""

    sign: Callable[[str], str]
    named: Callable[[str], str | None]
    opened: Callable[[str], str | None]


@dataclass(slots=True)
class Guesses:
    """The codes tried for one car."""

    lane: LaneName
    passage: PassageId
    count: int = 0


@dataclass
class Tickets:
    """The tickets of a site. `phones`: once they are built; `alarm` shows one at a lane, `pause` makes wait."""

    site: SiteId
    db: Database
    clock: Clock
    journal: Journal
    phones: Callable[[], Phones]
    alarm: Callable[[LaneName, str, str], None]
    new_id: Callable[[], str]
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    _wrong: deque[float] = field(default_factory=deque)
    _alarmed_s: float | None = None

    async def make(self, passage: PassageId, sealed_phone: str) -> Ticket | None:
        """Make the ticket of the car at an entry; None if it has one already, or no code is free."""
        at, new_id, openid = self.clock.now(), self.new_id(), self.phones().opened(sealed_phone)
        return await self.db.write(lambda conn: tickets.make(conn, self.site, at, new_id, passage, openid))

    def sign(self, ticket: Ticket) -> str:
        """Give what the phone keeps of its ticket."""
        return self.phones().sign(ticket.id)

    async def kept(self, signed: str) -> Ticket | None:
        """Give the ticket that a phone has kept; None for a forged one."""
        name = self.phones().named(signed) if signed else None
        return None if name is None else await self.db.read(lambda conn: tickets.find(conn, self.site, name))

    async def of_phone(self, signed: str, sealed_phone: str) -> tuple[StayId, ...]:
        """Give the stays to which a phone has tickets; those of cars that have left among them."""
        kept = await self.kept(signed)
        if kept is not None and kept.stay is not None:
            return (kept.stay,)
        openid = self.phones().opened(sealed_phone) if sealed_phone else None
        if openid is None:
            return ()
        return await self.db.read(lambda conn: tickets.stays_of_payer(conn, self.site, openid))

    async def by_code(self, guesses: Guesses, code: str, may_go: Callable[[StayId], bool]) -> StayId | None:
        """Give the stay to which a code belongs, if its car may be the one here. Raises BridgeRefusal."""
        if not re.fullmatch("[0-9]{4}", code):
            raise BridgeRefusal("bad_args", "The code has four digits.")
        began_s = await self._begin(guesses)
        found = await self.db.read(lambda conn: tickets.stays_by_code(conn, self.site, code))
        fitting = [stay for stay in found if may_go(stay)]
        if len(fitting) == 1:
            self._wrong.remove(began_s)
        else:
            await self._tell_wrong(guesses)
        await self.pause(SLOW_S * guesses.count)
        return fitting[0] if len(fitting) == 1 else None

    async def used(self, stay: StayId) -> None:
        """Note that a ticket's stay was claimed."""
        at = self.clock.now()
        await self.db.write(lambda conn: tickets.used(conn, stay, at))

    async def _begin(self, guesses: Guesses) -> float:
        """Count a try before it is looked at, so that many at once are no more than many one by one."""
        now_s = self.clock.seconds()
        guesses.count += 1
        while self._wrong and now_s - self._wrong[0] >= HOUR_S:
            self._wrong.popleft()
        if guesses.count > PASSAGE_MOST or len(self._wrong) >= SITE_MOST:
            await self._tell("person", "driver", "claim code refused", guesses, {"tries": guesses.count})
            raise BridgeRefusal("refused", TOO_MANY)
        self._wrong.append(now_s)
        return now_s

    async def _tell_wrong(self, guesses: Guesses) -> None:
        await self._tell("person", "driver", "wrong claim code", guesses, {"tries": guesses.count})
        now_s, count = self.clock.seconds(), len(self._wrong)
        if count < ALARM_AT or (self._alarmed_s is not None and now_s - self._alarmed_s < HOUR_S):
            return
        self._alarmed_s = now_s
        text = f"{count} wrong claim codes within an hour"
        self.alarm(guesses.lane, "claim_codes", text)

    async def _tell(self, kind: str, who: str, what: str, guesses: Guesses, body: dict[str, object]) -> None:
        await self.journal.append([JournalEntry(kind, who, what, guesses.lane, guesses.passage, body)])
