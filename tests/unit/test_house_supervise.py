"""The supervisor starts, watches and stops the processes of a site. The processes here are small fakes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from scada import supervise as supervisor
from scada.alive import SUPERVISED
from scada.clock import SystemClock
from scada.supervise import Keeper, NotReady, Part, parts, supervise

SERVE = "import signal, sys; print('READY', flush=True); signal.pause()"
SERVE_WELL = """
import signal, sys
def stop(*_):
    print("stopped", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("READY", flush=True)
while True:
    signal.pause()
"""
DEAF = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("READY", flush=True)
while True:
    signal.pause()
"""


def part(name: str, code: str, ready_s: float = 10.0, stop_s: float = 5.0) -> Part:
    return Part(name, (sys.executable, "-c", code), ready_s, stop_s)


SPEAK = """
import sys, time
def speak(times):
    for _ in range(times):
        print("ALIVE", flush=True)
        time.sleep(0.05)
print("READY", flush=True)
"""


class Watcher:
    """Hears what the supervisor tells, and stops the site by the signal a person would send."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.troubles: list[str] = []
        self.up = asyncio.Event()

    async def run(self, *site: Part, then: Callable[[], Awaitable[None]] | None = None) -> None:
        keeping = asyncio.create_task(
            supervise(
                site,
                SystemClock(),
                hear=lambda name, line: self.heard.append((name, line)),
                trouble=self.troubles.append,
                up=self.up.set,
            )
        )
        waiting = asyncio.create_task(self.up.wait())
        async with asyncio.timeout(30):
            await asyncio.wait((keeping, waiting), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if not keeping.done():
                if then is not None:
                    await then()
                os.kill(os.getpid(), signal.SIGTERM)
            await keeping


async def until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what we wait for happens in another process
            await asyncio.sleep(0.01)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let restarts come soon."""
    monkeypatch.setattr(supervisor, "SHORTEST_PAUSE_S", 0.01)


def alive(pid: int) -> bool:
    """A zombie nobody reaped yet is dead enough."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_parts_start_in_order_and_stop_in_reverse() -> None:
    watcher = Watcher()
    await watcher.run(part("plant", SERVE_WELL), part("control", SERVE_WELL), part("public", SERVE_WELL))
    assert watcher.heard == [("public", "stopped"), ("control", "stopped"), ("plant", "stopped")]
    assert watcher.troubles == []


async def test_a_part_starts_only_when_the_one_before_is_ready(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    slow = f"import pathlib, time; time.sleep(0.3); pathlib.Path({str(mark)!r}).touch(); {SERVE}"
    second = f"import pathlib; print('seen', pathlib.Path({str(mark)!r}).exists(), flush=True); {SERVE}"
    watcher = Watcher()
    await watcher.run(part("plant", slow), part("control", second))
    assert watcher.heard == [("control", "seen True")]


@pytest.mark.usefixtures("quick")
async def test_a_part_that_dies_is_started_again(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"import os; open({str(pids)!r}, 'a').write(str(os.getpid()) + chr(10)); {SERVE}"
    watcher = Watcher()

    def lives() -> list[str]:
        return pids.read_text().split()

    async def kill_it() -> None:
        os.kill(int(lives()[0]), signal.SIGKILL)
        await until(lambda: len(lives()) == 2)

    await watcher.run(part("plant", code), then=kill_it)
    assert watcher.troubles == ["plant was ended by SIGKILL; it starts again in 0.01 s"]


@pytest.mark.usefixtures("quick")
async def test_the_pause_before_a_restart_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_S", 0.04)
    watcher = Watcher()
    with pytest.raises(NotReady, match="plant did not say READY within 2 s"):
        await watcher.run(part("plant", "raise SystemExit(3)", ready_s=2.0))
    pauses = [trouble.split()[-2] for trouble in watcher.troubles]
    assert pauses[:4] == ["0.01", "0.02", "0.04", "0.04"]
    assert watcher.troubles[0] == "plant ended with exit code 3; it starts again in 0.01 s"


async def test_a_part_that_never_gets_ready_fails_the_start_and_stops_the_others() -> None:
    watcher = Watcher()
    with pytest.raises(NotReady, match="control"):
        await watcher.run(part("plant", SERVE_WELL), part("control", "import time; time.sleep(60)", ready_s=0.5))
    assert ("plant", "stopped") in watcher.heard
    assert not watcher.up.is_set()


async def test_a_part_that_will_not_stop_is_killed_at_its_limit() -> None:
    watcher = Watcher()
    await watcher.run(part("plant", DEAF, stop_s=0.2))
    assert watcher.troubles == []


async def test_a_command_that_does_not_exist_is_told() -> None:
    watcher = Watcher()
    with pytest.raises(NotReady):
        await watcher.run(Part("plant", ("/nonexistent/python",), ready_s=0.3))
    assert watcher.troubles[0].startswith("plant could not be started")


async def test_children_of_a_dead_part_do_not_hide_its_death_nor_outlive_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"""
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path({str(pid)!r}).write_text(str(child.pid))
print("READY", flush=True)
raise SystemExit(4)
"""
    watcher = Watcher()

    async def wait_for_trouble() -> None:
        await until(lambda: bool(watcher.troubles))

    await watcher.run(part("plant", code), then=wait_for_trouble)
    assert watcher.troubles[0].startswith("plant ended with exit code 4")
    await until(lambda: not alive(int(pid.read_text())))


async def test_a_line_without_an_end_is_given_in_pieces() -> None:
    watcher = Watcher()
    await watcher.run(part("plant", f"print('x' * 200_000); {SERVE}"))
    assert sum(len(line) for _, line in watcher.heard) == 200_000


def test_parts_stop_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = f"import os, pathlib; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); {SERVE}"
    code = f"""
import asyncio, sys
from scada.clock import SystemClock
from scada.supervise import Part, supervise
site = [Part("plant", (sys.executable, "-c", {child!r}))]
asyncio.run(supervise(site, SystemClock(), hear=print, trouble=print, up=lambda: print("UP", flush=True)))
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "UP\n"
        number = int(pid.read_text())
        assert alive(number)
        running.kill()
    asyncio.run(until(lambda: not alive(number)))


def test_the_simulators_start_before_the_plant_and_only_when_asked() -> None:
    names = [one.name for one in parts(Path("config.toml"), with_sim=True)]
    assert names == ["sim", "plant", "control", "public", "devices"]
    assert [one.name for one in parts(Path("config.toml"), with_sim=False)] == names[1:]


def test_other_systems_are_served_last_and_only_when_asked() -> None:
    names = [one.name for one in parts(Path("config.toml"), with_sim=False, serving=True)]
    assert names == ["plant", "control", "public", "devices", "serve"]


async def test_a_part_that_is_killed_dies_with_its_children_and_starts_again(tmp_path: Path, quick: None) -> None:
    alive = tmp_path / "alive"
    child = f"import pathlib, time; time.sleep(1); pathlib.Path({str(alive)!r}).touch(); time.sleep(60)"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); {SERVE}"
    troubles: list[str] = []
    async with Keeper(part("killed", code), SystemClock(), lambda name, line: None, troubles.append) as keeper:
        await asyncio.wait_for(keeper.ready.wait(), 60)
        keeper.kill()
        assert not keeper.ready.is_set()
        await asyncio.wait_for(keeper.ready.wait(), 60)
    assert "killed was ended by SIGKILL" in troubles[0]
    assert not alive.exists()


