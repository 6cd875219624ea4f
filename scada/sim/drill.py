"""`daozha drill`: site and virtual car park together, without a screen, until N cars have come, paid and left.

Runs on a site of its own (free ports, its own data folder), stops everything, and lets the judge
compare what really happened with what the product wrote down.
"""

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import structlog
from rich.console import Console
from rich.table import Table

from scada.clock import VARIABLE, clock_from, clock_setting
from scada.config import Config, ConfigError, load
from scada.log import log_to_stderr
from scada.sim.arrivals import ARRIVALS_HELP, ArrivalsError, Trip, read_arrivals
from scada.sim.carpark import CarPark, photos, sim_of, way
from scada.sim.chaos.command import chaos
from scada.sim.people.operator import Desk
from scada.sim.people.pages import PageError
from scada.sim.scenario import NAMES, Casting, Pace, Visit
from scada.sim.scenarios import SCENARIOS
from scada.sim.trial.judge import judge_site
from scada.sim.trial.reported import ask_platform
from scada.sim.trial.running import running, truth_path
from scada.sim.trial.series import Result, play_all
from scada.sim.trial.site import prepare
from scada.sim.trial.trust import let_them_meet
from scada.supervise import NotReady

T = TypeVar("T")
log = structlog.get_logger()

EVERY_S = 6.0
DWELL_MIN = (4.0, 180.0)
MEDIAN_MIN = 45.0
START_LIMIT_S = 180.0
CAR_LIMIT_S = 60.0
"""How long the drill waits for each car, all in all."""
REST_S = 15.0
"""How long the lanes may take to come to rest after the last car."""
ALL = "all"
_SCENARIO_HELP = f"cars drawn as {' or '.join(NAMES)}; or {ALL}, or any of: {', '.join(SCENARIOS)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    config: Path
    cars: int
    seed: int
    scenario: str
    speed: float
    trips: tuple[Trip, ...] = ()
    database: Path | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a drill. Exit code 0: done and nothing broken; 1: broken or not done; 2: bad configuration."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "--chaos" in words:
        return chaos(words, hushed, until_told)
    options = _parser().parse_args(words)
    try:
        sim_of(load(options.config))
        trips = tuple(read_arrivals(options.arrivals)) if options.arrivals is not None else ()
        cars = len(trips) or options.cars
        asked = Asked(options.config, cars, options.seed, options.scenario, options.speed, trips, options.database)
    except (ConfigError, ArrivalsError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    os.environ[VARIABLE] = clock_setting(asked.speed)
    folder = Path(tempfile.mkdtemp(prefix="dz-"))
    with os.fdopen(os.dup(2), "w") as out:
        screen = Console(file=out, highlight=False)
        try:
            with hushed(folder / "log.txt"):
                if asked.scenario not in NAMES:
                    played = asyncio.run(until_told(_play(asked, folder, screen)))
                    return report_plays(played, folder, screen, as_json=options.json, keep=options.keep)
                result = asyncio.run(until_told(_drill(asked, folder, screen)))
        except NotReady as error:
            screen.print(f"[red]{error}[/red]; the log is {folder / 'log.txt'}")
            return 1
        except asyncio.CancelledError:
            screen.print(f"[red]stopped before its end[/red]; the log is {folder / 'log.txt'}")
            return 1
        return report(result, folder, screen, as_json=options.json, keep=options.keep)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="daozha drill", description="site and virtual car park, judged")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    parser.add_argument("--cars", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", type=_scenario, default="normal", metavar="NAME[,NAME…]", help=_SCENARIO_HELP)
    parser.add_argument("--arrivals", type=Path, metavar="CSV", help=ARRIVALS_HELP)
    parser.add_argument("--speed", type=float, default=60.0, help="how fast the business clock runs")
    what = "the drill's own tables are in the empty PostgreSQL database whose URL is in this file (mode 0600)"
    parser.add_argument("--database", type=Path, metavar="URL_FILE", help=what)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--keep", action="store_true", help="keep the site's folder")
    parser.add_argument("--chaos", action="store_true", help="faults on purpose: see daozha drill --chaos --help")
    return parser


def _scenario(text: str) -> str:
    """Take the name of a way to draw cars, or one or more scenarios, or all. Raises ArgumentTypeError."""
    unknown = [name for name in text.split(",") if name not in SCENARIOS]
    if text not in (*NAMES, ALL) and unknown:
        raise argparse.ArgumentTypeError(f"no scenario {', '.join(unknown)}; {_SCENARIO_HELP}")
    return text


@contextmanager
def hushed(path: Path) -> Iterator[None]:
    """Send the standard error of all processes into a file; the screen keeps its own way out."""
    with path.open("w", encoding="utf-8") as file:
        before = os.dup(2)
        os.dup2(file.fileno(), 2)
        log_to_stderr(file, ours=logging.DEBUG)
        try:
            yield
        finally:
            os.dup2(before, 2)
            os.close(before)
            structlog.reset_defaults()


async def until_told(work: Coroutine[None, None, T]) -> T:
    """Do the work; SIGINT and SIGTERM cancel it, so that it stops what it has started. Raises CancelledError."""
    task = asyncio.create_task(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, _cancel_once, task)
    return await task


def _cancel_once(task: asyncio.Task[T]) -> None:
    """Cancel a task; a second signal does not disturb its tidying up."""
    if not task.cancelling():
        task.cancel()


async def _play(asked: Asked, folder: Path, screen: Console) -> list[Result]:
    """Play the scenario that is asked for, or all."""
    names = list(SCENARIOS) if asked.scenario == ALL else list(dict.fromkeys(asked.scenario.split(",")))
    return await play_all(names, asked.config, folder, clock_from(), lambda text: screen.print(text, style="dim"))


async def _drill(asked: Asked, folder: Path, screen: Console) -> dict[str, object]:
    """Run the site and the cars, stop both, and judge."""
    path = prepare(folder, asked.config, database=asked.database)
    config, clock = load(path), clock_from()
    await asyncio.to_thread(let_them_meet, config, clock.now())
    began_s = clock.seconds()
    async with running(path, clock, lambda text: screen.print(text, style="dim")) as site:
        cars, operator = site.cars, site.operator
        await _send_and_wait(asked, config, cars, screen)
        published = await _published(site.desk)
        platform = await asyncio.to_thread(ask_platform, sim_of(config).wechat_port)
    facts = await asyncio.to_thread(judge_site, config, truth_path(config), platform)
    return {
        "seed": asked.seed,
        "scenario": asked.scenario,
        "photos": bool(photos(config)),
        "cars": asked.cars,
        "entered": cars.entered,
        "exited": cars.exited,
        "back_outs": cars.back_outs,
        "claims": cars.counts.claims,
        "operator_cases": operator.cases,
        **facts,
        **published,
        "wall_s": round(clock.seconds() - began_s, 1),
    }


async def _send_and_wait(asked: Asked, config: Config, cars: CarPark, screen: Console) -> None:
    """Send all cars and wait until they have left, or the limit passes."""
    pace = Pace(EVERY_S, DWELL_MIN, MEDIAN_MIN, asked.speed)
    casting = Casting(asked.scenario, asked.seed, pace, way(config), photos(config))
    visits = casting.replay(asked.trips) if asked.trips else _drawn(casting, asked.cars)
    for visit in visits:
        cars.invite(visit, visit.after_s)
    line = ""
    last_s = max(visit.after_s + visit.car.dwell_s for visit in visits)
    limit_s = START_LIMIT_S + CAR_LIMIT_S * asked.cars + last_s
    try:
        async with asyncio.timeout(limit_s):
            while cars.exited < asked.cars:
                cars.changed.clear()
                await cars.changed.wait()
                line, before = f"in {cars.entered}, out {cars.exited} of {asked.cars}", line
                if line != before:
                    screen.print(line, style="dim")
    except TimeoutError:
        screen.print(f"[red]after {limit_s:.0f} s only {cars.exited} of {asked.cars} cars have left[/red]")


def _drawn(casting: Casting, count: int) -> list[Visit]:
    """Draw visits; `after_s` counts from the beginning."""
    after_s, visits = 0.0, list[Visit]()
    for _ in range(count):
        visit = casting.next([one.plate for one in visits])
        after_s += visit.after_s
        visits.append(replace(visit, after_s=after_s))
    return visits


async def _published(desk: Desk) -> dict[str, object]:
    """Let the lanes come to rest; give what the site says of its tags and history, None where it says nothing."""
    tags: dict[str, object] = {}
    try:
        async with asyncio.timeout(REST_S):
            while True:
                try:
                    tags = await asyncio.to_thread(desk.tags)
                except PageError as error:
                    log.warning("no snapshot", why=str(error))
                states = {value for name, value in tags.items() if name.endswith(".lane.state")}
                if states == {"idle"} and tags.get("site.stays_open") == 0:
                    break
                await asyncio.sleep(0.5)
    except TimeoutError:
        log.warning("the lanes did not come to rest", within_s=REST_S)
    return {"tag_changes": tags.get("site.tag_changes"), "history_points": tags.get("site.history_points")}


def is_good(result: dict[str, Any], doubts: int = 0) -> bool:
    """Say whether every car left and the judge found nothing; so many vehicles may be left to a stocktake."""
    return (
        result["entered"] == result["exited"] == result["cars"]
        and result["fees_fen"] == result["settled_fen"]
        and result["unexplained_openings"] == result["wrong_car_openings"] == 0
        and result["left_to_stocktake"] <= doubts
        and not result["invariants_broken"]
    )


def report_plays(played: Sequence[Result], folder: Path, screen: Console, *, as_json: bool, keep: bool) -> int:
    """Tell what became of the scenarios and give the exit code."""
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in played], ensure_ascii=False) + "\n")
    else:
        table = Table("scenario", "expected", "happened", "ok", title="scenarios", show_lines=True)
        for one in played:
            table.add_row(one.scenario, one.expected, one.happened, "yes" if one.ok else "[red]NO[/red]")
        Console().print(table)
    return _leave(folder, screen, good=all(one.ok for one in played), keep=keep)


def report(result: dict[str, object], folder: Path, screen: Console, *, as_json: bool, keep: bool) -> int:
    """Tell the result and give the exit code; a good drill's folder goes unless it shall be kept."""
    if as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        table = Table("", "", title="drill")
        for name, value in result.items():
            table.add_row(name, json.dumps(value, ensure_ascii=False))
        Console().print(table)
    return _leave(folder, screen, good=is_good(result), keep=keep)


def _leave(folder: Path, screen: Console, *, good: bool, keep: bool) -> int:
    if good and not keep:
        shutil.rmtree(folder)
    else:
        screen.print(f"the site's folder: {folder}", style="dim")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
