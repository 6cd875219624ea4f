"""A site of its own that runs with its virtual car park: its processes, its cars, and its operator at the desk."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from scada.clock import SystemClock
from scada.config import Config, load
from scada.sim.carpark import CarPark, simulators, started
from scada.sim.people.operator import Desk, Operator
from scada.sim.trial.truth import TruthLog
from scada.store.db import Database, database_url, migrate
from scada.store.operators import Operators
from scada.supervise import Keeper, Part, parts

log = structlog.get_logger()

NAME, SECOND = "drill", "second"
Say = Callable[[str], None]
Dressed = Callable[[Part], Part]
READY_S = 60.0
"""How long each process of a site may take to serve."""


def _as_it_is(part: Part) -> Part:
    return part


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
async def running(
    path: Path, clock: SystemClock, say: Say, *, sims: Path | None = None, dressed: Dressed = _as_it_is
) -> AsyncIterator[TrialSite]:
    """Run the site of a prepared configuration while the body runs. Raises NotReady.

    `sims`: the simulators' own configuration. `dressed`: how each process of the site starts.
    """
    config = load(path)
    async with AsyncExitStack() as stack:
        truth = stack.enter_context(TruthLog(truth_path(config), clock))
        cars = CarPark(config, clock, clock.speed, truth)
        passwords = await hire(config, clock, dict.fromkeys((NAME, SECOND), "operator"))
        second = {"second_name": SECOND, "second_password": passwords[SECOND]}
        keepers = await processes(stack, config, path, clock, say, sims=sims, dressed=dressed)
        desk = Desk(f"http://{config.web.control.host}:{config.web.control.port}", NAME, passwords[NAME])
        stack.callback(desk.close)
        operator = Operator(desk, [lane.id for lane in config.lanes], cars.look, clock.speed)
        await stack.enter_async_context(working(cars.run(), operator.run()))
        yield TrialSite(config, clock, truth, cars, desk, operator, second, keepers)


def truth_path(config: Config) -> Path:
    """Say where the truth of a site is written."""
    return config.data / "sim" / "truth.jsonl"


async def processes(
    stack: AsyncExitStack,
    config: Config,
    path: Path,
    clock: SystemClock,
    say: Say,
    ready_s: float = READY_S,
    *,
    sims: Path | None = None,
    dressed: Dressed = _as_it_is,
) -> dict[str, Keeper]:
    """Start simulators and site, each within `ready_s`; give the processes by name. Raises NotReady."""

    def hear(name: str, line: str) -> None:
        log.info("said", part=name, line=line)

    say("starting the simulators")
    keepers = await stack.enter_async_context(started(_patient(simulators(config, sims or path), ready_s), clock, hear))
    say("starting the site")
    plant, *web = [dressed(part) for part in _patient(parts(path, with_sim=False), ready_s)]
    for together in ([plant], web):
        keepers |= await stack.enter_async_context(started(together, clock, hear))
    return keepers


def _patient(some: Sequence[Part], ready_s: float) -> list[Part]:
    return [replace(part, ready_s=ready_s) for part in some]


async def hire(config: Config, clock: SystemClock, people: Mapping[str, str]) -> dict[str, str]:
    """Make people of a site (name -> role), as `daozha user add` does; gives their passwords."""
    url = await asyncio.to_thread(database_url, config)
    await asyncio.to_thread(migrate, url)
    passwords = {name: secrets.token_urlsafe(18) for name in people}
    async with Database(url) as db:
        for name, role in people.items():
            await Operators(db, config.site_id, clock).add(name, role, passwords[name], must_change=False)
    return passwords


@asynccontextmanager
async def working(*jobs: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Let jobs run beside the body and cancel them after it; what breaks in them, breaks the body."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job) for job in jobs]
        yield
        for task in tasks:
            task.cancel()
