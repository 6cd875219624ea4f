"""`daozha drill --chaos`: a site of its own, cars, and faults on purpose; ends with an acceptance report.

Exit codes: 0 all faults injected and survived, nothing broken; 1 one was not survived, or something is broken; 2 bad
configuration or usage; 3 survived, but not all faults that were asked for could be injected here.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from traceback import print_exception

from rich.console import Console

from scada.clock import VARIABLE, clock_from, clock_setting
from scada.config import Config, ConfigError, load
from scada.sim.carpark import sim_of
from scada.sim.chaos.act import Outcome, play
from scada.sim.chaos.asked import parser
from scada.sim.chaos.kinds import ALL, CAMERAS, KINDS, PLCS, Need
from scada.sim.chaos.machine import MachineError, lacking, see_mounts_alone
from scada.sim.chaos.report import page, terminal
from scada.sim.chaos.schedule import Act, drawn
from scada.sim.chaos.servers import lacking_servers
from scada.sim.trial.running import Say
from scada.supervise import NotReady

Hushed = Callable[[Path], AbstractContextManager[None]]
Told = Callable[[Coroutine[None, None, Outcome]], Coroutine[None, None, Outcome]]
SPEED = 60.0
ROOM_BYTES = 512 << 20
"""What the folder of a drill's site may come to need."""


def chaos(words: Sequence[str], hushed: Hushed, until_told: Told) -> int:
    """Run it. Gives the exit code."""
    asked = parser(__doc__).parse_args(words)
    if asked.list:
        sys.stdout.write("".join(_kinds()))
        return 0
    try:
        config = load(asked.config)
        nowhere = _nowhere(config)
        left = _left(asked.only, nowhere)
        acts = drawn(KINDS if asked.only is None else asked.only, asked.seed, asked.minutes, left, nowhere)
        if asked.plan or not acts:
            sys.stdout.write("".join(_lines(acts)))
            sys.stderr.write("".join(f"{name}: {why}\n" for name, why in left.items()))
            return 0 if acts else 3
        folder = Path(tempfile.mkdtemp(prefix="dz-"))
        _see_room(folder)
    except (ConfigError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    os.environ[VARIABLE] = clock_setting(SPEED)
    with os.fdopen(os.dup(2), "w") as out:
        screen = Console(file=out, highlight=False)
        say: Say = lambda text: screen.print(text, style="dim", markup=False)  # noqa: E731 a word, not a function
        try:
            with hushed(folder / "log.txt"):
                if any(one.kind.needs is Need.DISK for act in acts for planned in act.faults for one in planned.parts):
                    see_mounts_alone()
                outcome = asyncio.run(until_told(play(acts, asked.config, folder / "s", asked.seed, clock_from(), say)))
        except (NotReady, MachineError, OSError, ValueError, ExceptionGroup, asyncio.CancelledError) as error:
            with suppress(OSError), (folder / "log.txt").open("a", encoding="utf-8") as file:
                print_exception(error, file=file)
            screen.print(f"{_why(error)}; the log is {folder / 'log.txt'}", style="red", markup=False)
            return 1
        return _tell(outcome, asked, config.site.name, left, folder, screen)


def _tell(outcome: Outcome, asked: Namespace, site: str, left: dict[str, str], folder: Path, screen: Console) -> int:
    """Tell what came of it: figures, the report, what stays. Gives the exit code."""
    left = {**left, **outcome.unmet()}
    if asked.json:
        told = {"seed": asked.seed, "not_injected": left, **outcome.told()}
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        for table in terminal(outcome, left):
            Console().print(table)
    about = {"site · 停车场": site, "seed · 种子": asked.seed, "version · 版本": version("daozha")}
    written = asked.report is None or _written(asked.report, page(outcome, about, datetime.now(UTC), left), screen)
    if outcome.good and not asked.keep:
        shutil.rmtree(folder)
    else:
        screen.print(f"the site's folder: {folder}", style="dim")
    return (3 if left else 0) if outcome.good and written else 1


def _written(path: Path, text: str, screen: Console) -> bool:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        screen.print(f"the report was not written: {error}", style="red", markup=False)
        return False
    return True


def _see_room(folder: Path) -> None:
    """Refuse to begin where a site's tables and pictures would fill the disk. Raises OSError."""
    if (free := shutil.disk_usage(folder).free) < ROOM_BYTES:
        folder.rmdir()
        room = f"{free >> 20} MB free, {ROOM_BYTES >> 20} MB needed; set TMPDIR to a folder with more"
        raise OSError(f"{folder.parent}: {room}")


def _why(error: BaseException) -> str:
    """Say why a drill ended early. What is no fault of site or machine is one of the drill itself, and is raised."""
    match error:
        case ExceptionGroup(exceptions=those):
            return "; ".join(dict.fromkeys(_why(one) for one in those))
        case asyncio.CancelledError():
            return "stopped before its end"
        case NotReady() | MachineError() | OSError() | ValueError():
            return str(error)
        case _:
            raise error


def _nowhere(config: Config) -> frozenset[str]:
    """Name the places of faults that a site does not have. Raises ValueError if it has no virtual car park."""
    cameras, plcs = len(config.cameras), len(sim_of(config).field_ports)
    return frozenset((*PLCS[plcs:], *CAMERAS[cameras:]))


def _left(only: Sequence[str] | None, nowhere: frozenset[str]) -> dict[str, str]:
    """Say which faults of those that are asked for cannot be made here, and why."""
    missing = {**lacking(), **lacking_servers()}
    here = {kind.name: missing[kind.needs] for kind in ALL if kind.needs is not None and kind.needs in missing}
    here |= {
        kind.name: "the site has nothing of the kind" for kind in ALL if kind.where and nowhere.issuperset(kind.where)
    }
    return here if only is None else {name: why for name, why in here.items() if name in only}


def _lines(acts: Sequence[Act]) -> list[str]:
    return [
        f"{number} {one.at_s:7.1f} s  {one.kind.name:18} {one.lasts_s:5.1f} s  {one.where}\n"
        for number, act in enumerate(acts, 1)
        for one in act.faults
    ]


def _kinds() -> list[str]:
    return [f"{kind.name:18} {kind.text} · {kind.text_zh}\n" for kind in ALL]
