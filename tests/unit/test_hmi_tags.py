"""What the tags page asks, and what the plant says that a tag is."""

from typing import cast

import pytest

from scada.bridge import Value
from scada.clock import SystemClock
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.tags import MOST_NAMES, TagDesk
from scada.engine.tag.forcing import COUNT, Forcing
from scada.engine.tags import TagTable
from scada.model.rights import Role, may
from scada.model.tag import Access, Acknowledged, Quality, Shape, TagName, TagSpec, TagUpdate
from tests.support.engine import KeptJournal, LoopClock, virtually
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
    assert room.get("/api/v1/tag-facts?name=in1.case&name=in1.gate.up").json == {"in1.case": {}, "in1.gate.up": {}}
    assert room.plant.asks("tag_facts") == [{"names": ["in1.case", "in1.gate.up"]}]


def test_more_names_than_a_screen_shows_go_nowhere(room: ControlRoom) -> None:
    assert room.get("/api/v1/tag-facts?" + "&".join(["name=a.b"] * (MOST_NAMES + 1))).status_code == 422
    assert room.get("/api/v1/tag-facts?name=" + "x" * 121).status_code == 422
    assert room.plant.asks("tag_facts") == []


ORDERS = {
    "force": ({"value": True, "minutes": 15, "why": " lamp test "}, "force_tag"),
    "unforce": ({"why": "done"}, "unforce_tag"),
    "write": ({"value": 7.5, "why": "slower"}, "write_tag"),
}


def test_what_the_plant_hears_of_a_hand_on_a_tag(room: ControlRoom) -> None:
    for path, (body, verb) in ORDERS.items():
        room.plant.verbs[verb] = lambda _args: Value({"accepted": True})
        assert room.command(f"/api/v1/tags/in1.lamp/{path}", body).status_code == 200, path
    assert room.plant.asks("force_tag") == [{"name": "in1.lamp", "why": "lamp test", "value": True, "minutes": 15}]
    assert room.plant.asks("unforce_tag") == [{"name": "in1.lamp", "why": "done"}]
    assert room.plant.asks("write_tag") == [{"name": "in1.lamp", "why": "slower", "value": 7.5}]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("force", {"value": True, "minutes": 15}),
        ("force", {"value": None, "minutes": 15, "why": "x"}),
        ("force", {"value": [1], "minutes": 15, "why": "x"}),
        ("force", {"value": True, "minutes": 0, "why": "x"}),
        ("force", {"value": True, "minutes": 481, "why": "x"}),
        ("force", {"value": True, "minutes": "15", "why": "x"}),
        ("unforce", {"why": " "}),
        ("write", {"value": "x" * 1001, "why": "x"}),
        ("write", {"value": 1, "why": "x" * 201}),
    ],
)
def test_a_hand_without_reason_value_or_time_goes_nowhere(room: ControlRoom, path: str, body: object) -> None:
    assert room.command(f"/api/v1/tags/in1.lamp/{path}", body).status_code == 422
    assert not any(verb.endswith("_tag") for verb, *_ in room.plant.asked)


@pytest.mark.parametrize("role", ["operator", "manager", "auditor"])
def test_others_only_look(role: str) -> None:
    room = ControlRoom(role)
    room.plant.verbs["forced_tags"] = lambda _args: Value([])
    room.sign_in()
    assert room.get("/api/v1/forced-tags").json == []
    for path, (body, _verb) in ORDERS.items():
        assert room.command(f"/api/v1/tags/in1.lamp/{path}", body).status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_the_plant_checks_the_role_itself(role: Role) -> None:
    hands = role in (Role.TECHNICIAN, Role.ADMINISTRATOR)
    assert [may(role.value, verb) for verb in ("force_tag", "unforce_tag", "write_tag")] == [hands] * 3
    assert may(role.value, "forced_tags") == may(role.value, "tags") == (role is not Role.SYSTEM)


LAMP = TagSpec(TagName("in1.lamp"), "plc1", Access.READ_WRITE, stale_s=0.5, shape=Shape.BOOL, verify=Acknowledged())


class Hands:
    """A table with a lamp, its device, and who has hands on it."""

    name = "plc1"

    def __init__(self) -> None:
        self.clock, self.journal = LoopClock(), KeptJournal()
        own = TagSpec(COUNT, "", Access.READ)
        self.table = TagTable([LAMP, MOTOR, own], self.clock)
        self.table.apply([TagUpdate(LAMP.name, False, Quality.GOOD)])
        self.written: list[tuple[TagName, object]] = []
        self.table.connect([self], self.journal)  # type: ignore[list-item]
        self.verbs = TagDesk(
            self.table, lambda _: ("C5", "fast"), Forcing(self.table, self.journal, self.clock), self.clock
        ).verbs()

    async def write(self, name: TagName, value: object) -> None:
        self.written.append((name, value))

    async def ask(self, verb: str, **args: object) -> object:
        return await self.verbs[verb](Ask("control", verb, args, "wang", "technician", "", ""))


def test_a_technician_forces_sees_it_and_lets_it_go() -> None:
    async def story() -> None:
        hands = Hands()
        await hands.ask("force_tag", name=LAMP.name, value=True, minutes=15, why="lamp test")
        (row,) = cast("list[dict[str, object]]", await hands.ask("forced_tags"))
        assert (row["name"], row["value"], row["real"], row["by"], row["why"]) == (
            *(LAMP.name, True, False, "wang", "lamp test"),
        )
        page = cast("dict[str, object]", await hands.ask("tags", kind="forced"))
        (shown,) = cast("list[dict[str, object]]", page["tags"])
        assert (shown["quality"], shown["status"], shown["address"]) == ("FORCED", "0x00960000", "C5")
        await hands.ask("unforce_tag", name=LAMP.name, why="done")
        assert await hands.ask("forced_tags") == []
        assert [(entry.actor, entry.what) for entry in hands.journal.entries] == [
            ("wang", "force"),
            ("wang", "unforce"),
        ]

    virtually(story())


def test_a_technician_writes_with_a_reason_and_what_may_not_be_is_refused() -> None:
    async def story() -> None:
        hands = Hands()
        assert await hands.ask("write_tag", name=LAMP.name, value=True, why="test") == {"accepted": True}
        assert hands.written == [(LAMP.name, True)]
        for verb, args in (
            ("write_tag", {"name": MOTOR.name, "value": 1.0, "why": "x"}),
            ("write_tag", {"name": LAMP.name, "value": 7, "why": "x"}),
            ("write_tag", {"name": LAMP.name, "value": True, "why": ""}),
            ("force_tag", {"name": LAMP.name, "value": None, "minutes": 5, "why": "x"}),
            ("force_tag", {"name": "in1.no.such", "value": True, "minutes": 5, "why": "x"}),
            ("unforce_tag", {"name": LAMP.name, "why": "x"}),
            ("tags", {"kind": "strange"}),
            ("tags", {"from": -1}),
        ):
            with pytest.raises(BridgeRefusal):
                await hands.ask(verb, **args)
        assert len(hands.written) == 1

    virtually(story())


def test_tags_come_in_pages_by_the_words_of_their_names() -> None:
    async def story() -> None:
        hands = Hands()
        page = cast("dict[str, object]", await hands.ask("tags", find="in1", limit=1, **{"from": 1}))
        assert (page["count"], [row["name"] for row in cast("list[dict[str, object]]", page["tags"])]) == (
            2,
            ["in1.lamp"],
        )

    virtually(story())
