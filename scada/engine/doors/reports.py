"""Reports for the control room: who may make one, made beside the plant, fetched in pieces, forgotten after a while."""

import asyncio
import base64
import contextlib
import secrets
import shutil
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import structlog

from scada.clock import Clock
from scada.engine.doors.asked import optional, text_of, whole_number
from scada.engine.doors.peer import Ask, BridgeRefusal, Handler
from scada.engine.doors.plates import may_see_plates
from scada.engine.reporting.runs import ReportRuns
from scada.engine.reporting.task import Made, NotMade, Task
from scada.model.reports import FORMATS, Listed, report_named
from scada.model.rights import Role
from scada.ports import Journal, JournalEntry
from scada.store.operators import Operators

log = structlog.get_logger(__name__)

PIECE: Final = "piece"
"""The form in which the page shows a report."""
WAITING: Final = 6
"""Reports that are being made or wait for their turn; whoever asks for more is told to wait."""
KEPT_S: Final = 900.0
"""How long a report that was made can be fetched."""
PART_BYTES: Final = 512 * 1024
_MOST_BYTES: Final = 1 << 30
_LANGUAGES: Final = ("zh", "en")


@dataclass(slots=True)
class Job:
    """One report that somebody asked for."""

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


class ReportDesk:
    """The verbs of reports; the rights to them are checked before these are called."""

    def __init__(self, runs: ReportRuns, operators: Operators, journal: Journal, clock: Clock, folder: Path) -> None:
        self._runs = runs
        self._operators = operators
        self._journal = journal
        self._clock = clock
        self._folder = folder
        self._jobs: dict[str, Job] = {}

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(_empty, self._folder)
        return self

    async def __aexit__(self, *failure: object) -> None:
        for job in list(self._jobs.values()):
            await self._drop(job)

    def verbs(self) -> dict[str, Handler]:
        """Give the verbs by name."""
        return {
            "make_report": self._make,
            "report_made": self._tell,
            "report_part": self._part,
            "stop_report": self._stop,
        }

    async def _make(self, ask: Ask) -> object:
        """Begin to make a report; how it goes: `report_made`."""
        listed, role = _listed(ask), await self._operators.role_of(ask.user)
        if role == Role.TECHNICIAN.value and not listed.is_technical:
            raise BridgeRefusal("forbidden", "your role may not see this report")
        covered = not await may_see_plates(self._operators, ask)
        await self._forget()
        if sum(not job.is_over for job in self._jobs.values()) >= WAITING:
            raise BridgeRefusal("refused", "many reports are being made: wait for one of them")
        job = Job(secrets.token_hex(8), ask.user, Path(), self._clock.seconds())
        job.folder = self._folder / job.id
        task = _task(ask, listed, str(job.folder), covered=covered)
        said = {"report": listed.name, "from": task.since, "to": task.to, "form": task.forms[0], "covered": covered}
        self._jobs[job.id] = job
        try:
            await self._journal.append([JournalEntry("person", ask.user, "report asked for", None, None, said)])
            await asyncio.to_thread(job.folder.mkdir, parents=True, mode=0o700)
        except BaseException:
            self._jobs.pop(job.id, None)
            raise
        job.work = asyncio.create_task(self._live(job, self._runs.make(task)), name=f"report {listed.name}")
        return job.told()

    async def _live(self, job: Job, making: Coroutine[Any, Any, Made]) -> None:
        try:
            job.made = await making
        except NotMade as error:
            job.error = str(error)

    async def _tell(self, ask: Ask) -> object:
        job = self._job(ask)
        return await asyncio.to_thread(job.told)

    async def _part(self, ask: Ask) -> object:
        """Give a part of a report that is made, from `offset` on."""
        job, offset = self._job(ask), whole_number(ask, "offset", 0, _MOST_BYTES)
        if job.made is None:
            raise BridgeRefusal("refused", "it is not made yet")
        part = await asyncio.to_thread(_read, job.folder / job.made.files[0], offset)
        return {"part_b64": base64.b64encode(part).decode("ascii")}

    async def _stop(self, ask: Ask) -> object:
        """End a report that nobody waits for any more."""
        job = self._job(ask)
        await self._drop(job)
        return {"job": job.id, "state": "failed", "why": "it was stopped", "name": "", "bytes": 0}

    def _job(self, ask: Ask) -> Job:
        """Find a report; nobody fetches another person's."""
        job = self._jobs.get(text_of(ask, "job"))
        if job is None or job.user != ask.user:
            raise BridgeRefusal("gone", "this report is not kept any more: make it again")
        return job

    async def _forget(self) -> None:
        now_s = self._clock.seconds()
        for job in list(self._jobs.values()):
            if job.is_over and now_s - job.began_s > KEPT_S:
                await self._drop(job)

    async def _drop(self, job: Job) -> None:
        self._jobs.pop(job.id, None)
        if job.work is not None:
            job.work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await job.work
        await asyncio.to_thread(shutil.rmtree, job.folder, ignore_errors=True)


def _listed(ask: Ask) -> Listed:
    listed = report_named(text_of(ask, "report"))
    if listed is None:
        raise BridgeRefusal("bad_args", "there is no such report")
    return listed


def _task(ask: Ask, listed: Listed, folder: str, *, covered: bool) -> Task:
    form, language = text_of(ask, "form"), text_of(ask, "language")
    if form not in (*FORMATS, PIECE) or language not in _LANGUAGES:
        raise BridgeRefusal("bad_args", "no such form or language")
    options = {one.key: value for one in listed.options if (value := optional(ask, one.key))}
    days = text_of(ask, "from"), text_of(ask, "to")
    return Task(listed.name, *days, (form,), language, folder, options, covered)


def _read(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(PART_BYTES)


def _empty(folder: Path) -> None:
    """Take away what a former plant left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
