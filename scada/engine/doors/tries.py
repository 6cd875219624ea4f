"""Whoever tries at the public door what is not for him is written down: once a minute and verb, with how many since."""

from collections.abc import Mapping
from typing import Final

from scada.clock import Clock
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.ports import Journal, JournalEntry

EVERY_S: Final = 60.0
WATCHED: Final = frozenset({"gone", "refused", "slow", "unknown_phone"})
"""Refusals that an honest driver seldom sees, and a guesser all the time."""


class Tries:
    """Counts refusals of the public verbs, so that a flood of them is seen and yet does not flood the journal."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._since: dict[tuple[str, str], int] = {}
        self._told_s: dict[tuple[str, str], float] = {}

    def watched(self, verbs: Mapping[str, Handler]) -> dict[str, Handler]:
        """Give the same verbs; what they refuse is counted."""
        return {name: self._watch(name, handler) for name, handler in verbs.items()}

    def _watch(self, name: str, handler: Handler) -> Handler:
        async def watched(ask: Ask) -> object:
            try:
                return await handler(ask)
            except BridgeRefusal as refusal:
                if refusal.code in WATCHED:
                    await self._count(name, refusal.code)
                raise

        return watched

    async def _count(self, verb: str, code: str) -> None:
        kind, now_s = (verb, code), self._clock.seconds()
        self._since[kind] = self._since.get(kind, 0) + 1
        if now_s - self._told_s.get(kind, -EVERY_S) < EVERY_S:
            return
        self._told_s[kind] = now_s
        body: dict[str, object] = {"verb": verb, "code": code, "times": self._since.pop(kind)}
        await self._journal.append([JournalEntry("person", "phone", "was refused", body=body)])
