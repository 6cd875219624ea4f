"""Refunds and other kinds of sales in every day's bill, and WeChat's account of its own account."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table

from billing.accounts.chart import Account
from billing.books import Books
from billing.reconcile.compare.match import Side
from billing.reconcile.intake.days import State
from billing.refunds import book as refunds
from billing.refunds.words import RefundReason, refund_number
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.store.schema import parking_session, pay_order
from scada.store.schema import refund as refund_table
from tests.support.billing import HOUR_S, OUT1, made_passage
from tests.support.bills import Day, Sold, as_file, made_bill, open_day
from tests.support.wechat import bench


async def give_back(day: Day, amounts: list[int]) -> list[str]:
    """Let a car pay, and give parts of it back as an operator does; gives the refunds' numbers."""
    stay, order = await day.car()
    numbers = [refund_number(order.id, nth) for nth in range(2, 2 + len(amounts))]
    books, at = Books.of(day.at.config), day.till.clock.now()
    for number, amount in zip(numbers, amounts, strict=True):

        def work(conn: Connection, number: str = number, amount: int = amount) -> None:
            why = RefundReason.OVERCHARGED
            refunds.want(conn, books, at, number, order.id, stay, Fen(amount), order.due_fen, why, "ann")
            refunds.sending(conn, books, at, number, at + timedelta(days=9))

        await day.till.db.write(work)
        gave = day.at.gateway.refunds.refund
        await asyncio.to_thread(gave, number, order.id, Fen(amount), order.due_fen, "计费有误")
        await day.moved(61)
    return numbers


async def test_parts_that_went_back_agree_one_by_one_and_their_fees_come_back(at_day: Day) -> None:
    numbers = await give_back(at_day, [100, 150])
    await at_day.morning()
    found = await at_day.reconciler.trades(at_day.day)
    assert found.matched is not None
    assert (found.matched.differences, found.matched.agreed) == ((), 1 + len(numbers))
    assert found.matched.agreed_fen == 500 - 250


async def test_a_refund_that_ended_there_ends_here(at_day: Day) -> None:
    (number,) = await give_back(at_day, [200])
    await asyncio.to_thread(lambda: at_day.at.switch("refunds", out_refund_no=number))
    await at_day.morning()
    found = await at_day.reconciler.trades(at_day.day)
    assert found.matched is not None
    assert found.matched.differences == ()
    assert [row.state for row in await at_day.till.rows(refund_table)] == ["SUCCESS"]
    assert await at_day.holds(Account.WECHAT) == 500 - 200 - await at_day.holds(Account.CHANNEL_FEE)


async def test_a_refund_that_nobody_here_asked_for_is_a_case(at_day: Day) -> None:
    _, order = await at_day.car()
    gave = at_day.at.gateway.refunds.refund
    await asyncio.to_thread(gave, "BYHAND1", order.id, Fen(100), order.due_fen, "手工")
    await at_day.morning()
    found = await at_day.reconciler.trades(at_day.day)
    assert found.matched is not None
    assert [one.trade.number for one in found.matched.of(Side.ONLY_THEIRS)] == ["BYHAND1"]
    assert [case.body["of"] for case in await at_day.cases()] == ["refund"]


async def test_a_refund_of_another_days_payment_stands_in_the_bill_of_its_own_day(at_day: Day) -> None:
    _, order = await at_day.car()
    await at_day.morning()
    first = await at_day.reconciler.trades(at_day.day)
    assert first.matched is not None
    at_day.day += timedelta(days=1)
    assert (first.matched.agreed, first.matched.differences) == (1, ())
    bill = made_bill([Sold(order.id, 100, at_day.noon, refund="RX1")], at_day.at.config.wechat.mchid)
    found = await at_day.reconciler.trades(at_day.day, as_file(bill))
    assert found.matched is not None
    assert [one.trade.number for one in found.matched.of(Side.ONLY_THEIRS)] == ["RX1"]


