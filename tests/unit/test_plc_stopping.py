"""A link that is told to stop stops, even if an answer comes in the same moment."""

import asyncio

import pytest

from plc.stopping import heed_cancellation


async def test_a_cancellation_that_wait_for_lost_is_heeded() -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ask_for_ever() -> None:
        while True:
            await asyncio.wait_for(asyncio.shield(answer), 5)
            heed_cancellation()

    task = asyncio.create_task(ask_for_ever())
    await asyncio.sleep(0)
    answer.set_result(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)


async def test_a_task_nobody_stops_goes_on() -> None:
    heed_cancellation()
