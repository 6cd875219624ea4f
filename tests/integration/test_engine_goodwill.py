"""GOODWILL: whoever lets a driver off more than the site's limit, or nobody knows how much, needs a second person."""

import json
from pathlib import Path

import pytest

from scada.engine.doors.peer import BridgeRefusal
from scada.model.plate import PlateUnread
from scada.store import operators as operators_module
from tests.integration.test_engine_lanes import car_reaches, stay
from tests.support.engine import until
from tests.support.plantside import PASSWORD, Shell, shell

SECOND = {"second_name": "wang", "second_password": PASSWORD}
ABOVE = "above 20.00 yuan of goodwill a second person is needed"
UNKNOWN = "nobody knows yet how much is waived: a second person is needed"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)


async def a_car_owes(bench: Shell, fen: int) -> None:
    bench.cashier.stays = [stay("S1", "京A12345")]
    bench.cashier.due = fen
    await car_reaches(bench, "awaiting_payment")


async def opens(bench: Shell, reason: str = "GOODWILL", **second: str) -> object:
    return await bench.asks("open_gate", lane=bench.runner.name, passage=bench.says("passage"), reason=reason, **second)


async def refusal(bench: Shell, **second: str) -> str:
    with pytest.raises(BridgeRefusal) as refused:
        await opens(bench, **second)
    assert not bench.keeper.opened
    assert not await bench.journal("person", lane=True)
    return refused.value.text


async def told(bench: Shell) -> object:
    [row] = await bench.journal("person", lane=True)
    assert (row.actor, row.what) == ("li", "open gate")
    return row.body


async def test_up_to_the_limit_one_person_waives_alone_and_the_amount_is_written_down(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        await a_car_owes(bench, 2000)
        assert await opens(bench) == {"taken": True, "why": ""}
        assert await told(bench) == {"reason": "GOODWILL", "note": "", "waived_fen": 2000}


async def test_above_the_limit_a_second_person_signs_in_beside_and_is_written_down(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        await a_car_owes(bench, 2001)
        assert await refusal(bench) == ABOVE
        assert await opens(bench, **SECOND) == {"taken": True, "why": ""}
        await until(lambda: len(bench.keeper.opened) == 1)
        assert await told(bench) == {"reason": "GOODWILL", "note": "", "waived_fen": 2001, "second": "wang"}
        assert PASSWORD not in json.dumps([row.body for row in await bench.journal()])


async def test_while_nobody_knows_what_the_car_owes_a_second_person_is_needed(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        await car_reaches(bench, "awaiting_driver")
        assert await refusal(bench) == UNKNOWN
        assert await opens(bench, **SECOND) == {"taken": True, "why": ""}
        assert await told(bench) == {"reason": "GOODWILL", "note": "", "second": "wang"}


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("li", PASSWORD, "the second person must be another one"),
        ("wang", "the boom stays down", "the name or the password is wrong"),
    ],
)
async def test_the_second_person_is_another_one_with_the_right_password(
    tmp_path: Path, name: str, password: str, why: str
) -> None:
    async with shell(tmp_path, "out1") as bench:
        await a_car_owes(bench, 5000)
        said = await refusal(bench, second_name=name, second_password=password)
        assert said == f"the second person: {why}"


async def test_other_reasons_waive_nothing_that_needs_a_second_person(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        await a_car_owes(bench, 5000)
        assert await opens(bench, "QUEUE") == {"taken": True, "why": ""}
        assert await told(bench) == {"reason": "QUEUE", "note": ""}


async def test_at_a_way_in_there_is_nothing_to_waive(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        await car_reaches(bench, "awaiting_driver")
        assert await opens(bench) == {"taken": True, "why": ""}
        assert await told(bench) == {"reason": "GOODWILL", "note": "", "waived_fen": 0}
