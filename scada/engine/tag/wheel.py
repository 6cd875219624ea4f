"""Who is due when: asking costs by those that are due, not by all that wait."""

from collections import defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush
from math import ceil, floor
from typing import Generic, TypeVar

SLOT_S = 0.02
"""So much later than asked for an item may come."""

T = TypeVar("T")


class Wheel(Generic[T]):
    """Items by the time when they are due, in slots."""

    def __init__(self) -> None:
        self._slots: dict[int, list[T]] = defaultdict(list)
        self._order: list[int] = []
        self._done = -1

    def add(self, item: T, due_s: float) -> None:
        """Let an item come once its time is over; one that is late already comes with the next slot."""
        slot = max(ceil(due_s / SLOT_S), self._done + 1)
        items = self._slots[slot]
        if not items:
            heappush(self._order, slot)
        items.append(item)

    def due(self, now_s: float) -> Iterator[T]:
        """Take out all that is due; what is added meanwhile comes another time."""
        self._done = max(self._done, floor(now_s / SLOT_S))
        while self._order and self._order[0] <= self._done:
            yield from self._slots.pop(heappop(self._order))
