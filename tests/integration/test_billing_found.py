"""A passage in doubt whose car a person found inside: it has its stay from when it came, and pays as anybody does."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lpr.reader.typed import typed_by
from scada.config import Config
from scada.model.handshake import PassageOutcome
from scada.model.lane.words import Passage
from scada.model.names import LaneName, PassageId, StayId
from scada.model.plate import ReadBy
from scada.sim.trial.ports import free_port
from scada.store import books, doubts
from scada.store.doubts import DoubtError, Found
from scada.store.journal import verify
from scada.store.schema import stay
from tests.support.billing import HOUR_S, IN1, OUT1, Till, made_config, made_passage, open_till, wechat_process
from tests.support.lots import LOT, Lots, with_roof
from tests.support.store import open_database

pytestmark = pytest.mark.usefixtures("any_database")

MINE = "京A10001"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Config]:
    made = made_config(tmp_path_factory.mktemp("site"), free_port(), free_port())
    with wechat_process(made):
        yield with_roof(made)


@pytest.fixture
async def lots(tmp_path: Path, config: Config) -> AsyncIterator[Lots]:
    async with open_database(tmp_path) as db, open_till(config, db) as till:
        yield Lots(till)
        assert await db.read(verify) is None


async def in_doubt(lots: Lots, plate: str | None, lane: LaneName = IN1) -> tuple[int, PassageId, datetime]:
    """A car goes through a lane, and nobody can tell whether it did."""
    till, at = lots.till, lots.till.clock.now()
    lots.number += 1
    passage = made_passage(at, lane, plate, lots.number)
    args = passage, PassageOutcome.UNCERTAIN, books.UNCERTAIN, at
    await till.db.write(lambda conn: books.record_passage(conn, till.config.site_id, lane, *args))
    [*_, one] = await till.db.read(lambda conn: doubts.still_open(conn, till.config.site_id))
    return one.id, passage.id, at


async def found(till: Till, doubt: int, what: Found = Found.INSIDE) -> StayId | None:
    return await till.cashier.settle_doubt(doubt, what, "li", "it stands at the exit", typed_by(ReadBy.OPERATOR))


async def test_a_car_found_inside_has_its_stay_from_when_it_came_and_pays_for_all_of_it(lots: Lots) -> None:
    doubt, passage, at = await in_doubt(lots, MINE)
    lots.till.clock.later_s += HOUR_S
    begun = await found(lots.till, doubt)
    assert begun is not None
    [row] = await lots.till.rows(stay)
    assert (row.id, row.plate, row.entry_lane, row.entry_passage, row.entered_at) == (begun, MINE, IN1, passage, at)
    assert (row.plate_kind, row.plate_colour, row.ending) == ("ordinary", "UNKNOWN", None)
    assert lots.count(LOT).cars == 1
    assert lots.till.told.stays[-1] == 1
    assert (await lots.quote(begun, MINE)).due_fen == 500
    [told] = await lots.till.journal_of("uncertain settled")
    assert (told.actor, told.body["found"], told.body["note"]) == ("li", "inside", "it stands at the exit")
    [entry] = await lots.till.journal_of("stay begun")
    assert (entry.passage, entry.body["by"]) == (passage, "li")
    with pytest.raises(DoubtError, match="settled by li: inside"):
        await found(lots.till, doubt)
    assert len(await lots.till.rows(stay)) == 1


@pytest.mark.parametrize("what", [Found.GONE, Found.NO_CAR])
async def test_a_car_that_is_not_inside_gets_no_stay(lots: Lots, what: Found) -> None:
    doubt, *_ = await in_doubt(lots, MINE)
    assert await found(lots.till, doubt, what) is None
    assert await lots.till.rows(stay) == []


async def test_a_doubt_at_a_way_out_begins_no_stay(lots: Lots) -> None:
    doubt, *_ = await in_doubt(lots, MINE, OUT1)
    assert await found(lots.till, doubt) is None
    assert await lots.till.rows(stay) == []


async def test_a_car_that_came_in_again_since_keeps_the_stay_it_has(lots: Lots) -> None:
    doubt, *_ = await in_doubt(lots, MINE)
    lots.till.clock.later_s += 60.0
    parked = await lots.come(MINE)
    assert await found(lots.till, doubt) is None
    assert [(row.id, row.ending) for row in await lots.till.rows(stay)] == [(parked, None)]


async def test_a_stay_still_open_from_before_ends_unseen_and_owes_nothing_for_the_time_after(lots: Lots) -> None:
    before = await lots.come(MINE)
    lots.till.clock.later_s += HOUR_S
    doubt, _, at = await in_doubt(lots, MINE)
    lots.till.clock.later_s += 20 * HOUR_S
    begun = await found(lots.till, doubt)
    assert begun not in (None, before)
    rows = {row.id: row for row in await lots.till.rows(stay)}
    assert (rows[before].ending, rows[before].fee_fen) == ("EXIT_UNSEEN", 500)
    assert (rows[begun].ending, rows[begun].entered_at) == (None, at)


async def test_a_car_without_a_plate_that_is_found_inside_has_a_stay_without_one(lots: Lots) -> None:
    doubt, *_ = await in_doubt(lots, None)
    begun = await found(lots.till, doubt)
    [row] = await lots.till.rows(stay)
    assert (row.id, row.plate[:2]) == (begun, "无牌")


async def test_a_passage_whose_stay_was_written_after_all_has_no_second_one(lots: Lots) -> None:
    """A stay that could not be written at once stands on the list, and may have been written since."""
    parked = await lots.come(MINE)
    [row] = await lots.till.rows(stay)
    till, ended = lots.till, Passage(PassageId(row.entry_passage), 1, row.entered_at)
    at = row.entered_at - timedelta(seconds=1)
    await till.db.write(lambda conn: doubts.add(conn, till.config.site_id, IN1, ended, "its stay is not written", at))
    [one] = await till.db.read(lambda conn: doubts.still_open(conn, till.config.site_id))
    assert await found(till, one.id) == parked
    assert len(await till.rows(stay)) == 1
