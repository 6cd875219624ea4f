"""Ways to leave for less than is owed, and payments that come at an awkward moment: real WeChat simulator."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scada.config import Config
from scada.model.lane.words import Ending, Order, Reason
from scada.model.names import StayId
from scada.model.plate import ReadBy
from scada.sim.trial.ports import free_port
from scada.store.schema import open_request, settlement, stay
from tests.support.billing import (
    HOUR_S,
    IN1,
    OUT1,
    Phone,
    Till,
    made_config,
    made_passage,
    made_read,
    open_till,
    wechat_process,
)
from tests.support.store import open_database, until

PLATE = "京A12345"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@pytest.fixture
async def till(site: tuple[Config, Phone], tmp_path: Path) -> AsyncIterator[Till]:
    """A cashier whose notices all get lost: it has to ask, and is told to only when an order is closed."""
    async with open_database(tmp_path) as db, open_till(site[0], db, ask_after_s=(60.0,)) as opened:
        yield opened


async def order_for(till: Till, parked: StayId, number: int = 7) -> Order:
    passage = made_passage(till.clock.now(), OUT1, PLATE, number)
    return await till.cashier.order(OUT1, passage.id, await till.cashier.quote(OUT1, passage.id, parked))


async def row_of(till: Till, parked: StayId) -> tuple[object, ...]:
    [row] = [row for row in await till.rows(stay) if row.id == parked]
    return (row.ending, row.fee_fen, row.paid_fen, row.arrears_fen, row.waived_fen)


async def test_typing_the_plate_of_a_parked_car_at_the_entry_does_not_make_its_stay_cheaper(till: Till) -> None:
    await till.come_in(PLATE)
    till.clock.later_s += 240 * HOUR_S
    passage = made_passage(till.clock.now(), IN1, PLATE, 2)
    typed = replace(made_read(PLATE), by=ReadBy.DRIVER)
    refused = await till.cashier.admit(IN1, passage.id, typed)
    assert (refused.reason, refused.why) == (None, "a car with this plate is inside already")
    person = await till.cashier.admit(IN1, passage.id, replace(typed, by=ReadBy.OPERATOR))
    assert person.reason is Reason.ADMITTED


async def test_a_plate_seen_at_the_entry_ends_no_stay_until_its_car_has_come_in(till: Till) -> None:
    parked = await till.come_in(PLATE)
    till.clock.later_s += HOUR_S
    passage = made_passage(till.clock.now(), IN1, PLATE, 2)
    admission = await till.cashier.admit(IN1, passage.id, made_read(PLATE))
    assert admission.reason is Reason.ADMITTED
    assert [one.id for one in await till.cashier.open_stays()] == [parked]
    new = await till.cashier.begin_stay(IN1, passage, Reason.ADMITTED, "lane")
    assert [one.id for one in await till.cashier.open_stays()] == [new]
    assert (await row_of(till, parked))[0] == "EXIT_UNSEEN"


async def test_the_order_of_a_stay_that_ended_unseen_can_no_longer_be_paid(
    till: Till, site: tuple[Config, Phone]
) -> None:
    parked = await till.come_in(PLATE)
    till.clock.later_s += HOUR_S
    order = await order_for(till, parked)
    await till.come_in(PLATE, number=2)
    await till.until_order_is("CLOSED")
    assert await asyncio.to_thread(site[1].pay, order.code_url) == "closed"


async def test_a_car_whose_stay_was_ended_at_the_entry_may_leave_and_is_told_of(till: Till) -> None:
    parked = await till.come_in(PLATE)
    till.clock.later_s += HOUR_S
    await till.come_in(PLATE, number=2)
    before = await row_of(till, parked)
    passage = made_passage(till.clock.now(), OUT1, PLATE, 7)
    await till.cashier.end_stay(OUT1, parked, passage, Reason.PAID, "lane", Ending.EXIT)
    assert await row_of(till, parked) == before
    assert len(await till.journal_of("the car of an ended stay left")) == 1


async def test_a_payment_that_did_not_arrive_clears_by_itself_what_its_order_asked_for(
    till: Till, site: tuple[Config, Phone]
) -> None:
    """The car came at 59 minutes, was asked at 61, paid, and an operator let it out."""
    parked = await till.come_in(PLATE)
    till.clock.later_s += 59 * 60
    passage = made_passage(till.clock.now(), OUT1, PLATE, 7)
    till.clock.later_s += 120
    order = await order_for(till, parked)
    assert order.due_fen == 1000
    await asyncio.to_thread(site[1].plan_answers, "system_error", "/v3/pay", 3)
    await asyncio.to_thread(site[1].pay, order.code_url)
    await till.cashier.end_stay(OUT1, parked, passage, Reason.PAID_NOT_ARRIVED, "wang", Ending.EXIT)
    assert await row_of(till, parked) == ("EXIT", 1000, 0, 1000, 0)
    [ended] = await till.journal_of("stay ended")
    assert (ended.body["by"], ended.body["reason"]) == ("wang", "PAID_NOT_ARRIVED")
    await till.cashier.close_order(order.id, "asked again")
    await until(lambda: bool(till.told.settled))
    assert await row_of(till, parked) == ("EXIT", 1000, 1000, 0, 0)
    assert [row.surplus_fen for row in await till.rows(settlement)] == [0]
    assert await till.rows(open_request) == []


async def test_who_said_he_had_paid_and_had_not_owes_it(till: Till, site: tuple[Config, Phone]) -> None:
    parked = await till.come_in(PLATE)
    till.clock.later_s += HOUR_S / 2
    order = await order_for(till, parked)
    passage = made_passage(till.clock.now(), OUT1, PLATE, 7)
    await till.cashier.end_stay(OUT1, parked, passage, Reason.PAID_NOT_ARRIVED, "wang", Ending.EXIT)
    await till.until_order_is("CLOSED")
    assert await asyncio.to_thread(site[1].pay, order.code_url) == "closed"
    assert await row_of(till, parked) == ("EXIT", 500, 0, 500, 0)


@pytest.mark.parametrize(
    ("reason", "arrears"),
    [
        (Reason.SPECIAL, 0),
        (Reason.PAID_NOT_ARRIVED, 500),
        (Reason.MISREAD, 500),
        (Reason.VISITOR, 0),
        (Reason.EQUIPMENT, 500),
        (Reason.GOODWILL, 0),
        (Reason.QUEUE, 500),
        (Reason.EMERGENCY, 0),
    ],
)
async def test_each_reason_leaves_the_debt_that_its_row_names(till: Till, reason: Reason, arrears: int) -> None:
    parked = await till.come_in(PLATE)
    till.clock.later_s += HOUR_S / 2
    passage = made_passage(till.clock.now(), OUT1, PLATE, 7)
    await till.cashier.end_stay(OUT1, parked, passage, reason, "wang", Ending.EXIT)
    assert await row_of(till, parked) == ("EXIT", 500, 0, arrears, 500 - arrears)
