"""An office of settings over a database of a test's own, and its verbs asked in somebody's name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scada.clock import SystemClock
from scada.engine.doors.peer import Ask, Handler
from scada.engine.settings.office import SettingsOffice
from scada.store.db import Database
from scada.store.operators import Operators
from tests.support.store import SITE, open_database

WORDS = {"li": "a second person's word", "wang": "the first person's word"}


@dataclass
class Office:
    """The office, and whatever verbs a test puts in."""

    office: SettingsOffice
    operators: Operators
    verbs: dict[str, Handler] = field(default_factory=dict)

    @property
    def db(self) -> Database:
        return self.office.db

    async def ask(self, verb: str, by: str = "wang", **args: object) -> Any:  # noqa: ANN401 - whatever the verb gives
        return await self.verbs[verb](ask_of(verb, by, **args))


def ask_of(verb: str, by: str = "wang", **args: object) -> Ask:
    return Ask("control", verb, {"reason": "as agreed", "seen": 0, **args}, by, "manager", "", "")


@asynccontextmanager
async def open_office(folder: Path) -> AsyncIterator[Office]:
    async with open_database(folder) as db:
        clock = SystemClock()
        operators = Operators(db, SITE, clock)
        yield Office(SettingsOffice(SITE, db, clock, operators), operators)


async def with_people(office: Office) -> None:
    """Let two managers be known, whose own passwords are in `WORDS`; hashing them takes a while."""
    for name, word in WORDS.items():
        await office.operators.add(name, "manager", word, must_change=False)
