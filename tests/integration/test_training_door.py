"""The way from the page to the virtual car park: the plant checks who asks, and the door wants the site's key."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import requests

from scada.clock import VirtualClock
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.training import TrainingDesk
from scada.sim.training.door import TrainingDoor
from scada.sim.training.room import Busy, TrainingRoom
from scada.sim.trial.ports import free_port
from scada.store import operators as operators_module
from scada.store.operators import Operators
from tests.support.store import SITE, START, open_database, until

KEY = "the key of this site"
PASSWORD = "the boom goes up at noon"


class SmallRoom:
    """Keeps what was begun; a second lesson is refused."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []

    def state(self) -> dict[str, object]:
        """Tell the marks of two people."""
        return {"now": None, "results": [{"trainee": "zhang"}, {"trainee": "li"}]}

    def start(self, lesson: str, trainee: str, *, keeps_money: bool = False) -> None:
        """Begin a lesson."""
        if lesson == "payment-differs" and not keeps_money:
            raise Busy("this lesson is for managers")
        if self.begun:
            raise Busy("a lesson is under way: end it first, or wait")
        self.begun.append((lesson, trainee))

    async def stop(self) -> None:
        """End it."""
        self.begun.clear()


@pytest.fixture
def room() -> SmallRoom:
    return SmallRoom()


@pytest.fixture
async def port(room: SmallRoom) -> AsyncIterator[int]:
    port = await asyncio.to_thread(free_port)
    async with TrainingDoor(cast("TrainingRoom", room), port, KEY):
        yield port


@pytest.fixture
async def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Operators]:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    async with open_database(tmp_path) as db:
        found = Operators(db, SITE, VirtualClock(START))
        for name, role in (("zhang", "operator"), ("li", "operator"), ("chief", "manager")):
            await found.add(name, role, PASSWORD, must_change=False)
        yield found


async def asked(desk: TrainingDesk, verb: str, user: str, **args: object) -> dict[str, object]:
    found = await desk.verbs()[verb](Ask("control", verb, args, user, "", "", ""))
    assert isinstance(found, dict)
    return found


async def test_a_person_sees_the_own_marks_and_a_trainer_everybody_s(port: int, people: Operators) -> None:
    desk = TrainingDesk(port, KEY, people)
    assert (await asked(desk, "training", "zhang"))["results"] == [{"trainee": "zhang"}]
    assert len(cast("list[object]", (await asked(desk, "training", "chief"))["results"])) == 2


async def test_a_lesson_is_begun_for_oneself_and_by_a_trainer_for_another(
    port: int, people: Operators, room: SmallRoom
) -> None:
    desk = TrainingDesk(port, KEY, people)
    assert await asked(desk, "start_lesson", "zhang", lesson="misread") == {"begun": True}
    with pytest.raises(BridgeRefusal, match="under way"):
        await asked(desk, "start_lesson", "li", lesson="full")
    await asked(desk, "stop_lesson", "zhang")
    await until(lambda: not room.begun)
    with pytest.raises(BridgeRefusal, match="may not train another"):
        await asked(desk, "start_lesson", "zhang", lesson="full", trainee="li")
    with pytest.raises(BridgeRefusal, match="nobody of that name"):
        await asked(desk, "start_lesson", "chief", lesson="full", trainee="wang")
    await asked(desk, "start_lesson", "chief", lesson="full", trainee="li")
    assert room.begun == [("full", "li")]


async def test_a_lesson_about_money_is_for_who_may_close_such_a_case(
    port: int, people: Operators, room: SmallRoom
) -> None:
    desk = TrainingDesk(port, KEY, people)
    for asks, trainee in (("zhang", ""), ("chief", "zhang")):
        with pytest.raises(BridgeRefusal, match="for managers"):
            await asked(desk, "start_lesson", asks, lesson="payment-differs", trainee=trainee)
    await asked(desk, "start_lesson", "chief", lesson="payment-differs")
    assert room.begun == [("payment-differs", "chief")]


@pytest.mark.parametrize("key", ["", "another", f"{KEY} "])
async def test_the_door_opens_to_nobody_without_its_key(port: int, key: str, room: SmallRoom) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    url = f"http://127.0.0.1:{port}"
    answer = await asyncio.to_thread(lambda: requests.post(f"{url}/start", json={}, headers=headers, timeout=30))
    assert answer.status_code == 401
    assert room.begun == []


async def test_a_virtual_car_park_that_is_gone_is_told(people: Operators) -> None:
    desk = TrainingDesk(1, KEY, people)
    with pytest.raises(BridgeRefusal, match="does not answer"):
        await asked(desk, "training", "zhang")
