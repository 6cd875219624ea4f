"""Let the leader of two servers fail again and again in a rush hour: `python -m tests.soak.failover --times 20`.

Two servers follow each other over one PostgreSQL, behind nginx; PLCs, cameras, WeChat and cars go on. The leader is
killed with all its processes and comes back later, or it stands still past its lease and wakes up. Afterwards the judge
compares what happened with what is written down.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic
from typing import Any

import tomli_w

from scada.clock import VARIABLE, clock_from, clock_setting
from scada.config import Config, load
from scada.model.lease import Terms
from scada.model.plate import Plate
from scada.secretfile import own_key
from scada.sim.carpark import CarPark, photos, sim_of, simulators, started, way
from scada.sim.drill import DWELL_MIN, EVERY_S, MEDIAN_MIN, hushed, is_good, until_told
from scada.sim.people.operator import Desk, Operator
from scada.sim.scenario import Casting, Pace
from scada.sim.trial.judge import judge_site
from scada.sim.trial.ports import free_port
from scada.sim.trial.reported import ask_platform
from scada.sim.trial.running import NAME, hire, truth_path, working
from scada.sim.trial.site import prepare
from scada.sim.trial.trust import let_them_meet
from scada.sim.trial.truth import TruthLog
from scada.store.leasebook import LeaseBook
from scada.supervise import parts
from tests.support.postgres import PostgresProcess

ROOT = Path(__file__).parents[2]
SPEED = 240.0
LEASE_S = 5.0
CARS_A_TIME = 3
APART_S = (8.0, 16.0)
"""How long a leader leads before it fails."""
AWAY_S = (8.0, 14.0)
"""How long it is then dead, or stands still."""
TAKE_S = 60.0
START_S = 180.0
LOOK_S = 0.05
WEB = ("control", "public", "devices")


class OneServer:
    """The processes of one server, each begun anew when it has ended by itself, as `daozha run` does."""

    def __init__(self, name: str, config: Path, folder: Path) -> None:
        self.name = name
        self._parts = {part.name: part for part in parts(config, with_sim=False)}
        self.log = folder / f"{name}.log"
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.wanted = False

    def start(self) -> None:
        """Begin all that does not run."""
        self.wanted = True
        with self.log.open("ab") as log:
            for name, part in self._parts.items():
                if name not in self._running or self._running[name].poll() is not None:
                    self._running[name] = subprocess.Popen(
                        ("setpriv", "--pdeathsig", "KILL", *part.command),
                        stdout=log,
                        stderr=log,
                        cwd=ROOT,
                        start_new_session=True,
                    )

    def signal(self, number: int) -> None:
        """Tell all its processes at once; killed ones stay dead until `start`."""
        self.wanted = self.wanted and number != signal.SIGKILL
        for process in self._running.values():
            if process.poll() is None:
                os.killpg(process.pid, number)
        if number == signal.SIGKILL:
            for process in self._running.values():
                process.wait(10)

    def claims(self) -> int:
        """Count how often its plant has asked for the claim of a lane."""
        return self.log.read_bytes().count(b"claim asked for") if self.log.exists() else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; one JSON object on standard output. 0: all fail-overs done and nothing broken."""
    parser = argparse.ArgumentParser(prog="failover", description="a rush hour in which the leading server fails")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cars", type=int, help=f"how many come (default: {CARS_A_TIME} a fail-over)")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    asked = parser.parse_args(arguments)
    os.environ[VARIABLE] = clock_setting(SPEED)
    folder = Path(tempfile.mkdtemp(prefix="dz-"))
    with hushed(folder / "log.txt"):
        cars = asked.cars or CARS_A_TIME * asked.times
        result = asyncio.run(until_told(_drill(folder, asked.times, cars, asked.seed)))
    good = is_good(result, doubts=asked.times) and result["failovers"] == asked.times
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    if good and not asked.keep:
        shutil.rmtree(folder)
    else:
        sys.stderr.write(f"the folder: {folder}\n")
    return 0 if good else 1


