"""Pay-score parking against a real WeChat simulator: the entry is told, the fee deducted, and never charged twice."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import Table

from billing import outbox
from billing.accounts.audit import mistakes
from billing.accounts.balances import balance
from billing.accounts.chart import Account
from billing.books import Books, Place
from billing.parking import deductions, sessions
from billing.parking.keeper import Deductions, DeductionTerms
from billing.pay.gateway import Deduction, Entrance
from billing.settle import Merchant
from scada.config import Config
from scada.model.lane.words import Ending, Quote, Reason
from scada.model.money import Fen
from scada.model.names import OrderId, StayId
from scada.sim.trial.ports import free_port
from scada.store.schema import (
    money_case,
    notice,
    open_request,
    parking_deduction,
    parking_session,
    pay_order,
    settlement,
    stay,
)
from scada.store.sql.errors import StoreUnknown
from tests.support.billing import (
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
from tests.support.store import open_database
from tests.support.wechat import changed, gateway_to

HOURS_S = 1.5 * 3600
DUE = 1000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    made = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    config = changed(made, {"[history]  ": "[wechat.parking]\nenabled = true\n\n[history]  "})
    with wechat_process(config) as phone:
        phone.post("/sim/clock", ahead_s=HOURS_S)
        yield config, phone


@pytest.fixture
def config(site: tuple[Config, Phone]) -> Config:
    return site[0]


@pytest.fixture
def phone(site: tuple[Config, Phone]) -> Iterator[Phone]:
    yield site[1]
    site[1].post("/sim/clear")
    site[1].post("/sim/facts", reset=True)


@pytest.fixture
async def till(config: Config, tmp_path: Path) -> AsyncIterator[Till]:
    async with open_database(tmp_path) as db, open_till(config, db, (60.0,), accept_within_s=2.0) as opened:
        with notice_door(int(config.wechat.notify_url.split(":")[2].split("/")[0]), opened.cashier):
            yield opened


@pytest.fixture
def plate(request: pytest.FixtureRequest) -> str:
    """A plate of its own for each test: the simulator remembers them."""
    return f"京A{crc32(request.node.name.encode()) % 100_000:05d}"


async def signed(phone: Phone, plate: str, **plan: object) -> None:
    await asyncio.to_thread(lambda: phone.post("/sim/plates", plate=plate, service="NORMAL", **plan))


def given_back(phone: Phone) -> list[dict[str, object]]:
    """All refunds as the platform has them."""
    return list(json.loads(phone.get("/sim/refunds")))


async def end(phone: Phone, order: str, outcome: str) -> None:
    await asyncio.to_thread(lambda: phone.post("/sim/deductions", out_trade_no=order, outcome=outcome))


async def the(till: Till, table: Table) -> Any:  # noqa: ANN401 a row
    [row] = await till.rows(table)
    return row


async def come_in(till: Till, plate: str, state: str = "NORMAL") -> StayId:
    """Let a car in, and wait until WeChat has been told."""
    parked = await till.come_in(plate)
    await until_session(till, state)
    till.clock.later_s += HOURS_S
    return parked


async def until_session(till: Till, state: str) -> None:
    deadline = till.clock.seconds() + 10
    while (await the(till, parking_session)).state != state:
        assert till.clock.seconds() < deadline, (await the(till, parking_session)).state


async def until_order(till: Till, state: str, order: str) -> None:
    deadline = till.clock.seconds() + 10
    while {row.out_trade_no: row.state for row in await till.rows(pay_order)}[order] != state:
        assert till.clock.seconds() < deadline


async def at_exit(till: Till, plate: str, parked: StayId, number: int = 7) -> Quote:
    return await till.cashier.quote(OUT1, made_passage(till.clock.now(), OUT1, plate, number).id, parked)


async def accept(till: Till, plate: str, quote: Quote) -> str:
    return await till.cashier.accept(OUT1, made_passage(till.clock.now(), OUT1, plate, 7).id, quote)


async def held(till: Till, account: Account, subject: str | None = None) -> int:
    return await till.db.read(lambda conn: balance(conn, till.config.site_id, account, subject))


async def until_asked(till: Till) -> None:
    """Wait until WeChat has been asked for the deduction."""
    wechat, deadline = await asyncio.to_thread(gateway_to, till.config), till.clock.seconds() + 5
    while True:
        for row in await till.rows(pay_order):
            if isinstance(await asyncio.to_thread(wechat.parking.query, OrderId(row.out_trade_no)), Deduction):
                return
        assert till.clock.seconds() < deadline


def books(till: Till) -> Books:
    names = till.config.wechat
    return Books(till.config.site_id, Merchant(names.mchid, names.appid))


async def look_through(till: Till) -> None:
    """Whatever happened, the ledger balances and every column says what it says."""
    assert await till.db.read(lambda conn: mistakes(conn, till.config.site_id)) == []


async def leave(till: Till, plate: str, parked: StayId, reason: Reason = Reason.ACCEPTED) -> None:
    passage = made_passage(till.clock.now(), OUT1, plate, 7)
    await till.cashier.end_stay(OUT1, parked, passage, reason, "billing", Ending.EXIT)


@pytest.mark.usefixtures("any_database")
@pytest.mark.parametrize("kind", ["transaction", "parking"])
async def test_a_driver_who_allows_it_is_let_out_without_a_touch_and_the_money_comes_later(
    till: Till, phone: Phone, plate: str, kind: str
) -> None:
    await asyncio.to_thread(lambda: phone.post("/sim/facts", parking_original_type=kind))
    await signed(phone, plate)
    parked = await come_in(till, plate)
    quote = await at_exit(till, plate, parked)
    assert (quote.due_fen, quote.auto_deduct, quote.plate) == (DUE, True, plate)
    assert await accept(till, plate, quote) == ""
    order = await the(till, pay_order)
    assert (order.kind, order.state, order.amount_fen) == ("PARKING", "ACCEPTED", DUE)
    asked = await the(till, open_request)
    assert (asked.reason, asked.stay, asked.out_trade_no) == ("ACCEPTED", parked, order.out_trade_no)
    assert till.told.settled == [(parked, order.out_trade_no)]
    assert (await held(till, Account.DEDUCTION, order.out_trade_no), await held(till, Account.WECHAT)) == (DUE, 0)
    assert (await the(till, parking_session)).state == "USED"
    await leave(till, plate, parked)
    assert await till.rows(settlement) == []
    await end(phone, order.out_trade_no, "paid")
    await until_order(till, "PAID", order.out_trade_no)
    paid = await the(till, settlement)
    assert (paid.amount_fen, paid.surplus_fen) == (DUE, 0)
    assert (await held(till, Account.DEDUCTION), await held(till, Account.WECHAT)) == (0, DUE)
    assert (await held(till, Account.RECEIVABLE), await held(till, Account.ARREARS)) == (0, 0)
    assert len(await till.rows(open_request)) == 1
    await look_through(till)


async def test_the_gate_open_request_names_the_quote_that_wechat_pays(till: Till, phone: Phone, plate: str) -> None:
    await signed(phone, plate)
    parked = await come_in(till, plate)
    quote = await at_exit(till, plate, parked)
    await accept(till, plate, quote)
    [(lane, request)] = await till.db.write(lambda conn: outbox.take_waiting(conn, till.config.site_id))
    assert (lane, request.quote, request.reason) == (OUT1, quote.id, Reason.ACCEPTED)


async def test_a_driver_who_does_not_allow_it_pays_by_qr_code(till: Till, plate: str) -> None:
    parked = await come_in(till, plate, state="BLOCKED")
    quote = await at_exit(till, plate, parked)
    assert not quote.auto_deduct
    assert "does not let" in await accept(till, plate, quote)
    assert await till.rows(pay_order) == []


async def test_an_entry_whose_answer_was_lost_is_told_again_under_the_same_number(
    till: Till, phone: Phone, plate: str
) -> None:
    await signed(phone, plate)
    await asyncio.to_thread(lambda: phone.plan_answers("drop_after", "/v3/vehicle/parking/parkings"))
    parked = await come_in(till, plate)
    session = await the(till, parking_session)
    assert (session.asks, session.stay) == (2, parked)
    quote = await at_exit(till, plate, parked)
    assert await accept(till, plate, quote) == ""


async def test_an_entry_that_is_blocked_while_the_car_is_inside_is_not_deducted_from(
    till: Till, phone: Phone, plate: str
) -> None:
    await signed(phone, plate)
    parked = await come_in(till, plate)
    await asyncio.to_thread(lambda: phone.post("/sim/plates", plate=plate, service="PAUSE"))
    await until_session(till, "BLOCKED")
    assert not (await at_exit(till, plate, parked)).auto_deduct
    assert [row.verdict for row in await till.rows(notice)] == ["entry_changed"]


async def test_what_wechat_says_of_an_entry_counts_by_its_time_and_not_by_its_arrival(
    till: Till, phone: Phone, plate: str
) -> None:
    await signed(phone, plate)
    await come_in(till, plate)
    session = await the(till, parking_session)
    verdicts = []
    for state, changed_ms in (("BLOCKED", 3000), ("NORMAL", 2000), ("BLOCKED", 1000)):
        about = Entrance(session.parking_id, session.out_parking_no, state, "PAUSE", changed_ms)
        verdicts.append(
            await till.db.write(partial(sessions.apply, books=books(till), at=till.clock.now(), entrance=about))
        )
    assert verdicts == ["entry_changed", "old_word", "old_word"]
    assert (await the(till, parking_session)).state == "BLOCKED"


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "system_error"])
async def test_a_deduction_whose_answer_was_lost_is_asked_for_and_never_made_twice(
    till: Till, phone: Phone, plate: str, fault: str
) -> None:
    await signed(phone, plate)
    parked = await come_in(till, plate)
    quote = await at_exit(till, plate, parked)
    await asyncio.to_thread(lambda: phone.plan_answers(fault, "/v3/vehicle/transactions/parking"))
    assert await accept(till, plate, quote) == ""
    assert [row.state for row in await till.rows(pay_order)] == ["ACCEPTED"]
    assert len(await till.rows(open_request)) == 1


async def test_a_refused_deduction_is_paid_by_qr_code_and_not_tried_again(till: Till, phone: Phone, plate: str) -> None:
    await signed(phone, plate)
    parked = await come_in(till, plate)
    quote = await at_exit(till, plate, parked)
    await signed(phone, plate)
    await asyncio.to_thread(lambda: phone.plan_notices("drop"))
    await asyncio.to_thread(lambda: phone.post("/sim/plates", plate=plate, block="OVERDUE"))
    assert await accept(till, plate, quote) == "NO_AUTH"
    order = await till.cashier.order(OUT1, made_passage(till.clock.now(), OUT1, plate, 7).id, quote)
    assert await asyncio.to_thread(phone.pay, order.code_url) == "ok"
    await until_order(till, "PAID", order.id)
    assert (await the(till, stay)).paid_fen == DUE
    assert (await the(till, parking_session)).state == "BLOCKED"
    assert [row.reason for row in await till.rows(open_request)] == ["PAID"]


async def test_an_answer_that_comes_after_the_driver_has_paid_is_a_surplus_that_opens_nothing(
    config: Config, phone: Phone, plate: str, tmp_path: Path
) -> None:
    port = int(config.wechat.notify_url.split(":")[2].split("/")[0])
    async with open_database(tmp_path) as db, open_till(config, db, (60.0,), accept_within_s=0.05) as till:
        with notice_door(port, till.cashier):
            await signed(phone, plate)
            parked = await come_in(till, plate)
            quote = await at_exit(till, plate, parked)
            slow = {"fault": "delay", "path": "/v3/vehicle/transactions", "wait_s": 3.0}
            await asyncio.to_thread(lambda: phone.post("/sim/answers", **slow, times=2))
            assert await accept(till, plate, quote) == "WeChat has not answered in time"
            order = await till.cashier.order(OUT1, made_passage(till.clock.now(), OUT1, plate, 7).id, quote)
            assert await asyncio.to_thread(phone.pay, order.code_url) == "ok"
            await until_order(till, "PAID", order.id)
            [deduction] = [row for row in await till.rows(pay_order) if row.kind == "PARKING"]
            await until_order(till, "ACCEPTED", deduction.out_trade_no)
            assert (await the(till, stay)).paid_fen == DUE
            assert [row.reason for row in await till.rows(open_request)] == ["PAID"]
            await end(phone, deduction.out_trade_no, "paid")
            await until_order(till, "PAID", deduction.out_trade_no)
            assert [(row.surplus_fen, row.amount_fen) for row in await till.rows(settlement)] == [(0, DUE), (DUE, DUE)]
            assert (await the(till, stay)).paid_fen == DUE
            back = {"out_trade_no": deduction.out_trade_no, "amount": DUE}
            deadline = till.clock.seconds() + 10
            while not [one for one in await asyncio.to_thread(given_back, phone) if back.items() <= one.items()]:
                assert till.clock.seconds() < deadline
            await look_through(till)


@pytest.mark.usefixtures("any_database")
async def test_a_promise_that_breaks_becomes_arrears_of_the_plate_and_a_later_payment_clears_them(
    till: Till, phone: Phone, plate: str
) -> None:
    await signed(phone, plate)
    parked = await come_in(till, plate)
    await accept(till, plate, await at_exit(till, plate, parked))
    order = (await the(till, pay_order)).out_trade_no
    await leave(till, plate, parked)
    await end(phone, order, "failed")
    await until_order(till, "FAILED", order)
    gone = await the(till, stay)
    assert (gone.fee_fen, gone.paid_fen, gone.arrears_fen) == (DUE, 0, DUE)
    await look_through(till)
    assert (await held(till, Account.ARREARS, parked), await held(till, Account.DEDUCTION)) == (DUE, 0)
    paid = Deduction(OrderId(order), "SUCCESS", "4300000001", Fen(DUE), paid_at=till.clock.now())
    for _ in range(2):
        await till.db.write(
            partial(deductions.apply, books=books(till), at=till.clock.now(), told=paid, source="notice")
        )
    gone = await the(till, stay)
    await look_through(till)
    assert (gone.paid_fen, gone.arrears_fen) == (DUE, 0)
    assert (await held(till, Account.ARREARS), await held(till, Account.WECHAT)) == (0, DUE)


async def test_what_wechat_advances_is_paid_and_its_repayment_changes_nothing_of_ours(
    till: Till, phone: Phone, plate: str
) -> None:
    await signed(phone, plate)
    parked = await come_in(till, plate)
    await accept(till, plate, await at_exit(till, plate, parked))
    order = (await the(till, pay_order)).out_trade_no
    await leave(till, plate, parked)
    await end(phone, order, "advanced")
    await until_order(till, "PAID", order)
    await end(phone, order, "repaid")
    deadline = till.clock.seconds() + 10
    while not (await the(till, parking_deduction)).repaid:
        assert till.clock.seconds() < deadline
    row, gone = await the(till, parking_deduction), await the(till, stay)
    assert (row.advanced, gone.paid_fen, gone.arrears_fen) == (True, DUE, 0)
    assert await held(till, Account.WECHAT) == DUE


async def test_a_server_killed_while_wechat_was_asked_finds_the_deduction_and_asks_for_the_gate_once(
    config: Config, phone: Phone, plate: str, tmp_path: Path
) -> None:
    async with open_database(tmp_path) as db:
        async with open_till(config, db, (60.0,)) as till:
            await signed(phone, plate)
            parked = await come_in(till, plate)
            quote = await at_exit(till, plate, parked)
            slow = {"fault": "delay", "path": "/v3/vehicle/transactions/parking", "wait_s": 1.0}
            await asyncio.to_thread(lambda: phone.post("/sim/answers", **slow, times=1))
            asking = asyncio.create_task(accept(till, plate, quote))
            await until_asked(till)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert [row.state for row in await till.rows(pay_order)] == ["CREATING"]
        async with open_till(config, db, (60.0,)) as again:
            await until_order(again, "ACCEPTED", (await the(again, pay_order)).out_trade_no)
            assert (await the(again, stay)).paid_fen == DUE
            assert len(await again.rows(open_request)) == 1


async def test_a_deduction_that_was_never_sent_is_given_up_once_wechat_surely_does_not_know_it(
    config: Config, phone: Phone, plate: str, tmp_path: Path
) -> None:
    async with open_database(tmp_path) as db, open_till(config, db, (60.0,)) as till:
        await signed(phone, plate)
        parked = await come_in(till, plate)
        quote = await at_exit(till, plate, parked)
        order, place = OrderId("DE00000NEVERSENT"), Place(OUT1, None)
        begin = partial(deductions.begin, books=books(till), at=till.clock.now(), place=place, quote=quote, order=order)
        assert isinstance(await till.db.write(begin), deductions.Asked)
        assert not (await at_exit(till, plate, parked)).auto_deduct
        terms = DeductionTerms("停车费", config.site.zone_info, quiet_s=0.0)
        calls = (await asyncio.to_thread(gateway_to, config)).parking
        async with Deductions(db, books(till), calls, till.clock, terms, lambda _applied: None):
            await until_order(till, "CLOSED", order)
        assert (await at_exit(till, plate, parked)).auto_deduct


async def test_a_deduction_that_may_not_be_on_record_is_not_sent_and_not_left_open(
    config: Config, phone: Phone, plate: str, tmp_path: Path
) -> None:
    async with open_database(tmp_path) as db, open_till(config, db, (60.0,)) as till:
        await signed(phone, plate)
        parked = await come_in(till, plate)
        quote = await at_exit(till, plate, parked)
        terms = DeductionTerms("停车费", config.site.zone_info, quiet_s=0.0)
        calls = (await asyncio.to_thread(gateway_to, config)).parking
        lossy = LosesACommit(db)
        async with Deductions(lossy, books(till), calls, till.clock, terms, lambda _applied: None) as one:
            with pytest.raises(StoreUnknown):
                await one.accept(Place(OUT1, None), quote)
            await until_order(till, "CLOSED", (await the(till, pay_order)).out_trade_no)
        assert await till.rows(open_request) == []


async def test_an_accepted_fee_whose_end_was_never_told_is_asked_for(
    config: Config, phone: Phone, plate: str, tmp_path: Path
) -> None:
    async with open_database(tmp_path) as db:
        async with open_till(config, db, (60.0,)) as till:
            await signed(phone, plate)
            parked = await come_in(till, plate)
            assert await accept(till, plate, await at_exit(till, plate, parked)) == ""
            order = (await the(till, pay_order)).out_trade_no
        await end(phone, order, "paid")
        async with open_till(config, db, (60.0,)) as again:
            await until_order(again, "PAID", order)
            assert [row.source for row in await again.rows(settlement)] == ["query"]


async def test_a_stay_that_ends_or_is_annulled_ends_its_entry(till: Till, phone: Phone, plate: str) -> None:
    await signed(phone, plate)
    entry = made_passage(till.clock.now(), IN1, plate, 1)
    await till.cashier.begin_stay(IN1, entry, Reason.ADMITTED, "lane")
    await until_session(till, "NORMAL")
    await till.cashier.annul_stay(IN1, entry.id)
    assert (await the(till, parking_session)).state == "ENDED"


async def test_a_car_without_a_plate_is_not_told_of(till: Till) -> None:
    await till.cashier.begin_stay(IN1, made_passage(till.clock.now(), IN1, None, 1), Reason.ADMITTED, "lane")
    assert await till.rows(parking_session) == []


async def test_word_of_a_deduction_that_is_not_ours_changes_nothing_and_a_person_is_told_once(till: Till) -> None:
    told = Deduction(OrderId("DE0000000000"), "SUCCESS", "43", Fen(5))
    for _ in range(2):
        applied = await till.db.write(
            partial(deductions.apply, books=books(till), at=till.clock.now(), told=told, source="query")
        )
        assert (applied.verdict, applied.request) == ("unknown_order", None)
    assert len(await till.journal_of("deduction unknown_order")) == 1
    [case] = await till.rows(money_case)
    assert (case.kind, case.body["amount_fen"], case.closed_at) == ("PAYMENT_WRONG", 5, None)
