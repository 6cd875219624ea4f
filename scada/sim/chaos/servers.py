"""Real servers for a drill, where they are installed: PostgreSQL and InfluxDB, each with data of its own."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self

from scada.sim.chaos.kinds import Need
from scada.sim.chaos.machine import MachineError
from scada.sim.trial.ports import HOST, free_ports

USER: Final = "daozha"
BUCKET: Final = "parking"
START_S: Final = 60.0
_SETPRIV: Final = "/usr/bin/setpriv"
_STOP_S: Final = 15.0
_NOBODY_ROOT: Final = "postgres"
"""PostgreSQL does not run as root; Debian's package makes this account."""
_INFLUX: Final = """
reporting-disabled = true
bind-address = "{host}:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "{host}:{port}"
  log-enabled = false
"""


def _postgres_binary(name: str) -> str | None:
    """Find a program of PostgreSQL's server, the newest version's; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    return str(found[-1]) if found else shutil.which(name)


def lacking_servers() -> dict[Need, str]:
    """Say which servers are not to be had here, and why."""
    found: dict[Need, str] = {}
    if _postgres_binary("postgres") is None:
        found[Need.POSTGRES] = "PostgreSQL's server is not installed"
    elif find_spec("psycopg") is None:
        found[Need.POSTGRES] = "psycopg is not installed: pip install daozha[postgres]"
    elif os.getuid() == 0 and not _is_user(_NOBODY_ROOT):
        found[Need.POSTGRES] = f"PostgreSQL does not run as root, and there is no account {_NOBODY_ROOT!r}"
    if shutil.which("influxd") is None:
        found[Need.INFLUX] = "InfluxDB's server (influxd, version 1) is not installed"
    return found


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


class Server:
    """A server's process; what it says goes into a file beside its data. It can be killed and started again.

    `probe`: the command that ends well when it serves; without one it serves when it takes connections.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        folder: Path,
        user: str | None = None,
        probe: Sequence[str] | None = None,
    ) -> None:
        self.port = port
        self._name = name
        self._command = command
        self._folder = folder
        self._log = folder / f"{name}.log"
        self._user = user
        self._probe = probe
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.kill()

    async def start(self) -> None:
        """Start it and wait until it takes connections. Raises MachineError."""
        self._process = process = await asyncio.to_thread(self._begin)
        try:
            async with asyncio.timeout(START_S):
                while not await self._serves():
                    if process.poll() is not None:
                        raise MachineError(f"{self._name} ended with {process.returncode}; see {self._log}")
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise MachineError(f"{self._name} took no connection within {START_S:g} s; see {self._log}") from error

    async def _serves(self) -> bool:
        if self._probe is None:
            return await _takes(self.port)
        asked = partial(subprocess.run, self._probe, capture_output=True, timeout=START_S, check=False)
        return (await asyncio.to_thread(asked)).returncode == 0

    def _begin(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 our own words
                (_SETPRIV, "--pdeathsig", "KILL", *self._command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=self._user,
                cwd=self._folder,
                process_group=0,
            )

    async def kill(self) -> None:
        """Kill it with all its children, as a power cut does."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await asyncio.to_thread(process.wait, _STOP_S)


async def _takes(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def _postgres(folder: Path) -> Server:
    """Make a PostgreSQL with an empty database `postgres` in `folder`. Raises MachineError."""
    initdb, binary = _postgres_binary("initdb"), _postgres_binary("postgres")
    assert initdb is not None  # noqa: S101 nobody asks where it is lacking
    assert binary is not None  # noqa: S101
    user = _NOBODY_ROOT if os.getuid() == 0 else None
    _make_folder(folder, user)
    how = ("--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={USER}")
    command = (initdb, "--pgdata", str(folder / "data"), *how)
    made = subprocess.run(command, capture_output=True, user=user, cwd=folder, text=True, timeout=START_S, check=False)  # noqa: S603
    if made.returncode:
        raise MachineError(f"initdb: {made.stderr.strip()}")
    port = free_ports(1)[0]
    settings = (f"listen_addresses={HOST}", f"port={port}", f"unix_socket_directories={folder}", "shared_buffers=32MB")
    words = [word for setting in settings for word in ("-c", setting)]
    probe = (str(Path(initdb).with_name("pg_isready")), "--quiet", f"--host={HOST}", f"--port={port}")
    return Server("postgres", (binary, "-D", str(folder / "data"), *words), port, folder, user, probe)


def _make_folder(folder: Path, user: str | None) -> None:
    """Make a folder; a user without root's rights reaches and owns it."""
    folder.mkdir(mode=0o700, parents=True)
    if user is not None:
        for above in folder.parents:
            if not (mode := above.stat().st_mode) & 0o001:
                above.chmod(mode | 0o011)
        shutil.chown(folder, user, user)


def _influx(folder: Path) -> Server:
    """Make an InfluxDB in `folder`."""
    binary = shutil.which("influxd")
    assert binary is not None  # noqa: S101 nobody asks where it is lacking
    _make_folder(folder, None)
    port, rpc = free_ports(2)
    config = folder / "influx.conf"
    config.write_text(_INFLUX.format(host=HOST, rpc=rpc, port=port, folder=folder), encoding="utf-8")
    return Server("influx", (binary, "-config", str(config)), port, folder)


def _make_bucket(server: Server) -> None:
    """Make the site's database in an InfluxDB 1. Raises MachineError."""
    asked = f"http://{HOST}:{server.port}/query?q=CREATE+DATABASE+{BUCKET}"
    try:
        with urllib.request.urlopen(urllib.request.Request(asked, b""), timeout=START_S):
            return
    except OSError as error:
        raise MachineError(f"{asked}: {error}") from error


@asynccontextmanager
async def running_servers(needs: Collection[Need | None], folder: Path) -> AsyncIterator[dict[str, Server]]:
    """Run those servers that are needed, with their data below `folder`; gives them by name. Raises MachineError."""
    async with AsyncExitStack() as stack:
        found: dict[str, Server] = {}
        if Need.POSTGRES in needs:
            found["postgres"] = await stack.enter_async_context(await asyncio.to_thread(_postgres, folder / "postgres"))
        if Need.INFLUX in needs:
            found["influx"] = await stack.enter_async_context(await asyncio.to_thread(_influx, folder / "influx"))
            await asyncio.to_thread(_make_bucket, found["influx"])
        yield found
