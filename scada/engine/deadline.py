"""The last resort of a stop: whatever still hangs when its time is over, the process ends."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

import structlog

EXIT_CODE = 1

log = structlog.get_logger()


class Deadline:
    """Ends this process by force if it has not ended by itself `within_s` after `set`.

    A hung adapter, or a library that swallows its cancellation, must not keep a lane's claim alive.
    """

    def __init__(self, within_s: float, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._within_s = within_s
        self._loop = loop
        self._is_set = False

    def set(self) -> None:
        """Let the time run from now; once only."""
        if not self._is_set:
            self._is_set = True
            threading.Thread(target=self._wait, name="deadline", daemon=True).start()

    def _wait(self) -> None:
        time.sleep(self._within_s)
        log.critical("ended by force: it did not stop in time", within_s=self._within_s, hanging=self._hanging())
        sys.stderr.flush()
        os._exit(EXIT_CODE)

    def _hanging(self) -> list[str]:
        """Name the loop's tasks and the threads for which the process waits."""
        tasks = [] if self._loop is None or self._loop.is_closed() else list(asyncio.all_tasks(self._loop))
        stacks = ((task.get_name(), task.get_stack(limit=1)) for task in tasks)
        return [_told(name, stack[-1] if stack else None) for name, stack in (*stacks, *_threads())]


def _threads() -> Iterator[tuple[str, list[FrameType]]]:
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if not thread.daemon and thread.ident in frames:
            yield thread.name, [frames[thread.ident]]


def _told(name: str, frame: FrameType | None) -> str:
    return f"{name} at {frame.f_code.co_filename}:{frame.f_lineno}" if frame else name
