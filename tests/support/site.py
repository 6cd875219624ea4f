"""The whole site on loopback, in a process of its own, with cars that come when a test sends them.

As a program (`python -m tests.support.site FOLDER`) it runs the site until its standard input ends; a
line of JSON on it is what shall happen: a car comes, one that is parked leaves, something at a lane breaks or is
pressed, a process dies. As a module it is the test's handle on that program.
"""

import asyncio
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import tomli_w

from scada.clock import VARIABLE, clock_from, clock_setting
from scada.config import Config, load
from scada.model.names import LaneName
from scada.model.plate import Plate
from scada.sim.carpark import CarPark, simulators, started, way
from scada.sim.road import Car, CarName, Field, Habit, Manner
from scada.sim.scenario import Person, Visit
from scada.sim.trial.ports import free_port
from scada.sim.trial.site import prepare, read_rows, write_rows
from scada.sim.trial.truth import TruthLog
from scada.store.db import database_url, reading_engine
from scada.store.journal import JournalRow, recent
from scada.supervise import Keeper, Part, parts
from tests.support.badline import BadLine

BASE = Path(__file__).parents[2] / "config.toml"
FIRST_PASSWORD = "FIRST-PASSWORD "
UP = "UP"
STOP_S = 60.0
START_S = 300.0
PLAIN = Manner()
PARKED_S = 3600.0
"""A car stays until it is called."""


