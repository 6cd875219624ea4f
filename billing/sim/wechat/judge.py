"""The judge log: every request and notice with its verdict, as JSON lines that a test reads at its end."""

import json
import threading
from typing import TextIO

from billing.sim.wechat.clock import PlatformClock


class JudgeLog:
    """Every request and notice with its verdict."""

    def __init__(self, file: TextIO, clock: PlatformClock) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()

    def note(self, what: str, **facts: object) -> None:
        """Write one line."""
        line = json.dumps({"at": self._clock.now().isoformat(), "what": what, **facts}, ensure_ascii=False)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
