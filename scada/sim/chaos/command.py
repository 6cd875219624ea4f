"""`daozha drill --chaos`: a site of its own, cars, and faults on purpose; ends with an acceptance report.

Exit codes: 0 all faults injected and survived, nothing broken; 1 one was not survived, or something is broken; 2 bad
configuration or usage; 3 survived, but not all faults that were asked for could be injected here.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from scada.clock import VARIABLE, clock_from, clock_setting
from scada.config import ConfigError, load
from scada.sim.carpark import sim_of
from scada.sim.chaos.act import Outcome, play
from scada.sim.chaos.kinds import ALL, KINDS, Need
from scada.sim.chaos.machine import MachineError, lacking, see_mounts_alone
from scada.sim.chaos.report import page, terminal
from scada.sim.chaos.schedule import Act, drawn
from scada.sim.chaos.servers import lacking_servers
from scada.sim.trial.running import Say
from scada.supervise import NotReady

Hushed = Callable[[Path], AbstractContextManager[None]]
Told = Callable[[Coroutine[None, None, Outcome]], Coroutine[None, None, Outcome]]
SPEED = 60.0


def chaos(words: Sequence[str], hushed: Hushed, until_told: Told) -> int:
    """Run it. Gives the exit code."""
    asked = _parser().parse_args(words)
    left = _left(asked.only)
    acts = drawn(KINDS if asked.only is None else asked.only, asked.seed, asked.minutes, left)
    if asked.list or asked.plan:
        sys.stdout.write("".join(_lines(acts) if asked.plan else _kinds()))
        return 0
    try:
        config = load(asked.config)
        sim_of(config)
    except (ConfigError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    os.environ[VARIABLE] = clock_setting(SPEED)
    folder = Path(tempfile.mkdtemp(prefix="dz-"))
    with os.fdopen(os.dup(2), "w") as out:
        screen = Console(file=out, highlight=False)
        say: Say = lambda text: screen.print(text, style="dim", markup=False)  # noqa: E731 a word, not a function
        try:
            with hushed(folder / "log.txt"):
                if any(one.kind.needs is Need.DISK for act in acts for planned in act.faults for one in planned.parts):
                    see_mounts_alone()
                outcome = asyncio.run(until_told(play(acts, asked.config, folder / "s", asked.seed, clock_from(), say)))
        except (NotReady, MachineError, asyncio.CancelledError) as error:
            screen.print(f"[red]{error or 'stopped before its end'}[/red]; the log is {folder / 'log.txt'}")
            return 1
        left = {**left, **outcome.unmet()}
        about = {"site · 停车场": config.site.name, "seed · 种子": asked.seed, "version · 版本": version("daozha")}
        if asked.report is not None:
            asked.report.write_text(page(outcome, about, datetime.now(UTC), left), encoding="utf-8")
        if asked.json:
            told = {"seed": asked.seed, "not_injected": left, **outcome.told()}
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        else:
            for table in terminal(outcome, left):
                Console().print(table)
        if outcome.good and not asked.keep:
            shutil.rmtree(folder)
        else:
            screen.print(f"the site's folder: {folder}", style="dim")
    return (3 if left else 0) if outcome.good else 1


def _left(only: Sequence[str] | None) -> dict[str, str]:
    """Say which faults of those that are asked for cannot be made here, and why."""
    missing = {**lacking(), **lacking_servers()}
    here = {kind.name: missing[kind.needs] for kind in ALL if kind.needs is not None and kind.needs in missing}
    return here if only is None else {name: why for name, why in here.items() if name in only}


def _lines(acts: Sequence[Act]) -> list[str]:
    return [
        f"{number} {one.at_s:7.1f} s  {one.kind.name:18} {one.lasts_s:5.1f} s  {one.where}\n"
        for number, act in enumerate(acts, 1)
        for one in act.faults
    ]


def _kinds() -> list[str]:
    return [f"{kind.name:18} {kind.text} · {kind.text_zh}\n" for kind in ALL]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="daozha drill --chaos", description=__doc__)
    parser.add_argument("--chaos", action="store_true", required=True, help="faults on purpose")
    parser.add_argument("--config", type=Path, default=Path("config.toml"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20.0, help="about so long; each fault comes once at least")
    parser.add_argument("--only", type=_names, metavar="NAME[,NAME…]", help="these faults only")
    parser.add_argument("--list", action="store_true", help="list the faults and do nothing")
    parser.add_argument("--plan", action="store_true", help="print what would come when and do nothing")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the acceptance report there (HTML)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--keep", action="store_true", help="keep the site's folder")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    if unknown := [name for name in names if name not in KINDS]:
        raise argparse.ArgumentTypeError(f"no fault {', '.join(unknown)}; --list names them")
    return names
