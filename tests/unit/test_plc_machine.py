"""A virtual PLC's machine: what can be seen of it has been kept."""

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from plc.sim import machine as module
from plc.sim.machine import Machine
from plc.sim.memory import Retained


async def test_a_passage_is_shown_to_nobody_before_a_power_cut_would_spare_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, may_write = threading.Event(), threading.Event()

    def write(_store: Path, retained: Mapping[str, Retained]) -> None:
        if retained["in1"].passages:
            asked.set()
            assert may_write.wait(30)

    monkeypatch.setattr(module, "_write", write)
    plc = Machine(["in1"], {}, {}, tmp_path / "plc1.json")
    scanning = asyncio.create_task(plc.run())
    plc.wire("in1", {"approach": True})
    assert await asyncio.to_thread(asked.wait, 30)
    assert plc.memories["in1"].now == 0
    may_write.set()
    async with asyncio.timeout(30):
        while plc.memories["in1"].now != 1:
            await plc.next_scan()
    scanning.cancel()
