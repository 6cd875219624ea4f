"""The nightly job: a year later nobody can read whose car it was, and the journal's chain is whole all the same."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, Table, insert, select, update

from scada.__main__ import main
from scada.clock import VirtualClock
from scada.engine.lanetags import site_specs
from scada.engine.retention import TROUBLE, RetentionJob
from scada.engine.tags import TagTable
from scada.model.names import LaneName
from scada.ports import JournalEntry
from scada.settings.keeping import Retention
from scada.store.db import Database, database_url, writing_engine
from scada.store.journal import SqlJournal, recent, verify, write_entries
from scada.store.retention import seals, steps
from scada.store.retention.hashing import hidden, is_hidden
from scada.store.retention.night import Night, due
from scada.store.schema import (
    camera_read,
    journal,
    passage,
    phone_push,
    picture_look,
    plate_binding,
    retention_run,
    stay,
)
from tests.support.billing import made_config
from tests.support.store import SITE, START, open_database

KEY = b"k" * 32
PLATE = "京A12345"
ZONE = ZoneInfo("Asia/Shanghai")
DAY: date = START.date()
OLD, YOUNG = timedelta(days=366), timedelta(days=364)
LANE = LaneName("out1")


class House:
    """A site's tables with what happened long ago and lately."""

    def __init__(self, db: Database) -> None:
        self.db, self.clock = db, VirtualClock(START)
        self.tags = TagTable(site_specs(), self.clock)

    def night(self) -> Night:
        return Night(SITE, Retention(), KEY, self.clock, pause_s=0.0)

    def job(self) -> RetentionJob:
        journal = SqlJournal(self.db, SITE, self.clock)
        return RetentionJob(self.night(), ZONE, self.clock, self.db, journal, self.tags)

    async def tell(self, ago: timedelta, count: int = 1, plate: str = PLATE) -> None:
        entries = [
            JournalEntry("event", "billing", "stay begun", LANE, None, {"plate": plate, "n": n}) for n in range(count)
        ]
        await self.db.write(lambda conn: write_entries(conn, SITE, START - ago, entries))

    async def add(self, table: Table, **row: object) -> None:
        await self.db.write(lambda conn: conn.execute(insert(table).values(site=SITE, **row)))

    async def stays(self, name: str, ago: timedelta, **columns: object) -> None:
        at = START - ago
        row: dict[str, object] = {
            "id": name,
            "plate": PLATE,
            "plate_kind": "ORDINARY",
            "plate_colour": "BLUE",
            "entry_lane": "in1",
            "entry_passage": f"in1-{name}",
            "entered_at": at - timedelta(hours=1),
            "tariff": "t",
            "tariff_terms": {},
            "exited_at": at,
            "ending": "EXIT",
        }
        await self.add(stay, **row | columns)

    async def plates(self, table: Table) -> list[str]:
        query = select(table.c.plate).order_by(*table.primary_key.columns)
        return await self.db.read(lambda conn: list(conn.scalars(query)))

    async def broken(self, key: bytes | None = KEY) -> int | None:
        return await self.db.read(lambda conn: verify(conn, key))

    async def bodies(self) -> list[Any]:
        return await self.db.read(lambda conn: list(conn.scalars(select(journal.c.body).order_by(journal.c.n))))

    async def change(self, n: int, **columns: object) -> None:
        await self.db.write(lambda conn: conn.execute(update(journal).where(journal.c.n == n).values(**columns)))