@pytest.mark.usefixtures("quick")
async def test_a_part_that_falls_silent_is_ended_and_started_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_TICK_S", 0.1)
    mark = tmp_path / "mark"
    code = f"""{SPEAK}
import pathlib
first = not pathlib.Path({str(mark)!r}).exists()
pathlib.Path({str(mark)!r}).touch()
def hang_here():
    time.sleep(600)
speak(5 if first else 10_000)
hang_here()
"""
    command = (sys.executable, "-X", "faulthandler", "-c", code)
    troubles: list[str] = []
    hung = Part("hung", command, silent_s=2.0)
    async with Keeper(hung, SystemClock(), lambda name, line: troubles.append(line), troubles.append) as keeper:
        await until(lambda: bool(troubles))
        await asyncio.wait_for(keeper.ready.wait(), 60)
        await asyncio.sleep(3.0)  # longer than a silence: the second life speaks
    assert troubles == ["hung said nothing for 2 s: it is hung; it starts again in 0.01 s"]
    assert "in hang_here" in capfd.readouterr().err


def test_who_stood_still_with_the_supervisor_was_not_silent() -> None:
    child = f"{SPEAK}\nspeak(10_000)"
    code = f"""
import asyncio, sys
from scada import supervise as supervisor
from scada.clock import SystemClock
supervisor._TICK_S = 0.1
site = [supervisor.Part("speaker", (sys.executable, "-c", {child!r}), silent_s=1.5)]
trouble = lambda line: print("TROUBLE", line, flush=True)
asyncio.run(supervisor.supervise(site, SystemClock(), hear=print, trouble=trouble, up=lambda: print("UP", flush=True)))
"""
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "UP\n"
        running.send_signal(signal.SIGSTOP)
        time.sleep(3.0)
        running.send_signal(signal.SIGCONT)
        time.sleep(1.0)
        running.terminate()
        assert running.stdout.read() == ""


async def test_systemd_hears_when_all_parts_run_and_when_they_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.delenv(SUPERVISED, raising=False)
        monkeypatch.setattr("scada.alive.EVERY_S", 0.05)
        heard: list[bytes] = []

        async def two_beats() -> None:
            while heard.count(b"WATCHDOG=1") < 2:
                heard.append(await asyncio.get_running_loop().sock_recv(systemd, 100))

        says = f"import os; print(os.environ.get('NOTIFY_SOCKET'), flush=True); {SERVE}"
        watcher = Watcher()
        await watcher.run(part("plant", says), then=two_beats)
        assert heard[0] == b"READY=1\nSTATUS=all parts run"
        rest = [await asyncio.get_running_loop().sock_recv(systemd, 100)]
        while rest[-1] == b"WATCHDOG=1":
            rest.append(await asyncio.get_running_loop().sock_recv(systemd, 100))
        assert rest[-1].startswith(b"STOPPING=1")
    assert watcher.heard == [("plant", "None")], "a part is ours to watch, not systemd's"
