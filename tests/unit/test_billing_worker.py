"""A worker that dies is heard of by whoever owns the plant, not by the log alone."""

import asyncio

import pytest
from sqlalchemy.exc import SQLAlchemyError

from billing.pay.worker import Rounds, Worker
from scada.store.db import StoreError


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


class Rounder:
    """A worker's rounds, each with its answer; past the last there is none until it is woken."""

    def __init__(self, *answers: float | Exception) -> None:
        self._answers = list(answers)
        self.made = asyncio.Semaphore(0)

    async def go(self) -> float | None:
        self.made.release()
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


async def go_round(rounder: Rounder, times: int) -> None:
    async with asyncio.timeout(30):
        for _ in range(times):
            await rounder.made.acquire()


async def test_the_next_round_comes_when_the_last_one_said() -> None:
    rounder = Rounder(0.0, 0.01, -1.0)
    rounds = Rounds("rounds", rounder.go)
    rounds.start()
    await go_round(rounder, 4)
    await asyncio.sleep(0.05)
    assert rounder.made.locked()  # nothing more until it is woken
    await rounds.stop()


async def test_a_round_is_made_when_it_is_woken_be_it_during_another() -> None:
    made = asyncio.Semaphore(0)
    wakes_itself = iter([False, True])

    async def go() -> None:
        made.release()
        if next(wakes_itself, False):
            rounds.wake()

    rounds = Rounds("rounds", go)
    rounds.start()
    async with asyncio.timeout(30):
        await made.acquire()
        rounds.wake()
        await made.acquire()
        await made.acquire()
    await asyncio.sleep(0.05)
    assert made.locked()
    await rounds.stop()


async def test_a_store_that_does_not_answer_is_asked_again_and_a_mistake_ends_the_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("billing.pay.worker.STORE_PAUSE_S", 0.01)
    rounder = Rounder(StoreError("away"), SQLAlchemyError("away"), RuntimeError("a mistake"))
    rounds = Rounds("rounds", rounder.go)
    rounds.start()
    await go_round(rounder, 3)
    with pytest.raises(RuntimeError, match="a mistake"):
        await rounds.watch()
