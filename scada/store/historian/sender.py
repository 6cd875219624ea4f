"""Empties the durable queue into InfluxDB: oldest first, deleted after a 2xx, bad lines found by halving."""

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from scada.store.db import StoreError
from scada.store.historian.answers import REFUSED_WAIT_S, Answer, Fate, fate, wait_s
from scada.store.historian.queue import DeadLine, LineQueue, Segment

POISON_TRIES = 3
"""So often may the same lines break a server that is otherwise well; then they are halved."""
STOP_S = 2.0
IDLE_S = 1.0

log = structlog.get_logger()


class Server(Protocol):
    """What the sender needs of a time-series server; calls block, with limits."""

    def write(self, lines: Sequence[str]) -> Answer:
        """Send lines once."""

    def is_well(self) -> bool:
        """Say whether the server answers at all."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The server has all lines but the dead ones."""

    dead: tuple[DeadLine, ...] = ()


def deliver(lines: Sequence[str], send: Callable[[Sequence[str]], Answer], poison: bool = False) -> Delivered | Answer:
    """Send lines; halve what the server calls bad until single lines are left, which are dead.

    Gives the answer that came in the way when the server cannot take any line now; all lines must
    then be sent again, which is harmless. With `poison` a 500 counts as a bad line too.
    """
    answer = send(lines)
    found = fate(answer)
    if found is Fate.STORED:
        return Delivered()
    if found is not Fate.HALVE and not (poison and found is Fate.BROKEN):
        return answer
    if len(lines) == 1:
        return Delivered((DeadLine(lines[0], f"{answer.status} {answer.words}"),))
    middle = len(lines) // 2
    first = deliver(lines[:middle], send, poison)
    if isinstance(first, Answer):
        return first
    second = deliver(lines[middle:], send, poison)
    return second if isinstance(second, Answer) else Delivered(first.dead + second.dead)


class Sender:
    """One named thread between a queue and a server."""

    def __init__(self, queue: LineQueue, server: Server) -> None:
        self._queue = queue
        self._server = server
        self._stop = threading.Event()
        self._news = threading.Event()
        self._tries = 0
        self._thread = threading.Thread(target=self._run, name="history-sender", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a request that hangs is left alone, its lines stay queued. Blocks for at most `STOP_S`."""
        self._stop.set()
        self._news.set()
        self._thread.join(STOP_S)

    def wake(self) -> None:
        """Say that there is something new in the queue."""
        self._news.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            try:
                pause_s = self._step()
            except StoreError as error:
                log.error("history queue not usable", error=str(error))
                pause_s = REFUSED_WAIT_S / 10
            if pause_s is None:
                self._news.wait(IDLE_S)
            else:
                self._stop.wait(pause_s)

    def _step(self) -> float | None:
        """Send the head; give the seconds to wait before the next, None to wait for news."""
        segment = self._queue.head()
        if segment is None:
            return None
        outcome = deliver(segment.lines, self._server.write, self._is_poison())
        if isinstance(outcome, Delivered):
            self._finish(segment, outcome)
            return 0.0
        self._tries += 1
        pause_s = wait_s(outcome, self._tries)
        log.warning("history waits", status=outcome.status, words=outcome.words, tries=self._tries, wait_s=pause_s)
        return pause_s * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter

    def _is_poison(self) -> bool:
        return self._tries >= POISON_TRIES and self._server.is_well()

    def _finish(self, segment: Segment, outcome: Delivered) -> None:
        if self._tries:
            log.info("history flows again", after_tries=self._tries)
        self._tries = 0
        if outcome.dead:
            log.error("history lines refused for good", lines=len(outcome.dead), first=outcome.dead[0].error)
        self._queue.finish(segment, outcome.dead)
