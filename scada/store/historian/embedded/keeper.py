"""The one thread that keeps the embedded history small: it rolls up, packs, forgets and gives space back."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from scada.clock import Clock
from scada.model.tag import TagName
from scada.model.trend import HOUR_MS, Curve
from scada.store.db import StoreError
from scada.store.historian.embedded.hours import is_unmarked, mark_old, roll
from scada.store.historian.embedded.retention import forget_hours, forget_points, shrink
from scada.store.historian.embedded.schema import gather
from scada.store.historian.embedded.sealing import is_worth_sealing, seal
from scada.store.historian.files import open_file, telling
from scada.store.historian.hours import GRACE_MS
from scada.store.historian.keeping import Keeping, Worth
from scada.store.historian.points import unix_ms

PAUSE_S = 20.0

log = structlog.get_logger()


class Keeper:
    """Works on the file beside the committer, in short transactions; what a kill interrupts, the next round does."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        keeping: Keeping,
        pause_s: float = PAUSE_S,
        worth: Callable[[TagName], Worth] = lambda _name: Worth.EVENT,
    ) -> None:
        self._path = path
        self._clock = clock
        self._keeping = keeping
        self._pause_s = pause_s
        self._worth = worth
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history-keeper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the step that it is at. Blocks."""
        self._stop.set()
        self._thread.join()

    def round(self, connection: sqlite3.Connection) -> None:
        """Do all that is to be done now. Raises StoreError."""
        now_ms = unix_ms(self._clock.now())
        with telling(f"look after {self._path}"):
            for tag_id, name, curve in connection.execute("SELECT id, name, curve FROM tag ORDER BY id").fetchall():
                raw_since_ms = self._keeping.raw_since_ms(now_ms, self._worth(name))
                for _ in self._steps(connection, tag_id, Curve(curve), now_ms, raw_since_ms):
                    if self._stop.is_set():
                        return
        _until_done(lambda: not self._stop.is_set() and shrink(connection))

    def _steps(
        self, connection: sqlite3.Connection, tag_id: int, curve: Curve, now_ms: int, raw_since_ms: int
    ) -> Iterator[None]:
        """Look after one tag, a short step at a time.

        It packs before it rolls up: points are read from a chunk many times faster than from rows.
        """
        keeping = self._keeping
        if is_unmarked(connection, tag_id):
            mark_old(connection, tag_id)
            yield
        while is_worth_sealing(connection, tag_id, now_ms - keeping.hot_ms):
            if not seal(connection, tag_id, now_ms - keeping.hot_ms):
                break
            yield
        while roll(connection, tag_id, curve, (now_ms - GRACE_MS) // HOUR_MS):
            yield
        while forget_points(connection, tag_id, raw_since_ms):
            yield
        while forget_hours(connection, tag_id, keeping.hours_since_ms(now_ms)):
            yield

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s):
            try:
                connection = open_for_upkeep(self._path)
                try:
                    self.round(connection)
                finally:
                    connection.close()
            except StoreError as error:
                log.error("history not looked after", error=str(error))


def open_for_upkeep(path: Path) -> sqlite3.Connection:
    """Open the file for the keeper, who need not wait for the disk: what a power cut undoes, the next round does again.

    The next commit of points takes what the keeper did to the disk with it. Pages that become free are not written
    once more to blank them: no person is named in history. Raises StoreError.
    """
    connection = open_file(path, "")
    gather(connection)
    with telling(f"open {path}"):
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=FAST")
    return connection


def _until_done(step: Callable[[], bool]) -> None:
    while step():
        pass
