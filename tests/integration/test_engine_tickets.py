"""Cars without a plate: in by a ticket, out by the phone that has it or by its code; and whoever guesses codes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import Connection, update

from scada.engine.doors.peer import BridgeRefusal
from scada.engine.doors.tickets import ALARM_AT, PASSAGE_MOST, SITE_MOST, TOO_MANY
from scada.engine.lanes import LaneRunner
from scada.model.handshake import PassageOutcome
from scada.model.lane.image import OFF
from scada.model.lane.words import Ending
from scada.model.names import LaneName, PassageId
from scada.model.plate import Plate
from scada.store import tickets
from scada.store.schema import stay as stay_rows
from scada.store.schema import ticket as ticket_rows
from scada.store.tickets import Ticket
from tests.support.engine import until
from tests.support.plantside import Shell, phones_of, shell
from tests.support.unplated import PICTURE, car_comes, inside

ALARM = f"claim_codes: {ALARM_AT} wrong claim codes within an hour"


async def backs_out(bench: Shell, number: int = 1) -> None:
    bench.show(approach=OFF, passage_now=0, passage_last=number, outcome=PassageOutcome.BACKED_OUT)
    await until(lambda: bench.says("lane.state") == "idle")


async def free_codes(bench: Shell, at: datetime, number: int) -> list[str]:
    """Make a ticket at this time; gives the codes among which its own was drawn."""
    free: list[str] = []

    def draw(codes: list[str]) -> str:
        free.extend(codes)
        return codes[0]

    passage, name = PassageId(f"in1-20260301080000-{number}"), f"01TICKET000000000{number:09}"
    site = bench.config.site_id
    await bench.db.write(lambda conn: tickets.make(conn, site, at, name, passage, None, draw))
    return free


async def shown(bench: Shell, token: str, **by: str) -> list[object]:
    answer = await bench.claims_by("claim_ticket", token=token, **by)
    assert isinstance(answer, dict)
    return [one["plate"] for one in answer["candidates"]]


async def test_a_car_without_a_plate_comes_in_by_a_ticket_with_its_picture_and_a_code(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        token = await car_comes(bench)
        view = await bench.claims_by("claim_view", token=token)
        assert isinstance(view, dict)
        assert (view["unplated"], view["code"]) == ("entry", "")
        made = await bench.claims_by("claim_unplated", token=token, phone="di-nepo")
        assert isinstance(made, dict)
        await until(lambda: bench.says("lane.state") == "opening")
        [row] = await bench.db.read(lambda conn: conn.execute(ticket_rows.select()).all())
        assert (row.code, row.openid, row.passage, row.stay) == (made["code"], "open-id", bench.runner.live, None)
        assert (bench.says("plate.text"), bench.says("plate.by")) == (f"无牌{row.id[-8:]}", "driver")
        live = bench.runner.lane.live
        assert live is not None
        assert live.read is not None
        assert live.read.picture == PICTURE
        again = await bench.claims_by("claim_view", token=token, ticket=made["ticket"])
        assert isinstance(again, dict)
        assert again["code"] == made["code"]
        assert (bench.runner.shown()["message"], bench.runner.shown()["claim_code"]) == ("go", made["code"])
        with pytest.raises(BridgeRefusal, match="Nothing more to do"):
            await bench.claims_by("claim_unplated", token=token)


async def test_the_code_of_a_ticket_stands_on_the_display_while_its_car_is_let_in_and_in_no_tag_or_row(
    tmp_path: Path,
) -> None:
    async with shell(tmp_path, "in1") as bench:
        made = await bench.claims_by("claim_unplated", token=await car_comes(bench))
        assert isinstance(made, dict)
        await until(lambda: bench.says("lane.state") == "opening")
        assert bench.runner.shown()["claim_code"] == made["code"]
        told = str([bench.says("display"), *(row.body for row in await bench.journal("person", lane=True))])
        assert "took a ticket" in [row.what for row in await bench.journal("person", lane=True)]
        assert "claim_code" not in told
        assert f"'{made['code']}'" not in told
        await backs_out(bench)
        assert bench.runner.shown()["claim_code"] == ""


async def test_whose_plate_was_read_takes_no_ticket(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        mine = await inside(bench, "0042")
        token = await car_comes(bench, plate="京A12345")
        with pytest.raises(BridgeRefusal, match="a person will look"):
            await shown(bench, token, ticket=phones_of(bench.clock).sign(mine.id))
        await until(lambda: bench.says("case") == "the driver calls")
        assert not bench.says("stay")


async def test_the_phone_that_took_the_ticket_claims_its_own_of_two_stays(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        sign = phones_of(bench.clock).sign
        first, second = await inside(bench, "0001", 1), await inside(bench, "0002", 2)
        token = await car_comes(bench)
        assert await shown(bench, token, ticket=sign(second.id)) == [second.plate]
        stay = bench.cashier.stays[1].id
        await bench.claims_by("claim_stay", token=token, stay=stay)
        await until(lambda: bench.says("lane.state") == "awaiting_payment")
        assert bench.says("stay") == stay
        rows = await bench.db.read(lambda conn: conn.execute(ticket_rows.select()).all())
        assert {row.id: row.used_at is not None for row in rows} == {first.id: False, second.id: True}


async def test_another_phone_leaves_by_the_code_and_a_known_payer_by_who_he_is(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        by_code, by_payer = await inside(bench, "0001", 1), await inside(bench, "0002", 2, openid="open-id")
        token = await car_comes(bench)
        assert await shown(bench, token, code="0001") == [by_code.plate]
        assert await shown(bench, token, phone="di-nepo") == [by_payer.plate]
        assert await shown(bench, token, ticket="forged") == []
        view = await bench.claims_by("claim_view", token=token)
        assert isinstance(view, dict)
        assert [one["plate"] for one in view["candidates"]] == [by_payer.plate]


async def test_a_ticket_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        mine = await inside(bench, "0042")
        parked = bench.cashier.stays
    async with shell(tmp_path, "out1", is_first_start=False) as bench:
        bench.cashier.stays = parked
        token = await car_comes(bench)
        assert await shown(bench, token, ticket=phones_of(bench.clock).sign(mine.id)) == [mine.plate]


async def test_a_ticket_is_no_good_while_its_car_stands_at_another_boom_nor_after_it_has_left(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        mine = await inside(bench, "0042")
        stay, signed = bench.cashier.stays[0].id, phones_of(bench.clock).sign(mine.id)
        token = await car_comes(bench)
        other = SimpleNamespace(lane=SimpleNamespace(live=SimpleNamespace(stay=stay)))
        runners = {bench.runner.name: bench.runner, LaneName("out2"): other}
        bench.claims.serve(cast("Mapping[LaneName, LaneRunner]", runners))
        assert await shown(bench, token, ticket=signed) == []
        assert await shown(bench, token, code="0042") == []
        bench.claims.serve({bench.runner.name: bench.runner})
        assert await shown(bench, token, ticket=signed) == [mine.plate]
        bench.cashier.stays = []
        await bench.db.write(lambda conn: conn.execute(update(stay_rows).values(ending=Ending.EXIT.value)))
        assert await shown(bench, token, ticket=signed) == []
        assert await shown(bench, token, code="0042") == []


async def test_the_ticket_of_a_car_that_backed_out_names_no_stay_and_frees_its_code_a_day_later(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        made = await bench.claims_by("claim_unplated", token=await car_comes(bench))
        assert isinstance(made, dict)
        await backs_out(bench)
    async with shell(tmp_path, "out1", is_first_start=False) as bench:
        token = await car_comes(bench)
        assert await shown(bench, token, ticket=made["ticket"]) == []
        assert await shown(bench, token, code=made["code"]) == []
        at = bench.clock.now()
        assert made["code"] not in await free_codes(bench, at, 3)
        assert made["code"] in await free_codes(bench, at + timedelta(days=2), 4)


async def test_a_plate_that_an_operator_gave_to_a_ticketed_car_takes_the_ticket_away(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        mine = await inside(bench, "0042")
        passage, at, site = PassageId("in1-20260301080000-9"), bench.clock.now(), bench.config.site_id

        def work(conn: Connection) -> Ticket | None:
            other = tickets.make(conn, site, at, "01TICKET000000000000000009", passage, None)
            assert other is not None
            tickets.begun(conn, passage, bench.cashier.stays[0].id, Plate("京A12345"))
            return tickets.find(conn, site, other.id)

        found = await bench.db.write(work)
        assert found is not None
        assert (found.stay, mine.code != found.code) == (None, True)


async def test_codes_are_tried_a_few_times_a_car_slower_each_time_and_answered_alike(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        await inside(bench, "0042")
        token = await car_comes(bench)
        for code in ("0000", "0001", "9999"):
            assert await shown(bench, token, code=code) == []
        with pytest.raises(BridgeRefusal, match=TOO_MANY):
            await shown(bench, token, code="0042")
        assert bench.pauses == [1.0, 2.0, 3.0]
        told = [row.what for row in await bench.journal("person", lane=True)]
        assert told == ["claim code refused", *["wrong claim code"] * PASSAGE_MOST]
        with pytest.raises(BridgeRefusal, match="four digits"):
            await shown(bench, token, code="12a4")


async def test_guessing_from_car_to_car_raises_an_alarm_and_ends_for_the_hour(tmp_path: Path) -> None:
    async with shell(tmp_path, "out1") as bench:
        await inside(bench, "0042")
        tried = 0
        for number in range(1, 9):
            token = await car_comes(bench, number)
            for _ in range(PASSAGE_MOST):
                if tried < SITE_MOST:
                    assert (bench.says("alarm") or "") == ("" if tried < ALARM_AT else ALARM), tried
                    assert await shown(bench, token, code="9999") == []
                    tried += 1
                else:
                    with pytest.raises(BridgeRefusal, match=TOO_MANY):
                        await shown(bench, token, code="0042")
            await backs_out(bench, number)
        assert tried == SITE_MOST
