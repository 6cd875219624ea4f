"""How one of two servers comes to lead, holds its lead, and ends with it (docs/decisions/0075).

Who follows looks again and again whether the lease is free. Who leads renews it from the plant's own loop: a plant
whose loop stands still leads no more. A leader that could not renew stops commanding by its own clock, then ends.
"""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from socket import gethostname
from typing import Final, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scada.clock import boot_seconds
from scada.config import Config, ConfigError
from scada.engine.tags import TagTable
from scada.model.lease import LEADS, Follow, Others, Role, Server, Sight, Standing, Terms, judge, others, sighted
from scada.model.tag import TagName
from scada.ports import JournalEntry
from scada.store.db import StoreError, migrate
from scada.store.journal import SqlJournal
from scada.store.leasebook import LeaseBook, Renewed
from scada.store.mapversions import MapVersions
from scada.store.sql.fence import Fence

FOLLOW_S: Final = 0.5
MOVED_S: Final = 300.0
"""So long it is shown that another server has led before."""
_STATE, _MOVED = TagName("site.standby"), TagName("site.lead_moved")

T = TypeVar("T")
log = structlog.get_logger()


class LeadLost(Exception):
    """The lead is another's, or nobody's: the plant must end."""


class Desk:
    """What both a follower and a leader need: the book in a thread of its own, who we are, and what we tell."""

    def __init__(self, config: Config, url: str) -> None:
        if config.standby is None:
            raise ConfigError("there is no section [standby]")
        self.config, self.terms = config, Terms(config.standby.lease_s)
        self.name = config.standby.name or gethostname()
        self._url, self._has_tables = url, False
        self._book = LeaseBook(url, config.site_id, self.terms)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lease")
        self._id, self._boot = own_id(config.data), boot_id()

    async def ask(self, call: Callable[[LeaseBook, Server], T]) -> T:
        """Ask the book. Raises StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: call(self._book, self.me()))

    async def have_tables(self) -> None:
        """Make the tables where nobody ever did: whoever leads makes them anew afterwards. Raises StoreError."""
        if not self._has_tables and not await self.ask(lambda book, _me: book.has_tables()):
            await asyncio.to_thread(migrate, self._url)
        self._has_tables = True

    def me(self) -> Server:
        """Say who this server is, and what it has that both must have alike. Blocks."""
        return Server(self.name, self._id, keys_of(self.config), files_of(self.config))

    async def tell(self, role: Role, leader: str, epoch: int, until_s: float, why: str = "") -> None:
        """Write down for the processes beside us whether we lead; a disk that is full stops nothing."""
        standing = Standing(role, self.name, leader, epoch, until_s, self._boot, why)
        await asyncio.to_thread(_put, self.config.standing, standing.written())

    def close(self) -> None:
        """Hang up, whatever still hangs there."""
        self._thread.submit(self._book.close)
        self._thread.shutdown(wait=False)


class Lead:
    """The lead of this server: `fence` for its tables, `holds` for its PLCs. `keep` renews it until it is lost."""

    def __init__(self, desk: Desk, epoch: int, began_s: float, before: str) -> None:
        self._desk, self.epoch, self.before = desk, epoch, before
        self.fence = Fence(desk.config.site_id, epoch)
        self.others: Others = "missing"
        self.wanted_elsewhere = asyncio.Event()
        """Set when a person wants another server to lead."""
        self._began_s, self._until_s = began_s, began_s + desk.terms.reach_s

    def holds(self) -> bool:
        """Say whether this server leads at this moment; any thread may ask."""
        return boot_seconds() < self._until_s

    @property
    def has_moved(self) -> bool:
        """Say whether another server led until shortly before."""
        return bool(self.before) and boot_seconds() - self._began_s < MOVED_S

    async def keep(self) -> None:
        """Renew until cancelled. Raises LeadLost."""
        while True:
            await self._renew()
            await self._desk.tell("leads", self._desk.name, self.epoch, self._until_s)
            await asyncio.sleep(self._desk.terms.every_s)

    async def _renew(self) -> None:
        began_s = boot_seconds()
        try:
            async with asyncio.timeout(max(self._until_s - began_s, 0.0)):
                told = await self._desk.ask(lambda book, me: (me, book.renew(me, self.epoch)))
        except TimeoutError as error:
            raise LeadLost("the lease could not be renewed in time") from error
        except (StoreError, SQLAlchemyError) as error:
            log.warning("the lease was not renewed", why=str(error)[:200])
            if not self.holds():
                raise LeadLost("the lease could not be renewed in time: PostgreSQL is away") from error
            return
        self._heed(told, began_s)

    def _heed(self, told: tuple[Server, Renewed | None], began_s: float) -> None:
        me, renewed = told
        if renewed is None:
            self._until_s = began_s
            raise LeadLost("the lease has ended, or another server has taken it")
        self._until_s = began_s + self._desk.terms.reach_s
        self.others = others(me, renewed.alive)
        if renewed.heir not in (None, self._desk.name):
            self.wanted_elsewhere.set()

    async def release(self) -> None:
        """Give the lease up, if it is still ours; whoever hangs is not waited for."""
        until_s, self._until_s = self._until_s, 0.0
        with suppress(StoreError, SQLAlchemyError, TimeoutError):
            async with asyncio.timeout(min(max(until_s - boot_seconds(), 0.0), 1.0)):
                await self._desk.ask(lambda book, _me: book.release(self.epoch))
                await self._desk.tell("follows", "", self.epoch, 0.0, "this server has stopped")


@asynccontextmanager
async def led(desk: Desk, lead: Lead) -> AsyncIterator["asyncio.Task[None]"]:
    """Hold the lead while the body runs, then give it up; the task ends when it is lost."""
    keeping = asyncio.create_task(lead.keep(), name="keep the lease")
    try:
        yield keeping
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await lead.release()
        desk.close()


class Follower:
    """Follows until this server may lead. `say` hears whenever the reason has changed."""

    def __init__(self, desk: Desk, say: Callable[[str], None]) -> None:
        self._desk, self._say = desk, say
        self._sight: Sight | None = None
        self._said = ""

    async def lead(self) -> Lead:
        """Follow, then lead."""
        while True:
            try:
                done = await self._look()
            except (StoreError, SQLAlchemyError) as error:
                done = Follow(f"nobody can say who leads: {error}"[:200])
            if isinstance(done, Lead):
                return done
            await self._tell(done.why)
            await asyncio.sleep(FOLLOW_S)

    async def _look(self) -> Lead | Follow:
        """Look at the lease once, and take it if that may be."""
        desk, now_s = self._desk, boot_seconds()
        await desk.have_tables()
        me, seen = await desk.ask(lambda book, me: (me, book.look(me, self._said)))
        self._sight = None if seen is None else sighted(self._sight, seen, now_s)
        still_s = 0.0 if self._sight is None else now_s - self._sight.since_s
        verdict = judge(seen, me, still_s, desk.terms)
        if isinstance(verdict, Follow):
            return verdict
        began_s = boot_seconds()
        epoch = await desk.ask(lambda book, me: book.take(me, seen))
        if epoch is None:
            return Follow("another server was quicker")
        before = "" if seen is None or seen.holder_id == me.id else seen.holder
        log.warning("this server leads", epoch=epoch, before=before or "nobody else")
        await desk.tell("leads", desk.name, epoch, began_s + desk.terms.reach_s)
        return Lead(desk, epoch, began_s, before)

    async def _tell(self, why: str) -> None:
        leader = why.removesuffix(LEADS) if why.endswith(LEADS) else ""
        await self._desk.tell("follows", leader, 0 if self._sight is None else self._sight.epoch, 0.0, why)
        if why != self._said:
            self._said = why
            log.info("standing by", why=why)
            self._say(f"standing by: {why}")


class StandbyWatch:
    """Shows whether another server could go on, and whether the lead has moved."""

    def __init__(self, lead: Lead | None, tags: TagTable, journal: SqlJournal) -> None:
        self._lead, self._tags, self._journal = lead, tags, journal

    async def run(self) -> None:
        """Show it until cancelled."""
        lead = self._lead
        if lead is not None:
            body: dict[str, object] = {"epoch": lead.epoch, "before": lead.before}
            await self._journal.append([JournalEntry("event", "standby", "this server leads", body=body)])
        while True:
            self._tags.set_all(
                {_STATE: "none" if lead is None else lead.others, _MOVED: lead is not None and lead.has_moved}
            )
            await asyncio.sleep(1.0)


def own_id(data: Path) -> str:
    """Give the number of this server's data folder, made at the first asking. Blocks."""
    path = data / "run" / "server.id"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError), path.open("x", encoding="ascii") as file:
        file.write(secrets.token_hex(16))
    return path.read_text(encoding="ascii").strip()


def boot_id() -> str:
    """Name this run of the machine: its seconds count from there. Blocks."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def keys_of(config: Config) -> str:
    """Give a digest of the keys that this site made for itself; nothing while there are none. Blocks."""
    files = sorted((config.data / "keys").glob("*.key"))
    return _digest(config.data, files) if files else ""


def files_of(config: Config) -> str:
    """Give a digest of the tag map, the days off and the tariffs, which lie in each server's folders. Blocks.

    The first version of a map is that of the site's own files: who has never led has none.
    """
    active = MapVersions(config.data / "maps").active()
    brought = "" if active is None or active.number == 1 else active.sha
    own = brought + _digest(config.data, [config.data / "holidays.csv"])
    tables = [config.beside(config.tags.map), config.beside(config.tags.devices)]
    tariffs = sorted(config.beside(config.tariff.folder).glob("*.toml"))
    beside = "".join(_digest(path.parent, [path]) for path in (*tables, *tariffs))
    return hashlib.sha256((own + beside).encode()).hexdigest()


def _digest(root: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        with suppress(OSError):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _put(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    with suppress(OSError):
        new.write_text(text, encoding="utf-8")
        new.replace(path)