@pytest.mark.usefixtures("any_database")
async def test_after_a_year_no_plate_is_left_in_the_journal_and_its_chain_is_whole(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(OLD, 3)
        await house.tell(YOUNG)
        await house.night().run(db, DAY)
        bodies = await house.bodies()
        assert [is_hidden(body["plate"]) for body in bodies[:4]] == [True, True, True, False]
        assert bodies[0]["plate"] == hidden(KEY, PLATE)
        assert await house.broken() is None
        assert await house.broken(None) is None


async def test_more_rows_than_one_step_takes_are_done_in_as_many_as_it_takes(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(OLD, 2 * steps.MOST + 1)
        went = await house.night().run(db, DAY)
        assert went["journal"] == 2 * steps.MOST + 1
        assert await house.broken() is None
        assert (await house.night().run(db, DAY + timedelta(days=1))).get("journal", 0) == 0
        assert await house.broken() is None


@pytest.mark.parametrize(
    "forged",
    [
        {"body": {"plate": "#AAAAAAAAAAAAAAA", "n": 0}},
        {"resealed": None},
        {"resealed": "0" * 64},
        {"actor": "somebody"},
        {"at": START},
    ],
)
async def test_a_row_that_is_changed_after_its_plate_went_is_found(tmp_path: Path, forged: dict[str, object]) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(OLD, 5)
        await house.night().run(db, DAY)
        await house.change(2, **forged)
        assert await house.broken(None) == 2


async def test_a_second_seal_that_fits_its_changed_row_does_not_fit_the_record(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(OLD, 3)
        await house.night().run(db, DAY)

        def forge(conn: Connection) -> None:
            row = dict(conn.execute(select(journal).where(journal.c.n == 2)).mappings().one())
            row["body"] = {"plate": "#AAAAAAAAAAAAAAA", "n": 7}
            change = {"body": row["body"], "resealed": seals.second_seal(row)}
            conn.execute(update(journal).where(journal.c.n == 2).values(**change))

        await db.write(forge)
        assert await house.broken(None) == 3, "it is told at the last row of those that were sealed together"


async def test_nobody_can_pass_a_forged_row_off_as_one_whose_plate_went(tmp_path: Path) -> None:
    """Whoever can write to the tables changes an old row, seals it anew, and adds the record that says so."""
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(OLD, 3)

        def forge(conn: Connection, when: datetime) -> None:
            row = dict(conn.execute(select(journal).where(journal.c.n == 2)).mappings().one())
            row["body"] = {"plate": "#AAAAAAAAAAAAAAA", "n": 7}
            second = seals.second_seal(row)
            conn.execute(update(journal).where(journal.c.n == 2).values(body=row["body"], resealed=second))
            digest = seals.digest_of([(2, second)])
            body: dict[str, object] = {
                "first": 2,
                "last": 2,
                "digest": digest,
                "mac": seals.mac(b"guess", 2, 2, digest),
            }
            write_entries(conn, SITE, when, [JournalEntry(seals.KIND, "retention", seals.WHAT, body=body)])

        await db.write(lambda conn: forge(conn, START))
        assert await house.broken() == 2


async def test_a_row_younger_than_a_year_cannot_be_sealed_anew_at_all(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(YOUNG, 2)

        def too_early(conn: Connection) -> None:
            steps.begin(conn, SITE, DAY, START)
            steps.journal_step(conn, SITE, DAY, KEY, START, START)

        await db.write(too_early)
        assert await house.broken() == 1


async def test_a_row_that_was_changed_before_its_plate_went_is_found_afterwards(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(OLD, 3)
        await house.change(2, body={"plate": "沪B99999", "n": 1})
        await house.night().run(db, DAY)
        assert await house.broken() == 2
        assert [is_hidden(body["plate"]) for body in (await house.bodies())[:3]] == [True, False, True]


async def test_a_clock_that_was_set_back_a_year_ago_breaks_no_chain(tmp_path: Path) -> None:
    """The second row was written before the third, but by a clock that ran ahead."""
    async with open_database(tmp_path) as db:
        house, year = House(db), timedelta(days=365)
        for before_s in (9, -9, 5):
            await house.tell(year + timedelta(seconds=before_s))
        await house.night().run(db, DAY)
        assert await house.broken() is None
        assert all(is_hidden(body["plate"]) for body in (await house.bodies())[:3])


async def test_whoever_took_the_record_out_is_found(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(OLD, 2)
        await house.night().run(db, DAY)
        await db.write(lambda conn: conn.execute(journal.delete().where(journal.c.n >= 3)))
        assert await house.broken() == 1


@pytest.mark.usefixtures("any_database")
async def test_stays_passages_and_reads_lose_their_plates_but_not_who_still_owes(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.stays("01", OLD)
        await house.stays("02", OLD, arrears_fen=500)
        await house.stays("03", OLD, ending=None, exited_at=None)
        await house.stays("04", YOUNG)
        for number, ago in enumerate((OLD, YOUNG)):
            at = START - ago
            of = {
                "id": f"p{number}",
                "lane": "out1",
                "number": number,
                "began_at": at,
                "ended_at": at,
                "outcome": "FORWARD",
            }
            await house.add(passage, plate=PLATE, **of)
            read = {"camera": "c", "lane": "out1", "passage": f"p{number}", "way": "exit", "frames": 3}
            await house.add(camera_read, at=at, plate=PLATE, **read)
        went = await house.night().run(db, DAY)
        assert [is_hidden(plate) for plate in await house.plates(stay)] == [True, False, False, False]
        assert [is_hidden(plate) for plate in await house.plates(passage)] == [True, False]
        assert [is_hidden(plate) for plate in await house.plates(camera_read)] == [True, False]
        assert went == {"stays": 1, "passages": 1, "reads": 1}
        assert sum((await db.read(lambda conn: due(conn, SITE, Retention(), START))).values()) == 0


@pytest.mark.usefixtures("any_database")
async def test_what_is_known_of_phones_and_who_looked_goes_in_its_own_time(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        for number, days in enumerate((91, 89)):
            at = START - timedelta(days=days)
            bound = {"id": f"b{number}", "openid": f"o{number}", "plate": PLATE, "proof": "BOOM", "made_at": at}
            await house.add(plate_binding, **bound, ended_at=at)
            await house.add(phone_push, id=f"m{number}", openid="o", kind="paid", at=at, state="SENT")
        await house.add(plate_binding, id="b2", openid="o", plate=PLATE, proof="BOOM", made_at=START - OLD)
        for days in (1096, 1094):
            look = {"who": "ann", "role": "operator", "picture": "p", "covered": False}
            await house.add(picture_look, at=START - timedelta(days=days), **look)
        went = await house.night().run(db, DAY)
        assert went == {"bindings": 1, "pushes": 1, "looks at pictures": 1}
        assert len(await house.plates(plate_binding)) == 2


class Killed(BaseException):
    """The process was killed here."""


@pytest.mark.parametrize("after", [1, 3, 6])
async def test_a_night_that_is_killed_goes_on_where_it_was(
    tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(tmp_path) as db:
        house, write, left = House(db), Database.write, after

        async def dies(self: Database, work: Callable[[Connection], Any]) -> Any:  # noqa: ANN401
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return await write(self, work)

        await house.tell(OLD, steps.MOST + 2)
        for number in range(3):
            await house.stays(f"0{number}", OLD)
        monkeypatch.setattr(Database, "write", dies)
        with suppress(Killed):
            await house.night().run(db, DAY)
        monkeypatch.undo()
        assert await house.broken() is None
        await house.night().run(db, DAY)
        assert await house.broken() is None
        assert all(is_hidden(plate) for plate in await house.plates(stay))
        assert all(is_hidden(body["plate"]) for body in await house.bodies() if "plate" in body)
        last = await db.read(lambda conn: steps.last(conn, SITE))
        assert last.day == DAY


async def alarms(db: Database) -> Sequence[str]:
    rows = await db.read(lambda conn: recent(conn, 50, kind="alarm"))
    return [row.what for row in rows]


@pytest.mark.usefixtures("any_database")
async def test_each_night_runs_once_and_one_that_has_not_run_for_two_days_is_an_alarm(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(OLD)
        job = house.job()
        await job.look()
        assert await alarms(db) == ["retention_late"], "there was something to look at, and nobody ever had"
        assert house.tags.get(TROUBLE).value == ""
        assert is_hidden((await house.bodies())[0]["plate"])
        await house.tell(OLD, plate="京B00000")
        await job.look()
        assert (await house.bodies())[-1]["plate"] == "京B00000", "this night has run"
        house.clock.advance(86400.0)
        await job.look()
        assert await alarms(db) == ["retention_late"]
        house.clock.advance(3 * 86400.0)
        await db.write(lambda conn: conn.execute(update(stay).values(site=SITE)))
        await job.look()
        assert await alarms(db) == ["retention_late", "retention_late"]


async def test_a_clock_that_leaps_ahead_takes_no_plate_by_itself(
    tmp_path: Path,
) -> None:
    async with open_database(tmp_path) as db:
        house = House(db)
        await house.tell(YOUNG)
        job = house.job()
        await job.look()
        house.clock.advance(400 * 86400.0)
        await job.look()
        assert (await house.bodies())[0]["plate"] == PLATE
        assert "--date-is-right" in str(house.tags.get(TROUBLE).value)
        house.clock.advance(-399 * 86400.0)
        await job.look()
        assert house.tags.get(TROUBLE).value == ""
        assert (await house.bodies())[0]["plate"] == PLATE


def test_a_person_runs_retention_over_a_leap_only_when_he_says_that_the_date_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = made_config(tmp_path)
    words = ["retention", "run", "--config", str(tmp_path / "config.toml")]
    assert main(words) == 0, "there was no night before"
    engine = writing_engine(database_url(config))
    with engine.begin() as conn:
        ago = datetime.now(UTC) - timedelta(days=31)
        conn.execute(update(retention_run).values(day=ago.date(), done_at=ago))
    engine.dispose()
    capsys.readouterr()
    assert main(words) == 2
    assert "--date-is-right" in capsys.readouterr().err
    assert main([*words, "--date-is-right"]) == 0
