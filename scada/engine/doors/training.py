"""The verbs of a training site: which lesson is under way, and what everybody's answers were worth.

The lessons are the virtual car park's; it is asked by its own door on this machine, which wants the site's key. A
site that was not made for a training has no such verbs.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import requests

from scada.engine.doors.asked import optional
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.model.rights import TRAIN_ANOTHER
from scada.store.operators import Operators

WITHIN_S: Final = 4.0
_MOST_BYTES: Final = 2 * 1024 * 1024


class TrainingDesk:
    """Hands what is asked on to the virtual car park."""

    def __init__(self, door: int, key: str, operators: Operators) -> None:
        self._url = f"http://127.0.0.1:{door}"
        self._key = key
        self._operators = operators

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {"training": self._state, "start_lesson": self._start, "stop_lesson": self._stop}

    async def _state(self, ask: Ask) -> object:
        """Tell the lesson under way, and the asking person's marks; everybody's to whoever trains others."""
        state = await asyncio.to_thread(self._asked, "GET", "/state", None)
        results = state.get("results")
        if isinstance(results, list) and not await self._trains(ask):
            state["results"] = [one for one in results if isinstance(one, dict) and one.get("trainee") == ask.user]
        return state

    async def _start(self, ask: Ask) -> object:
        """Begin a lesson for the asking person, or for another whom the person trains."""
        trainee = optional(ask, "trainee") or ask.user
        if trainee != ask.user:
            if not await self._trains(ask):
                raise BridgeRefusal("forbidden", f"{ask.user} may not train another")
            if not await self._operators.role_of(trainee):
                raise BridgeRefusal("bad_args", "there is nobody of that name")
        keeps_money = await self._operators.may_now(trainee, "close_case")
        body = {"lesson": optional(ask, "lesson"), "trainee": trainee, "keeps_money": keeps_money}
        return await asyncio.to_thread(self._asked, "POST", "/start", body)

    async def _stop(self, ask: Ask) -> object:
        """End the lesson without a mark."""
        return await asyncio.to_thread(self._asked, "POST", "/stop", {})

    async def _trains(self, ask: Ask) -> bool:
        return await self._operators.may_now(ask.user, TRAIN_ANOTHER)

    def _asked(self, method: str, path: str, body: Mapping[str, object] | None) -> dict[str, object]:
        """Ask the door. Raises BridgeRefusal."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    method,
                    f"{self._url}{path}",
                    json=body,
                    headers={"Authorization": f"Bearer {self._key}"},
                    timeout=WITHIN_S,
                    allow_redirects=False,
                )
                content = answer.json() if len(answer.content) <= _MOST_BYTES else None
        except (requests.RequestException, ValueError) as error:
            raise BridgeRefusal("failed", "the virtual car park does not answer; is `daozha train` running?") from error
        if not isinstance(content, dict):
            raise BridgeRefusal("failed", "the virtual car park gave no answer that can be used")
        if answer.status_code != requests.codes.ok:
            raise BridgeRefusal("refused", str(content.get("why", answer.status_code)))
        return content
