"""Who asks a lane's PLC for a mode, and keeps the book of what it was in (`lanes.md` §8).

A mode is state held in the PLC. Here stand the person, the reason and the expiry; what the PLC shows decides
what is written down. A mode that the PLC no longer holds is never asked for again by itself: an alarm asks.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import Connection

from scada.clock import Clock
from scada.engine.command.claim import Alarm
from scada.engine.tags import TagTable
from scada.engine.writing import Confirmed, Outcome, Unknown
from scada.model.handshake import Mode
from scada.model.interlock import Refused
from scada.model.lane.image import LaneImage
from scada.model.modes import LONGEST_MIN, ModeReason, Wish, why_not_hold_open
from scada.model.names import LaneName, SiteId
from scada.model.tag import TagName
from scada.store import modes as book
from scada.store.db import Database
from scada.store.modes import PLC, POLICY, ModePeriod

LOOK_S = 0.2
APART_S = 0.2
"""A PLC takes a wish when its number changes: it must see the number between the old wish and the new one."""
NO_WISH = 0
TAKE_S = 3.0
"""How long a PLC may take to show a mode."""
AGAIN_S = 5.0
"""How often an expired mode is taken back until the PLC shows it; how long a mode may stand in nobody's name."""
LOST_S = 3.0
"""A PLC out of reach for less is none."""
OUT_OF_REACH = "OUT_OF_REACH"
SERVER_LOST = "SERVER_LOST"
EXPIRY = "expiry"
_ASKED_FOR = (Mode.HOLD_OPEN, Mode.LOCKED)

log = structlog.get_logger()


