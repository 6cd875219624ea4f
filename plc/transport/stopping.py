"""A task that was told to stop stops, whatever a library makes of its cancellation."""

import asyncio


def heed_cancellation() -> None:
    """Stop here if this task was cancelled and a library has swallowed that.

    Before Python 3.12 `asyncio.wait_for` does when its answer comes just then; asyncua does while disconnecting.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
