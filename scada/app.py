"""The plant: built here from its configuration, started in order, stopped in reverse."""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from plc.tagmap import TagMapError
from scada.alive import live, say_ready
from scada.assembly import Plant, assemble, figures
from scada.clock import SystemClock, clock_from
from scada.config import Config, ConfigError, load
from scada.engine.deadline import Deadline
from scada.engine.diskwatch import DiskWatch
from scada.engine.doors.unix import SocketError
from scada.engine.health import LoopLag
from scada.engine.lead import Desk, Follower, Lead, led
from scada.engine.processwatch import ProcessWatch
from scada.engine.serverwatch import ServerWatch
from scada.expiry import endings
from scada.kernelclock import kernel_clock
from scada.lockfile import held
from scada.log import log_to_stderr
from scada.model.camera.figures import camera_tag
from scada.model.tag import TagName
from scada.ports import BillingError, PlcError
from scada.sockets import bridges
from scada.store.db import Database, StoreError, database_url

SITE_TICK_S = 0.5
"""How often the site's own figures are shown."""
STOP_S = 4.0
"""How long a stop may take, with all there is to write down; it needs less than a second where nothing hangs."""
FINISH_S = 5.0
"""How long a command that is under way may take before the lead is handed over."""
BUSY_LOOK_S = 0.05

TURN_S = 0.0005
"""How long one thread may keep Python from the others; 5 ms by default.

The writer of the database gives it away at every statement. With the default, whoever computes meanwhile keeps it ten
times as long as the statement takes, and lanes and notices wait for one another most of the time (0048).
"""

T = TypeVar("T")

log = structlog.get_logger()


_TOLD: Final = (BillingError, PlcError, StoreError, SocketError, BlockingIOError)
"""What a plant ends with in a line, without where in the program it was."""


def main() -> None:
    """Read the command line and run the plant. Exit codes: 0 stopped, 1 something broke, 2 bad configuration."""
    parser = argparse.ArgumentParser(prog="python -m scada.app", description="The plant of a daozha site.")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    arguments = parser.parse_args()
    log_to_stderr()
    sys.setswitchinterval(TURN_S)
    try:
        asyncio.run(run(load(arguments.config), clock_from()))
    except (ConfigError, TagMapError) as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from error
    except (*_TOLD, BaseExceptionGroup) as error:
        lines = lines_of(error)
        if not lines:
            raise
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        raise SystemExit(1) from error


def lines_of(error: BaseException) -> list[str]:
    """Say in a line each what a plant ended with; nothing if any of it is a fault of the program, to be shown whole.

    Parts that work side by side break together: of a server that leads no more, each finds that it may write nothing.
    """
    if isinstance(error, BaseExceptionGroup):
        told = [lines_of(one) for one in error.exceptions]
        return list(dict.fromkeys(line for lines in told for line in lines)) if all(told) else []
    return [f"{type(error).__name__}: {error}"] if isinstance(error, _TOLD) else []


async def run(config: Config, clock: SystemClock) -> None:
    """Run the plant until SIGTERM or SIGINT. A part that breaks ends it; the supervisor starts it again."""
    loop = asyncio.get_running_loop()
    stop, deadline = asyncio.Event(), Deadline(STOP_S, loop)

    def told() -> None:
        deadline.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    with suppress(ToldToStop):
        async with Parts(stop) as stack:
            await stack.enter_async_context(_alone(config))
            try:
                lead = await _lead(config, stop, told, stack)
                plant = await assemble(config, clock, stack, lead)
                stack.heed()
                await _first_start(plant)
                await _live(plant, stop, deadline, _handing_over(plant, lead, told))
            finally:
                deadline.set()
    log.info("plant stopped")


@asynccontextmanager
async def _alone(config: Config) -> AsyncIterator[None]:
    """Hold the lock of the data folder: a restore sees that a plant runs on it, and no second one begins."""
    with ExitStack() as lock:
        await asyncio.to_thread(lambda: lock.enter_context(held(config.data)))
        yield


