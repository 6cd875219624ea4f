"""What all schedules share, made once: configuration, keys, an empty database, ports, and the time."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from billing.pay.keys import Keys, read_keys
from billing.sim.wechat.keys import Platform, prepare
from scada.config import Config
from scada.store.db import migrate
from tests.support.billing import free_port, made_config
from tests.support.storm.times import SharedClock

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a kill loses nothing that lies there, and nothing waits for a disk


@dataclass(frozen=True)
class Site:
    """The site of all schedules, one after the other."""

    folder: Path
    config: Config
    platform: Platform
    keys: Keys
    clock: SharedClock
    door_port: int

    @property
    def url(self) -> str:
        """The schedule's database."""
        return f"sqlite:///{self.folder / 'now' / 'daozha.db'}"

    def anew(self) -> None:
        """Begin with empty books, at the start of time."""
        self.clock.move_to(0.0)
        now = self.folder / "now"
        shutil.rmtree(now, ignore_errors=True)
        now.mkdir()
        shutil.copy(self.folder / "empty.db", now / "daozha.db")
        (self.platform.folder / "books").unlink(missing_ok=True)
        (self.platform.folder.parent / "wechat.jsonl").unlink(missing_ok=True)


@contextmanager
def made_site() -> Iterator[Site]:
    """Make everything that schedules share."""
    with TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None, prefix="daozha-") as made:
        folder = Path(made)
        door_port = free_port()
        config = made_config(folder, free_port(), door_port)
        platform = prepare(config)
        migrate(f"sqlite:///{folder / 'empty.db'}")
        yield Site(folder, config, platform, read_keys(config), SharedClock(), door_port)
