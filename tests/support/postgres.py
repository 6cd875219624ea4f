"""A real PostgreSQL for tests: one server a test process, and a fresh database a test from a migrated template."""

import os
import select
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from signal import SIGINT, SIGQUIT
from threading import Thread
from time import monotonic, sleep
from typing import Any, Literal, Self

import psycopg

from scada.sim.trial.ports import free_port
from scada.store.db import migrate
from tests.support.store import on

USER = "daozha"
STOP_S = 20
QUICK = ("fsync=off", "full_page_writes=off")
"""Nobody pulls the plug of a test's machine; the tests of kills leave these out."""
SMALL = ("shared_buffers=16MB", "max_connections=60", "autovacuum=off", "jit=off", "log_min_messages=fatal")
Signal = Literal["fast", "immediate"]


class PostgresProcess:
    """One server with its data. `stop` keeps the data; `port` 0 listens on a Unix socket only."""

    def __init__(self, *settings: str, tcp: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dz-pg-"))
        self.port = free_port() if tcp else 5432
        self._host = "127.0.0.1" if tcp else str(self.folder)
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        listen = "127.0.0.1" if tcp else ""
        places = (f"listen_addresses={listen}", f"port={self.port}", f"unix_socket_directories={self.folder}")
        self._settings = [part for one in (*SMALL, *places, *settings) for part in ("-c", one)]

    def __enter__(self) -> Self:
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        how = ("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", f"--username={USER}")
        made = self._run(_binary("initdb"), "--pgdata", str(self.folder / "data"), *how)
        assert made.wait(60) == 0, "initdb failed"
        self.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        dies_with_us = ("setpriv", "--pdeathsig", "QUIT")
        self._process = self._run(*dies_with_us, _binary("postgres"), "-D", str(self.folder / "data"), *self._settings)
        deadline = monotonic() + STOP_S
        while not self._answers():
            assert monotonic() < deadline, f"postgres did not answer within {STOP_S} s"
            sleep(0.02)

    def stop(self, how: Signal = "fast") -> None:
        """Stop the server: `fast` ends its connections in order, `immediate` is what a power cut does to it."""
        if self._process is None:
            return
        self._process.send_signal(SIGINT if how == "fast" else SIGQUIT)
        self._process.wait(STOP_S)
        self._process = None

    def ended(self, within_s: float) -> None:
        """Wait until the server has ended by itself."""
        assert self._process is not None
        self._process.wait(within_s)

    def url(self, name: str = "postgres") -> str:
        """Give the URL of a database."""
        where = f"127.0.0.1:{self.port}" if self._host == "127.0.0.1" else ""
        return f"postgresql+psycopg://{USER}@{where}/{name}" + ("" if where else f"?host={self._host}")

    def make(self, template: str = "template0") -> str:
        """Make a database and give its name."""
        name = f"t{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Take a database away, whoever is still in it."""
        self.ask(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def ask(self, statement: str, name: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as an administrator would, and give its rows."""
        with psycopg.connect(
            dbname=name, host=self._host, port=self.port, user=USER, connect_timeout=2, autocommit=True
        ) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "postgres ended: " + (self.folder / "log").read_text()[-2000:]
        with suppress(psycopg.OperationalError):
            return bool(self.ask("SELECT 1"))
        return False

    def _run(self, *command: str) -> subprocess.Popen[bytes]:
        as_user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, **(as_user if os.getuid() == 0 else {})
            )


class Postgres(PostgresProcess):
    """A server for many tests: every database it gives has all tables and no rows."""

    def __init__(self) -> None:
        super().__init__(*QUICK)
        self._template = ""
        self._made: dict[str, str] = {}

    def database(self, name: str, *, migrated: bool = True) -> str:
        """Give the URL of the database of this name, made if it is asked for the first time."""
        if name not in self._made:
            self._made[name] = self.make(self._all_tables() if migrated else "template0")
        return self.url(self._made[name])

    def _all_tables(self) -> str:
        if not self._template:
            self._template = self.make()
            migrate(self.url(self._template))
        return self._template

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let the tests' databases be this server's; take away what was made."""
        with on(self):
            yield
        for name in self._made.values():
            self.drop(name)
        self._made.clear()


def _binary(name: str) -> str:
    """Find a program of the newest PostgreSQL on this machine; Debian keeps them off the path."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(kept[-1]) if kept else shutil.which(name)
    assert found is not None, f"there is no {name}: make setup-test installs PostgreSQL"
    return found


class Swallower:
    """A way to a server that breaks before a commit's answer comes back: the server has it, nobody hears of it."""

    def __init__(self, server: PostgresProcess) -> None:
        self._server = server
        self._door = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self._thread.join(STOP_S)

    def url(self, name: str) -> str:
        """Give the URL of a database behind it."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self._door.getsockname()[1]}/{name}"

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._door.accept()
                with near, socket.socket(socket.AF_UNIX) as far:
                    far.connect(str(self._server.folder / ".s.PGSQL.5432"))
                    self._carry(near, far)

    @staticmethod
    def _carry(near: socket.socket, far: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([near, far], [], [])
            for one in ready:
                data = one.recv(65536)
                (far if one is near else near).sendall(data)
                if b"COMMIT\0" in data:
                    far.recv(65536)
                    return
                if not data:
                    return
