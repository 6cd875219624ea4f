"""Starts processes that make reports, or read long histories, two at a time; ends them when they take too long."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Final, Protocol

import structlog

from scada.config import Config
from scada.engine.reporting.task import Made, NotMade

log = structlog.get_logger(__name__)

AT_ONCE: Final = 2
LIMIT_S: Final = 180.0
"""A report that takes longer is given up."""
READ_S: Final = 45.0
"""So long a history may be read for a page."""
_LINE: Final = 1 << 16
REPORTS: Final = "scada.commands.reports.start"
READINGS: Final = "scada.commands.readings.start"


class Told(Protocol):
    """What a process is told: as one line, with the whole site."""

    @property
    def name(self) -> str:
        """Say for the log what is made."""

    def to_line(self, config: Config) -> bytes:
        """Write it."""


class Runs:
    """Has things made by processes of one kind. Whoever waits and is cancelled ends his process."""

    def __init__(self, config: Config, limit_s: float = LIMIT_S, module: str = REPORTS) -> None:
        self._config = config
        self._limit_s = limit_s
        self._command = (sys.executable, "-m", module)
        self._places = asyncio.Semaphore(AT_ONCE)

    async def make(self, task: Told) -> Made:
        """Have it made. Raises NotMade."""
        async with self._places:
            pipe = asyncio.subprocess.PIPE
            try:
                process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe, limit=_LINE)
            except OSError as error:
                raise NotMade(f"the process cannot start: {error.strerror}") from error
            try:
                async with asyncio.timeout(self._limit_s):
                    return await self._heard(process, task)
            except TimeoutError as error:
                raise NotMade(f"it took longer than {self._limit_s:g} s: ask for fewer days") from error
            finally:
                await _end(process)

    async def _heard(self, process: asyncio.subprocess.Process, task: Told) -> Made:
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        assert process.stdout is not None  # noqa: S101
        with contextlib.suppress(ConnectionError):
            process.stdin.write(task.to_line(self._config))
            await process.stdin.drain()
        line = await process.stdout.readline()
        if not line.endswith(b"\n"):
            code = await process.wait()
            log.error("it was not made", what=task.name, code=code)
            raise NotMade("it needs more room or time than it may have: ask for fewer days")
        told = json.loads(line)
        if told.get("error"):
            raise NotMade(str(told["error"]))
        return Made(tuple(told["files"]), str(told["title"]))


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process by force if it still runs; it has nothing to lose."""
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()


def made_folder(config: Config, kind: str) -> Path:
    """Give the folder in which things of a kind lie until somebody has fetched them."""
    return config.data / "run" / kind
