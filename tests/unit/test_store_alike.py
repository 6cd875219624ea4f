"""What one database keeps, the other keeps, too."""

from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from scada.clock import VirtualClock
from scada.ports import JournalEntry
from scada.store.journal import SqlJournal, recent, verify
from scada.store.schema import case, rise
from tests.support.store import SITE, START, open_database

pytestmark = pytest.mark.usefixtures("any_database")

UDINT = 2**32 - 1


def _rise(count: int) -> dict[str, object]:
    return {"site": SITE, "lane": "in1", "count": count, "cause": "NONE", "number": UDINT, "at": START}


async def test_a_plcs_largest_counter_is_kept_and_its_sum_is_a_whole_number(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        await db.write(lambda conn: conn.execute(insert(rise), [_rise(UDINT), _rise(UDINT - 1)]).rowcount)
        figures = (func.sum(rise.c.count), func.max(rise.c.number), func.avg(rise.c.count))
        total, most, mean = await db.read(lambda conn: conn.execute(select(*figures)).one())
    assert (total, most, mean) == (2 * UDINT - 1, UDINT, UDINT - 0.5)
    assert [type(one) for one in (total, most, mean)] == [int, int, float]


async def test_a_text_longer_than_it_should_be_is_kept_whole(tmp_path: Path) -> None:
    row = {"id": "c" * 40, "site": SITE, "lane": "in1", "passage": "p", "why": "为" * 900, "opened_at": START}
    async with open_database(tmp_path) as db:
        await db.write(lambda conn: conn.execute(insert(case), [row]).rowcount)
        mine = case.c.why == "为" * 900
        assert await db.read(lambda conn: conn.execute(select(case.c.id, case.c.why).where(mine)).one()) == (
            "c" * 40,
            "为" * 900,
        )


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800b"])
async def test_what_no_text_can_hold_is_replaced_and_stops_nothing(tmp_path: Path, odd: str) -> None:
    row = {"id": "1", "site": SITE, "lane": "in1", "passage": "p", "why": odd, "opened_at": START}
    async with open_database(tmp_path) as db:
        await db.write(lambda conn: conn.execute(insert(case), [row]).rowcount)
        await db.write(lambda conn: conn.execute(insert(case).values({**row, "id": "2"})).rowcount)
        assert await db.read(lambda conn: list(conn.execute(select(case.c.why)).scalars())) == ["a�b", "a�b"]
        assert await db.read(lambda conn: conn.scalar(select(func.count()).where(case.c.why == odd))) == 2


@pytest.mark.parametrize("odd", ["a\0b", "a\ud800b"])
async def test_the_chain_holds_over_what_no_text_can_hold(tmp_path: Path, odd: str) -> None:
    async with open_database(tmp_path) as db:
        entry = JournalEntry("event", odd, odd, body={"text": odd, odd: 1})
        await SqlJournal(db, SITE, VirtualClock(START)).append([entry])
        assert await db.read(verify) is None
        [row] = await db.read(lambda conn: recent(conn, 1))
    assert (row.actor, row.what) == ("a�b", "a�b")
    assert row.body == {"text": odd, odd: 1}
