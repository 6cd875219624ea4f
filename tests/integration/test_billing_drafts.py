"""Prices under a draft beside the plant: a process of its own, one after the other, for managers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from billing.doors.drafts import DraftDesk
from billing.drafts.run import DraftRuns
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.model.rights import Role, may
from scada.store.db import Database
from scada.store.schema import journal, stay
from tests.support.billing import LaterClock, made_config
from tests.support.store import open_database
from tests.support.tariffs import SHIPPED, local, simple_terms

pytestmark = pytest.mark.usefixtures("any_database")

DAYS = {"from": "2026-03-01", "to": "2026-03-31"}


@dataclass
class Office:
    """The desk, what runs behind it, and a dearer draft."""

    desk: DraftDesk
    runs: DraftRuns
    db: Database
    draft: str

    async def ask(self, verb: str, **args: object) -> dict[str, Any]:
        answer: Any = await self.desk.verbs()[verb](Ask("control", verb, args, "zhao", "manager", "", ""))
        return dict(answer)

    async def over(self, run: int) -> dict[str, Any]:
        """Wait until a run has ended."""
        async with asyncio.timeout(60):
            while True:
                found = await self.ask("draft_prices", run=run)
                if found["result"] is not None or found["error"]:
                    return found
                await asyncio.sleep(0.02)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    config = await asyncio.to_thread(made_config, tmp_path)
    text = await asyncio.to_thread((SHIPPED / "demo-1.toml").read_text, "utf-8")
    async with open_database(tmp_path) as db, DraftRuns() as runs:
        plain = {"site": config.site_id, "plate_kind": "ordinary", "plate_colour": "BLUE", "entry_lane": "in1"}
        rows = [
            {**plain, "id": f"s{number}", "plate": f"京A{number}", "entry_passage": f"p{number}", "ending": "EXIT"}
            | {"entered_at": local("10:00"), "exited_at": local("10:00") + timedelta(minutes=number * 30)}
            | {"tariff": "simple-1", "tariff_terms": simple_terms()}
            for number in range(1, 6)
        ]
        await db.write(lambda conn: conn.execute(insert(stay), rows))
        desk = DraftDesk(config, db, LaterClock(), runs)
        yield Office(desk, runs, db, text.replace("interval_amount = 500", "interval_amount = 700"))


async def test_a_manager_is_told_what_past_stays_would_have_cost(office: Office) -> None:
    begun = await office.ask("price_under_draft", draft=office.draft, **DAYS)
    told = await office.over(begun["run"])
    assert told["error"] == ""
    result = told["result"]
    assert (result["stays"], result["now_fen"], result["draft_fen"], result["left_out"]) == (5, 4500, 6300, 0)
    assert (told["done"], told["of"]) == (5, 5)
    rows = await office.db.read(lambda conn: conn.execute(journal.select()).all())
    assert [(row.actor, row.what) for row in rows] == [("zhao", "prices under a draft asked for")]
    assert [role for role in Role if may(role.value, "price_under_draft")] == [Role.MANAGER, Role.ADMINISTRATOR]


async def test_there_is_one_run_at_a_time_and_it_can_be_stopped(office: Office) -> None:
    begun = await office.ask("price_under_draft", draft=office.draft, **DAYS)
    with pytest.raises(BridgeRefusal, match="another draft is being priced"):
        await office.ask("price_under_draft", draft=office.draft, **DAYS)
    for _ in range(10):
        if (await office.ask("stop_draft", run=begun["run"]))["error"] == "it was stopped":
            break
        begun = await office.ask("price_under_draft", draft=office.draft, **DAYS)
    else:
        raise AssertionError("each run was over before it could be stopped")
    again = await office.ask("price_under_draft", draft=office.draft, **DAYS)
    assert (await office.over(again["run"]))["result"]["stays"] == 5
    with pytest.raises(BridgeRefusal, match="no such run"):
        await office.ask("draft_prices", run=begun["run"])


async def test_what_cannot_be_priced_is_refused_with_every_mistake(office: Office) -> None:
    wrong = (
        ({"draft": "x = ["}, "not TOML"),
        ({"draft": ""}, "text of a tariff file"),
        ({"draft": "x" * 70_000}, "text of a tariff file"),
        ({"draft": office.draft.replace("[[fee_limit]]", "[[fee_limits]]")}, "did you mean fee_limit"),
        ({"from": "2026-04-01"}, "the first one first"),
        ({"from": "2020-01-01"}, "the first one first"),
        ({"to": "9999-12-31"}, "are days like"),
        ({"to": "tomorrow"}, "are days like"),
    )
    for args, why in wrong:
        with pytest.raises(BridgeRefusal, match=why):
            await office.ask("price_under_draft", **{"draft": office.draft, **DAYS, **args})


async def test_a_run_that_takes_too_long_is_given_up_and_leaves_no_process(office: Office) -> None:
    async with DraftRuns(limit_s=0.01) as runs:
        office.desk._runs = runs
        begun = await office.ask("price_under_draft", draft=office.draft, **DAYS)
        assert "took longer" in (await office.over(begun["run"]))["error"]
