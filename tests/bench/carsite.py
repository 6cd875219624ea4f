"""A site for a bench, run as `daozha run` and `daozha sim` run it.

As a program (`python -m tests.bench.carsite CONFIG EVERY_S`) it runs until its standard input ends. Cars come as at
rush hour, one every so many seconds, with an operator at the desk; for 0 there are only plant, control room, PLCs and
WeChat. As a module it is the handle on that program, with a PLC of the bench's own: stamps with edges, and words that
change.
"""

import asyncio
import csv
import json
import logging
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tomli_w

from scada.clock import VARIABLE, clock_from, clock_setting
from scada.config import load
from scada.log import log_to_stderr
from scada.sim.carpark import sim_of, simulators, started, way
from scada.sim.run import Show
from scada.sim.scenario import Casting, Pace
from scada.sim.trial.ports import free_port
from scada.sim.trial.running import hire, running
from scada.sim.trial.site import prepare, read_rows
from scada.supervise import parts
from tests.bench.libmodbus import serving
from tests.support.hmi import ROOT

STAMPS = 16
FIRST_WORD = 125
"""The register of the first word that changes; `libmodbus_bench site` refuses those from 1125 on when told to."""
REFUSED = 1000
"""So many words stand before the ones that may be refused."""
EDGES = tuple(f"edge.s{number:02d}" for number in range(STAMPS))
DWELL_REAL_S = (40.0, 150.0)
STOP_S = 60.0
READY_S = 240.0
"""So long a part may take on a machine that is busy with other things."""
Row = Mapping[str, object]


def word(number: int) -> str:
    """Name one of the words that change."""
    return f"bench.w{number:05d}"


def map_rows(words: int, scan: str) -> list[dict[str, str]]:
    """Write the tags of the bench's PLC: the stamps, and so many words."""
    stamps = [
        {"tag": name, "device": "bench", "address": f"HR{4 * number}", "type": "u64", "access": "ro", "class": scan}
        for number, name in enumerate(EDGES)
    ]
    return stamps + [
        {"tag": word(number), "device": "bench", "address": f"HR{FIRST_WORD + number}", "type": "u16"}
        | {"access": "ro", "class": scan}
        for number in range(words)
    ]


def write_site(
    folder: Path, port: int, words: int, scan: str, alarms: Sequence[Row], history: Row | None, *, bare: bool
) -> Path:
    """Write the shipped site on free ports, with drawn scenes, the bench's PLC and its alarms; gives its config.

    `bare`: without cameras.
    """
    path = prepare(folder, ROOT / "config.toml", timing={"t_help_s": 30.0})
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    content["sim"].pop("photos", None)
    if bare:
        content["cameras"] = []
    tags, devices = read_rows(Path(content["tags"]["map"])), read_rows(folder / "devices.csv")
    plc = {"device": "bench", "protocol": "modbus-tcp", "host": "127.0.0.1", "port": str(port), "max_gap": "0"}
    write_rows(folder / "tags.csv", [*tags, *map_rows(words, scan)])
    write_rows(folder / "devices.csv", [*devices, {**dict.fromkeys(devices[0], ""), **plc}])
    content["tags"].update(map=str(folder / "tags.csv"))
    if history is not None:
        content["history"] = dict(history)
    if alarms:
        content["alarm"] = [dict(one) for one in alarms]
    path.write_text(tomli_w.dumps(content), encoding="utf-8")
    return path


def write_rows(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write a CSV table; what a row does not have is empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True, slots=True)
class BenchSite:
    """A running site. `pids` are its processes by name: plant, control, plc1 …, and bench: the bench's own PLC."""

    path: Path
    url: str
    port: int
    name: str
    password: str
    pids: Mapping[str, int]
    field_ports: Mapping[str, int]


