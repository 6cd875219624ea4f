"""A door that is kept open beside the lanes: what is wrong with it is told and tried again, and stops nobody else."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Self

import structlog

from scada.engine.doors.unix import SocketError

LOOK_S: Final = 10.0

log = structlog.get_logger()


class KeptOpen:
    """Opens a door as often as it takes, and anew when what it was built on has changed; `async with`."""

    def __init__(
        self,
        build: Callable[[], AbstractAsyncContextManager[object]],
        stamps: Callable[[], object],
        look_s: float = LOOK_S,
    ) -> None:
        """`stamps` reads the disk: it says by another value that certificates were renewed."""
        self._build = build
        self._stamps = stamps
        self._look_s = look_s
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to keep it open."""
        self._task = asyncio.create_task(self._keep(), name="door kept open")
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        told = ""
        while True:
            seen = await asyncio.to_thread(self._stamps)
            try:
                async with self._build():
                    told = ""
                    await self._until_other_than(seen)
                log.info("certificates have changed: the door opens anew")
            except SocketError as error:
                if str(error) != told:
                    log.error("a door does not open", why=str(error))
                told = str(error)
                await asyncio.sleep(self._look_s)

    async def _until_other_than(self, seen: object) -> None:
        while await asyncio.to_thread(self._stamps) == seen:  # noqa: ASYNC110 - files change without an event
            await asyncio.sleep(self._look_s)
