"""What nobody has confirmed about the real service: the product does the right thing whichever way it is."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from billing.pay.bill import TradeBill
from billing.pay.gateway import Closed, H5Url, Notice, Refund, Refused, Sheet
from billing.settle import Transaction
from billing.sim.wechat.clock import BEIJING
from billing.sim.wechat.facts import CHOICES, Facts
from scada.model.lane.words import Order, Quote
from scada.model.money import Fen
from scada.model.names import PassageId
from tests.support.billing import HOUR_S, OUT1, Till, made_passage, open_till
from tests.support.store import open_database
from tests.support.wechat import Bench, number, soon

OTHERWISE = [(name, value) for name, values in CHOICES.items() for value in values[1:]]
IN_THE_PRODUCTS_WAY = [
    "paid_again",
    "reentry",
    "close_paid",
    "close_again",
    "unknown_close",
    "burnt_query",
    "signed_4xx",
]


@pytest.fixture
def assumed(at: Bench, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """The bench with one fact other than assumed."""
    name, value = request.param
    at.switch("facts", **{name: value})
    yield at
    at.switch("facts", reset=True)


def test_every_fact_has_a_switch_and_the_assumed_value_comes_first() -> None:
    assert {name: values[0] for name, values in CHOICES.items()} == Facts().shown()


@pytest.mark.parametrize("assumed", OTHERWISE, indirect=True, ids=str)
def test_an_orders_whole_life_is_the_same_under_every_fact(assumed: Bench) -> None:
    at = assumed
    order, code = at.ordered(500, "停车费 🚗")
    page = at.gateway.orders.jsapi(number(), "停车费", Fen(5), soon(), "o-1")
    web = at.gateway.orders.h5(number(), "停车费", Fen(5), soon(), "203.0.113.7")
    assert (type(page), type(web)) == (Sheet, H5Url)
    assert at.phone.pay(code) == "ok"
    notice = at.next_notice()
    assert isinstance(notice, Notice), notice
    assert at.gateway.query(order) == notice.about
    assert isinstance(at.gateway.close(order), Refused)
    assert isinstance(at.gateway.refunds.refund(f"R{order}A", order, Fen(500), Fen(500), "重复支付"), Refund)
    closing, _ = at.ordered()
    assert at.gateway.close(closing) == Closed()
    found = at.gateway.query(closing)
    assert isinstance(found, Transaction)
    assert found.trade_state == "CLOSED"
    assert isinstance(at.gateway.query(number()), Refused)


@pytest.mark.parametrize("assumed", [one for one in OTHERWISE if "bill" in one[0]], indirect=True, ids=str)
def test_a_bill_is_read_under_every_fact(assumed: Bench) -> None:
    at = assumed
    order = at.paid_order()
    day = at.wechat.clock.now().astimezone(BEIJING).date()
    at.switch("clock", ahead_s=timedelta(days=2).total_seconds())
    bill = at.gateway.bills.trades(day)
    assert isinstance(bill, TradeBill)
    assert order in [row.out_trade_no for row in bill.rows]


# --- the cashier under the facts that its orders meet ---


@pytest.mark.parametrize("assumed", [one for one in OTHERWISE if one[0] in IN_THE_PRODUCTS_WAY], indirect=True, ids=str)
async def test_the_cashier_charges_once_under_every_fact(assumed: Bench, tmp_path: Path) -> None:
    """A lost answer, an old code that is closed, another that was paid just before it was: none is charged twice."""
    async with (
        open_database(tmp_path) as db,
        open_till(assumed.config, db, ask_after_s=(30.0, 60.0)) as till,
    ):
        parked = await till.come_in()
        till.clock.later_s += HOUR_S
        passage = made_passage(till.clock.now(), OUT1, "京A12345", 7)
        await asyncio.to_thread(assumed.phone.plan_answers, "drop_after", "/native")
        first = await _ordered(till, await till.cashier.quote(OUT1, passage.id, parked), passage.id)
        await till.cashier.close_order(first.id, "the driver goes to another lane")
        till.clock.later_s += HOUR_S
        second = await _ordered(till, await till.cashier.quote(OUT1, passage.id, parked), passage.id)
        assert await asyncio.to_thread(assumed.phone.pay, first.code_url) == "closed"
        assert await asyncio.to_thread(assumed.phone.pay, second.code_url) == "ok"
        await till.cashier.close_order(second.id, "the price changes while the driver pays")
        third = await till.cashier.quote(OUT1, passage.id, parked)
        assert third.due_fen == 0
        assert [order for _, order in till.told.settled] == [second.id]


async def _ordered(till: Till, quote: Quote, passage: PassageId) -> Order:
    return await till.cashier.order(OUT1, passage, quote)
