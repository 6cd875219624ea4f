"""The cashier against a real WeChat simulator over HTTP: priced, paid, settled once, and the gate asked for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from billing.ids import new_id
from scada.config import Config
from scada.model.lane.words import Ending, Order, Reason
from scada.model.names import StayId
from scada.ports import BillingError
from scada.sim.trial.ports import free_port
from scada.store.schema import notice, open_request, pay_order, settlement, stay
from tests.support.billing import (
    HOUR_S,
    IN1,
    OUT1,
    Phone,
    Till,
    made_config,
    made_passage,
    notice_door,
    open_till,
    wechat_process,
)
from tests.support.lossy import LosesACommit
from tests.support.store import open_database, until

on_both = pytest.mark.usefixtures("any_database")
"""The whole way of a payment on each database; the rest of the file is the same on both."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@pytest.fixture
def config(site: tuple[Config, Phone]) -> Config:
    return site[0]


@pytest.fixture
def phone(site: tuple[Config, Phone]) -> Phone:
    return site[1]


@pytest.fixture
async def till(config: Config, tmp_path: Path) -> AsyncIterator[Till]:
    """A cashier that asks for orders only after a minute: here the notices do the work."""
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as opened:
        with notice_door(notice_port(config), opened.cashier):
            yield opened


def notice_port(config: Config) -> int:
    return int(config.wechat.notify_url.split(":")[2].split("/")[0])


async def order_after(till: Till, stay: StayId, hours: float = 0.98, number: int = 7) -> Order:
    """Let time pass, drive to the exit, and have the order made."""
    till.clock.later_s += hours * HOUR_S
    passage = made_passage(till.clock.now(), OUT1, "京A12345", number)
    quote = await till.cashier.quote(OUT1, passage.id, stay)
    return await till.cashier.order(OUT1, passage.id, quote)


async def pay(phone: Phone, code_url: str) -> str:
    return await asyncio.to_thread(phone.pay, code_url)


async def forge(phone: Phone, code_url: str, manner: str) -> int:
    return await asyncio.to_thread(phone.forge, code_url, manner)


@on_both
async def test_a_paid_order_credits_its_stay_and_asks_once_for_its_gate(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    order = await order_after(till, parked, hours=2.5)
    assert order.due_fen == 1500
    assert await pay(phone, order.code_url) == "ok"
    await until(lambda: till.told.settled == [(parked, order.id)])
    [settled], [asked], [row] = [await till.rows(table) for table in (settlement, open_request, stay)]
    assert (settled.amount_fen, settled.surplus_fen, settled.source) == (1500, 0, "notice")
    assert (asked.lane, asked.stay, asked.out_trade_no, asked.reason, asked.state) == (
        "out1", parked, order.id, "PAID", "WAITING",
    )  # fmt: skip
    assert row.paid_fen == 1500
    assert row.paid_until == settled.paid_at + timedelta(minutes=15)
    assert [row.state for row in await till.rows(pay_order)] == ["PAID"]
    assert till.told.requested == 1
    assert len(await till.journal_of("settled")) == 1


async def test_a_paid_car_has_its_grace_and_owes_only_the_rest_after_it(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    order = await order_after(till, parked, hours=1.5)
    await pay(phone, order.code_url)
    await until(lambda: bool(till.told.settled))
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 8)
    in_grace = await till.cashier.quote(OUT1, passage.id, parked)
    assert (in_grace.due_fen, in_grace.free_reason) == (0, Reason.PREPAID)
    till.clock.later_s += HOUR_S
    late = await till.cashier.quote(OUT1, passage.id, parked)
    assert (late.total_fen, late.due_fen, late.free_reason) == (1500, 500, None)


async def test_a_short_stay_is_free_and_nothing_can_be_ordered_for_it(till: Till) -> None:
    parked = await till.come_in()
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 7)
    quote = await till.cashier.quote(OUT1, passage.id, parked)
    assert (quote.due_fen, quote.free_reason) == (0, Reason.FREE)
    with pytest.raises(BillingError, match="nothing to order"):
        await till.cashier.order(OUT1, passage.id, quote)


