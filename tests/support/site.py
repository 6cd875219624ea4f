"""The whole site on loopback, in a process of its own, with cars that come when a test sends them.

As a program (`python -m tests.support.site FOLDER`) it runs the site until its standard input ends; a
line of JSON on it is a car, or the number of one that shall leave. As a module it is the test's handle on that program.
"""

import asyncio
import json
import os
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import tomli_w

from scada.clock import VARIABLE, clock_from, clock_setting
from scada.config import Config, load
from scada.model.plate import Plate
from scada.sim.carpark import CarPark, simulators, started, way
from scada.sim.road import Car, CarName, Manner
from scada.sim.scenario import Person, Visit
from scada.sim.trial.site import prepare
from scada.sim.trial.truth import TruthLog
from scada.store.db import database_url, reading_engine
from scada.store.journal import JournalRow, recent
from scada.supervise import parts

BASE = Path(__file__).parents[2] / "config.toml"
FIRST_PASSWORD = "FIRST-PASSWORD "
UP = "UP"
STOP_S = 60.0
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
    config: Config = field(init=False)

    def __enter__(self) -> Self:
        timing = {} if self.t_help_s is None else {"t_help_s": self.t_help_s}
        path = prepare(self.folder, BASE, tariff={"free_entry_duration": 0}, timing=timing)
        _for_a_test(path)
        _shorten_hour(path.parent, self.hour_min)
        self.config = load(path)
        command = [sys.executable, "-m", "tests.support.site", str(path)]
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
        self._tell([number, plate, dead_phone, dwell_s, dirty, leaves_as])

    def call(self, number: int) -> None:
        """Let a car that is parked leave now."""
        self._tell([number])

    def _tell(self, what: list[object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    @property
    def url(self) -> str:
        return f"http://{self.config.web.control.host}:{self.config.web.control.port}"


def _journal(config: Config, kind: str) -> list[JournalRow]:
    engine = reading_engine(database_url(config))
    with engine.connect() as conn:
        rows = recent(conn, 1000, kind=kind)
    engine.dispose()
    return rows


def _for_a_test(path: Path) -> None:
    """Draw the scenes, so that no photograph is ever shown."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    content["sim"].pop("photos", None)
    path.write_text(tomli_w.dumps(content), encoding="utf-8")


def _shorten_hour(folder: Path, minutes: int) -> None:
    """Let the price of the site's tariff rise sooner."""
    for path in (folder / "tariffs").glob("*.toml"):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        for rule in content["fixed_interval_rule"]:
            rule["interval_duration"] = minutes
        path.write_text(tomli_w.dumps(content), encoding="utf-8")


async def _run(path: Path) -> None:
    """Run every process of the site and its cars, as `daozha run` and `daozha sim` would."""
    config, clock = load(path), clock_from()
    with TruthLog(config.data / "sim" / "truth.jsonl", clock) as truth:
        cars = CarPark(config, clock, clock.speed, truth)
        async with AsyncExitStack() as running:
            await running.enter_async_context(started(simulators(config, path), clock, _hear))
            for part in parts(path, with_sim=False):
                await running.enter_async_context(started([part], clock, _hear))
            driving = asyncio.create_task(cars.run())
            sys.stdout.write(f"{UP}\n")
            sys.stdout.flush()
            while line := await asyncio.to_thread(sys.stdin.readline):
                _obey(cars, config, json.loads(line))
            driving.cancel()
            await asyncio.gather(driving, return_exceptions=True)


def _obey(cars: CarPark, config: Config, said: list[Any]) -> None:
    number, *visit = said
    name = CarName(f"car-{number}")
    if not visit:
        cars.park.come_now(name)
        return
    plate, dead_phone, dwell_s, dirty, shows = visit
    leave = Manner(dirty=dirty, shows=Plate(shows) if shows else None)
    car = Car(name, *way(config), dwell_s=dwell_s, entry=Manner(dirty=dirty), exit=leave)
    cars.invite(Visit(car, Plate(plate), None, number, Person(dead_phone=dead_phone), 0.0), 0.0)


def _hear(_name: str, line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1])))
