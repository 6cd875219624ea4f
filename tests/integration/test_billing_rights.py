"""Rights, zones and doubts over the real database: who comes in, who pays, where cars are counted."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from billing.cashier import SqlCashier
from billing.plates import register
from billing.rights import RightKind
from scada.clock import SystemClock
from scada.config import Config
from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Ending, Passage, Reason
from scada.model.names import PassageId, SiteId
from scada.model.plate import Plate, PlateColour
from scada.sim.trial.ports import free_port
from scada.store import books, doubts
from scada.store.journal import verify
from tests.support.billing import (
    HOUR_S,
    IN1,
    OUT1,
    Phone,
    Told,
    made_config,
    made_passage,
    made_read,
    open_till,
    wechat_process,
)
from tests.support.lots import LOT, ROOF, ROOF_IN, ROOF_OUT, Lots, with_roof
from tests.support.store import open_database, until

pytestmark = pytest.mark.usefixtures("any_database")

MINE, HERS, HIS = "京A10001", "京A10002", "京A10003"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield with_roof(config), phone


@pytest.fixture
async def lots(site: tuple[Config, Phone], tmp_path: Path) -> AsyncIterator[Lots]:
    async with open_database(tmp_path) as db, open_till(site[0], db, ask_after_s=(0.3, 60.0)) as till:
        yield Lots(till)
        assert await db.read(verify) is None


async def test_who_finds_the_car_park_full_comes_in_once_a_car_has_left(lots: Lots) -> None:
    first = await lots.come(MINE)
    await lots.come(HERS)
    refused = await lots.ask(HIS)
    assert (refused.reason, refused.why, refused.again) == (None, "the car park is full", True)
    assert lots.count(LOT).free == 1
    await lots.leave(first, MINE)
    assert (await lots.ask(HIS)).reason is Reason.ADMITTED


async def test_a_month_card_finds_the_space_that_is_reserved(lots: Lots) -> None:
    await lots.come(MINE)
    await lots.come(HERS)
    await lots.give(HIS, RightKind.MONTH)
    assert (await lots.ask(HIS)).reason is Reason.MONTH
    await lots.come(HIS)
    assert lots.count(LOT).free == 0
    await lots.give("京A10004", RightKind.MONTH)
    assert (await lots.ask("京A10004")).again


async def test_a_car_goes_into_the_nested_lot_and_out_again_under_one_stay(lots: Lots) -> None:
    parked = await lots.come(MINE)
    assert lots.cars() == {"lot": 1, "roof": 0}
    assert (await lots.ask(MINE, ROOF_IN)).reason is Reason.TRANSIT
    assert await lots.come(MINE, ROOF_IN) == parked
    assert lots.cars() == {"lot": 1, "roof": 1}
    other = await lots.come(HERS)
    assert (await lots.ask(HERS, ROOF_IN)).again
    lots.till.clock.later_s += HOUR_S
    quote = await lots.quote(parked, MINE, ROOF_OUT)
    assert (quote.due_fen, quote.free_reason) == (0, Reason.TRANSIT)
    await lots.leave(parked, MINE, ROOF_OUT, Reason.TRANSIT)
    assert lots.cars() == {"lot": 2, "roof": 0}
    assert (await lots.ask(HERS, ROOF_IN)).reason is Reason.TRANSIT
    assert [one.id for one in await lots.till.cashier.open_stays()] == [parked, other]
    assert (await lots.quote(parked, MINE)).due_fen == 500
    await lots.leave(parked, MINE)
    assert lots.cars() == {"lot": 1, "roof": 0}
    assert len(await lots.till.journal_of("stay moved")) == 2


async def test_going_through_an_inner_lane_twice_moves_the_stay_once(lots: Lots) -> None:
    parked = await lots.come(MINE)
    passage = lots.passage(ROOF_IN, MINE)
    for _ in range(2):
        assert await lots.till.cashier.begin_stay(ROOF_IN, passage, Reason.TRANSIT, "lane") == parked
    out = lots.passage(ROOF_OUT, MINE)
    for _ in range(2):
        await lots.till.cashier.end_stay(ROOF_OUT, parked, out, Reason.TRANSIT, "lane", Ending.EXIT)
    assert len(await lots.till.journal_of("stay moved")) == 2
    assert lots.cars() == {"lot": 1, "roof": 0}


async def test_a_car_without_a_stay_is_not_let_into_the_nested_lot_and_gets_one_if_it_goes(lots: Lots) -> None:
    refused = await lots.ask(MINE, ROOF_IN)
    assert refused.person
    assert "wrong zone" in refused.why
    await lots.till.cashier.begin_stay(ROOF_IN, lots.passage(ROOF_IN, MINE), Reason.VISITOR, "wang")
    assert lots.cars() == {"lot": 1, "roof": 1}
    assert len(await lots.till.journal_of("a car without a stay went into a nested lot")) == 1


async def test_what_nobody_knows_of_a_lane_is_its_zones_drift_until_a_stocktake_settles_it(
    site: tuple[Config, Phone], tmp_path: Path
) -> None:
    told, site_id = Told(), site[0].site_id
    async with (
        open_database(tmp_path) as db,
        SqlCashier(site[0], db, SystemClock(), told.hearers(), recount_s=0.02) as cashier,
    ):
        passage = made_passage(SystemClock().now(), ROOF_OUT, MINE, 1)
        watching = asyncio.create_task(cashier.watch())
        for outcome, note in ((PassageOutcome.UNCERTAIN, "UNCERTAIN"), (PassageOutcome.BACKED_OUT, "FAKE_EXIT")):
            ended = replace(passage, id=PassageId(f"{passage.id}{note}"))
            await db.write(partial(record, site_id, ended, outcome, note))
        await until(lambda: (told.zones[LOT].drift, told.zones[ROOF].drift) == (0, 1))
        at = SystemClock().now()
        [doubt] = await db.read(lambda conn: doubts.still_open(conn, site_id))
        await db.write(lambda conn: doubts.settle(conn, site_id, doubt.id, doubts.Found.GONE, "wang", at))
        await until(lambda: told.zones[ROOF].drift == 0)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def record(site: SiteId, passage: Passage, outcome: PassageOutcome, note: str, conn: Connection) -> None:
    books.record_passage(conn, site, ROOF_OUT, passage, outcome, note, passage.began_at)


async def test_one_card_lets_as_many_cars_stand_as_it_has_spaces_and_the_next_one_pays(lots: Lots) -> None:
    for plate in (MINE, HERS):
        await lots.give(plate, RightKind.MONTH, card="C1", spaces=1)
    mine = await lots.come(MINE)
    hers = await lots.come(HERS)
    lots.till.clock.later_s += HOUR_S
    free, charged = await lots.quote(mine, MINE), await lots.quote(hers, HERS)
    assert (free.due_fen, free.free_reason, free.total_fen) == (0, Reason.MONTH, 500)
    assert (charged.due_fen, charged.free_reason) == (500, None)
    await lots.leave(mine, MINE, reason=Reason.MONTH)
    assert await lots.row(mine) == ("EXIT", 0, 0, 0, 0)
    assert (await lots.ask(MINE)).reason is Reason.MONTH


async def test_when_a_month_card_ends_only_the_time_after_it_is_charged(lots: Lots) -> None:
    await lots.give(MINE, RightKind.MONTH, until=lots.till.clock.now() + timedelta(hours=40))
    parked = await lots.come(MINE)
    lots.till.clock.later_s += 39 * HOUR_S
    assert (await lots.quote(parked, MINE)).free_reason is Reason.MONTH
    lots.till.clock.later_s += 1.5 * HOUR_S
    late = await lots.quote(parked, MINE)
    assert (late.due_fen, late.minutes) == (500, 30)


async def test_a_right_that_is_taken_back_has_ended_and_its_row_stays(lots: Lots) -> None:
    site, db = lots.till.config.site_id, lots.till.db
    await lots.give(MINE, RightKind.BLACK, note="烟")
    assert (await lots.ask(MINE)).why == "this plate is on the black list"
    lots.till.clock.later_s += 60
    at = lots.till.clock.now()
    removed = await db.write(lambda conn: register.remove(conn, site, at, Plate(MINE), RightKind.BLACK, None, "li"))
    assert removed == 1
    assert (await lots.ask(MINE)).reason is Reason.ADMITTED
    assert await db.read(lambda conn: register.entries(conn, site, at)) == ()
    assert len(await db.read(lambda conn: register.rights_of(conn, site, Plate(MINE)))) == 1
    assert [row.actor for row in await lots.till.journal_of("right removed")] == ["li"]


@pytest.mark.parametrize("kind", [RightKind.WHITE, RightKind.SPECIAL])
async def test_the_white_list_and_special_vehicles_owe_nothing_however_long_they_stay(
    lots: Lots, kind: RightKind
) -> None:
    await lots.give(MINE, kind)
    parked = await lots.come(MINE)
    lots.till.clock.later_s += 200 * HOUR_S
    quote = await lots.quote(parked, MINE)
    assert (quote.due_fen, quote.doubt) == (0, "")
    assert quote.free_reason in (Reason.WHITE_LIST, Reason.SPECIAL)
    await lots.leave(parked, MINE, reason=quote.free_reason)
    assert await lots.row(parked) == ("EXIT", 0, 0, 0, 0)


async def test_a_stay_that_is_longer_than_three_days_is_looked_at_before_it_is_asked_for(lots: Lots) -> None:
    parked = await lots.come(MINE)
    lots.till.clock.later_s += 71 * HOUR_S
    assert (await lots.quote(parked, MINE)).doubt == ""
    lots.till.clock.later_s += 2 * HOUR_S
    assert "72 hours" in (await lots.quote(parked, MINE)).doubt


async def test_a_quote_that_is_given_again_is_as_doubtful_as_before(lots: Lots) -> None:
    parked = await lots.come(MINE)
    lots.till.clock.later_s += 73 * HOUR_S
    quote = await lots.quote(parked, MINE)
    await lots.till.cashier.order(OUT1, lots.passage(OUT1, MINE).id, quote)
    again = await lots.quote(parked, MINE)
    assert (again.id, again.doubt) == (quote.id, quote.doubt)


async def test_who_has_backed_away_twice_from_an_open_exit_is_looked_at(lots: Lots) -> None:
    parked = await lots.come(MINE)
    passage = lots.passage(OUT1, MINE)
    assert await lots.till.cashier.doubt(OUT1, passage.id, parked, passage.read) == ""
    for _ in range(2):
        await lots.note(OUT1, MINE, PassageOutcome.BACKED_OUT, "FAKE_EXIT")
    assert "backed away" in await lots.till.cashier.doubt(OUT1, passage.id, parked, passage.read)
    lots.till.clock.later_s += 31 * 24 * HOUR_S
    assert await lots.till.cashier.doubt(OUT1, passage.id, parked, passage.read) == ""


async def test_a_locked_car_or_one_that_looks_different_is_looked_at_before_it_leaves(lots: Lots) -> None:
    parked = await lots.come(MINE)
    passage = lots.passage(OUT1, MINE)
    yellow = replace(made_read(MINE), colour=PlateColour.YELLOW)
    assert "look like" in await lots.till.cashier.doubt(OUT1, passage.id, parked, yellow)
    await lots.give(MINE, RightKind.LOCKED)
    assert "locked" in await lots.till.cashier.doubt(OUT1, passage.id, parked, passage.read)


async def test_another_car_under_a_plate_that_is_inside_is_not_let_in(lots: Lots) -> None:
    await lots.come(MINE)
    clone = await lots.ask(MINE, colour=PlateColour.YELLOW)
    assert clone.person
    assert "clone" in clone.why


async def test_a_dear_stay_is_not_ended_unseen_by_its_plate_coming_in_again(lots: Lots) -> None:
    parked = await lots.come(MINE)
    lots.till.clock.later_s += 48 * HOUR_S
    refused = await lots.ask(MINE)
    assert (refused.reason, refused.person) == (None, True)
    assert "80.00 yuan" in refused.why
    assert (await lots.row(parked))[0] is None


async def test_a_stay_whose_car_reversed_out_is_annulled_once_and_costs_nothing(lots: Lots) -> None:
    passage = lots.passage(IN1, MINE)
    parked = await lots.till.cashier.begin_stay(IN1, passage, Reason.ADMITTED, "lane")
    lots.till.clock.later_s += HOUR_S
    for _ in range(2):
        await lots.till.cashier.annul_stay(IN1, passage.id)
    assert await lots.row(parked) == ("ANNULLED", 0, 0, 0, 0)
    assert lots.cars() == {"lot": 0, "roof": 0}
    assert len(await lots.till.journal_of("stay annulled")) == 1
    await lots.till.cashier.annul_stay(IN1, lots.passage(IN1, HERS).id)


async def test_a_car_that_reverses_out_of_the_nested_lot_is_back_in_the_zone_around(lots: Lots) -> None:
    parked = await lots.come(MINE)
    passage = lots.passage(ROOF_IN, MINE)
    await lots.till.cashier.begin_stay(ROOF_IN, passage, Reason.TRANSIT, "lane")
    for _ in range(2):
        await lots.till.cashier.annul_stay(ROOF_IN, passage.id)
    assert lots.cars() == {"lot": 1, "roof": 0}
    assert (await lots.row(parked))[0] is None


async def test_a_stay_that_was_paid_for_is_not_annulled(lots: Lots, site: tuple[Config, Phone]) -> None:
    passage = lots.passage(IN1, MINE)
    parked = await lots.till.cashier.begin_stay(IN1, passage, Reason.ADMITTED, "lane")
    lots.till.clock.later_s += HOUR_S
    quote = await lots.quote(parked, MINE)
    order = await lots.till.cashier.order(OUT1, lots.passage(OUT1, MINE).id, quote)
    await asyncio.to_thread(site[1].pay, order.code_url)
    await until(lambda: bool(lots.till.told.settled))
    await lots.till.cashier.annul_stay(IN1, passage.id)
    assert await lots.row(parked) == (None, 0, 500, 0, 0)
    assert len(await lots.till.journal_of("a paid stay was not annulled")) == 1


@pytest.mark.parametrize(
    ("ending", "reason", "arrears"),
    [
        (Ending.EXIT_TAILGATE, Reason.TAILGATE, 500),
        (Ending.EXIT_OPEN_LANE, Reason.OPEN_LANE, 0),
        (Ending.EXIT_OPEN_LANE, Reason.FIRE, 0),
    ],
)
async def test_each_ending_without_leave_says_who_bears_the_fee(
    lots: Lots, ending: Ending, reason: Reason, arrears: int
) -> None:
    parked = await lots.come(MINE)
    lots.till.clock.later_s += HOUR_S / 2
    await lots.leave(parked, MINE, reason=reason, ending=ending)
    assert await lots.row(parked) == (ending.value, 500, 0, arrears, 500 - arrears)
