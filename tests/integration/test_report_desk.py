"""Reports for the control room: made beside the plant for whom it may be, fetched in parts, stopped, forgotten."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from scada.clock import SystemClock
from scada.config import Config, load
from scada.engine.doors.peer import BridgeRefusal
from scada.engine.doors.reports import PIECE, WAITING, ReportDesk
from scada.engine.reporting.runs import Runs
from scada.model.names import SiteId
from scada.model.rights import may
from scada.ports import JournalEntry
from scada.store import schema
from scada.store.db import Database
from scada.store.journal import SqlJournal, write_entries
from scada.store.operators import Operators
from tests.support.house import site_beside
from tests.support.jobs import JobRoom, Never
from tests.support.store import give_tables

AT = datetime(2026, 5, 1, 4, tzinfo=UTC)
MAY = {"report": "by-hand", "from": "2026-05-01", "to": "2026-05-01", "language": "zh"}
PEOPLE = {"li": "operator", "wang": "manager", "tan": "technician"}


class Room(JobRoom):
    """The desk of a site on whose books one car was let out by hand."""

    async def report(self, user: str = "wang", **args: object) -> Any:  # noqa: ANN401 - JSON
        return await self.made("make_report", user, **{**MAY, **args})


def _books(conn: Connection) -> None:
    """One car was let out by hand; three people may look."""
    site = SiteId("demo")
    write_entries(conn, site, AT, [JournalEntry("event", "plant", "started")])
    asked = {"id": "r1", "passage": "out1-1", "reason": "QUEUE", "actor": "li", "state": "TAKEN"}
    conn.execute(insert(schema.open_request).values(site=site, lane="out1", made_at=AT, **asked))
    seen = {"id": "out1-1", "lane": "out1", "number": 1, "outcome": "FORWARD", "note": "", "plate": "京A12345"}
    conn.execute(insert(schema.passage).values(site=site, began_at=AT, ended_at=AT, **seen))
    for name, role in PEOPLE.items():
        row = {"name": name, "site": site, "role": role, "password_hash": "-", "must_change": False, "made_at": AT}
        conn.execute(insert(schema.operator).values(**row))


@asynccontextmanager
async def opened(folder: Path, runs: Callable[[Config], Runs]) -> AsyncIterator[Room]:
    """Open the desk of a site."""
    file = site_beside(folder, ("# data = ", 'data = "data"  # '))
    url = f"sqlite:///{folder / 'data' / 'daozha.db'}"
    await asyncio.to_thread(give_tables, url)
    config, clock = await asyncio.to_thread(load, file), SystemClock()
    async with Database(url) as db:
        await db.write(_books)
        operators, journal = Operators(db, config.site_id, clock), SqlJournal(db, config.site_id, clock)
        async with ReportDesk(runs(config), operators, journal, clock, folder / "made") as desk:
            yield Room(config, db, desk, "report", PEOPLE)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with opened(tmp_path, Runs) as room:
        yield room


async def test_a_report_is_made_beside_the_plant_fetched_in_parts_and_written_down(room: Room) -> None:
    told = await room.report(form="pdf")
    assert (told["state"], told["name"]) == ("made", "demo-by-hand-2026-05-01.pdf")
    content = await room.content(told)
    assert content.startswith(b"%PDF")
    assert len(content) == told["bytes"]
    query = select(schema.journal.c.actor, schema.journal.c.body).where(schema.journal.c.what == "report asked for")
    (who, body) = await room.db.read(lambda conn: conn.execute(query).one())
    assert (who, body["report"], body["form"], body["covered"]) == ("wang", "by-hand", "pdf", True)


async def test_who_need_not_see_plates_gets_them_covered_and_nobody_fetches_anothers_report(room: Room) -> None:
    for user, plate in (("li", "京A12345"), ("wang", "京A•••45")):
        told = await room.report(user, form=PIECE)
        assert plate in (await room.content(told, user)).decode()
    with pytest.raises(BridgeRefusal, match="not kept any more"):
        await room.ask("report_made", "li", job=told["job"])


async def test_technicians_make_the_reports_about_equipment_and_no_other(room: Room) -> None:
    assert (await room.report("tan", report="plates", form="json"))["state"] == "made"
    with pytest.raises(BridgeRefusal, match="may not see this report"):
        await room.ask("make_report", "tan", **MAY, form="json")
    assert not any(may("system", verb) for verb in ("make_report", "report_made", "report_part", "stop_report"))
    assert all(may(role, "make_report") for role in ("operator", "manager", "auditor", "administrator", "technician"))


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"from": "2026-05-02"}, "2026-05-02 comes after 2026-05-01"),
        ({"to": "2999-01-01"}, "is still to come"),
        ({"from": "yesterday"}, "is no day"),
    ],
)
async def test_days_that_make_no_sense_end_in_words(room: Room, args: dict[str, str], why: str) -> None:
    told = await room.report(form="json", **args)
    assert told["state"] == "failed"
    assert why in told["why"]


async def test_what_no_list_knows_is_refused_at_once(room: Room) -> None:
    for args in ({"report": "nothing", "form": "pdf"}, {"form": "docx"}, {"form": "pdf", "language": "xx"}):
        with pytest.raises(BridgeRefusal, match="no such"):
            await room.ask("make_report", **{**MAY, **args})


async def test_who_stops_a_report_ends_its_work_and_too_many_have_to_wait(tmp_path: Path) -> None:
    async with opened(tmp_path, Never) as room:
        jobs = [(await room.ask("make_report", **MAY, form="pdf"))["job"] for _ in range(WAITING)]
        with pytest.raises(BridgeRefusal, match="wait for one of them"):
            await room.ask("make_report", **MAY, form="pdf")
        await asyncio.sleep(0)
        assert Never.going == WAITING
        assert (await room.ask("stop_report", job=jobs[0]))["state"] == "failed"
        assert Never.going == WAITING - 1
        assert (await room.ask("make_report", **MAY, form="pdf"))["state"] == "making"
    assert Never.going == 0


async def test_nobody_gets_past_the_limit_by_asking_for_many_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path, Never) as room:
        asks = [room.ask("make_report", **MAY, form="pdf") for _ in range(WAITING + 3)]
        answers = await asyncio.gather(*asks, return_exceptions=True)
        assert sum(isinstance(one, BridgeRefusal) for one in answers) == 3


async def test_a_report_that_takes_too_long_is_given_up_and_its_process_is_gone(tmp_path: Path) -> None:
    async with opened(tmp_path, lambda config: Runs(config, limit_s=0.01)) as room:
        told = await room.report(form="pdf")
        assert told["why"] == "it took longer than 0.01 s: ask for fewer days"
