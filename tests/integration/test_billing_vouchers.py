"""Vouchers over the real database and a real WeChat simulator: given, counted, used up once, paid for by merchants."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from billing.accounts.balances import balance, trial
from billing.accounts.chart import Account
from billing.books import Books
from billing.tariff import CreditLine, VoucherKind
from billing.vouchers import book, merchants
from billing.vouchers.book import Issued
from billing.vouchers.desk import VoucherDesk
from billing.vouchers.terms import Agreement, Manner, Merchant, NotDone, Wanted
from scada.config import Config
from scada.model.lane.words import Ending, Order, Quote, Reason
from scada.model.money import Fen
from scada.model.names import SiteId, StayId, VoucherId
from scada.model.plate import Plate
from scada.ports import BillingError
from scada.sim.trial.ports import free_port
from scada.store.db import writing_engine
from scada.store.journal import verify
from scada.store.schema import settlement, stay, voucher
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
from tests.support.ledger import agrees
from tests.support.store import open_database

MINE = "京A12345"
SITE = SiteId("demo")
SHOP = Agreement(
    Manner.POSTPAID,
    {VoucherKind.MINUTES: 120, VoucherKind.MONEY: 2000, VoucherKind.PERCENT: 50, VoucherKind.FULL: 0},
    limit_fen=Fen(100_000),
    stackable=True,
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
        yield config, phone


@dataclass
class Mall:
    """A till, a desk for vouchers, a shop, and a driver's phone."""

    till: Till
    desk: VoucherDesk
    phone: Phone
    books: Books
    changed: list[StayId]

    async def give(self, kind: VoucherKind, value: int = 0, hours: float = 24, plate: str = MINE) -> VoucherId:
        """Give a voucher in the shop's name."""
        lasts = self.till.clock.now() + timedelta(hours=hours)
        given = await self.desk.give("Shop", Wanted(kind, value, lasts, Plate(plate)), "shop")
        assert isinstance(given, Issued), given
        return given.id

    async def at_exit(self, parked: StayId, hours: float = 0, number: int = 90) -> Quote:
        """Let time pass, and ask what a car owes at the exit."""
        self.till.clock.later_s += hours * HOUR_S
        passage = made_passage(self.till.clock.now(), OUT1, MINE, number)
        return await self.till.cashier.quote(OUT1, passage.id, parked)

    async def order(self, quote: Quote) -> Order:
        """Have the order of a quote made."""
        passage = made_passage(self.till.clock.now(), OUT1, MINE, 90)
        return await self.till.cashier.order(OUT1, passage.id, quote)

    async def pay(self, order: Order) -> None:
        """Pay by phone, and wait until that is known."""
        before = len(await self.till.rows(settlement))
        assert await asyncio.to_thread(self.phone.pay, order.code_url) == "ok"
        deadline = self.till.clock.seconds() + 10
        while len(await self.till.rows(settlement)) == before:
            assert self.till.clock.seconds() < deadline

    async def leave(self, parked: StayId, reason: Reason = Reason.PREPAID) -> None:
        """Let the car out."""
        passage = made_passage(self.till.clock.now(), OUT1, MINE, 90)
        await self.till.cashier.end_stay(OUT1, parked, passage, reason, "billing", Ending.EXIT)

    async def states(self) -> list[tuple[str, int]]:
        """All vouchers: state, and what each lets off."""
        return [(row.state, row.amount_fen) for row in await self.till.rows(voucher)]

    async def shop(self) -> Merchant:
        """The shop as it stands in the books."""
        found = await self.till.db.read(lambda conn: merchants.find(conn, SITE, "Shop"))
        assert found is not None
        return found

    async def holds(self, account: Account, subject: str | None = None) -> Fen:
        """What an account holds."""
        return await self.till.db.read(lambda conn: balance(conn, SITE, account, subject))


@pytest.fixture
async def mall(site: tuple[Config, Phone], tmp_path: Path) -> AsyncIterator[Mall]:
    config, phone = site
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as till:
        books = Books.of(config)
        changed: list[StayId] = []
        desk = VoucherDesk(db, books, till.clock, ZoneInfo("Asia/Shanghai"), changed.append)
        at = till.clock.now()
        await db.write(lambda conn: merchants.add(conn, books, at, "Shop", SHOP, "li"))
        with notice_door(int(config.wechat.notify_url.split(":")[2].split("/")[0]), till.cashier):
            yield Mall(till, desk, phone, books, changed)
        await db.read(agrees)
        assert await db.read(verify) is None


