"""The job that keeps pictures no longer than they may be: by the books, within their room, and after a kill."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert

from lpr.evidence import CASE, PictureStore, beside
from lpr.keeping.choice import Keep
from lpr.keeping.job import PICTURES_MB, PICTURES_TROUBLE, Keeper
from lpr.keeping.shelf import Shelf
from scada.clock import VirtualClock
from scada.engine.lanetags import site_specs
from scada.engine.tags import TagTable
from scada.model.camera.reading import ReadRow
from scada.model.names import LaneName, PassageId, PictureId
from scada.settings.cameras import Evidence
from scada.store import camerabook
from scada.store.db import Database
from scada.store.journal import SqlJournal, recent
from scada.store.schema import case, open_request, stay
from tests.support.store import SITE, START, open_database

pytestmark = pytest.mark.usefixtures("any_database")

NEVER_FULL = Evidence(free_gb=0)


class Killed(BaseException):
    """The process was killed here."""


class House:
    """A site's pictures and books."""

    def __init__(self, folder: Path, db: Database) -> None:
        self.db, self.folder = db, folder / "pictures"
        self.store = PictureStore(self.folder)
        self.clock = VirtualClock(START)
        self.tags = TagTable(site_specs(), self.clock)

    def keeper(self, rules: Evidence = NEVER_FULL, shelf: Shelf | None = None) -> Keeper:
        journal = SqlJournal(self.db, SITE, self.clock)
        return Keeper(SITE, self.clock, self.db, journal, self.tags, shelf or Shelf(self.folder), rules)

    async def keep(self, days: float, number: int, role: str = "entry", size: int = 1000) -> PictureId:
        """Keep a picture of so many days ago."""
        at = START - timedelta(days=days)
        return await asyncio.to_thread(self.store.keep, b"x" * size, at, passage(number), role, [])

    async def there(self) -> set[PictureId]:
        return {kept.picture for kept in await asyncio.to_thread(Shelf(self.folder).all)}

    async def stays(self, number: int, **columns: object) -> None:
        values = {
            "id": f"S{number}", "site": SITE, "plate": f"京A1000{number}", "plate_kind": "ordinary",
            "plate_colour": "BLUE", "entry_lane": "in1", "entry_passage": passage(number), "entered_at": START,
            "tariff": "t", "tariff_terms": {}, **columns,
        }  # fmt: skip
        await self.db.write(lambda conn: conn.execute(insert(stay).values(**values)))


def passage(number: int) -> PassageId:
    return PassageId(f"in1-20260101080000-{number}")


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    async with open_database(folder) as db:
        yield House(folder, db)


def rejected(number: int, picture: PictureId, at: datetime) -> ReadRow:
    return ReadRow("cam", LaneName("in1"), passage(number), at, "entry", "no plate seen", None, None, 5, picture)


