"""Which processes the site has: what their supervisor writes down, and what the machine tells of each."""

import asyncio
import os
from pathlib import Path

import pytest

from scada.clock import SystemClock
from scada.engine.doors.processes import Process, ProcessDesk
from scada.model.processes import Life, read, written
from scada.supervise import Keeper, Part

KEEPER = 700


def running(proc: Path, pid: int, parent: int, name: str = "python") -> None:
    """Put a process there as Linux shows it: 2 s and 0.5 s of the processor, begun 100 s after the machine."""
    (proc / str(pid)).mkdir(parents=True)
    ticks = os.sysconf("SC_CLK_TCK")
    fields = ["S", str(parent), *["0"] * 9, str(2 * ticks), str(ticks // 2), *["0"] * 6, str(100 * ticks), "0"]
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")
    (proc / str(pid) / "statm").write_text("900 256 10 1 0 20 0\n")
    (proc / "uptime").write_text("460.50 12.00\n")


def desk(tmp_path: Path, *lives: Life, **cameras: int) -> ProcessDesk:
    register = tmp_path / "processes.json"
    register.write_text(written(KEEPER, lives))
    return ProcessDesk(register, lambda: cameras, tmp_path / "proc")


def test_each_process_is_told_with_its_age_and_what_it_takes(tmp_path: Path) -> None:
    proc, me = tmp_path / "proc", os.getpid()
    running(proc, me, KEEPER, "a) S 9 9 9 (b")
    running(proc, KEEPER, 1)
    running(proc, 800, KEEPER)
    running(proc, 900, me)
    lives = (Life("plant", me), Life("control", 800, 2, "was ended by SIGKILL"), Life("public", 801, 1, "ended"))
    told = desk(tmp_path, *lives, cam=900).look()
    rows = told["processes"]
    assert isinstance(rows, list)
    shown = {row["name"]: Process(**row) for row in rows}
    assert (told["watched"], list(shown)) == (True, ["daozha", "plant", "control", "public", "camera cam"])
    page = os.sysconf("SC_PAGE_SIZE")
    assert shown["control"] == Process("control", 800, 360.5, 2, "was ended by SIGKILL", 256 * page, 2.5)
    assert shown["plant"].up_s == 360.5
    assert shown["public"] == Process("public", None, None, 1, "ended")
    assert shown["camera cam"].pid == 900


def test_a_number_that_is_another_programs_by_now_is_not_ours(tmp_path: Path) -> None:
    running(tmp_path / "proc", os.getpid(), KEEPER)
    running(tmp_path / "proc", 800, 1)
    rows = desk(tmp_path, Life("plant", os.getpid()), Life("control", 800)).look()["processes"]
    assert isinstance(rows, list)
    assert [(row["name"], row["pid"]) for row in rows if row["name"] == "control"] == [("control", None)]


HALF = '{"keeper": 1, "processes": [{"name": "plant", "pid": 1}]}'


@pytest.mark.parametrize("text", ["", "{}", HALF, written(1, ())])
def test_without_a_list_of_this_run_the_plant_tells_of_itself(tmp_path: Path, text: str) -> None:
    running(tmp_path / "proc", os.getpid(), 1)
    (tmp_path / "processes.json").write_text(text)
    told = ProcessDesk(tmp_path / "processes.json", dict, tmp_path / "proc").look()
    rows = told["processes"]
    assert isinstance(rows, list)
    assert (told["watched"], [(row["name"], row["restarts"]) for row in rows]) == (False, [("plant", None)])


def test_what_is_written_is_read() -> None:
    lives = (Life("plant", 5), Life("control", None, 3, "ended with exit code 1"))
    assert read(written(9, lives)) == (9, lives)


async def test_a_keeper_tells_of_each_beginning_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scada.supervise.SHORTEST_PAUSE_S", 0.01)
    told: list[Life] = []
    again = asyncio.Event()

    def turned() -> None:
        told.append(keeper.life)
        if len(told) == 3:
            again.set()

    ends = Part("short", ("/bin/sh", "-c", "echo READY; exit 3"))
    keeper = Keeper(ends, SystemClock(), lambda _name, _line: None, lambda _trouble: None, turned)
    async with keeper:
        await asyncio.wait_for(again.wait(), 60)
    first, over, second = told[:3]
    assert first.pid is not None
    assert over == Life("short", None, 1, "ended with exit code 3")
    assert second.pid not in (None, first.pid)
    assert second.restarts == 1
