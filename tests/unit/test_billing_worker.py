"""A worker that dies is heard of by whoever owns the plant, not by the log alone."""

import asyncio

import pytest

from billing.pay.worker import Worker


async def fail() -> None:
    raise RuntimeError("a mistake")


async def last() -> None:
    await asyncio.Event().wait()


async def test_what_a_worker_dies_of_rises_where_it_is_watched() -> None:
    worker = Worker("a worker")
    worker.start(fail())
    with pytest.raises(RuntimeError, match="a mistake"):
        await worker.watch()


async def test_who_stops_watching_leaves_the_worker_to_its_owner() -> None:
    worker = Worker("a worker")
    worker.start(last())
    watching = asyncio.create_task(worker.watch())
    await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await worker.watch()
    await worker.stop()
