"""One time for several processes, which stands until it is moved; and a loop that says when it has come to rest."""

import asyncio
import mmap
import selectors
import struct
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from scada.clock import SystemClock

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Nine in the morning in Shanghai, a Monday."""
_SECONDS = struct.Struct("d")


class SharedClock(SystemClock):
    """The same seconds in every process that was forked after it was made: it stands until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self._memory = mmap.mmap(-1, _SECONDS.size)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds())

    def seconds(self) -> float:
        return float(_SECONDS.unpack_from(self._memory)[0])

    def ahead(self, wait_s: float) -> datetime:
        return self.now() + timedelta(seconds=wait_s)

    def seconds_at(self, moment: datetime) -> float:
        return (moment - START).total_seconds()

    def move_to(self, seconds: float) -> None:
        _SECONDS.pack_into(self._memory, 0, seconds)


class SteppedLoop(asyncio.SelectorEventLoop):
    """A loop whose time is a shared clock's. While threads work for it, it waits for them and no time passes.

    Then it goes on to its next timer by itself, up to `horizon`, until somebody has `worked` outside. Then it says
    that it rests: when its next timer is due, and whether anybody has worked since it was last let go.
    """

    def __init__(self, clock: SharedClock, rests: Callable[[float | None, bool], None]) -> None:
        self._clock_shared = clock
        self._rests = rests
        self._under_way = 0
        self._workers = ThreadPoolExecutor(8, thread_name_prefix="stepped")
        self.horizon = 0.0
        self.worked = False
        super().__init__(_Resting(self))

    def time(self) -> float:
        return self._clock_shared.seconds()

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Any], *args: object
    ) -> "asyncio.Future[Any]":
        """Count what threads do for us, until it has told us its end."""
        self._under_way += 1
        work: Future[Any] = (executor or self._workers).submit(func, *args)
        told = asyncio.wrap_future(work, loop=self)
        work.add_done_callback(lambda _work: self.call_soon_threadsafe(self._one_done))
        return told

    def _one_done(self) -> None:
        self._under_way -= 1

    def leap(self, timeout: float | None) -> float | None:
        """Say how long to wait for what comes from outside: not at all if time could go on by itself."""
        if self._under_way:
            return None
        due = None if timeout is None else self.time() + timeout
        if due is not None and due <= self.horizon and not self.worked:
            self._clock_shared.move_to(due)
            return 0.0
        self._rests(due, self.worked)
        return None


class _Resting(selectors.DefaultSelector):
    """Asks its loop before it waits."""

    def __init__(self, loop: SteppedLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        return super().select(self._loop.leap(timeout))
