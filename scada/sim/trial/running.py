"""A site of its own that runs with its virtual car park: its processes, its cars, and its operator at the desk."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from scada.clock import SystemClock
from scada.config import Config, load
from scada.sim.carpark import CarPark, simulators, started
from scada.sim.people.operator import Desk, Operator
from scada.sim.trial.truth import TruthLog
from scada.store.db import Database, database_url, migrate
from scada.store.operators import Operators
from scada.supervise import Keeper, parts

log = structlog.get_logger()

NAME, SECOND = "drill", "second"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrialSite:
    """A running site. `keepers` are its processes and its simulators', by name."""

    config: Config
    clock: SystemClock
    truth: TruthLog
    cars: CarPark
    desk: Desk
    operator: Operator
    second: dict[str, str]
    """Name and password of a second person, as an order takes them."""
    keepers: dict[str, Keeper]


@asynccontextmanager
async def running(path: Path, clock: SystemClock, say: Say) -> AsyncIterator[TrialSite]:
    """Run the site of a prepared configuration while the body runs. Raises NotReady."""
    config = load(path)
    async with AsyncExitStack() as stack:
        truth = stack.enter_context(TruthLog(truth_path(config), clock))
        cars = CarPark(config, clock, clock.speed, truth)
        password, second, keepers = await _start(stack, config, path, clock, say)
        desk = Desk(f"http://{config.web.control.host}:{config.web.control.port}", NAME, password)
        stack.callback(desk.close)
        operator = Operator(desk, [lane.id for lane in config.lanes], cars.look, clock.speed)
        await stack.enter_async_context(_working(cars.run(), operator.run()))
        yield TrialSite(config, clock, truth, cars, desk, operator, second, keepers)


def truth_path(config: Config) -> Path:
    """Say where the truth of a site is written."""
    return config.data / "sim" / "truth.jsonl"


async def _start(
    stack: AsyncExitStack, config: Config, path: Path, clock: SystemClock, say: Say
) -> tuple[str, dict[str, str], dict[str, Keeper]]:
    """Start simulators and site; give the operator's password, a second person, and the processes."""

    def hear(name: str, line: str) -> None:
        log.info("said", part=name, line=line)

    say("starting the simulators")
    keepers = await stack.enter_async_context(started(simulators(config, path), clock, hear))
    password, beside = await hire(config, clock, NAME, SECOND)
    say("starting the site")
    plant, *web = parts(path, with_sim=False)
    for together in ([plant], web):
        keepers |= await stack.enter_async_context(started(together, clock, hear))
    return password, {"second_name": SECOND, "second_password": beside}, keepers


async def hire(config: Config, clock: SystemClock, *names: str) -> list[str]:
    """Make operators, as `daozha user add` does; gives their passwords."""
    url = await asyncio.to_thread(database_url, config)
    await asyncio.to_thread(migrate, url)
    passwords = [secrets.token_urlsafe(18) for _ in names]
    async with Database(url) as db:
        for name, password in zip(names, passwords, strict=True):
            await Operators(db, config.site_id, clock).add(name, "operator", password, must_change=False)
    return passwords


@asynccontextmanager
async def _working(*jobs: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Let jobs run beside the body and cancel them after it; what breaks in them, breaks the body."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job) for job in jobs]
        yield
        for task in tasks:
            task.cancel()
