"""A lane's new server over a real database: it goes on with the car, and writes what was not written."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, update

from scada.clock import SystemClock
from scada.engine import lanes
from scada.engine.command.intents import SqlIntents
from scada.engine.lane.record import Begins
from scada.engine.lane.replay import recorded_of, replay
from scada.model.handshake import CommandBlock, CommandCode, Done, PassageOutcome
from scada.model.lane.image import OFF
from scada.model.names import LaneName, PassageId
from scada.model.plate import PlateUnread
from scada.store import doubts
from scada.store.schema import case, journal, passage
from tests.support.engine import until
from tests.support.lane import ON
from tests.support.plantside import Shell, shell

IN1 = LaneName("in1")


async def is_in(bench: Shell, state: str) -> None:
    await until(lambda: bench.says("lane.state") == state)


async def passes(bench: Shell) -> None:
    """A car comes in and goes through."""
    bench.show(approach=ON, passage_now=1)
    await is_in(bench, "opening")
    bench.show(up=ON, down=OFF)
    await is_in(bench, "open")
    bench.show(safety=ON)
    await is_in(bench, "passing")
    bench.show(approach=OFF, safety=OFF, passage_now=0, passage_last=1, outcome=PassageOutcome.FORWARD)


async def has_decided(bench: Shell, what: str) -> None:
    """Wait until the journal holds a decision; the server may die of carrying it out."""
    async with asyncio.timeout(30):
        while what not in [row.what for row in await bench.journal("decision")]:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.01)


def gone(bench: Shell) -> None:
    """What the PLC shows when the first car is through and away."""
    bench.show(passage_last=1, outcome=PassageOutcome.FORWARD)


async def test_a_stay_that_was_decided_and_not_written_is_written_by_the_next_server(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cashier.unwritable = True
        await passes(bench)
        await has_decided(bench, "clearing")
        assert not bench.cashier.begun
    async with shell(tmp_path, "in1", is_first_start=False) as bench:
        gone(bench)
        await bench.has_recorded(passage)
        assert [one.number for one in bench.cashier.begun] == [1]
        await is_in(bench, "idle")
        assert await bench.db.read(lambda conn: doubts.still_open(conn, bench.config.site_id)) == []


async def test_a_stay_that_cannot_be_written_is_for_a_stocktake_and_the_lane_serves_on(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cashier.unwritable = True
        await passes(bench)
        await has_decided(bench, "clearing")
    for _ in range(2):
        async with shell(tmp_path, "in1", is_first_start=False) as bench:
            bench.cashier.unwritable = True
            gone(bench)
            await bench.has_recorded(passage)
            await is_in(bench, "idle")
            [doubt] = await bench.db.read(lambda conn: doubts.still_open(conn, bench.config.site_id))
            assert (doubt.number, doubt.why) == (1, "its stay is not written: the database is away")


async def test_the_car_at_the_boom_is_the_same_passage_with_its_case(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cameras.reading = PlateUnread("too dark", None)
        bench.show(approach=ON, passage_now=1)
        await is_in(bench, "awaiting_driver")
        await bench.asks("send_back", lane="in1", passage=bench.says("passage"), reason="no room")
        known = bench.says("passage")
    async with shell(tmp_path, "in1", is_first_start=False) as bench:
        bench.show(approach=ON, passage_now=1)
        await is_in(bench, "awaiting_driver")
        assert bench.says("passage") == known
        assert not bench.keeper.opened


async def test_a_command_on_its_way_is_not_repeated_and_its_end_is_heard_from_the_book(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.keeper.is_deaf = True
        bench.show(approach=ON, passage_now=1)
        await is_in(bench, "opening")
        book = SqlIntents(bench.db, bench.config.site_id, IN1, SystemClock())
        block = CommandBlock(5, CommandCode.OPEN, passage=1, ttl_ms=2000, tick=100, seq=1)
        intent = await book.begin(PassageId(str(bench.says("passage"))), block, 1, "ADMITTED")
    async with shell(tmp_path, "in1", is_first_start=False) as bench:
        bench.show(approach=ON, passage_now=1)
        await is_in(bench, "recovering")
        await SqlIntents(bench.db, bench.config.site_id, IN1, SystemClock()).settle(intent, Done())
        await is_in(bench, "opening")
        assert not bench.keeper.opened


def _age(conn: Connection) -> None:
    conn.execute(update(journal).values(body={"begins": "SERVER", "before": {"name": "in1"}}))


async def test_a_lane_whose_rows_nobody_can_read_begins_idle_and_its_old_cases_are_closed(tmp_path: Path) -> None:
    async with shell(tmp_path, "in1") as bench:
        bench.cashier.failing = True
        bench.show(approach=ON, passage_now=1)
        await is_in(bench, "awaiting_operator")
        await bench.has_recorded(case)
        await bench.db.write(_age)
    async with shell(tmp_path, "in1", is_first_start=False) as bench:
        bench.show(approach=ON, passage_now=1)
        await is_in(bench, "opening")
        rows = await bench.db.read(lambda conn: conn.execute(select(case.c.outcome)).scalars().all())
        assert rows == ["the server was restarted"]


async def test_a_lane_that_has_much_to_tell_writes_itself_whole_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "PAGE_ROWS", 2)
    async with shell(tmp_path, "in1") as bench:
        await passes(bench)
        await is_in(bench, "clearing")
        site = bench.config.site_id
        [known] = [one.id for one in bench.cashier.begun]
        steps = replay(await bench.db.read(lambda conn: recorded_of(conn, site, known)))
        assert Begins.PAGE in [one.recorded.begins for one in steps]
        assert [one.differences for one in steps if one.differences] == []
