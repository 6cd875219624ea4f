"""What technicians ask of the plant, on a real database: trends, devices, maps, recordings, the setting up of lanes."""

import asyncio
import base64
import io
import zipfile
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import insert

from plc.map.files.grid import GridError
from plc.map.files.workbook import read_workbook
from scada.clock import VirtualClock
from scada.engine.doors.commissioning import CommissioningDesk
from scada.engine.doors.equipment import DeviceFacts, EquipmentDesk
from scada.engine.doors.peer import Ask, BridgeRefusal
from scada.engine.doors.recordings import RecordingDesk
from scada.engine.doors.trends import TrendDesk
from scada.engine.tags import TagTable
from scada.engine.trace.file import Story, held_by, keep
from scada.maps.proposals import ProposalDesk
from scada.model.acceptance import ITEMS
from scada.model.lane.learning import CONTACTS, WAITS
from scada.model.names import LaneName
from scada.model.tag import Access, Quality, TagName, TagSpec, TagValue
from scada.ports import JournalEntry
from scada.store.barriers import add_cycle, stand
from scada.store.historian.embedded import EmbeddedHistorian
from scada.store.journal import SqlJournal
from scada.store.mapproposals import MapProposals
from scada.store.operators import Operators
from scada.store.schema import passage
from scada.store.trendviews import MOST
from tests.support.engine import KeptJournal
from tests.support.links import Wire
from tests.support.maps import ROWS, MapSite
from tests.support.store import SITE, START, open_database
from tests.support.workbooks import sheet_of
from tests.unit.test_lane_learning import DRIVE

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


async def lane_history(folder: Path) -> EmbeddedHistorian:
    """Give the history of a lane through which one car has driven, all of it on disk."""
    path, clock = folder / "history.db", VirtualClock(START + timedelta(minutes=2))
    async with EmbeddedHistorian(path, SITE, clock) as history:
        for contact in CONTACTS:
            value = TagValue(contact == "gate.down", Quality.GOOD, None, START - timedelta(minutes=1), 0.0)
            history.record([(TagName(f"out1.{contact}"), value)])
        for edge in DRIVE:
            value = TagValue(edge.on, Quality.GOOD, None, START + timedelta(seconds=edge.at_s), 0.0)
            history.record([(TagName(f"out1.{edge.contact}"), value)])
    again = EmbeddedHistorian(path, SITE, clock)
    await again.__aenter__()
    return again


async def test_a_lane_is_learned_from_its_history_and_accepted_by_two(tmp_path: Path) -> None:
    history = await lane_history(tmp_path)
    try:
        async with open_database(tmp_path) as db:
            clock, journal = VirtualClock(START + timedelta(minutes=2)), KeptJournal()
            operators = Operators(db, SITE, clock)
            await operators.add("mei", "manager", "correct horse", must_change=False)
            waits = {LaneName("out1"): dict.fromkeys(WAITS, 6.0)}
            desk = CommissioningDesk(SITE, db, clock, journal, operators, history, waits).verbs()
            drive = {"since": START.isoformat(), "until": (START + timedelta(minutes=1)).isoformat()}
            told: Any = await desk["learn_lane"](ask("learn_lane", lane="out1", drives=[drive]))
            assert (told["drives"][0]["open_s"], told["drives"][0]["doubts"]) == (1.5, [])
            assert [one["key"] for one in told["proposals"]] == list(WAITS)
            with pytest.raises(BridgeRefusal, match="apart"):
                await desk["learn_lane"](
                    ask("learn_lane", lane="out1", drives=[{**drive, "until": "2027-01-01T00:00Z"}])
                )
            answers = [{"key": item.key, "answer": "passed", "note": ""} for item in ITEMS]
            sign = partial(ask, "sign_acceptance", lane="out1")
            with pytest.raises(BridgeRefusal, match="second person"):
                await desk["sign_acceptance"](sign(answers=answers))
            with pytest.raises(BridgeRefusal, match="not answered"):
                await desk["sign_acceptance"](sign(answers=answers[1:]))
            mei = {"second_name": "mei", "second_password": "correct horse"}
            await desk["sign_acceptance"](sign(answers=answers, **mei))
            sheet: Any = await desk["acceptance"](ask("acceptance", lane="out1"))
            assert sheet["facts"]["safety_loop"] == {"longest time on, s": 2.0}
            kept = sheet["sheets"][0]
            assert (kept["first"], kept["second"], len(kept["content"]["answers"])) == ("tina", "mei", len(ITEMS))
            assert [entry.what for entry in journal.entries] == ["acceptance signed"]
    finally:
        await history.__aexit__(None, None, None)