async def _lead(config: Config, stop: asyncio.Event, told: Callable[[], None], stack: AsyncExitStack) -> Lead | None:
    """With a standby: follow until this server may lead, and hold its lead from then on. Raises ToldToStop."""
    if config.standby is None:
        return None
    desk = await asyncio.to_thread(lambda: Desk(config, database_url(config)))
    say_ready()
    following, stopping = asyncio.create_task(Follower(desk, _say).lead()), asyncio.create_task(stop.wait())
    alive = asyncio.create_task(live())
    try:
        await asyncio.wait((following, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not following.done():
            raise ToldToStop
        lead = following.result()
    except BaseException:
        desk.close()
        raise
    finally:
        for task in (following, stopping, alive):
            task.cancel()
    keeping = await stack.enter_async_context(led(desk, lead))
    keeping.add_done_callback(lambda task: _lost(task, told))
    return lead


def _lost(keeping: "asyncio.Task[None]", told: Callable[[], None]) -> None:
    """End the plant in order when the lead is lost; nothing goes to a PLC from then on."""
    if not keeping.cancelled():
        log.critical("this server leads no more", why=str(keeping.exception()))
        told()


async def _handing_over(plant: Plant, lead: Lead | None, told: Callable[[], None]) -> None:
    """Stop when another server is wanted to lead, once no command is under way."""
    if lead is None:
        return
    await lead.wanted_elsewhere.wait()
    for _ in range(round(FINISH_S / BUSY_LOOK_S)):
        if not any(keeper.is_busy for keeper in plant.keepers.values()):
            break
        await asyncio.sleep(BUSY_LOOK_S)
    log.warning("another server shall lead")
    told()


class ToldToStop(Exception):
    """The plant was told to stop before all of it had started."""


class Parts(AsyncExitStack):
    """Opens one part after the other, and no further one when told to stop; what is open closes in reverse."""

    def __init__(self, stop: asyncio.Event) -> None:
        super().__init__()
        self._stop = stop

    def heed(self) -> None:
        """Raise ToldToStop if that was told."""
        if self._stop.is_set():
            raise ToldToStop

    async def enter_async_context(self, part: AbstractAsyncContextManager[T, Any]) -> T:
        """Open a part. Raises ToldToStop instead if that was told."""
        self.heed()
        return await super().enter_async_context(part)


async def _live(
    plant: Plant, stop: asyncio.Event, deadline: Deadline, handing_over: Coroutine[None, None, None]
) -> None:
    """Let the parts work and the doors stand open until told to stop, or until a part breaks."""
    async with asyncio.TaskGroup() as group:
        work = [group.create_task(part) for part in (*_work(plant), handing_over)]
        async with AsyncExitStack() as doors:
            for bridge in bridges(plant):
                await doors.enter_async_context(bridge)
            say_ready()
            log.info("plant runs", site=plant.config.site.id, lanes=len(plant.runners))
            try:
                await stop.wait()
            finally:
                deadline.set()
        for task in work:
            task.cancel()


def _work(plant: Plant) -> list[Coroutine[None, None, None]]:
    """Give what runs as long as the plant runs."""
    return [
        plant.links.run(),
        *(keeper.run() for keeper in plant.keepers.values()),
        *(keeper.run() for keeper in plant.modes.values()),
        *(runner.run() for runner in plant.runners.values()),
        plant.tags.run(),
        plant.forcing.run(),
        figures(plant).run(),
        plant.recorder.run(),
        plant.history_watch.run(),
        plant.alarms.run(),
        plant.notifier.run(),
        plant.watch.run(),
        plant.keeper.run(),
        plant.retention.run(),
        *(keeper.run() for keeper in plant.displays.keepers),
        plant.calls.run(),
        plant.cases.run(),
        *(scanner.run() for scanner in plant.scanners),
        *(box.run() for box in plant.boxes.by_lane.values()),
        plant.cashier.watch(),
        plant.scheduler.run(),
        plant.settings.watch(),
        plant.phones.pushes.watch(),
        plant.phones.reminders.run(),
        plant.requests.watch(),
        LoopLag(plant.tags, plant.clock).run(),
        ServerWatch(
            plant.config.site_id, plant.clock, plant.db, plant.tags, plant.config.park, plant.config.data, kernel_clock
        ).run(),
        ProcessWatch(plant.clock, plant.tags, plant.config.processes, _endings(plant)).run(),
        DiskWatch(plant.db.reserve, plant.tags, plant.journal).run(),
        plant.standby.run(),
        live(lambda: _writer_turns(plant.db)),
        _show_site(plant),
    ]


def _endings(plant: Plant) -> Callable[[], list[tuple[str, datetime]]]:
    """Give the certificates of the site with the devices that it has by then."""
    return lambda: endings(plant.config, tuple(plant.maps.tag_map.devices))


async def _writer_turns(db: Database) -> None:
    """Wait until the writer has taken its turn. What it answers is not asked: a database that is away answers, too."""

    def nothing(connection: Connection) -> None:
        pass

    with suppress(StoreError, SQLAlchemyError):
        await db.write(nothing)


async def _first_start(plant: Plant) -> None:
    """Make the first password, told once."""
    password = await plant.operators.first_start()
    if password is not None:
        _say(f"FIRST-PASSWORD {password}")


async def _show_site(plant: Plant) -> None:
    """Keep the site's figures and the cameras' state in the tag table."""
    while True:
        plant.tags.set_all(
            {
                TagName("site.tag_changes"): plant.recorder.changes,
                TagName("site.history_points"): await plant.historian.count(),
                **await plant.takings.figures(),
                **await plant.today.figures(),
                **{TagName(f"{lane}.camera.ok"): plant.cameras.ok(lane) for lane in plant.runners},
                **{camera_tag(camera, "reader"): by for camera, by in plant.cameras.reads().items()},
            }
        )
        await asyncio.sleep(SITE_TICK_S)


def _say(line: str) -> None:
    """Speak to the supervisor."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
