"""Histories and replays for a control room elsewhere: read beside the plant by a process of its own, fetched in parts.

The site's own control room reads its disks itself. Nothing here changes anything.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from scada.clock import Clock
from scada.engine.doors.asked import moment_of, texts_of, whole_number
from scada.engine.doors.jobs import Jobs
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.replay import ReplayDesk
from scada.engine.reporting.runs import Runs
from scada.engine.reporting.task import Reading
from scada.model.trend import LONGEST, MOST_PIXELS, MOST_TAGS

WAITING: Final = 8
"""Readings that go on or wait for their turn."""
KEPT: Final = 20
KEPT_S: Final = 120.0
"""How long one that was read can be fetched."""


class ReadingDesk:
    """The verbs; the rights to them are checked before these are called."""

    def __init__(self, runs: Runs, replays: ReplayDesk, clock: Clock, folder: Path) -> None:
        self._runs = runs
        self._replays = replays
        self._jobs = Jobs(folder, clock, waiting=WAITING, most=KEPT, kept_s=KEPT_S)

    async def __aenter__(self) -> Self:
        await self._jobs.__aenter__()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._jobs.__aexit__(*failure)

    def verbs(self) -> Mapping[str, Handler]:
        """Give the verbs by name."""
        return {
            "read_trends": self._trends,
            "read_points": self._points,
            "read_replay": self._replay,
            "reading_made": self._jobs.tell,
            "reading_part": self._jobs.part,
            "stop_reading": self._jobs.stop,
        }

    async def _trends(self, ask: Ask) -> object:
        """Begin to read what tags did in a range, in so many buckets at most."""
        reading = replace(_range(ask, "trends"), pixels=whole_number(ask, "pixels", 1, MOST_PIXELS))
        return await self._begin(ask, reading)

    async def _points(self, ask: Ask) -> object:
        """Begin to read every stored point of some tags in a range."""
        return await self._begin(ask, _range(ask, "points"))

    async def _replay(self, ask: Ask) -> object:
        """Write down who looks at a passage again, and begin to read it; plates as that person may see them."""
        passage, covered = await self._replays.look(ask)
        return await self._begin(ask, Reading("replay", "", passage=passage, covered=covered))

    async def _begin(self, ask: Ask, reading: Reading) -> object:
        if not await self._jobs.has_room():
            raise BridgeRefusal("refused", "many histories are being read: wait a few seconds")
        async with self._jobs.place(ask.user) as job:
            self._jobs.begin(job, f"read {reading.kind}", self._runs.make(replace(reading, folder=str(job.folder))))
        return job.told()


def _range(ask: Ask, kind: str) -> Reading:
    names, since, until = texts_of(ask, "names", MOST_TAGS), moment_of(ask, "since"), moment_of(ask, "until")
    if not names:
        raise BridgeRefusal("bad_args", "names: one tag at least")
    if not since < until <= since + LONGEST:
        raise BridgeRefusal("bad_args", f"until: after since, and {LONGEST.days // 366} years after it at most")
    return Reading(kind, "", tags=tuple(names), since=since.isoformat(), until=until.isoformat())
