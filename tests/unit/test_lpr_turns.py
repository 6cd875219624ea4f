"""Whose turn it is to read: as many at a time as there are cores, first come first served, and nobody for ever."""

import asyncio
from datetime import UTC, datetime

import pytest

from lpr.process import post
from lpr.process.turns import Turns, cores
from lpr.process.wire import AskTurn, Settings, encode
from scada.clock import SystemClock, VirtualClock

LANES = [f"cam{number}" for number in range(8)]


class Desk:
    """Turns for two cores, and a note of who was called."""

    def __init__(self, at_once: int = 2) -> None:
        self.clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
        self.turns = Turns(at_once, self.clock)
        self.called: list[str] = []

    def ask(self, camera: str, capture: int = 1) -> None:
        self.turns.ask(camera, capture, lambda: self.called.append(camera))


def test_as_many_read_at_a_time_as_there_are_cores() -> None:
    desk = Desk()
    for lane in LANES:
        desk.ask(lane)
    assert desk.called == ["cam0", "cam1"]


def test_who_came_first_is_read_to_the_end_first() -> None:
    desk = Desk()
    for lane in LANES:
        desk.ask(lane)
    desk.ask("cam0")
    desk.ask("cam1")
    assert desk.called == ["cam0", "cam1", "cam0", "cam1"]
    desk.turns.end("cam0")
    desk.turns.end("cam1")
    assert desk.called[4:] == ["cam2", "cam3"]


def test_a_car_that_two_frames_did_not_settle_lets_the_others_go_first() -> None:
    desk = Desk(at_once=1)
    desk.ask("cam0")
    desk.ask("cam1")
    for _ in range(2):
        desk.ask("cam0")
    assert desk.called == ["cam0"] * 2 + ["cam1"]
    desk.turns.end("cam1")
    assert desk.called[3:] == ["cam0"]


def test_who_waits_for_a_frame_lets_another_read_and_keeps_its_place() -> None:
    desk = Desk(at_once=1)
    desk.ask("cam0")
    desk.ask("cam1")
    desk.ask("cam2")
    desk.turns.give_back("cam0")
    assert desk.called == ["cam0", "cam1"]
    desk.ask("cam0")
    desk.turns.give_back("cam1")
    assert desk.called == ["cam0", "cam1", "cam0"]


def test_a_new_capture_of_the_same_camera_begins_anew() -> None:
    desk = Desk(at_once=1)
    for _ in range(6):
        desk.ask("cam0", capture=1)
    desk.ask("cam0", capture=2)
    desk.ask("cam1")
    desk.ask("cam0", capture=2)
    assert desk.called[-1] == "cam0"


def test_a_process_that_ended_holds_no_turn() -> None:
    desk = Desk(at_once=1)
    desk.ask("cam0")
    desk.ask("cam1")
    desk.ask("cam2")
    desk.turns.end("cam1")
    desk.turns.end("cam0")
    assert desk.called == ["cam0", "cam2"]


def test_a_process_that_hangs_loses_its_turn() -> None:
    desk = Desk(at_once=1)
    desk.ask("cam0")
    desk.clock.advance(1.1)
    desk.ask("cam1")
    assert desk.called == ["cam0", "cam1"]


def test_who_waits_behind_one_that_hangs_goes_when_its_time_is_over_though_nobody_asks_any_more() -> None:
    desk = Desk(at_once=1)
    desk.ask("cam0")
    desk.ask("cam1")
    desk.clock.advance(0.9)
    desk.turns.look_again()
    assert desk.called == ["cam0"]
    desk.clock.advance(0.1)
    desk.turns.look_again()
    assert desk.called == ["cam0", "cam1"]


async def test_a_camera_that_waits_for_its_turn_has_it_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "LAPSE_S", 0.01)
    clock, looked = SystemClock(), asyncio.Event()

    class Watched(Turns):
        def look_again(self) -> None:
            looked.set()

    camera = post.CameraPost(Settings("cam1", "", (), 60, ""), clock, Watched(1, clock))
    camera._take(encode(AskTurn(1)))
    async with asyncio.timeout(30):
        await looked.wait()


def test_everybody_is_called_in_the_end() -> None:
    desk = Desk(at_once=2)
    for _ in range(4):
        for lane in LANES:
            desk.ask(lane)
    for _ in range(8 * 8):
        desk.ask(desk.called[-2])
    assert set(desk.called) == set(LANES)


def test_there_is_a_core() -> None:
    assert cores() >= 1
