"""A real PostgreSQL on a real disk that is full: what was told is there, nothing is half-done, and it comes back."""

import asyncio
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from signal import SIGTERM

import psycopg
import pytest
from sqlalchemy import Connection, select

from scada.bridge import Bridge, Refused
from scada.config import Config, load
from scada.ports import JournalEntry
from scada.sim.trial.site import prepare
from scada.store.db import Database, StoreError, StoreFull, StoreUnknown, connected, migrate
from scada.store.journal import verify, write_entries
from scada.store.schema import journal
from tests.integration.test_store_full_disk import plant, read_on, said
from tests.support.billing import ROOT, wechat_process
from tests.support.postgres import PostgresProcess
from tests.support.smalldisk import SmallDisk
from tests.support.store import SITE, START

MEGABYTES = 160
WITHIN_S = 60.0
_chance = random.Random(7)  # noqa: S311 - what cannot be packed, no secret


@pytest.fixture
def server() -> Iterator[tuple[PostgresProcess, SmallDisk]]:
    """A server whose data, log and tables alike, are on a small disk of their own."""
    process = PostgresProcess()
    with ExitStack() as stack:
        disk = stack.enter_context(SmallDisk(process.folder, MEGABYTES))
        yield stack.enter_context(process), disk


def _told(what: str) -> Callable[[Connection], str]:
    """Journal what takes several pages."""
    body: dict[str, object] = {"noise": _chance.randbytes(20_000).hex()}

    def work(connection: Connection) -> str:
        write_entries(connection, SITE, START, [JournalEntry("event", "plant", what, body=body)])
        return what

    return work


def _all(connection: Connection) -> list[str]:
    assert verify(connection) is None, "the chain is whole"
    return list(connection.scalars(select(journal.c.what).order_by(journal.c.n)))


async def _until_full(db: Database, written: list[str]) -> None:
    for n in range(400):
        written += [await db.write(_told(f"full {n}"))]


def _url(process: PostgresProcess) -> str:
    url = process.url(process.make())
    migrate(url)
    return url


async def test_where_tables_find_no_room_nothing_is_written_and_all_goes_on_when_there_is(
    server: tuple[PostgresProcess, SmallDisk],
) -> None:
    process, disk = server
    url = await asyncio.to_thread(_url, process)
    async with Database(url) as db:
        written = [await db.write(_told(f"{n}")) for n in range(5)]
        await asyncio.to_thread(disk.fill)
        with pytest.raises(StoreFull, match="nothing was written"):
            await _until_full(db, written)
        for _ in range(3):
            with pytest.raises(StoreFull):
                await db.write(_told("lost"))
        assert await db.read(_all) == written, "what is there can be read, and nothing is half-done"
        await asyncio.to_thread(disk.clear)
        written.append(await db.write(_told("again")))
        assert await db.read(_all) == written


async def test_a_server_that_dies_because_its_log_finds_no_room_loses_nothing_that_was_told(
    server: tuple[PostgresProcess, SmallDisk],
) -> None:
    process, disk = server
    url = await asyncio.to_thread(_url, process)
    unknown, told = list[str](), list[str]()
    async with Database(url) as db:
        written = [await db.write(_told(f"{n}")) for n in range(5)]
        await asyncio.to_thread(disk.fill)
        for n in range(2):
            with suppress(psycopg.OperationalError):
                await asyncio.to_thread(process.ask, "SELECT pg_switch_wal()")
            try:
                written += [await db.write(_told(f"after {n}"))]
            except StoreUnknown:
                unknown.append(f"after {n}")
            except StoreError as error:
                told.append(str(error))
        await asyncio.to_thread(process.ended, WITHIN_S)
        with pytest.raises(StoreError, match="nothing was written"):
            await db.write(_told("lost"))
        assert all("nothing was written" in one for one in told)
        await asyncio.to_thread(disk.clear)
        await asyncio.to_thread(process.start)
        written.append(await db.write(_told("again")))
        found = await db.read(_all)
    assert [what for what in found if what not in unknown] == written
    assert "lost" not in found


def _guess(config: Config, name: str) -> str:
    """Try to sign in as nobody, which makes the plant write one row; give its answer's code, if it answers."""
    with Bridge(config.socket("control"), "control") as bridge:
        answer = bridge.ask("sign_in", {"name": name, "password": "wrong"}, within_s=15.0)
    return answer.code if isinstance(answer, Refused) else ""


@pytest.mark.timeout(300)
def test_a_plant_whose_postgresql_is_full_does_nothing_by_halves_and_goes_on_when_there_is_room(
    server: tuple[PostgresProcess, SmallDisk],
) -> None:
    process, disk = server
    url = _url(process)
    with tempfile.TemporaryDirectory(prefix="dz-") as text:
        folder = Path(text)
        secret = folder / "url.txt"
        secret.write_text(url)
        secret.chmod(0o600)
        config = load(prepare(folder, ROOT / "config.toml", database=secret))
        path = folder / "config.toml"
        with wechat_process(config):
            with plant(path) as running:
                said(running.stdout, "READY")
                rest = read_on(running.stdout)
                assert _guess(config, "nobody") == "refused"
                disk.fill()
                answers = ["refused"]
                while answers[-1] == "refused" and len(answers) < 100:
                    answers.append(_guess(config, f"nobody{len(answers)}"))
                assert answers[-1] in ("failed", ""), "what cannot be written is not done"
                with connected(url) as connection:
                    before = _all(connection)
                untold = before.count("sign_in_refused") - answers.count("refused")
                assert untold in (0, 1), "what was told is there; only the commit in which the server died may be, too"
                disk.clear()
                running.send_signal(SIGTERM)
                assert running.wait(WITHIN_S) in (0, 1, -SIGTERM), "it may have been ending by itself already"
                rest.join(WITHIN_S)
            with plant(path) as running:
                said(running.stdout, "READY")
                assert _guess(config, "nobody") == "refused"
                running.send_signal(SIGTERM)
                assert running.wait(WITHIN_S) == 0
        with connected(url) as connection:
            after = _all(connection)
        assert after[: len(before)] == before
        assert after[-1] == "stopped"
