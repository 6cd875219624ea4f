"""Where every setting is written; whoever lives by it hears of it: at the start, at once, and when its time comes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import Clock
from scada.engine.doors.asked import LONGEST_NOTE, optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.second import second_person
from scada.model.names import SiteId
from scada.model.settings import SettingKind, SettingVersion
from scada.store.db import Database, StoreError
from scada.store.operators import Operators
from scada.store.settings import book
from scada.store.settings.book import NewVersion, Overtaken

log = structlog.get_logger(__name__)

LOOK_S: Final = 30.0
"""A version that begins later, or was written by a command, is taken up within this time."""
JUST_NOW: Final = timedelta(minutes=2)
"""Forms write whole minutes, and a person takes a while to send one: so long ago is at once."""
MOST_VERSIONS: Final = 1 << 30

Contents = Mapping[str, Mapping[str, object]]
"""What is set of one kind, by subject; what config.toml says goes on holding for all others."""
Hear = Callable[[Contents], Awaitable[None]]


class SettingsOffice:
    """Writes settings, and tells those who live by them."""

    def __init__(self, site: SiteId, db: Database, clock: Clock, operators: Operators) -> None:
        self.site = site
        self.db = db
        self.clock = clock
        self._operators = operators
        self._hear: dict[SettingKind, Hear] = {}
        self._told: dict[SettingKind, Mapping[str, int]] = {}

    def on(self, kind: SettingKind, hear: Hear) -> None:
        """Name who lives by a kind of settings; he hears of it at the start, and whenever it changes."""
        self._hear[kind] = hear

    async def refresh(self) -> None:
        """Tell everybody what holds now, if it is not what was told last."""
        now = self.clock.now()
        for kind, hear in self._hear.items():
            held = await self.db.read(lambda conn, kind=kind: book.in_force(conn, self.site, kind, now))  # type: ignore[misc]
            numbers = {subject: one.version for subject, one in held.items()}
            if self._told.get(kind, {}) != numbers:
                await hear({subject: one.content for subject, one in held.items() if one.content})
                self._told[kind] = numbers

    async def watch(self) -> None:
        """Look again and again, for as long as the plant runs."""
        while True:
            try:
                await self.refresh()
            except (StoreError, SQLAlchemyError) as error:
                log.warning("the settings stay as they were", error=str(error))
            await asyncio.sleep(LOOK_S)

    async def add(
        self,
        ask: Ask,
        kind: SettingKind,
        subject: str,
        content: Mapping[str, object],
        before: object = None,
        *,
        second_for: str = "",
    ) -> SettingVersion:
        """Write the next version, for the reason the ask gives, and apply it. `before`: what config.toml says.

        `second_for` says what a second person is needed for. Raises BridgeRefusal.
        """
        reason, seen = reason_of(ask), whole_number(ask, "seen", 0, MOST_VERSIONS)
        second = await second_person(self._operators, ask, second_for) if second_for else ""
        at = self.clock.now()
        new = NewVersion(kind, subject, content, self._begins(ask, at), ask.user, reason, seen, second)
        made = await self.db.write(lambda conn: book.add(conn, self.site, at, new, before))
        if isinstance(made, Overtaken):
            raise BridgeRefusal("refused", "somebody else has changed it meanwhile: look at it again")
        await self.refresh()
        return made

    async def end(self, ask: Ask, version: SettingVersion) -> None:
        """Withdraw a version, for the reason the ask gives. Raises BridgeRefusal."""
        reason, at = reason_of(ask), self.clock.now()

        def work(conn: Connection) -> bool:
            return book.end(conn, self.site, at, version, ask.user, reason)

        if not await self.db.write(work):
            raise BridgeRefusal("refused", "it was withdrawn already")
        await self.refresh()

    async def find(self, kind: SettingKind, subject: str, version: int) -> SettingVersion:
        """Give one version. Raises BridgeRefusal if there is none."""
        found = await self.db.read(lambda conn: book.find(conn, self.site, kind, subject, version))
        if found is None:
            raise BridgeRefusal("bad_args", "there is no such version")
        return found

    def _begins(self, ask: Ask, now: datetime) -> datetime:
        """Give from when on it shall hold: at once, or from a later moment that the ask names."""
        written = optional(ask, "effective_from")
        if not written:
            return now
        try:
            begins = datetime.fromisoformat(written)
        except ValueError as error:
            raise BridgeRefusal("bad_args", "effective_from: a moment like 2026-05-01T08:00+08:00") from error
        if begins.tzinfo is None:
            raise BridgeRefusal("bad_args", "effective_from: a moment with its zone")
        if begins < now - JUST_NOW:
            raise BridgeRefusal("bad_args", "this moment has passed: name a later one, or none for at once")
        return max(begins, now)


def reason_of(ask: Ask) -> str:
    """Take the reason, which every change has. Raises BridgeRefusal."""
    return text_of(ask, "reason").strip()[:LONGEST_NOTE]
