"""Cash at the exit beside a real WeChat simulator: one settles, the other goes back; tills, receipts, and the books."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from billing.accounts.balances import balance, by_subject
from billing.accounts.chart import Account
from billing.books import Books, Place
from billing.counter.counter import Counter
from billing.counter.words import HandedTo, NotTaken, Receipt, Shift
from billing.orders import book
from billing.settle import OrderKind
from scada.config import Config
from scada.model.lane.words import Ending, Passage, Reason
from scada.model.money import Fen
from scada.model.names import OrderId, PassageId, StayId
from scada.sim.trial.ports import free_port
from scada.store.journal import verify
from scada.store.schema import cash_payment, money_case, open_request, pay_order, settlement, stay, till_shift
from tests.support.billing import (
    HOUR_S,
    OUT1,
    Phone,
    Till,
    made_config,
    made_passage,
    notice_door,
    open_till,
    wechat_process,
)
from tests.support.ledger import agrees
from tests.support.store import open_database

WANG, LI = "wang", "li"


@dataclass
class Shop:
    """A cashier, and a counter beside it."""

    till: Till
    counter: Counter
    settled: list[StayId] = field(default_factory=list)

    async def at_the_exit(self, hours: float = 1.0) -> tuple[StayId, Passage]:
        """Let a car in, and drive it to the exit later."""
        parked = await self.till.come_in()
        self.till.clock.later_s += hours * HOUR_S
        return parked, made_passage(self.till.clock.now(), OUT1, "京A12345", 7)

    async def takes(
        self, stay: StayId, passage: Passage, due: int, given: int = 0, by: str = WANG
    ) -> Receipt | NotTaken:
        """Take cash at the exit."""
        return await self.counter.take(by, OUT1, passage.id, stay, Fen(due), Fen(given or due))

    async def held(self, account: Account, subject: str | None = None) -> int:
        """Give what an account holds."""
        site = self.till.config.site_id
        return await self.till.db.read(lambda conn: balance(conn, site, account, subject))

    async def voids(self, receipt: Receipt, live: PassageId | None = None) -> Receipt | NotTaken:
        """Take a receipt back."""
        return await self.counter.void(WANG, LI, receipt.text, "wrong car", lambda _lane: live)

    async def request_is(self, state: str) -> None:
        """Say what became of the gate-open request."""
        await self.till.db.write(lambda conn: conn.execute(open_request.update().values(state=state)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@pytest.fixture
def phone(site: tuple[Config, Phone]) -> Phone:
    return site[1]


@pytest.fixture
async def shop(site: tuple[Config, Phone], tmp_path: Path) -> AsyncIterator[Shop]:
    arrears = site[0].arrears.model_copy(update={"at_exit": "add"})
    config: Config = site[0].model_copy(update={"arrears": arrears})
    port = int(config.wechat.notify_url.split(":")[2].split("/")[0])
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as opened:
        with notice_door(port, opened.cashier):
            zone = config.site.zone_info
            settled: list[StayId] = []
            counter = Counter(Books.of(config), zone, db, opened.clock, opened.cashier, settled.append)
            yield Shop(opened, counter, settled)
            assert await db.read(verify) is None
            await db.read(lambda conn: agrees(conn, config.site_id))


async def opened(shop: Shop, float_fen: int = 20_000, by: str = WANG) -> Shift:
    shift = await shop.counter.open_till(by, Fen(float_fen))
    assert isinstance(shift, Shift)
    return shift


async def test_cash_settles_a_stay_closes_its_order_and_asks_once_for_the_gate(shop: Shop, phone: Phone) -> None:
    parked, passage = await shop.at_the_exit(2.5)
    order = await shop.till.cashier.order(OUT1, passage.id, await shop.till.cashier.quote(OUT1, passage.id, parked))
    await opened(shop)
    receipt = await shop.takes(parked, passage, 1500, 2000)
    assert isinstance(receipt, Receipt)
    assert (receipt.number, receipt.due_fen, receipt.change_fen, receipt.operator) == (1, 1500, 500, WANG)
    assert shop.settled == [parked]
    [asked] = await shop.till.rows(open_request)
    assert (asked.lane, asked.passage, asked.stay, asked.out_trade_no, asked.reason, asked.actor, asked.state) == (
        "out1", passage.id, parked, None, "PAID", WANG, "WAITING",
    )  # fmt: skip
    assert [row.state for row in await shop.till.rows(pay_order)] == ["CLOSED"]
    assert await asyncio.to_thread(phone.pay, order.code_url) != "ok"
    quote = await shop.till.cashier.quote(OUT1, passage.id, parked)
    assert (quote.due_fen, quote.free_reason) == (0, Reason.PREPAID)
    assert await shop.held(Account.CASH, WANG) == 21_500
    assert await shop.held(Account.RECEIVABLE, parked) == -1500
    await shop.till.cashier.end_stay(OUT1, parked, passage, Reason.PAID, "lane", Ending.EXIT)
    [row] = await shop.till.rows(stay)
    assert (row.fee_fen, row.paid_fen, row.arrears_fen, row.waived_fen) == (1500, 1500, 0, 0)
    assert await shop.held(Account.RECEIVABLE) == 0
    assert await shop.held(Account.PARKING) == -1500
    assert [entry.body["by"] for entry in await shop.till.journal_of("cash taken")] == [WANG]


async def test_nothing_is_taken_without_an_open_till_nor_for_another_price_nor_in_part(shop: Shop) -> None:
    parked, passage = await shop.at_the_exit(2.5)
    assert await shop.takes(parked, passage, 1500) == NotTaken("open your till first")
    await opened(shop)
    assert await shop.takes(parked, passage, 1000) == NotTaken("15.00 yuan are due now: tell the driver")
    assert isinstance(await shop.takes(parked, passage, 1500, 1000), NotTaken)
    assert await shop.till.rows(cash_payment) == []
    assert await shop.held(Account.RECEIVABLE) == 0


async def test_a_payment_by_phone_that_was_first_sends_the_cash_back(shop: Shop, phone: Phone) -> None:
    parked, passage = await shop.at_the_exit(2.5)
    order = await shop.till.cashier.order(OUT1, passage.id, await shop.till.cashier.quote(OUT1, passage.id, parked))
    await opened(shop, 0)
    await asyncio.to_thread(phone.plan_notices, "drop", 1)
    assert await asyncio.to_thread(phone.pay, order.code_url) == "ok"
    refused = await shop.takes(parked, passage, 1500)
    assert isinstance(refused, NotTaken)
    assert "hand the cash back" in refused.why
    assert await shop.till.rows(cash_payment) == []
    assert [row.amount_fen for row in await shop.till.rows(settlement)] == [1500]
    assert await shop.held(Account.CASH) == 0


async def test_a_payment_by_phone_after_the_cash_is_a_surplus_that_is_owed_back(shop: Shop, phone: Phone) -> None:
    parked, passage = await shop.at_the_exit(2.5)
    order = await shop.till.cashier.order(OUT1, passage.id, await shop.till.cashier.quote(OUT1, passage.id, parked))
    await opened(shop)
    await asyncio.to_thread(phone.plan_answers, "drop_before", "/close", 9)
    assert isinstance(await shop.takes(parked, passage, 1500), Receipt)
    assert await asyncio.to_thread(phone.pay, order.code_url) == "ok"
    rows = await shop.till.rows(settlement)
    deadline = shop.till.clock.seconds() + 10
    while not rows:
        assert shop.till.clock.seconds() < deadline
        rows = await shop.till.rows(settlement)
    assert [row.surplus_fen == row.amount_fen for row in rows] == [True]
    assert len(await shop.till.rows(open_request)) == 1
    payable = await shop.till.db.read(lambda conn: by_subject(conn, shop.till.config.site_id, Account.REFUND_PAYABLE))
    assert list(payable.values()) in ([-1500], [])
    assert await shop.held(Account.RECEIVABLE, parked) == -1500


async def test_cash_closes_codes_on_displays_only_a_deduction_and_a_code_at_a_scanner_see_themselves_through(
    shop: Shop,
) -> None:
    """WeChat knows neither by the calls of a QR code: it would say that there is none, and its money be lost."""
    parked, passage = await shop.at_the_exit(1.5)
    quote = await shop.till.cashier.quote(OUT1, passage.id, parked)
    books, at, place = Books.of(shop.till.config), shop.till.clock.now(), Place(OUT1, passage.id)

    def begun(conn: Connection) -> None:
        for kind in (OrderKind.PARKING, OrderKind.CODE):
            book.add_order(conn, books, at, OrderId(f"DE{kind.value}"), place, quote, quote.valid_until, kind)

    await shop.till.db.write(begun)
    await opened(shop)
    assert isinstance(await shop.takes(parked, passage, quote.due_fen), Receipt)
    assert [(row.state, row.closing) for row in await shop.till.rows(pay_order)] == [("CREATING", "")] * 2


async def test_receipts_are_numbered_without_a_gap_and_a_refused_one_takes_no_number(shop: Shop) -> None:
    await opened(shop)
    numbers = []
    for _ in range(3):
        parked, passage = await shop.at_the_exit(2.5)
        await shop.takes(parked, passage, 100)
        receipt = await shop.takes(parked, passage, 1500)
        assert isinstance(receipt, Receipt)
        numbers.append(receipt.number)
        await shop.till.cashier.end_stay(OUT1, parked, passage, Reason.PAID, "lane", Ending.EXIT)
    assert numbers == [1, 2, 3]


async def test_arrears_are_paid_in_cash_later(shop: Shop) -> None:
    parked, passage = await shop.at_the_exit(2.5)
    await shop.till.cashier.end_stay(OUT1, parked, passage, Reason.QUEUE, LI, Ending.EXIT)
    assert await shop.held(Account.ARREARS, parked) == 1500
    await opened(shop)
    assert isinstance(await shop.counter.take_arrears(WANG, parked, Fen(1000), Fen(1000)), NotTaken)
    receipt = await shop.counter.take_arrears(WANG, parked, Fen(1500), Fen(5000))
    assert isinstance(receipt, Receipt)
    assert await shop.held(Account.ARREARS) == 0
    assert (await shop.till.rows(stay))[0].arrears_fen == 0
    assert isinstance(await shop.counter.take_arrears(WANG, parked, Fen(1500), Fen(1500)), NotTaken)
    assert await shop.till.rows(open_request) == []


async def test_a_receipt_is_taken_back_by_two_within_minutes_and_the_stay_owes_again(shop: Shop) -> None:
    await opened(shop, 0)
    parked, passage = await shop.at_the_exit(2.5)
    receipt = await shop.takes(parked, passage, 1500)
    assert isinstance(receipt, Receipt)
    assert isinstance(await shop.voids(receipt), NotTaken), "the lane has not answered yet"
    await shop.request_is("TAKEN")
    assert isinstance(await shop.voids(receipt, passage.id), NotTaken), "the boom opens for this car"
    await shop.request_is("REFUSED")
    voided = await shop.voids(receipt, passage.id)
    assert isinstance(voided, Receipt)
    assert (voided.voided_by, voided.void_second) == (WANG, LI)
    assert await shop.voids(receipt) == NotTaken("this receipt was taken back already")
    assert await shop.held(Account.CASH) == await shop.held(Account.RECEIVABLE) == 0
    assert (await shop.till.cashier.quote(OUT1, passage.id, parked)).due_fen == 1500


async def test_a_receipt_of_a_car_that_has_left_becomes_arrears_when_it_is_taken_back(shop: Shop) -> None:
    await opened(shop, 0)
    parked, passage = await shop.at_the_exit(2.5)
    receipt = await shop.takes(parked, passage, 1500)
    assert isinstance(receipt, Receipt)
    await shop.request_is("TAKEN")
    await shop.till.cashier.end_stay(OUT1, parked, passage, Reason.PAID, "lane", Ending.EXIT)
    assert isinstance(await shop.voids(receipt), Receipt)
    [row] = await shop.till.rows(stay)
    assert (row.fee_fen, row.paid_fen, row.arrears_fen) == (1500, 0, 1500)
    assert await shop.held(Account.ARREARS, parked) == 1500
    assert await shop.held(Account.RECEIVABLE) == 0


async def test_a_receipt_is_not_taken_back_later_nor_out_of_a_till_that_was_handed_over(shop: Shop) -> None:
    await opened(shop, 0)
    parked, passage = await shop.at_the_exit(2.5)
    receipt = await shop.takes(parked, passage, 1500)
    assert isinstance(receipt, Receipt)
    await shop.request_is("REFUSED")
    assert isinstance(await shop.counter.close_till(WANG, Fen(1500), HandedTo.SAFE, LI, ""), Shift)
    assert isinstance(await shop.voids(receipt), NotTaken)
    shop.till.clock.later_s += timedelta(minutes=11).total_seconds()
    refused = await shop.voids(receipt)
    assert isinstance(refused, NotTaken)
    assert "refund" in refused.why


async def test_a_till_is_counted_at_hand_over_and_what_is_missing_is_entered_and_asked_about(shop: Shop) -> None:
    shift = await opened(shop, 20_000)
    assert isinstance(await shop.counter.open_till(WANG, Fen(0)), NotTaken)
    parked, passage = await shop.at_the_exit(2.5)
    await shop.takes(parked, passage, 1500)
    found, expected, sums, taken = await shop.counter.till(WANG)
    assert found == shift
    assert (expected, sums["stays"], sums["stays_fen"], len(taken)) == (21_500, 1, 1500, 1)
    closed = await shop.counter.close_till(WANG, Fen(21_400), HandedTo.BANK, LI, "a coin fell down")
    assert isinstance(closed, Shift)
    assert (closed.expected_fen, closed.difference_fen, closed.taken_by) == (21_500, -100, LI)
    held = [await shop.held(account) for account in (Account.CASH, Account.CASH_DIFFERENCE, Account.BANK, Account.SAFE)]
    assert held == [0, 100, 21_400, -20_000]
    [case] = await shop.till.rows(money_case)
    assert (case.kind, case.owner) == ("cash_difference", None)
    [row] = await shop.till.rows(till_shift)
    assert (row.counted_fen, row.handed_to) == (21_400, "BANK")
    assert isinstance(await shop.counter.close_till(WANG, Fen(0), HandedTo.SAFE, LI, ""), NotTaken)
    await shop.counter.move_safe(LI, Fen(20_000), "change", to_bank=False)
    assert await shop.held(Account.SAFE) == 0
    at = shop.till.clock.now()
    [(told, told_sums)] = await shop.counter.shifts_between(at - timedelta(days=1), at)
    assert (told, told_sums) == (closed, sums)


async def test_two_people_who_take_cash_for_one_car_take_it_once(shop: Shop) -> None:
    await opened(shop, 0)
    await opened(shop, 0, LI)
    parked, passage = await shop.at_the_exit(2.5)
    taken = await asyncio.gather(shop.takes(parked, passage, 1500), shop.takes(parked, passage, 1500, by=LI))
    assert sorted(type(one).__name__ for one in taken) == ["NotTaken", "Receipt"]
    assert await shop.held(Account.CASH) == 1500
    assert len(await shop.till.rows(open_request)) == 1


async def test_old_debts_of_the_plate_are_paid_with_the_new_stay_and_owed_again_when_that_is_taken_back(
    shop: Shop,
) -> None:
    await opened(shop, 0)
    old, passage = await shop.at_the_exit(2.5)
    await shop.till.cashier.end_stay(OUT1, old, passage, Reason.QUEUE, LI, Ending.EXIT)
    parked, passage = await shop.at_the_exit(1.5)
    receipt = await shop.takes(parked, passage, 2500)
    assert isinstance(receipt, Receipt)
    assert (receipt.older, receipt.own_fen) == (((old, 1500),), 1000)
    assert await shop.held(Account.ARREARS) == 0
    await shop.request_is("REFUSED")
    assert isinstance(await shop.voids(receipt), Receipt)
    assert await shop.held(Account.ARREARS, old) == 1500
    assert await shop.held(Account.CASH) == 0