async def test_the_health_of_a_lane_and_its_devices_are_reckoned_from_what_was_counted(tmp_path: Path) -> None:
    history = await lane_history(tmp_path)
    try:
        async with open_database(tmp_path) as db:
            lane, clock = LaneName("out1"), VirtualClock(START + timedelta(minutes=2))
            await db.write(lambda conn: add_cycle(conn, SITE, lane, START, 1, 1500, 2000))
            await db.write(lambda conn: stand(conn, SITE, lane, "NO_START", START))
            table = TagTable([TagSpec(TagName("out1.loop.approach"), "plc1", Access.READ)], clock)
            facts = DeviceFacts("plc1", "modbus-tcp", ("10.0.0.9:502",), False, {"fast": (0.05, 1)}, (lane,), 1)
            wire = Wire("plc1", "out1.loop.approach")
            desk = EquipmentDesk(SITE, UTC, db, clock, table, history, [lane], lambda: [facts], lambda: [wire]).verbs()
            told: Any = await desk["lane_health"](ask("lane_health", lane="out1", days=1))
            assert told["gate"]["look"] == ["the boom did not start"]
            assert told["gate"]["days"] == [{"day": "2026-03-01", "cycles": 1, "open_ms": 1500.0, "close_ms": 2000.0}]
            assert told["loops"]["out1.loop.approach"]["by_loop"] >= 1
            devices: Any = await desk["devices"](ask("devices"))
            assert (devices[0]["tag"], devices[0]["scans"][0]["class"]) == ("dev.plc1", "fast")
            with pytest.raises(BridgeRefusal):
                await desk["lane_health"](ask("lane_health", lane="no", days=1))
    finally:
        await history.__aexit__(None, None, None)


async def test_a_recording_is_listed_with_its_passage_and_held_by_name(tmp_path: Path) -> None:
    folder, lane = tmp_path / "blackbox", LaneName("out1")
    path = await asyncio.to_thread(keep, folder, Story(lane, "no_start", START, 0.0, {}, ()))
    async with open_database(tmp_path) as db:
        row = {"id": "p1", "site": SITE, "lane": lane, "number": 1, "outcome": "PASSED", "note": ""}
        times = {"began_at": START - timedelta(seconds=9), "ended_at": START + timedelta(seconds=9)}
        await db.write(lambda conn: conn.execute(insert(passage).values(**row, **times)))
        journal = KeptJournal()
        desk = RecordingDesk(SITE, folder, [lane], db, journal, VirtualClock(START)).verbs()
        (one,) = cast("list[dict[str, object]]", await desk["recordings"](ask("recordings")))
        assert (one["lane"], one["fault"], one["passage"], one["held"]) == ("out1", "no_start", "p1", {})
        await desk["hold_recording"](ask("hold_recording", name=path.name, hold=True, why="a claim"))
        held: Any = await desk["recording"](ask("recording", name=path.name))
        assert (held["held"]["by"], held["held"]["why"]) == ("tina", "a claim")
        with pytest.raises(BridgeRefusal, match="no such recording"):
            await desk["recording"](ask("recording", name="../../daozha.db"))
        await desk["hold_recording"](ask("hold_recording", name=path.name, hold=False, why="settled"))
        assert [entry.what for entry in journal.entries] == ["holds a recording", "lets a recording go"]


async def test_what_is_held_is_dropped_by_no_later_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scada.engine.trace.file.MOST_FILES", 2)
    stories = [Story(LaneName("out1"), "f", START + timedelta(seconds=n), 0.0, {}, ()) for n in range(4)]
    first = await asyncio.to_thread(keep, tmp_path, stories[0])
    await asyncio.to_thread(held_by(first).write_text, "{}")
    for story in stories[1:]:
        await asyncio.to_thread(keep, tmp_path, story)
    assert await asyncio.to_thread(first.exists)
    assert len(await asyncio.to_thread(lambda: list(tmp_path.glob("*.jsonl")))) == 3


