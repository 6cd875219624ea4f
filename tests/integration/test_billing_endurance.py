"""Nothing leaves an order hanging: what was to be closed is, by the next start; and money is paid ahead of a lane."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from billing.books import NOWHERE
from billing.ids import out_trade_no
from billing.orders import book
from billing.orders.ways import BY_CODE
from billing.pay.gateway import CodeUrl
from billing.sim.wechat.books.orders import Order as WeChatOrder
from scada.model.lane.words import Order, Quote, Reason
from scada.model.names import OrderId, StayId
from scada.ports import BillingError
from scada.store.schema import open_request, pay_order, settlement, stay
from tests.support.billing import HOUR_S, OUT1, made_passage
from tests.support.refunds import Desk, Site, open_desk, site_with_wechat

SOON = (0.2, 0.4, 0.8)


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


async def test_an_order_that_could_not_be_closed_is_closed_by_the_next_start(site: Site, tmp_path: Path) -> None:
    async with open_desk(site, tmp_path) as desk:
        parked = await desk.till.come_in()
        order = await desk.at_exit(parked)
        site.phone.plan_answers("drop_before", "/v3/pay", 0)
        await desk.till.cashier.close_order(order.id, "the car backed away")
        assert (await desk.until_order(order, "OPEN")).closing == "the car backed away"
    site.phone.post("/sim/clear")
    async with open_desk(site, tmp_path) as desk:
        await desk.until_order(order, "CLOSED")
        assert await desk.pay(order) == "closed"


async def test_the_order_of_a_car_that_left_is_closed_by_the_next_start(site: Site, tmp_path: Path) -> None:
    async with open_desk(site, tmp_path) as desk:
        parked = await desk.till.come_in()
        order = await desk.at_exit(parked)
        site.phone.plan_answers("drop_before", "/v3/pay", 0)
        await desk.leave(parked, Reason.GOODWILL)
    site.phone.post("/sim/clear")
    async with open_desk(site, tmp_path) as desk:
        assert (await desk.until_order(order, "CLOSED")).closing == "the car has left"
        await desk.agree()


@pytest.mark.parametrize("reached_wechat", [True, False])
async def test_an_order_that_a_kill_left_half_made_is_asked_for_and_ends(
    site: Site, tmp_path: Path, reached_wechat: bool
) -> None:
    async with open_desk(site, tmp_path) as desk:
        parked = await desk.till.come_in()
        first = await desk.at_exit(parked)
        await desk.till.db.write(lambda conn: conn.execute(update(pay_order).values(state="CREATING")))
        if not reached_wechat:
            number = await half_made(desk, first.id)
    async with open_desk(site, tmp_path, SOON) as desk:
        desk.till.clock.later_s += 2 * HOUR_S
        order = first.id if reached_wechat else number
        await desk.until_number(order, "CLOSED")
        await desk.agree()


async def half_made(desk: Desk, like: OrderId) -> OrderId:
    """Write down an order that never reached WeChat."""
    at, zone = desk.till.clock.now(), desk.till.config.site.zone_info

    def work(conn: Connection) -> OrderId:
        order = book.find(conn, desk.till.config.site_id, like)
        assert isinstance(order, book.PayOrder)
        number = out_trade_no(desk.till.config.site_id, order.stay, 9, at, zone)
        changes = {"out_trade_no": number, "state": "CREATING"}
        conn.execute(update(pay_order).where(pay_order.c.out_trade_no == like).values(**changes))
        return number

    return await desk.till.db.write(work)


async def test_an_order_whose_notice_is_lost_is_found_paid_by_asking(site: Site, tmp_path: Path) -> None:
    async with open_desk(site, tmp_path, SOON) as desk:
        parked = await desk.till.come_in()
        order = await desk.at_exit(parked)
        site.phone.plan_notices("drop", 10)
        assert await desk.pay(order) == "ok"
        await desk.until_order(order, "PAID")
        assert [row.source for row in await desk.till.rows(settlement)] == ["query"]
        await desk.agree()


async def test_an_order_that_wechat_tells_another_amount_of_ends_as_a_case_and_blocks_no_other(desk: Desk) -> None:
    parked = await desk.till.come_in()
    order = await desk.at_exit(parked)
    found = desk.site.wechat.orders.find(order.id)
    assert isinstance(found, WeChatOrder)
    found.total += 1
    desk.site.phone.plan_notices("drop", 10)
    assert await desk.pay(order) == "ok"
    await desk.till.cashier.close_order(order.id, "the car backed away")
    await desk.until_order(order, "FAILED")
    assert await desk.cases() == {"PAYMENT_WRONG": False}
    assert await desk.till.rows(settlement) == []
    assert (await desk.at_exit(parked, 0.0, 8)).id != order.id


async def test_an_order_that_wechat_gives_no_end_becomes_a_case_that_closes_itself_later(
    site: Site, tmp_path: Path
) -> None:
    async with open_desk(site, tmp_path, SOON) as desk:
        parked = await desk.till.come_in()
        order = await desk.at_exit(parked)
        site.phone.plan_answers("system_error", "/v3/pay", 0)
        desk.till.clock.later_s += HOUR_S
        await desk.until_cases({"ORDER_HANGS": False})
        with pytest.raises(BillingError, match="not closed yet"):
            await desk.at_exit(parked, 0.0, 8)
        site.phone.post("/sim/clear")
        await desk.till.cashier.close_order(order.id, "asked for by a person")
        await desk.until_order(order, "CLOSED")
        assert await desk.cases() == {"ORDER_HANGS": True}


async def ahead(desk: Desk, parked: StayId) -> tuple[Quote, Order | None]:
    """Ask on a phone, away from any lane, for a code to pay a stay with."""
    quote, offered = await desk.till.cashier.pay_by_phone(NOWHERE, parked, BY_CODE)
    if offered is None:
        return quote, None
    assert isinstance(offered, CodeUrl)
    [number] = [row.out_trade_no for row in await desk.till.rows(pay_order) if row.code_url == offered.text]
    return quote, Order(number, quote.id, parked, quote.due_fen, offered.text)


async def pay_ahead(desk: Desk, hours: float = 0.98) -> tuple[StayId, int]:
    """Come in, and pay on a phone after so many hours; gives the stay and the amount."""
    parked = await desk.till.come_in()
    desk.till.clock.later_s += hours * HOUR_S
    quote, order = await ahead(desk, parked)
    assert order is not None
    assert await desk.pay(order) == "ok"
    await desk.settled(1)
    return parked, quote.due_fen


async def test_who_pays_ahead_may_leave_within_the_grace_and_owes_only_the_increment_after_it(desk: Desk) -> None:
    parked, paid = await pay_ahead(desk)
    assert paid == 500
    assert await desk.till.rows(open_request) == []
    [account] = await desk.till.rows(stay)
    [settled] = await desk.till.rows(settlement)
    assert account.paid_until == settled.paid_at + timedelta(minutes=15)
    quote, order = await ahead(desk, account.id)
    assert (quote.due_fen, quote.free_reason, order) == (0, Reason.PREPAID, None)
    passage = made_passage(desk.till.clock.now(), OUT1, "京A12345", 7)
    at_lane = await desk.till.cashier.quote(OUT1, passage.id, account.id)
    assert (at_lane.due_fen, at_lane.free_reason) == (0, Reason.PREPAID)
    desk.till.clock.later_s += HOUR_S
    late = await desk.till.cashier.quote(OUT1, passage.id, account.id)
    assert (late.total_fen, late.due_fen) == (1000, 500)
    more, order = await ahead(desk, account.id)
    assert order is not None
    assert (more.due_fen, order.due_fen) == (500, 500)
    assert parked == account.id
    await desk.agree()


async def test_a_phone_is_given_the_order_that_the_lane_shows_and_takes_it_from_no_lane(desk: Desk) -> None:
    parked = await desk.till.come_in()
    shown = await desk.at_exit(parked)
    _, order = await ahead(desk, parked)
    assert order is not None
    assert (order.id, order.code_url) == (shown.id, shown.code_url)
    assert await desk.pay(order) == "ok"
    await desk.settled(1)
    assert [row.lane for row in await desk.till.rows(open_request)] == ["out1"]


async def test_a_code_on_a_phone_is_shown_by_the_lane_when_the_car_comes_and_opens_it(desk: Desk) -> None:
    parked = await desk.till.come_in()
    desk.till.clock.later_s += 0.98 * HOUR_S
    _, order = await ahead(desk, parked)
    assert order is not None
    at_lane = await desk.at_exit(parked, 0.0)
    assert at_lane.id == order.id
    assert await desk.pay(order) == "ok"
    await desk.settled(1)
    assert [row.lane for row in await desk.till.rows(open_request)] == ["out1"]


async def test_two_phones_at_once_are_shown_one_order(desk: Desk) -> None:
    parked = await desk.till.come_in()
    desk.till.clock.later_s += 0.98 * HOUR_S
    made = await asyncio.gather(*(ahead(desk, parked) for _ in range(2)), return_exceptions=True)
    numbers = {one[1].id for one in made if isinstance(one, tuple) and one[1] is not None}
    assert len(numbers) == 1
    assert len([row for row in await desk.till.rows(pay_order) if row.state == "OPEN"]) == 1
