"""The one thread that makes hours of what a server has: read back, reckoned anew, and sent by way of the queue."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from scada.clock import Clock
from scada.model.names import SiteId
from scada.model.tag import TagName
from scada.model.trend import DAY_MS, HOUR_MS, Curve
from scada.store.db import StoreError
from scada.store.historian.hours import GRACE_MS, reckoned, runs
from scada.store.historian.points import unix_ms
from scada.store.historian.queue import marks
from scada.store.historian.queue.spool import LineQueue
from scada.store.historian.remote.places import marked_place
from scada.store.historian.remote.server import TimeSeriesServer
from scada.store.historian.remote.tag import TagOnServer, hour_lines

PAUSE_S = 20.0
BREATH_S = 0.01
"""Between two steps: the thread shares the processor with lanes."""
TOGETHER = 50
"""Tags whose hours go into the queue in one transaction."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Known:
    """What the plant knows of tags: which go in lines, and for how many days the server was told to keep points."""

    curves: Mapping[TagName, Curve]
    kept_days: Callable[[TagName], int | None]


class Roller:
    """Reckons hours whose points have all been sent. What a kill interrupts, the next round does: marks outlive it."""

    def __init__(
        self,
        queue: LineQueue,
        server: TimeSeriesServer,
        site: SiteId,
        clock: Clock,
        known: Known,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._queue = queue
        self._server = server
        self._site = site
        self._clock = clock
        self._known = known
        self._pause_s = pause_s
        self._unmarked_segments = 0
        self._is_failing = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history-roller", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._unmarked_segments = self._queue.within(marks.last_segment)
        self._thread.start()

    def stop(self, within_s: float) -> None:
        """End the thread after the step that it is at; a question that hangs is left alone. Blocks."""
        self._stop.set()
        self._thread.join(within_s)

    def round(self) -> None:
        """Do all that is to be done now. Raises StoreError."""
        now_ms = unix_ms(self._clock.now())
        before_hour = (now_ms - GRACE_MS) // HOUR_MS
        self._look_through(now_ms)
        floor = self._queue.floor()
        self._server.flush()
        while self._pass(floor, before_hour, now_ms):
            pass

    def _pass(self, floor: int, before_hour: int, now_ms: int) -> bool:
        """Go through all tags once, some hours of each; say whether there was anything to do."""
        done, after = list[marks.Rolled](), ""
        while not self._stop.wait(BREATH_S) and (due := self._queue.due(floor, before_hour, after)) is not None:
            done.append(marks.Rolled(due, self._lines(due, before_hour, now_ms)))
            after = due.name
            if len(done) == TOGETHER:
                self._queue.settle(done)
                done = []
        if done:
            self._queue.settle(done)
        return after != "" and not self._stop.is_set()

    def _lines(self, due: marks.Due, before_hour: int, now_ms: int) -> Mapping[int, str]:
        """Make the hours of one tag. Where points are no longer kept none is made: it would be of a part of them."""
        days, hours, name = self._known.kept_days(due.name), [hour for hour, _ in due.hours], due.name
        if days is not None:
            hours = [hour for hour in hours if hour * HOUR_MS > now_ms - days * DAY_MS + HOUR_MS]
        tag, curve = TagOnServer(self._server, self._site, name, now_ms), self._known.curves.get(name, Curve.STEP)
        found = dict[int, str]()
        for first, end in runs(tag, curve, hours, before_hour):
            records = reckoned(tag, curve, (first, end), end * HOUR_MS)
            points = tag.between(first * HOUR_MS, end * HOUR_MS)
            found.update(hour_lines(self._site, name, first, records, points))
        return found

    def _look_through(self, now_ms: int) -> None:
        """Mark, once for a server, the hours of points that came there before hours were made."""
        place = marked_place(self._server.settings)
        if not self._queue.within(lambda connection: marks.is_looked_through(connection, place)):
            if self._queue.floor() <= self._unmarked_segments:
                return
            names = self._server.names(self._site)
            since_hour = self._server.oldest_counted_ms(now_ms) // HOUR_MS if names else 0
            self._queue.within(lambda connection: marks.look(connection, place, names, since_hour))
        while not self._stop.wait(BREATH_S) and (name := self._queue.within(marks.unmarked)) is not None:
            hours = self._server.hours_with_points(self._site, name, now_ms)
            self._queue.within(partial(marks.mark_old, name=name, hours=hours))

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s):
            try:
                self.round()
            except StoreError as error:
                if not self._is_failing:
                    log.warning("hours of history wait", error=str(error))
                self._is_failing = True
            else:
                self._is_failing = False