class ModeKeeper:
    """Asks for the modes of one lane. `run` watches what the PLC shows."""

    def __init__(
        self,
        site: SiteId,
        lane: LaneName,
        clock: Clock,
        tags: TagTable,
        image: Callable[[], LaneImage],
        db: Database,
        alarm: Alarm,
    ) -> None:
        self._site = site
        self._lane = lane
        self._clock = clock
        self._tags = tags
        self._image = image
        self._db = db
        self._alarm = alarm
        self._one = asyncio.Lock()
        self._began_at = clock.now()
        self._away_since: datetime | None = None
        self._standing: Wish | None = None
        self._ends: str = PLC
        self._asks = 0
        self._again_s = 0.0
        self._dark_s: float | None = None
        self._nobodys_s: float | None = None
        self.period: ModePeriod | None = None
        """What the lane is in, if it is not AUTO."""

    async def ask(self, wish: Wish) -> Outcome:
        """Ask the PLC for a mode and wait until it shows it. Whether it may be asked for was decided before."""
        async with self._one:
            before = self._standing
            self._asks += 1
            self._standing = None if wish.mode is Mode.AUTO else wish
            self._ends = wish.by
            why = wish.reason.value if wish.reason is not None else wish.note or "back to AUTO"
            outcome = await self._write(wish.mode, wish.by, why)
            if isinstance(outcome, Refused):
                self._standing, self._ends = before, PLC
            if not isinstance(outcome, Confirmed):
                return outcome
            return Confirmed() if await self._is_shown(wish.mode) else Unknown("the PLC does not show the mode")

    async def hold_for_owner(self, why: str) -> None:
        """Hold the lane open by the owner's policy; where that cannot be, a person has to see to it."""
        until = self._clock.ahead(LONGEST_MIN * 60)
        wish = Wish(Mode.HOLD_OPEN, POLICY, ModeReason.EQUIPMENT, why, until=until)
        refusal = why_not_hold_open(self._image())
        outcome = Refused(refusal) if refusal else await self.ask(wish)
        if not isinstance(outcome, Confirmed):
            self._alarm("NOT_HELD_OPEN", f"the lane should be held open and is not: {outcome.why}")

    async def run(self) -> None:
        """Keep the book until cancelled."""
        await self._read_book()
        while True:
            await self._look()
            await asyncio.sleep(LOOK_S)

    async def _write(self, mode: Mode, by: str, why: str) -> Outcome:
        """Write the wish as a change of its number, whatever stood there before."""
        name = TagName(f"{self._lane}.mode.wanted")
        if name not in self._tags:
            return Refused("this lane's PLC takes no modes")
        outcome = await self._tags.write(name, NO_WISH, by, why)
        if isinstance(outcome, Confirmed):
            await asyncio.sleep(APART_S)
            outcome = await self._tags.write(name, int(mode), by, why)
        log.info("mode asked for", lane=self._lane, mode=mode.name, outcome=type(outcome).__name__)
        return outcome

    async def _is_shown(self, mode: Mode) -> bool:
        """Wait until the PLC shows the mode and the book says so."""
        until_s = self._clock.seconds() + TAKE_S
        while self._clock.seconds() < until_s:
            if self._image().mode is mode and (self.period.mode if self.period else "AUTO") == mode.name:
                return True
            await asyncio.sleep(LOOK_S / 4)
        return False

    async def _read_book(self) -> None:
        """Go on where a former server stopped: the wish that stands, with its name and its expiry."""
        self._away_since = await self._db.read(lambda conn: book.last_sign(conn, self._site, self._began_at))
        last = await self._db.read(lambda conn: book.newest(conn, self._site, self._lane, 20))
        last = [period for period in last if period.mode != SERVER_LOST]
        if last and last[0].ended_at is None:
            self.period = last[0]
            self._standing = _still_standing(last)
        self._tell()

    async def _look(self) -> None:
        image, now_s = self._image(), self._clock.seconds()
        if image.claimed and self._away_since is not None:
            await self._server_was_lost(self._away_since)
        shown = self._shown(image, now_s)
        if shown is None:
            return
        if shown != (self.period.mode if self.period else Mode.AUTO.name):
            await self._turn(shown, image)
        await self._expire(shown, image, now_s)
        await self._wonder(shown, image, now_s)

    def _shown(self, image: LaneImage, now_s: float) -> str | None:
        """Say what the lane is in; None while a PLC is out of reach for a moment only."""
        if image.alive:
            self._dark_s = None
            return image.mode.name
        self._dark_s = now_s if self._dark_s is None else self._dark_s
        return OUT_OF_REACH if now_s - self._dark_s >= LOST_S else None

    async def _server_was_lost(self, since: datetime) -> None:
        """Write down how long no server held the lane."""
        self._away_since = None
        period = ModePeriod(self._lane, SERVER_LOST, "server", since, ended_at=self._clock.now(), ended_by="server")
        await self._db.write(lambda conn: book.begin(conn, self._site, period))

    async def _turn(self, shown: str, image: LaneImage) -> None:
        """End one period and begin the next, in the name of whoever asked for it."""
        awaited = self._is_awaiting(shown)
        at, ended, by, asks = self._clock.now(), self.period, PLC if awaited else self._ends, self._asks
        begun = self._period(shown, image, at)
        if begun is not None and begun.by == PLC:
            by = PLC

        def write(conn: Connection) -> int:
            if ended is not None:
                book.end(conn, self._site, ended, at, by)
            return 0 if begun is None else book.begin(conn, self._site, begun)

        number = await self._db.write(write)
        self.period = None if begun is None else replace(begun, id=number)
        if not awaited and self._asks == asks:  # what was asked for while the book was written is not yet judged
            self._ends = PLC
            if shown == Mode.AUTO.name:
                await self._ask_about(by)
        self._tell()

    def _is_awaiting(self, shown: str) -> bool:
        """Say whether a wish is still on its way: what the PLC shows meanwhile is neither its coming nor its end."""
        return self._one.locked() and self._standing is not None and self._standing.mode.name != shown

    def _period(self, shown: str, image: LaneImage, at: datetime) -> ModePeriod | None:
        wish = self._standing
        if shown == Mode.AUTO.name:
            return None
        if wish is not None and wish.mode.name == shown:
            reason = wish.reason.value if wish.reason else ""
            return ModePeriod(self._lane, shown, wish.by, at, reason, wish.note, wish.second, wish.until)
        lost = shown == Mode.HOLD_OPEN.name and not image.claimed
        return ModePeriod(self._lane, shown, PLC, at, SERVER_LOST if lost else "")

    async def _ask_about(self, ended_by: str) -> None:
        """Raise the alarm when a mode that somebody asked for has ended by itself; never ask for it again."""
        wish, self._standing = self._standing, None
        if wish is not None and ended_by == PLC:
            text = f"the PLC no longer holds {wish.mode.name}: ask for it again if it shall be"
            self._alarm("MODE_LOST", text)

    async def _expire(self, shown: str, image: LaneImage, now_s: float) -> None:
        """Take back a mode whose time is over, until the PLC shows that it has ended."""
        wish = self._standing
        if wish is None or wish.until is None or self._clock.now() < wish.until or not image.claimed:
            return
        if now_s < self._again_s or self._one.locked():
            return
        self._again_s = now_s + AGAIN_S
        if shown == Mode.AUTO.name:
            self._standing = None
            return
        async with self._one:
            self._asks += 1
            self._ends = EXPIRY
            await self._write(Mode.AUTO, EXPIRY, "its time is over")

    async def _wonder(self, shown: str, image: LaneImage, now_s: float) -> None:
        """Raise the alarm about a mode that stands in nobody's name."""
        nobodys = self.period is not None and self.period.by == PLC and image.claimed
        if not nobodys or shown not in (mode.name for mode in _ASKED_FOR):
            self._nobodys_s = None
            return
        if self._nobodys_s is None:
            self._nobodys_s = now_s + AGAIN_S
        elif now_s >= self._nobodys_s:
            self._nobodys_s = float("inf")
            self._alarm("MODE_UNASKED", f"the lane is in mode {shown} and nobody here asked for it")

    def _tell(self) -> None:
        """Say on the lane's tag what it is in."""
        period = self.period
        about: dict[str, object] = {}
        if period is not None:
            about = {name: getattr(period, name) for name in ("mode", "reason", "note", "by", "second")}
            about["began_at"] = period.began_at.isoformat()
            about["until"] = period.until.isoformat() if period.until else None
        self._tags.set(TagName(f"{self._lane}.mode.period"), json.dumps(about, ensure_ascii=False) if about else "")


def _still_standing(last: list[ModePeriod]) -> Wish | None:
    """Find the wish under what the PLC did by itself since: fire and key end, and the wish is still there."""
    for period in last:
        if period.ended_by not in (None, PLC):
            return None
        if period.by != PLC and period.mode in (mode.name for mode in _ASKED_FOR):
            reason = ModeReason(period.reason) if period.reason else None
            return Wish(Mode[period.mode], period.by, reason, period.note, period.second, period.until)
    return None
