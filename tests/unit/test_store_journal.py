"""The journal: a chain in which no row can be changed, moved or taken out unseen."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, update

from scada.clock import VirtualClock
from scada.model.names import LaneName, PassageId
from scada.ports import JournalEntry
from scada.store.journal import SqlJournal, recent, verify, write_entries
from scada.store.schema import journal
from tests.support.store import SITE, START, open_database

pytestmark = pytest.mark.usefixtures("any_database")

IN1, OUT1 = LaneName("in1"), LaneName("out1")


def _entry(what: str, lane: LaneName | None = None) -> JournalEntry:
    return JournalEntry("event", "plant", what, lane, PassageId("p1"), {"text": "京A12345", "n": [1, 2.5, None]})


async def test_entries_come_back_newest_first_with_all_they_said(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        clock = VirtualClock(START)
        await SqlJournal(db, SITE, clock).append([_entry("approached", IN1), _entry("opened", OUT1)])
        rows = await db.read(lambda connection: recent(connection, 10))
        assert [(row.n, row.what, row.lane) for row in rows] == [(2, "opened", OUT1), (1, "approached", IN1)]
        assert (rows[0].at, rows[0].kind, rows[0].actor, rows[0].passage) == (START, "event", "plant", "p1")
        assert rows[0].body == {"text": "京A12345", "n": [1, 2.5, None]}
        only = await db.read(lambda connection: recent(connection, 10, IN1))
        assert [row.what for row in only] == ["approached"]


async def test_an_untouched_journal_is_whole_however_many_write_at_once(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        one, other = (SqlJournal(db, SITE, VirtualClock(START)) for _ in range(2))
        assert await db.read(verify) is None
        await asyncio.gather(
            *(part.append([_entry(f"e{n}"), _entry(f"f{n}")]) for n in range(25) for part in (one, other))
        )
        assert await db.read(verify) is None
        rows = await db.read(lambda connection: recent(connection, 1000))
        assert [row.n for row in rows] == list(range(100, 0, -1))
        assert all(
            row.what[0] == "f" and rows[at + 1].what == "e" + row.what[1:] for at, row in enumerate(rows) if at % 2 == 0
        )


@pytest.mark.parametrize(
    "change",
    [
        {"body": {"text": "京B00000"}},
        {"actor": "nobody"},
        {"lane": None},
        {"at": START.replace(year=2027)},
        {"site": "other"},
        {"previous": "f" * 64},
        {"hash": "f" * 64},
    ],
)
async def test_a_changed_row_is_found(tmp_path: Path, change: dict[str, object]) -> None:
    async with open_database(tmp_path) as db:
        await SqlJournal(db, SITE, VirtualClock(START)).append([_entry(f"e{n}", IN1) for n in range(5)])
        await db.write(
            lambda connection: connection.execute(update(journal).where(journal.c.n == 3).values(change)).rowcount
        )
        assert await db.read(verify) == 3


async def test_a_row_taken_out_is_found(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        await SqlJournal(db, SITE, VirtualClock(START)).append([_entry(f"e{n}") for n in range(5)])
        await db.write(lambda connection: connection.execute(delete(journal).where(journal.c.n == 2)).rowcount)
        assert await db.read(verify) == 2


async def test_entries_fall_with_the_transaction_they_belong_to(tmp_path: Path) -> None:
    def half(connection: Connection) -> None:
        write_entries(connection, SITE, START, [_entry("paid")])
        raise ZeroDivisionError

    async with open_database(tmp_path) as db:
        with pytest.raises(ZeroDivisionError):
            await db.write(half)
        assert await db.read(lambda connection: recent(connection, 10)) == []


@pytest.mark.parametrize("body", [{"at": START}, {"x": float("nan")}, {"x": {1, 2}}])
async def test_a_body_that_is_not_json_is_refused(tmp_path: Path, body: dict[str, object]) -> None:
    async with open_database(tmp_path) as db:
        with pytest.raises((TypeError, ValueError)):
            await SqlJournal(db, SITE, VirtualClock(START)).append([JournalEntry("event", "plant", "x", body=body)])