@dataclass
class LiveSite:
    """A site with drawn scenes, where everybody owes at once. `password` is the administrator's first one."""

    folder: Path
    password: str = ""
    speed: float = 1.0
    """How fast the business clock runs."""
    hour_min: int = 60
    """How long a stay costs the same."""
    t_help_s: float | None = None
    """How long a lane waits for its driver before it calls a person, if not as shipped."""
    t_pass_s: float | None = None
    """How long an open boom waits for its car before it is told to go, if not as shipped."""
    more: Mapping[str, object] = field(default_factory=dict)
    """What else stands in its config.toml."""
    bad_line: str = ""
    """To this Modbus device leads a line on which reads can be refused."""
    config: Config = field(init=False)

    def __enter__(self) -> Self:
        waits = {"t_help_s": self.t_help_s, "t_pass_s": self.t_pass_s}
        timing = {name: seconds for name, seconds in waits.items() if seconds is not None}
        path = prepare(self.folder, BASE, tariff={"free_entry_duration": 0}, timing=timing)
        _for_a_test(path, self.more)
        _shorten_hour(path.parent, self.hour_min)
        self.config = load(path)
        command = [sys.executable, "-m", "tests.support.site", str(path), *_beside(path, self.bad_line)]
        clock = {} if self.speed == 1.0 else {VARIABLE: clock_setting(self.speed)}
        environment = {**os.environ, **clock}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(FIRST_PASSWORD):
                self.password = line.removeprefix(FIRST_PASSWORD).strip()
            if line.strip() == UP:
                return self
        raise AssertionError(f"the site did not come up: exit code {self._process.wait(STOP_S)}")

    def __exit__(self, *failure: object) -> None:
        self._process.communicate(timeout=STOP_S)

    def journal(self, kind: str) -> list[JournalRow]:
        """Read the journal as another process would; in a thread, since a browser's loop may run in this one."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(_journal, self.config, kind).result(STOP_S)

    def send(
        self,
        number: int,
        plate: str,
        *,
        dead_phone: bool = False,
        dwell_s: float = 1.0,
        dirty: bool = False,
        leaves_as: str = "",
    ) -> None:
        """Let a car come and stay for a while; `dirty`: no camera reads it, `leaves_as`: what is read at the exit."""
        leave = Manner(dirty=dirty, shows=Plate(leaves_as) if leaves_as else None)
        person = Person(dead_phone=dead_phone)
        self.invite(number, plate, person, entry=Manner(dirty=dirty), leave=leave, dwell_s=dwell_s)

    def invite(
        self,
        number: int,
        plate: str,
        person: Person,
        *,
        entry: Manner = PLAIN,
        leave: Manner = PLAIN,
        dwell_s: float = 1.0,
    ) -> None:
        """Let a car come that has manners, with somebody in it who has his own ways."""
        manners = {"entry": _written(entry), "leave": _written(leave), "person": asdict(person)}
        self._tell({"what": "come", "number": number, "plate": plate, "dwell_s": dwell_s, **manners})

    def call(self, number: int) -> None:
        """Let a car that is parked leave now."""
        self._tell({"what": "leave", "number": number})

    def field(self, lane: str, *, stuck: str = "", blind: str = "", on: str = "") -> None:
        """Break, press or turn exactly these (words) at a lane, and mend the rest."""
        self._tell({"what": "field", "lane": lane, "stuck": stuck, "blind": blind, "on": on})

    def kill(self, part: str) -> None:
        """Kill a process of the site or a simulator; it starts again by itself."""
        self._tell({"what": "kill", "part": part})

    def refuse(self, *functions: int) -> None:
        """Let the bad line refuse reads by exactly these functions of Modbus."""
        self._tell({"what": "refuse", "functions": functions})

    def pid_of_plc(self, device: str) -> int:
        """Give the process of a virtual PLC: the one that was started for this site's device."""
        wanted = ["plc.sim.server", "--device", device, "--config", str(self.folder / "config.toml")]
        found = [int(one.parent.name) for one in Path("/proc").glob("[0-9]*/cmdline") if _words(one)[-5:] == wanted]
        assert len(found) == 1, f"processes of {device}: {found}"
        return found[0]

    def _tell(self, what: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    @property
    def url(self) -> str:
        return f"http://{self.config.web.control.host}:{self.config.web.control.port}"


def _words(cmdline: Path) -> list[str]:
    """Give the words of a process's command; none of one that has just ended."""
    try:
        return cmdline.read_text(encoding="utf-8", errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _written(manner: Manner) -> dict[str, object]:
    return {**asdict(manner), "habit": manner.habit.value}


def _read(written: Mapping[str, Any]) -> Manner:
    return Manner(**{**written, "habit": Habit(written["habit"])})


def _journal(config: Config, kind: str) -> list[JournalRow]:
    engine = reading_engine(database_url(config))
    with engine.connect() as conn:
        rows = recent(conn, 1000, kind=kind)
    engine.dispose()
    return rows


def _for_a_test(path: Path, more: Mapping[str, object]) -> None:
    """Draw the scenes, so that no photograph is ever shown."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    content["sim"].pop("photos", None)
    path.write_text(tomli_w.dumps({**content, **more}), encoding="utf-8")


def _beside(path: Path, device: str) -> list[str]:
    """Write for the plant another device table, which leads over the bad line; gives the words that say so."""
    if not device:
        return []
    content, near = tomllib.loads(path.read_text(encoding="utf-8")), str(free_port())
    rows = read_rows(Path(content["tags"]["devices"]))
    far = next(row["port"] for row in rows if row["device"] == device)
    content["tags"]["devices"] = str(path.parent / "devices-plant.csv")
    write_rows(
        path.parent / "devices-plant.csv", [{**one, "port": near} if one["port"] == far else one for one in rows]
    )
    plants = path.parent / "plant.toml"
    plants.write_text(tomli_w.dumps(content), encoding="utf-8")
    return [str(plants), near, far]


def _shorten_hour(folder: Path, minutes: int) -> None:
    """Let the price of the site's tariff rise sooner."""
    for path in (folder / "tariffs").glob("*.toml"):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        for rule in content["fixed_interval_rule"]:
            rule["interval_duration"] = minutes
        path.write_text(tomli_w.dumps(content), encoding="utf-8")


async def _run(path: Path, plants: Path, line: BadLine | None) -> None:
    """Run every process of the site and its cars, as `daozha run` and `daozha sim` would."""
    config, clock = load(path), clock_from()
    with TruthLog(config.data / "sim" / "truth.jsonl", clock) as truth:
        cars = CarPark(config, clock, clock.speed, truth)
        async with AsyncExitStack() as running:
            if line is not None:
                await running.enter_async_context(line)
            sims = [_patient(part) for part in simulators(config, path)]
            keepers = await running.enter_async_context(started(sims, clock, _hear))
            for part in parts(plants, with_sim=False):
                keepers |= await running.enter_async_context(started([_patient(part)], clock, _hear))
            driving = asyncio.create_task(cars.run())
            sys.stdout.write(f"{UP}\n")
            sys.stdout.flush()
            while said := await asyncio.to_thread(sys.stdin.readline):
                _obey(cars, keepers, line, config, json.loads(said))
            driving.cancel()
            await asyncio.gather(driving, return_exceptions=True)


def _patient(part: Part) -> Part:
    """Wait for a process longer than a site does: on a busy machine it may take minutes to come up."""
    return replace(part, ready_s=START_S)


def _obey(
    cars: CarPark, keepers: Mapping[str, Keeper], line: BadLine | None, config: Config, said: Mapping[str, Any]
) -> None:
    match said:
        case {"what": "leave", "number": number}:
            cars.park.come_now(_name(number))
        case {"what": "field", "lane": lane, "stuck": stuck, "blind": blind, "on": on}:
            broken = Field(frozenset(stuck.split()), frozenset(blind.split()), frozenset(on.split()))
            cars.park.change_field(LaneName(lane), broken)
        case {"what": "kill", "part": part}:
            keepers[part].kill()
        case {"what": "refuse", "functions": functions} if line is not None:
            line.refused = set(functions)
        case {"what": "come", "number": number, "plate": plate, "dwell_s": dwell_s}:
            entry, leave = _read(said["entry"]), _read(said["leave"])
            car = Car(_name(number), *way(config), dwell_s=dwell_s, entry=entry, exit=leave)
            cars.invite(Visit(car, Plate(plate), None, number, Person(**said["person"]), 0.0), 0.0)
        case _:
            raise AssertionError(f"nobody knows what this means: {said}")


def _name(number: int) -> CarName:
    return CarName(f"car-{number}")


def _hear(_name: str, line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    config_path, *more = sys.argv[1:]
    over = BadLine(int(more[1]), int(more[2])) if more else None
    asyncio.run(_run(Path(config_path), Path(more[0] if more else config_path), over))
