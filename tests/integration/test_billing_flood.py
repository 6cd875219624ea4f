"""A flood of messages that are not WeChat's: the journal stays small and still says how many there were."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, func, select

from billing.books import Books
from billing.orders.desk import NoticeDesk
from billing.orders.ways import BY_CODE, Offer
from billing.pay.gateway import CodeUrl, Notice, NotVerified, Refused, Unknown, Untold
from billing.settle import Merchant
from scada.clock import VirtualClock
from scada.model.money import Fen
from scada.model.names import OrderId
from scada.store.schema import journal
from scada.store.schema import notice as notices
from scada.store.sql.turns import MOST
from tests.support.store import SITE, START, open_database


class DoubtingGateway:
    """A gateway that believes nothing."""

    def create(
        self, order: OrderId, description: str, amount: Fen, time_expire: str, offer: Offer = BY_CODE
    ) -> CodeUrl:
        raise AssertionError(f"nobody orders {order}")

    def query(self, order: OrderId) -> Refused:
        raise AssertionError(f"nobody asks for {order}")

    def close(self, order: OrderId) -> Unknown:
        raise AssertionError(f"nobody closes {order}")

    def query_refund(self, out_refund_no: str) -> Refused:
        raise AssertionError(f"nobody asks for {out_refund_no}")

    def verified(self, headers: Mapping[str, str], body: bytes) -> Notice | NotVerified:
        return NotVerified("unknown serial")


async def test_a_flood_fills_thirty_rows_a_minute_and_the_next_row_counts_the_rest(tmp_path: Path) -> None:
    clock, books = VirtualClock(START), Books(SITE, Merchant("1", "2"))
    async with (
        open_database(tmp_path) as db,
        NoticeDesk(db, books, DoubtingGateway(), clock, lambda _applied: None) as desk,
    ):
        statuses = {(await desk.take({}, b"x")).status for _ in range(75)}
        clock.advance(61)
        await desk.take({}, b"x")
        rows = await db.read(lambda conn: conn.execute(select(journal).order_by(journal.c.n)).all())
    assert statuses == {401}
    assert [row.body["unwritten"] for row in rows] == [0] * 30 + [45]


class BelievingGateway(DoubtingGateway):
    """A gateway that believes everything."""

    def verified(self, headers: Mapping[str, str], body: bytes) -> Notice:
        return Notice(body.decode(), "SOMETHING.ELSE", Untold())


def count(conn: Connection) -> int:
    return conn.execute(select(func.count()).select_from(notices)).scalar_one()


async def test_a_lane_that_writes_waits_for_a_group_or_two_and_not_for_all_that_have_come(
    tmp_path: Path,
) -> None:
    books = Books(SITE, Merchant("1", "2"))
    async with (
        open_database(tmp_path) as db,
        NoticeDesk(db, books, BelievingGateway(), VirtualClock(START), lambda _applied: None) as desk,
    ):
        coming = [asyncio.create_task(desk.take({}, f"notice-{number}".encode())) for number in range(60)]
        while (before := await db.read(count)) < 5:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0)
        after = await db.write(count)
        answers = await asyncio.gather(*coming)
    assert after - before <= 2 * MOST
    assert {answer.status for answer in answers} == {204}
