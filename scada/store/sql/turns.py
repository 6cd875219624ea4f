"""Who writes next: those who must not wait, then, several to a transaction, those who may (docs/decisions/0053)."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

T = TypeVar("T")

AGAIN_S: Final = 0.01
"""So long after a write its author may want the next one, and nobody who gives way begins: a car stands there."""
HELD_S: Final = 0.1
"""Who has given way for so long does not wait for that any more."""
PATIENCE_S: Final = 1.0
"""Who has given way for so long goes on beside those who come, in turns with them."""
MOST, FEW = 16, 4
"""How many share a transaction at most: while nobody else waits, and while somebody does."""


@dataclass(slots=True)
class Turns(Generic[T]):
    """Two queues before one pen. Times are monotonic seconds."""

    again_s: float = AGAIN_S
    _first: deque[T] = field(default_factory=deque)
    _others: deque[tuple[float, T]] = field(default_factory=deque)
    _again_until_s: float = 0.0
    _others_were_last: bool = False

    def add(self, one: T, now_s: float, *, gives_way: bool) -> None:
        """Let one wait for its turn."""
        if gives_way:
            self._others.append((now_s, one))
        else:
            self._first.append(one)

    @property
    def is_empty(self) -> bool:
        """Say whether nobody waits."""
        return not self._first and not self._others

    def wait_s(self, now_s: float) -> float | None:
        """Say how long until somebody's turn comes, if nobody else does; None: nobody waits."""
        if self._first:
            return 0.0
        if not self._others:
            return None
        return max(0.0, min(self._again_until_s, self._others[0][0] + HELD_S) - now_s)

    def alone(self, now_s: float) -> T | None:
        """Take who has the next transaction for itself; None where it is nobody's, or the others' turn."""
        if not self._first or (self._has_waited(now_s, PATIENCE_S) and not self._others_were_last):
            return None
        self._others_were_last = False
        return self._first.popleft()

    def written(self, now_s: float) -> None:
        """Note that one was written by itself: the same car may want another at once."""
        self._again_until_s = now_s + self.again_s

    def sharing(self, now_s: float, already: int) -> T | None:
        """Take the next of those who give way, to write with the `already` taken; None ends the transaction."""
        if not self._others or already >= MOST:
            return None
        if self._first:
            may = already < FEW and self._has_waited(now_s, PATIENCE_S)
        else:
            may = already > 0 or now_s >= self._again_until_s or self._has_waited(now_s, HELD_S)
        if not may:
            return None
        self._others_were_last = True
        return self._others.popleft()[1]

    def _has_waited(self, now_s: float, limit_s: float) -> bool:
        return bool(self._others) and now_s - self._others[0][0] >= limit_s
