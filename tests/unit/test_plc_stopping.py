"""A link that is told to stop stops, even if an answer comes in the same moment."""

import asyncio
import contextlib

import pytest

from plc.transport.link import keep_trying
from plc.transport.published import Published
from plc.transport.retry import BackOff
from plc.transport.stopping import heed_cancellation, within
from plc.transport.tally import Tally
from scada.clock import SystemClock
from scada.ports import PlcError
from tests.support.plc import Sink


async def test_a_cancellation_that_wait_for_lost_is_heeded() -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def ask_for_ever() -> None:
        while True:
            await asyncio.wait_for(asyncio.shield(answer), 30)
            heed_cancellation()

    task = asyncio.create_task(ask_for_ever())
    await asyncio.sleep(0)
    answer.set_result(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)


async def test_a_task_nobody_stops_goes_on() -> None:
    heed_cancellation()


async def test_a_link_stops_even_if_its_teardown_swallows_the_cancellation() -> None:
    closing = asyncio.Event()

    async def live_once() -> None:
        closing.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        raise PlcError("the link was lost")

    task = asyncio.create_task(keep_trying(Tally("plc1"), live_once, Published([], Sink(), SystemClock()), BackOff()))
    await closing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)


class Mixed(asyncio.CancelledError):
    """How asyncua ends a request whose answer and whose deadline come together."""


async def late() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise Mixed from None


async def test_a_librarys_own_kind_of_cancellation_is_a_time_out_for_a_task_that_nobody_stops() -> None:
    with pytest.raises(TimeoutError):
        async with within(0.01):
            await late()
    heed_cancellation()


async def test_a_librarys_own_kind_of_cancellation_stops_a_task_that_is_told_to_stop() -> None:
    async def ask() -> None:
        async with within(30):
            await late()

    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)


async def test_a_deadline_around_a_librarys_own_is_told_as_a_time_out() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01), within(30):
            await late()
