"""A process that stores one row after another and says which are safe, until it is killed.

Run as `python -m tests.support.appender journal URL FIRST`, or with `history|queue FOLDER FIRST`.
"""

import asyncio
import itertools
import sys
from datetime import timedelta
from pathlib import Path

from scada.clock import SystemClock
from scada.model.tag import Quality, TagName, TagValue
from scada.ports import JournalEntry
from scada.store.db import Database
from scada.store.historian.embedded import EmbeddedHistorian
from scada.store.historian.keeping import Keeping
from scada.store.historian.queue.spool import LineQueue
from scada.store.journal import SqlJournal
from tests.support.store import SITE, START

FOR_EVER = Keeping(raw_days=3650)
"""What is appended is from long ago, so that it is packed as soon as it is stored."""


def _say(safe_up_to: int) -> None:
    sys.stdout.write(f"{safe_up_to}\n")
    sys.stdout.flush()


async def _journal(url: str, first: int) -> None:
    async with Database(url) as db:
        journal = SqlJournal(db, SITE, SystemClock())
        for n in itertools.count(first):
            await journal.append([JournalEntry("event", "appender", f"e{n}")])
            _say(n)


async def _history(folder: str, first: int) -> None:
    path = Path(folder) / "history.db"
    async with EmbeddedHistorian(path, SITE, SystemClock(), keeping=FOR_EVER, pause_s=0.02) as history:
        for n in itertools.count(first):
            at = START + timedelta(milliseconds=n)
            history.record([(TagName(f"l{n % 20}.n"), TagValue(n, Quality.GOOD, at, at, 0.0))])
            if n % 100 == 0:
                await asyncio.sleep(0.01)
                _say(first + await history.count() - 1)


async def _queue(folder: str, first: int) -> None:
    queue = LineQueue(Path(folder) / "queue.db", SystemClock())
    queue.open()
    for n in itertools.count(first, 50):
        queue.put([str(line) for line in range(n, n + 50)])
        _say(n + 49)


if __name__ == "__main__":
    kind, place, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
    asyncio.run({"journal": _journal, "history": _history, "queue": _queue}[kind](place, first))