async def test_each_class_goes_when_its_time_is_over(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        paid, paid_young = await at.keep(31, 1), await at.keep(29, 2)
        await at.stays(1, ending="COMPLETED", exited_at=START)
        happened, happened_old = await at.keep(179, 3, CASE), await at.keep(181, 4, CASE)
        looked, by_hand = await at.keep(100, 5), await at.keep(100, 6)
        no_read, no_read_young = await at.keep(15, 7), await at.keep(13, 8)
        row = {"site": SITE, "lane": "in1", "made_at": START, "actor": "li", "state": "TAKEN"}

        def write(conn: Connection) -> None:
            looked_into = {"id": "C", "passage": passage(5), "why": "w", "opened_at": START, "closed_at": START}
            conn.execute(insert(case).values(site=SITE, lane="in1", **looked_into))
            conn.execute(insert(open_request).values(id="R", passage=passage(6), reason="GOODWILL", **row))
            camerabook.keep(conn, SITE, [rejected(7, no_read, START), rejected(8, no_read_young, START)])

        await at.db.write(write)
        found = await at.keeper().keep_house()
        assert {kept.picture for kept in found.aged} == {paid, happened_old, no_read}
        assert await at.there() == {paid_young, happened, looked, by_hand, no_read_young}
        assert found.counts == {Keep.REJECTED: 1, Keep.PASSAGE: 1, Keep.CASE: 1, Keep.HELD: 0}


async def test_what_is_not_settled_is_held_whatever_its_age_and_the_quota(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        inside, owing, asked = await at.keep(400, 1), await at.keep(400, 2), await at.keep(400, 3)
        await at.stays(1)
        await at.stays(2, ending="OPEN_LANE", exited_at=START, arrears_fen=500)
        opened = {"id": "C", "site": SITE, "lane": "in1", "why": "w", "opened_at": START}
        await at.db.write(lambda conn: conn.execute(insert(case).values(passage=passage(3), **opened)))
        old_name = await asyncio.to_thread(at.store.keep, b"x", START - timedelta(days=400))
        await at.stays(4, entry_picture=old_name)
        found = await at.keeper(Evidence(quota_gb=1e-9, free_gb=0)).keep_house()
        assert await at.there() == {inside, owing, asked, old_name}
        assert found.over == 3000


async def test_a_rejected_read_on_which_a_stay_hangs_is_kept_like_the_stay(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        picture = await at.keep(20, 1)
        await at.stays(1, ending="COMPLETED", exited_at=START, entry_picture=picture)
        await at.db.write(lambda conn: camerabook.keep(conn, SITE, [rejected(1, picture, START)]))
        await at.keeper().keep_house()
        assert await at.there() == {picture}


async def test_for_room_rejected_reads_go_before_paid_passages_and_old_before_new(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        old, new, no_read = await at.keep(20, 1), await at.keep(3, 2), await at.keep(1, 3)
        await at.db.write(lambda conn: camerabook.keep(conn, SITE, [rejected(3, no_read, START)]))
        await at.keeper(Evidence(quota_gb=2.5e-6, free_gb=0)).keep_house()
        assert await at.there() == {old, new}
        await at.keeper(Evidence(quota_gb=1e-6, free_gb=0)).keep_house()
        assert await at.there() == {new}


async def test_what_is_removed_is_written_down_first_and_how_much_is_left_is_a_tag(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        await at.keep(31, 1)
        await at.keep(1, 2, size=50_000)
        await at.keeper().keep_house()
        [row] = await at.db.read(lambda conn: recent(conn, 5, kind="picture"))
        assert (row.actor, row.what, row.body["by_class"]) == ("evidence", "removing", {"PASSAGE": 1})
        assert (at.tags.get(PICTURES_MB).value, at.tags.get(PICTURES_TROUBLE).value) == (0.1, "")


@pytest.mark.parametrize("after", [0, 1, 2, 7])
async def test_killed_at_any_moment_it_finishes_the_next_time(tmp_path: Path, after: int) -> None:
    async with house(tmp_path) as at:
        for number in range(4):
            await at.keep(40, number)
        young = await at.keep(1, 9)
        left = [after]

        def unlink(path: Path) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            os.unlink(path)

        with pytest.raises(Killed):
            await at.keeper(shelf=Shelf(at.folder, unlink)).keep_house()
        await at.keeper().keep_house()
        at.clock.advance(7200)
        await asyncio.to_thread(_age, at.folder)
        await at.keeper().keep_house()
        assert await at.there() == {young}
        files = {path.name for path in await asyncio.to_thread(lambda: list(at.folder.rglob("*.*")))}
        assert files == {young, beside(Path(young)).name}


def _age(folder: Path) -> None:
    """Let the files on disk be as old as the books say."""
    for path in folder.rglob("*.*"):
        os.utime(path, (START.timestamp(), START.timestamp()))


async def test_half_written_files_go_and_strangers_are_left_alone(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        kept = await at.keep(1, 1)
        day = at.folder / kept[:8]
        for stray in (day / "x.part", day / "notes.txt", at.folder / "readme"):
            await asyncio.to_thread(stray.write_text, "x")
        await asyncio.to_thread(_age, at.folder)
        at.clock.advance(7200)
        await at.keeper().keep_house()
        names = {path.name for path in await asyncio.to_thread(lambda: list(at.folder.rglob("*.*")))}
        assert "x.part" not in names
        assert {"notes.txt", kept} <= names


async def test_a_disk_that_others_fill_takes_room_from_the_pictures_and_is_an_alarm_when_none_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as at:
        await at.keep(3, 1)
        await at.stays(2)
        held = await at.keep(3, 2)
        usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
        keeper = at.keeper(Evidence(free_gb=1))
        for _ in range(2):
            await keeper.keep_house()
        assert await at.there() == {held}
        assert str(at.tags.get(PICTURES_TROUBLE).value).startswith("pictures_full")
        assert [row.what for row in await at.db.read(lambda conn: recent(conn, 9, kind="alarm"))] == ["pictures_full"]


async def test_the_picture_of_a_car_that_stands_there_now_outlives_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path) as at:
        live, old = await at.keep(0.01, 1), await at.keep(0.1, 2)
        usage = shutil.disk_usage(tmp_path)._replace(free=0)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
        await at.keeper(Evidence(free_gb=1)).keep_house()
        assert await at.there() == {live} != {old}


async def test_what_cameras_read_is_forgotten_after_a_year(tmp_path: Path) -> None:
    async with house(tmp_path) as at:
        rows = [rejected(number, PictureId(""), START - timedelta(days=days)) for number, days in ((1, 366), (2, 364))]
        await at.db.write(lambda conn: camerabook.keep(conn, SITE, rows))
        await at.keeper().keep_house()
        left = await at.db.read(lambda conn: camerabook.rejected(conn, SITE, 10))
        assert [row.passage for row in left] == [passage(2)]
