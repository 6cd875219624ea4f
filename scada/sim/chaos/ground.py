"""The ground of a drill with faults: its site's configuration leads through lines that can be spoilt."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import cast
from urllib.parse import urlsplit

import tomli_w

from scada.sim.chaos.line import Line
from scada.sim.chaos.machine import Shim, SmallDisk
from scada.sim.chaos.servers import BUCKET, USER, Server
from scada.sim.trial.ports import HOST, free_ports
from scada.sim.trial.series import TARIFF
from scada.sim.trial.shape import Section
from scada.sim.trial.site import prepare, read_rows, write_rows
from scada.supervise import Part


@dataclass(frozen=True, slots=True)
class Ground:
    """The site's configuration, its simulators', and the lines between them by name.

    `servers`: of tables and history, behind lines too; `disk` and `shim`: as far as the plan needs them.
    """

    site: Path
    sims: Path
    lines: dict[str, Line]
    servers: Mapping[str, Server] = field(default_factory=dict)
    disk: SmallDisk | None = None
    shim: Shim | None = None

    def dressed(self, part: Part) -> Part:
        """Start a process of the site so that what is done to its machine reaches it."""
        return self.shim.dressed(part) if self.shim is not None else part


def make_ground(folder: Path, base: Path, seed: int, servers: Mapping[str, Server]) -> Ground:
    """Write both configurations below `folder`; tables and history are on the servers given. Raises ValueError."""
    sims = prepare(folder, base, tariff=TARIFF)
    content = tomllib.loads(sims.read_text(encoding="utf-8"))
    random = Random(seed)  # noqa: S311 a play, no secret
    lines: dict[str, Line] = {}

    def through(name: str, port: int) -> int:
        lines[name] = Line(name, free_ports(1)[0], port, random)
        return lines[name].port

    devices = read_rows(folder / "devices.csv")
    for number, device in enumerate(devices):
        device["port"] = str(through(f"plc:{number}", int(device["port"])))
    write_rows(folder / "site-devices.csv", devices)
    cast("Section", content["tags"])["devices"] = str(folder / "site-devices.csv")
    for number, camera in enumerate(cast("list[Section]", content["cameras"])):
        _lead(camera, "source", lambda port, name=f"camera:{number}": through(name, port))  # type: ignore[misc]
    wechat = cast("Section", content["wechat"])
    _lead(wechat, "base_url", lambda port: through("wechat", port))
    _lead(wechat, "notify_url", lambda port: through("notices", port))
    if (tables := servers.get("postgres")) is not None:
        file = folder / "database_url.txt"
        file.touch(mode=0o600)
        file.write_text(f"postgresql://{USER}@{HOST}:{through('postgres', tables.port)}/postgres\n", encoding="utf-8")
        content["database"] = {"url_file": str(file)}
    if (history := servers.get("influx")) is not None:
        url = f"http://{HOST}:{through('influx', history.port)}"
        cast("Section", content["history"])["influx"] = {"url": url, "bucket": BUCKET}
    site = folder / "site.toml"
    site.write_text(tomli_w.dumps(content), encoding="utf-8")
    return Ground(site, sims, lines, servers)


def _lead(section: Section, key: str, through: Callable[[int], int]) -> None:
    """Let an address lead through a line."""
    url = urlsplit(str(section[key]))
    if url.port is not None:
        section[key] = url._replace(netloc=f"{HOST}:{through(url.port)}").geturl()


def tear_log(folder: Path, random: Random) -> Iterator[str]:
    """Leave half a frame of garbage at the end of each SQLite log, as a power cut does to what was not synced.

    What was synced stays: the tables promise it. The shared index beside the log is memory, and is gone.
    """
    for log in sorted(folder.rglob("*.db-wal")):
        with log.open("ab") as file:
            torn = random.randrange(1, 4096)
            file.write(random.randbytes(torn))
        log.with_name(log.name.replace("-wal", "-shm")).unlink(missing_ok=True)
        yield f"{log.name} +{torn} bytes"
