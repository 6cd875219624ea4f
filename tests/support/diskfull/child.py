"""A process that records history and shows every tenth of a second how it does.

Run as `python -m tests.support.diskfull.child FOLDER [URL BUCKET]`. Each line is a JSON object: `safe` points that were
called safe, `troubles`, points in `memory`, lines in the `queue`, and how late its loop was at worst in `late_ms`.
"""

import asyncio
import json
import sys
from itertools import count
from pathlib import Path
from time import monotonic

import structlog

from scada.ports import Historian
from tests.support.history_child import TOGETHER, Safe, historian

TICK_S = 0.02
SHOW_S = 0.1


class Recorder:
    """Records without waiting, and counts what became durable."""

    def __init__(self, history: Historian) -> None:
        self._history = history
        self.safe = 0
        self.late_s = 0.0

    async def record(self) -> None:
        """Record until the end, whatever the disk says."""
        safe = Safe(self._history)
        for n in count(0, TOGETHER):
            await safe.record(n)
            if (last := await safe.last()) is not None:
                self.safe = last + 1
            await asyncio.sleep(TICK_S)

    async def tick(self) -> None:
        """Do what a lane does: wake up at a time."""
        while True:
            due = monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            self.late_s = max(self.late_s, monotonic() - due)

    async def show(self) -> None:
        """Tell how it does."""
        while True:
            figures = await self._history.figures()
            told = {
                "safe": self.safe,
                "troubles": sorted(figures.troubles),
                "memory": figures.memory,
                "queue": figures.queue_lines,
                "lost": figures.lost,
                "late_ms": round(self.late_s * 1000),
            }
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            await asyncio.sleep(SHOW_S)


async def main(words: list[str]) -> None:
    """Record until killed."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    async with historian(Path(words[0]), words[1:]) as history:
        recorder = Recorder(history)
        await asyncio.gather(recorder.record(), recorder.tick(), recorder.show())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
