"""Code pay at the lane against a real WeChat simulator: one code, one payment, and none left open whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from billing.accounts.audit import mistakes
from billing.accounts.balances import balance
from billing.accounts.chart import Account
from billing.books import Books
from billing.orders.applying import Applied
from billing.scanner.desk import CodeDesk, CodeTerms, LaneSide, Waiting
from scada.config import Config
from scada.model.lane.words import ByCode, Quote
from scada.model.names import LaneName, PassageId, QuoteId, StayId
from scada.sim.trial.ports import free_port
from scada.store.db import Database
from scada.store.schema import journal, open_request, pay_order, settlement, stay
from tests.support.billing import (
    OUT1,
    LaterClock,
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
from tests.support.wechat import gateway_to

HOURS_S = 1.5 * 3600
DUE = 1000
PLATE = "京A12345"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Phone]]:
    config = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(config) as phone:
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
    async with open_database(tmp_path) as db, open_till(config, db, (60.0,)) as opened:
        with notice_door(int(config.wechat.notify_url.split(":")[2].split("/")[0]), opened.cashier):
            yield opened


class QuickClock(LaterClock):
    """A clock that a test's waits move, so that 45 seconds pass at once."""

    def __init__(self, skips: bool) -> None:
        super().__init__()
        self.skipped_s = 0.0
        self.skips = skips

    def seconds(self) -> float:
        return super().seconds() + self.skipped_s

    async def sleep(self, seconds: float) -> None:
        """Let time pass; a test that wants to act meanwhile lets it pass slowly."""
        self.skipped_s += seconds if self.skips else 0.0
        await asyncio.sleep(0.01)


@dataclass
class Lane:
    """A lane that waits for one car's payment, and what it was told."""

    waiting: Waiting | None
    told: list[ByCode] = field(default_factory=list)

    def side(self) -> LaneSide:
        def tell(_lane: LaneName, _passage: PassageId, _quote: QuoteId, how: ByCode) -> None:
            self.told.append(how)

        return LaneSide(lambda _lane: self.waiting, tell)


@asynccontextmanager
async def opened(till: Till, *, skips: bool = True) -> AsyncIterator[tuple[CodeDesk, list[Applied]]]:
    """A desk of its own on the till's books, whose waits pass at once."""
    applied: list[Applied] = []
    gateway = await asyncio.to_thread(gateway_to, till.config)
    clock = QuickClock(skips)
    clock.later_s = till.clock.later_s
    terms = CodeTerms("示范 停车费", till.config.site.id, till.config.site.zone_info)
    books = Books.of(till.config)
    async with CodeDesk(till.db, books, gateway.orders, clock, terms, applied.append, clock.sleep) as desk:
        yield desk, applied


async def at_the_boom(till: Till) -> tuple[StayId, Lane]:
    parked = await till.come_in(PLATE)
    till.clock.later_s += HOURS_S
    passage = made_passage(till.clock.now(), OUT1, PLATE, 7)
    quote: Quote = await till.cashier.quote(OUT1, passage.id, parked)
    assert quote.due_fen == DUE
    return parked, Lane(Waiting(passage.id, quote))


async def shown_code(phone: Phone, openid: str, **payer: object) -> str:
    await asyncio.to_thread(lambda: phone.post("/sim/payers", openid=openid, **payer))
    return str((await asyncio.to_thread(lambda: phone.post("/phone/code", openid=openid)))["auth_code"])


async def eventually(till: Till, condition: Callable[[dict[str, str]], bool]) -> None:
    """Wait until the orders are so."""
    deadline = till.clock.seconds() + 15
    while True:
        states = {row.kind: row.state for row in await till.rows(pay_order)}
        if condition(states):
            return
        assert till.clock.seconds() < deadline, states


async def until_code_is(till: Till, state: str) -> None:
    await eventually(till, lambda states: states.get("CODE") == state)


async def order_of(till: Till) -> str:
    [row] = [row for row in await till.rows(pay_order) if row.kind == "CODE"]
    return str(row.out_trade_no)


async def held(db: Database, config: Config, account: Account) -> int:
    return await db.read(lambda conn: balance(conn, config.site_id, account))