async def test_a_voucher_of_ours_at_wechat_pays_its_part_of_the_price(deaf_day: Day) -> None:
    _, order = await deaf_day.car(pays=False)
    await deaf_day.believe(order)
    await deaf_day.morning()
    sold = Sold(
        order.id, order.due_fen, deaf_day.noon, f"42{order.id[-20:]}", settled=order.due_fen - 100, fee="0.02400"
    )
    found = await deaf_day.reconciler.trades(deaf_day.day, as_file(made_bill([sold], deaf_day.at.config.wechat.mchid)))
    assert found.matched is not None
    assert found.matched.differences == ()
    assert await deaf_day.holds(Account.WECHAT) == order.due_fen - 100 - 2
    assert await deaf_day.holds(Account.CHANNEL_FEE) == 2


async def test_what_wechat_holds_is_explained_to_the_fen_and_what_it_paid_out_is_at_the_bank(at_day: Day) -> None:
    await at_day.car()
    await asyncio.to_thread(at_day.sell, OrderId("SHOP0001"), 1000)
    await asyncio.to_thread(lambda: at_day.at.switch("payout", amount=700))
    await at_day.morning()
    await at_day.reconciler.trades(at_day.day)
    funds = await at_day.reconciler.funds(at_day.day)
    assert (funds.state, funds.differ) == (State.MATCHED, 0)
    assert await at_day.holds(Account.BANK) == 700
    assert funds.balance_fen == await at_day.holds(Account.WECHAT) == 500 - 3 + 1000 - 6 - 700
    assert await at_day.cases() == []
    at_day.day += timedelta(days=1)
    await asyncio.to_thread(lambda: at_day.at.switch("payout", amount=791))
    await at_day.morning()
    await at_day.reconciler.trades(at_day.day)
    funds = await at_day.reconciler.funds(at_day.day)
    assert (funds.balance_fen, await at_day.holds(Account.WECHAT)) == (0, 0)


async def test_movements_of_money_wait_for_the_days_trades(at_day: Day) -> None:
    await at_day.car()
    await at_day.morning()
    early = await at_day.reconciler.funds(at_day.day)
    assert (early.is_done, early.why) == (False, "the trades of the day are not reconciled yet")


@pytest.fixture
async def parking_day(tmp_path: Path) -> AsyncIterator[Day]:
    """A day on which WeChat deducts fees, and nobody hears of it."""
    opened = bench(tmp_path, {"[history]  ": "[wechat.parking]\nenabled = true\n\n[history]  "})
    at = await asyncio.to_thread(opened.__enter__)
    try:
        async with open_day(at, deaf=True) as day:
            yield day
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


async def test_a_fee_that_wechat_deducted_and_nobody_heard_of_is_found_in_the_bill(parking_day: Day) -> None:
    day, plate = parking_day, "京A00001"
    await asyncio.to_thread(lambda: day.at.switch("plates", plate=plate, service="NORMAL"))
    stay = await day.till.come_in(plate)
    await until_row(day, parking_session, "NORMAL")
    await day.moved(HOUR_S)
    passage = made_passage(day.till.clock.now(), OUT1, plate, 1)
    quote = await day.till.cashier.quote(OUT1, passage.id, stay)
    assert await day.till.cashier.accept(OUT1, passage.id, quote) == ""
    (order,) = await day.till.rows(pay_order)
    await asyncio.to_thread(lambda: day.at.switch("deductions", out_trade_no=order.out_trade_no, outcome="paid"))
    await day.morning()
    found = await day.reconciler.trades(day.day)
    assert found.matched is not None
    assert (found.matched.agreed, found.matched.differences) == (1, ())
    await until_row(day, pay_order, "PAID")
    assert await day.holds(Account.DEDUCTION) == 0


async def until_row(day: Day, table: Table, state: str) -> None:
    """Wait until the one row of a table is in a state."""
    deadline = day.till.clock.seconds() + 10
    while [row.state for row in await day.till.rows(table)] != [state]:
        assert day.till.clock.seconds() < deadline, f"{table.name} is not {state}"
