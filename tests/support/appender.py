"""A process that stores one row after another and says which are safe, until it is killed.

Run as `python -m tests.support.appender URL FIRST`.
"""

import asyncio
import itertools
import sys

from scada.clock import SystemClock
from scada.ports import JournalEntry
from scada.store.db import Database
from scada.store.journal import SqlJournal
from tests.support.store import SITE


async def _append(url: str, first: int) -> None:
    async with Database(url) as db:
        journal = SqlJournal(db, SITE, SystemClock())
        for n in itertools.count(first):
            await journal.append([JournalEntry("event", "appender", f"e{n}")])
            sys.stdout.write(f"{n}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_append(sys.argv[1], int(sys.argv[2])))
