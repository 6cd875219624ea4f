"""Empties the durable queue into a server: oldest first, deleted after a 2xx, bad lines found by halving."""

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

import structlog

from scada.store.db import StoreError
from scada.store.historian.queue.spool import DeadLine, LineQueue, Segment
from scada.store.historian.remote.answers import DEAD_IN_A_ROW, REFUSED_WAIT_S, Answer, Fate, fate, wait_s

POISON_TRIES = 3
"""So often may the same lines break a server that is otherwise well; then they are halved."""
LINES_S = 20_000
"""So many lines a second are sent at most: a backlog of days shall not be felt in the lanes."""
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
    """The server has all lines but the dead ones; `dead_in_a_row` so many at the end, with none taken in between."""

    dead: tuple[DeadLine, ...] = ()
    dead_in_a_row: int = 0


def deliver(
    lines: Sequence[str], send: Callable[[Sequence[str]], Answer], poison: bool = False, dead_in_a_row: int = 0
) -> Delivered | Answer:
    """Send lines; halve what the server calls bad until single lines are left, which are dead.

    Gives the answer that came in the way when the server cannot take any line now; all lines must
    then be sent again, which is harmless. With `poison` a 500 counts as a bad line too. When too many
    are dead in a row it is not the lines: then the answer is a refusal of all of them.
    """
    dead: list[DeadLine] = []
    parts = [lines]
    while parts:
        part = parts.pop()
        answer = send(part)
        found = fate(answer)
        if found is Fate.STORED:
            dead_in_a_row = 0
        elif found is not Fate.HALVE and not (poison and found is Fate.BROKEN):
            return answer
        elif len(part) > 1:
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
        else:
            if dead_in_a_row >= DEAD_IN_A_ROW:
                return Answer(403, f"every line is refused: {answer.status} {answer.words}")
            dead.append(DeadLine(part[0], f"{answer.status} {answer.words}"))
            dead_in_a_row += 1
    return Delivered(tuple(dead), dead_in_a_row)


class Sender:
    """One named thread between a queue and a server."""

    def __init__(
        self, queue: LineQueue, server: Server, lines_s: float = LINES_S, before: Callable[[], None] = lambda: None
    ) -> None:
        self._queue = queue
        self._server = server
        self._lines_s = lines_s
        self._before = before
        self._stop = threading.Event()
        self._news = threading.Event()
        self._tries = 0
        self._dead_in_a_row = 0
        self._thread = threading.Thread(target=self._run, name="history-sender", daemon=True)
        self.errors = 0
        """Requests since start that brought nothing."""
        self.trouble: Answer | None = None
        """The last answer that keeps lines back; None while they flow."""

    @property
    def is_alive(self) -> bool:
        """Say whether the thread works."""
        return self._thread.is_alive()

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
        began = monotonic()
        segment = self._queue.head()
        if segment is None:
            return None
        self._before()
        outcome = deliver(segment.lines, self._server.write, self._is_poison(), self._dead_in_a_row)
        if isinstance(outcome, Delivered):
            self._finish(segment, outcome)
            return max(0.0, len(segment.lines) / self._lines_s - (monotonic() - began))
        self._tries += 1
        self.errors += 1
        self.trouble = outcome
        pause_s = wait_s(outcome, self._tries)
        log.warning("history waits", status=outcome.status, words=outcome.words, tries=self._tries, wait_s=pause_s)
        return pause_s * random.uniform(0.8, 1.2)  # noqa: S311 -- jitter

    def _is_poison(self) -> bool:
        return self._tries >= POISON_TRIES and self._server.is_well()

    def _finish(self, segment: Segment, outcome: Delivered) -> None:
        if self._tries:
            log.info("history flows again", after_tries=self._tries)
        self._tries = 0
        self._dead_in_a_row = outcome.dead_in_a_row
        self.trouble = None
        if outcome.dead:
            log.error("history lines refused for good", lines=len(outcome.dead), first=outcome.dead[0].error)
        self._queue.finish(segment, outcome.dead)
