"""The chosen car in the plant: what is told of it and to whom, a plate's earlier visits, and the lane's picture."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection, insert, update

from scada.engine.doors.cases.chosen import ChosenDesk
from scada.engine.doors.desk import as_they_came
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.plates import shown_to
from scada.model.desk.cases import Case, Kind
from scada.model.desk.legal import Scene
from scada.model.lane import events as e
from scada.model.lane.states import Lane
from scada.model.names import LaneName, StayId
from scada.model.plate import Plate
from scada.ports import OpenStay
from scada.store.operators import Operators
from scada.store.schema import stay, uncertain
from tests.support.engine import until
from tests.support.lane import ON
from tests.support.plantside import Shell, shell

NAMED = "left:out1-9"
IN1 = LaneName("in1")


class Modes:
    """The modes, as far as a scene goes."""

    def scene(self, _lane: LaneName, now: Lane, known: Scene) -> Scene:
        return replace(known, lane=now)


@dataclass
class Room:
    """The verbs, and what is behind them."""

    bench: Shell
    ask: Callable[..., Awaitable[Any]]
    seen: list[tuple[str, float] | None]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with shell(tmp_path, "out1") as bench:
        seen: list[tuple[str, float] | None] = [None]

        async def glance(_lane: LaneName) -> tuple[str, float] | None:
            return seen[-1]

        site, clock, journal = bench.config.site_id, bench.clock, bench.desk._journal
        people = Operators(bench.db, site, clock)
        desk = ChosenDesk(
            site, clock, bench.db, journal, bench.cashier,
            {bench.runner.name: bench.runner}, cast("Any", Modes()), bench.cases, as_they_came, glance,
            frozenset({IN1}),
        )  # fmt: skip

        async def ask(verb: str, user: str = "li", **args: object) -> object:
            asked = Ask("control", verb, args, user, "operator", "s", "")
            return await shown_to(people, asked, await desk.verbs()[verb](asked))

        await bench.db.write(lambda conn: _furnish(conn, bench))
        bench.cases._cases = (Case(NAMED, Kind.LEFT_NO_STAY, clock.now(), "a car has left"),)
        yield Room(bench, ask, seen)


def _furnish(conn: Connection, bench: Shell) -> None:
    """Two cars are inside, one of them for the second time."""
    at = bench.clock.now() - timedelta(hours=2)
    for name, plate, hours in (("S0", "京A12345", 9), ("S1", "京A12345", 0), ("S2", "京A99999", 0)):
        conn.execute(
            insert(stay).values(
                id=name, site=bench.config.site_id, plate=plate, plate_kind="SMALL", plate_colour="BLUE",
                entry_lane="in1", entry_passage=f"in1-{name}", entered_at=at - timedelta(hours=hours), tariff="demo",
                tariff_terms={}, **({"ending": "EXIT", "exited_at": at} if name == "S0" else {}),
            )
        )  # fmt: skip


async def stands(room: Room) -> str:
    """The car of S1 stands at the exit and owes its fee."""
    bench, at = room.bench, room.bench.clock.now()
    inside = (("S1", "京A12345"), ("S2", "京A99999"))
    bench.cashier.stays = [OpenStay(StayId(of), Plate(plate), at, LaneName("in1"), None) for of, plate in inside]
    bench.show(approach=ON, passage_now=1)
    await until(lambda: bench.says("lane.state") == "awaiting_payment")
    return str(bench.runner.live)


async def test_the_stay_of_the_car_that_stands_there_is_told_whatever_the_page_still_believes(room: Room) -> None:
    passage = await stands(room)
    told = await room.ask("desk_car", lane="out1", passage=passage, stay="S2", case=NAMED)
    assert (told["live"], told["stay"]["id"], told["stay"]["plate"]) == (True, "S1", "京A12345")
    assert told["due"]["due_fen"] == 500
    why = {one["act"]: one["why"] for one in told["legal"]}
    assert (why["open"], why["plate-history"]) == ("", "")
    assert why["end-stay"] == "its car stands at a boom now"
    assert {one["stay"] for one in told["candidates"]} == {"S1", "S2"}
    gone = await room.ask("desk_car", lane="out1", passage="out1-9", stay="S2")
    assert (gone["live"], gone["stay"]["id"], gone["due"]) == (False, "S2", None)
    assert {one["act"]: one["why"] for one in gone["legal"]}["open"] == "that car is gone"


async def test_a_car_without_a_stay_is_offered_the_uncertain_entry_that_has_its_plate_or_one_like_it(
    room: Room,
) -> None:
    bench, at = room.bench, room.bench.clock.now() - timedelta(hours=1)
    entries = (
        ("in1", "京A12346", None), ("in1", "京A12345", None), ("in1", "京A77777", None), ("in1", None, None),
        ("out1", "京A12345", None), ("in1", "京A12345", "S9"),
    )  # fmt: skip
    rows: list[dict[str, object]] = [
        {"site": bench.config.site_id, "lane": lane, "passage": f"p-{number}", "number": number, "plate": plate,
         "stay": of, "why": "nobody saw how it ended", "at": at}
        for number, (lane, plate, of) in enumerate(entries)
    ]  # fmt: skip
    await bench.db.write(lambda conn: conn.execute(insert(uncertain), rows))
    gone = {"ending": "EXIT", "exited_at": at}
    await bench.db.write(lambda conn: conn.execute(update(stay).where(stay.c.id == "S1").values(**gone)))
    bench.show(approach=ON, passage_now=1)
    await until(lambda: bench.says("lane.state") == "awaiting_driver")
    told = await room.ask("desk_car", lane="out1")
    assert [(one["plate"], one["lane"]) for one in told["in_doubt"]] == [("京A12345", "in1"), ("京A12346", "in1")]
    assert {one["act"]: one["why"] for one in told["legal"]}["came-in"] == ""
    covered = await room.ask("desk_car", "wang", lane="out1")
    assert [one["plate"] for one in covered["in_doubt"]] == ["京A•••45", "京A•••46"]
    await bench.db.write(lambda conn: conn.execute(update(stay).where(stay.c.id == "S1").values(entered_at=at)))
    again = await room.ask("desk_car", lane="out1")
    assert [one["plate"] for one in again["in_doubt"]] == ["京A12346"], "the other one has come in again since"
    passage = bench.runner.lane.live
    assert passage is not None
    bench.runner.post(e.StayFound(passage.id, StayId("S2"), "li", person=True, at=at, at_s=bench.clock.seconds()))
    await until(lambda: bench.says("stay") == "S2")
    known = await room.ask("desk_car", lane="out1")
    assert known["in_doubt"] == []
    assert {one["act"]: one["why"] for one in known["legal"]}["came-in"] == "its stay is known"


async def test_who_need_not_see_plates_sees_none_of_the_chosen_car(room: Room) -> None:
    passage = await stands(room)
    told = await room.ask("desk_car", "wang", lane="out1", passage=passage)
    assert "京A12345" not in str(told)
    assert "京A99999" not in str(told)
    assert told["stay"]["plate"] == "京A•••45"


async def test_where_a_plate_was_is_told_in_a_case_for_a_purpose_and_written_down_first(room: Room) -> None:
    for args, why in (
        ({"plate": "A1", "purpose": "x", "case": NAMED}, "not a plate"),
        ({"plate": "京A12345", "case": NAMED}, "purpose is missing"),
        ({"plate": "京A12345", "purpose": "x", "case": "left:nothing"}, "open case"),
    ):
        with pytest.raises(BridgeRefusal, match=why):
            await room.ask("plate_history", **args)
    assert await room.bench.journal("person", lane=False) == [
        row for row in await room.bench.journal("person") if row.what == "operator_added"
    ]
    told = await room.ask("plate_history", plate="京a·12345", purpose="he says he was here", case=NAMED)
    assert [one["id"] for one in told] == ["S1", "S0"]
    [row] = (await room.bench.journal("person"))[:1]
    assert (row.what, row.actor, row.body) == (
        "plate query", "li", {"plate": "京A12345", "purpose": "he says he was here", "case": NAMED}
    )  # fmt: skip


async def test_who_looks_at_a_car_through_the_lane_s_camera_is_written_down_once_a_car(room: Room) -> None:
    with pytest.raises(BridgeRefusal, match="there is no lane"):
        await room.ask("live_picture", lane="out9")
    assert await room.ask("live_picture", lane="out1") == {"jpeg_b64": "", "age_s": None}
    room.seen.append(("anBlZw==", 0.456))
    assert await room.ask("live_picture", lane="out1") == {"jpeg_b64": "anBlZw==", "age_s": 0.46}
    passage = await stands(room)
    await room.ask("live_picture", lane="out1")
    await room.ask("live_picture", lane="out1")
    await room.ask("live_picture", "wang", lane="out1")
    looks = [(row.actor, row.passage) for row in await room.bench.journal("look")][::-1]
    assert looks == [("li", None), ("li", passage), ("wang", passage)]
