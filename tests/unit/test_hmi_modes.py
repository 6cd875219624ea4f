"""What pages ask about modes: who may, what must be written, and what the plant hears."""

import pytest

from scada.bridge import Refused, Value
from tests.support.hmi_pages import PASSWORD, ControlRoom

HOLD = {"reason": "QUEUE", "note": " concert ", "minutes": "10"}
WISHES = {
    "hold-open": HOLD,
    "lock": {"reason": "NIGHT"},
    "auto": {},
    "test-opening": {"note": ""},
    "leave-resync": {"stands": "the lane is empty"},
    "confirm-fault": {},
    "turn-tide": {"way": "exit"},
}


def room_of(role: str) -> ControlRoom:
    room = ControlRoom(role)
    for path in WISHES:
        room.plant.verbs[path.replace("-", "_")] = lambda _args: Value({"accepted": True})
    room.plant.verbs["mode_periods"] = lambda _args: Value([])
    room.sign_in()
    return room


@pytest.fixture
def room() -> ControlRoom:
    return room_of("operator")


def test_what_the_plant_hears(room: ControlRoom) -> None:
    for path, body in WISHES.items():
        assert room.command(f"/api/v1/lanes/out1/{path}", body).status_code == 200, path
    assert room.plant.asks("hold_open") == [{"lane": "out1", "reason": "QUEUE", "note": "concert", "minutes": 10}]
    assert room.plant.asks("lock") == [{"lane": "out1", "reason": "NIGHT", "note": ""}]
    assert room.plant.asks("leave_resync") == [{"lane": "out1", "stands": "the lane is empty"}]


def test_a_second_person_goes_to_the_plant_with_name_and_password(room: ControlRoom) -> None:
    second = {"second_name": "li", "second_password": PASSWORD}
    assert room.command("/api/v1/lanes/out1/hold-open", {**HOLD, "minutes": 60, **second}).status_code == 200
    assert room.plant.asks("hold_open") == [
        {"lane": "out1", "reason": "QUEUE", "note": "concert", "minutes": 60, **second},
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("hold-open", {**HOLD, "minutes": "0"}),
        ("hold-open", {**HOLD, "minutes": "721"}),
        ("hold-open", {**HOLD, "minutes": "ten"}),
        ("hold-open", {**HOLD, "minutes": "１０"}),
        ("hold-open", {**HOLD, "minutes": None}),
        ("hold-open", {**HOLD, "reason": "NIGHT"}),
        ("hold-open", {**HOLD, "second_name": "x" * 65}),
        ("lock", {"reason": "QUEUE"}),
        ("lock", {}),
        ("auto", {"note": "x" * 201}),
        ("auto", ["not an object"]),
        ("leave-resync", {"stands": " "}),
        ("turn-tide", {"way": "up"}),
    ],
)
def test_what_is_wrong_is_said_and_goes_nowhere(room: ControlRoom, path: str, body: object) -> None:
    answer = room.command(f"/api/v1/lanes/out1/{path}", body)
    assert answer.status_code in (400, 422)
    assert answer.json
    assert answer.json["why"]
    assert room.plant.asks(path.replace("-", "_")) == []


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("administrator", set(WISHES)),
        ("technician", {"test-opening", "leave-resync", "confirm-fault"}),
        ("manager", set()),
        ("auditor", set()),
    ],
)
def test_each_role_may_what_its_work_needs(role: str, may: set[str]) -> None:
    room = room_of(role)
    codes = {path: room.command(f"/api/v1/lanes/out1/{path}", body).status_code for path, body in WISHES.items()}
    assert {path for path, code in codes.items() if code == 200} == may
    assert {code for path, code in codes.items() if path not in may} <= {403}
    assert room.get("/api/v1/mode-periods?lane=out1&limit=5").json == []
    assert room.plant.asks("mode_periods") == [{"limit": 5, "lane": "out1"}]


def test_a_mode_that_nobody_has_seen_is_not_done_and_not_refused(room: ControlRoom) -> None:
    room.plant.verbs["auto"] = lambda _args: Refused("unknown", "the PLC does not show the mode; look at the lane")
    answer = room.command("/api/v1/lanes/out1/auto", {})
    assert answer.status_code == 504
    assert answer.json
    assert answer.json["unknown"] is True
