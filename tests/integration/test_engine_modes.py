"""Modes: who may ask for them, when a lane may take them, when they end, and what the book says of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from scada.engine.command import modes as keeper_module
from scada.engine.doors import modes as desk_module
from scada.engine.doors.peer import BridgeRefusal
from scada.engine.writing import Confirmed
from scada.model.handshake import Mode
from scada.model.lane.events import FaultConfirmed, TideTurned
from scada.model.lane.faults import confirmed
from scada.model.lane.image import DARK, OFF, Signal
from scada.model.lane.states import Fault, Faulted, Idle, Lane, State
from scada.model.lane.words import Direction
from scada.model.modes import ModeReason, Wish, why_not_confirm
from scada.model.names import LaneName
from scada.model.tag import Quality, TagName
from scada.store import operators as operators_module
from tests.support.engine import until
from tests.support.lane import ON, READY, START
from tests.support.modes import PASSWORD, ModeBench, mode_bench

pytestmark = pytest.mark.usefixtures("any_database")

HOLD: dict[str, Any] = {"reason": "QUEUE", "note": "concert", "minutes": 10}
SECOND: dict[str, Any] = {"second_name": "wang", "second_password": PASSWORD}


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)
    monkeypatch.setattr(keeper_module, "LOOK_S", 0.02)
    monkeypatch.setattr(keeper_module, "APART_S", 0.02)
    monkeypatch.setattr(keeper_module, "TAKE_S", 0.5)
    monkeypatch.setattr(desk_module, "LEAVE_S", 0.5)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[ModeBench]:
    async with mode_bench(tmp_path) as built:
        yield built


async def refusal(bench: ModeBench, verb: str, user: str = "li", lane: str = "out1", **args: object) -> tuple[str, str]:
    """Ask, and give how the plant refused."""
    with pytest.raises(BridgeRefusal) as refused:
        await bench.asks(verb, user, lane, **args)
    return refused.value.code, refused.value.text


async def test_a_lane_is_held_open_in_somebodys_name_until_a_stated_time_and_goes_back_to_auto(
    bench: ModeBench,
) -> None:
    assert await bench.asks("hold_open", **HOLD) == {"accepted": True}
    assert bench.plc().shown.mode is Mode.HOLD_OPEN
    said = bench.tags.get(TagName("out1.mode.period")).value
    assert isinstance(said, str)
    told = json.loads(said)
    assert (told["mode"], told["reason"], told["note"], told["by"]) == ("HOLD_OPEN", "QUEUE", "concert", "li")
    span = datetime.fromisoformat(told["until"]) - datetime.fromisoformat(told["began_at"])
    assert timedelta(minutes=9) < span <= timedelta(minutes=10)
    assert await bench.asks("auto", "zhao", note="the queue is gone") == {"accepted": True}
    assert bench.tags.get(TagName("out1.mode.period")).value == ""
    [period] = await bench.periods()
    assert (period.mode, period.by, period.second, period.ended_by) == ("HOLD_OPEN", "li", "", "zhao")
    assert period.ended_at is not None
    assert [(row.actor, row.what) for row in await bench.journal("person")] == [("li", "hold open"), ("zhao", "auto")]
    assert [(row.actor, row.what) for row in await bench.journal("mode")] == [
        ("li", "hold_open began"),
        ("zhao", "hold_open ended"),
    ]


async def test_what_is_asked_for_while_the_lane_is_only_leaving_resync_stands_in_the_persons_name_and_ends_at_its_time(
    bench: ModeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "APART_S", 0.3)
    bench.plc().show(mode=Mode.RESYNC)
    await bench.shows("RESYNC")
    until_at = bench.clock.now() + timedelta(minutes=10)
    asking = asyncio.create_task(
        bench.keepers[LaneName("out1")].ask(Wish(Mode.HOLD_OPEN, "li", ModeReason.QUEUE, until=until_at))
    )
    await until(lambda: bench.plc().wishes == [0])
    bench.plc().show(mode=Mode.AUTO)
    assert await asking == Confirmed()
    bench.clock.leapt_s += 601
    await bench.shows("AUTO")
    told = [(period.mode, period.by, period.ended_by) for period in await bench.periods()]
    assert told == [("RESYNC", "plc", "plc"), ("HOLD_OPEN", "li", "expiry")]


async def test_what_is_asked_for_while_the_book_is_still_being_written_stands_in_the_persons_name(
    bench: ModeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, writing, may_write = bench.keepers[LaneName("out1")], asyncio.Event(), asyncio.Event()
    bench.plc().show(mode=Mode.RESYNC)
    await bench.shows("RESYNC")
    write = bench.db.write

    async def slow_write(work: Callable[[Connection], object]) -> object:
        writing.set()
        await may_write.wait()
        return await write(work)

    monkeypatch.setattr(bench.db, "write", slow_write)
    bench.plc().show(mode=Mode.AUTO)
    await writing.wait()
    until_at = bench.clock.now() + timedelta(minutes=10)
    asking = asyncio.create_task(keeper.ask(Wish(Mode.HOLD_OPEN, "li", ModeReason.QUEUE, until=until_at)))
    await asyncio.sleep(0)
    may_write.set()
    assert await asking == Confirmed()
    bench.clock.leapt_s += 601
    await bench.shows("AUTO")
    told = [(period.mode, period.by, period.ended_by) for period in await bench.periods()]
    assert told == [("RESYNC", "plc", "plc"), ("HOLD_OPEN", "li", "expiry")]
    assert bench.alarms == []


async def test_the_person_and_the_wish_stand_in_the_journal_before_the_plc_hears_of_it(bench: ModeBench) -> None:
    bench.plc().is_deaf = True
    assert await refusal(bench, "hold_open", **HOLD) == ("unknown", "the PLC does not show the mode; look at the lane")
    assert [row.what for row in await bench.journal("person")] == ["hold open"]
    assert [row.body["value"] for row in await bench.journal("command")] == [0, 2] == bench.plc().wishes
    assert await bench.periods() == []


async def test_holding_open_ends_by_itself_when_its_time_is_over(bench: ModeBench) -> None:
    await bench.asks("hold_open", **HOLD)
    bench.clock.leapt_s += 601
    await bench.shows("AUTO")
    assert bench.plc().shown.mode is Mode.AUTO
    [period] = await bench.periods()
    assert period.ended_by == "expiry"
    assert bench.alarms == []


async def test_an_expiry_that_the_plc_does_not_hear_is_told_it_again(bench: ModeBench) -> None:
    await bench.asks("hold_open", **HOLD)
    bench.plc().is_deaf = True
    bench.clock.leapt_s += 601
    await until(lambda: bench.plc().wishes[-1] == Mode.AUTO)
    bench.plc().is_deaf = False
    bench.clock.leapt_s += 6
    await bench.shows("AUTO")
    assert [period.ended_by for period in await bench.periods()] == ["expiry"]


async def test_above_ten_minutes_a_second_person_signs_in_beside(bench: ModeBench) -> None:
    longer = {**HOLD, "minutes": 11}
    assert await refusal(bench, "hold_open", **longer) == (
        "refused",
        "above 10 minutes a second person is needed",
    )
    assert await bench.asks("hold_open", **longer, **SECOND) == {"accepted": True}
    [period] = await bench.periods()
    assert (period.by, period.second) == ("li", "wang")
    [told] = await bench.journal("person")
    assert told.body["second"] == "wang"
    assert PASSWORD not in json.dumps([row.body for row in await bench.journal("person")])


async def test_several_times_within_an_hour_nobody_holds_a_lane_open_alone_for_longer_than_once(
    bench: ModeBench,
) -> None:
    short = {**HOLD, "minutes": 6}
    await bench.asks("hold_open", **short)
    bench.clock.leapt_s += 361
    await bench.shows("AUTO")
    assert await refusal(bench, "hold_open", "zhao", **short) == (
        "refused",
        "above 10 minutes within an hour a second person is needed",
    )
    await bench.asks("hold_open", **{**HOLD, "minutes": 3})
    await bench.asks("auto")
    await bench.asks("hold_open", lane="in1", **short)
    assert await bench.asks("hold_open", **short, **SECOND) == {"accepted": True}
    bench.clock.leapt_s += 3700
    await bench.shows("AUTO")
    assert await bench.asks("hold_open", **HOLD) == {"accepted": True}


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("li", PASSWORD, "the second person must be another one"),
        ("LI", PASSWORD, "the second person must be another one"),
        ("wang", "the boom stays down", "the name or the password is wrong"),
        ("an", PASSWORD, "this person may not vouch for it"),
        ("tian", PASSWORD, "this person may not vouch for it"),
        ("xin", PASSWORD, "this person may not vouch for it"),
        ("nobody", PASSWORD, "the name or the password is wrong"),
    ],
)
async def test_the_second_person_is_another_one_who_may(bench: ModeBench, name: str, password: str, why: str) -> None:
    args = {**HOLD, "minutes": 60, "second_name": name, "second_password": password}
    assert await refusal(bench, "hold_open", **args) == ("refused", f"the second person: {why}")
    assert bench.plc().wishes == []


async def test_whoever_guesses_second_passwords_is_slowed_down(bench: ModeBench) -> None:
    answers = [
        (await refusal(bench, "hold_open", **{**HOLD, "minutes": 60}, second_name=name, second_password="wrong"))[1]
        for name in ("wang", "zhao", "wang", "zhao", "wang", "zhao")
    ]
    assert "too many tries" in answers[-1]


@pytest.mark.parametrize(
    "args", [{"minutes": 0}, {"minutes": 721}, {"minutes": "10"}, {"reason": "TEST"}, {"reason": "BORED"}]
)
async def test_holding_open_needs_a_reason_of_the_list_and_an_expiry(bench: ModeBench, args: dict[str, Any]) -> None:
    assert (await refusal(bench, "hold_open", **{**HOLD, **args}))[0] == "bad_args"
    assert (await refusal(bench, "hold_open", reason="OTHER", minutes=5))[1] == "another reason needs a note"
    assert bench.plc().wishes == []


async def test_holding_open_begins_in_auto_only_and_by_the_server_that_holds_the_lane(bench: ModeBench) -> None:
    for mode in (Mode.LOCKED, Mode.FIRE, Mode.MAINTENANCE, Mode.RESYNC, Mode.HOLD_OPEN):
        bench.plc().show(mode=mode)
        assert await refusal(bench, "hold_open", **HOLD) == ("refused", f"the lane is in mode {mode.name}")
    bench.plc().show(mode=Mode.AUTO, claimed=False)
    assert await refusal(bench, "hold_open", **HOLD) == ("refused", "this server does not hold the lane")
    bench.plc().vanish()
    assert await refusal(bench, "hold_open", **HOLD) == ("refused", "the PLC does not answer")


async def test_a_lane_is_locked_with_nobody_under_the_boom_and_another_way_out(bench: ModeBench) -> None:
    lock: dict[str, Any] = {"reason": "WORK"}
    assert await bench.asks("lock", lane="out2", **lock) == {"accepted": True}
    assert bench.plc("out2").shown.mode is Mode.LOCKED
    assert await refusal(bench, "lock", **lock) == ("refused", "no other exit is open")
    await bench.asks("auto", lane="out2")
    bench.is_in("out2", state=Faulted(Fault.NO_START, 0.0))
    assert await refusal(bench, "lock", **lock) == ("refused", "no other exit is open")
    bench.plc("out2").vanish()
    bench.is_in("out2", state=Idle())
    assert await refusal(bench, "lock", **lock) == ("refused", "no other exit is open")
    bench.plc("in1").show(safety=ON)
    assert await refusal(bench, "lock", lane="in1", **lock) == ("refused", "a vehicle stands under the boom")
    bench.plc("in1").show(safety=OFF, beam=Signal(on=False, quality=Quality.FAULT))
    assert (await refusal(bench, "lock", lane="in1", **lock))[1] == "the safety loop or the beam cannot be believed"


async def test_a_test_opening_needs_an_empty_lane_and_ends_after_a_minute(bench: ModeBench) -> None:
    bench.plc().show(approach=ON, passage_now=1)
    assert await refusal(bench, "test_opening", "tian") == ("refused", "a test opening needs an empty lane")
    bench.plc().show(approach=OFF, passage_now=0)
    assert await bench.asks("test_opening", "tian", note="after the repair") == {"accepted": True}
    [period] = await bench.periods()
    assert (period.reason, period.by, period.note) == ("TEST", "tian", "after the repair")
    bench.clock.leapt_s += 61
    await bench.shows("AUTO")


async def test_who_may_ask_for_modes(bench: ModeBench) -> None:
    asks: dict[str, dict[str, Any]] = {
        "hold_open": HOLD,
        "test_opening": {},
        "lock": {"reason": "WORK"},
        "auto": {},
        "leave_resync": {"stands": "EMPTY"},
        "confirm_fault": {},
        "turn_tide": {"way": "exit"},
        "mode_periods": {},
    }
    bench.plc().show(mode=Mode.MAINTENANCE)
    allowed: dict[str, list[str]] = {}
    for user in ("li", "tian", "wang", "an", "xin"):
        for verb, args in asks.items():
            try:
                await bench.asks(verb, user, **args)
            except BridgeRefusal as refused:
                if refused.code == "forbidden":
                    continue
            allowed.setdefault(user, []).append(verb)
    assert allowed == {
        "li": list(asks),
        "tian": ["test_opening", "leave_resync", "confirm_fault", "mode_periods"],
        "wang": ["mode_periods"],
        "an": ["mode_periods"],
    }


async def test_fire_ends_and_holding_open_goes_on_under_its_name_and_expiry(bench: ModeBench) -> None:
    await bench.asks("hold_open", **HOLD)
    bench.plc().show(mode=Mode.FIRE)
    await bench.shows("FIRE")
    bench.plc().show(mode=Mode.HOLD_OPEN)
    await bench.shows("HOLD_OPEN")
    before, fire, after = await bench.periods()
    assert (fire.mode, fire.by, fire.until, fire.ended_by) == ("FIRE", "plc", None, "plc")
    assert (after.by, after.reason, after.until) == (before.by, before.reason, before.until)
    assert bench.alarms == []
    bench.clock.leapt_s += 601
    await bench.shows("AUTO")


async def test_what_the_plc_does_by_itself_is_a_period_too(bench: ModeBench) -> None:
    for mode in (Mode.MAINTENANCE, Mode.RESYNC, Mode.AUTO):
        bench.plc().show(mode=mode)
        await bench.shows(mode.name)
    bench.plc().vanish()
    bench.clock.leapt_s += 1
    await until(lambda: bench.keepers[LaneName("out1")]._dark_s is not None)
    bench.clock.leapt_s += 4
    await bench.shows("OUT_OF_REACH")
    told = [(period.mode, period.by, period.ended_by) for period in await bench.periods()]
    assert told == [("MAINTENANCE", "plc", "plc"), ("RESYNC", "plc", "plc"), ("OUT_OF_REACH", "plc", None)]


async def test_a_lane_is_held_open_in_the_owners_name_and_where_that_cannot_be_a_person_is_told(
    bench: ModeBench,
) -> None:
    keeper = bench.keepers[LaneName("out1")]
    await keeper.hold_for_owner("the boom is off its mount")
    [period] = await bench.periods()
    assert (period.mode, period.by, period.reason) == ("HOLD_OPEN", "policy", "EQUIPMENT")
    assert period.note == "the boom is off its mount"
    assert period.until is not None
    assert bench.alarms == []
    await keeper.hold_for_owner("again")
    assert (len(await bench.periods()), bench.alarms) == (1, ["NOT_HELD_OPEN"])


async def test_a_mode_in_nobodys_name_raises_an_alarm(bench: ModeBench) -> None:
    bench.plc().show(mode=Mode.HOLD_OPEN)
    await bench.shows("HOLD_OPEN")
    await until(lambda: bench.keepers[LaneName("out1")]._nobodys_s is not None)
    assert bench.alarms == []
    bench.clock.leapt_s += 6
    await until(lambda: bench.alarms == ["MODE_UNASKED"])


async def test_a_boom_that_the_plc_holds_up_for_want_of_a_server_is_a_period_with_that_reason(
    bench: ModeBench,
) -> None:
    bench.plc().show(mode=Mode.HOLD_OPEN, claimed=False)
    await bench.shows("HOLD_OPEN")
    bench.plc().show(mode=Mode.AUTO, claimed=True)
    await bench.shows("AUTO")
    [period] = await bench.periods()
    assert (period.by, period.reason, bench.alarms) == ("plc", "SERVER_LOST", [])


async def test_after_a_restart_holding_open_goes_on_and_ends_at_its_time(tmp_path: Path) -> None:
    async with mode_bench(tmp_path) as before:
        await before.asks("hold_open", **HOLD)
    async with mode_bench(tmp_path, is_first_start=False) as bench:
        bench.plc().show(mode=Mode.HOLD_OPEN)
        await until(lambda: bench.period() is not None)
        await until(lambda: bench.keepers[LaneName("out1")]._away_since is None)
        period = bench.period()
        assert period is not None
        assert (period.by, period.note) == ("li", "concert")
        bench.clock.leapt_s += 601
        await bench.shows("AUTO")
        held, lost = await bench.periods()
        assert (held.mode, held.ended_by, lost.mode, lost.by) == ("HOLD_OPEN", "expiry", "SERVER_LOST", "server")
        assert lost.ended_at is not None
        assert bench.alarms == []


@pytest.mark.parametrize("resynced", [True, False])
async def test_a_plc_that_has_lost_the_mode_is_not_asked_again_but_a_person_is(tmp_path: Path, resynced: bool) -> None:
    async with mode_bench(tmp_path) as before:
        await before.asks("hold_open", **HOLD)
    async with mode_bench(tmp_path, is_first_start=False) as bench:
        if resynced:
            bench.plc().show(mode=Mode.RESYNC)
            await bench.shows("RESYNC")
        bench.plc().show(mode=Mode.AUTO)
        await until(lambda: bench.alarms == ["MODE_LOST"])
        await bench.shows("AUTO")
        bench.clock.leapt_s += 601
        assert bench.plc().wishes == []
        told = [period for period in await bench.periods() if period.mode == "HOLD_OPEN"]
        assert [period.ended_by for period in told] == ["plc"]


async def test_a_wish_under_the_fire_of_a_former_server_is_still_known(tmp_path: Path) -> None:
    async with mode_bench(tmp_path) as before:
        await before.asks("hold_open", **HOLD)
        before.plc().show(mode=Mode.FIRE)
        await before.shows("FIRE")
    async with mode_bench(tmp_path, is_first_start=False) as bench:
        bench.plc().show(mode=Mode.HOLD_OPEN)
        await bench.shows("HOLD_OPEN")
        period = bench.period()
        assert period is not None
        assert (period.by, period.until is None) == ("li", False)


async def test_a_lane_leaves_resync_on_the_word_of_somebody_who_could_look(bench: ModeBench) -> None:
    leave: dict[str, Any] = {"stands": "CAR_BEFORE"}
    assert await refusal(bench, "leave_resync", **leave) == ("refused", "the lane is not in RESYNC")
    bench.plc().show(mode=Mode.RESYNC, claimed=False, approach=ON, safety=ON)
    assert await refusal(bench, "leave_resync", **leave) == ("refused", "a vehicle stands under the boom")
    bench.plc().show(safety=OFF)
    bench.tags.set(TagName("out1.camera.ok"), False)
    assert await refusal(bench, "leave_resync", **leave) == ("refused", "no camera shows the lane")
    bench.tags.set(TagName("out1.camera.ok"), True)
    assert (await refusal(bench, "leave_resync"))[0] == "bad_args"
    assert bench.plc().lets == 0
    assert await bench.asks("leave_resync", "tian", **leave) == {"accepted": True}
    assert bench.plc().lets == 1
    [told] = await bench.journal("person")
    assert (told.actor, told.what, told.body["note"]) == ("tian", "leave resync", "CAR_BEFORE")


async def test_a_fault_ends_when_a_person_has_looked_and_mount_and_limit_agree(bench: ModeBench) -> None:
    bench.is_in("out1", image=READY)
    assert await refusal(bench, "confirm_fault") == ("refused", "the lane has no fault")
    broken = replace(READY, attached=OFF)
    bench.is_in("out1", state=Faulted(Fault.BOOM, 0.0), image=broken)
    assert await refusal(bench, "confirm_fault") == ("refused", "the boom is not on its mount")
    bench.is_in("out1", image=replace(READY, down=OFF))
    assert await refusal(bench, "confirm_fault") == ("refused", "the boom is at neither limit")
    bench.is_in("out1", image=DARK)
    assert await refusal(bench, "confirm_fault") == ("refused", "the PLC does not answer")
    assert bench.posted == []
    bench.is_in("out1", image=READY)
    assert await bench.asks("confirm_fault", "tian", note="new boom") == {"accepted": True}
    [event] = bench.posted
    assert isinstance(event, FaultConfirmed)
    assert event.by == "tian"
    [told] = await bench.journal("person")
    assert (told.what, told.body) == ("confirm fault", {"note": "new boom"})


def test_what_a_person_may_confirm_is_what_the_lane_believes() -> None:
    states: list[State] = [Idle(), *(Faulted(fault, 0.0) for fault in Fault)]
    images = [replace(READY, attached=signal, up=up, down=down) for signal, up, down in product((ON, OFF), repeat=3)]
    for state, image in product(states, (*images, DARK)):
        lane = Lane(LaneName("out1"), Direction.EXIT, state=state, image=image)
        done = confirmed(lane, FaultConfirmed("li", at=START, at_s=1.0))
        assert (why_not_confirm(lane) == "") == (done.lane.state != lane.state), lane


async def test_a_tidal_lane_is_turned_and_never_the_last_way_out(bench: ModeBench) -> None:
    assert await refusal(bench, "turn_tide", way="entry") == ("refused", "this lane has no tides")
    assert (await refusal(bench, "turn_tide", lane="out2", way="up"))[0] == "bad_args"
    assert await bench.asks("turn_tide", lane="out2", way="entry") == {"accepted": True}
    [event] = bench.posted
    assert isinstance(event, TideTurned)
    assert (event.ways, event.by) == (frozenset({Direction.ENTRY}), "li")
    bench.is_in("out2", two_way=True, ways=event.ways)
    assert await refusal(bench, "lock", reason="WORK") == ("refused", "no other exit is open")
    assert await bench.asks("lock", lane="out2", reason="WORK") == {"accepted": True}
    bench.plc("out1").show(mode=Mode.LOCKED)
    assert await refusal(bench, "turn_tide", lane="out2", way="entry") == ("refused", "no other exit is open")
    assert await bench.asks("turn_tide", lane="out2", way="both") == {"accepted": True}


async def test_a_lane_that_does_not_exist_or_takes_no_modes_says_so(bench: ModeBench) -> None:
    assert (await refusal(bench, "auto", lane="out9"))[0] == "bad_args"
    bench.plc().show(mode=Mode.HOLD_OPEN)
    del bench.tags._cells[TagName("out1.mode.wanted")]
    assert await refusal(bench, "auto") == ("refused", "this lane's PLC takes no modes")


async def test_the_periods_are_told_newest_first(bench: ModeBench) -> None:
    await bench.asks("hold_open", **HOLD)
    await bench.asks("auto")
    await bench.asks("lock", lane="in1", reason="NIGHT")
    told = await bench.asks("mode_periods", "an", lane="")
    assert isinstance(told, list)
    assert [(row["lane"], row["mode"], row["ended_by"]) for row in told] == [
        ("in1", "LOCKED", None),
        ("out1", "HOLD_OPEN", "li"),
    ]
    assert isinstance(await bench.asks("mode_periods", "an", limit=1), list)
