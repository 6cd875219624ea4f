"""A process that records one point after another and says which are safe, until it is killed.

Point i is of series i mod 200 and stands at i ms. Processes are forks of one that has everything imported.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from time import monotonic

import structlog

from scada.clock import SystemClock
from scada.model.tag import Quality, TagName, TagValue
from scada.ports import Historian
from scada.settings.stores import Influx
from scada.store.historian.embedded import EmbeddedHistorian
from scada.store.historian.keeping import Keeping
from scada.store.historian.queue.spool import LineQueue
from tests.support.store import SITE, START

SERIES = 200
TOGETHER = 50
HOURS_EVERY_S = 0.5
"""What is recorded is of hours long over, which are made anew all the time."""
FOR_EVER = Keeping(raw_days=3650)
"""What is recorded is from long ago, so that the embedded store packs it as soon as it is there."""


def change(n: int) -> tuple[TagName, TagValue]:
    """Give point n."""
    at = START + timedelta(milliseconds=n)
    return TagName(f"l{n % SERIES}.n"), TagValue(float(n), Quality.GOOD, at, at, 0.0)


def historian(folder: Path, words: Sequence[str]) -> Historian:
    """Build the store."""
    if not words:
        return EmbeddedHistorian(folder / "history.db", SITE, SystemClock(), keeping=FOR_EVER, pause_s=0.02)
    from scada.store.historian.remote.historian import RemoteHistorian  # only here: it takes half a second

    settings = Influx(url=words[0], bucket=words[1], free_mb=64)
    return RemoteHistorian(settings, SITE, SystemClock(), folder / "queue.db", pause_s=HOURS_EVERY_S)


class Safe:
    """Tells which of the numbers recorded are safe: all whose points the historian counts as stored."""

    def __init__(self, history: Historian) -> None:
        self._history = history
        self._waiting: deque[tuple[int, int]] = deque()

    async def record(self, first: int) -> None:
        """Record some numbers. They are safe when as many points are stored as have now been taken, or a few more."""
        self._history.record([change(number) for number in range(first, first + TOGETHER)])
        memory = (await self._history.figures()).memory
        self._waiting.append((memory + await self._history.count() + 1, first + TOGETHER - 1))

    async def last(self) -> int | None:
        """Give the last number that has become safe since this was asked; None if there is none."""
        stored, last = await self._history.count(), None
        while self._waiting and self._waiting[0][0] <= stored:
            last = self._waiting.popleft()[1]
        return last


async def _record(history: Historian, first: int, rate: float, say: Callable[[int], None]) -> None:
    began, safe = monotonic(), Safe(history)
    for n in range(first, first + 10**9, TOGETHER):
        await safe.record(n)
        if (last := await safe.last()) is not None:
            say(last)
        await asyncio.sleep(max(0.0, began + (n - first) / rate - monotonic()))


async def _drain(history: Historian) -> None:
    """Wait until the server has all points and all hours."""
    for _ in range(10_000):
        if not (await history.figures()).queue_lines and not await asyncio.to_thread(_hours_wait, history):
            return
        await asyncio.sleep(0.05)


def _hours_wait(history: Historian) -> int:
    queue = getattr(history, "_queue", None)
    return queue.waiting_hours() if isinstance(queue, LineQueue) else 0


async def _main(folder: Path, first: int, rate: float, place: Sequence[str], say: Callable[[int], None]) -> None:
    async with historian(folder, place) as history:
        await (_record(history, first, rate, say) if rate else _drain(history))


def work(pipe: "Connection[int, None]", folder: Path, first: int, rate: float, place: Sequence[str]) -> None:
    """Record until killed; with a rate of 0 record nothing, and end when nothing waits any more."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    asyncio.run(_main(folder, first, rate, place, pipe.send))


@dataclass
class Child:
    """A running process and what it says."""

    process: ForkServerProcess
    said: "Connection[None, int]"

    def listen(self, within_s: float) -> int | None:
        """Give the next number that it calls safe; None if it has ended or says nothing."""
        try:
            return self.said.recv() if self.said.poll(within_s) else None
        except (EOFError, OSError):
            return None

    def end(self, within_s: float) -> int:
        """Wait for it; gives how it ended. One that does not end in that time is killed."""
        self.process.join(within_s)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        code = self.process.exitcode
        self.process.close()
        self.said.close()
        return code if code is not None else -1


def start(folder: Path, first: int, rate: float, place: Sequence[str]) -> Child:
    """Start one: with a URL and a bucket into that server, else into the embedded store."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, "scada.store.historian.remote.historian"])
    said, pipe = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(pipe, folder, first, rate, place))
    process.start()
    pipe.close()
    return Child(process, said)
