"""`daozha sim`: the virtual car park as long as it is wanted: PLCs, cameras, WeChat, and cars with their drivers."""

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import structlog

from scada.alive import live, say_ready
from scada.clock import VARIABLE, SystemClock, clock_from, clock_setting
from scada.config import Config, ConfigError, WebApp, load
from scada.log import log_to_stderr
from scada.sim.arrivals import ARRIVALS_HELP, ArrivalsError, Trip, read_arrivals
from scada.sim.carpark import CarPark, photos, simulators, started, way
from scada.sim.scenario import NAMES, Casting, Pace
from scada.sim.scenarios import SCENARIOS
from scada.sim.stage.backstage import NoCurtain
from scada.sim.stage.stage import Missed, Stage
from scada.sim.stage.switch import SwitchError
from scada.sim.trial.truth import TruthLog
from scada.supervise import NotReady

log = structlog.get_logger()

EVERY_S = 20.0
DWELL_REAL_MIN = (2.0, 6.0)
MEDIAN_REAL_MIN = 3.5
MOST_INSIDE = 40
"""No more cars are sent in while so many are about: the exit may be shut."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGTERM. Exit code 2: bad configuration; 1: a simulator did not come up."""
    asked = _parser().parse_args(arguments)
    log_to_stderr(ours=logging.DEBUG)
    if asked.speed is not None:
        os.environ[VARIABLE] = clock_setting(asked.speed)
    try:
        config = load(asked.config)
        trips = read_arrivals(asked.arrivals) if asked.arrivals is not None else []
        asyncio.run(_run(config, asked.config, asked.scenario, asked.seed, trips))
    except (ConfigError, ArrivalsError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except NotReady as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="daozha sim", description="the virtual car park of a site")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    parser.add_argument("--scenario", choices=(*NAMES, *SCENARIOS), default="normal")
    parser.add_argument("--arrivals", type=Path, metavar="CSV", help=ARRIVALS_HELP)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="else other cars every time")
    parser.add_argument("--speed", type=float, help=f"how fast the business clock runs; else as {VARIABLE} says")
    return parser


async def _run(config: Config, path: Path, scenario: str, seed: int, trips: Sequence[Trip]) -> None:
    """Start everything, say READY, and send cars, or play the scenario again and again, until told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock = clock_from()
    low, high = DWELL_REAL_MIN
    pace = Pace(EVERY_S, (low * clock.speed, high * clock.speed), MEDIAN_REAL_MIN * clock.speed, clock.speed)
    casting = Casting(scenario if scenario in NAMES else "normal", seed, pace, way(config), photos(config))
    async with AsyncExitStack() as running:
        await running.enter_async_context(started(simulators(config, path), clock, _hear))
        truth = running.enter_context(TruthLog(config.data / "sim" / "truth.jsonl", clock))
        cars = CarPark(config, clock, clock.speed, truth)
        show = Show(config, cars, casting, clock)
        jobs = show.play(scenario) if scenario in SCENARIOS else show.replay(trips) if trips else show.send()
        say_ready()
        tasks = [asyncio.create_task(cars.run()), asyncio.create_task(jobs), asyncio.create_task(live())]
        await _until(stop, tasks)


def _hear(name: str, line: str) -> None:
    log.info("said", part=name, line=line)


class Show:
    """What the virtual car park shows to people who watch."""

    def __init__(self, config: Config, cars: CarPark, casting: Casting, clock: SystemClock) -> None:
        self._config = config
        self._cars = cars
        self._casting = casting
        self._clock = clock

    async def send(self) -> None:
        """Send one car after the other for ever."""
        await self._ready()
        while True:
            visit = self._casting.next(self._cars.plates())
            await asyncio.sleep(visit.after_s)
            self._cars.invite(visit, 0.0)
            while len(self._cars.plates()) > MOST_INSIDE:
                self._cars.changed.clear()
                await self._cars.changed.wait()

    async def replay(self, trips: Sequence[Trip]) -> None:
        """Send the cars of a day, once."""
        await self._ready()
        for visit in self._casting.replay(trips):
            self._cars.invite(visit, visit.after_s)
        await asyncio.Event().wait()

    async def play(self, name: str) -> None:
        """Play a scenario again and again; what only a drill can do ends it with a word why."""
        await self._ready()
        for number in count(1):
            stage = Stage(
                f"{name}-{number}",
                self._config,
                self._cars,
                self._casting,
                self._clock,
                self._clock.speed,
                way(self._config),
                None,
            )
            try:
                await SCENARIOS[name].play(stage)
            except NoCurtain as only:
                log.warning("only a drill can play this to its end", scenario=name, why=str(only))
            except (Missed, SwitchError) as missed:
                log.warning("the scenario went another way", scenario=name, why=str(missed))
            stage.close()
            await asyncio.to_thread(stage.wechat.clear)
            await asyncio.sleep(EVERY_S)

    async def _ready(self) -> None:
        """Wait until every PLC is wired and the lanes' displays are lit.

        The plant takes a lane over only while it is empty: nobody may stand there before it has.
        """
        while not (self._cars.park.is_wired() and await _is_lit(self._config.web.devices)):  # noqa: ASYNC110 no event
            await asyncio.sleep(0.2)


async def _is_lit(displays: WebApp) -> bool:
    try:
        _, writer = await asyncio.open_connection(displays.host, displays.port)
    except OSError:
        return False
    writer.close()
    return True


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for the order to stop; a task that fails first raises here."""
    stopping = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (stopping, *tasks):
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)


if __name__ == "__main__":
    raise SystemExit(main())
