"""What a driver may claim at the boom, and what the page never tells him of others."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from scada.engine.doors.peer import BridgeRefusal
from scada.engine.lanes import LaneRunner
from scada.model.names import LaneName, StayId
from scada.model.plate import Plate, PlateUnread
from scada.ports import OpenStay
from tests.support.engine import START, until
from tests.support.lane import ON, read_of
from tests.support.plantside import Shell, shell

MINE = OpenStay(StayId("S1"), Plate("京A12345"), START - timedelta(days=10), LaneName("in1"), None)
CHEAP = OpenStay(StayId("S2"), Plate("沪B77777"), START - timedelta(minutes=20), LaneName("in1"), None)


async def car_reaches(bench: Shell, state: str) -> str:
    """A car comes; gives its code once the lane is so far."""
    bench.show(approach=ON, passage_now=1)
    await until(lambda: bench.says("lane.state") == state)
    passage = bench.runner.live
    assert passage is not None
    return bench.claims.url(bench.runner.name, passage).rpartition("/")[2]


async def claimed(bench: Shell, token: str, plate: str) -> list[object]:
    answer = await bench.claims_by("claim_plate", token=token, plate=plate)
    assert isinstance(answer, dict)
    return [candidate["stay"] for candidate in answer["candidates"]]


async def test_whose_plate_was_read_and_has_a_stay_claims_no_cheaper_one(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays = [MINE, CHEAP]
        token = await car_reaches(bench, "awaiting_payment")
        with pytest.raises(BridgeRefusal, match="a person will look"):
            await claimed(bench, token, CHEAP.plate)
        await until(lambda: bench.says("case") == "the driver calls")
        assert bench.says("stay") == MINE.id
        with pytest.raises(BridgeRefusal, match="not offered"):
            await bench.claims_by("claim_stay", token=token, stay=CHEAP.id)
        assert [row.what for row in await bench.journal("person", lane=True)] == ["claim doubted", "claimed plate"]


async def test_the_only_stay_near_the_plate_that_was_read_is_offered_without_typing(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        near = OpenStay(StayId("S3"), Plate("京A12346"), START - timedelta(hours=1), LaneName("in1"), None)
        bench.cashier.stays = [near, CHEAP]
        token = await car_reaches(bench, "awaiting_driver")
        seen = await bench.claims_by("claim_view", token=token)
        assert isinstance(seen, dict)
        assert [candidate["stay"] for candidate in seen["candidates"]] == [near.id]
        await bench.claims_by("claim_stay", token=token, stay=near.id)
        await until(lambda: bench.says("stay") == near.id)


async def test_the_same_is_said_whether_or_not_the_typed_plate_is_inside(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays = [MINE, CHEAP]
        token = await car_reaches(bench, "awaiting_payment")
        said: list[str] = []
        for plate in (CHEAP.plate, "粤C00001"):
            with pytest.raises(BridgeRefusal) as refusal:
                await claimed(bench, token, plate)
            said.append(str(refusal.value))
        assert said[0] == said[1]


async def test_a_stay_offered_before_the_camera_had_read_the_plate_is_not_taken_after_it(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays = [MINE, CHEAP]
        bench.cameras.reading = PlateUnread("covered", None)
        token = await car_reaches(bench, "awaiting_driver")
        assert await claimed(bench, token, CHEAP.plate) == [CHEAP.id]
        bench.cameras.reading = read_of(MINE.plate)
        await until(lambda: bench.says("lane.state") == "awaiting_payment")
        with pytest.raises(BridgeRefusal, match="a person will look"):
            await bench.claims_by("claim_stay", token=token, stay=CHEAP.id)
        assert bench.says("stay") == MINE.id


async def test_whose_plate_was_read_but_has_no_stay_may_claim_his_own(tmp_path: Path) -> None:
    """The camera may have misread him at the entry or here (path G)."""
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays = [MINE]
        bench.cameras.reading = read_of("京A12845")
        token = await car_reaches(bench, "awaiting_driver")
        assert await claimed(bench, token, MINE.plate) == [MINE.id]


async def test_a_plate_near_to_several_stays_shows_none_of_them(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays = [MINE, OpenStay(StayId("S3"), Plate("京A12346"), START, LaneName("in1"), None)]
        bench.cameras.reading = PlateUnread("too dark", None)
        token = await car_reaches(bench, "awaiting_driver")
        assert await claimed(bench, token, "京A12349") == []
        bench.cashier.stays = [MINE]
        assert await claimed(bench, token, "京A12349") == [MINE.id]


async def test_a_car_that_stands_at_another_boom_cannot_be_claimed_here(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays = [MINE]
        bench.cameras.reading = PlateUnread("too dark", None)
        token = await car_reaches(bench, "awaiting_driver")
        other = SimpleNamespace(lane=SimpleNamespace(live=SimpleNamespace(stay=MINE.id)))
        runners = {bench.runner.name: bench.runner, LaneName("out2"): other}
        bench.claims.serve(cast("Mapping[LaneName, LaneRunner]", runners))
        assert await claimed(bench, token, MINE.plate) == []


async def test_who_claims_the_stay_of_a_locked_car_waits_for_a_person(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays = [MINE]
        bench.cameras.reading = PlateUnread("covered", None)
        token = await car_reaches(bench, "awaiting_driver")
        assert await claimed(bench, token, MINE.plate) == [MINE.id]
        bench.cashier.doubtful = "its owner has locked this car"
        await bench.claims_by("claim_stay", token=token, stay=MINE.id)
        await until(lambda: bench.says("case") == "its owner has locked this car")
        with pytest.raises(BridgeRefusal, match="Nothing more to do"):
            await bench.claims_by("claim_stay", token=token, stay=MINE.id)


async def test_whoever_is_read_as_a_car_that_stands_at_another_boom_waits_for_a_person(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays, bench.cashier.due = [MINE], 0
        bench.cashier.elsewhere.add(MINE.id)
        await car_reaches(bench, "awaiting_operator")
        await until(lambda: bench.says("case") == "the same stay stands at another boom, too")


async def test_two_cars_that_are_read_as_the_same_at_one_moment_both_wait_for_a_person(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays, bench.cashier.due = [MINE], 0
        bench.cashier.before_quote = lambda: bench.cashier.elsewhere.add(MINE.id)
        await car_reaches(bench, "awaiting_operator")
        await until(lambda: bench.says("case") == "the same stay stands at another boom, too")


async def test_a_code_shows_nobodys_stay_once_its_lane_asks_for_nothing(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cashier.stays, bench.cashier.due = [MINE, CHEAP], 0
        token = await car_reaches(bench, "opening")
        for verb in ("claim_plate", "claim_stay"):
            with pytest.raises(BridgeRefusal, match="Nothing more to do"):
                await bench.claims_by(verb, token=token, plate=CHEAP.plate, stay=CHEAP.id)
