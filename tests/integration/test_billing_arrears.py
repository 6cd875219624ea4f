"""What a plate still owes: asked for at its next exit, paid ahead by phone, given up by a person."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from billing.accounts.balances import balance
from billing.accounts.chart import Account
from billing.arrears import debts
from billing.books import Books
from billing.settle import Merchant
from scada.config import Config
from scada.model.lane.words import Ending, Quote, Reason
from scada.model.names import SiteId, StayId
from scada.model.plate import Plate
from scada.ports import BillingError
from scada.settings.money import Arrears
from scada.sim.trial.ports import free_port
from scada.store.journal import verify
from scada.store.schema import demand, open_request, pay_order, refund, settlement, stay
from tests.support.billing import (
    HOUR_S,
    IN1,
    OUT1,
    Phone,
    Till,
    made_config,
    made_passage,
    made_read,
    notice_door,
    open_till,
    wechat_process,
)
from tests.support.ledger import agrees
from tests.support.store import open_database

MINE = "京A12345"
SITE = SiteId("demo")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@pytest.fixture
def phone(site: tuple[Config, Phone]) -> Phone:
    return site[1]


@pytest.fixture
async def till(site: tuple[Config, Phone], tmp_path: Path) -> AsyncIterator[Till]:
    """A site that asks for old debts at the exit, and lets nobody in alone who owes more than 10 yuan."""
    config = site[0].model_copy(update={"arrears": Arrears(at_exit="add", at_entry="refuse", refuse_above_fen=1000)})
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as opened:
        port = int(config.wechat.notify_url.split(":")[2].split("/")[0])
        with notice_door(port, opened.cashier):
            yield opened
        await db.read(agrees)
        assert await db.read(verify) is None


async def left_owing(till: Till, hours: float, number: int) -> StayId:
    """Let a car in, and out again after some hours with its fee unpaid."""
    parked = await till.come_in(MINE, number)
    till.clock.later_s += hours * HOUR_S
    passage = made_passage(till.clock.now(), OUT1, MINE, number)
    await till.cashier.end_stay(OUT1, parked, passage, Reason.QUEUE, "wang", Ending.EXIT)
    return parked


async def at_exit(till: Till, parked: StayId, hours: float, number: int = 90) -> Quote:
    till.clock.later_s += hours * HOUR_S
    passage = made_passage(till.clock.now(), OUT1, MINE, number)
    return await till.cashier.quote(OUT1, passage.id, parked)


async def paid(till: Till, phone: Phone, code_url: str, orders: int) -> None:
    assert await asyncio.to_thread(phone.pay, code_url) == "ok"
    deadline = till.clock.seconds() + 10
    while len(await till.rows(settlement)) < orders:
        assert till.clock.seconds() < deadline


async def test_old_debts_are_lines_of_their_own_and_one_payment_clears_all(
    any_database: str, till: Till, phone: Phone
) -> None:
    first, second = await left_owing(till, 0.9, 1), await left_owing(till, 0.8, 2)
    parked = await till.come_in(MINE, 3)
    quote = await at_exit(till, parked, 1.9)
    assert (quote.total_fen, quote.due_fen, quote.older) == (1000, 2000, ((first, 500), (second, 500)))
    passage = made_passage(till.clock.now(), OUT1, MINE, 90)
    order = await till.cashier.order(OUT1, passage.id, quote)
    await paid(till, phone, order.code_url, 1)
    rows = {row.id: row for row in await till.rows(stay)}
    assert [(rows[name].paid_fen, rows[name].arrears_fen) for name in (first, second, parked)] == [
        (500, 0), (500, 0), (1000, 0),
    ]  # fmt: skip
    [settled], [asked] = await till.rows(settlement), await till.rows(open_request)
    assert (settled.amount_fen, settled.older_fen, settled.surplus_fen, asked.stay) == (2000, 1000, 0, parked)
    again = await at_exit(till, parked, 0)
    assert (again.due_fen, again.free_reason) == (0, Reason.PREPAID)


async def test_a_free_stay_still_pays_what_its_plate_owes(till: Till, phone: Phone) -> None:
    await left_owing(till, 0.9, 1)
    parked = await till.come_in(MINE, 2)
    quote = await at_exit(till, parked, 0.1)
    assert (quote.total_fen, quote.due_fen, quote.free_reason) == (0, 500, None)
    passage = made_passage(till.clock.now(), OUT1, MINE, 90)
    order = await till.cashier.order(OUT1, passage.id, quote)
    await paid(till, phone, order.code_url, 1)
    again = await at_exit(till, parked, 0)
    assert (again.due_fen, again.free_reason) == (0, Reason.FREE)


async def test_debts_are_paid_ahead_by_phone_and_no_gate_moves(till: Till, phone: Phone) -> None:
    await left_owing(till, 0.9, 1)
    payable = await till.cashier.order_arrears(Plate(MINE), "phone")
    await paid(till, phone, payable.code_url, 1)
    [settled], [left], [asked] = [await till.rows(table) for table in (settlement, stay, demand)]
    assert (settled.stay, settled.amount_fen, left.arrears_fen, asked.state) == (None, 500, 0, "PAID")
    assert await till.rows(open_request) == []
    parked = await till.come_in(MINE, 2)
    assert (await at_exit(till, parked, 0.9)).due_fen == 500
    with pytest.raises(BillingError, match="nothing is owed"):
        await till.cashier.order_arrears(Plate(MINE), "phone")


async def test_an_exit_that_asks_for_the_same_debts_is_closed_before_they_are_asked_for_alone(
    till: Till, phone: Phone
) -> None:
    await left_owing(till, 0.9, 1)
    parked = await till.come_in(MINE, 2)
    quote = await at_exit(till, parked, 0.9)
    passage = made_passage(till.clock.now(), OUT1, MINE, 90)
    exit_order = await till.cashier.order(OUT1, passage.id, quote)
    payable = await till.cashier.order_arrears(Plate(MINE), "phone")
    assert await asyncio.to_thread(phone.pay, exit_order.code_url) == "closed"
    await paid(till, phone, payable.code_url, 1)
    now = await at_exit(till, parked, 0)
    assert (now.due_fen, now.older) == (500, ())


async def test_debts_asked_for_at_the_exit_are_no_longer_asked_for_alone(till: Till, phone: Phone) -> None:
    await left_owing(till, 0.9, 1)
    payable = await till.cashier.order_arrears(Plate(MINE), "phone")
    parked = await till.come_in(MINE, 2)
    quote = await at_exit(till, parked, 0.9)
    passage = made_passage(till.clock.now(), OUT1, MINE, 90)
    await till.cashier.order(OUT1, passage.id, quote)
    assert await asyncio.to_thread(phone.pay, payable.code_url) == "closed"
    assert sorted(row.state for row in await till.rows(pay_order)) == ["CLOSED", "OPEN"]


async def test_debts_paid_twice_all_the_same_are_a_surplus_once(till: Till, phone: Phone) -> None:
    await left_owing(till, 0.9, 1)
    payable = await till.cashier.order_arrears(Plate(MINE), "phone")
    books = Books(SITE, Merchant("1900007291", "wxdaozhademo0000001"))
    at = till.clock.now()
    [owing] = await till.db.read(lambda conn: debts.of_plate(conn, SITE, Plate(MINE)))
    await till.db.write(lambda conn: debts.write_off(conn, books, at, owing.stay, "li", "the barrier was broken"))
    await paid(till, phone, payable.code_url, 1)
    [settled], [left] = await till.rows(settlement), await till.rows(stay)
    assert (settled.surplus_fen, left.waived_fen, left.paid_fen) == (500, 500, 0)
    assert [row.amount_fen for row in await till.rows(refund)] == [500]
    assert await till.db.read(lambda conn: balance(conn, SITE, Account.WRITTEN_OFF, "li")) == 500


async def test_who_owes_too_much_is_not_let_in_alone(till: Till) -> None:
    await left_owing(till, 2.5, 1)
    passage = made_passage(till.clock.now(), IN1, MINE, 5)
    refused = await till.cashier.admit(IN1, passage.id, made_read(MINE))
    assert (refused.reason, refused.person) == (None, True)


async def test_a_site_that_only_asks_tells_what_is_owed_and_adds_nothing(
    site: tuple[Config, Phone], tmp_path: Path
) -> None:
    config = site[0].model_copy(update={"arrears": Arrears(at_exit="ask")})
    async with open_database(tmp_path) as db, open_till(config, db) as till:
        await left_owing(till, 0.9, 1)
        quote = await at_exit(till, await till.come_in(MINE, 2), 0.9)
        assert (quote.due_fen, quote.older, quote.owes_fen) == (500, (), 500)
