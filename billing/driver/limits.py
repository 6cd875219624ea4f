"""How often something may be asked: moving windows, each with its own size. Pure but for the caller's clock."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

KEPT: Final = 4096
"""Keys that are remembered; the one asked longest ago goes first."""


@dataclass
class Window:
    """At most `most` of one key within `span_s` seconds."""

    most: int
    span_s: float
    _asked: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def take(self, key: str, now_s: float) -> bool:
        """Count one; False if it is one too many, which counts too: who goes on trying goes on waiting."""
        times = self._asked.setdefault(key, deque(maxlen=self.most + 1))
        self._asked.move_to_end(key)
        while len(self._asked) > KEPT:
            self._asked.popitem(last=False)
        while times and now_s - times[0] >= self.span_s:
            times.popleft()
        times.append(now_s)
        return len(times) <= self.most

    def forgive(self, key: str) -> None:
        """Take the last one back: it was right. Those before it still count."""
        if times := self._asked.get(key):
            times.pop()
