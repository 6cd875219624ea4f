"""Until when history was surely being recorded: what the gap of a stop, a crash or a power cut begins with."""

from pathlib import Path

import structlog

from scada.clock import Clock
from scada.store.historian.points import unix_ms

BEAT_MS = 5_000
AHEAD_MS = 10_000
"""So far ahead is promised: every point is stored before the promise ends, whenever the process is killed."""

log = structlog.get_logger()


class Lease:
    """A small file with a time. One thread calls it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._until_ms = 0
        self._is_told = False

    def ended_ms(self) -> int | None:
        """Say until when the last process recorded; None if there was none."""
        try:
            return int(self._path.read_text())
        except (OSError, ValueError):
            return None

    def beat(self) -> None:
        """Go on recording; cheap enough to be called all the time."""
        now_ms = unix_ms(self._clock.now())
        if now_ms + AHEAD_MS - self._until_ms >= BEAT_MS:
            self._write(now_ms + AHEAD_MS)

    def end(self) -> None:
        """Say that recording ends now."""
        self._write(unix_ms(self._clock.now()))

    def _write(self, until_ms: int) -> None:
        try:
            self._path.write_text(f"{until_ms}\n")
        except OSError as error:
            if not self._is_told:
                log.warning("end of history not noted", path=self._path.name, error=str(error))
            self._is_told = True
            return
        self._until_ms, self._is_told = until_ms, False
