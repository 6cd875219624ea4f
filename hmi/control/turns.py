"""Whose turn it is to ask what is dear: so many questions of one person at a time, and so many in a minute.

A page that zooms asks a few times a second for a while; a program in a loop would keep others waiting.
"""

import math
import threading
from collections import defaultdict, deque
from typing import Final

from scada.clock import Clock, SystemClock

AT_ONCE: Final = 4
A_MINUTE: Final = 240
WINDOW_S: Final = 60.0
BUSY_S: Final = 1


class Turns:
    """Counts what people ask; thread-safe."""

    def __init__(self, clock: Clock | None = None, at_once: int = AT_ONCE, a_minute: int = A_MINUTE) -> None:
        self._clock = clock or SystemClock()
        self._at_once = at_once
        self._a_minute = a_minute
        self._lock = threading.Lock()
        self._busy: dict[str, int] = defaultdict(int)
        self._begun: dict[str, deque[float]] = defaultdict(deque)

    def take(self, who: str) -> int:
        """Take a turn and give 0, which is to be given back; or say in how many seconds there may be one."""
        now_s = self._clock.seconds()
        with self._lock:
            self._forget(now_s - WINDOW_S)
            begun = self._begun[who]
            if len(begun) >= self._a_minute:
                return math.ceil(begun[0] + WINDOW_S - now_s)
            if self._busy[who] >= self._at_once:
                return BUSY_S
            begun.append(now_s)
            self._busy[who] += 1
        return 0

    def give_back(self, who: str) -> None:
        """Say that a question is answered."""
        with self._lock:
            self._busy[who] -= 1

    def _forget(self, before_s: float) -> None:
        for who, begun in list(self._begun.items()):
            while begun and begun[0] <= before_s:
                begun.popleft()
            if not begun and not self._busy[who]:
                del self._begun[who], self._busy[who]
