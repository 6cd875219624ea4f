"""What a door has made by a process of its own: asked for by one person, fetched in parts, forgotten after a while."""

import asyncio
import base64
import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from scada.clock import Clock
from scada.engine.doors.asked import text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.reporting.task import Made, NotMade

PART_BYTES: Final = 512 * 1024
MOST_BYTES: Final = 1 << 30


@dataclass(slots=True)
class Job:
    """One thing that somebody asked for."""

    id: str
    user: str
    folder: Path
    began_s: float
    work: asyncio.Task[None] | None = None
    made: Made | None = None
    error: str = ""

    @property
    def is_over(self) -> bool:
        """Say whether it is made, or never will be."""
        return self.made is not None or bool(self.error)

    def told(self) -> dict[str, object]:
        """Give it as JSON values."""
        state = "failed" if self.error else "made" if self.made else "making"
        name = self.made.files[0] if self.made else ""
        size = (self.folder / name).stat().st_size if name else 0
        return {"job": self.id, "state": state, "why": self.error, "name": name, "bytes": size}


class Jobs:
    """Keeps them, each in a folder of its own, for `kept_s`: `most` at a time, `waiting` of them not made yet."""

    def __init__(self, folder: Path, clock: Clock, *, waiting: int, most: int, kept_s: float) -> None:
        self._folder = folder
        self._clock = clock
        self._waiting = waiting
        self._most = most
        self._kept_s = kept_s
        self._jobs: dict[str, Job] = {}

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(_empty, self._folder)
        return self

    async def __aexit__(self, *failure: object) -> None:
        for job in list(self._jobs.values()):
            await self.drop(job)

    async def has_room(self) -> bool:
        """Forget what is old; say whether one more may be asked for."""
        now_s = self._clock.seconds()
        for job in list(self._jobs.values()):
            if job.is_over and now_s - job.began_s > self._kept_s:
                await self.drop(job)
        making = sum(not job.is_over for job in self._jobs.values())
        return making < self._waiting and len(self._jobs) < self._most

    @asynccontextmanager
    async def place(self, user: str) -> AsyncIterator[Job]:
        """Take a place and its folder; whoever does not come to begin gives both back."""
        job = Job(secrets.token_hex(8), user, Path(), self._clock.seconds())
        job.folder = self._folder / job.id
        self._jobs[job.id] = job
        try:
            await asyncio.to_thread(job.folder.mkdir, parents=True, mode=0o700)
            yield job
        except BaseException:
            await self.drop(job)
            raise

    @staticmethod
    def begin(job: Job, name: str, making: Coroutine[Any, Any, Made]) -> None:
        """Let it be made."""
        job.work = asyncio.create_task(_live(job, making), name=name)

    async def tell(self, ask: Ask) -> object:
        """Tell how one goes."""
        return await asyncio.to_thread(self._asked(ask).told)

    async def part(self, ask: Ask) -> object:
        """Give a part of what was made, from `offset` on."""
        job, offset = self._asked(ask), whole_number(ask, "offset", 0, MOST_BYTES)
        if job.made is None:
            raise BridgeRefusal("refused", "it is not made yet")
        return {"part_b64": await asyncio.to_thread(part_of, job.folder / job.made.files[0], offset)}

    async def stop(self, ask: Ask) -> object:
        """End one that nobody waits for any more, and take away what was made."""
        job = self._asked(ask)
        await self.drop(job)
        return {"job": job.id, "state": "failed", "why": "it was stopped", "name": "", "bytes": 0}

    def _asked(self, ask: Ask) -> Job:
        """Find the one that is asked for; nobody fetches another person's."""
        job = self._jobs.get(text_of(ask, "job"))
        if job is None or job.user != ask.user:
            raise BridgeRefusal("gone", "this is not kept any more: ask for it again")
        return job

    async def drop(self, job: Job) -> None:
        """End it, and take away what was made."""
        self._jobs.pop(job.id, None)
        if job.work is not None:
            job.work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await job.work
        await asyncio.to_thread(shutil.rmtree, job.folder, ignore_errors=True)


def part_of(path: Path, offset: int) -> str:
    """Give a part of a file, in base64."""
    with path.open("rb") as file:
        file.seek(offset)
        return base64.b64encode(file.read(PART_BYTES)).decode("ascii")


async def _live(job: Job, making: Coroutine[Any, Any, Made]) -> None:
    try:
        job.made = await making
    except NotMade as error:
        job.error = str(error)


def _empty(folder: Path) -> None:
    """Take away what a former plant left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