async def _drill(folder: Path, times: int, count: int, seed: int) -> dict[str, Any]:
    """Run the two servers and the cars, stop all, and judge."""
    clock = clock_from()
    async with AsyncExitStack() as stack:
        server = await asyncio.to_thread(stack.enter_context, PostgresProcess(tcp=True))
        front, paths = await asyncio.to_thread(_prepare, folder, server)
        config = load(front)
        await asyncio.to_thread(let_them_meet, config, clock.now())
        passwords = await hire(config, clock, {NAME: "operator"})
        await asyncio.to_thread(stack.enter_context, _nginx(folder, config, [load(path) for path in paths.values()]))
        truth = stack.enter_context(TruthLog(truth_path(config), clock))
        cars = CarPark(config, clock, SPEED, truth)
        await stack.enter_async_context(started(simulators(config, front), clock, lambda _name, _line: None))
        for path in paths.values():
            await asyncio.to_thread(shutil.copytree, config.data, load(path).data)
        servers = [OneServer(name, path, folder) for name, path in paths.items()]
        book = LeaseBook(_url(server), config.site_id, Terms(LEASE_S))
        stack.callback(book.close)
        for one in servers:
            stack.callback(one.signal, signal.SIGKILL)
            stack.callback(one.signal, signal.SIGCONT)
            one.start()
        desk = Desk(f"http://127.0.0.1:{config.web.control.port}", NAME, passwords[NAME])
        stack.callback(desk.close)
        operator = Operator(desk, [lane.id for lane in config.lanes], cars.look, SPEED)
        failing = Failing(servers, book, times, Random(seed))  # noqa: S311 - a play, no secret
        await failing.first()
        await stack.enter_async_context(working(cars.run(), operator.run(), _kept(servers)))
        casting = Casting("normal", seed, Pace(EVERY_S, DWELL_MIN, MEDIAN_MIN, SPEED), way(config), photos(config))
        after_s, plates = 0.0, list[Plate]()
        for _ in range(count):
            visit = casting.next(plates)
            plates.append(visit.plate)
            after_s += visit.after_s
            cars.invite(visit, after_s)
        async with asyncio.timeout(START_S + 60.0 * count + 60.0 * times):
            await failing.run()
            while cars.exited < count:
                cars.changed.clear()
                await cars.changed.wait()
            await asyncio.sleep(5.0)  # what is on its way is written down
        platform = await asyncio.to_thread(ask_platform, sim_of(config).wechat_port)
        for one in servers:
            one.wanted = False
            one.signal(signal.SIGTERM)
        await asyncio.sleep(5.0)
        facts = await asyncio.to_thread(judge_site, config, truth_path(config), platform)
    counted = {"cars": count, "entered": cars.entered, "exited": cars.exited, "seed": seed}
    return {**failing.told(), **counted, **facts}


