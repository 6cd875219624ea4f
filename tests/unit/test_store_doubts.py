"""The UNCERTAIN list: what is doubtful stands on it until a stocktake says what became of the car."""

import json
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from scada.__main__ import main
from scada.config import load
from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Passage
from scada.model.names import LaneName, PassageId, SiteId, StayId
from scada.store import books, doubts
from scada.store.db import database_url, writing_engine
from scada.store.doubts import DoubtError, Found
from scada.store.journal import recent, verify
from scada.store.schema import stay
from tests.support.billing import made_config
from tests.support.house import site_beside
from tests.support.lane import read_of
from tests.support.store import SITE, START, open_database

pytestmark = pytest.mark.usefixtures("any_database")

Out = pytest.CaptureFixture[str]
OUT1 = LaneName("out1")
CAR = Passage(PassageId("out1-20260301080000-7"), 7, START, read_of("京A12345"), StayId("S1"))


def record(conn: Connection, note: str, number: int = 7, site: SiteId = SITE) -> None:
    car = Passage(PassageId(f"out1-{number}"), number, START, CAR.read, CAR.stay)
    books.record_passage(conn, site, OUT1, car, PassageOutcome.UNCERTAIN, note, START)


async def test_an_uncertain_passage_is_on_the_list_with_what_is_known_of_it(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        await db.write(lambda conn: record(conn, "UNCERTAIN"))
        await db.write(lambda conn: record(conn, "IN_DOUBT", 8))
        [one] = await db.read(lambda conn: doubts.still_open(conn, SITE))
        assert (one.lane, one.passage, one.number) == (OUT1, "out1-7", 7)
        assert (one.plate, one.stay, one.at) == ("京A12345", "S1", START)
        assert one.why == "nobody can tell which way the vehicle went"


async def test_a_passage_that_cannot_be_written_down_is_not_listed_either(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        await db.write(lambda conn: record(conn, "NO_STAY"))
        with pytest.raises(IntegrityError):
            await db.write(lambda conn: record(conn, "UNCERTAIN"))
        assert await db.read(lambda conn: doubts.still_open(conn, SITE)) == []


async def test_a_passage_is_listed_once(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        for why in ("its stay is not written", "again"):
            await db.write(partial(doubts.add, site=SITE, lane=OUT1, ended=CAR, why=why, at=START))
        assert [one.why for one in await db.read(lambda conn: doubts.still_open(conn, SITE))] == [
            "its stay is not written"
        ]


async def test_what_a_stocktake_found_ends_the_doubt_once_and_stands_in_the_journal(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        await db.write(lambda conn: record(conn, "UNCERTAIN"))
        await db.write(lambda conn: doubts.settle(conn, SITE, 1, Found.GONE, "li", START))
        assert await db.read(lambda conn: doubts.still_open(conn, SITE)) == []
        [row] = await db.read(lambda conn: recent(conn, 10))
        assert (row.kind, row.actor, row.what, row.passage) == ("person", "li", "uncertain settled", "out1-7")
        assert row.body == {"entry": 1, "found": "gone", "plate": "京A12345", "stay": "S1"}
        with pytest.raises(DoubtError, match="settled by li: gone"):
            await db.write(lambda conn: doubts.settle(conn, SITE, 1, Found.INSIDE, "wang", START))
        with pytest.raises(DoubtError, match="no entry 2"):
            await db.write(lambda conn: doubts.settle(conn, SITE, 2, Found.INSIDE, "wang", START))
        with pytest.raises(DoubtError, match="no entry 1"):
            await db.write(lambda conn: doubts.settle(conn, SiteId("other"), 1, Found.INSIDE, "wang", START))


def test_every_way_a_passage_may_end_has_its_words() -> None:
    assert set(doubts.WHY) == set(PassageOutcome)


def test_a_car_that_the_command_says_is_inside_has_its_stay(tmp_path: Path, capsys: Out) -> None:
    config = made_config(tmp_path)
    file = str(tmp_path / "config.toml")
    assert main(["migrate", "--config", file]) == 0
    engine = writing_engine(database_url(config))
    came = Passage(PassageId("in1-7"), 7, START, read_of("京A12345"))
    with engine.begin() as conn:
        books.record_passage(conn, SiteId("demo"), LaneName("in1"), came, PassageOutcome.UNCERTAIN, "UNCERTAIN", START)
    assert main(["uncertain", "settle", "1", "--outcome", "inside", "--by", "li", "--config", file]) == 0
    with engine.begin() as conn:
        [row] = conn.execute(select(stay)).all()
        assert verify(conn) is None
    engine.dispose()
    assert (row.plate, row.entry_passage, row.entered_at, row.ending) == ("京A12345", "in1-7", START, None)
    assert f"its stay is {row.id}" in capsys.readouterr().out


def test_the_command_lists_and_settles(tmp_path: Path, capsys: Out) -> None:
    file = str(site_beside(tmp_path, ("# data = ", 'data = "data"  # ')))
    assert main(["migrate", "--config", file]) == 0
    engine = writing_engine(database_url(load(Path(file))))
    with engine.begin() as conn:
        record(conn, "UNCERTAIN", site=SiteId("demo"))
    engine.dispose()
    capsys.readouterr()
    assert main(["report", "uncertain", "--json", "--config", file]) == 0
    [one] = json.loads(capsys.readouterr().out)["uncertain"]
    assert (one["id"], one["passage"], one["plate"]) == (1, "out1-7", "京A12345")
    assert main(["report", "uncertain", "--config", file]) == 0
    assert "Still open: 1" in capsys.readouterr().out
    assert main(["uncertain", "settle", "1", "--outcome", "gone", "--by", "li", "--config", file]) == 0
    assert main(["uncertain", "settle", "1", "--outcome", "gone", "--by", "li", "--config", file]) == 1
    assert "settled by li" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["uncertain", "settle", "1", "--outcome", "perhaps", "--by", "li", "--config", file])
    assert left.value.code == 2
    assert main(["report", "uncertain", "--config", file]) == 0
    assert "Still open: 0" in capsys.readouterr().out
