"""The trends page's routes: who may, what the plant hears, and a file with every point that no spreadsheet runs."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from hmi.control.views import trends as page
from scada.bridge import Refused, Value
from scada.clock import VirtualClock
from scada.config import Config, load
from scada.model.tag import Quality, TagName, TagValue
from scada.store.db import StoreError
from scada.store.historian import export
from scada.store.historian.embedded import EmbeddedHistorian, EmbeddedReader
from tests.support.hmi_pages import ControlRoom
from tests.support.house import site_beside
from tests.support.store import START
from tests.unit.test_hmi_files import contrast

ROOT_CSS = Path(page.__file__).parents[2] / "static" / "control" / "trends" / "trends.css"
RANGE = "since=2026-03-01T08:00:00Z&until=2026-03-01T09:00:00Z"
WORD = TagName("out1.word")


async def _record(config: Config) -> None:
    path = config.data / "history" / "history.db"
    async with EmbeddedHistorian(path, config.site_id, VirtualClock(START + timedelta(hours=1))) as history:
        for second, value in enumerate(("=HYPERLINK(1)", "idle", "open")):
            at = START + timedelta(seconds=second)
            history.record([(WORD, TagValue(value, Quality.GOOD, None, at, 0.0))])


@pytest.fixture
def room(tmp_path: Path) -> ControlRoom:
    """A control room whose history holds three words of a state."""
    config = load(site_beside(tmp_path, ("# data = ", 'data = "data"  # '), ("# again_min = 15", "raw_days = 3650  #")))
    asyncio.run(_record(config))
    room = ControlRoom("auditor", config=config)
    room.plant.verbs["trends"] = lambda _args: Value({WORD: ""})
    room.sign_in()
    return room


def lines_of(room: ControlRoom, query: str = f"tag={WORD}&{RANGE}") -> list[str]:
    answer = room.get(f"/api/v1/trends.csv?{query}")
    assert answer.status_code == 200
    text: str = answer.data.decode("utf-8-sig")
    return text.splitlines()


def test_a_text_that_begins_like_a_formula_is_none_in_the_file(room: ControlRoom) -> None:
    lines = lines_of(room)
    assert len(lines) == 4
    assert not any(",=" in line for line in lines)


def test_a_file_that_is_not_whole_says_so(room: ControlRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_POINTS", 1)
    assert lines_of(room)[-1].startswith("# cut after 1 points")


def test_a_file_whose_history_fails_on_the_way_says_so(room: ControlRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_asked: object) -> None:
        raise StoreError("the disk is gone")

    monkeypatch.setattr(EmbeddedReader, "query", fail)
    assert lines_of(room)[-1] == "# the rest cannot be read: the history does not answer: the disk is gone"


def test_whom_the_plant_refuses_gets_no_file_and_a_wrong_question_is_told(room: ControlRoom) -> None:
    room.plant.verbs["trends"] = lambda _args: Refused("forbidden", "wang may not")
    assert room.get(f"/api/v1/trends.csv?tag={WORD}&{RANGE}").status_code == 403
    assert room.get("/api/v1/trends.csv").status_code == 422


def test_a_view_and_events_are_asked_of_the_plant(room: ControlRoom) -> None:
    room.plant.verbs.update({verb: lambda _args: Value([]) for verb in ("keep_trend_view", "trend_events")})
    content = {"panes": [["a.b"]], "span_s": 60}
    assert room.command("/api/v1/trend-views", {"name": " Exit ", "content": content}).status_code == 200
    assert room.plant.asks("keep_trend_view") == [{"name": "Exit", "content": content}]
    assert room.command("/api/v1/trend-views/drop", {"name": ""}).status_code == 422
    room.get("/api/v1/trend-events?lane=out1&kind=alarm&since=a&until=b")
    assert room.plant.asks("trend_events") == [{"lanes": ["out1"], "kinds": ["alarm"], "since": "a", "until": "b"}]


def test_every_curve_is_seen_by_day_and_by_night() -> None:
    day, night = ROOT_CSS.read_text("utf-8").splitlines()[1:3]
    for line, panel in ((day, "#e4e6e8"), (night, "#303438")):
        inks = [part.split(":")[1].strip() for part in line.split("{")[1].split(";") if ":" in part]
        assert len(inks) == 8
        assert all(contrast(ink, panel) >= 4.5 for ink in inks), inks
