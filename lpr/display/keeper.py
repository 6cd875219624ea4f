"""Keeps one display in step with what it has to tell. A display that fails never holds up a lane."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from lpr.display.face import Face
from lpr.display.links import Link
from lpr.display.protocol import DisplayError, Message
from scada.clock import Clock
from scada.engine.mailbox import LatestOnly, Mailbox
from scada.engine.tags import Batch, TagTable
from scada.model.display import display_tag
from scada.model.tag import TagName

RETELL_S: Final = 5.0
"""A display that was switched off and on shows the right thing again within this."""
LIVES_S: Final = 20
"""What a display was told goes out after this if nothing comes any more: nobody reads what was true once."""
BACK_OFF_S: Final = (1.0, 2.0, 5.0, 10.0)
SPEAK_WITHIN_S: Final = 5.0
"""A voice that comes later than this speaks to the wrong driver."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DisplayParts:
    """What a keeper works with. `face` composes what is to be shown now; `follows`: the tags that may change it."""

    clock: Clock
    tags: TagTable
    face: Callable[[], Face]
    follows: Iterable[TagName]


class DisplayKeeper:
    """The teller of one display or board."""

    def __init__(
        self,
        name: str,
        link: Link,
        parts: DisplayParts,
        again_s: float = RETELL_S,
        back_off_s: tuple[float, ...] = BACK_OFF_S,
    ) -> None:
        self._again_s = again_s
        self._back_off_s = back_off_s
        self.name = name
        self._link = link
        self._parts = parts
        self._box: Mailbox[Batch] = Mailbox(f"display {name}", 1, LatestOnly(lambda _old, new: new))
        self._told: Face | None = None
        self._unsaid: tuple[str, float] | None = None
        self._number = 0
        self._failures = 0
        parts.tags.subscribe(self._box, parts.follows)

    async def run(self) -> None:
        """Tell until cancelled."""
        try:
            while True:
                await self._box.get_within(await self._tell())
        finally:
            self._parts.tags.unsubscribe(self._box)
            await self._link.close()

    async def _tell(self) -> float:
        """Tell what is to be shown now; gives how long to wait for news before it is told anew."""
        face = self._parts.face()
        if self._told is None or face != self._told:
            self._unsaid = (face.voice, self._parts.clock.seconds()) if face.voice else None
            self._told = face
        message = Message(self._next_number(), face, self._speaks(), LIVES_S)
        try:
            await self._link.tell(message)
        except DisplayError as error:
            return self._failed(str(error))
        self._unsaid = None
        self._show("up")
        self._failures = 0
        return self._again_s

    def _speaks(self) -> bool:
        return self._unsaid is not None and self._parts.clock.seconds() - self._unsaid[1] <= SPEAK_WITHIN_S

    def _next_number(self) -> int:
        """Rise for ever, over restarts too: milliseconds since 1970, or one more than the last."""
        self._number = max(self._number + 1, int(self._parts.clock.now().timestamp() * 1000))
        return self._number

    def _failed(self, why: str) -> float:
        if not self._failures:
            log.warning("a display does not answer", display=self.name, why=why)
        self._show(f"down: {why}"[:120])
        wait_s = self._back_off_s[min(self._failures, len(self._back_off_s) - 1)]
        self._failures += 1
        return wait_s

    def _show(self, state: str) -> None:
        self._parts.tags.set(display_tag(self.name, "state"), state)