async def test_a_code_before_the_scanner_pays_the_quote_once_though_it_is_read_many_times(
    till: Till, phone: Phone
) -> None:
    parked, lane = await at_the_boom(till)
    code = await shown_code(phone, "o-quick")
    async with opened(till) as (desk, applied):
        for _ in range(5):
            desk.read(OUT1, code, lane.side())
        await until(lambda: bool(applied))
        desk.read(OUT1, code, lane.side())
    assert lane.told == [ByCode.ASKED]
    [asked] = await till.rows(open_request)
    assert (asked.stay, asked.reason, asked.out_trade_no) == (parked, "PAID", await order_of(till))
    assert [row.amount_fen for row in await till.rows(settlement)] == [DUE]
    assert [one.verdict for one in applied] == ["settled"]
    assert await held(till.db, till.config, Account.WECHAT) == DUE


@pytest.mark.parametrize("status", ["200", "202"])
async def test_a_driver_who_has_to_confirm_is_told_so_and_waited_for(till: Till, phone: Phone, status: str) -> None:
    await asyncio.to_thread(lambda: phone.post("/sim/facts", userpaying_status=status))
    _, lane = await at_the_boom(till)
    code = await shown_code(phone, "o-careful", asks_password=True)
    async with opened(till, skips=False) as (desk, _):
        desk.read(OUT1, code, lane.side())
        deadline = till.clock.seconds() + 10
        while ByCode.CONFIRM not in lane.told:
            assert till.clock.seconds() < deadline
            await asyncio.sleep(0)
        await asyncio.to_thread(lambda order: phone.post("/phone/password", out_trade_no=order), await order_of(till))
        await until_code_is(till, "PAID")
    assert len(await till.rows(open_request)) == 1


async def test_a_driver_who_never_confirms_is_undone_and_told(till: Till, phone: Phone) -> None:
    parked, lane = await at_the_boom(till)
    code = await shown_code(phone, "o-gone", asks_password=True)
    async with opened(till) as (desk, _):
        desk.read(OUT1, code, lane.side())
        await until_code_is(till, "REVERSED")
    assert (lane.told[0], lane.told[-1]) == (ByCode.ASKED, ByCode.FAILED)
    assert {row["out_trade_no"]: row["state"] for row in await asyncio.to_thread(phone.orders)}[
        await order_of(till)
    ] == "REVOKED"
    assert (await till.rows(stay))[0].paid_fen == 0
    assert await till.rows(open_request) == []
    assert parked


@pytest.mark.parametrize(
    ("payer", "shown", "how"),
    [
        ({"balance_fen": 5}, "", ByCode.TOO_LITTLE),
        ({}, "130000000000000000", ByCode.INVALID),
        ({}, "not a code at all", ByCode.INVALID),
    ],
)
async def test_a_code_that_does_not_pay_is_told_at_once_and_the_next_one_is_taken(
    till: Till, phone: Phone, payer: dict[str, object], shown: str, how: ByCode
) -> None:
    _, lane = await at_the_boom(till)
    code = await shown_code(phone, "o-poor", **payer)
    async with opened(till) as (desk, _):
        desk.read(OUT1, shown or code, lane.side())
        deadline = till.clock.seconds() + 10
        while how not in lane.told:
            assert till.clock.seconds() < deadline
            await asyncio.sleep(0)
        desk.read(OUT1, await shown_code(phone, "o-rich"), lane.side())
        deadline = till.clock.seconds() + 10
        while "PAID" not in {row.state for row in await till.rows(pay_order)}:
            assert till.clock.seconds() < deadline
        await eventually(till, lambda _: True)
    assert len(await till.rows(open_request)) == 1


async def test_an_answer_that_was_lost_is_asked_for_and_the_code_is_not_sent_again(till: Till, phone: Phone) -> None:
    _, lane = await at_the_boom(till)
    code = await shown_code(phone, "o-lost")
    await asyncio.to_thread(lambda: phone.plan_answers("drop_after", "/codepay"))
    async with opened(till) as (desk, _):
        desk.read(OUT1, code, lane.side())
        await until_code_is(till, "PAID")
    assert [row.amount_fen for row in await till.rows(settlement)] == [DUE]


