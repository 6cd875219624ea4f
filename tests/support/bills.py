"""The day after for tests: cars that paid at the simulator, its bills, and a reconciler over the till's own books."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Table, select

from billing.accounts.balances import balance
from billing.accounts.chart import Account
from billing.books import Books
from billing.cases import MoneyCase, list_cases
from billing.orders.applying import apply
from billing.pay.billfile import BillFile, sha1_of
from billing.pay.gateway import CodeUrl
from billing.reconcile.intake.shelf import Shelf
from billing.reconcile.reconciler import Reconciler
from billing.reconcile.setup import FOLDER
from billing.settle import Transaction
from billing.sim.wechat.books.bills import COLUMNS, SUMS
from billing.sim.wechat.clock import BEIJING
from scada.model.lane.words import Order
from scada.model.money import Fen, yuan_text
from scada.model.names import OrderId, StayId
from scada.store.schema import bill_day, bill_row, ledger_entry, ledger_posting, money_case, pay_order
from tests.support.billing import HOUR_S, OUT1, Till, made_passage, open_till
from tests.support.store import open_database
from tests.support.wechat import Bench, soon

OWNER = "ann"


@dataclass
class Day:
    """One day of business, its morning after, and the reconciler."""

    at: Bench
    till: Till
    reconciler: Reconciler
    day: date
    cars: int = 0

    async def car(self, *, pays: bool = True) -> tuple[StayId, Order]:
        """Let a car park for an hour and pay at the exit; without `pays` its order stays open."""
        self.cars += 1
        plate = f"京A{self.cars:05d}"
        stay = await self.till.come_in(plate, self.cars)
        self.till.clock.later_s += HOUR_S
        passage = made_passage(self.till.clock.now(), OUT1, plate, self.cars)
        quote = await self.till.cashier.quote(OUT1, passage.id, stay)
        order = await self.till.cashier.order(OUT1, passage.id, quote)
        self.till.clock.later_s -= HOUR_S
        if pays:
            await self.pay(order)
            await self.until_paid(order.id)
        return stay, order

    async def pay(self, order: Order) -> None:
        """Pay by phone."""
        assert await asyncio.to_thread(self.at.phone.pay, order.code_url) == "ok"

    async def until_paid(self, order: OrderId) -> None:
        """Wait until the books have it."""
        deadline = self.till.clock.seconds() + 10
        while True:
            found = await self.till.db.read(
                lambda conn: conn.execute(select(pay_order.c.state).where(pay_order.c.out_trade_no == order)).scalar()
            )
            if found == "PAID":
                return
            assert self.till.clock.seconds() < deadline, "not paid in time"

    def sell(self, order: OrderId, amount: int = 300) -> None:
        """Have something paid at our merchant under a number, behind the till's back."""
        made = self.at.gateway.create(order, "停车费", Fen(amount), soon())
        assert isinstance(made, CodeUrl)
        assert self.at.phone.pay(made.text) == "ok"

    async def believe(self, order: Order) -> None:
        """Write down a payment that WeChat never took, made at noon."""
        names, at, number = self.at.config.wechat, self.till.clock.now(), f"42{order.id[-20:]}"
        paid = Transaction(names.mchid, names.appid, order.id, "SUCCESS", number, order.due_fen, paid_at=self.noon)
        await self.till.db.write(lambda conn: apply(conn, Books.of(self.at.config), at, paid, "test"))

    @property
    def noon(self) -> datetime:
        """The middle of the day, by WeChat's clock."""
        return datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=BEIJING)

    async def morning(self, hour: int = 10, days: int = 1) -> None:
        """Let WeChat's business time pass until an hour of a day after."""
        then = datetime(self.day.year, self.day.month, self.day.day, hour, tzinfo=BEIJING) + timedelta(days=days)
        await self.moved((then - self.at.wechat.clock.now()).total_seconds())

    async def moved(self, seconds: float) -> None:
        """Let time pass at WeChat and here."""
        await asyncio.to_thread(lambda: self.at.switch("clock", ahead_s=seconds))
        self.till.clock.later_s += seconds

    async def billed_by_hand(self, trades: Sequence[tuple[OrderId, int]]) -> BillFile:
        """Write a bill of payments at noon that the till believes in."""
        sold = [Sold(order, amount, self.noon, f"42{order[-20:]}") for order, amount in trades]
        return as_file(made_bill(sold, self.at.config.wechat.mchid))

    async def cases(self) -> list[MoneyCase]:
        """The open money cases."""
        return await self.till.db.read(lambda conn: list_cases(conn, self.at.config.site_id))

    async def holds(self, account: Account) -> int:
        """What an account holds."""
        return int(await self.till.db.read(lambda conn: balance(conn, self.at.config.site_id, account)))

    async def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """All that a run may change, to be compared with what it was."""
        tables: tuple[Table, ...] = (bill_day, bill_row, ledger_entry, ledger_posting, money_case)
        return {table.name: [tuple(row) for row in await self.till.rows(table)] for table in tables}


