"""The stocktake and the shift in the plant: closings with reason and evidence, doubts settled, a shift handed over."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection, insert, select

from billing.doors.stocktake import StocktakeDoor
from billing.ids import new_id
from lpr.reader.typed import typed_by
from scada.engine.doors.cases.shift import ShiftDesk
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.plates import shown_to
from scada.model.names import StayId
from scada.model.plate import ReadBy
from scada.ports import BillingError
from scada.store import doubts
from scada.store import operators as operators_module
from scada.store.doubts import Found
from scada.store.operators import Operators
from scada.store.schema import desk_shift, passage, stay, uncertain
from tests.support.plantside import PASSWORD, Shell, shell

pytestmark = pytest.mark.usefixtures("any_database")


@dataclass
class Till:
    """Billing, as far as an end by hand goes, and what is settled."""

    ended: list[tuple[StayId, str, str, str]]
    settle: Callable[..., Awaitable[None]]
    away: bool = False

    async def settle_doubt(self, doubt: int, found: Found, by: str, evidence: str, typed: object) -> StayId:
        if self.away:
            raise BillingError("away")
        await self.settle(doubt, found, by, evidence)
        return StayId("S7")

    async def end_by_hand(self, of: StayId, by: str, reason: str, note: str) -> bool:
        if self.away:
            raise BillingError("away")
        if of in {stay for stay, *_ in self.ended}:
            return False
        self.ended.append((of, by, reason, note))
        return True


@dataclass
class Room:
    """The verbs, and what is behind them."""

    bench: Shell
    till: Till
    standing: set[StayId]
    door: StocktakeDoor
    shift: ShiftDesk
    people: Operators

    async def ask(self, verb: str, user: str = "li", **args: object) -> Any:  # noqa: ANN401 - whatever the verb gives
        verbs = {**self.door.verbs(), **self.shift.verbs()}
        asked = Ask("control", verb, args, user, "operator", "s", "")
        return await shown_to(self.people, asked, await verbs[verb](asked))


@pytest.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    monkeypatch.setattr(operators_module, "MEMORY_KIB", 64)
    monkeypatch.setattr(operators_module, "PASSES", 1)
    async with shell(tmp_path, "out1") as bench:
        site, clock = bench.config.site_id, bench.clock

        async def settle(doubt: int, found: Found, by: str, evidence: str) -> None:
            at = clock.now()
            await bench.db.write(lambda conn: doubts.settle(conn, site, doubt, found, by, at, evidence=evidence))

        people, till, standing = Operators(bench.db, site, clock), Till([], settle), set[StayId]()
        door = StocktakeDoor(
            site, bench.db, clock, cast("Any", till), standing.__contains__,
            frozenset({bench.runner.name}), timedelta(hours=72),
            typed_by(ReadBy.OPERATOR),
        )  # fmt: skip
        shift = ShiftDesk(site, clock, bench.db, people, bench.cases, lambda: new_id(clock.now()))
        await bench.db.write(lambda conn: _furnish(conn, bench))
        yield Room(bench, till, standing, door, shift, people)


def _furnish(conn: Connection, bench: Shell) -> None:
    """A car is inside whose plate went out uncounted, and one passage is in doubt."""
    site, at = bench.config.site_id, bench.clock.now()
    old = at - timedelta(hours=2)
    conn.execute(
        insert(stay).values(
            id="S1", site=site, plate="京A12345", plate_kind="SMALL", plate_colour="BLUE", entry_lane="in1",
            entry_passage="in1-1", entered_at=old, tariff="demo", tariff_terms={},
        )
    )  # fmt: skip
    gone = {"site": site, "lane": "out1", "number": 5, "began_at": at, "ended_at": at, "outcome": "FORWARD"}
    conn.execute(insert(passage).values(id="out1-5", plate="京A12345", note="OPEN_LANE", **gone))
    doubt = {"lane": "out1", "passage": "out1-6", "number": 6, "why": "nobody saw how it ended"}
    conn.execute(insert(uncertain).values(site=site, at=at, **doubt))


async def test_a_car_that_went_out_uncounted_is_proposed_and_closed_by_a_person_with_reason_and_evidence(
    room: Room,
) -> None:
    told = await room.ask("stocktake")
    assert [(one["stay"], one["confidence"], one["passage"]) for one in told["ghosts"]] == [("S1", 95, "out1-5")]
    assert [one["plate"] for one in told["inside"]] == ["京A12345"]
    with pytest.raises(BridgeRefusal, match="one of"):
        await room.ask("end_stay", stay="S1", reason="because", evidence="walked through")
    room.standing.add(StayId("S1"))
    with pytest.raises(BridgeRefusal, match="stands at a boom"):
        await room.ask("end_stay", stay="S1", reason="GHOST", evidence="walked through")
    room.standing.clear()
    room.till.away = True
    with pytest.raises(BridgeRefusal, match="do not answer"):
        await room.ask("end_stay", stay="S1", reason="GHOST", evidence="walked through")
    room.till.away = False
    await room.ask("end_stay", stay="S1", reason="GHOST", evidence="walked through")
    assert room.till.ended == [("S1", "li", "GHOST", "walked through")]
    with pytest.raises(BridgeRefusal, match="refused: this stay has been ended meanwhile"):
        await room.ask("end_stay", stay="S1", reason="GHOST", evidence="walked through")
    with pytest.raises(BridgeRefusal, match="not open"):
        await room.ask("end_stay", stay="S9", reason="GHOST", evidence="x")


async def test_plates_are_covered_for_who_need_not_see_them(room: Room) -> None:
    told = await room.ask("stocktake", "wang")
    assert [one["plate"] for one in told["inside"]] == ["京A•••45"]


async def test_a_doubt_is_settled_once_and_with_its_evidence(room: Room) -> None:
    told = await room.ask("stocktake")
    number = told["doubts"][0]["id"]
    for args, why in (
        ({"found": "gone"}, "evidence"),
        ({"found": "gone", "evidence": ""}, "evidence"),
        ({"found": "perhaps", "evidence": "x"}, "inside, gone, no-car"),
    ):
        with pytest.raises(BridgeRefusal, match=why):
            await room.ask("settle_doubt", id=number, **args)
    room.till.away = True
    with pytest.raises(BridgeRefusal, match="do not answer"):
        await room.ask("settle_doubt", id=number, found="gone", evidence="x")
    room.till.away = False
    done = await room.ask("settle_doubt", id=number, found="gone", evidence="seen on the overview camera")
    assert done == {"settled": True, "stay": "S7"}
    with pytest.raises(BridgeRefusal, match="was settled by li"):
        await room.ask("settle_doubt", id=number, found="inside", evidence="x")
    [row] = (await room.bench.journal("person"))[:1]
    assert (row.what, row.body["found"]) == ("uncertain settled", "gone")
    assert row.body["note"] == "seen on the overview camera"


async def test_a_shift_is_handed_over_to_who_signs_in_beside(room: Room) -> None:
    began = await room.ask("desk_shift")
    assert (await room.ask("desk_shift"))["shift"] == began["shift"]
    with pytest.raises(BridgeRefusal, match="signs for it"):
        await room.ask("hand_over_desk", note="quiet")
    done = await room.ask("hand_over_desk", note="quiet", second_name="wang", second_password=PASSWORD)
    assert done == {"shift": began["shift"], "taken_by": "wang"}
    sheet = await room.ask("desk_shift_sheet", shift=began["shift"])
    assert (sheet["operator"], sheet["taken_by"], sheet["note"]) == ("li", "wang", "quiet")
    assert sheet["sheet"]["totals"]["cash_fen"] == 0
    rows = await room.bench.db.read(lambda conn: conn.execute(select(desk_shift)).all())
    assert len(rows) == 1
    with pytest.raises(BridgeRefusal, match="has not begun"):
        await room.ask("hand_over_desk", note="", second_name="wang", second_password=PASSWORD)
