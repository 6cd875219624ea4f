"""One run at a time of the process that prices stays under a draft: started, heard, ended."""

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass
from typing import Any, Final, Self

import structlog

from billing.drafts.child import Task

log = structlog.get_logger(__name__)

LIMIT_S: Final = 900.0
"""A run that takes longer is given up."""
_LINE: Final = 1 << 22
_COMMAND: Final = (sys.executable, "-m", "billing.drafts.child")


class BusyError(Exception):
    """One run after the other."""


@dataclass(slots=True)
class Run:
    """How far a run has come; `result` or `error` once it has ended."""

    id: int
    done: int = 0
    of: int = 0
    result: object = None
    error: str = ""

    @property
    def is_over(self) -> bool:
        """Say whether nothing more will come."""
        return self.result is not None or bool(self.error)

    def to_json(self) -> dict[str, object]:
        """Give it as JSON values."""
        return {"run": self.id, "done": self.done, "of": self.of, "result": self.result, "error": self.error}


class DraftRuns:
    """Starts runs and remembers the last one; whoever holds this ends what runs."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._count = 0
        self._last: Run | None = None
        self._work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.stop()

    def start(self, task: Task) -> Run:
        """Begin a run. Raises BusyError while another one goes on."""
        if self._work is not None and not self._work.done():
            raise BusyError("another draft is being priced: wait for it, or stop it")
        self._count += 1
        self._last = run = Run(self._count)
        self._work = asyncio.create_task(self._live(run, task), name="prices under a draft")
        return run

    def last(self, number: int) -> Run | None:
        """Give a run by its number, None if it is not the last one."""
        return self._last if self._last is not None and self._last.id == number else None

    async def stop(self) -> None:
        """End what runs."""
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work

    async def _live(self, run: Run, task: Task) -> None:
        """Live through one process."""
        try:
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(*_COMMAND, stdin=pipe, stdout=pipe, limit=_LINE)
        except OSError as error:
            run.error = f"the process cannot start: {error.strerror}"
            return
        try:
            async with asyncio.timeout(self._limit_s):
                await self._hear(process, run, task)
        except TimeoutError:
            run.error = f"it took longer than {self._limit_s:g} s: ask for fewer days"
        except asyncio.CancelledError:
            run.error = "it was stopped"
            raise
        finally:
            await _end(process)

    async def _hear(self, process: asyncio.subprocess.Process, run: Run, task: Task) -> None:
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        assert process.stdout is not None  # noqa: S101
        with contextlib.suppress(ConnectionError):
            process.stdin.write(task.to_line())
            await process.stdin.drain()
        async for line in process.stdout:
            word: dict[str, Any] = json.loads(line)
            run.done, run.of = word.get("done", run.done), word.get("of", run.of)
            run.result, run.error = word.get("result"), word.get("error", "")
        if not run.is_over:
            run.error = f"the process ended without a result ({await process.wait()})"
            log.error("no prices under a draft", why=run.error)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process by force if it still runs; it has nothing to lose."""
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()
