"""One order asked for at WeChat, answer by answer: what ends it, what does not, and when a person is told."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from billing import stays
from billing.books import NOWHERE, Books
from billing.ids import out_trade_no
from billing.orders import book
from billing.orders.asking import Asker
from billing.orders.watch import Watch
from billing.orders.ways import BY_CODE, Offer
from billing.pay.gateway import Closed, CodeUrl, NotVerified, Refund, Refused, Unknown
from billing.settle import Due, Merchant, OrderState, Transaction
from billing.tariff import Priced
from scada.clock import VirtualClock
from scada.model.money import Fen
from scada.model.names import LaneName, OrderId, ZoneName
from scada.store.db import Database
from scada.store.schema import money_case
from tests.support.billing import made_passage
from tests.support.store import SITE, open_database
from tests.support.tariffs import simple_tariff

START = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
US = Merchant("1900007291", "wxdaozhademo0000001")
GONE = Refused("ORDER_NOT_EXIST", "")
T = TypeVar("T")


@dataclass
class Said:
    """A gateway that answers what it is told to."""

    query_: Transaction | Refused | Unknown = GONE
    close_: Closed | Refused | Unknown = field(default_factory=Closed)
    closes: int = 0

    def create(
        self, order: OrderId, description: str, amount: Fen, time_expire: str, offer: Offer = BY_CODE
    ) -> CodeUrl:
        raise AssertionError(f"nobody orders {order}")

    def query(self, order: OrderId) -> Transaction | Refused | Unknown:
        return self.query_

    def close(self, order: OrderId) -> Closed | Refused | Unknown:
        self.closes += 1
        return self.close_

    def query_refund(self, out_refund_no: str) -> Refund | Refused | Unknown:
        return Unknown("time-out")

    def verified(self, headers: Mapping[str, str], body: bytes) -> NotVerified:
        raise AssertionError("no notice comes")


@dataclass
class Asked:
    """An order that WeChat is asked for."""

    db: Database
    clock: VirtualClock
    said: Said
    order: OrderId
    watch: Watch

    async def look(self, *, closing: str = "") -> OrderState:
        """Ask once; gives how the order stands then."""

        async def at_once(call: Callable[[], T]) -> T:
            return call()

        asker = Asker(self.db, Books(SITE, US), self.said, self.clock, at_once, lambda _applied: None)
        if closing:
            await self.db.write(lambda conn: book.want_closed(conn, [self.order], closing))
        ours = await self.db.read(lambda conn: book.find(conn, SITE, self.order))
        assert ours is not None
        await asker.look(ours, self.watch)
        after = await self.db.read(lambda conn: book.find(conn, SITE, self.order))
        assert after is not None
        return after.state

    async def cases(self) -> list[tuple[str, bool]]:
        """Kinds of the money cases, and whether they are closed."""
        rows = await self.db.read(lambda conn: conn.execute(select(money_case)).all())
        return [(row.kind, row.closed_at is not None) for row in rows]


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    clock = VirtualClock(START)

    def work(conn: Connection) -> OrderId:
        passage = made_passage(START, LaneName("in1"), "京A12345", 1)
        parked, _ = stays.begin(conn, SITE, START, LaneName("in1"), passage, simple_tariff(), ZoneName("lot"))
        until = START + timedelta(seconds=90)
        priced = Priced(Fen(500), 60, ())
        quote = stays.add_quote(conn, SITE, START, until, NOWHERE, parked, priced, Due(Fen(500), None))
        number = out_trade_no(SITE, parked, 1, START, ZoneInfo("UTC"))
        book.add_order(conn, Books(SITE, US), START, number, NOWHERE, quote, until)
        return number

    async with open_database(tmp_path) as db:
        order = await db.write(work)
        yield Asked(db, clock, Said(), order, Watch.begin((3.0,), clock.seconds()))


def state(asked: Asked, word: str) -> Transaction:
    return Transaction(US.mchid, US.appid, asked.order, word, "", Fen(500), "CNY", None)


async def test_an_order_that_is_not_there_yet_is_asked_for_again(asked: Asked) -> None:
    assert await asked.look() is OrderState.CREATING
    assert asked.said.closes == 0


async def test_a_signed_close_of_a_number_that_is_not_there_burns_it(asked: Asked) -> None:
    assert await asked.look(closing="a newer quote") is OrderState.CLOSED


async def test_a_close_without_a_proof_waits_until_the_order_can_come_no_more(asked: Asked) -> None:
    asked.said.close_ = GONE
    assert await asked.look(closing="a newer quote") is OrderState.CREATING
    asked.clock.advance(329)
    assert await asked.look() is OrderState.CREATING
    asked.clock.advance(2)
    assert await asked.look() is OrderState.CLOSED


async def test_a_close_that_nobody_answered_proves_nothing_however_old_the_order_is(asked: Asked) -> None:
    asked.said.close_ = Unknown("time-out")
    asked.clock.advance(4000)
    assert await asked.look(closing="a newer quote") is OrderState.CREATING


@pytest.mark.parametrize("word", ["NOTPAY", "USERPAYING", "PAYERROR", "A_NEW_WORD"])
async def test_an_order_that_may_still_be_paid_does_not_end(asked: Asked, word: str) -> None:
    asked.said.query_ = state(asked, word)
    assert await asked.look() is OrderState.CREATING


async def test_an_order_whose_payment_failed_is_closed_next(asked: Asked) -> None:
    asked.said.query_ = state(asked, "PAYERROR")
    await asked.look()
    asked.said.query_ = state(asked, "CLOSED")
    assert await asked.look() is OrderState.CLOSED
    assert asked.said.closes == 1


@pytest.mark.parametrize("word", ["CLOSED", "REVOKED"])
async def test_an_order_that_is_over_at_wechat_is_over_here(asked: Asked, word: str) -> None:
    asked.said.query_ = state(asked, word)
    assert await asked.look() is OrderState.CLOSED


async def test_an_order_past_its_time_is_closed_once_a_late_payment_had_time_to_show(asked: Asked) -> None:
    asked.said.query_ = state(asked, "NOTPAY")
    asked.clock.advance(119)
    await asked.look()
    assert asked.said.closes == 0
    asked.clock.advance(2)
    await asked.look()
    assert asked.said.closes == 1


async def test_a_refund_of_which_nobody_knows_whose_it_is_decides_nothing_yet(asked: Asked) -> None:
    asked.said.query_ = Transaction(US.mchid, US.appid, asked.order, "REFUND", "42", Fen(500), "CNY", START)
    assert await asked.look() is OrderState.CREATING


async def test_an_order_that_hangs_is_told_once_and_its_case_closes_itself(asked: Asked) -> None:
    asked.said.close_ = asked.said.query_ = Unknown("time-out")
    asked.clock.advance(90 + 899)
    await asked.look()
    assert await asked.cases() == []
    asked.clock.advance(2)
    for _ in range(3):
        await asked.look()
    assert await asked.cases() == [("ORDER_HANGS", False)]
    asked.said.query_ = state(asked, "CLOSED")
    assert await asked.look() is OrderState.CLOSED
    assert await asked.cases() == [("ORDER_HANGS", True)]


def test_an_order_in_doubt_is_asked_for_after_1_2_3_5_and_10_seconds_then_each_minute() -> None:
    watch, asked_at = Watch.begin((1.0, 2.0, 3.0, 5.0, 10.0), 0.0), []
    for _ in range(7):
        now_s = watch.next_s
        asked_at.append(now_s)
        watch.asked(now_s)
    assert asked_at == [1.0, 2.0, 3.0, 5.0, 10.0, 70.0, 130.0]
