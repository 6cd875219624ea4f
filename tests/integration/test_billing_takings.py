"""Payments as figures: how often and how much, by lane, and nothing of whoever paid."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from billing.ids import new_id
from billing.takings import Takings
from billing.today import LOOK_S, Today
from scada.clock import VirtualClock
from scada.model.names import OrderId, StayId
from scada.model.tag import TagName
from scada.store.db import Database
from scada.store.schema import demand, pay_order, settlement
from tests.support.store import SITE, START, open_database

pytestmark = pytest.mark.usefixtures("any_database")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path) as opened:
        yield opened


async def paid(db: Database, number: int, lane: str | None, amount: int, at: datetime = START) -> OrderId:
    name = OrderId(f"DE{number}")
    asked: dict[str, object] = {"id": f"d{number}", "site": SITE, "kind": "CARD", "about": "c", "parts": []}
    asked |= {"amount_fen": amount, "state": "PAID", "made_at": START, "made_by": "li", "valid_until": START}
    order: dict[str, object] = {"out_trade_no": name, "site": SITE, "demand": f"d{number}", "lane": lane}
    order |= {"amount_fen": amount, "state": "PAID", "expires_at": START + timedelta(hours=2), "made_at": START}
    settled: dict[str, object] = {"id": new_id(at), "site": SITE, "out_trade_no": name}
    settled |= {"transaction_id": f"42{number}", "amount_fen": amount, "source": "notice"}
    settled |= {"paid_at": at, "settled_at": at}
    for table, row in ((demand, asked), (pay_order, order), (settlement, settled)):
        await db.write(lambda conn, table=table, row=row: conn.execute(insert(table).values(**row)))  # type: ignore[misc]
    return name


async def test_payments_are_counted_by_lane_and_for_the_site(db: Database) -> None:
    takings = Takings(db)
    assert await takings.figures() == {"site.payments": 0, "site.paid_fen": 0}
    for number, (lane, amount) in enumerate((("out1", 500), ("out1", 500), (None, 300))):
        takings.heard(StayId("s"), await paid(db, number, lane, amount))
    assert await takings.figures() == {
        "site.payments": 3,
        "site.paid_fen": 1300,
        "out1.payments": 2,
        "out1.paid_fen": 1000,
    }


async def test_a_database_that_is_away_is_asked_again(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    takings = Takings(db)
    takings.heard(StayId("s"), await paid(db, 1, "out1", 500))

    async def away(_self: Database, _work: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(Database, "read", away)
    assert (await takings.figures())[TagName("site.paid_fen")] == 0
    monkeypatch.undo()
    assert (await takings.figures())[TagName("out1.paid_fen")] == 500


async def test_a_day_begins_at_midnight_of_the_sites_clock(db: Database) -> None:
    zone, clock = ZoneInfo("Asia/Shanghai"), VirtualClock(START)
    midnight = START.astimezone(zone).replace(hour=0)
    today = Today(db, SITE, clock, zone)
    await paid(db, 1, "out1", 500, midnight - timedelta(milliseconds=1))
    await paid(db, 2, "out1", 300, midnight)
    assert await today.figures() == {"site.today_payments": 1, "site.today_fen": 300}
    await paid(db, 3, None, 200, START)
    assert await today.figures() == {}, "it does not look all the time"
    clock.advance(LOOK_S)
    assert await today.figures() == {"site.today_payments": 2, "site.today_fen": 500}
    clock.advance(86_400)
    assert await today.figures() == {"site.today_payments": 0, "site.today_fen": 0}
