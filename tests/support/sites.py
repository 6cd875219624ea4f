"""Certificates for plants and control rooms elsewhere, and two real car parks with one control room."""

import asyncio
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import tomli_w

from scada.clock import SystemClock
from scada.config import Config, load
from scada.issuing import Signed, hand_out, issued, new_authority
from scada.sim.trial.ports import free_port
from scada.sim.trial.site import prepare
from scada.store.db import Database, database_url, migrate
from scada.store.operators import Operators
from scada.tls import TlsFiles
from scada.way import TlsWay
from tests.support.billing import ROOT, wechat_process

HOST = "127.0.0.1"
PASSWORD = "correct horse"


@dataclass(frozen=True)
class Authority:
    """An authority in a folder; each name has a folder of its own below it."""

    folder: Path
    signer: Signed

    @classmethod
    def made(cls, folder: Path, name: str = "sites") -> "Authority":
        """Make one."""
        return cls(folder / name, new_authority(name, datetime.now(UTC)))

    def plant(self, name: str = "plant", host: str = HOST) -> TlsFiles:
        """Sign a plant."""
        return self._handed(name, "plant", issued(self.signer, name, [host], datetime.now(UTC)))

    def room(self, name: str = "hq", ended: bool = False, folder: str = "") -> TlsFiles:
        """Sign a control room; `ended`: its certificate was good until yesterday."""
        now = datetime.now(UTC) - (timedelta(days=3) if ended else timedelta(0))
        return self._handed(folder or name, "room", issued(self.signer, name, [], now, 2))

    def _handed(self, name: str, kind: str, signed: Signed) -> TlsFiles:
        folder = self.folder / name
        hand_out(folder, kind, self.signer, signed)
        return TlsFiles(folder / f"{kind}.pem", folder / f"{kind}.key", folder / "ca.pem")


def way(port: int, files: TlsFiles, name: str = HOST) -> TlsWay:
    """Lead to a plant on this machine."""
    return TlsWay(HOST, port, name, files)


DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><rect width="4" height="3" fill="#cde"/></svg>'


def carried(files: TlsFiles, config: Config) -> None:
    """Carry what an authority has handed out to a site's data folder."""
    shutil.copytree(files.certificate.parent, config.data / "sites", dirs_exist_ok=True)


def written(path: Path, name: str, title: str, **more: object) -> Config:
    """Change a site's file: its names, and what else is given. It has no cameras, which are processes."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    content["site"] |= {"id": name, "name": f"{title}停车场", "name_en": f"{name.title()} car park"}
    content |= {"cameras": [], **more}
    path.write_text(tomli_w.dumps(content), encoding="utf-8")
    return load(path)


def with_people(config: Config) -> None:
    """Make a site's tables and its people: each has the same password, and may do what the name says."""

    async def work() -> None:
        url = database_url(config)
        await asyncio.to_thread(migrate, url)
        async with Database(url) as db:
            people = Operators(db, config.site_id, SystemClock())
            for name in ("operator", "manager", "administrator"):
                await people.add(name, name, PASSWORD, must_change=False)

    asyncio.run(work())


@contextmanager
def far_plant(config: Config) -> Iterator["subprocess.Popen[str]"]:
    """Run a real plant without any simulator until the block ends."""
    command = [sys.executable, "-m", "scada.app", "--config", str(config.folder / "config.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            while (line := process.stdout.readline()) != "READY\n":
                assert line, f"the plant did not come up: exit code {process.wait(5)}"
            yield process
        finally:
            process.kill()


@dataclass(frozen=True)
class TwoSites:
    """Two real car parks: `home` has the control room, `north` lets it in."""

    authority: Authority
    home: Config
    north: Config

    @property
    def wall(self) -> str:
        """Where the room is."""
        return f"http://{HOST}:{self.home.web.control.port}"

    @property
    def far(self) -> str:
        """Where the room shows the far plant."""
        return f"http://{HOST}:{self.home.plants[0].port}"


def two_sites(folder: Path) -> TwoSites:
    """Write both, with their tables, people, keys and certificates. The folder's path has to be short."""
    authority, shipped = Authority.made(folder / "authority"), ROOT / "config.toml"
    door, pages = free_port(), free_port()
    rooms = {"port": door, "allowed": [{"name": "hq"}]}
    north = written(prepare(folder / "n", shipped), "north", "北区", rooms=rooms, plan={"background": "lot.svg"})
    (north.folder / "lot.svg").write_text(DRAWING, encoding="utf-8")
    far = {
        "name": "north",
        "title": "北区停车场",
        "title_en": "North car park",
        "address": f"{HOST}:{door}",
        "port": pages,
    }
    home = written(prepare(folder / "h", shipped), "home", "总部", plants=[far])
    with wechat_process(home):
        shutil.copytree(home.data, north.data, dirs_exist_ok=True)
    carried(authority.plant(), north)
    carried(authority.room(), home)
    for site in (north, home):
        with_people(site)
    return TwoSites(authority, home, north)
