"""`daozha history`: what people and programs are told of the time series."""

import asyncio
import csv
import json
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet
import pytest

from scada.__main__ import main
from scada.clock import VirtualClock
from scada.commands.history import export as export_module
from scada.config import load
from scada.model.tag import Quality, TagName, TagValue
from scada.store.historian.embedded import EmbeddedHistorian
from tests.support.house import site_beside
from tests.support.store import START

AMPS, STATE = TagName("out1.gate.motor_a"), TagName("out1.lane.state")
Out = pytest.CaptureFixture[str]
RANGE = ("--from", "2026-03-01T16:00", "--to", "2026-03-01T16:01")
"""In Shanghai; the first minute of the points."""


@pytest.fixture
def site(tmp_path: Path) -> str:
    """A site whose motor took as many amperes as seconds had passed, but for some that were bad."""
    for_ever = ("# again_min = 15", "raw_days = 3650  #")
    file = site_beside(tmp_path, ("# data = ", 'data = "data"  # '), for_ever)
    asyncio.run(_record(file))
    return str(file)


async def _record(file: Path) -> None:
    config = await asyncio.to_thread(load, file)
    path = config.data / "history" / "history.db"
    async with EmbeddedHistorian(path, config.site_id, VirtualClock(START + timedelta(hours=1))) as history:
        for second in range(60):
            at = START + timedelta(seconds=second)
            quality = Quality.COMMUNICATION if 20 <= second < 30 else Quality.GOOD
            history.record([(AMPS, TagValue(float(second), quality, None, at, 0.0))])
        history.record([(STATE, TagValue("open", Quality.GOOD, None, START, 0.0))])


def test_a_trend_is_shown_as_a_table_with_its_gap(site: str, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["history", "query", AMPS, *RANGE, "--pixels", "6", "--config", site]) == 0
    lines = capsys.readouterr().out.splitlines()
    (gap,) = [line for line in lines if "16:00:20" in line]
    assert "communication" in gap
    assert "0%" in gap
    (first,) = [line for line in lines if "16:00:00" in line]
    assert "4.5" in first


def test_a_trend_is_told_to_programs_by_columns(site: str, capsys: Out) -> None:
    assert main(["history", "query", "out1.*", *RANGE, "--pixels", "3", "--json", "--config", site]) == 0
    amps, state = json.loads(capsys.readouterr().out)["series"]
    assert amps["tag"] == AMPS
    assert amps["since"] == "2026-03-01T08:00:00.000+00:00"
    assert (amps["step_s"], amps["known_s"]) == (20.0, [20.0, 10.0, 20.0])
    assert (amps["low"], amps["high"]) == ([0.0, 30.0, 40.0], [19.0, 39.0, 59.0])
    assert state["text"] == ["open"] * 3


def test_the_tags_that_have_history_are_listed(site: str, capsys: Out) -> None:
    assert main(["history", "tags", "--config", site]) == 0
    assert capsys.readouterr().out.split() == [AMPS, STATE]


def test_every_point_comes_out_as_csv_however_small_the_pages(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_module, "PAGE", 7)
    out = tmp_path / "points.csv"
    assert main(["history", "export", "--out", str(out), "--config", site]) == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [row["tag"] for row in rows] == [AMPS] * 51 + [STATE]
    assert rows[20] == {
        "tag": AMPS,
        "time": "2026-03-01T08:00:20.000+00:00",
        "value": "",
        "text": "",
        "quality": str(Quality.COMMUNICATION.status_code),
    }
    assert rows[-1]["text"] == "open"


def test_every_point_of_a_tag_comes_out_as_parquet(site: str, tmp_path: Path) -> None:
    out = tmp_path / "points.parquet"
    words = ["history", "export", "--tag", "*.motor_a", "--format", "parquet", "--out", str(out), *RANGE]
    assert main([*words, "--config", site]) == 0
    rows = pyarrow.parquet.read_table(out).to_pylist()
    assert len(rows) == 51
    assert (rows[3]["tag"], rows[3]["time"], rows[3]["value"]) == (AMPS, START + timedelta(seconds=3), 3.0)
    assert (rows[20]["value"], rows[20]["quality"]) == (None, Quality.COMMUNICATION.status_code)


def test_without_the_library_parquet_says_what_to_install(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    out = tmp_path / "points.parquet"
    assert main(["history", "export", "--format", "parquet", "--out", str(out), "--config", site]) == 2
    assert "pip install pyarrow" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["query", "no.such"], "no tag of this name has history"),
        (["query", AMPS, "--from", "yesterday"], "no time"),
        (["query", AMPS, "--from", "2026-03-02", "--to", "2026-03-01"], "not before"),
        (["query", AMPS, "--pixels", "0"], "from 1 to"),
        (["export", "--format", "parquet"], "--out FILE"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_what_is_wrong(
    site: str, words: list[str], told: str, capsys: Out
) -> None:
    assert main(["history", *words, "--config", site]) == 2
    assert told in capsys.readouterr().err


def test_a_site_without_history_says_so(tmp_path: Path, capsys: Out) -> None:
    file = site_beside(tmp_path, ("# data = ", 'data = "data"  # '))
    assert main(["history", "tags", "--config", str(file)]) == 2
    assert "history.db" in capsys.readouterr().err
