"""Shows how the site's processes are: started again, threads, descriptors; and which certificate ends first."""

import asyncio
import os
import re
import resource
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from scada.clock import Clock
from scada.engine.tags import TagTable
from scada.model.processes import Life, read
from scada.model.serverstate import Restarts, soonest
from scada.model.tag import Quality, TagName, TagUpdate

PERIOD_S: Final = 30.0
PROC = Path("/proc")
_RESTARTS, _THREADS, _DESCRIPTORS, _DAYS, _WHICH = (
    TagName(f"site.{point}")
    for point in ("process_restarts", "threads", "descriptors_pct", "certificate_days", "certificate")
)
_COUNT = re.compile(r"^Threads:\s*(\d+)$", re.MULTILINE)

log = structlog.get_logger()


class ProcessWatch:
    """Looks now and then. What cannot be known is not good rather than 0."""

    def __init__(
        self,
        clock: Clock,
        tags: TagTable,
        register: Path,
        endings: Callable[[], Sequence[tuple[str, datetime]]],
        proc: Path = PROC,
    ) -> None:
        """`register` is where `daozha run` writes its processes; `endings` gives the certificates, by what for."""
        self._clock = clock
        self._tags = tags
        self._register = register
        self._endings = endings
        self._proc = proc
        self._restarts = Restarts("plant")

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self.look()
            except OSError as error:
                log.error("the site's processes are not watched", error=str(error)[:200])
            await asyncio.sleep(PERIOD_S)

    async def look(self) -> None:
        """Look once. Raises OSError."""
        lives = await asyncio.to_thread(self._lives)
        restarts = None if lives is None else self._restarts.seen(lives, self._clock.seconds())
        pids = [os.getpid()] if lives is None else [life.pid for life in lives if life.pid is not None]
        threads, descriptors = await asyncio.to_thread(self._counted, pids)
        ending = soonest(await asyncio.to_thread(self._endings), self._clock.now())
        self._tags.apply(
            [
                _shown(_RESTARTS, restarts),
                _shown(_THREADS, threads),
                _shown(_DESCRIPTORS, descriptors),
                _shown(_DAYS, None if ending is None else ending[1]),
                _shown(_WHICH, None if ending is None else ending[0]),
            ]
        )

    def _lives(self) -> tuple[Life, ...] | None:
        """Give the processes that `daozha run` watches; None if they are of a run before this one, or not watched."""
        try:
            _, lives = read(self._register.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return lives if any(life.pid == os.getpid() for life in lives) else None

    def _counted(self, pids: Sequence[int]) -> tuple[int | None, float | None]:
        """Give the most threads of one process, and the largest part in use of what descriptors one may have, in %."""
        threads, shares = list[int](), list[float]()
        for pid in [each for one in pids for each in (one, *self._children(one))]:
            try:
                found = _COUNT.search((self._proc / str(pid) / "status").read_text(errors="replace"))
                opened = len(os.listdir(self._proc / str(pid) / "fd"))
                most, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            except (OSError, ValueError):
                continue
            threads += [int(found[1])] if found else []
            shares += [0.0 if most == resource.RLIM_INFINITY else round(opened * 100 / max(1, most), 1)]
        return max(threads, default=None), max(shares, default=None)

    def _children(self, pid: int) -> list[int]:
        """Give the children of a process: of a web process they do the work."""
        try:
            told = (self._proc / str(pid) / "task" / str(pid) / "children").read_text("ascii")
        except OSError:
            return []
        return [int(one) for one in told.split()]


def _shown(name: TagName, value: float | str | None) -> TagUpdate:
    return TagUpdate(name, value, Quality.NOT_CONNECTED if value is None else Quality.GOOD)
