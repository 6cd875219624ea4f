"""One process at a time that tries where a camera would look, within a limit."""

import asyncio
import contextlib
import json
import os
import sys
from typing import Any, Final

from lpr.aiming.task import Task

LIMIT_S: Final = 25.0
_LINE: Final = 1 << 20
_COMMAND: Final = (sys.executable, "-m", "lpr.aiming.child")


class TrialError(Exception):
    """It could not be tried: why."""


class Trials:
    """Tries one task after the other."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._busy = asyncio.Lock()

    async def run(self, task: Task) -> list[dict[str, Any]]:
        """Give what would be read in each picture. Raises TrialError."""
        if self._busy.locked():
            raise TrialError("another camera is being tried: try again in a moment")
        async with self._busy:
            try:
                async with asyncio.timeout(self._limit_s):
                    return await _tried(task)
            except TimeoutError as error:
                raise TrialError(f"it took longer than {self._limit_s:g} s") from error
            except OSError as error:
                raise TrialError(f"the process cannot start: {error.strerror}") from error


async def _tried(task: Task) -> list[dict[str, Any]]:
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, limit=_LINE, env=environment
    )
    try:
        out, _ = await process.communicate(task.to_line())
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise TrialError("no plate reader can start: daozha models")
    return [json.loads(line) for line in out.splitlines()]