@contextmanager
def bench_site(
    folder: Path,
    program: Path,
    *,
    words: int = 0,
    scan: str = "fast",
    percent: int = 10,
    edge_ms: int = 300,
    every_s: float = 0.0,
    speed: float = 1.0,
    alarms: Sequence[Row] = (),
    history: Row | None = None,
) -> Iterator[BenchSite]:
    """Run a site while the block lasts. `program`: the compiled peers. What it logs goes to a file in its folder."""
    port = free_port()
    path = write_site(folder, port, words, scan, alarms, history, bare=not every_s)
    config = load(path)
    clock = {} if speed == 1.0 else {VARIABLE: clock_setting(speed)}
    with ExitStack() as stack:
        bench = stack.enter_context(serving(program, "site", port, percent, edge_ms))
        log = stack.enter_context((folder / "log.txt").open("w", encoding="utf-8"))
        command = [sys.executable, "-m", "tests.bench.carsite", str(path), f"{every_s}"]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **clock},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            told = json.loads(_first_line(process, folder))
            web, sim = config.web.control, config.sim
            yield BenchSite(
                path,
                f"http://{web.host}:{web.port}",
                web.port,
                told["person"][0],
                told["person"][1],
                {**told["pids"], "bench": bench},
                dict(sim.field_ports) if sim else {},
            )
        finally:
            _stop(process)


def _first_line(process: "subprocess.Popen[str]", folder: Path) -> str:
    line = process.stdout.readline() if process.stdout is not None else ""
    if not line:
        raise RuntimeError(f"the site did not come up: {(folder / 'log.txt').read_text(encoding='utf-8')[-2000:]}")
    return line


def _stop(process: "subprocess.Popen[str]") -> None:
    try:
        process.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def named_children(parent: int) -> dict[str, int]:
    """Give the processes that another has started, by what they are."""
    found: dict[str, int] = {}
    pids = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    for pid in map(int, pids):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        module = words[words.index("-m") + 1] if "-m" in words else ""
        device = words[words.index("--device") + 1] if "--device" in words else ""
        found[device or {"scada.app": "plant"}.get(module, module.rpartition(".")[2])] = pid
    return found


async def _run(path: Path) -> None:
    """Run plant, control room, PLCs and WeChat until standard input ends."""
    config, clock = load(path), clock_from()
    passwords = await hire(config, clock, {"bench": "operator"})
    everything = [replace(part, ready_s=READY_S) for part in (*simulators(config, path), *parts(path, with_sim=False))]
    sims = [part for part in everything if part.name in (*sim_of(config).field_ports, "wechat")]
    site = [part for part in everything if part.name in ("plant", "control")]
    async with AsyncExitStack() as stack:
        for together in (sims, *([part] for part in site)):
            await stack.enter_async_context(started(together, clock, lambda _name, _line: None))
        _tell("bench", passwords["bench"])
        await asyncio.to_thread(sys.stdin.read)


def _tell(name: str, password: str) -> None:
    sys.stdout.write(json.dumps({"person": [name, password], "pids": named_children(os.getpid())}) + "\n")
    sys.stdout.flush()


async def _run_with_cars(path: Path, every_s: float) -> None:
    """Run everything until standard input ends, and send cars."""
    config, clock = load(path), clock_from()
    async with running(path, clock, lambda _: None) as site:
        _tell(site.second["second_name"], site.second["second_password"])
        low, high = (s / 60 * clock.speed for s in DWELL_REAL_S)
        pace = Pace(every_s, (low, high), (low + high) / 2, clock.speed)
        casting = Casting("normal", 9, pace, way(config))
        sending = asyncio.create_task(Show(config, site.cars, casting, clock).send())
        await asyncio.to_thread(sys.stdin.read)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


def main() -> None:
    """Run; the site's log is our standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log_to_stderr(ours=logging.WARNING)
    path, every_s = Path(sys.argv[1]), float(sys.argv[2])
    asyncio.run(_run_with_cars(path, every_s) if every_s else _run(path))


if __name__ == "__main__":
    main()
