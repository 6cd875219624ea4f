"""Every store of history behind one face, for tests that hold on all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from scada.clock import VirtualClock
from scada.model.names import SiteId
from scada.model.tag import TagName, TagSpec
from scada.ports import Historian
from scada.settings.stores import Influx
from scada.store.historian.embedded import EmbeddedHistorian
from scada.store.historian.files import reading
from scada.store.historian.queue.letters import Letter, letters
from scada.store.historian.queue.marks import is_looked_through
from scada.store.historian.remote.historian import RemoteHistorian
from scada.store.historian.remote.places import marked_place
from scada.store.historian.remote.roller import PAUSE_S
from tests.support.store import START
from tests.support.timeseries.fake import TOKEN, Fake
from tests.support.timeseries.influx import InfluxProcess
from tests.support.timeseries.victoria import VictoriaProcess

SHANGHAI = ZoneInfo("Asia/Shanghai")
LATER = START + timedelta(days=1)


def _nothing() -> None:
    """Do nothing."""


@dataclass
class Store:
    """A store and what it cannot do. `down` and `up` take its server away and bring it back."""

    site: SiteId
    folder: Path
    settings: Influx | None = None
    token: Path | None = None
    has_text: bool = True
    is_exact: bool = True
    tells_bad_lines: bool = True
    down: Callable[[], None] = _nothing
    up: Callable[[], None] = _nothing
    flush: Callable[[], None] = _nothing
    forget_points: Callable[[], None] = _nothing
    """Let the server forget all points and keep their hours."""
    specs: tuple[TagSpec, ...] = ()
    pause_s: float = PAUSE_S
    """Between two rounds of what makes hours."""
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(LATER))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Historian]:
        """Open the store, as the plant does."""
        async with self._built() as history:
            yield history

    def _built(self) -> Historian:
        if self.settings is None:
            return EmbeddedHistorian(
                self.folder / "history.db", self.site, self.clock, self.specs, zone=SHANGHAI, pause_s=self.pause_s
            )
        queue = self.folder / "queue.db"
        return RemoteHistorian(
            self.settings, self.site, self.clock, queue, self.token, self.specs, zone=SHANGHAI, pause_s=self.pause_s
        )

    async def arrived(self, history: Historian, wanted: Mapping[TagName, int], within_s: float = 30.0) -> None:
        """Wait until so many points of each tag can be read."""
        deadline = monotonic() + within_s
        while (found := await self._found(history, wanted)) != wanted:
            assert monotonic() < deadline, f"{found} arrived within {within_s} s"
            await asyncio.sleep(0.05)

    async def _found(self, history: Historian, names: Iterable[TagName]) -> dict[TagName, int]:
        await asyncio.to_thread(self.flush)
        return {name: len(await history.query(name, START - timedelta(days=1), LATER, 10**6)) for name in names}

    async def hours_made(self, history: Historian, within_s: float = 30.0) -> None:
        """Wait until every hour that is over has been made and has arrived."""
        deadline = monotonic() + within_s
        while await asyncio.to_thread(self._waiting_hours, history):
            assert monotonic() < deadline, f"hours wait after {within_s} s"
            await asyncio.sleep(0.05)

    def _waiting_hours(self, history: Historian) -> int:
        if isinstance(history, RemoteHistorian):
            place = marked_place(history._settings)
            looked = history._queue.within(lambda connection: is_looked_through(connection, place))
            return history._queue.waiting_hours() if looked else 1
        with reading(self.folder / "history.db") as connection:
            return int(connection.execute("SELECT count(*) FROM dirty").fetchone()[0])

    def dead(self) -> list[Letter]:
        """Give what the server refused for good."""
        return letters(self.folder / "queue.db")


def embedded(site: SiteId, folder: Path) -> Store:
    """Give the store without a server."""
    return Store(site, folder)


def on_influx(site: SiteId, folder: Path, server: InfluxProcess) -> Store:
    """Give a database of the real server."""
    server.ask('CREATE DATABASE "conformance"')
    settings = Influx(url=server.url, bucket="conformance", free_mb=64)

    def forget_points() -> None:
        server.ask(f'DROP SERIES FROM "scada" WHERE "site" = \'{site}\'', "conformance")

    return Store(
        site, folder, settings, down=lambda: server.stop(hard=True), up=server.start, forget_points=forget_points
    )


def on_victoria(site: SiteId, folder: Path, server: VictoriaProcess) -> Store:
    """Give the real VictoriaMetrics: numbers only, and bad lines are gone without a word."""
    settings = Influx(url=server.url, bucket="parking", free_mb=64)
    return Store(
        site,
        folder,
        settings,
        has_text=False,
        is_exact=False,
        tells_bad_lines=False,
        down=server.stop,
        up=server.start,
        flush=server.flush,
    )


def on_fake(site: SiteId, folder: Path, server: Fake) -> Store:
    """Give a bucket of the stand-in."""
    token = folder / "token.txt"
    token.write_text(TOKEN)
    token.chmod(0o600)

    def down(is_down: bool) -> None:
        server.is_down = is_down

    settings = Influx(url=server.url, bucket="parking", org="lot", free_mb=64)
    return Store(
        site,
        folder,
        settings,
        token,
        down=lambda: down(True),
        up=lambda: down(False),
        forget_points=lambda: server.stored.forget("scada"),
    )
