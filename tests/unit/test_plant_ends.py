"""What a plant and a virtual PLC say when they end by themselves: a line, or where a fault of the program is."""

import asyncio
from pathlib import Path

import pytest

from plc.sim import machine as machine_module
from plc.sim.machine import Machine
from scada.app import lines_of
from scada.ports import PlcError
from scada.store.db import StoreError
from scada.store.sql.errors import Deposed


def test_a_deposed_server_says_in_a_line_each_why_its_parts_ended() -> None:
    late = Deposed("another server leads: nothing was written")
    group = BaseExceptionGroup("parts", [late, ExceptionGroup("more", [late, StoreError("the line was cut")])])
    assert lines_of(group) == [
        "Deposed: another server leads: nothing was written",
        "StoreError: the line was cut",
    ]
    assert lines_of(PlcError("no layout")) == ["PlcError: no layout"]


def test_a_fault_of_the_program_among_them_is_shown_whole() -> None:
    assert lines_of(ExceptionGroup("parts", [StoreError("the line was cut"), KeyError("lane")])) == []


async def test_a_virtual_plc_that_cannot_keep_what_it_must_ends_and_does_not_stand_as_if_it_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_what: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(machine_module, "_write", full)
    machine = Machine(["in1"], {}, {}, tmp_path / "plc.json")
    scanning = asyncio.create_task(machine.run())
    async with asyncio.timeout(10):
        await machine.ended.wait()
    with pytest.raises(OSError, match="No space left"):
        await scanning
