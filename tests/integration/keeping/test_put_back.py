"""An old backup was put back: nothing is commanded, paid or numbered twice, and what is not known is said to be so."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from billing import outbox
from billing.books import Books, Place
from billing.counter.counter import Counter
from billing.counter.words import Receipt, Shift
from billing.request import RequestWriter
from billing.sim.wechat.keys import prepare
from scada.clock import SystemClock
from scada.config import Config
from scada.model.lane.words import Reason
from scada.model.money import Fen
from scada.model.names import LaneName, PassageId, SiteId
from scada.model.tag import TagName
from scada.store import doubts, restored
from scada.store.db import Database
from scada.store.journal import recent, verify
from scada.store.restored import Restored, put_back
from scada.store.schema import open_request
from tests.support.billing import HOUR_S, OUT1, Till, made_config, made_passage, open_till
from tests.support.engine import until
from tests.support.lane import ON
from tests.support.plantside import Shell, shell
from tests.support.store import SITE, open_database

IN1 = LaneName("in1")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = made_config(tmp_path)
    prepare(made)
    return made


async def put(db: Database, config: Config, *, is_whole: bool = False, ago: timedelta = timedelta(0)) -> None:
    """Do what `daozha restore` does with the tables of a backup that was taken some time ago."""
    at = datetime.now(UTC)
    what = Restored(config.site_id, "demo-20260501T030000Z", at - ago, at, config.site.zone_info, is_whole)
    await asyncio.to_thread(put_back, db.url, what)


async def is_in(bench: Shell, state: str) -> None:
    await until(lambda: bench.says("lane.state") == state)


async def test_a_leave_of_then_opens_for_nobody_now_and_its_car_is_for_a_stocktake(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.keeper.is_deaf = True
        bench.show(approach=ON, passage_now=1)
        await is_in(bench, "opening")
        known = bench.says("passage")
    async with open_database(tmp_path) as db:
        await put(db, bench.config)
    async with shell(tmp_path, "in1", is_first_start=False) as bench:
        await is_in(bench, "idle")
        [doubt] = await bench.db.read(lambda conn: doubts.still_open(conn, bench.config.site_id))
        assert (doubt.passage, doubt.why) == (known, restored.WHY)
        assert not bench.keeper.opened


async def test_a_lane_that_has_served_since_goes_on_from_its_own_rows(tmp_path: Path, config: Config) -> None:
    async with open_database(tmp_path) as db:
        await put(db, config)
    async with shell(tmp_path, "in1") as bench:
        bench.keeper.is_deaf = True
        bench.show(approach=ON, passage_now=1)
        await is_in(bench, "opening")
        known = bench.says("passage")
    async with shell(tmp_path, "in1", is_first_start=False) as bench:
        bench.show(approach=ON, passage_now=1)
        await until(lambda: bench.says("passage") == known)


async def test_where_nothing_happened_since_the_lane_goes_on_as_after_a_restart(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.keeper.is_deaf = True
        bench.show(approach=ON, passage_now=1)
        await is_in(bench, "opening")
        known = bench.says("passage")
    async with open_database(tmp_path) as db:
        await put(db, bench.config, is_whole=True)
    async with shell(tmp_path, "in1", is_first_start=False) as bench:
        bench.show(approach=ON, passage_now=1)
        await until(lambda: bench.says("passage") == known)
        assert await bench.db.read(lambda conn: doubts.still_open(conn, bench.config.site_id)) == []


@pytest.mark.usefixtures("any_database")
async def test_a_request_of_then_is_never_written_to_a_lane(tmp_path: Path, config: Config) -> None:
    written = list[str]()

    async def write(name: TagName, _text: str) -> object:
        written.append(name)
        return None

    async with open_database(tmp_path) as db:
        at, place = datetime.now(UTC), Place(OUT1, PassageId("out1-20260501080000-1"))
        await db.write(lambda conn: outbox.add(conn, config.site_id, at, place, Reason.GOODWILL, "li"))
        await put(db, config)
        async with RequestWriter(config, db, write, SystemClock()) as writer:
            writer.wake()
            rows = await db.read(lambda conn: conn.execute(select(open_request.c.state, open_request.c.why)).all())
        assert [tuple(row) for row in rows] == [("LAPSED", restored.WHY)]
        assert written == []


@pytest.fixture
async def till(config: Config, tmp_path: Path) -> AsyncIterator[Till]:
    async with open_database(tmp_path) as db, open_till(config, db, ask_after_s=(60.0,)) as till:
        yield till


async def test_who_may_have_paid_since_is_asked_by_a_person_and_who_came_later_is_not(till: Till) -> None:
    parked = await till.come_in("京A12345", 1)
    till.clock.later_s += HOUR_S
    await put(till.db, till.config)
    till.clock.later_s += HOUR_S
    quote = await till.cashier.quote(OUT1, made_passage(till.clock.now(), OUT1, "京A12345", 7).id, parked)
    assert (quote.due_fen > 0, quote.doubt) == (True, restored.UNSURE)
    later = await till.come_in("京B00001", 2)
    till.clock.later_s += 2 * HOUR_S
    quote = await till.cashier.quote(OUT1, made_passage(till.clock.now(), OUT1, "京B00001", 8).id, later)
    assert (quote.due_fen > 0, quote.doubt) == (True, "")
    assert await till.db.read(verify) is None


async def test_whose_clock_ran_ahead_of_the_one_who_took_the_backup_is_asked_by_a_person_too(till: Till) -> None:
    till.clock.later_s += 30 * HOUR_S
    parked = await till.come_in()
    await put(till.db, till.config)
    till.clock.later_s += 2 * HOUR_S
    quote = await till.cashier.quote(OUT1, made_passage(till.clock.now(), OUT1, "京A12345", 7).id, parked)
    assert quote.doubt == restored.UNSURE


async def test_where_nothing_happened_since_nobody_is_doubted(till: Till) -> None:
    parked = await till.come_in()
    till.clock.later_s += 2 * HOUR_S
    await put(till.db, till.config, is_whole=True)
    quote = await till.cashier.quote(OUT1, made_passage(till.clock.now(), OUT1, "京A12345", 7).id, parked)
    assert (quote.due_fen > 0, quote.doubt) == (True, "")


async def test_no_receipt_has_the_number_of_one_that_was_given_since(till: Till) -> None:
    counter = Counter(Books.of(till.config), till.config.site.zone_info, till.db, till.clock, till.cashier, _nobody)
    assert isinstance(await counter.open_till("wang", Fen(0)), Shift)
    numbers = []
    for number in (1, 2):
        parked = await till.come_in(f"京A1234{number}", number)
        till.clock.later_s += HOUR_S
        passage = made_passage(till.clock.now(), OUT1, f"京A1234{number}", number)
        quote = await till.cashier.quote(OUT1, passage.id, parked)
        receipt = await counter.take("wang", OUT1, passage.id, parked, quote.due_fen, quote.due_fen)
        assert isinstance(receipt, Receipt), receipt
        numbers.append(receipt.number)
        await put(till.db, till.config, ago=timedelta(days=1))
    assert numbers == [1, 2 + restored.ROOM]


def _nobody(_stay: object) -> None:
    """Nobody listens."""


@pytest.mark.usefixtures("any_database")
async def test_that_a_backup_was_put_back_stands_in_the_journal_s_chain(tmp_path: Path, config: Config) -> None:
    async with open_database(tmp_path) as db:
        await put(db, config)
        [row] = await db.read(lambda conn: recent(conn, 5))
        assert (row.what, row.body["backup"], row.body["nothing_since"]) == (
            "backup put back",
            "demo-20260501T030000Z",
            False,
        )
        assert await db.read(verify) is None
        assert await db.read(lambda conn: restored.newest(conn, SiteId(SITE))) is not None
