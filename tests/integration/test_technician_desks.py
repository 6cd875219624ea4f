"""What technicians ask of the plant, on a real database: trends kept and what happened over them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scada.clock import VirtualClock
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.trends import TrendDesk
from scada.model.names import LaneName
from scada.ports import JournalEntry
from scada.store.journal import SqlJournal
from scada.store.trendviews import MOST
from tests.support.store import SITE, START, open_database

VIEW = {"panes": [["out1.gate.motor_a"], ["out1.loop.safety", "out1.lane.state"]], "span_s": 300}


def ask(verb: str, user: str = "tina", **args: object) -> Ask:
    return Ask("control", verb, args, user, "technician", "", "")


@pytest.mark.usefixtures("any_database")
async def test_a_view_is_its_owners_and_one_of_the_same_name_takes_its_place(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        verbs = TrendDesk(SITE, db, VirtualClock(START)).verbs()
        await verbs["keep_trend_view"](ask("keep_trend_view", name="Exit 1", content={**VIEW, "span_s": 60}))
        await verbs["keep_trend_view"](ask("keep_trend_view", name="Exit 1", content=VIEW))
        assert await verbs["trend_views"](ask("trend_views")) == [{"name": "Exit 1", "content": VIEW}]
        assert await verbs["trend_views"](ask("trend_views", "tom")) == []
        with pytest.raises(BridgeRefusal, match="no such view"):
            await verbs["drop_trend_view"](ask("drop_trend_view", "tom", name="Exit 1"))
        await verbs["drop_trend_view"](ask("drop_trend_view", name="Exit 1"))
        assert await verbs["trend_views"](ask("trend_views")) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("", VIEW),
        ("x" * 61, VIEW),
        ("v", None),
        ("v", {"panes": "out1", "span_s": 1}),
        ("v", {**VIEW, "span_s": 0}),
        ("v", {**VIEW, "panes": [["a.b"] * 51]}),
        ("v", {**VIEW, "panes": [["a.b"]] * 13}),
        ("v", {**VIEW, "panes": [[7]]}),
    ],
)
async def test_a_view_that_is_none_is_not_kept(tmp_path: Path, name: str, content: object) -> None:
    async with open_database(tmp_path) as db:
        verbs = TrendDesk(SITE, db, VirtualClock(START)).verbs()
        with pytest.raises(BridgeRefusal):
            await verbs["keep_trend_view"](ask("keep_trend_view", name=name, content=content))


async def test_nobody_keeps_views_without_end(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        verbs = TrendDesk(SITE, db, VirtualClock(START)).verbs()
        for number in range(MOST):
            await verbs["keep_trend_view"](ask("keep_trend_view", name=f"v{number}", content=VIEW))
        with pytest.raises(BridgeRefusal, match="at most"):
            await verbs["keep_trend_view"](ask("keep_trend_view", name="one more", content=VIEW))
        await verbs["keep_trend_view"](ask("keep_trend_view", name="v7", content=VIEW))


@pytest.mark.usefixtures("any_database")
async def test_what_happened_is_of_the_lanes_and_kinds_asked_for_and_names_no_plate(tmp_path: Path) -> None:
    async with open_database(tmp_path) as db:
        clock = VirtualClock(START)
        journal, out1 = SqlJournal(db, SITE, clock), LaneName("out1")
        await journal.append(
            [
                JournalEntry("alarm", "lane", "no_start", out1, None, {"text": "the boom does not move"}),
                JournalEntry("alarm", "retention", "retention_trouble", body={"text": "no room"}),
                JournalEntry("alarm", "lane", "no_start", LaneName("in1"), None, {"text": "elsewhere"}),
                JournalEntry("person", "wang", "correct plate", out1, None, {"plate": "京A12345"}),
                JournalEntry("person", "wang", "plate query", None, None, {"plate": "京A12345"}),
                JournalEntry("decision", "lane", "opening", out1, None, {}),
            ]
        )
        range_ = {"since": START.isoformat(), "until": (START + timedelta(minutes=1)).isoformat()}
        asked = ask("trend_events", **range_, lanes=["out1"], kinds=["alarm", "person"])
        told: Any = await TrendDesk(SITE, db, clock).verbs()["trend_events"](asked)
        assert {(one["kind"], one["what"], one["text"]) for one in told["events"]} == {
            ("alarm", "no_start", "the boom does not move"),
            ("alarm", "retention_trouble", "no room"),
            ("person", "correct plate", ""),
        }
        assert not told["cut"]
        assert "12345" not in str(told)
        with pytest.raises(BridgeRefusal, match="zone"):
            await TrendDesk(SITE, db, clock).verbs()["trend_events"](ask("trend_events", since="2026-03-01", until="x"))
