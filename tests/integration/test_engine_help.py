"""A driver calls for a person, by the lane's button or his phone: timed, answered once, and written down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from scada.engine.doors import help as help_room
from scada.engine.doors.peer import BridgeRefusal
from scada.model.lane.image import OFF
from scada.model.plate import PlateUnread
from scada.model.tag import Quality, TagName, TagUpdate
from tests.support.engine import until
from tests.support.lane import ON
from tests.support.plantside import Shell, shell


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[Shell]:
    async with shell(folder, "out1") as bench:
        task = asyncio.create_task(bench.calls.run())
        await asyncio.sleep(0)
        try:
            yield bench
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def press(bench: Shell, *, down: bool, quality: Quality = Quality.GOOD) -> None:
    bench.tags.apply([TagUpdate(TagName("out1.hand.help"), down, quality)])


async def car_waits(bench: Shell) -> None:
    bench.cameras.reading = PlateUnread("covered", None)
    bench.show(approach=ON, passage_now=1)
    await until(lambda: bench.says("lane.state") == "awaiting_driver")


async def told(bench: Shell) -> list[str]:
    return [row.what for row in await bench.journal("alarm")]


async def test_the_button_opens_the_cars_case_and_is_shown_until_somebody_answers(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await car_waits(bench)
        press(bench, down=True)
        await until(lambda: bench.says("case") == "the driver calls")
        await until(lambda: bench.says("help.state") == "calling")
        assert bench.says("help.since")
        answered = await bench.asks("answer_help", lane="out1")
        assert isinstance(answered, dict)
        assert answered["answered_by"] == "li"
        assert bench.says("help.state") == "answered"
        await bench.asks("end_help", lane="out1", note="paid in cash")
        assert bench.says("help.state") == ""
        ended = [row for row in await bench.journal("event") if row.what == "a call for help has ended"]
        assert ended[0].body["outcome"] == "paid in cash"


async def test_a_call_is_answered_once(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await car_waits(bench)
        with pytest.raises(BridgeRefusal, match="nobody calls"):
            await bench.asks("answer_help", lane="out1")
        press(bench, down=True)
        await until(lambda: bench.says("help.state") == "calling")
        with pytest.raises(BridgeRefusal, match="no call that was answered"):
            await bench.asks("end_help", lane="out1")
        await bench.asks("answer_help", lane="out1")
        with pytest.raises(BridgeRefusal, match="answered already"):
            await bench.asks("answer_help", lane="out1")
        with pytest.raises(BridgeRefusal, match="may not"):
            await bench.asks("answer_help", user="wang", lane="out1")


async def test_who_presses_again_is_one_call_and_a_bad_value_is_none(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await car_waits(bench)
        press(bench, down=True, quality=Quality.FAULT)
        for _ in range(3):
            press(bench, down=True)
            await until(lambda: bench.says("help.state") == "calling")
            press(bench, down=False)
            await asyncio.sleep(0.05)
        seen = await bench.asks("help_calls")
        assert isinstance(seen, dict)
        assert [call["presses"] for call in seen["calls"]] == [3]


async def test_the_next_cars_call_rings_though_the_one_before_was_answered(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await car_waits(bench)
        press(bench, down=True)
        await until(lambda: bench.says("help.state") == "calling")
        await bench.asks("answer_help", lane="out1")
        press(bench, down=False)
        bench.show(approach=OFF, passage_now=0)
        await until(lambda: bench.runner.live is None)
        bench.show(approach=ON, passage_now=2)
        await until(lambda: bench.says("lane.state") == "awaiting_driver")
        press(bench, down=True)
        await until(lambda: bench.says("help.state") == "calling")
        assert (await told(bench)).count("a driver calls for help") == 2


async def test_nobody_answering_is_told_louder_and_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help_room, "LOUDER_S", (0.1, 0.2))
    monkeypatch.setattr(help_room, "TICK_S", 0.05)
    async with at_work(tmp_path) as bench:
        await car_waits(bench)
        press(bench, down=True)
        louder = "nobody answers a call for help"
        for _ in range(100):
            if (await told(bench)).count(louder) == 2:
                break
            await asyncio.sleep(0.05)
        assert (await told(bench)).count(louder) == 2
        assert bench.keeper.opened == []
        bench.show(approach=OFF, passage_now=0)
        await until(lambda: bench.says("help.state") == "")


async def test_a_button_pressed_where_nobody_stands_is_a_call_without_a_case(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        press(bench, down=True)
        await until(lambda: bench.says("help.state") == "calling")
        assert not bench.says("case")


async def test_a_server_that_starts_anew_still_shows_the_call(tmp_path: Path) -> None:
    async with at_work(tmp_path) as bench:
        await car_waits(bench)
        press(bench, down=True)
        await until(lambda: bench.says("help.state") == "calling")
    async with shell(tmp_path, "out1", is_first_start=False) as bench:
        task = asyncio.create_task(bench.calls.run())
        await until(lambda: bench.says("help.state") == "calling")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
