"""`daozha train`: a training for operators on the virtual car park, at a site of its own that is thrown away."""

import argparse
import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from scada.clock import VARIABLE, clock_from
from scada.config import ConfigError, load
from scada.sim.carpark import CarPark
from scada.sim.drill import hushed, until_told
from scada.sim.people.operator import Desk
from scada.sim.training.assistant import NAME as ASSISTANT
from scada.sim.training.assistant import Assistant
from scada.sim.training.books import SiteBooks
from scada.sim.training.door import TrainingDoor
from scada.sim.training.record import RecordError, Records
from scada.sim.training.room import TrainingRoom
from scada.sim.training.scene import Ground
from scada.sim.training.site import NotForTraining, make_key, train_site
from scada.sim.trial.running import hire, processes, truth_path, working
from scada.sim.trial.trust import let_them_meet
from scada.sim.trial.truth import TruthLog
from scada.supervise import NotReady

PORT: Final = 8180
TRAINER: Final = "trainer"
READY_S: Final = 240.0
"""How long each process may take to serve: a training runs on whatever machine there is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    config: Path
    port: int
    trainees: tuple[str, ...]
    managers: tuple[str, ...]
    records: Path
    seed: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a training until Ctrl-C. 0: ended; 1: it did not come up; 2: no ground for a training."""
    options = _parser().parse_args(arguments)
    managers = tuple(dict.fromkeys(options.manager or ()))
    trainees = tuple(dict.fromkeys(options.trainee or ([] if managers else ["trainee"])))
    asked = Asked(options.config, options.port, trainees, managers, options.records, options.seed)
    os.environ.pop(VARIABLE, None)
    folder = Path(tempfile.mkdtemp(prefix="dzt-"))
    try:
        path, records = train_site(folder / "site", asked.config, asked.port), Records(asked.records)
    except (ConfigError, NotForTraining, RecordError, ValueError) as error:
        shutil.rmtree(folder)
        sys.stderr.write(f"{error}\n")
        return 2
    with os.fdopen(os.dup(2), "w") as out:
        screen = Console(file=out, highlight=False)
        code = _run(asked, path, records, screen, folder / "log.txt")
    if code == 0 and not options.keep:
        shutil.rmtree(folder)
    else:
        sys.stderr.write(f"the training's folder: {folder}\n")
    return code


def _run(asked: Asked, path: Path, records: Records, screen: Console, log: Path) -> int:
    try:
        with hushed(log):
            asyncio.run(until_told(_train(asked, path, records, screen)))
    except asyncio.CancelledError:
        screen.print("the training is over")
    except (NotReady, OSError) as error:
        screen.print(f"[red]{error}[/red]; the log is {log}; if port {asked.port} is taken, name another with --port")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="daozha train", description="a training for operators, on nothing real")
    parser.add_argument("--config", type=Path, default=Path("config.toml"), help="a virtual car park's configuration")
    parser.add_argument("--port", type=_port, default=PORT, help=f"of the training's control room ({PORT})")
    parser.add_argument("--trainee", action="append", metavar="NAME", help="who is trained; again for more people")
    parser.add_argument("--manager", action="append", metavar="NAME", help="who is trained as a manager, also on money")
    parser.add_argument("--records", type=Path, default=_records(), metavar="FILE", help="keeps everybody's marks")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="else other cars every time")
    parser.add_argument("--keep", action="store_true", help="keep the training's folder")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is 1 to 65535")
    return port


def _records() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "daozha" / "training.jsonl"


async def _train(asked: Asked, path: Path, records: Records, screen: Console) -> None:
    """Start everything, say where it is, and serve until cancelled. Raises NotReady or OSError."""
    config, clock = load(path), clock_from()
    assert config.training is not None  # noqa: S101 - written a moment ago
    key = make_key(config)
    await asyncio.to_thread(let_them_meet, config, clock.now())

    def say(text: str) -> None:
        screen.print(text, style="dim")

    async with AsyncExitStack() as stack:
        truth = stack.enter_context(TruthLog(truth_path(config), clock))
        cars = CarPark(config, clock, clock.speed, truth)
        trained = {**dict.fromkeys(asked.trainees, "operator"), **dict.fromkeys(asked.managers, "manager")}
        people = {**trained, TRAINER: "administrator", ASSISTANT: "administrator"}
        passwords = await hire(config, clock, people)
        keepers = await processes(stack, config, path, clock, say, READY_S)
        books = SiteBooks(config)
        stack.callback(books.close)
        desk = Desk(f"http://127.0.0.1:{asked.port}", ASSISTANT, passwords.pop(ASSISTANT))
        stack.callback(desk.close)
        assistant = Assistant(desk, [lane.id for lane in config.lanes])
        ground = Ground(config, clock, cars, keepers, books, assistant)
        room = TrainingRoom(ground, records, asked.seed, say)
        await stack.enter_async_context(working(cars.run()))
        stack.push_async_callback(room.close)
        await stack.enter_async_context(TrainingDoor(room, config.training.door, key))
        _welcome(screen, asked, passwords)
        await asyncio.Event().wait()


def _welcome(screen: Console, asked: Asked, passwords: Mapping[str, str]) -> None:
    screen.print("\n[bold]TRAINING 培训[/bold]: nothing here is real")
    screen.print(f"  lessons   http://127.0.0.1:{asked.port}/training")
    for name, password in passwords.items():
        screen.print(f"  sign in   {name}  {password}", markup=False)
    screen.print(f"  records   {asked.records}\nCtrl-C ends it, and its site is thrown away.", markup=False)


if __name__ == "__main__":
    raise SystemExit(main())
