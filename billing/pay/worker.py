"""A task with an owner: when it dies of a mistake that is logged at once, and rises where it is watched."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scada.store.db import StoreError

log = structlog.get_logger(__name__)

STORE_PAUSE_S: Final = 1.0
"""How long to leave a store alone that has not answered."""


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


class Rounds:
    """A worker that goes round: when it is woken, and when the round before said.

    `go` makes one round and gives the seconds until the next, None for none until it is woken. A store that does not
    answer is asked again after STORE_PAUSE_S; any other failure ends the worker.
    """

    def __init__(self, name: str, go: Callable[[], Awaitable[float | None]]) -> None:
        self._name = name
        self._go = go
        self._woken = asyncio.Event()
        self._worker = Worker(name)
        self.watch = self._worker.watch
        self.stop = self._worker.stop

    def start(self) -> None:
        """Begin with a round."""
        self._worker.start(self._run())

    def wake(self) -> None:
        """Make a round now, or once more after the one that is being made."""
        self._woken.set()

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                wait_s = await self._go()
            except (StoreError, SQLAlchemyError) as error:
                log.error("the store did not answer a worker", worker=self._name, error=str(error))
                wait_s = STORE_PAUSE_S
            with suppress(TimeoutError):
                async with asyncio.timeout(None if wait_s is None else max(0.0, wait_s)):
                    await self._woken.wait()
