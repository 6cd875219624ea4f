"""Batches to browsers: numbers, acknowledgements, and what becomes of the slow and the signed-out."""

import time
from typing import Any

import pytest

from hmi.control.push import LAG, Push
from hmi.control.room import Room
from scada.bridge import Message
from tests.support.hmi_pages import ControlRoom

AT = "2026-11-22T05:00:00+00:00"


class Screen:
    """One browser's socket."""

    def __init__(self, room: ControlRoom) -> None:
        self.io: Any = room.app.extensions["socketio"].test_client(
            room.app, flask_test_client=room.browser, headers={"Host": "127.0.0.1:8080"}
        )

    def heard(self, event: str | None = None) -> list[Any]:
        got = [(message["name"], message["args"][0]) for message in self.io.get_received()]
        return [content for name, content in got if event in (None, name)]


@pytest.fixture
def room() -> ControlRoom:
    room = ControlRoom()
    room.sign_in()
    return room


def push_of(room: ControlRoom) -> Push:
    found = room.app.extensions["room"]
    assert isinstance(found, Room)
    return found.push


def batch(value: object = True) -> Message:
    return {"seq": 1, "at": AT, "changes": [["in1.beam", value, 0, AT]]}


def snapshot() -> Message:
    return {"seq": 1, "at": AT, "tags": [["in1.beam", False, 0, AT]]}


def test_a_socket_without_a_session_is_refused() -> None:
    room = ControlRoom()
    assert not Screen(room).io.is_connected()


def test_a_socket_with_a_password_still_to_change_is_refused() -> None:
    room = ControlRoom(must_change=True)
    room.sign_in()
    assert not Screen(room).io.is_connected()


def test_who_joins_gets_a_snapshot_and_then_batches_in_order(room: ControlRoom) -> None:
    push, screen = push_of(room), Screen(room)
    push.on_snapshot(snapshot())
    push.on_changes(batch())
    assert screen.heard() == []
    screen.io.emit("join")
    push.on_changes(batch(False))
    first, second = screen.heard()
    assert (first["tags"], first["up"]) == ([["in1.beam", True, 0, AT]], True)
    assert (second["seq"], second["changes"]) == (first["seq"] + 1, [["in1.beam", False, 0, AT]])


def test_a_browser_that_vanishes_at_that_moment_costs_no_other_its_snapshot(room: ControlRoom) -> None:
    push, vanished, other = push_of(room), Screen(room), Screen(room)
    vanished.io.emit("join")
    other.io.emit("join")
    other.heard()
    server = room.app.extensions["socketio"].server
    server.manager.disconnect(server.manager.sid_from_eio_sid(vanished.io.eio_sid, "/"), "/")
    push.on_snapshot(snapshot())
    assert [one["tags"] for one in other.heard("snapshot")] == [snapshot()["tags"]]


def test_one_that_lags_gets_nothing_until_it_has_acknowledged_all_then_one_snapshot(room: ControlRoom) -> None:
    push, screen = push_of(room), Screen(room)
    screen.io.emit("join")
    for _ in range(LAG + 30):
        push.on_changes(batch())
    batches = screen.heard("batch")
    assert len(batches) == LAG
    screen.io.emit("ack", batches[-2]["seq"])
    assert screen.heard() == []
    screen.io.emit("ack", batches[-1]["seq"])
    (again,) = screen.heard()
    assert again["seq"] == LAG + 30
    push.on_changes(batch())
    assert [content["seq"] for content in screen.heard("batch")] == [LAG + 31]


def test_a_screen_of_who_need_not_see_plates_is_told_covered_ones_and_so_is_its_program() -> None:
    told: Message = {"seq": 1, "at": AT, "tags": [["out1.plate.text", "京A12345", 0, AT]]}
    change: Message = {"seq": 2, "at": AT, "changes": [["out1.plate.text", "粤BD12345", 0, AT]]}
    seen = {}
    for role in ("operator", "technician"):
        room = ControlRoom(role=role)
        room.sign_in()
        push, screen = push_of(room), Screen(room)
        push.on_snapshot(told)
        screen.io.emit("join")
        push.on_changes(change)
        first, second = screen.heard()
        asked = room.get("/api/v1/snapshot").get_json()["tags"]["out1.plate.text"]["value"]
        seen[role] = (first["tags"][0][1], second["changes"][0][1], asked)
    assert seen == {
        "operator": ("京A12345", "粤BD12345", "粤BD12345"),
        "technician": ("京A•••45", "粤B•••45", "粤B•••45"),
    }


def test_a_fast_one_never_leaves(room: ControlRoom) -> None:
    push, screen = push_of(room), Screen(room)
    screen.io.emit("join")
    for _ in range(5 * LAG):
        push.on_changes(batch())
        screen.io.emit("ack", screen.heard("batch")[-1]["seq"])


def test_an_acknowledgement_of_the_future_is_worth_no_more(room: ControlRoom) -> None:
    push, screen = push_of(room), Screen(room)
    screen.io.emit("join")
    screen.io.emit("ack", 10**9)
    for nonsense in ("x", None, [1]):
        screen.io.emit("ack", nonsense)
    for _ in range(LAG + 5):
        push.on_changes(batch())
    assert len(screen.heard("batch")) == LAG


def test_the_loss_of_the_plant_is_told_and_its_return_brings_a_snapshot(room: ControlRoom) -> None:
    push, screen = push_of(room), Screen(room)
    push.on_snapshot(snapshot())
    screen.io.emit("join")
    screen.heard()
    push.on_link(None)
    assert screen.heard() == [{"up": False}]
    assert room.app.extensions["room"].live.snapshot(covered=False)["up"] is False
    push.on_link({"id": "demo", "speed": 60})
    assert screen.heard() == []
    push.on_snapshot(snapshot())
    (found,) = screen.heard("snapshot")
    assert (found["up"], found["site"]["speed"]) == (True, 60)


def test_signing_out_ends_the_socket_too(room: ControlRoom) -> None:
    push, screen = push_of(room), Screen(room)
    screen.io.emit("join")
    for session in list(room.app.extensions["room"].registry._sessions):
        room.app.extensions["room"].registry.close(session)
    screen.heard()
    screen.io.emit("join")
    assert screen.heard() == []
    push.drop_signed_out()
    end = time.monotonic() + 3
    while screen.io.is_connected() and time.monotonic() < end:
        time.sleep(0.01)
    assert not screen.io.is_connected()