class Failing:
    """Lets whoever leads fail, and measures until another commands the lanes."""

    def __init__(self, servers: Sequence[OneServer], book: LeaseBook, times: int, random: Random) -> None:
        self._servers, self._book, self._times, self._random = servers, book, times, random
        self.done: dict[str, int] = {"killed": 0, "stood_still": 0}
        self.leads_s: list[float] = []
        self.commands_s: list[float] = []

    def told(self) -> dict[str, Any]:
        """Say what was done and how long it took."""
        figures = {
            name: {"median": round(median(some), 1), "most": round(max(some), 1)}
            for name, some in (("until_it_leads_s", self.leads_s), ("until_it_commands_s", self.commands_s))
            if some
        }
        return {"failovers": len(self.commands_s), **self.done, **figures}

    async def first(self) -> None:
        """Wait until one leads and commands both lanes."""
        await _when(lambda: any(one.claims() >= 2 for one in self._servers), START_S)

    async def run(self) -> None:
        """Let it fail so many times."""
        for turn in range(self._times):
            await asyncio.sleep(self._random.uniform(*APART_S))
            await self._once(kill=turn % 2 == 0)

    async def _once(self, *, kill: bool) -> None:
        lease = await asyncio.to_thread(self._book.look)
        assert lease is not None
        leader = next(one for one in self._servers if one.name == lease.holder)
        other = next(one for one in self._servers if one is not leader)
        claims, began_s = other.claims(), monotonic()
        leader.signal(signal.SIGKILL if kill else signal.SIGSTOP)
        await _when(lambda: self._holder() == other.name, TAKE_S)
        self.leads_s.append(monotonic() - began_s)
        await _when(lambda: other.claims() >= claims + 2, TAKE_S)
        self.commands_s.append(monotonic() - began_s)
        self.done["killed" if kill else "stood_still"] += 1
        await asyncio.sleep(max(self._random.uniform(*AWAY_S) - (monotonic() - began_s), 0.0))
        if kill:
            leader.start()
        else:
            leader.signal(signal.SIGCONT)

    def _holder(self) -> str:
        lease = self._book.look()
        return "" if lease is None else lease.holder


async def _when(true: Callable[[], bool], within_s: float) -> None:
    """Wait for something that is asked in a thread."""
    deadline = monotonic() + within_s
    while not await asyncio.to_thread(true):
        assert monotonic() < deadline, f"not within {within_s:g} s"
        await asyncio.sleep(LOOK_S)


async def _kept(servers: Sequence[OneServer]) -> None:
    """Begin again what has ended by itself."""
    while True:
        for one in servers:
            if one.wanted:
                one.start()
        await asyncio.sleep(0.5)


def _url(server: PostgresProcess) -> str:
    return server.url("site")


def _prepare(folder: Path, server: PostgresProcess) -> tuple[Path, dict[str, Path]]:
    """Make the database and the configurations: of what stands in front, and of each server."""
    server.ask("CREATE DATABASE site ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")
    secret = folder / "url"
    secret.touch(0o600)
    secret.write_text(_url(server), encoding="utf-8")
    front = prepare(folder / "f", ROOT / "config.toml", database=secret)
    for key in ("plates", "driver"):
        own_key(load(front).data / "keys" / f"{key}.key")
    paths = {}
    for name in ("a", "b"):
        content = tomllib.loads(front.read_text(encoding="utf-8"))
        content["standby"] = {"name": name, "lease_s": LEASE_S}
        content["site"]["data"] = str(folder / name)
        for app in WEB:
            content["web"][app]["port"] = free_port()
        paths[name] = front.with_name(f"{name}.toml")
        paths[name].write_text(tomli_w.dumps(content), encoding="utf-8")
    return front, paths


@contextmanager
def _nginx(folder: Path, front: Config, servers: Sequence[Config]) -> Iterator[None]:
    """Run nginx before both servers as docs/standby.md sets it up."""
    blocks = []
    for app, web in front.web:
        to = "".join(f"server 127.0.0.1:{getattr(one.web, app).port} max_fails=0;" for one in servers)
        blocks.append(f"""
upstream {app} {{ {to} }}
server {{ listen 127.0.0.1:{web.port}; location / {{
  proxy_pass http://{app}; proxy_set_header Host $http_host; proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";
  proxy_connect_timeout 1s; proxy_read_timeout 8s;
  proxy_next_upstream error timeout http_503 non_idempotent; }} }}""")
    temps = " ".join(
        f"{kind}_temp_path {folder}/n-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"daemon off; pid {folder}/n.pid; error_log {folder}/n.log; events {{}}"
    text = f"{head} http {{ access_log off; {temps} {''.join(blocks)} }}"
    file = folder / "nginx.conf"
    file.write_text(text, encoding="utf-8")
    command = ("setpriv", "--pdeathsig", "TERM", "nginx", "-c", str(file), "-g", "worker_processes 1;")
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        stack.callback(process.terminate)
        yield


if __name__ == "__main__":
    sys.exit(main())