@dataclass(frozen=True)
class Sold:
    """A row of a bill that a test writes: a payment, or what went back as `refund`."""

    order: str
    amount: int
    at: datetime
    wechat_id: str = ""
    refund: str = ""
    state: str = "SUCCESS"
    revoked: bool = False
    settled: int | None = None
    fee: str = "0.00000"
    name: str = "停车费"
    mchid: str = ""


def made_bill(rows: Iterable[Sold], mchid: str, *, changed_sums: Mapping[str, str] | None = None) -> str:
    """Write a trade bill as WeChat does."""
    sums, lines = dict.fromkeys(("total", "settled", "refund", "back", "fee"), 0), []
    for row in rows:
        settled = row.amount if row.settled is None else row.settled
        sums["refund" if row.refund else "total"] += row.amount
        sums["back" if row.refund else "settled"] += settled
        sums["fee"] += round(float(row.fee) * 100_000)
        lines.append("`" + ",`".join(_cells(row, settled, mchid).get(name, "") for name in COLUMNS.split(",")))
    totals = {
        "总交易单数": str(len(lines)),
        "应结订单总金额": yuan(sums["settled"]),
        "退款总金额": yuan(sums["back"]),
        "充值券退款总金额": "0.00",
        "手续费总金额": f"{'-' if sums['fee'] < 0 else ''}{abs(sums['fee']) / 100_000:.5f}",
        "订单总金额": yuan(sums["total"]),
        "申请退款总金额": yuan(sums["refund"]),
    } | dict(changed_sums or {})
    tail = "`" + ",`".join(totals[name] for name in SUMS.split(","))
    return "\ufeff" + "\r\n".join([COLUMNS, *lines, SUMS, tail]) + "\r\n"


def _cells(row: Sold, settled: int, mchid: str) -> dict[str, str]:
    back = bool(row.refund)
    return {
        "交易时间": row.at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
        "商户号": row.mchid or mchid,
        "特约商户号": "0",
        "微信订单号": f"42{row.order}" if back or not row.wechat_id else row.wechat_id,
        "商户订单号": row.order,
        "交易类型": "NATIVE",
        "交易状态": "REVOKED" if row.revoked else "REFUND" if back else "SUCCESS",
        "应结订单金额": yuan(0 if back else settled),
        "微信退款单号": row.wechat_id or f"50{row.refund}" if back else "0",
        "商户退款单号": row.refund or "0",
        "退款金额": yuan(settled if back else 0),
        "退款状态": row.state if back else "",
        "商品名称": row.name,
        "手续费": row.fee,
        "订单金额": yuan(0 if back else row.amount),
        "申请退款金额": yuan(row.amount if back else 0),
    }


def yuan(fen: int) -> str:
    """Write an amount as WeChat does."""
    return yuan_text(Fen(fen))


def as_file(text: str) -> BillFile:
    """Pack a bill as WeChat hands it out."""
    content = gzip.compress(text.encode(), mtime=0)
    return BillFile(content, sha1_of(content))


def new_reconciler(at: Bench, till: Till) -> Reconciler:
    """Build a reconciler beside the till."""
    shelf = Shelf(at.config.data / FOLDER)
    return Reconciler(till.db, Books.of(at.config), at.gateway, till.clock, at.config.site.zone_info, shelf, OWNER)


@asynccontextmanager
async def open_day(at: Bench, *, deaf: bool = False) -> AsyncIterator[Day]:
    """Open the site's till with nothing in its books, at noon. `deaf`: its orders are not asked for."""
    asks = (HOUR_S,) if deaf else (0.05, 0.1, 0.2, 0.5, 1.0)
    async with open_database(at.config.data) as db, open_till(at.config, db, ask_after_s=asks) as till:
        today = at.wechat.clock.now().astimezone(BEIJING)
        noon = datetime(today.year, today.month, today.day, 12, tzinfo=BEIJING) + timedelta(days=1)
        await asyncio.to_thread(lambda: at.switch("clock", ahead_s=(noon - today).total_seconds()))
        till.clock.later_s = (at.wechat.clock.now() - till.clock.now()).total_seconds()
        day = till.clock.now().astimezone(BEIJING).date()
        yield Day(at, till, new_reconciler(at, till), day)
