"""Two servers on one database: whatever both of them do at once, happens once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, func, select

from billing import outbox, stays
from billing.accounts.balances import trial
from billing.books import Books, Place
from billing.ids import out_trade_no
from billing.orders import book
from billing.orders.applying import Applied, apply
from billing.settle import Due, Merchant, OrderState, Settles, Surplus, Transaction
from billing.tariff import Priced
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, PassageId, ZoneName
from scada.store.db import Database
from scada.store.journal import verify
from scada.store.schema import settlement
from tests.support.billing import made_passage
from tests.support.store import SITE, START, made_database
from tests.support.tariffs import simple_tariff

pytestmark = pytest.mark.usefixtures("any_database")

T = TypeVar("T")
US = Merchant("1900007291", "wxdaozhademo0000001")
BOOKS = Books(SITE, US)
EXIT = Place(LaneName("out1"), PassageId("out1-20260303020000-7"))
TARIFF = simple_tariff(free_entry_duration=0)
CARS = 4


class Servers:
    """Two servers that do the same at the same time."""

    def __init__(self, one: Database, other: Database) -> None:
        self.one, self.other = one, other

    async def both(self, *works: Callable[[Connection], T]) -> list[T]:
        """Let each do every piece of work; gives what came of all."""
        return list(await asyncio.gather(*(db.write(work) for work in works for db in (self.one, self.other))))


@asynccontextmanager
async def servers(folder: Path) -> AsyncIterator[Servers]:
    url = await asyncio.to_thread(made_database, folder)
    async with Database(url) as one, Database(url) as other:
        yield Servers(one, other)


def ordered(conn: Connection, car: int, orders: int = 1) -> list[OrderId]:
    """Let a car come in and make so many orders of 5 yuan for it."""
    passage = made_passage(START + timedelta(seconds=car), LaneName("in1"), f"京A1234{car}", car)
    stay, _ = stays.begin(conn, SITE, START, LaneName("in1"), passage, TARIFF, ZoneName("lot"))
    until, priced = START + timedelta(seconds=90), Priced(Fen(500), 60, ())
    numbers = []
    for attempt in range(1, orders + 1):
        quote = stays.add_quote(conn, SITE, START, until, EXIT, stay, priced, Due(Fen(500), None))
        numbers.append(out_trade_no(SITE, stay, attempt, START, ZoneInfo("UTC")))
        book.add_order(conn, BOOKS, START, numbers[-1], EXIT, quote, until)
    return numbers


def paid(order: OrderId) -> Callable[[Connection], Applied]:
    """Apply WeChat's word that an order was paid."""
    word = Transaction(US.mchid, US.appid, order, "SUCCESS", f"42{order}"[:32], Fen(500), "CNY", START)
    return lambda conn: apply(conn, BOOKS, START, word, "notice")


async def test_an_order_whose_notice_both_servers_take_is_settled_once(tmp_path: Path) -> None:
    async with servers(tmp_path) as two:
        orders = await two.one.write(lambda conn: [number for car in range(CARS) for number in ordered(conn, car)])
        applied = await two.both(*map(paid, orders))
        assert [isinstance(one.decision, Settles) for one in applied].count(True) == CARS
        assert await two.one.read(lambda conn: conn.scalar(select(func.count()).select_from(settlement))) == CARS
        assert sum((await two.other.read(lambda conn: trial(conn, SITE))).values()) == 0
        assert await two.other.read(verify) is None


async def test_a_stay_paid_twice_at_once_is_settled_once_and_the_other_payment_is_owed_back(tmp_path: Path) -> None:
    async with servers(tmp_path) as two:
        orders = await two.one.write(lambda conn: ordered(conn, 1, orders=2))
        applied = await asyncio.gather(two.one.write(paid(orders[0])), two.other.write(paid(orders[1])))
        assert {type(one.decision) for one in applied} == {Settles, Surplus}
        assert [one.request is not None for one in applied].count(True) == 1


async def test_an_order_that_both_servers_close_or_pay_has_one_end(tmp_path: Path) -> None:
    async with servers(tmp_path) as two:
        [order] = await two.one.write(lambda conn: ordered(conn, 1))
        ends = (OrderState.CLOSED, OrderState.FAILED)
        moved = await two.both(*(lambda conn, end=end: book.move(conn, order, end) for end in ends))
    assert moved.count(True) == 1


async def test_a_gates_request_is_taken_by_one_server_only(tmp_path: Path) -> None:
    def ask(conn: Connection) -> list[str]:
        return [outbox.add(conn, SITE, START, EXIT, Reason.PAID, "billing") for _ in range(CARS)]

    async with servers(tmp_path) as two:
        asked = await two.one.write(ask)
        taken = await two.both(*[lambda conn: [request.id for _, request in outbox.take_waiting(conn, SITE)]] * 5)
    assert sorted(one for some in taken for one in some) == sorted(asked)


async def test_a_car_that_both_servers_let_in_begins_one_stay(tmp_path: Path) -> None:
    passage = made_passage(START, LaneName("in1"), "京A12345", 1)

    def begin(conn: Connection) -> str:
        known = stays.begun_by(conn, passage.id)
        return known or stays.begin(conn, SITE, START, LaneName("in1"), passage, TARIFF, ZoneName("lot"))[0]

    async with servers(tmp_path) as two:
        begun = await two.both(begin, begin)
        assert len(set(begun)) == 1
        assert await two.one.read(lambda conn: stays.count_open(conn, SITE)) == 1
