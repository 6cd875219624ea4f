"""The way of points from memory to disk: a bounded list, and one named thread that commits it four times a second."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

from scada.store.db import StoreError

T = TypeVar("T")

INTERVAL_S = 0.25
LONGEST_S = 5.0
"""A disk that refuses is asked again at least so often."""
AT_ONCE = 20_000
"""Points of one commit at most."""
CAPACITY = 200_000
"""Points that may wait in memory: minutes of a whole site's traffic while a disk recovers."""

log = structlog.get_logger()


class Committer(Generic[T]):
    """Takes items without blocking and hands them, in order, to `commit` in its own thread.

    `commit` raises StoreError when nothing was stored; its items are then tried again. When memory is full the newest
    are dropped and counted: first those that do not matter, and at twice the capacity any. `beat` is called before
    every commit, and when there is none.
    """

    def __init__(
        self,
        name: str,
        commit: Callable[[Sequence[T]], None],
        capacity: int = CAPACITY,
        matters: Callable[[T], bool] = lambda _item: False,
        dropping: Callable[[Sequence[T]], None] = lambda _items: None,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._commit = commit
        self._capacity = capacity
        self._matters = matters
        self._dropping = dropping
        self._beat = beat
        self._waiting: deque[T] = deque()
        self._batch: list[T] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._told = 0
        self._committed = 0
        self.dropped = 0
        self.failing = ""
        """Why the last commit failed; empty if it did not."""

    @property
    def committed(self) -> int:
        """Items stored. Raises StoreError when the thread has ended by itself: nothing is stored any more."""
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stop.is_set():
            raise StoreError(f"{self._name} has ended: history is no longer written")
        return self._committed

    @property
    def waiting(self) -> int:
        """Items in memory."""
        return len(self._waiting) + len(self._batch)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, once more, and end the thread. Blocks."""
        self._stop.set()
        self._thread.join()

    def put(self, items: Sequence[T]) -> None:
        """Take items; never blocks, never raises."""
        if self.waiting + len(items) <= self._capacity:
            self._waiting.extend(items)
        else:
            self._squeeze(items)

    def _squeeze(self, items: Sequence[T]) -> None:
        lost = []
        for item in items:
            limit = self._capacity * (2 if self._matters(item) else 1)
            if self.waiting < limit:
                self._waiting.append(item)
            else:
                lost.append(item)
        self.dropped += len(lost)
        if lost:
            self._dropping(lost)

    def _run(self) -> None:
        pause_s = INTERVAL_S
        while not self._stop.wait(pause_s):
            self._beat()
            self._flush()
            pause_s = min(2 * pause_s, LONGEST_S) if self.failing else INTERVAL_S
        self._flush()

    def _flush(self) -> None:
        while self._batch or self._waiting:
            while self._waiting and len(self._batch) < AT_ONCE:
                self._batch.append(self._waiting.popleft())
            if not self._try():
                break
        self._tell_of_losses()

    def _try(self) -> bool:
        try:
            self._commit(self._batch)
        except StoreError as error:
            if not self.failing:
                log.error("history not written", part=self._name, waiting=self.waiting, error=str(error))
            self.failing = str(error)
            return False
        self.failing = ""
        self._committed += len(self._batch)
        self._batch = []
        return True

    def _tell_of_losses(self) -> None:
        dropped = self.dropped
        if dropped > self._told:
            log.error("history dropped", part=self._name, points=dropped - self._told, since_start=dropped)
            self._told = dropped