async def test_a_voucher_and_a_qr_code_pay_a_stay_together(any_database: str, mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    await mall.give(VoucherKind.MINUTES, 60)
    quote = await mall.at_exit(parked, hours=2.5)
    assert (quote.total_fen, quote.credit_fen, quote.due_fen) == (1500, 500, 1000)
    assert await mall.states() == [("RESERVED", 500)]
    await mall.pay(await mall.order(quote))
    assert await mall.states() == [("USED", 500)]
    await mall.leave(parked, Reason.PAID)
    [row] = await mall.till.rows(stay)
    assert (row.fee_fen, row.paid_fen, row.credit_fen, row.arrears_fen, row.waived_fen) == (1500, 1000, 500, 0, 0)
    assert await mall.holds(Account.MERCHANT, (await mall.shop()).id) == 500
    assert await mall.holds(Account.PARKING) == -1500


async def test_a_full_voucher_lets_the_car_out_and_is_used_up_when_it_has_left(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    await mall.give(VoucherKind.FULL)
    quote = await mall.at_exit(parked, hours=1.9)
    assert (quote.total_fen, quote.due_fen, quote.free_reason) == (1000, 0, Reason.PREPAID)
    await mall.leave(parked)
    assert await mall.states() == [("USED", 1000)]
    assert (await mall.till.rows(stay))[0].fee_fen == 1000


async def test_a_voucher_given_after_the_order_was_made_closes_it_and_asks_for_the_rest(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    first = await mall.order(await mall.at_exit(parked, hours=1.9))
    await mall.give(VoucherKind.MONEY, 300)
    assert mall.changed == [parked]
    quote = await mall.at_exit(parked)
    assert quote.due_fen == 700
    second = await mall.order(quote)
    assert second.id != first.id
    assert await asyncio.to_thread(mall.phone.pay, first.code_url) == "closed"
    await mall.pay(second)


@pytest.mark.parametrize("state", ["ISSUED", "WITHDRAWN"])
async def test_who_pays_whole_while_a_voucher_comes_is_let_off_nothing_and_its_shop_owes_nothing(
    mall: Mall, state: str
) -> None:
    parked = await mall.till.come_in(MINE)
    order = await mall.order(await mall.at_exit(parked, hours=1.9))
    given = await mall.give(VoucherKind.FULL)
    assert (await mall.at_exit(parked)).due_fen == 0
    if state == "WITHDRAWN":
        await mall.desk.withdraw(given, "shop", "the wrong car")
    await mall.pay(order)
    await mall.leave(parked, Reason.PAID)
    [row] = await mall.till.rows(stay)
    assert (row.fee_fen, row.paid_fen, row.credit_fen) == (1000, 1000, 0)
    assert await mall.states() == [(state, 0)]
    assert await mall.holds(Account.MERCHANT, (await mall.shop()).id) == 0


async def test_an_order_is_given_again_while_nothing_has_changed(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    await mall.give(VoucherKind.PERCENT, 50)
    quote = await mall.at_exit(parked, hours=1.9)
    first = await mall.order(quote)
    again = await mall.at_exit(parked)
    assert (again.id, again.total_fen, again.credit_fen, again.due_fen) == (quote.id, 1000, 500, 500)
    assert (await mall.order(again)).id == first.id


async def test_a_voucher_given_after_all_is_paid_lets_nothing_off_and_stays_good(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    await mall.pay(await mall.order(await mall.at_exit(parked, hours=1.9)))
    await mall.give(VoucherKind.FULL)
    assert (await mall.at_exit(parked)).due_fen == 0
    await mall.leave(parked, Reason.PREPAID)
    assert await mall.states() == [("ISSUED", 0)]
    again = await mall.till.come_in(MINE, 2)
    assert (await mall.at_exit(again, hours=1.9)).due_fen == 0


async def test_what_a_paid_quote_has_counted_stays_as_it_was_when_the_car_comes_too_late(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    await mall.give(VoucherKind.PERCENT, 50)
    await mall.pay(await mall.order(await mall.at_exit(parked, hours=1.9)))
    late = await mall.at_exit(parked, hours=0.9)
    assert (late.total_fen, late.credit_fen, late.due_fen) == (1500, 500, 500)


async def test_a_voucher_is_free_again_when_its_stay_is_annulled_or_nothing_is_asked_for(mall: Mall) -> None:
    passage = made_passage(mall.till.clock.now(), IN1, MINE, 1)
    parked = await mall.till.cashier.begin_stay(IN1, passage, Reason.ADMITTED, "lane")
    await mall.give(VoucherKind.FULL)
    await mall.at_exit(parked, hours=1.9)
    await mall.till.cashier.annul_stay(IN1, passage.id)
    assert await mall.states() == [("ISSUED", 0)]
    again = await mall.till.come_in(MINE, 2)
    await mall.at_exit(again, hours=1.9)
    await mall.leave(again, Reason.GOODWILL)
    assert await mall.states() == [("ISSUED", 0)]
    assert (await mall.till.rows(stay))[1].waived_fen == 1000


async def test_who_leaves_owing_owes_only_what_the_voucher_does_not_let_off(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    await mall.give(VoucherKind.MONEY, 400)
    mall.till.clock.later_s += 1.9 * HOUR_S
    await mall.leave(parked, Reason.QUEUE)
    [row] = await mall.till.rows(stay)
    assert (row.fee_fen, row.credit_fen, row.arrears_fen) == (1000, 400, 600)


async def test_a_withdrawn_voucher_counts_no_longer_and_a_used_one_cannot_be_withdrawn(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    given = await mall.give(VoucherKind.FULL)
    await mall.at_exit(parked, hours=1.9)
    done = await mall.desk.withdraw(given, "shop", "the wrong car")
    assert isinstance(done, Issued)
    assert mall.changed == [parked, parked]
    assert (await mall.at_exit(parked)).due_fen == 1000
    other = await mall.give(VoucherKind.FULL)
    await mall.at_exit(parked)
    await mall.leave(parked)
    assert isinstance(await mall.desk.withdraw(other, "shop", "too late"), NotDone)


async def test_what_a_driver_pays_or_leaves_by_is_not_withdrawn_behind_his_back(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    given = await mall.give(VoucherKind.MONEY, 900)
    order = await mall.order(await mall.at_exit(parked, hours=1.9))
    await mall.desk.withdraw(given, "shop", "to save it")
    await mall.pay(order)
    await mall.leave(parked, Reason.PAID)
    again = await mall.till.come_in(MINE, 2)
    given = await mall.give(VoucherKind.FULL)
    assert (await mall.at_exit(again, hours=1.9)).due_fen == 0
    await mall.desk.withdraw(given, "shop", "while the gate is open")
    await mall.leave(again)
    rows = await mall.till.rows(stay)
    assert [(row.fee_fen, row.paid_fen, row.credit_fen) for row in rows] == [(1000, 100, 900), (1000, 0, 1000)]
    assert await mall.states() == [("USED", 900), ("USED", 1000)]
    assert await mall.holds(Account.MERCHANT, (await mall.shop()).id) == 1900


async def test_a_voucher_counts_until_its_time_is_over(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    await mall.give(VoucherKind.FULL, hours=1)
    assert (await mall.at_exit(parked, hours=1.9)).due_fen == 1000


async def test_a_code_is_claimed_once(mall: Mall) -> None:
    lasts = mall.till.clock.now() + timedelta(hours=9)
    given = await mall.desk.give("Shop", Wanted(VoucherKind.FULL, 0, lasts), "shop")
    assert isinstance(given, Issued)
    assert isinstance(await mall.desk.claim(given.code, Plate(MINE), "phone"), Issued)
    assert isinstance(await mall.desk.claim(given.code, Plate("京B22222"), "phone"), NotDone)
    parked = await mall.till.come_in(MINE)
    assert (await mall.at_exit(parked, hours=1.9)).due_fen == 0


async def test_a_shop_gives_a_plate_no_more_than_agreed(mall: Mall) -> None:
    shop, at = await mall.shop(), mall.till.clock.now()
    once = replace(SHOP, per_plate=1)
    await mall.till.db.write(lambda conn: merchants.change(conn, mall.books, at, shop, once, "li"))
    first = await mall.give(VoucherKind.MINUTES, 60)
    lasts = at + timedelta(hours=1)
    refused = await mall.desk.give("Shop", Wanted(VoucherKind.MINUTES, 60, lasts, Plate(MINE)), "shop")
    assert isinstance(refused, NotDone)
    await mall.desk.withdraw(first, "shop", "typed wrong")
    await mall.give(VoucherKind.MINUTES, 30)


async def test_two_lanes_never_use_the_same_voucher(any_database: str, mall: Mall) -> None:
    first = await mall.till.come_in(MINE)
    second = await mall.till.come_in("京B22222", 2)
    given = await mall.give(VoucherKind.FULL)
    engine = await asyncio.to_thread(writing_engine, mall.till.db.url)
    at = mall.till.clock.now()

    def settle(parked: StayId) -> str:
        def work(conn: Connection) -> Fen:
            book.reserve(conn, SITE, parked, None, [CreditLine("full", "", Fen(500), given)])
            return book.use(conn, mall.books, at, parked)

        try:
            with engine.begin() as conn:
                return f"used {work(conn)}"
        except BillingError:
            return "refused"

    with ThreadPoolExecutor(2) as lanes:
        said = await asyncio.gather(
            *(asyncio.get_running_loop().run_in_executor(lanes, settle, parked) for parked in (first, second))
        )
    engine.dispose()
    assert sorted(said) == ["refused", "used 500"]
    [used] = await mall.till.rows(voucher)
    assert (used.state, used.amount_fen, used.stay in (first, second)) == ("USED", 500, True)
    await mall.till.db.write(
        lambda conn: conn.execute(stay.update().where(stay.c.id == used.stay).values(credit_fen=500))
    )


async def test_a_merchant_is_invoiced_once_for_what_was_used_and_pays(mall: Mall) -> None:
    parked = await mall.till.come_in(MINE)
    await mall.give(VoucherKind.FULL)
    await mall.at_exit(parked, hours=1.9)
    await mall.leave(parked)
    shop, at, db = await mall.shop(), mall.till.clock.now() + timedelta(seconds=1), mall.till.db
    made = await db.write(lambda conn: merchants.invoice(conn, mall.books, at, shop, at, "li"))
    assert not isinstance(made, NotDone)
    number, many, amount = made
    assert (many, amount) == (1, 1000)
    assert isinstance(await db.write(lambda conn: merchants.invoice(conn, mall.books, at, shop, at, "li")), NotDone)
    paid = [
        await db.write(lambda conn: merchants.pay_invoice(conn, mall.books, at, shop, number, Account.BANK, "li"))
        for _ in range(2)
    ]
    assert paid[0] == 1000
    assert isinstance(paid[1], NotDone)
    assert await mall.holds(Account.MERCHANT) == 0
    assert (await db.read(lambda conn: trial(conn, SITE)))[Account.BANK] == 1000


async def test_a_prepaid_merchant_that_ends_gets_its_rest_back(mall: Mall) -> None:
    terms = replace(SHOP, manner=Manner.PREPAID, pays_percent=50)
    at, db = mall.till.clock.now(), mall.till.db
    made = await db.write(lambda conn: merchants.add(conn, mall.books, at, "Cinema", terms, "li"))
    assert isinstance(made, Merchant)
    lasts = at + timedelta(hours=5)
    wanted = Wanted(VoucherKind.FULL, 0, lasts, Plate(MINE))
    assert isinstance(await mall.desk.give("Cinema", wanted, "cinema"), NotDone)
    await db.write(lambda conn: merchants.receive(conn, mall.books, at, made, Fen(10_000), Account.SAFE, "wang"))
    parked = await mall.till.come_in(MINE)
    assert isinstance(await mall.desk.give("Cinema", wanted, "cinema"), Issued)
    await mall.at_exit(parked, hours=1.9)
    await mall.leave(parked)
    assert await mall.holds(Account.MERCHANT, made.id) == -9_500
    assert await mall.holds(Account.DISCOUNT, "VOUCHER") == 500
    await db.write(lambda conn: merchants.end(conn, mall.books, at, made, "li"))
    ended = replace(made, ended_at=at)
    back = await db.write(lambda conn: merchants.give_back(conn, mall.books, at, ended, Account.BANK, "li"))
    assert back == 9_500
    assert await mall.holds(Account.MERCHANT, made.id) == 0


async def test_a_merchant_tops_its_account_up_by_wechat(mall: Mall) -> None:
    payable = await mall.till.cashier.order_top_up("Shop", Fen(5_000), "shop")
    assert await asyncio.to_thread(mall.phone.pay, payable.code_url) == "ok"
    deadline = mall.till.clock.seconds() + 10
    while not await mall.till.rows(settlement):
        assert mall.till.clock.seconds() < deadline
    assert await mall.holds(Account.MERCHANT, (await mall.shop()).id) == -5_000
    assert await mall.holds(Account.WECHAT) == 5_000
    with pytest.raises(BillingError, match="no merchant"):
        await mall.till.cashier.order_top_up("Nobody", Fen(5_000), "shop")
