"""The way of points from memory to disk: a bounded list, and one named thread that commits it four times a second."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

from scada.store.db import StoreError

T = TypeVar("T")

INTERVAL_S = 0.25
CAPACITY = 200_000
"""Points that may wait in memory: minutes of a whole site's traffic while a disk recovers."""

log = structlog.get_logger()


class Committer(Generic[T]):
    """Takes items without blocking and hands them, in order, to `commit` in its own thread.

    `commit` raises StoreError when nothing was stored; its items are then tried again. When memory
    is full the newest are dropped and counted.
    """

    def __init__(self, name: str, commit: Callable[[Sequence[T]], None], capacity: int = CAPACITY) -> None:
        self._name = name
        self._commit = commit
        self._capacity = capacity
        self._waiting: deque[T] = deque()
        self._batch: list[T] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._told = 0
        self._committed = 0
        self.dropped = 0

    @property
    def committed(self) -> int:
        """Items stored. Raises StoreError when the thread has ended by itself: nothing is stored any more."""
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stop.is_set():
            raise StoreError(f"{self._name} has ended: history is no longer written")
        return self._committed

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, once more, and end the thread. Blocks."""
        self._stop.set()
        self._thread.join()

    def put(self, items: Sequence[T]) -> None:
        """Take items; never blocks, never raises."""
        taken = items[: max(0, self._capacity - len(self._waiting) - len(self._batch))]
        self._waiting.extend(taken)
        self.dropped += len(items) - len(taken)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_S):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        while self._waiting:
            self._batch.append(self._waiting.popleft())
        if self._batch:
            self._try()
        self._tell_of_losses()

    def _try(self) -> None:
        try:
            self._commit(self._batch)
        except StoreError as error:
            log.error("history not written", part=self._name, waiting=len(self._batch), error=str(error))
            return
        self._committed += len(self._batch)
        self._batch = []

    def _tell_of_losses(self) -> None:
        dropped = self.dropped
        if dropped > self._told:
            log.error("history dropped", part=self._name, points=dropped - self._told, since_start=dropped)
            self._told = dropped
