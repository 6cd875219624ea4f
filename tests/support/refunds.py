"""A site whose WeChat simulator runs in this process, so that a test can look into its books; and a cashier on it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from billing.accounts.balances import balance, trial
from billing.accounts.chart import Account
from billing.sim.wechat.__main__ import running
from billing.sim.wechat.platform import WeChat
from scada.clock import SystemClock
from scada.config import Config
from scada.model.lane.words import Ending, Order, Reason
from scada.model.names import OrderId, StayId
from scada.sim.trial.ports import free_port
from scada.store.schema import money_case, pay_order, refund, settlement, stay
from tests.support.billing import HOUR_S, OUT1, Phone, Till, made_config, made_passage, notice_door, open_till
from tests.support.store import open_database

A_MINUTE = (60.0,)
"""A cashier that asks for orders only after a minute: the notices do the work."""


@dataclass
class Site:
    """A configuration, and the simulator that runs for it."""

    config: Config
    wechat: WeChat
    phone: Phone
    before: frozenset[str] = frozenset()
    """Orders of earlier tests."""

    @property
    def notice_port(self) -> int:
        """Where the simulator brings notices."""
        return int(self.config.wechat.notify_url.split(":")[2].split("/")[0])

    def refunds(self) -> list[tuple[str, int, str]]:
        """All refunds at WeChat: number, amount, state."""
        mine = [one for one in self.wechat.refunds.all() if one.order.number not in self.before]
        return [(one.number, one.amount, one.state) for one in mine]

    def set_back(self) -> None:
        """Undo every switch, and forget what was refunded."""
        self.wechat.faults.clear()
        self.wechat.notifier.clear()
        self.wechat.notifier.forget()
        self.wechat.switchboard.reset()
        self.wechat.refunds.balance_fen = None
        self.wechat.refunds.by_itself = "SUCCESS"
        self.before = frozenset(one.number for one in self.wechat.orders.all())

    def kept(self) -> int:
        """What WeChat has taken for us, without what has gone back."""
        mine = [one for one in self.wechat.orders.all() if one.number not in self.before]
        return sum(one.total - one.refunded for one in mine if one.paid_at is not None)


@contextmanager
def site_with_wechat(folder: Path) -> Iterator[Site]:
    """Run the simulator in this process."""
    config = made_config(folder, free_port(), free_port())
    assert config.sim is not None
    with running(config, config.sim.wechat_port, SystemClock()) as server:
        yield Site(config, server.wechat, Phone(config.sim.wechat_port))


@dataclass
class Desk:
    """A till at a site, and what a test does there."""

    site: Site
    till: Till

    async def at_exit(self, parked: StayId, hours: float = 0.98, number: int = 7) -> Order:
        """Let time pass, drive to the exit, and have the order made."""
        self.till.clock.later_s += hours * HOUR_S
        passage = made_passage(self.till.clock.now(), OUT1, "京A12345", number)
        quote = await self.till.cashier.quote(OUT1, passage.id, parked)
        return await self.till.cashier.order(OUT1, passage.id, quote)

    async def leave(self, parked: StayId, reason: Reason, number: int = 9) -> None:
        """Drive out."""
        passage = made_passage(self.till.clock.now(), OUT1, "京A12345", number)
        await self.till.cashier.end_stay(OUT1, parked, passage, reason, "wang", Ending.EXIT)

    async def pay(self, order: Order) -> str:
        """Pay an order by phone."""
        return await asyncio.to_thread(self.site.phone.pay, order.code_url)

    async def pay_late(self, order: Order) -> None:
        """Let a payment come that was under way when its order was closed."""
        await asyncio.to_thread(self.site.phone.post, "/sim/late_payment", code_url=order.code_url)

    async def until_refunds(self, expected: list[tuple[int, str]], within_s: float = 20.0) -> list[Any]:
        """Wait until our refunds are these amounts in these states, in order of their making."""
        rows: list[Any] = []

        async def as_expected() -> bool:
            rows[:] = await self.till.rows(refund)
            return sorted((row.amount_fen, row.state) for row in rows) == sorted(expected)

        await until_true(as_expected, within_s, lambda: f"{[(row.amount_fen, row.state, row.said) for row in rows]}")
        return rows

    async def until_order(self, order: Order, state: str, within_s: float = 20.0) -> Any:  # noqa: ANN401
        """Wait until an order has come this far."""
        return await self.until_number(order.id, state, within_s)

    async def until_number(self, number: OrderId, state: str, within_s: float = 20.0) -> Any:  # noqa: ANN401
        """Wait until the order of a number has come this far."""
        found: list[Any] = []

        async def as_expected() -> bool:
            found[:] = [row for row in await self.till.rows(pay_order) if row.out_trade_no == number]
            return bool(found[0].state == state)

        await until_true(as_expected, within_s, lambda: str(found[0].state))
        return found[0]

    async def settled(self, count: int) -> None:
        """Wait until so many payments are in the books."""

        async def as_expected() -> bool:
            return len(await self.till.rows(settlement)) == count

        await until_true(as_expected, 20.0, lambda: "payments are missing")

    async def hurry(self, number: str) -> None:
        """Have a refund asked for now, however long it would wait."""
        at = self.till.clock.now() - timedelta(seconds=1)
        mine = refund.c.out_refund_no == number
        await self.till.db.write(lambda conn: conn.execute(update(refund).where(mine).values(next_at=at)))
        self.till.cashier.refunder.wake()

    async def cases(self) -> dict[str, bool]:
        """The kinds of the money cases, and whether they are closed."""
        return {row.kind: row.closed_at is not None for row in await self.till.rows(money_case)}

    async def until_cases(self, expected: dict[str, bool], within_s: float = 20.0) -> None:
        """Wait until the money cases are these."""
        found: dict[str, bool] = {}

        async def as_expected() -> bool:
            found.clear()
            found.update(await self.cases())
            return found == expected

        await until_true(as_expected, within_s, lambda: f"{found}")

    async def agree(self, *, owed_back: int = 0) -> None:
        """Hold the ledger against the columns, and against WeChat's own books."""
        await self.till.db.read(lambda conn: books_agree(conn, self.till.config.site_id, self.site.kept(), owed_back))


def books_agree(conn: Connection, site: Any, kept: int, owed_back: int) -> None:  # noqa: ANN401
    """The sum is zero; every stay's subjects are its columns; clearing is what WeChat has, but for what we owe back."""
    assert sum(trial(conn, site).values()) == 0
    for row in conn.execute(select(stay)):
        assert balance(conn, site, Account.RECEIVABLE, row.id) == (-row.paid_fen if row.ending is None else 0)
        assert balance(conn, site, Account.ARREARS, row.id) == row.arrears_fen
    assert balance(conn, site, Account.REFUND_PAYABLE) == -owed_back
    assert balance(conn, site, Account.WECHAT) == kept


async def until_true(condition: Callable[[], Any], within_s: float, why: Callable[[], str]) -> None:
    """Wait until an asynchronous condition holds."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + within_s
    while not await condition():
        assert loop.time() < ends_s, f"not within {within_s:g} s: {why()}"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def open_desk(
    site: Site, folder: Path, ask_after_s: tuple[float, ...] = A_MINUTE, *, notices: bool = True
) -> AsyncIterator[Desk]:
    """Open database, cashier and the door for notices. Opened again, it is the next start of the same site."""
    async with open_database(folder) as db, open_till(site.config, db, ask_after_s) as till:
        if not notices:
            yield Desk(site, till)
            return
        with notice_door(site.notice_port, till.cashier):
            yield Desk(site, till)
