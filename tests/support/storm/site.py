"""What all schedules share, made once: configuration, keys, an empty database, ports, and the time."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from billing.pay.keys import Keys, read_keys
from billing.sim.wechat.keys import Platform, prepare
from scada.config import Config
from scada.sim.trial.ports import free_port
from scada.store.db import migrate
from tests.support.billing import made_config
from tests.support.postgres import PostgresProcess
from tests.support.storm.times import SharedClock

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a kill loses nothing that lies there, and nothing waits for a disk


@dataclass
class Site:
    """The site of all schedules, one after the other; `url` is the database of this one."""

    config: Config
    platform: Platform
    keys: Keys
    clock: SharedClock
    door_port: int
    empty: Callable[[], str]
    url: str = ""

    def anew(self) -> None:
        """Begin with empty books, at the start of time."""
        self.clock.move_to(0.0)
        self.url = self.empty()
        (self.platform.folder / "books").unlink(missing_ok=True)
        (self.platform.folder.parent / "wechat.jsonl").unlink(missing_ok=True)


@contextmanager
def made_site(*, on_postgres: bool = False) -> Iterator[Site]:
    """Make everything that schedules share."""
    where = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with TemporaryDirectory(dir=where, prefix="daozha-") as made, ExitStack() as running:
        folder, door_port = Path(made), free_port()
        config = made_config(folder, free_port(), door_port)
        empty = _postgres(running) if on_postgres else _sqlite(folder)
        yield Site(config, prepare(config), read_keys(config), SharedClock(), door_port, empty)


def _sqlite(folder: Path) -> Callable[[], str]:
    migrate(f"sqlite:///{folder / 'empty.db'}")

    def empty() -> str:
        now = folder / "now"
        shutil.rmtree(now, ignore_errors=True)
        now.mkdir()
        shutil.copy(folder / "empty.db", now / "daozha.db")
        return f"sqlite:///{now / 'daozha.db'}"

    return empty


def _postgres(running: ExitStack) -> Callable[[], str]:
    server = running.enter_context(PostgresProcess())
    template = server.make()
    migrate(server.url(template))
    return partial(_copied, server, template, [])


def _copied(server: PostgresProcess, template: str, made: list[str]) -> str:
    while made:
        server.drop(made.pop())
    made.append(server.make(template))
    return server.url(made[-1])
