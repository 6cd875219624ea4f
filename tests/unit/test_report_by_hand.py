"""`daozha report by-hand`: every opening by a person, with who, who else, why, which car and how much."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert

from scada.__main__ import main
from scada.model.names import LaneName, PassageId, SiteId
from scada.ports import JournalEntry
from scada.store import schema
from scada.store.db import writing_engine
from scada.store.journal import write_entries
from tests.support.house import site_beside
from tests.support.store import give_tables

DAY = datetime(2026, 5, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
DEMO = SiteId("demo")
Out = pytest.CaptureFixture[str]


def at(minute: float) -> datetime:
    return (DAY + timedelta(hours=8, minutes=minute)).astimezone(UTC)


def asked(conn: Connection, number: int, reason: str, minute: float, state: str = "TAKEN", **body: object) -> None:
    """Somebody asks at the desk, and the lane answers."""
    of = PassageId(f"out1-{number}")
    entry = JournalEntry("person", "li", "open gate", LaneName("out1"), of, {"reason": reason, "note": "", **body})
    write_entries(conn, DEMO, at(minute), [entry])
    row = {"id": f"r{number}-{minute}", "passage": of, "reason": reason, "actor": "li", "state": state}
    conn.execute(insert(schema.open_request).values(site=DEMO, lane="out1", made_at=at(minute + 0.01), **row))


def gone(conn: Connection, number: int, **amounts: int) -> None:
    """The car of a passage has left, and its stay has ended."""
    of = {"id": f"out1-{number}", "lane": "out1", "number": number, "outcome": "FORWARD", "note": ""}
    conn.execute(insert(schema.passage).values(site=DEMO, began_at=at(0), ended_at=at(50), plate="京A99999", **of))
    car = {"id": f"stay-{number}", "plate": f"京A1000{number}", "plate_kind": "ordinary", "plate_colour": "BLUE"}
    way = {"entry_lane": "in1", "entry_passage": f"in1-{number}", "exit_lane": "out1", "exit_passage": of["id"]}
    values = {"tariff": "demo-1", "tariff_terms": {}, "entered_at": at(-60), "exited_at": at(50), "ending": "EXIT"}
    conn.execute(insert(schema.stay).values(site=DEMO, **car, **way, **values, **amounts))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Four openings by hand, one that the lane refused, and one that billing asked for."""
    file = site_beside(tmp_path, ("# data = ", 'data = "data"  # '))
    url = f"sqlite:///{tmp_path / 'data' / 'daozha.db'}"
    give_tables(url)
    engine = writing_engine(url)
    with engine.begin() as conn:
        asked(conn, 1, "GOODWILL", 1, waived_fen=2500, second="wang", note="the printer jammed")
        gone(conn, 1, waived_fen=2500)
        asked(conn, 2, "EMERGENCY", 2)
        asked(conn, 3, "QUEUE", 3, "REFUSED")
        asked(conn, 4, "QUEUE", 4)
        asked(conn, 4, "QUEUE", 5)
        gone(conn, 4, arrears_fen=500)
        row = {"id": "r9", "passage": "out1-9", "reason": "PAID", "actor": "billing", "state": "TAKEN"}
        conn.execute(insert(schema.open_request).values(site=DEMO, lane="out1", made_at=at(9), **row))
    engine.dispose()
    return file


def report(site: Path, *words: str) -> int:
    days = ("--from", "2026-05-01", "--to", "2026-05-01")
    return main(["report", "by-hand", "--config", str(site), *days, *words])


def test_each_opening_by_a_person_is_told_with_who_why_which_car_and_how_much(site: Path, capsys: Out) -> None:
    assert report(site, "--json") == 0
    told = json.loads(capsys.readouterr().out)["by_hand"]
    names = ("person", "second", "reason", "note", "plate", "owed_fen", "waived_fen", "to_review")
    assert [tuple(one[name] for name in names) for one in told] == [
        ("li", "wang", "GOODWILL", "the printer jammed", "京A10001", 0, 2500, False),
        ("li", "", "EMERGENCY", "", "", None, None, True),
        ("li", "", "QUEUE", "", "京A10004", None, None, False),
        ("li", "", "QUEUE", "", "京A10004", 500, 0, False),
    ]
    assert told[0]["at"] == "2026-05-01T08:01:00+08:00"


def test_the_amounts_are_added_up_by_reason_and_a_car_that_was_let_out_twice_counts_once(
    site: Path, capsys: Out
) -> None:
    assert report(site, "--json") == 0
    assert json.loads(capsys.readouterr().out)["sums"] == [
        {"reason": "GOODWILL", "openings": 1, "owed_fen": 0, "waived_fen": 2500},
        {"reason": "QUEUE", "openings": 2, "owed_fen": 500, "waived_fen": 0},
        {"reason": "EMERGENCY", "openings": 1, "owed_fen": 0, "waived_fen": 0},
    ]


def test_the_table_marks_what_is_to_be_reviewed_and_ends_with_the_sums(site: Path, capsys: Out) -> None:
    assert report(site) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Openings by hand: 4 To be reviewed: 1" in shown
    assert "Goodwill 1 0.00 25.00" in shown
    assert "all together 4 5.00 25.00" in shown


def test_a_spreadsheet_gets_a_line_for_each_opening(site: Path, capsys: Out) -> None:
    assert report(site, "--format", "csv") == 0
    lines = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(line["reason"], line["second"], line["waived_fen"]) for line in lines][:2] == [
        ("GOODWILL", "wang", "2500"),
        ("EMERGENCY", "", ""),
    ]


def test_another_day_has_none(site: Path, capsys: Out) -> None:
    words = ["report", "by-hand", "--config", str(site), "--json", "--from", "2026-05-02", "--to", "2026-05-02"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["by_hand"] == []


def test_a_car_that_nobody_read_is_told_with_the_picture_of_the_rejected_read(site: Path, capsys: Out) -> None:
    engine = writing_engine(f"sqlite:///{site.parent / 'data' / 'daozha.db'}")
    with engine.begin() as conn:
        row = {"camera": "cam1", "lane": "out1", "passage": "out1-2", "way": "exit", "why": "no plate", "frames": 5}
        conn.execute(insert(schema.camera_read).values(site=DEMO, at=at(2), picture="20260501/out1-2.jpg", **row))
    engine.dispose()
    assert report(site, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["picture"] for one in told["by_hand"]] == ["", "20260501/out1-2.jpg", "", ""]
    assert told["all"]["without_picture"] == 3
