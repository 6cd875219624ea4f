"""Money that came too much goes back by itself, once, whatever is lost, doubled or killed on the way."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from billing.books import Books
from billing.counter.counter import Counter
from billing.counter.words import Receipt, Shift
from billing.pay.gateway import Refund
from billing.refunds import book
from billing.refunds.words import RefundReason
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.model.names import OrderId, StayId
from scada.store.schema import open_request, pay_order, refund, settlement, stay
from tests.support.billing import OUT1, made_passage
from tests.support.refunds import Desk, Site, open_desk, site_with_wechat


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_with_wechat(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(whole_site: Site) -> Site:
    whole_site.set_back()
    return whole_site


@pytest.fixture
async def desk(site: Site, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(site, tmp_path) as opened:
        yield opened


async def test_an_old_code_paid_after_the_new_one_goes_back_by_itself(desk: Desk) -> None:
    parked = await desk.till.come_in()
    old = await desk.at_exit(parked)
    new = await desk.at_exit(parked)
    assert await desk.pay(new) == "ok"
    await desk.settled(1)
    await desk.pay_late(old)
    [row] = await desk.until_refunds([(500, "SUCCESS")])
    assert (row.out_refund_no, row.reason, row.by) == (f"R{old.id}A", "SURPLUS", "billing")
    assert desk.site.refunds() == [(f"R{old.id}A", 500, "SUCCESS")]
    assert len(await desk.till.rows(open_request)) == 1
    await desk.agree()


async def test_a_new_code_paid_after_the_old_one_settles_what_is_left_and_gives_back_the_rest(desk: Desk) -> None:
    parked = await desk.till.come_in()
    old = await desk.at_exit(parked)
    new = await desk.at_exit(parked)
    await desk.pay_late(old)
    await desk.settled(1)
    assert await desk.pay(new) == "ok"
    [row] = await desk.until_refunds([(500, "SUCCESS")])
    assert (row.out_refund_no, row.total_fen) == (f"R{new.id}A", 1000)
    [account] = await desk.till.rows(stay)
    assert account.paid_fen == 1000
    assert sorted((one.amount_fen, one.surplus_fen) for one in await desk.till.rows(settlement)) == [
        (500, 0),
        (1000, 500),
    ]
    await desk.agree()


async def test_a_payment_for_a_car_gone_without_debt_goes_back_and_looks_up_no_lane(desk: Desk) -> None:
    parked = await desk.till.come_in()
    order = await desk.at_exit(parked)
    await desk.till.cashier.close_order(order.id, "the car backed away")
    await desk.leave(parked, Reason.GOODWILL)
    await desk.pay_late(order)
    await desk.until_refunds([(500, "SUCCESS")])
    assert await desk.till.rows(open_request) == []
    await desk.agree()


async def test_a_late_payment_clears_the_arrears_first_and_the_rest_goes_back(desk: Desk) -> None:
    parked = await desk.till.come_in()
    first = await desk.at_exit(parked)
    second = await desk.at_exit(parked)
    await desk.till.cashier.close_order(second.id, "the car backed away")
    await desk.leave(parked, Reason.QUEUE)
    await desk.pay_late(first)
    await desk.settled(1)
    [owing] = await desk.till.rows(stay)
    assert (owing.arrears_fen, owing.paid_fen) == (500, 500)
    await desk.pay_late(second)
    [row] = await desk.until_refunds([(500, "SUCCESS")])
    assert row.out_trade_no == second.id
    [clear] = await desk.till.rows(stay)
    assert (clear.arrears_fen, clear.paid_fen, clear.fee_fen) == (0, 1000, 1000)
    assert await desk.till.rows(open_request) == []
    await desk.agree()


async def owing(desk: Desk) -> str:
    """Let a payment come for which nothing is owed; gives the number under which it goes back."""
    parked = await desk.till.come_in()
    order = await desk.at_exit(parked)
    await desk.till.cashier.close_order(order.id, "the car backed away")
    await desk.leave(parked, Reason.GOODWILL)
    await desk.pay_late(order)
    await desk.settled(1)
    return f"R{order.id}A"


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "bad_signature", "heard"])
async def test_a_refund_whose_answer_is_lost_goes_out_under_the_same_number_until_it_is_sure(
    desk: Desk, fault: str
) -> None:
    desk.site.phone.plan_answers(fault, "/refunds", 1)
    number = await owing(desk)
    [row] = await desk.until_refunds([(500, "SUCCESS")], 30.0)
    assert row.out_refund_no == number
    assert desk.site.refunds() == [(number, 500, "SUCCESS")]
    await desk.agree()


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_a_server_that_dies_with_a_refund_under_way_goes_on_with_it(
    site: Site, tmp_path: Path, fault: str
) -> None:
    async with open_desk(site, tmp_path) as desk:
        site.phone.plan_answers(fault, "/refunds", 0)
        number = await owing(desk)
        await desk.until_refunds([(500, "SENT")])
    site.phone.post("/sim/clear")
    async with open_desk(site, tmp_path) as desk:
        await desk.hurry(number)
        await desk.until_refunds([(500, "SUCCESS")], 30.0)
        assert site.refunds() == [(number, 500, "SUCCESS")]
        await desk.agree()


async def test_a_merchant_without_money_is_told_and_the_refund_waits_for_it(desk: Desk) -> None:
    desk.site.wechat.refunds.balance_fen = 0
    number = await owing(desk)
    await desk.until_refunds([(500, "SENT")])
    for _ in range(3):
        await desk.hurry(number)
    await desk.until_cases({"REFUND_WITHOUT_MONEY": False})
    await desk.agree(owed_back=500)
    desk.site.wechat.refunds.balance_fen = 1000
    await desk.hurry(number)
    await desk.until_refunds([(500, "SUCCESS")])
    assert (await desk.cases()) == {"REFUND_WITHOUT_MONEY": True}
    await desk.agree()


async def test_a_refund_that_a_dead_card_does_not_take_waits_for_a_person_who_has_it_paid_to_us(desk: Desk) -> None:
    desk.site.wechat.refunds.by_itself = "ABNORMAL"
    number = await owing(desk)
    await desk.until_refunds([(500, "ABNORMAL")])
    assert (await desk.cases()) == {"REFUND_ABNORMAL": False}
    desk.site.wechat.refunds.by_itself = "SUCCESS"
    one = await desk.till.db.read(lambda conn: book.find(conn, desk.till.config.site_id, number))
    assert one is not None
    assert isinstance(await desk.till.cashier.refunder.apply_abnormal(one), Refund)
    await desk.until_refunds([(500, "SUCCESS")])
    assert (await desk.cases()) == {"REFUND_ABNORMAL": True}
    await desk.agree()


async def test_a_refund_that_wechat_closes_is_a_case_and_still_owed(desk: Desk) -> None:
    desk.site.wechat.refunds.by_itself = "CLOSED"
    await owing(desk)
    await desk.until_refunds([(500, "CLOSED")])
    assert (await desk.cases()) == {"REFUND_CLOSED": False}
    await desk.agree(owed_back=500)


async def test_a_refund_is_found_by_asking_when_its_notice_is_lost(desk: Desk) -> None:
    desk.site.wechat.refunds.by_itself = ""
    number = await owing(desk)
    await desk.until_refunds([(500, "PROCESSING")])
    found = desk.site.wechat.refunds.find(number)
    assert found is not None
    desk.site.wechat.refunds.end(found, "SUCCESS")
    await desk.hurry(number)
    await desk.until_refunds([(500, "SUCCESS")])
    await desk.agree()


async def test_a_payment_given_back_by_hand_before_we_knew_of_it_ends_its_order_and_blocks_no_other(desk: Desk) -> None:
    parked = await desk.till.come_in()
    order = await desk.at_exit(parked)
    desk.site.phone.plan_notices("drop", 10)
    assert await desk.pay(order) == "ok"
    desk.site.phone.post("/sim/refunds/by_hand", out_trade_no=order.id)
    await desk.till.cashier.close_order(order.id, "the car backed away")
    [row] = await desk.until_refunds([(500, "SUCCESS")])
    assert row.reason == "BY_HAND"
    assert [one.state for one in await desk.till.rows(pay_order)] == ["PAID"]
    assert (await desk.cases()) == {"PAYMENT_GIVEN_BACK": False}
    assert await desk.till.rows(open_request) == []
    await desk.agree()
    again = await desk.at_exit(parked, 0.0, 8)
    assert again.id != order.id


async def test_an_order_that_our_older_books_have_lost_the_payment_of_is_settled_though_it_says_refund(
    desk: Desk,
) -> None:
    parked = await desk.till.come_in()
    order = await desk.at_exit(parked)
    desk.site.phone.plan_notices("drop", 10)
    assert await desk.pay(order) == "ok"
    gateway = desk.till.cashier.refunder.calls
    number, amount = f"R{order.id}A", order.due_fen
    given = await asyncio.to_thread(gateway.refund, number, order.id, amount, amount, "x")
    assert isinstance(given, Refund)
    await desk.till.cashier.close_order(order.id, "the car backed away")
    [account] = await desk.till.rows(stay)
    assert account.paid_fen == 500
    assert await desk.till.rows(refund) == []


async def test_cash_and_a_code_paid_together_settle_once_and_the_code_goes_back(desk: Desk) -> None:
    till, parked = desk.till, await desk.till.come_in()
    order = await desk.at_exit(parked)
    zone, settled = till.config.site.zone_info, list[StayId]()
    counter = Counter(Books.of(till.config), zone, till.db, till.clock, till.cashier, settled.append)
    assert isinstance(await counter.open_till("wang", Fen(0)), Shift)
    desk.site.phone.plan_answers("drop_before", "/close", 9)
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 7)
    assert isinstance(await counter.take("wang", OUT1, passage.id, parked, Fen(500), Fen(500)), Receipt)
    assert await desk.pay(order) == "ok"
    await desk.until_refunds([(500, "SUCCESS")])
    assert settled == [parked]
    assert len(await till.rows(open_request)) == 1
    await desk.agree()


async def test_two_refunds_of_one_payment_are_a_minute_apart(desk: Desk) -> None:
    """WeChat refuses a second one within the minute; ours waits before it asks."""
    desk.site.wechat.refunds.by_itself = ""
    number = await owing(desk)
    [first] = await desk.until_refunds([(500, "PROCESSING")])
    at, site, second = desk.till.clock.now(), desk.till.config.site_id, number[:-1] + "B"
    books = Books(site, Books.of(desk.till.config).merchant)
    order, why = OrderId(first.out_trade_no), RefundReason.GOODWILL

    def want(conn: Connection) -> bool:
        book.want(conn, books, at, second, order, None, Fen(1), Fen(500), why, "wang")
        return book.sending(conn, books, at, second, at)

    assert await desk.till.db.write(want) is False
    waiting = await desk.till.db.read(lambda conn: book.find(conn, site, second))
    assert waiting is not None
    assert (waiting.state.value, waiting.next_at) == ("WANTED", first.sent_at + timedelta(seconds=61))