async def test_a_map_is_brought_by_one_signed_by_another_and_put_to_use(tmp_path: Path) -> None:
    async with MapSite(tmp_path) as site:
        proposals = MapProposals(tmp_path / "maps" / "proposed")
        desk = ProposalDesk(site.maps, proposals, site.versions, site.journal, VirtualClock(START)).verbs()
        fresh = f"tag,device,address,type,unit\n{ROWS}a1.meter.spare,plc1,HR9,u16,\n"
        bring = partial(ask, "propose_map", why="one more meter")
        told: Any = await desk["propose_map"](bring(map=packed(fresh)))
        number = told["number"]
        assert told["ok"]
        assert [tag["tag"] for tag in told["differences"]["tags"]] == ["a1.meter.spare"]
        with pytest.raises(BridgeRefusal, match="is OPEN"):
            await desk["apply_map"](ask("apply_map", number=number, wait_s=0))
        with pytest.raises(BridgeRefusal, match="second person"):
            await desk["sign_map"](ask("sign_map", "Tina", number=number))
        await desk["sign_map"](ask("sign_map", "tom", number=number))
        before = site.maps.version
        applied: Any = await desk["apply_map"](ask("apply_map", number=number, wait_s=0))
        assert (applied["ok"], applied["version"], applied["done"]) == (True, before + 1, ["plc1"])
        assert TagName("a1.meter.spare") in site.tags
        assert [entry.what for entry in site.journal.entries if entry.what.startswith("tag map ")] == [
            "tag map brought",
            "tag map signed",
            "tag map applied",
        ]
        listed: Any = await desk["map_proposals"](ask("map_proposals"))
        assert (listed[0]["state"], listed[0]["signed_by"], listed[0]["version"]) == ("APPLIED", "tom", before + 1)
        back: Any = await desk["map_difference"](ask("map_difference", version=before))
        assert [tag["kind"] for tag in back["differences"]["tags"]] == ["removed"]
        file: Any = await desk["map_file"](ask("map_file", number=number, name="map"))
        assert base64.b64decode(file["content_b64"]).decode() == fresh


async def test_a_map_with_mistakes_is_kept_to_be_looked_at_and_signed_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with MapSite(tmp_path) as site:
        proposals = MapProposals(tmp_path / "maps" / "proposed")
        desk = ProposalDesk(site.maps, proposals, site.versions, site.journal, VirtualClock(START)).verbs()
        wrong = f"tag,device,address,type\n{ROWS.replace(',W', '')}x,nowhere,HR9,u16\n"
        told: Any = await desk["propose_map"](ask("propose_map", why="try", map=packed(wrong)))
        assert (told["ok"], told["findings"][0]["file"]) == (False, "map")
        listed: Any = await desk["map_proposals"](ask("map_proposals"))
        assert [one["state"] for one in listed] == [told["state"]] == ["MISTAKEN"]
        for verb, more in (("sign_map", {}), ("apply_map", {"wait_s": 0}), ("withdraw_map", {"why": "was a try"})):
            with pytest.raises(BridgeRefusal, match="the map has mistakes: bring a better one"):
                await desk[verb](ask(verb, "tom", number=told["number"], **more))
        file: Any = await desk["map_file"](ask("map_file", number=told["number"], name="map"))
        assert base64.b64decode(file["content_b64"]).decode() == wrong
        with monkeypatch.context() as patch:
            patch.setattr("scada.maps.proposals.MOST_STANDING", 0)
            with pytest.raises(BridgeRefusal, match="withdraw some"):
                await desk["propose_map"](ask("propose_map", why="try", map=packed(wrong)))
        for bad in ({}, {"map": "no base64!"}, {"map": "ⴤ÷"}, {"map": "A" * 1_400_000}):
            with pytest.raises(BridgeRefusal):
                await desk["propose_map"](ask("propose_map", why="try", **bad))


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_workbook_that_would_fill_the_memory_is_not_unpacked() -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as bomb, bomb.open("xl/workbook.xml", "w") as part:
        for _ in range(65):
            part.write(bytes(1 << 20))
    assert len(raw.getvalue()) < 100_000
    with pytest.raises(GridError, match="would unpack to more than 64 MB"):
        read_workbook(raw.getvalue(), "tag")


@pytest.mark.parametrize("place", ["ZZZZZZZZ1", "XFD1", "@1"])
def test_a_workbook_with_a_cell_far_to_the_right_is_no_map(place: str) -> None:
    with pytest.raises(GridError, match="more than 256 columns"):
        read_workbook(sheet_of(f'<row r="1"><c r="{place}"><v>1</v></c></row>'), "tag")