@pytest.mark.parametrize(
    ("manner", "status", "journalled"),
    [
        ("bad_signature", 401, "notice not verified"),
        ("signtest", 401, "notice not verified"),
        ("replay", 401, "notice not verified"),
        ("other_amount", 204, "payment wrong_amount"),
        ("unknown_order", 204, "payment unknown_order"),
        ("other_merchant", 204, "payment wrong_merchant"),
    ],
)
async def test_a_wrong_notice_opens_nothing_and_is_journalled(
    till: Till, phone: Phone, manner: str, status: int, journalled: str
) -> None:
    parked = await till.come_in()
    order = await order_after(till, parked)
    assert await forge(phone, order.code_url, manner) == status
    assert await till.rows(settlement) == []
    assert await till.rows(open_request) == []
    assert [row.paid_fen for row in await till.rows(stay)] == [0]
    assert [row.state for row in await till.rows(pay_order)] == ["OPEN"]
    assert len(await till.journal_of(journalled)) == 1
    assert till.told.settled == []
    assert len(await till.rows(notice)) == (1 if status == 204 else 0)


@on_both
async def test_a_notice_sent_twice_settles_once(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    order = await order_after(till, parked)
    await asyncio.to_thread(phone.plan_notices, "duplicate")
    await pay(phone, order.code_url)
    await until(lambda: till.told.settled == [(parked, order.id)])
    assert await forge(phone, order.code_url, "genuine") == 204
    assert len(await till.rows(settlement)) == 1
    assert len(await till.rows(open_request)) == 1
    assert till.told.settled == [(parked, order.id)]
    assert sorted(row.verdict for row in await till.rows(notice)) == ["duplicate", "settled"]


async def test_a_payment_whose_first_answer_got_lost_asks_for_its_gate_when_its_notice_comes_again(
    config: Config, phone: Phone, tmp_path: Path
) -> None:
    async with open_database(tmp_path) as db:
        lossy = LosesACommit(db, loses=0)
        async with open_till(config, lossy, ask_after_s=(60.0,)) as till:
            order = await order_after(till, await till.come_in())
            lossy.loses = 1
            with notice_door(notice_port(config), till.cashier):
                await asyncio.to_thread(phone.plan_notices, "duplicate")
                assert await pay(phone, order.code_url) == "ok"
                await until(lambda: till.told.requested > 0)
            assert [row.state for row in await till.rows(open_request)] == ["WAITING"]


async def test_a_car_that_backed_away_and_came_back_gets_the_order_it_had(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    first = await order_after(till, parked, number=7)
    again = await order_after(till, parked, hours=0.01, number=8)
    assert (again.id, again.quote, again.code_url) == (first.id, first.quote, first.code_url)
    await pay(phone, again.code_url)
    await until(lambda: bool(till.told.settled))
    [asked] = await till.rows(open_request)
    assert asked.passage.endswith("-8")


@on_both
async def test_a_new_price_closes_the_old_order_first(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    old = await order_after(till, parked)
    new = await order_after(till, parked)
    assert new.id != old.id
    assert await pay(phone, old.code_url) == "closed"
    assert await pay(phone, new.code_url) == "ok"
    await until(lambda: bool(till.told.settled))
    assert sum(row.amount_fen for row in await till.rows(settlement)) == 1500 - 500


@on_both
async def test_a_payment_that_wins_the_race_against_the_close_is_credited(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    order = await order_after(till, parked)
    await asyncio.to_thread(phone.plan_notices, "drop")
    await pay(phone, order.code_url)
    await till.cashier.close_order(order.id, "the car backed away")
    assert till.told.settled == [(parked, order.id)]
    assert [row.source for row in await till.rows(settlement)] == ["query"]


async def test_a_closed_order_can_no_longer_be_paid(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    order = await order_after(till, parked)
    await till.cashier.close_order(order.id, "the car backed away")
    assert await pay(phone, order.code_url) == "closed"
    assert [row.state for row in await till.rows(pay_order)] == ["CLOSED"]


@pytest.mark.parametrize("fault", ["drop_after", "bad_signature", "signtest", "not_json"])
async def test_an_order_whose_answer_got_lost_is_the_same_order_when_asked_again(
    till: Till, phone: Phone, fault: str
) -> None:
    parked = await till.come_in()
    before = len(phone.orders())
    await asyncio.to_thread(phone.plan_answers, fault, "/native")
    order = await order_after(till, parked)
    assert order.code_url
    assert len(phone.orders()) == before + 1


async def test_nobody_is_charged_under_a_second_number_while_the_first_is_in_doubt(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    await asyncio.to_thread(phone.plan_answers, "system_error", "/v3/pay", 4)
    with pytest.raises(BillingError, match="SYSTEM_ERROR"):
        await order_after(till, parked)
    with pytest.raises(BillingError, match="not closed yet"):
        await order_after(till, parked)
    order = await order_after(till, parked, hours=0.0)
    states = sorted(row.state for row in await till.rows(pay_order))
    assert states == ["CLOSED", "OPEN"]
    assert order.due_fen == 1000


@on_both
async def test_the_fee_of_a_paid_stay_is_what_was_paid(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    order = await order_after(till, parked, hours=0.99)
    await pay(phone, order.code_url)
    await until(lambda: bool(till.told.settled))
    till.clock.later_s += 120
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 7)
    for _ in range(2):
        await till.cashier.end_stay(OUT1, parked, passage, Reason.PAID, "lane", Ending.EXIT)
    [row] = await till.rows(stay)
    assert (row.fee_fen, row.paid_fen, row.arrears_fen, row.waived_fen) == (500, 500, 0, 0)
    assert (row.ending, row.exit_passage, row.exit_reason) == ("EXIT", passage.id, "PAID")
    assert till.told.stays[-1] == 0
    assert len(await till.journal_of("stay ended")) == 1


async def test_a_stay_that_a_person_ends_by_hand_asks_nobody_for_its_fee_and_keeps_what_was_paid(
    till: Till, phone: Phone
) -> None:
    parked = await till.come_in()
    order = await order_after(till, parked, hours=0.99)
    await pay(phone, order.code_url)
    await until(lambda: bool(till.told.settled))
    owing = await till.come_in("京B99999", 2)
    asked = await order_after(till, owing, hours=2.5)
    for of in (parked, owing):
        assert await till.cashier.end_by_hand(of, "li", "GHOST", "walked through")
    rows = {row.id: (row.ending, row.paid_fen, row.arrears_fen) for row in await till.rows(stay)}
    assert rows == {parked: ("EXIT_UNSEEN", 500, 0), owing: ("EXIT_UNSEEN", 0, 0)}
    assert till.told.stays[-1] == 0
    [row] = [row for row in await till.rows(pay_order) if row.out_trade_no == asked.id]
    assert row.closing == "the stay was ended by hand" or row.state == "CLOSED"
    assert [row.body["by"] for row in await till.journal_of("stay ended")] == ["li", "li"]
    said = [row.body for row in await till.journal_of("end stay")]
    assert said == [{"stay": of, "reason": "GHOST", "note": "walked through"} for of in (parked, owing)]


@on_both
async def test_of_two_who_end_one_stay_at_once_one_wins_and_the_other_hears_it(till: Till) -> None:
    parked = await till.come_in()
    hands = (till.cashier.end_by_hand(parked, who, "GHOST", "walked through") for who in ("li", "zhang"))
    assert sorted(await asyncio.gather(*hands)) == [False, True]
    other = await till.come_in("京B99999", 2)
    passage = made_passage(till.clock.now(), OUT1, "京B99999", 7)
    leaves = till.cashier.end_stay(OUT1, other, passage, Reason.QUEUE, "wang", Ending.EXIT)
    _, by_hand = await asyncio.gather(leaves, till.cashier.end_by_hand(other, "li", "GHOST", "walked through"))
    assert not by_hand
    assert len(await till.journal_of("end stay")) == 1
    assert len(await till.journal_of("stay ended")) == 2


@pytest.mark.parametrize(("reason", "arrears", "waived"), [(Reason.QUEUE, 500, 0), (Reason.GOODWILL, 0, 500)])
async def test_an_operators_reason_says_whether_the_unpaid_part_is_owed(
    till: Till, reason: Reason, arrears: int, waived: int
) -> None:
    parked = await till.come_in()
    till.clock.later_s += HOUR_S / 2
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 7)
    await till.cashier.end_stay(OUT1, parked, passage, reason, "wang", Ending.EXIT)
    [row] = await till.rows(stay)
    assert (row.fee_fen, row.arrears_fen, row.waived_fen) == (500, arrears, waived)


@on_both
async def test_a_payment_after_the_car_left_clears_its_arrears_and_moves_no_gate(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    order = await order_after(till, parked)
    await asyncio.to_thread(phone.plan_notices, "drop")
    await pay(phone, order.code_url)
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 7)
    reason = Reason.PAID_NOT_ARRIVED
    await till.cashier.end_stay(OUT1, parked, passage, reason, "wang", Ending.EXIT)
    await until(lambda: bool(till.told.settled))
    [row] = await till.rows(stay)
    assert (row.fee_fen, row.paid_fen, row.arrears_fen) == (500, 500, 0)
    assert await till.rows(open_request) == []


async def test_a_plate_that_comes_in_again_ends_its_old_stay_unseen(till: Till) -> None:
    old = await till.come_in(number=1)
    till.clock.later_s += HOUR_S / 2
    new = await till.come_in(number=2)
    assert [parked.id for parked in await till.cashier.open_stays()] == [new]
    ended = {row.id: row for row in await till.rows(stay)}[old]
    assert (ended.ending, ended.fee_fen, ended.waived_fen) == ("EXIT_UNSEEN", 500, 500)
    assert len(await till.journal_of("stay ended")) == 1


async def test_one_entry_passage_begins_one_stay(till: Till) -> None:
    passage = made_passage(till.clock.now(), IN1, "京A12345", 1)
    begun = [await till.cashier.begin_stay(IN1, passage, Reason.ADMITTED, "lane") for _ in range(2)]
    assert begun[0] == begun[1]


async def test_two_cars_without_a_plate_are_two_stays(till: Till) -> None:
    for number in (1, 2):
        passage = made_passage(till.clock.now(), IN1, None, number)
        await till.cashier.begin_stay(IN1, passage, Reason.VISITOR, "wang")
    assert len({parked.plate for parked in await till.cashier.open_stays()}) == 2


async def test_a_quote_that_was_paid_meanwhile_is_not_ordered_again(till: Till, phone: Phone) -> None:
    parked = await till.come_in()
    till.clock.later_s += HOUR_S
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 7)
    quote = await till.cashier.quote(OUT1, passage.id, parked)
    order = await till.cashier.order(OUT1, passage.id, quote)
    await pay(phone, order.code_url)
    await until(lambda: bool(till.told.settled))
    with pytest.raises(BillingError, match="quote again"):
        await till.cashier.order(OUT1, passage.id, quote)


@on_both
async def test_two_lanes_that_ask_at_once_get_one_order(till: Till) -> None:
    parked = await till.come_in()
    till.clock.later_s += HOUR_S
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 7)
    quote = await till.cashier.quote(OUT1, passage.id, parked)
    made = await asyncio.gather(*(till.cashier.order(OUT1, passage.id, quote) for _ in range(3)))
    assert len({order.id for order in made}) == 1


async def test_a_stay_that_nobody_knows_has_no_quote(till: Till) -> None:
    passage = made_passage(till.clock.now(), OUT1, "京A12345", 1)
    with pytest.raises(BillingError, match="no stay"):
        await till.cashier.quote(OUT1, passage.id, StayId(new_id(till.clock.now())))


@on_both
async def test_the_poller_settles_what_no_notice_told(config: Config, phone: Phone, tmp_path: Path) -> None:
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(0.3, 0.6, 0.9)) as till:
        parked = await till.come_in()
        order = await order_after(till, parked)
        await asyncio.to_thread(phone.plan_notices, "drop")
        await pay(phone, order.code_url)
        await until(lambda: till.told.settled == [(parked, order.id)])
        assert [row.source for row in await till.rows(settlement)] == ["query"]
        assert len(await till.rows(open_request)) == 1


@on_both
async def test_an_order_left_open_is_asked_for_at_the_next_start(config: Config, phone: Phone, tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        async with open_till(config, db, ask_after_s=(60.0,)) as till:
            parked = await till.come_in()
            order = await order_after(till, parked)
        await asyncio.to_thread(phone.plan_notices, "drop")
        await pay(phone, order.code_url)
        async with open_till(config, db, ask_after_s=(60.0,)) as till:
            await until(lambda: till.told.settled == [(parked, order.id)])


async def test_a_wechat_that_hangs_does_not_hold_the_plants_stop_up(
    config: Config, phone: Phone, tmp_path: Path
) -> None:
    async with open_database(tmp_path) as db:
        async with open_till(config, db, ask_after_s=(0.3, 60.0)) as till:
            order = await order_after(till, await till.come_in())
            with phone.hung():
                closing = asyncio.create_task(till.cashier.close_order(order.id, "the car is gone"))
                await asyncio.sleep(0.6)
                closing.cancel()
                async with asyncio.timeout(2):
                    await till.cashier.__aexit__()
        async with open_till(config, db, ask_after_s=(0.3, 60.0)) as till:
            await till.cashier.close_order(order.id, "the car is gone")
            await till.until_order_is("CLOSED")


async def test_an_expired_order_is_closed(config: Config, phone: Phone, tmp_path: Path) -> None:
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(0.2, 0.4, 0.6, 0.8)) as till:
        parked = await till.come_in()
        order = await order_after(till, parked)
        till.clock.later_s += HOUR_S
        await till.until_order_is("CLOSED")
        assert await pay(phone, order.code_url) == "closed"


async def test_a_missing_key_is_named_with_what_to_do(tmp_path: Path) -> None:
    keyless = await asyncio.to_thread(made_config, tmp_path)
    async with open_database(tmp_path) as db:
        with pytest.raises(BillingError, match=r"merchant_cert\.pem is missing: put .* there"):
            async with open_till(keyless, db):
                pytest.fail("opened without keys")
