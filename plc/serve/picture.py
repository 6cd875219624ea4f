"""The served tags as they are known now: written by the bridge, read by the servers.

While the plant is not there every tag is bad: an old value is not shown as if it were today's.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from scada.bridge import Bridge, Message
from scada.model.tag import Quality, TagName, Value

NO_DATA = 0x809B0000
"""BadNoData: there is nothing to tell, such as the fee of a lane without a car."""
_BAD = 0x80000000


@dataclass(frozen=True, slots=True)
class Shown:
    """A tag's value and StatusCode; `at` is None if it was never seen."""

    value: Value = None
    status: int = Quality.NOT_CONNECTED.status_code
    at: datetime | None = None

    @property
    def is_good(self) -> bool:
        """Say whether a reader may rest on the value."""
        return self.status & 0xC0000000 == 0

    @property
    def is_bad(self) -> bool:
        """Say whether the value means nothing at all."""
        return bool(self.status & _BAD)


UNSEEN = Shown()


class Picture:
    """All served tags. What changed since is kept by name, latest only, for one reader."""

    def __init__(self) -> None:
        self.is_linked = False
        self._shown: dict[TagName, Shown] = {}
        self._changed: set[TagName] = set()

    def follow(self, bridge: Bridge) -> None:
        """Be told by a bridge, on the running loop; register before it starts."""
        loop = asyncio.get_running_loop()

        def hand_over(rows: str, message: Message) -> None:
            loop.call_soon_threadsafe(self.take, message[rows])

        def link(up: bool) -> None:
            if not up:
                loop.call_soon_threadsafe(self.lose)

        bridge.listen(partial(hand_over, "tags"), partial(hand_over, "changes"), link)

    def get(self, name: TagName) -> Shown:
        """Give a tag as it is known now; one that was never told of is bad."""
        return self._shown.get(name, UNSEEN)

    def drain(self) -> list[tuple[TagName, Shown]]:
        """Give what changed since the last time, each tag once."""
        changed, self._changed = self._changed, set()
        return [(name, self._shown[name]) for name in changed]

    def take(self, rows: object) -> None:
        """Take a snapshot's or a batch's rows, as `plc.serve.door` writes them."""
        if not isinstance(rows, list):
            return
        self.is_linked = True
        for name, value, status, at in rows:
            told = NO_DATA if value is None and not status & _BAD else status
            self._shown[name] = Shown(value, told, None if at is None else datetime.fromtimestamp(at, UTC))
            self._changed.add(name)

    def lose(self) -> None:
        """Stop trusting at once: the plant is gone. The next snapshot begins anew."""
        self.is_linked = False
        gone = Quality.NOT_CONNECTED.status_code
        self._shown = {name: replace(shown, status=gone) for name, shown in self._shown.items()}
        self._changed.update(self._shown)
