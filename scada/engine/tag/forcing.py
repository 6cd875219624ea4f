"""Values that a technician puts over what is read: written down first, with a reason, and never for long.

They live in this process only: a restart shows what is read. The end of their time shows it, too, whatever else fails.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from scada.clock import Clock
from scada.engine.tags import TagTable
from scada.model.interlock import Allowed, Refused, may_force
from scada.model.names import LaneName
from scada.model.tag import TagName, Value, lane_of
from scada.ports import Journal, JournalEntry

LONGEST_MIN = 480
MOST = 100
"""More at the same time is no repair any more."""
LOOK_S = 0.1
COUNT = TagName("site.forced")
EXPIRY = "expiry"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Forced:
    """One value that lies over a tag: who put it there, why, and how long (`until_s` is monotonic)."""

    name: TagName
    value: Value
    by: str
    why: str
    at: datetime
    until: datetime
    until_s: float


class Forcing:
    """Forces tags and lets them go. `run` ends what has expired."""

    def __init__(self, tags: TagTable, journal: Journal, clock: Clock) -> None:
        self._tags = tags
        self._journal = journal
        self._clock = clock
        self._forced: dict[TagName, Forced] = {}
        self._one = asyncio.Lock()

    @property
    def forced(self) -> Mapping[TagName, Forced]:
        """Give what is forced now."""
        return self._forced

    async def force(self, name: TagName, value: Value, by: str, why: str, minutes: int) -> Forced | Refused:
        """Put a value over a tag for some minutes; a tag that is forced already gets the new one."""
        if objection := self._objection(name, value, why, minutes):
            return Refused(objection)
        async with self._one:
            body: dict[str, object] = {
                "value": value,
                "why": why,
                "minutes": minutes,
                "read": self._tags.real(name).value,
            }
            await self._journal.append([_entry(name, by, "force", body)])
            at, lasts = self._clock.now(), timedelta(minutes=minutes)
            forced = Forced(name, value, by, why, at, at + lasts, self._clock.seconds_at(at + lasts))
            self._forced[name] = forced
            self._tags.force(name, value)
            self._count()
        log.warning("a tag is forced", tag=name, by=by, minutes=minutes)
        return forced

    async def release(self, name: TagName, by: str, why: str) -> Allowed | Refused:
        """Show what is read again."""
        async with self._one:
            if name not in self._forced:
                return Refused(f"{name} is not forced")
            await self._journal.append([_entry(name, by, "unforce", {"why": why})])
            self._let_go(name)
        return Allowed()

    async def run(self) -> None:
        """End what has expired, until cancelled; the value goes first, the journal after."""
        while True:
            ended = self.expire()
            if ended:
                await self._journal.append([_entry(name, EXPIRY, "unforce", {}) for name in ended])
            await asyncio.sleep(LOOK_S)

    def expire(self) -> list[TagName]:
        """Let go of what has had its time, and of tags that a new map has anew or no longer."""
        now_s = self._clock.seconds()
        ended = [name for name, forced in self._forced.items() if now_s >= forced.until_s or not self._lies(name)]
        for name in ended:
            self._let_go(name)
        return ended

    def _lies(self, name: TagName) -> bool:
        return name in self._tags and self._tags.is_forced(name)

    def _let_go(self, name: TagName) -> None:
        self._forced.pop(name, None)
        if name in self._tags:
            self._tags.unforce(name)
        self._count()
        log.warning("a tag is no longer forced", tag=name)

    def _count(self) -> None:
        self._tags.set(COUNT, len(self._forced))

    def _objection(self, name: TagName, value: Value, why: str, minutes: int) -> str:
        if name not in self._tags:
            return f"there is no tag {name}"
        verdict = may_force(self._tags.spec(name), value)
        if isinstance(verdict, Refused):
            return verdict.why
        if not why:
            return "a forced value needs a reason"
        if not 1 <= minutes <= LONGEST_MIN:
            return f"a value is forced for 1 to {LONGEST_MIN} minutes"
        if name not in self._forced and len(self._forced) >= MOST:
            return f"{MOST} values are forced already"
        return ""


def _entry(name: TagName, by: str, what: str, body: dict[str, object]) -> JournalEntry:
    return JournalEntry("person", by, what, LaneName(lane_of(name)), None, {"tag": name, **body})
