"""Queues between the parts of the plant: each has a size and a manner, and putting never waits."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, assert_never

T = TypeVar("T")


class MailboxOverflow(Exception):
    """A mailbox that must keep every item could not: its reader has to begin anew from the image."""


@dataclass(frozen=True, slots=True)
class EveryItem:
    """Keep every item in order; a full box is a fault of its reader."""


@dataclass(frozen=True, slots=True)
class LatestOnly(Generic[T]):
    """Keep one item: `merge(waiting, new)` says what is left of the two."""

    merge: Callable[[T, T], T]


@dataclass(frozen=True, slots=True)
class Spill(Generic[T]):
    """Keep every item; what does not fit goes, oldest first, to `to`, which never blocks."""

    to: Callable[[T], None]


class Mailbox(Generic[T]):
    """One reader's queue on the plant's loop."""

    def __init__(self, name: str, size: int, manner: EveryItem | LatestOnly[T] | Spill[T]) -> None:
        self.name = name
        self.size = size
        self._manner = manner
        self._items: deque[T] = deque()
        self._filled = asyncio.Event()
        self._overflowed = False
        self._deepest = 0

    @property
    def depth(self) -> int:
        """How many items wait."""
        return len(self._items)

    def deepest(self) -> int:
        """Say how many items waited at most since the last time this was asked."""
        deepest, self._deepest = max(self._deepest, len(self._items)), len(self._items)
        return deepest

    def put(self, item: T) -> None:
        """Take an item by the box's manner. Never blocks, never raises."""
        match self._manner:
            case EveryItem():
                self._put_every(item)
            case LatestOnly(merge):
                self._items.append(merge(self._items.pop(), item) if self._items else item)
            case Spill(to):
                if len(self._items) >= self.size:
                    to(self._items.popleft())
                self._items.append(item)
            case never:
                assert_never(never)
        self._deepest = max(self._deepest, len(self._items))
        self._filled.set()

    def _put_every(self, item: T) -> None:
        if len(self._items) >= self.size:
            self._items.clear()
            self._overflowed = True
        if not self._overflowed:
            self._items.append(item)

    async def get(self) -> T:
        """Wait for the next item. Raises MailboxOverflow once after items were lost."""
        while True:
            self._complain()
            if self._items:
                return self._items.popleft()
            self._filled.clear()
            await self._filled.wait()

    async def get_within(self, wait_s: float) -> T | None:
        """Wait for the next item for a while; None if there was none. Raises MailboxOverflow."""
        try:
            async with asyncio.timeout(wait_s):
                return await self.get()
        except TimeoutError:
            return None

    def drain(self) -> list[T]:
        """Take all that waits, oldest first. Raises MailboxOverflow."""
        self._complain()
        items = list(self._items)
        self._items.clear()
        return items

    def _complain(self) -> None:
        if self._overflowed:
            self._overflowed = False
            raise MailboxOverflow(f"mailbox {self.name} overflowed: more than {self.size} items waited")

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            yield await self.get()
