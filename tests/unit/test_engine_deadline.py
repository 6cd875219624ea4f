"""A process that was told to stop ends, whatever hangs in it."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from scada.app import Parts, ToldToStop

HANGING = """
import threading, time
from scada.engine.deadline import Deadline
threading.Thread(target=time.sleep, args=(60,), name="wechat_0").start()
deadline = Deadline(0.3)
deadline.set()
deadline.set()
"""
DEAF = """
import asyncio
from scada.engine.deadline import Deadline

async def never_stops():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("told to stop", flush=True)

async def main():
    Deadline(0.5, asyncio.get_running_loop()).set()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(never_stops(), name="a library")
        await asyncio.sleep(0)
        task.cancel()

asyncio.run(main())
"""
LIVELY = """
from scada.engine.deadline import Deadline
Deadline(0.0)
Deadline(60).set()
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)


def test_a_process_that_hangs_is_ended_and_says_what_hung() -> None:
    ended = run(HANGING)
    assert ended.returncode == 1
    assert (ended.stdout + ended.stderr).count("ended by force") == 1
    assert "wechat_0" in ended.stdout + ended.stderr


def test_a_task_that_swallows_its_cancellation_is_named() -> None:
    ended = run(DEAF)
    assert ended.returncode == 1
    assert "told to stop" in ended.stdout
    assert "a library at <string>:" in ended.stdout + ended.stderr


def test_a_process_that_ends_by_itself_is_not_touched() -> None:
    ended = run(LIVELY)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


async def test_no_further_part_is_opened_once_told_to_stop_and_what_is_open_closes() -> None:
    stop, told = asyncio.Event(), []

    @asynccontextmanager
    async def part(name: str) -> AsyncIterator[str]:
        told.append(f"{name} opens")
        try:
            yield name
        finally:
            told.append(f"{name} closes")

    async def start() -> None:
        async with Parts(stop) as stack:
            await stack.enter_async_context(part("books"))
            stop.set()
            await stack.enter_async_context(part("cameras"))

    with pytest.raises(ToldToStop):
        await start()
    assert told == ["books opens", "books closes"]
