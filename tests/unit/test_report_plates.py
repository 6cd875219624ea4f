"""`daozha report plates`: by camera and hour, and the rejected reads."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scada.__main__ import main
from scada.config import load
from scada.model.camera.reading import ReadRow
from scada.model.names import LaneName, PassageId, PictureId
from scada.model.plate import Plate
from scada.reports.plates import by_hour
from scada.store import camerabook
from scada.store.db import Database, database_url, migrate
from tests.support.lpr import site

AT = datetime(2026, 3, 1, 8, 10, tzinfo=UTC)


def row(number: int, camera: str = "cam-in1", why: str = "", minutes: int = 0) -> ReadRow:
    of, at = PassageId(f"in1-20260301081000-{number}"), AT + timedelta(minutes=minutes)
    return ReadRow(camera, LaneName("in1"), of, at, "entry", why, Plate("京A12345"), 0.9, 5, PictureId(f"p{number}"))


ROWS = [row(1), row(2, why="no plate seen"), row(3, minutes=49), row(4, minutes=50), row(5, "cam-out1")]


def test_each_hour_of_each_camera_is_reckoned_by_itself_whatever_its_number_of_passages() -> None:
    told = [(one.camera, one.hour.hour, one.passages, one.read_rate) for one in by_hour(ROWS, {})]
    assert told == [("cam-in1", 8, 3, pytest.approx(2 / 3)), ("cam-out1", 8, 1, 1.0), ("cam-in1", 9, 1, 1.0)]
    assert by_hour([replace(row(number), corrected=number == 1) for number in range(500)], {})[0].passages == 500


def test_a_read_is_exact_if_it_is_the_plate_of_the_stay_that_its_passage_began_or_ended() -> None:
    booked: dict[str, str] = {ROWS[0].passage: "京A12345", ROWS[1].passage: "京A12345", ROWS[2].passage: "京A12346"}
    assert by_hour(ROWS[:3], booked)[0].exact == pytest.approx(1 / 3)
    assert by_hour(ROWS[:3], {})[0].exact is None


def test_the_report_tells_hours_and_rejected_reads_with_their_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = site(tmp_path, 8091)
    asyncio.run(_write(path))
    asked = ["report", "plates", "--config", str(path), "--from", "2026-03-01", "--to", "2026-03-01"]
    assert main([*asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert next((one["camera"], one["hour"], one["passages"]) for one in told["hours"]) == (
        "cam-in1",
        "2026-03-01T16:00:00+08:00",
        3,
    )
    assert [(one["why"], one["picture"]) for one in told["rejected"]] == [("no plate seen", "p2")]
    assert main(asked) == 0
    shown = capsys.readouterr().out
    assert "66.7 %" in shown
    assert "p2" in shown
    assert main([*asked, "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("camera,lane,hour,passages")


async def _write(path: Path) -> None:
    config = await asyncio.to_thread(load, path)
    url = database_url(config)
    await asyncio.to_thread(migrate, url)
    async with Database(url) as db:
        await db.write(lambda conn: camerabook.keep(conn, config.site_id, ROWS))
