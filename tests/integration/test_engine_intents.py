"""The book of commands on a real database, and a gatekeeper that uses it in real time."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from scada.clock import SystemClock
from scada.engine.command.gatekeeper import Gatekeeper
from scada.engine.command.intents import IntentError, SqlIntents, packed
from scada.model.handshake import CommandBlock, CommandCode, Done, NotDone, Unknowable
from scada.model.names import LaneName, PassageId, SiteId
from scada.store.db import Database
from scada.store.journal import JournalRow, recent, verify
from scada.store.schema import intent
from tests.support.engine import LANE, LoopClock, MemoryPlc, Plant, until
from tests.support.store import open_database

pytestmark = pytest.mark.usefixtures("any_database")

SITE = SiteId("demo")
PASSAGE = PassageId("in1-20260301080000-7")


def command(seq: int) -> CommandBlock:
    return CommandBlock(claim=0xABCD, code=CommandCode.OPEN, passage=65543, ttl_ms=2000, tick=99, seq=seq)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path) as database:
        yield database


def book_of(db: Database, lane: LaneName = LANE) -> SqlIntents:
    return SqlIntents(db, SITE, lane, SystemClock())


def test_the_bytes_in_the_book_are_the_nine_words_of_the_block() -> None:
    block = command(65538)
    words = (0xABCD, 1, 1, 7, 2000, 99, block.check, 1, 2)
    assert packed(block) == b"".join(word.to_bytes(2, "big") for word in words)


async def test_a_command_stands_in_book_and_journal_with_its_bytes(db: Database) -> None:
    book = book_of(db)
    begun = await book.begin(PASSAGE, command(5), boot=3, why="paid")
    assert await book.still_open() == [begun]
    assert await book.last() == begun
    assert await book.last_seq() == 5
    await book.settle(begun, NotDone("mode"))
    await book.settle(begun, Done())
    assert await book.still_open() == []

    def look(connection: Connection) -> tuple[str, str, bytes, list[JournalRow], int | None]:
        row = connection.execute(select(intent)).one()
        return row.state, row.why, row.block, recent(connection, 10), verify(connection)

    state, why, block, rows, broken = await db.read(look)
    assert (state, why, block, broken) == ("NOT_DONE", "mode", packed(command(5)), None)
    assert [(row.actor, row.what) for row in rows] == [("plc", "open not_done"), ("gatekeeper", "open sent")]
    assert {row.passage for row in rows} == {PASSAGE}


async def test_a_lane_has_one_open_command_and_lanes_do_not_disturb_each_other(db: Database) -> None:
    book, other = book_of(db), book_of(db, LaneName("out1"))
    begun = await book.begin(PASSAGE, command(1), 1, "")
    with pytest.raises(IntentError, match="command 1 is not settled"):
        await book.begin(PASSAGE, command(2), 1, "")
    assert await other.last() is None
    assert await other.last_seq() == 0
    await other.begin(PASSAGE, command(1), 1, "")
    await book.settle(begun, Unknowable("the PLC restarted"))
    await book.begin(PASSAGE, command(2), 1, "")


async def test_a_gatekeeper_opens_in_real_time_with_the_intent_on_disk_before_the_write(db: Database) -> None:
    plc = MemoryPlc()
    plant = Plant(plc)
    plant.gatekeeper = Gatekeeper(
        LANE, plant.tags, plc, book_of(db), LoopClock(), plant.timing, lambda code, text: plant.alarms.append(code)
    )
    async with plant:
        await until(lambda: plant.claimed)
        number = plc.car_comes()
        await until(lambda: plant.gatekeeper.image().passage_now == number)
        assert await plant.open(number, PASSAGE) == Done()
        assert [block.seq for block in plc.opened] == [1]
        last = await book_of(db).last()
        assert last is not None
        assert last.block == plc.opened[0]
        assert plant.alarms == []
