"""What the tags page asks, and what the plant says that a tag is."""

import pytest

from scada.bridge import Value
from scada.clock import SystemClock
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.tags import MOST_NAMES, TagDesk
from scada.engine.tag.forcing import COUNT, Forcing
from scada.engine.tags import TagTable
from scada.model.tag import Access, TagName, TagSpec
from tests.support.engine import KeptJournal
from tests.support.hmi_pages import ControlRoom

MOTOR = TagSpec(TagName("in1.gate.motor_a"), "plc1", Access.READ, 15.0, None, "A", 0.05, "Motor current", "电机电流")
OWN = TagSpec(TagName("in1.case"), "", Access.READ)


def desk() -> TagDesk:
    places = {MOTOR.name: ("HR33", "slow")}
    clock = SystemClock()
    table = TagTable([MOTOR, OWN, TagSpec(COUNT, "", Access.READ)], clock)
    return TagDesk(table, lambda name: places.get(name, ("", "")), Forcing(table, KeptJournal(), clock), clock)


def asked(names: object) -> Ask:
    return Ask("control", "tag_facts", {"names": names}, "wang", "technician", "", "")


async def test_a_tag_is_told_with_its_place_and_what_it_is() -> None:
    (answer,) = (await desk().verbs()["tag_facts"](asked([MOTOR.name])),)
    assert isinstance(answer, dict)
    fact = answer[MOTOR.name]
    assert (fact["device"], fact["address"], fact["class"], fact["access"]) == ("plc1", "HR33", "slow", "ro")
    assert (fact["unit"], fact["stale_s"], fact["description_zh"]) == ("A", 15.0, "电机电流")


async def test_the_servers_own_tags_have_no_place_and_strangers_are_left_out() -> None:
    answer = await desk().verbs()["tag_facts"](asked([OWN.name, "in1.no.such", 7]))
    assert isinstance(answer, dict)
    assert {name: fact["address"] for name, fact in answer.items()} == {OWN.name: ""}


@pytest.mark.parametrize("names", [None, "in1.case", ["x"] * (MOST_NAMES + 1)])
async def test_an_ask_that_is_no_list_or_too_long_is_refused(names: object) -> None:
    with pytest.raises(BridgeRefusal):
        await desk().verbs()["tag_facts"](asked(names))


@pytest.fixture
def room() -> ControlRoom:
    room = ControlRoom("technician")
    room.plant.verbs["tag_facts"] = lambda args: Value({name: {} for name in args["names"]})  # type: ignore[attr-defined]
    room.sign_in()
    return room


def test_the_page_is_there_for_everybody_who_is_signed_in(room: ControlRoom) -> None:
    assert room.get("/tags").status_code == 200


def test_what_the_plant_hears(room: ControlRoom) -> None:
    assert room.get("/api/tag-facts?name=in1.case&name=in1.gate.up").json == {"in1.case": {}, "in1.gate.up": {}}
    assert room.plant.asks("tag_facts") == [{"names": ["in1.case", "in1.gate.up"]}]


def test_more_names_than_a_screen_shows_go_nowhere(room: ControlRoom) -> None:
    assert room.get("/api/tag-facts?" + "&".join(["name=a.b"] * (MOST_NAMES + 1))).status_code == 400
    assert room.get("/api/tag-facts?name=" + "x" * 121).status_code == 400
    assert room.plant.asks("tag_facts") == []
