"""A task that was told to stop stops, whatever a library's `asyncio.wait_for` makes of it."""

import asyncio


def heed_cancellation() -> None:
    """Stop here if this task was cancelled: before Python 3.12 `wait_for` loses that when its answer comes just then."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
