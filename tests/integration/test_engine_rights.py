"""Rights at the desk: the plant looks each one up itself, at every single ask, whatever the web says."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import delete, update

from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.names import LaneName, StayId
from scada.model.plate import Plate, PlateUnread
from scada.model.rights import by_token
from scada.ports import OpenStay
from scada.store import operators as operators_module
from scada.store.operators import Operators
from scada.store.schema import operator
from tests.support.engine import until
from tests.support.lane import ON
from tests.support.plantside import PASSWORD, Shell, shell

COMMANDS = ("open_gate", "correct_plate", "pick_stay", "send_back")
LOOKS = ("open_stays", "recent_stays", "journal")
NEW = "another long one"


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    """An entry where a car waits for a person; everybody has the same password, and hashes are cheap."""
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)
    async with shell(tmp_path, "in1") as built:
        people = Operators(built.db, built.config.site_id, built.runner._parts.clock)
        for name, role in (("tian", "technician"), ("an", "auditor"), ("zhang", "administrator")):
            await people.add(name, role, PASSWORD, must_change=False)
        await people.add("xin", "operator", PASSWORD, must_change=True)
        built.cameras.reading = PlateUnread("too dark", None)
        built.show(approach=ON, passage_now=1)
        await until(lambda: built.says("lane.state") == "awaiting_driver")
        yield built


async def is_forbidden(bench: Shell, user: str, verb: str) -> bool:
    """Ask with arguments that would do; say whether the plant refused for want of a right."""
    passage = bench.says("passage")
    args = {"reason": "VISITOR", "plate": "京A12345", "stay": "S1"}
    try:
        await bench.asks(verb, user, lane="in1", passage=passage, **args)
    except BridgeRefusal as refusal:
        return refusal.code == "forbidden"
    return False


@pytest.mark.parametrize("user", ["tian", "wang", "an", "nobody", ""])
async def test_only_operators_and_administrators_command_a_lane(bench: Shell, user: str) -> None:
    assert [verb for verb in COMMANDS if not await is_forbidden(bench, user, verb)] == []
    assert not bench.keeper.opened
    assert bench.says("lane.state") == "awaiting_driver"


@pytest.mark.parametrize("user", ["li", "zhang"])
async def test_operators_and_administrators_may_do_all_a_lane_needs(bench: Shell, user: str) -> None:
    assert [verb for verb in (*LOOKS, *COMMANDS) if await is_forbidden(bench, user, verb)] == []


async def test_who_is_removed_or_given_another_role_loses_the_right_at_once(bench: Shell) -> None:
    assert not await is_forbidden(bench, "li", "open_stays")
    await bench.db.write(lambda conn: conn.execute(update(operator).values(role="auditor")) and None)
    assert await is_forbidden(bench, "li", "open_gate")
    assert not await is_forbidden(bench, "li", "open_stays")
    await bench.db.write(lambda conn: conn.execute(delete(operator)) and None)
    assert await is_forbidden(bench, "li", "open_stays")


async def test_with_a_first_password_one_may_only_change_it(bench: Shell) -> None:
    assert [verb for verb in (*LOOKS, *COMMANDS) if not await is_forbidden(bench, "xin", verb)] == []
    await bench.asks("change_password", "xin", name="xin", old=PASSWORD, new=NEW)
    assert not await is_forbidden(bench, "xin", "open_stays")


async def test_a_password_that_was_reset_stops_the_sessions_of_the_old_one(bench: Shell) -> None:
    people = Operators(bench.db, bench.config.site_id, bench.runner._parts.clock)
    await people.reset_password("li", NEW)
    assert await is_forbidden(bench, "li", "open_gate")


async def test_nobody_changes_or_guesses_another_persons_password(bench: Shell) -> None:
    for _ in range(6):
        with pytest.raises(BridgeRefusal, match="only the own password"):
            await bench.asks("change_password", "tian", name="li", old=PASSWORD, new=NEW)
    signed = await bench.asks("sign_in", "", name="li", password=PASSWORD, address="127.0.0.1")
    assert signed == {"name": "li", "role": "operator", "must_change": False}


async def test_one_persons_wrong_tries_keep_nobody_else_from_changing_the_password(bench: Shell) -> None:
    for _ in range(5):
        with pytest.raises(BridgeRefusal, match="wrong"):
            await bench.asks("change_password", "tian", name="tian", old="wrong", new=NEW)
    assert await bench.asks("change_password", "li", name="li", old=PASSWORD, new=NEW) == {"changed": True}


@pytest.mark.parametrize(("user", "plate"), [("li", "京A12345"), ("zhang", "京A12345"), ("tian", "京A•••45")])
async def test_plates_are_whole_for_who_works_with_the_cars_only(bench: Shell, user: str, plate: str) -> None:
    entered = bench.runner._parts.clock.now()
    bench.cashier.stays = [OpenStay(StayId("S1"), Plate("京A12345"), entered, LaneName("in1"), None)]
    [told] = cast("list[dict[str, object]]", await bench.asks("open_stays", user))
    assert told["plate"] == plate


async def test_a_program_sees_plates_only_if_its_token_holds_that(bench: Shell) -> None:
    people = Operators(bench.db, bench.config.site_id, bench.runner._parts.clock)
    entered = bench.runner._parts.clock.now()
    bench.cashier.stays = [OpenStay(StayId("S1"), Plate("京A12345"), entered, LaneName("in1"), None)]
    seen = []
    for rights in (["open_stays"], ["open_stays", "see_plates"]):
        await people.tokens.make("li", "gate board", rights, 5, "li")
        name = str((await people.tokens.list("li"))[0]["id"])
        ask = Ask("control", "open_stays", {}, "li", "operator", by_token(name), "")
        [told] = cast("list[dict[str, object]]", await bench.desk.verbs()["open_stays"](ask))
        seen.append(told["plate"])
        await people.tokens.revoke(name, "li", None)
    assert seen == ["京A•••45", "京A12345"]
