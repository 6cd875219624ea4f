"""Slows down guessing: so many tries in a minute for each key, then none until the oldest is forgotten."""

from collections import deque
from collections.abc import Iterable

from scada.clock import Clock

TRIES = 5
WINDOW_S = 60.0


class Lockout:
    """Tries of the last minute by key (a name, an address), in monotonic time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries: dict[str, deque[float]] = {}

    def count(self, keys: Iterable[str]) -> float:
        """Count one try against every key and give 0; if any key is locked count nothing and give the seconds left."""
        now = self._clock.seconds()
        self._forget(now - WINDOW_S)
        keys = tuple(keys)
        full = [self._tries[key][0] for key in keys if len(self._tries.get(key, ())) >= TRIES]
        if full:
            return max(full) + WINDOW_S - now
        for key in keys:
            self._tries.setdefault(key, deque()).append(now)
        return 0.0

    def forgive(self, keys: Iterable[str]) -> None:
        """Take the last try back: it was right. Those before it still count."""
        for key in keys:
            if tries := self._tries.get(key):
                tries.pop()

    def _forget(self, before: float) -> None:
        for key, tries in list(self._tries.items()):
            while tries and tries[0] <= before:
                tries.popleft()
            if not tries:
                del self._tries[key]