async def test_a_server_killed_while_the_driver_confirms_goes_on_and_takes_his_payment(
    till: Till, phone: Phone
) -> None:
    _, lane = await at_the_boom(till)
    code = await shown_code(phone, "o-between", asks_password=True)
    async with opened(till, skips=False) as (desk, _):
        desk.read(OUT1, code, lane.side())
        deadline = till.clock.seconds() + 10
        while ByCode.CONFIRM not in lane.told:
            assert till.clock.seconds() < deadline
            await asyncio.sleep(0)
    order = await order_of(till)
    await asyncio.to_thread(lambda: phone.post("/phone/password", out_trade_no=order))
    async with opened(till) as (_, applied):
        await until(lambda: [one.order for one in applied] == [order])
    assert len(await till.rows(open_request)) == 1


@pytest.mark.usefixtures("any_database")
async def test_a_server_killed_while_it_undoes_a_payment_undoes_it_and_gives_back_what_came_meanwhile(
    till: Till, phone: Phone
) -> None:
    _, lane = await at_the_boom(till)
    code = await shown_code(phone, "o-late", asks_password=True)
    await asyncio.to_thread(lambda: phone.plan_answers("drop_before", "/reverse", 0))
    async with opened(till) as (desk, _):
        desk.read(OUT1, code, lane.side())
        await until_code_is(till, "REVERSING")
    order = await order_of(till)
    await asyncio.to_thread(lambda: phone.post("/phone/password", out_trade_no=order))
    await asyncio.to_thread(lambda: phone.post("/sim/clear"))
    async with opened(till):
        await until_code_is(till, "REVERSED")
    assert (await till.rows(stay))[0].paid_fen == 0
    assert await till.rows(open_request) == []
    [row] = [row for row in await till.rows(pay_order) if row.kind == "CODE"]
    assert row.transaction_id
    assert await held(till.db, till.config, Account.WECHAT) == 0


async def test_a_qr_code_that_is_paid_beside_the_code_is_given_back(till: Till, phone: Phone) -> None:
    _, lane = await at_the_boom(till)
    assert lane.waiting is not None
    order = await till.cashier.order(OUT1, lane.waiting.passage, lane.waiting.quote)
    async with opened(till) as (desk, _):
        desk.read(OUT1, await shown_code(phone, "o-two"), lane.side())
        await until_code_is(till, "PAID")
    assert await asyncio.to_thread(phone.pay, order.code_url) == "ok"
    await eventually(till, lambda states: states["QR"] == "PAID")
    assert sorted(row.surplus_fen == row.amount_fen for row in await till.rows(settlement)) == [False, True]
    assert await till.db.read(lambda conn: mistakes(conn, till.config.site_id)) == []
    assert len(await till.rows(open_request)) == 1


async def test_nothing_is_taken_while_no_car_is_asked_for_money(till: Till, phone: Phone) -> None:
    async with opened(till) as (desk, _):
        desk.read(OUT1, await shown_code(phone, "o-early"), Lane(None).side())
    assert await till.rows(pay_order) == []


async def test_a_code_stands_in_no_row_and_no_log(till: Till, phone: Phone, capfd: pytest.CaptureFixture[str]) -> None:
    _, lane = await at_the_boom(till)
    code = await shown_code(phone, "o-secret")
    async with opened(till) as (desk, _):
        desk.read(OUT1, code, lane.side())
        await until_code_is(till, "PAID")
    told = "".join(capfd.readouterr())
    assert code not in told
    assert "o-secret" not in told
    assert all(code not in str(row) for row in [*await till.rows(journal), *await till.rows(pay_order)])


async def test_a_payment_that_may_not_be_on_record_is_not_sent_and_not_left_open(till: Till, phone: Phone) -> None:
    _, lane = await at_the_boom(till)
    code = await shown_code(phone, "o-unsent")
    async with opened(replace(till, db=LosesACommit(till.db))) as (desk, _):
        desk.read(OUT1, code, lane.side())
        await until_code_is(till, "REVERSED")
    assert await order_of(till) not in {row["out_trade_no"] for row in await asyncio.to_thread(phone.orders)}
    assert lane.told == [ByCode.ASKED, ByCode.FAILED]
