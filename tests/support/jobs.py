"""What people have made by a process beside the plant, asked for as pages do: begun, waited for, fetched in parts."""

import asyncio
import base64
from collections.abc import Mapping
from typing import Any, Protocol

from scada.config import Config
from scada.engine.doors.peer import Ask, Handler
from scada.engine.reporting.runs import Runs, Told
from scada.engine.reporting.task import Made, NotMade
from scada.store.db import Database

LIMIT_S = 40


class Door(Protocol):
    """A desk that has things made."""

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""


class JobRoom:
    """A room before such a desk; `kind` is how its verbs are called, `people` who asks, by role."""

    def __init__(self, config: Config, db: Database, desk: Door, kind: str, people: Mapping[str, str]) -> None:
        self.config = config
        self.db = db
        self._verbs = desk.verbs()
        self._kind = kind
        self._people = people

    async def ask(self, verb: str, user: str = "wang", **args: object) -> Any:  # noqa: ANN401 - JSON
        return await self._verbs[verb](Ask("control", verb, args, user, self._people[user], "", ""))

    async def made(self, verb: str, user: str = "wang", **args: object) -> Any:  # noqa: ANN401 - JSON
        told = await self.ask(verb, user, **args)
        async with asyncio.timeout(LIMIT_S):
            while told["state"] == "making":
                await asyncio.sleep(0.05)
                told = await self.ask(f"{self._kind}_made", user, job=told["job"])
        return told

    async def content(self, told: dict[str, Any], user: str = "wang") -> bytes:
        content = b""
        while len(content) < told["bytes"]:
            part = await self.ask(f"{self._kind}_part", user, job=told["job"], offset=len(content))
            content += base64.b64decode(part["part_b64"])
        return content


class Never(Runs):
    """Makes nothing, ever; counts what goes on."""

    going = 0

    async def make(self, task: Told) -> Made:
        Never.going += 1
        try:
            await asyncio.Event().wait()
        finally:
            Never.going -= 1
        raise NotMade("never")
