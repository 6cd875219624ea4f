"""The desk's queue in the plant: taken once, given back, put on record with its times, and rung on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection, insert, select

from scada.engine.doors.cases import room as case_room
from scada.engine.doors.peer import BridgeRefusal
from scada.model.desk.seats import Ringing
from scada.model.lane.image import OFF
from scada.model.plate import PlateUnread
from scada.model.tag import TagName
from scada.store.helpcalls import PHONE
from scada.store.schema import desk_case, help_call, passage, uncertain
from tests.support.engine import until
from tests.support.lane import ON
from tests.support.plantside import Shell, shell


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shell]:
    monkeypatch.setattr(case_room, "TICK_S", 0.02)
    monkeypatch.setattr(case_room, "BOOKS_S", 0.0)
    async with shell(tmp_path, "out1") as built:
        tasks = [asyncio.create_task(work) for work in (built.calls.run(), built.cases.run())]
        try:
            yield built
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def listed(bench: Shell, user: str = "li") -> list[dict[str, Any]]:
    told = cast("dict[str, Any]", await bench.asks("desk_cases", user))
    return cast("list[dict[str, Any]]", told["cases"])


async def car_calls(bench: Shell) -> None:
    """A car that nobody could read stands at the exit, and its driver calls."""
    bench.cameras.reading = PlateUnread("covered", None)
    bench.show(approach=ON, passage_now=1)
    await until(lambda: bench.says("lane.state") == "awaiting_driver")
    await bench.calls.call(bench.runner.name, PHONE)
    await until(lambda: len(bench.cases.cases) == 1 and bench.cases.cases[0].kind.value == "unread")


async def test_a_car_is_one_case_which_is_taken_once_and_its_call_is_answered_by_that(bench: Shell) -> None:
    await car_calls(bench)
    [case] = await listed(bench)
    assert (case["lane"], case["owner"], case["paper"], case["way_out"]) == ("out1", "", False, True)
    await bench.asks("take_desk_case", case=case["ref"])
    assert bench.says("help.state") == "answered"
    [case] = await listed(bench)
    assert case["owner"] == "li"
    with pytest.raises(BridgeRefusal, match="li has taken"):
        await bench.asks("take_desk_case", "wang", case=case["ref"])
    with pytest.raises(BridgeRefusal, match="not yours"):
        await bench.asks("give_back_case", "wang", case=case["ref"])
    await bench.asks("give_back_case", case=case["ref"])
    [case] = await listed(bench)
    assert case["owner"] == ""
    await bench.asks("take_desk_case", "wang", case=case["ref"])
    bench.show(approach=OFF, passage_now=0)
    await until(lambda: all(one.is_paper for one in bench.cases.cases))
    mine = select(desk_case).where(desk_case.c.ref == case["ref"])
    [row] = await bench.db.read(lambda conn: conn.execute(mine).all())
    assert (row.answered_by, row.owner, row.resolved_by) == ("li", "wang", "wang")
    assert row.opened_at <= row.answered_at <= row.resolved_at
    told = cast("dict[str, Any]", await bench.asks("desk_cases"))
    assert told["figures"]["cases"] == 1
    said = [one.what for one in await bench.journal("person") if one.what != "operator_added"][::-1]
    assert said == ["takes a case", "answers a call for help", "gives a case back", "takes a case"]


async def test_a_car_nobody_answers_is_offered_to_the_seats_and_then_rings_at_the_person_on_call(
    bench: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.cases, "_ringing", Ringing(1.0, ("zhang",)))
    await bench.asks("desk_here")
    await car_calls(bench)
    await until(lambda: bench.cases.cases[0].offered == "li")
    await until(lambda: bench.cases.cases[0].on_call)
    assert bench.cases.cases[0].offered == "zhang"
    assert bench.tags.get(TagName("site.cases_unanswered")).value == 1
    await until(lambda: bool(bench.cases._rung))
    assert (await bench.journal("alarm"))[0].what == "nobody takes a case"
    assert not bench.keeper.opened


async def test_a_call_from_elsewhere_is_settled_at_the_desk_by_who_has_answered_it(bench: Shell) -> None:
    call = await bench.calls.call(bench.runner.name, PHONE, of_car=False)
    ref = f"call:{call.id}"
    await until(lambda: [case.ref for case in bench.cases.cases] == [ref])
    await bench.asks("take_desk_case", case=ref)
    with pytest.raises(BridgeRefusal, match="fixed words"):
        await bench.asks("settle_desk_case", case=ref, outcome="the debt stands")
    await bench.asks("settle_desk_case", case=ref, outcome="nobody was there", note="rang twice")
    assert await listed(bench) == []
    assert bench.calls.open_calls() == ()
    assert bench.says("help.state") == ""
    [row] = await bench.db.read(lambda conn: conn.execute(select(desk_case)).all())
    assert (row.resolved_by, row.outcome) == ("li", "nobody was there: rang twice")
    [told] = await bench.db.read(lambda conn: conn.execute(select(help_call)).all())
    assert told.outcome == "nobody was there: rang twice"
    assert told.ended_at is not None


async def test_a_call_of_the_car_that_stands_there_ends_with_its_car_and_by_no_word(bench: Shell) -> None:
    await car_calls(bench)
    [case] = await listed(bench)
    await bench.asks("take_desk_case", case=case["ref"])
    with pytest.raises(BridgeRefusal, match="what is done about it"):
        await bench.asks("settle_desk_case", case=case["ref"], outcome="helped")


async def test_what_stands_in_the_books_is_there_until_it_is_settled(bench: Shell) -> None:
    at, site = bench.clock.now(), bench.config.site_id
    row = {"site": site, "lane": "out1", "passage": "out1-9", "number": 9}

    def work(conn: Connection) -> None:
        conn.execute(insert(uncertain).values(**row, why="nobody saw how it ended", at=at))
        left = {"id": "out1-8", "site": site, "lane": "out1", "number": 8, "outcome": "FORWARD", "note": "NO_STAY"}
        conn.execute(insert(passage).values(**left, began_at=at, ended_at=at))

    await bench.db.write(work)
    await until(lambda: len(bench.cases.cases) == 2)
    assert {case["kind"] for case in await listed(bench)} == {"uncertain", "left_no_stay"}
    for ref in ("uncertain:1", "left:out1-8"):
        await bench.asks("take_desk_case", case=ref)
    with pytest.raises(BridgeRefusal, match="what is done about it"):
        await bench.asks("settle_desk_case", case="uncertain:1", outcome="a false alarm")
    for word in ("whatever", "the debt stands"):
        with pytest.raises(BridgeRefusal, match="fixed words"):
            await bench.asks("settle_desk_case", case="left:out1-8", outcome=word)
    await bench.asks("settle_desk_case", case="left:out1-8", outcome="told to the manager", note="plate covered")
    await until(lambda: [case.ref for case in bench.cases.cases] == ["uncertain:1"])
    [ended] = await bench.db.read(
        lambda conn: conn.execute(select(desk_case).where(desk_case.c.ref == "left:out1-8")).all()
    )
    assert (ended.resolved_by, ended.outcome) == ("li", "told to the manager: plate covered")


async def test_a_case_is_settled_by_who_has_taken_it_and_by_nobody_else(bench: Shell) -> None:
    at, site = bench.clock.now(), bench.config.site_id
    left = {"id": "out1-8", "site": site, "lane": "out1", "number": 8, "outcome": "FORWARD", "note": "NO_STAY"}
    await bench.db.write(lambda conn: conn.execute(insert(passage).values(**left, began_at=at, ended_at=at)) and None)
    await bench.cases.look()
    settle = {"case": "left:out1-8", "outcome": "a false alarm"}
    with pytest.raises(BridgeRefusal, match="take this case first"):
        await bench.asks("settle_desk_case", **settle)
    await bench.asks("take_desk_case", "wang", case="left:out1-8")
    with pytest.raises(BridgeRefusal, match="wang has taken this case"):
        await bench.asks("settle_desk_case", **settle)
    both = (bench.asks("settle_desk_case", "wang", **settle) for _ in range(2))
    done = await asyncio.gather(*both, return_exceptions=True)
    [refused] = [one for one in done if isinstance(one, BridgeRefusal)]
    assert (refused.code, refused.text) == ("gone", "this case has ended")
    assert [one.what for one in await bench.journal("person")].count("settles a case") == 1


async def test_a_case_begins_once_and_stays_settled_however_many_look_meanwhile(bench: Shell) -> None:
    at, site = bench.clock.now(), bench.config.site_id
    left = {"id": "out1-8", "site": site, "lane": "out1", "number": 8, "outcome": "FORWARD", "note": "NO_STAY"}
    await bench.db.write(lambda conn: conn.execute(insert(passage).values(**left, began_at=at, ended_at=at)) and None)
    await asyncio.gather(*(bench.cases.look() for _ in range(4)))
    await bench.asks("take_desk_case", case="left:out1-8")
    settle = bench.asks("settle_desk_case", case="left:out1-8", outcome="a false alarm")
    await asyncio.gather(bench.cases.look(), settle, bench.cases.look(), bench.cases.look())
    assert await listed(bench) == []
    rows = await bench.db.read(lambda conn: conn.execute(select(desk_case)).all())
    assert [(row.ref, row.outcome) for row in rows] == [("left:out1-8", "a false alarm")]


async def test_who_may_only_look_takes_no_case(bench: Shell) -> None:
    with pytest.raises(BridgeRefusal, match="may not"):
        await bench.asks("desk_here", "nobody")
