"""The plant as a process: it comes up alone, and stops when it is told to, whoever is connected."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from pyModbusTCP.client import ModbusClient
from sqlalchemy import select

from scada.__main__ import main
from scada.app import STOP_S
from scada.bridge import Bridge, Refused
from scada.config import Config, load
from scada.model.frames import HEADER_BYTES, PROTOCOL, body_length, framed
from scada.sim.trial.ports import free_port
from scada.sim.trial.site import prepare
from scada.store.db import connected
from scada.store.schema import journal
from tests.support.billing import ROOT, wechat_process
from tests.support.postgres import Postgres
from tests.support.serving import serving

EXIT_S = 20.0
"""How long an interpreter may take to end on a busy computer."""


@pytest.fixture
def site() -> Iterator[Path]:
    """A site below a short path, for its Unix sockets; of its simulators only WeChat runs."""
    with tempfile.TemporaryDirectory(prefix="dz-") as folder:
        path = prepare(Path(folder), ROOT / "config.toml")
        with wechat_process(load(path)):
            yield path


@contextmanager
def plant_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "scada.app", "--config", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            while line := process.stdout.readline():
                if line == "READY\n":
                    break
            else:
                raise AssertionError(f"the plant did not come up: exit code {process.wait(5)}")
            yield process
        finally:
            process.kill()


def stop(process: subprocess.Popen[str]) -> None:
    """Tell the plant to stop: it does so by itself, for one that had to be ended by force after `STOP_S` says 1."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(STOP_S + EXIT_S) == 0


def test_a_plant_that_reaches_no_device_comes_up_and_stops_in_time(site: Path) -> None:
    with plant_process(site) as process:
        stop(process)


def test_whoever_guesses_at_the_drivers_door_of_a_plant_is_written_down(site: Path) -> None:
    config = load(site)
    with plant_process(site) as process, Bridge(config.socket("public"), "public") as bridge:
        assert isinstance(bridge.ask("claim_view", {"token": "0" * 22}, within_s=20.0), Refused)
        stop(process)
    with connected(f"sqlite:///{config.data / 'daozha.db'}") as conn:
        bodies = list(conn.scalars(select(journal.c.body).where(journal.c.what == "was refused")))
    assert [(body["verb"], body["code"]) for body in bodies] == [("claim_view", "gone")]


def test_a_plant_on_postgresql_makes_its_tables_there_and_says_so_in_its_journal(postgres: Postgres) -> None:
    with tempfile.TemporaryDirectory(prefix="dz-") as folder:
        secret, name = Path(folder) / "url", postgres.make()
        secret.touch(0o600)
        secret.write_text(postgres.url(name), encoding="utf-8")
        path = prepare(Path(folder) / "s", ROOT / "config.toml", database=secret)
        with wechat_process(load(path)), plant_process(path) as process:
            stop(process)
        assert not (Path(folder) / "s" / "data" / "daozha.db").exists()
    query = "SELECT what FROM journal WHERE actor = 'plant' ORDER BY n"
    assert [what for (what,) in postgres.ask(query, name)][-1] == "stopped"
    postgres.drop(name)


def test_a_plant_with_web_processes_that_do_not_read_stops_in_time(site: Path) -> None:
    with plant_process(site) as process:
        asyncio.run(_connect_and_stop(load(site), process))


async def _connect_and_stop(config: Config, process: subprocess.Popen[str]) -> None:
    reader, writer = await asyncio.open_unix_connection(config.socket("control"))
    writer.write(framed(orjson.dumps({"hello": PROTOCOL, "app": "control"})))
    hello = orjson.loads(await reader.readexactly(body_length(await reader.readexactly(HEADER_BYTES))))
    assert hello["hello"] == PROTOCOL
    try:
        await asyncio.to_thread(stop, process)
    finally:
        writer.transport.abort()


def test_a_stop_while_it_starts_is_heeded(site: Path) -> None:
    command = [sys.executable, "-m", "scada.app", "--config", str(site)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        while not (load(site).data / "daozha.db").exists():
            assert process.poll() is None
            os.sched_yield()
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S + EXIT_S) == 0


def test_a_plant_with_a_section_for_it_lets_other_systems_read(site: Path) -> None:
    port = free_port()
    with site.open("a", encoding="utf-8") as file:
        file.write(f'\n[serve]\ntags = ["zone.*"]\n[serve.modbus]\nport = {port}\nmap = "modbus.csv"\n')
    assert main(["serve", "map", "--config", str(site), "--write"]) == 0
    rows = (site.parent / "modbus.csv").read_text("utf-8").splitlines()
    cars = next(row.split(",") for row in rows if row.startswith("zone.lot.cars,"))
    with plant_process(site) as plant:
        asyncio.run(_read_along(site, port, int(cars[3].removeprefix("IR"))))
        stop(plant)


async def _read_along(site: Path, port: int, quality: int) -> None:
    """Run the serving process until a zone's cars are good over Modbus."""
    async with serving(site):
        client = ModbusClient("127.0.0.1", port, auto_open=True)
        found: list[int] | None = None
        for _ in range(500):
            found = await asyncio.to_thread(client.read_input_registers, quality, 3)
            if found == [0, 0, 0]:
                break
            await asyncio.sleep(0.02)
        client.close()
        assert found == [0, 0, 0]
