"""A task that was told to stop stops, whatever a library makes of its cancellation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


def heed_cancellation() -> None:
    """Stop here if this task was cancelled and a library has swallowed that.

    Before Python 3.12 `asyncio.wait_for` does when its answer comes just then; asyncua does while disconnecting.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@asynccontextmanager
async def within(limit_s: float) -> AsyncIterator[None]:
    """Give a library so long, as `asyncio.timeout` does, and be sure of the end: TimeoutError, or our own cancellation.

    asyncua answers a deadline that comes together with its answer by a CancelledError of its own kind, which
    `asyncio.timeout` lets pass: it would end a link, or a lane, that nobody has told to stop.
    """
    try:
        async with asyncio.timeout(limit_s):
            yield
    except asyncio.CancelledError as error:
        heed_cancellation()
        raise TimeoutError from error
    heed_cancellation()
