"""Trends as data: what a page or another program gets, and what it is told when it asks amiss."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from scada.bridge import Refused, Value
from scada.clock import VirtualClock
from scada.config import Config, load
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.rights import Role, may
from scada.model.tag import Quality, TagValue
from scada.store.historian.embedded import EmbeddedHistorian
from tests.support.hmi_pages import ControlRoom
from tests.support.house import site_beside
from tests.support.store import START
from tests.unit.test_hmi_tags import MOTOR, desk

RANGE = "since=2026-03-01T08:00:00Z&until=2026-03-01T16:01:00%2B08:00"


async def _record(config: Config) -> None:
    path = config.data / "history" / "history.db"
    async with EmbeddedHistorian(path, config.site_id, VirtualClock(START + timedelta(hours=1))) as history:
        for second in range(60):
            at = START + timedelta(seconds=second)
            quality = Quality.FAULT if 20 <= second < 30 else Quality.GOOD
            history.record([(MOTOR.name, TagValue(float(second), quality, None, at, 0.0))])


@pytest.fixture
def room(tmp_path: Path) -> ControlRoom:
    """A control room whose history holds a minute of a motor."""
    for_ever = ("# again_min = 15", "raw_days = 3650  #")
    config = load(site_beside(tmp_path, ("# data = ", 'data = "data"  # '), for_ever))
    asyncio.run(_record(config))
    room = ControlRoom("auditor", config=config)
    room.plant.verbs["trends"] = lambda _args: Value({MOTOR.name: "A"})
    room.sign_in()
    return room


def test_a_trend_comes_in_the_pixels_asked_for_with_its_gap_and_its_unit(room: ControlRoom) -> None:
    answer = room.get(f"/api/v1/trends?tag={MOTOR.name}&tag=no.such&{RANGE}&pixels=6")
    assert answer.status_code == 200
    assert answer.json
    motor, stranger = answer.json["series"]
    assert (motor["tag"], motor["unit"], motor["step_s"]) == (MOTOR.name, "A", 10.0)
    assert motor["mean"] == [4.5, 14.5, None, 34.5, 44.5, 54.5]
    assert motor["known_s"] == [10.0, 10.0, 0.0, 10.0, 10.0, 10.0]
    assert [code >= 0x80000000 for code in motor["quality"]] == [False, False, True, False, False, False]
    assert (stranger["unit"], stranger["high"]) == ("", [None] * 6)
    assert room.plant.asks("trends") == [{"names": [MOTOR.name, "no.such"]}]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("", "tag: Field required"),
        ("&".join(f"tag=t{number}" for number in range(51)), "at most 50"),
        ("tag=a&since=2026-03-02&until=2026-03-01", "since comes first"),
        ("tag=a&since=1999-01-01", "longest range"),
        ("tag=a&since=yesterday", "since: a time like"),
        ("tag=a&until=0001-01-01", "until: a time like"),
        ("tag=a&pixels=0", "pixels"),
        ("tag=a&pixels=4001", "pixels"),
        ("tag=a&pixels=many", "pixels"),
        ("tag=a&pixels=0000019999999999", "pixels"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_what_is_wrong_and_goes_nowhere(
    room: ControlRoom, query: str, told: str
) -> None:
    answer = room.get(f"/api/v1/trends?{query}")
    assert answer.status_code in (400, 422)
    assert answer.json
    assert told in answer.json["why"]
    assert room.plant.asks("trends") == []


def test_whom_the_plant_refuses_gets_no_points(room: ControlRoom) -> None:
    room.plant.verbs["trends"] = lambda _args: Refused("forbidden", "wang may not")
    answer = room.get(f"/api/v1/trends?tag={MOTOR.name}&{RANGE}")
    assert answer.status_code == 403
    assert "series" not in answer.text


def test_nobody_who_is_not_signed_in_gets_points(tmp_path: Path) -> None:
    answer = ControlRoom().get(f"/api/v1/trends?tag={MOTOR.name}&{RANGE}")
    assert answer.status_code in (302, 401)


def test_a_history_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    config = load(site_beside(tmp_path, ("# data = ", 'data = "data"  # ')))
    room = ControlRoom("auditor", config=config)
    room.plant.verbs["trends"] = lambda _args: Value({})
    room.sign_in()
    answer = room.get("/api/v1/trends?tag=a")
    assert answer.status_code == 503
    assert answer.json
    assert "does not answer" in answer.json["why"]


async def test_the_plant_tells_the_units_of_the_tags_it_knows() -> None:
    asked = Ask("control", "trends", {"names": [MOTOR.name, "no.such"]}, "wang", "auditor", "", "")
    assert await desk().verbs()["trends"](asked) == {MOTOR.name: "A"}
    with pytest.raises(BridgeRefusal):
        await desk().verbs()["trends"](Ask("control", "trends", {}, "wang", "auditor", "", ""))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM])
def test_everybody_who_may_look_may_see_trends(role: Role) -> None:
    assert may(role.value, "trends")


def test_a_system_may_not() -> None:
    assert not may(Role.SYSTEM.value, "trends")
