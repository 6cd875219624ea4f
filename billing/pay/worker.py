"""A task with an owner: when it dies of a mistake that is logged at once, and rises where it is watched."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

import structlog

log = structlog.get_logger(__name__)


class Worker:
    """One endless task."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._task: asyncio.Task[None] | None = None

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Begin."""
        self._task = asyncio.create_task(work, name=self._name)
        self._task.add_done_callback(self._ended)

    async def watch(self) -> None:
        """Wait for as long as the task lives. Raises what it dies of."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Cancel the task and wait for it. Raises what it died of, if it did."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.critical("worker died", worker=self._name, error=repr(task.exception()))
