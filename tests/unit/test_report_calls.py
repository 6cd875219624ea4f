"""`daozha report calls`: who called for help, how long he waited, and how it ended."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scada.__main__ import main
from scada.model.names import LaneName, SiteId
from scada.reports.calls import CallRow, CallSums, sums
from scada.store import helpcalls
from scada.store.db import writing_engine
from scada.store.helpcalls import HelpCall
from tests.support.house import site_beside
from tests.support.store import give_tables

AT = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)
DEMO = SiteId("demo")
Out = pytest.CaptureFixture[str]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """One call answered in time after a second press, one that nobody answered."""
    file = site_beside(tmp_path, ("# data = ", 'data = "data"  # '))
    url = f"sqlite:///{tmp_path / 'data' / 'daozha.db'}"
    give_tables(url)
    engine = writing_engine(url)
    with engine.begin() as conn:
        for number, lane in enumerate(("out1", "out1", "in1")):
            new = HelpCall(f"call-{number}", LaneName(lane), None, "button", 1, AT, None, "", None, "")
            helpcalls.begin(conn, DEMO, new)
        helpcalls.answer(conn, DEMO, "call-0", "li", AT + timedelta(seconds=8))
        helpcalls.end(conn, DEMO, "call-0", "li", AT + timedelta(seconds=48), "paid in cash")
        helpcalls.end(conn, DEMO, "call-2", "plant", AT + timedelta(seconds=90), "nobody answered")
    engine.dispose()
    return file


def report(site: Path, *words: str) -> int:
    return main(["report", "calls", "--config", str(site), "--from", "2026-05-01", "--to", "2026-05-01", *words])


def test_each_call_is_told_with_its_times(site: Path, capsys: Out) -> None:
    assert report(site, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["lane"], one["presses"], one["answered_by"], one["outcome"]) for one in told["calls"]] == [
        ("out1", 2, "li", "paid in cash"),
        ("in1", 1, "", "nobody answered"),
    ]
    assert (told["calls"][0]["answered_after_s"], told["calls"][0]["handled_s"]) == (8.0, 40.0)
    assert (told["sums"]["calls"], told["sums"]["unanswered"], told["sums"]["in_time"]) == (2, 1, 1)


def test_people_see_a_table_and_the_sums(site: Path, capsys: Out) -> None:
    assert report(site) == 0
    out = capsys.readouterr().out
    assert "cash" in out
    assert "Calls: 2\nNobody answered: 1\nAnswered within 10 s: 1\nTime to answer, median: 8.0 s" in out
    assert report(site, "--format", "csv") == 0
    assert "nobody answered" in capsys.readouterr().out


def test_nothing_adds_up_to_nothing() -> None:
    assert sums([]) == CallSums(0, 0, 0, None, None, None)
    open_one = CallRow(AT, "out1", "phone", 1, "", None, None, "")
    assert sums([open_one]).unanswered == 0
