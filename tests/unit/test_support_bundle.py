"""`daozha support`: everything about the server, nothing about people."""

import asyncio
import io
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from scada.__main__ import main
from scada.clock import clock_from
from scada.commands.support.clean import Cleaner
from scada.config import Config, load
from scada.model.plate import PROVINCES
from scada.ports import JournalEntry
from scada.store.db import Database, database_url, migrate
from scada.store.journal import SqlJournal
from scada.store.operators import Operators
from scada.store.schema import alarm
from tests.support.house import site_beside

PLATE, OPENID, PHONE, MAIL, PERSON = (
    "京A12345",
    "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
    "13812345678",
    "wang@lot.example",
    "wang.wu",
)
WECHATS, KEY = "4200001234202611261234567890", "-----BEGIN PRIVATE KEY-----\nMIIEabc\n-----END PRIVATE KEY-----"
CANARIES = (PLATE, "12345", OPENID, PHONE, MAIL, PERSON, WECHATS, "MIIEabc", "hunter2")
PEOPLE_WORDS = f"{PERSON} let {PLATE} out; {OPENID} paid {WECHATS}, calls {PHONE}, writes {MAIL}; password=hunter2"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site where something has happened to somebody, and a log that says too much."""
    path = site_beside(tmp_path, ('# data = "/var/lib/daozha"', f'data = "{tmp_path / "data"}"'))
    config = load(path)
    config.data.mkdir(parents=True, exist_ok=True)
    migrate(database_url(config))
    asyncio.run(_happen(config))
    (tmp_path / "plant.log").write_text(f"{PEOPLE_WORDS}\n{KEY}\nplc1 is up\n")
    (config.data / "pictures").mkdir(exist_ok=True)
    (config.data / "pictures" / "one.jpg").write_bytes(b"x" * 1000)
    return path


async def _happen(config: Config) -> None:
    clock = clock_from()
    async with Database(database_url(config)) as db:
        await Operators(db, config.site_id, clock).add(PERSON, "operator", "correct-horse", must_change=False)
        entry = JournalEntry("operator", PERSON, "open", body={"plate": PLATE, "words": PEOPLE_WORDS})
        await SqlJournal(db, config.site_id, clock).append([entry])
        no = dict.fromkeys(
            ("active", "unacked", "latched", "shelved", "suppressed", "out_of_service", "is_first"), False
        )
        empty = dict.fromkeys(("passage", "acked_by", "comment", "comment_by", "shelved_by", "shelved_why"), "")
        row = {"site": config.site_id, "id": "loop_stuck/in1", "code": "loop_stuck", "place": "in1", "priority": 2}
        row |= {
            "value": PLATE,
            "detail": PEOPLE_WORDS,
            "taken_out_by": "",
            "work_order": "",
            "source_n": 1,
            "repeats": 0,
        }
        await db.write(
            lambda conn: conn.execute(insert(alarm).values({**no, **empty, **row, "since": datetime.now(UTC)}))
        )


def bundle(site: Path, *words: str) -> dict[str, str]:
    target = site.parent / "bundle.zip"
    log = str(site.parent / "plant.log")
    assert main(["support", "--config", str(site), "--to", str(target), "--log", log, *words]) == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(io.BytesIO(target.read_bytes())) as opened:
        return {name: opened.read(name).decode() for name in opened.namelist()}


def test_a_bundle_tells_all_about_the_server(site: Path) -> None:
    told = bundle(site)
    assert "could not be had" not in "".join(text for name, text in told.items() if name != "README.txt")
    assert '"daozha": "0.1.0"' in told["about.json"]
    assert "[site]" in told["config.toml"]
    assert '"ok": ' in told["check.json"]
    assert "journal,2" in told["tables.csv"]
    assert ",operator,‹person 1›,open,," in told["journal.csv"]
    assert "loop_stuck/in1,2," in told["alarms.csv"]
    assert "pictures: 1,1000" in told["files.csv"]
    assert "daozha.db," in told["files.csv"]
    assert told["processes.csv"].startswith("pid,parent,command")
    assert told["tags.csv"] == "no plant answers here\n"
    assert "plc1 is up" in told["log.txt"]


def test_nobody_is_in_it(site: Path) -> None:
    for name, text in bundle(site).items():
        for canary in CANARIES:
            assert canary not in text, f"{canary} in {name}"


def test_a_table_that_cannot_be_read_keeps_nothing_else_from_being_had(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (load(site).data / "daozha.db").write_bytes(b"no database at all" * 1000)
    told = bundle(site)
    assert "tables.csv" not in told
    assert "plc1 is up" in told["log.txt"]
    assert "without tables" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("hours", "why"), [("a day", "a day is no number of hours"), ("0", "more than 0"), ("nan", "more")]
)
def test_hours_that_are_none_are_refused_in_words(hours: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["support", "--hours", hours])
    assert left.value.code == 2
    assert why in capsys.readouterr().err


def test_where_nothing_can_be_written_it_says_so(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["support", "--config", str(site), "--to", str(site / "x.zip")]) == 1
    assert "x.zip" in capsys.readouterr().err


@given(
    province=st.sampled_from(PROVINCES),
    letter=st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ"),
    rest=st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=5, max_size=6),
    around=st.sampled_from([("", ""), ('"', '"'), ("plate=", ","), ("（", "）"), ("在", "出口"), ("[", "]")]),
)
def test_no_plate_comes_through(province: str, letter: str, rest: str, around: tuple[str, str]) -> None:
    plate = f"{province}{letter}{rest}"
    told = Cleaner(()).clean(f"{around[0]}{plate}{around[1]}")
    assert plate not in told
    assert rest not in told
    assert rest[-2:] not in told
    assert f"{province}{letter}" not in told


def test_the_same_person_is_the_same_throughout_and_words_are_left_alone() -> None:
    cleaner = Cleaner(["li", "admin"])
    told = cleaner.clean("li asked; admin, li and the administrator of alarms.live answered admin@lot.example")
    assert told == "‹person 2› asked; ‹person 1›, ‹person 2› and the administrator of alarms.live answered ‹mail›"


def test_a_login_in_an_address_is_taken_out() -> None:
    assert Cleaner(()).clean("postgresql://daozha:s3cret@db.lan/daozha") == "postgresql://•••@db.lan/daozha"
