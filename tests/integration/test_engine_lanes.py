"""The shell around the lane machine: what it journals, asks, tells and lets people do."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Connection, insert, select

from scada.clock import SystemClock
from scada.engine.command.intents import SqlIntents
from scada.engine.doors.claims import FOLLOW_MOST
from scada.engine.doors.peer import BridgeRefusal
from scada.model.handshake import CommandBlock, CommandCode, NotDone, PassageOutcome, RiseCause
from scada.model.lane.events import FaultConfirmed
from scada.model.lane.image import OFF
from scada.model.lane.words import Direction
from scada.model.names import LaneName, PassageId, StayId
from scada.model.plate import Plate, PlateUnread
from scada.model.tag import Quality, TagName, TagUpdate
from scada.ports import OpenStay
from scada.store import books
from scada.store.passagefile import pages
from scada.store.schema import gate_cycle, lane_fault, passage, rise
from scada.store.schema import stay as stay_table
from tests.support.engine import START, until
from tests.support.lane import ON
from tests.support.plantside import Shell, shell


def stay(name: str, plate: str) -> OpenStay:
    return OpenStay(StayId(name), Plate(plate), START - timedelta(hours=1), LaneName("in1"), None)


async def car_reaches(bench: Shell, state: str) -> None:
    bench.show(approach=ON, passage_now=1)
    await until(lambda: bench.says("lane.state") == state)


async def test_a_car_comes_in_and_every_decision_stands_in_the_journal(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        await car_reaches(bench, "opening")
        bench.show(up=ON, down=OFF)
        await until(lambda: bench.says("lane.state") == "open")
        bench.show(safety=ON)
        await until(lambda: bench.says("lane.state") == "passing")
        bench.show(approach=OFF, safety=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.FORWARD)
        await until(lambda: bench.says("lane.state") == "clearing")
        bench.show(up=OFF, down=ON)
        await until(lambda: bench.says("lane.state") == "idle")
        decided = [row.what for row in reversed(await bench.journal("decision"))]
        assert decided == ["identifying", "deciding", "opening", "open", "passing", "clearing", "idle"]
        assert [passage.number for passage in bench.cashier.begun] == [1]
        [command] = await bench.journal("command")
        assert command.what == "OpenGate"
        file = await bench.db.read(lambda conn: pages(conn, bench.config.site_id, bench.cashier.begun[0].id))
        assert [page.what for page in file if page.what != "picture"] == ["begins", "read", "ends"]
        assert [page.told for page in file][1] == "京A12345 at 0.95"
        assert isinstance(command.body["loop_to_command_ms"], float)


async def test_at_a_lane_for_both_ways_cameras_and_display_are_for_the_side_whose_turn_it_is(
    tmp_path: Path,
) -> None:
    async with shell(tmp_path, "in1", both_ways=True) as bench:
        bench.show(closing=ON, approach=ON, passage_now=1, inner_side=True)
        await until(lambda: bench.cameras.ways == [Direction.EXIT])
        assert bench.runner.shown(Direction.ENTRY)["message"] == "one_at_a_time"
        bench.show(passage_now=2, passage_last=1, inner_side=False)
        await until(lambda: bench.cameras.ways == [Direction.EXIT, Direction.ENTRY])


async def test_the_journal_is_written_before_the_gate_is_commanded(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        seen: list[int] = []

        async def look() -> None:
            seen.append(await asyncio.to_thread(_orders_in, tmp_path))

        bench.keeper.see = look
        await car_reaches(bench, "opening")
        await until(lambda: len(bench.keeper.opened) == 1)
        assert seen == [1]


def _orders_in(folder: Path) -> int:
    """Count the OPEN orders that other processes can already read from the journal."""
    with closing(sqlite3.connect(f"file:{folder / 'daozha.db'}?mode=ro", uri=True)) as conn:
        rows = conn.execute("SELECT body FROM journal WHERE kind = 'decision'").fetchall()
    return sum('"OpenGate"' in body for (body,) in rows)


async def test_a_refusal_of_the_plc_opens_a_case_with_its_reason(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.keeper.verdict = NotDone("wrong passage")
        await car_reaches(bench, "awaiting_operator")
        await until(lambda: "wrong passage" in str(bench.says("case")))
        assert len(bench.keeper.opened) == 1


async def test_a_command_that_was_lost_on_its_way_is_given_once_more(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.keeper.verdict = NotDone("no answer", lost=True)
        await car_reaches(bench, "awaiting_operator")
        assert len(bench.keeper.opened) == 2


async def test_billing_that_fails_twice_leads_to_a_person(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cashier.failing = True
        await car_reaches(bench, "awaiting_operator")
        await until(lambda: "database is away" in str(bench.says("case")))


async def test_a_driver_whose_plate_is_unread_types_it_and_comes_in(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        await car_reaches(bench, "awaiting_driver")
        token = _token(bench)
        view = await bench.claims_by("claim_view", token=token)
        assert isinstance(view, dict)
        assert (view["direction"], view["state"]) == ("entry", "asking")
        said = await bench.claims_by("claim_plate", token=token, plate="京a·12345")
        assert said == {"accepted": True, "version": view["version"]}
        await until(lambda: bench.says("lane.state") == "opening")
        assert (bench.says("plate.text"), bench.says("plate.by")) == ("京A12345", "driver")


def _token(bench: Shell) -> str:
    return str(bench.runner.shown()["qr"]).rpartition("/")[2]


async def test_a_driver_claims_only_a_stay_that_was_offered_to_him(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        bench.cashier.stays = [stay("S1", "京A12345"), stay("S2", "京A12399"), stay("S3", "沪B77777")]
        await car_reaches(bench, "awaiting_driver")
        token = _token(bench)
        with pytest.raises(BridgeRefusal, match="not offered"):
            await bench.claims_by("claim_stay", token=token, stay="S3")
        answer = await bench.claims_by("claim_plate", token=token, plate="京A12345")
        assert isinstance(answer, dict)
        assert [candidate["stay"] for candidate in answer["candidates"]] == ["S1"]
        with pytest.raises(BridgeRefusal, match="not offered"):
            await bench.claims_by("claim_stay", token=token, stay="S3")
        await bench.claims_by("claim_stay", token=token, stay="S1")
        await until(lambda: bench.says("lane.state") == "awaiting_payment")
        assert bench.says("stay") == "S1"


async def test_a_code_dies_with_its_car(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        await car_reaches(bench, "awaiting_driver")
        token = _token(bench)
        bench.show(approach=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.BACKED_OUT)
        await until(lambda: bench.says("lane.state") == "idle")
        for verb in ("claim_view", "claim_state"):
            with pytest.raises(BridgeRefusal, match="expired"):
                await bench.claims_by(verb, token=token)


async def version(bench: Shell, token: str) -> str:
    answer = await bench.claims_by("claim_state", token=token)
    assert isinstance(answer, dict)
    assert set(answer) == {"version"}
    return str(answer["version"])


async def test_a_page_that_follows_its_car_hears_of_each_thing_that_changes_and_sees_no_picture(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        bench.cashier.stays = [stay("S1", "京A12345")]
        await car_reaches(bench, "awaiting_driver")
        token = _token(bench)
        view = await bench.claims_by("claim_view", token=token)
        assert isinstance(view, dict)
        seen = [await version(bench, token)]
        assert seen == [view["version"]]

        async def changes() -> None:
            await until(lambda: bench.runner.live is not None)
            seen.append(await version(bench, token))

        await bench.claims_by("claim_plate", token=token, plate="京A12345")
        await changes()
        view = await bench.claims_by("claim_view", token=token)
        assert isinstance(view, dict)
        assert [one["stay"] for one in view["candidates"]] == ["S1"]
        picked = await bench.claims_by("claim_stay", token=token, stay="S1")
        assert picked == {"accepted": True, "version": seen[-1]}
        await until(lambda: bench.says("lane.state") == "awaiting_payment")
        await changes()
        await bench.claims_by("call_help", token=token)
        await changes()
        await bench.asks("answer_help", lane="out1")
        await changes()
        view = await bench.claims_by("claim_view", token=token)
        assert isinstance(view, dict)
        assert (view["state"], view["help"], view["version"]) == ("paying", "answered", seen[-1])
        assert len(set(seen)) == len(seen) == 5
        looks = len(await bench.journal("look"))
        for _ in range(5):
            await version(bench, token)
        assert len(await bench.journal("look")) == looks


async def asks_on(bench: Shell, token: str) -> None:
    """Ask more than two minutes allow: a minute ends while it does."""
    for _ in range(2 * FOLLOW_MOST + 1):
        await version(bench, token)


async def test_a_page_that_asks_without_end_is_slowed_down_and_still_shows_its_fee(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        await car_reaches(bench, "awaiting_driver")
        token = _token(bench)
        with pytest.raises(BridgeRefusal, match="Too many tries"):
            await asks_on(bench, token)
        assert await bench.claims_by("claim_view", token=token)


async def test_one_code_does_not_try_all_plates(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        await car_reaches(bench, "awaiting_driver")
        token = _token(bench)
        for number in range(8):
            await bench.claims_by("claim_plate", token=token, plate=f"京A1234{number}")
        with pytest.raises(BridgeRefusal, match="too many"):
            await bench.claims_by("claim_plate", token=token, plate="京A12348")


async def test_an_operator_opens_with_a_reason_and_both_stand_in_the_journal(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        await car_reaches(bench, "awaiting_driver")
        passage = bench.says("passage")
        answer = await bench.asks("open_gate", lane="in1", passage=passage, reason="VISITOR", note="property office")
        assert answer == {"taken": True, "why": ""}
        await until(lambda: len(bench.keeper.opened) == 1)
        [row] = await bench.journal("person", lane=True)
        assert (row.actor, row.what, row.body) == ("li", "open gate", {"reason": "VISITOR", "note": "property office"})


@pytest.mark.parametrize("user", ["wang", "nobody", ""])
async def test_who_has_no_right_opens_nothing_whatever_the_web_says_of_him(tmp_path: Path, user: str) -> None:
    async with shell(tmp_path, "in1") as bench:
        await car_reaches(bench, "opening")
        with pytest.raises(BridgeRefusal, match="forbidden"):
            await bench.asks("open_gate", user, lane="in1", passage=bench.says("passage"), reason="VISITOR")
        assert not await bench.journal("person", lane=True)


@pytest.mark.parametrize("reason", ["", "TEST", "because", "PAID"])
async def test_an_opening_needs_one_of_the_fixed_reasons(tmp_path: Path, reason: str) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        await car_reaches(bench, "awaiting_driver")
        with pytest.raises(BridgeRefusal, match="bad_args"):
            await bench.asks("open_gate", lane="in1", passage=bench.says("passage"), reason=reason)
        assert not bench.keeper.opened


async def test_nobody_opens_for_a_car_that_is_gone(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        with pytest.raises(BridgeRefusal, match="gone"):
            await bench.asks("open_gate", lane="in1", passage="in1-20260303020000-1", reason="VISITOR")


async def test_an_operator_corrects_a_plate_picks_a_stay_and_sends_a_car_back(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        bench.cashier.stays = [stay("S1", "京A12345"), stay("S2", "京B99999")]
        await car_reaches(bench, "awaiting_driver")
        passage = bench.says("passage")
        with pytest.raises(BridgeRefusal, match="not a plate"):
            await bench.asks("correct_plate", lane="out1", passage=passage, plate="hello")
        await bench.asks("correct_plate", lane="out1", passage=passage, plate="京B99999")
        await until(lambda: bench.says("stay") == "S2")
        with pytest.raises(BridgeRefusal, match="not open"):
            await bench.asks("pick_stay", lane="out1", passage=passage, stay="S9")
        await bench.asks("pick_stay", lane="out1", passage=passage, stay="S1")
        await until(lambda: bench.says("stay") == "S1")
        await bench.asks("send_back", lane="out1", passage=passage, reason="no money")
        await until(lambda: bench.says("lane.state") == "awaiting_driver")
        assert bench.cashier.closed


async def test_a_tag_that_holds_no_request_is_told_in_the_log_and_opens_nothing(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        await car_reaches(bench, "awaiting_driver")
        bench.tags.set(TagName("in1.gate.open_request"), "{not json")
        bench.show(approach=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.BACKED_OUT)
        await until(lambda: bench.says("lane.state") == "idle")
        assert not bench.keeper.opened


def _one_stay(conn: Connection) -> None:
    values = {"entry_lane": "in1", "entry_passage": "in1-1", "entered_at": START, "tariff": "t", "tariff_terms": {}}
    plate = {"plate": "京A12345", "plate_kind": "ordinary", "plate_colour": "BLUE"}
    conn.execute(insert(stay_table).values(id="S1", site="demo", **plate, **values))


async def test_people_sign_in_by_the_desk_and_read_stays_pictures_and_journal(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        signed = await bench.asks("sign_in", "", name="li", password="the boom goes up", address="127.0.0.1")
        assert signed == {"name": "li", "role": "operator", "must_change": False}
        with pytest.raises(BridgeRefusal, match="refused"):
            await bench.asks("sign_in", "", name="li", password="wrong", address="127.0.0.1")
        await bench.db.write(_one_stay)
        [shown] = orjson.loads(orjson.dumps(await bench.asks("recent_stays", limit=5)))
        assert (shown["stay"], shown["plate"], shown["ending"]) == ("S1", "京A12345", None)
        assert await bench.asks("open_stays") == []
        shown_picture = await bench.asks("picture", id="20260303T020000000-0123456789ab.jpg")
        assert shown_picture == {"jpeg_b64": "anBlZw==", "covered": False}
        with pytest.raises(BridgeRefusal, match="gone"):
            await bench.asks("picture", id="../../etc/passwd")
        assert isinstance(await bench.asks("journal", limit=5), list)


async def test_what_passed_while_the_server_was_away_is_on_record_after_its_start(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        await car_reaches(bench, "opening")
        bench.show(rise_count=1, rise_cause=RiseCause.AUTHORISED, rise_passage=1)
        bench.show(approach=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.BACKED_OUT)
        await bench.has_recorded(passage)
    async with shell(tmp_path, "in1", is_first_start=False) as bench:
        bench.show(passage_last=3, outcome=PassageOutcome.FORWARD, rise_count=2, rise_cause=RiseCause.AUTHORISED)
        await bench.has_recorded(rise, 2)
        await bench.has_recorded(passage, 3)
        assert any(str(row.body["text"]).startswith("2 passages") for row in await bench.journal("alarm"))
        rows = await bench.db.read(lambda conn: conn.execute(select(passage).order_by(passage.c.number)).all())
        assert [(row.number, row.outcome, row.note) for row in rows] == [
            (1, "BACKED_OUT", ""),
            (2, "UNCERTAIN", "UNCERTAIN"),
            (3, "FORWARD", "UNCERTAIN"),
        ]
        columns = select(rise.c.count, rise.c.cause).order_by(rise.c.count)
        rises = await bench.db.read(lambda conn: conn.execute(columns).all())
        assert [tuple(row) for row in rises] == [(1, "AUTHORISED"), (2, "AUTHORISED")]


async def test_the_very_first_passage_of_a_lane_is_known_by_its_command(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        lane, block = LaneName("in1"), CommandBlock(5, CommandCode.OPEN, passage=7, ttl_ms=2000, tick=100, seq=1)
        book = SqlIntents(bench.db, bench.config.site_id, lane, SystemClock())
        await book.begin(PassageId("in1-20260303020000-7"), block, 1, "ADMITTED")
        assert await bench.db.read(lambda conn: books.newest(conn, bench.config.site_id, lane)) == (None, 6)


async def leaves_without_a_stay(bench: Shell, number: int) -> None:
    """A car that nobody knows is let out by hand."""
    bench.show(approach=ON, passage_now=number)
    await until(lambda: bench.says("lane.state") == "awaiting_driver")
    await bench.asks("open_gate", lane="out1", passage=bench.says("passage"), reason="VISITOR")
    bench.show(up=ON, down=OFF)
    await until(lambda: bench.says("lane.state") == "open")
    bench.show(safety=ON)
    bench.show(approach=OFF, safety=OFF, passage_now=0, passage_last=number, outcome=PassageOutcome.FORWARD)
    bench.show(up=OFF, down=ON)
    await until(lambda: bench.says("lane.state") == "idle")


async def test_more_cars_without_a_stay_than_the_owner_allows_are_an_alarm(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        await leaves_without_a_stay(bench, 1)
        assert "no_stay_budget" not in [row.what for row in await bench.journal("alarm")]
        await leaves_without_a_stay(bench, 2)
        async with asyncio.timeout(30):
            while "no_stay_budget" not in [row.what for row in await bench.journal("alarm")]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_loop_on_which_the_cameras_see_nobody_shows_stuck_until_it_turns(tmp_path: Path) -> None:
    loop = TagName("in1.loop.approach")
    async with shell(tmp_path, "in1") as bench:
        await car_reaches(bench, "opening")
        bench.tags.apply([TagUpdate(loop, True, Quality.GOOD)])
        bench.runner.lane = replace(bench.runner.lane, stuck=True)
        await until(lambda: bench.tags.get(loop).quality is Quality.STUCK)
        bench.runner.lane = replace(bench.runner.lane, stuck=False)
        bench.tags.apply([TagUpdate(loop, False, Quality.GOOD)])
        assert bench.tags.get(loop).quality is Quality.GOOD


async def test_how_long_a_fault_stops_a_lane_stands_in_the_books_over_a_restart_too(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.show(attached=OFF, up=OFF, down=OFF)
        await until(lambda: bench.says("lane.state") == "faulted")
        await bench.has_recorded(lane_fault)
    async with shell(tmp_path, "in1", is_first_start=False) as bench:
        await until(lambda: bench.says("lane.state") == "faulted")
        await until(lambda: bench.runner.lane.image.attached.is_on and bench.runner.lane.image.down.is_on)
        bench.runner.post(FaultConfirmed("zhang", at=bench.clock.now(), at_s=bench.clock.seconds()))
        await until(lambda: bench.says("lane.state") == "idle")
        bench.show(attached=OFF)
        await bench.has_recorded(lane_fault, 2)
        row, _ = await bench.db.read(lambda conn: conn.execute(select(lane_fault).order_by(lane_fault.c.id)).all())
        assert (row.lane, row.fault) == ("in1", "BOOM")
        assert row.began_at < row.ended_at


async def test_what_a_plc_measures_of_an_opening_is_written_once_the_boom_is_down(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        await car_reaches(bench, "opening")
        bench.show(up=ON, down=OFF, rise_count=7, rise_cause=RiseCause.AUTHORISED, rise_passage=1)
        await until(lambda: bench.says("lane.state") == "open")
        times = (("time.open_ms", 1210), ("time.close_ms", 1390))
        bench.tags.apply([TagUpdate(TagName(f"in1.{point}"), ms, Quality.GOOD) for point, ms in times])
        bench.show(up=OFF, down=ON)
        await bench.has_recorded(gate_cycle)
        row = await bench.db.read(lambda conn: conn.execute(select(gate_cycle)).one())
        assert tuple(row)[-3:] == (7, 1210, 1390)
        assert row.lane == "in1"
