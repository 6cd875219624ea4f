"""The engine of alarms over a real database: what raises them, what stands for what, and what survives a restart."""

import asyncio
from pathlib import Path

from scada.engine.doors.alarms.desk import AlarmDesk
from scada.engine.doors.peer import Ask
from scada.model.alarm.definition import AlarmId
from scada.model.alarm.machine import Acknowledge
from scada.model.alarm.memory import State
from scada.model.names import LaneName
from scada.model.tag import Quality, TagName
from scada.ports import JournalEntry
from scada.store.alarmbook import Raised
from scada.store.journal import recent, verify
from tests.support.alarms import SITE, House, alarm_house
from tests.support.engine import until


async def ask(house: House, verb: str, **args: object) -> object:
    verbs = AlarmDesk(SITE, house.db, house.engine).verbs()
    return await verbs[verb](Ask("control", verb, args, "wang", "operator", "s", ""))


async def test_a_lost_plc_is_one_alarm_and_no_other_changes_its_state(tmp_path: Path) -> None:
    async with alarm_house(tmp_path) as house:
        house.see(gate__drive_fault=True)
        house.see(gate__door=True)
        house.wait(3)
        house.engine.act(AlarmId("in1.cabinet_open"), Acknowledge())
        before = {name: one.memory.state for name, one in house.engine.kept.items()}
        points = ("gate__up", "gate__down", "gate__door", "gate__mains", "gate__motor_a", "count__glitch")
        house.see(Quality.NOT_CONNECTED, **dict.fromkeys(points))
        house.link("down")
        house.wait(3)
        raised = {
            name for name, one in house.engine.kept.items() if one.memory.active and before[name].value != "ACKED"
        }
        assert raised == {"plc1.communication"}
        assert house.state("in1.cabinet_open") is State.DSUPR
        assert house.engine.kept[AlarmId("in1.cabinet_open")].memory.unknown
        assert house.engine.kept[AlarmId("in1.cabinet_open")].memory.state is State.ACKED
        assert house.standing() == {"plc1.communication"}
        house.see(
            gate__up=False, gate__down=True, gate__door=True, gate__mains=True, gate__motor_a=0.0, count__glitch=0
        )
        house.link("up")
        house.wait(3)
        assert house.state("plc1.communication") is State.RTNUN
        assert house.state("in1.cabinet_open") is State.UNACK


async def test_a_hundred_pulses_too_short_for_a_scan_are_a_hundred_occurrences(tmp_path: Path) -> None:
    async with alarm_house(tmp_path) as house:
        for pulse in range(1, 101):
            house.see(count__reverse=pulse)
        kept = house.engine.kept[AlarmId("in1.reverse_travel")]
        assert (kept.memory.state, kept.repeats) == (State.UNACK, 100)
        assert house.tag("site.alarms_p3") == 1
        house.see(count__reverse=0)
        assert house.engine.kept[AlarmId("in1.reverse_travel")].repeats == 100, "a PLC that began anew tells nothing"


async def test_a_row_that_a_part_wrote_raises_its_alarm_and_a_stranger_counts_too(tmp_path: Path) -> None:
    async with alarm_house(tmp_path) as house, asyncio.TaskGroup() as group:
        work = group.create_task(house.engine.run())
        lane = LaneName("in1")
        await house.journal.append(
            [JournalEntry("alarm", "lane", "tailgate", lane, None, {"text": "a vehicle followed"})]
        )
        await until(lambda: "in1.tailgate" in house.standing())
        await house.journal.append([JournalEntry("alarm", "x", "never heard of", lane, None, {"text": "odd"})])
        await until(lambda: "in1.never heard of" in house.standing())
        assert house.tag("in1.alarm") in ("a vehicle followed", "odd")
        await ask(house, "acknowledge_alarms", alarms=["in1.tailgate"], comment="seen")
        assert house.state("in1.tailgate") is State.NORM
        work.cancel()


async def test_what_a_part_told_stands_as_long_as_its_condition(tmp_path: Path) -> None:
    async with alarm_house(tmp_path) as house, asyncio.TaskGroup() as group:
        work = group.create_task(house.engine.run())
        house.tags.set(TagName("site.history_trouble"), "history_lost: memory was full")
        await house.journal.append([JournalEntry("alarm", "history", "history_lost", None, None, {"text": "lost"})])
        await until(lambda: "site.history_lost" in house.standing())
        house.tags.set(TagName("site.history_trouble"), "")
        await until(lambda: house.engine.kept[AlarmId("site.history_lost")].memory.seen is False)
        house.wait(3)
        assert house.state("site.history_lost") is State.RTNUN
        work.cancel()


async def test_shelf_comment_and_acknowledgement_survive_a_restart_and_the_journal_holds(tmp_path: Path) -> None:
    async with alarm_house(tmp_path) as house:
        house.see(gate__door=True, gate__mains=False)
        house.wait(5)
        await ask(house, "comment_alarm", alarm="in1.cabinet_open", comment="the fitter is there")
        await ask(house, "shelve_alarm", alarm="in1.cabinet_open", minutes=60, reason="work")
        await ask(house, "acknowledge_alarms", alarms=["in1.mains"])
        clock = house.clock
    async with alarm_house(tmp_path, clock=clock) as house:
        assert house.state("in1.cabinet_open") is State.SHLVD
        kept = house.engine.kept[AlarmId("in1.cabinet_open")]
        assert (kept.comment, kept.comment_by, kept.shelved_why) == ("the fitter is there", "wang", "work")
        assert house.engine.kept[AlarmId("in1.mains")].acked_by == "wang"
        house.see(gate__door=True)
        house.wait(3600)
        assert house.state("in1.cabinet_open") is State.UNACK
        await house.engine.written()
        assert await house.db.read(verify) is None
        rows = await house.db.read(lambda conn: recent(conn, 50))
        assert {"alarm acknowledged", "alarm shelved", "alarm commented"} <= {
            row.what for row in rows if row.actor == "wang"
        }
        raised = next(row for row in rows if (row.kind, row.what) == ("alarm", "cabinet_open"))
        assert raised.body["text"] == house.engine.definitions[AlarmId("in1.cabinet_open")].words.text


async def test_the_list_explains_itself_and_one_silence_is_for_all(tmp_path: Path) -> None:
    async with alarm_house(tmp_path) as house:
        house.see(gate__motor_a=9.5)
        house.wait(3)
        assert house.tag("site.alarms_sounding") == 4
        told = await ask(house, "alarms")
        assert isinstance(told, dict)
        (row,) = told["alarms"]
        assert (row["id"], row["value"], row["limit"], row["state"]) == ("in1.motor_current", "9.5", 8.0, "UNACK")
        assert row["why"] == "in1.gate.motor_a > 8"
        assert row["inputs"] == [["in1.gate.motor_a", 9.5, 0]]
        assert row["response_zh"] == "安排道闸保养"
        house.see(gate__motor_a=7.5)
        house.wait(60)
        assert house.state("in1.motor_current") is State.UNACK, "within its deadband it stands"
        await ask(house, "silence_alarms")
        assert house.tag("site.alarms_sounding") == 0
        figures = await ask(house, "alarm_figures", days=1)
        assert isinstance(figures, dict)
        assert figures["announced"] == 1


async def test_the_first_of_a_group_is_marked_and_the_others_are_not(tmp_path: Path) -> None:
    async with alarm_house(tmp_path) as house:
        house.tags.set(TagName("in1.lane.troubles"), "limits, drive")
        for n, code in enumerate(("limits", "drive"), 1):
            house.engine.hear(Raised(n, code, "lane", LaneName("in1"), None, {"text": code}))
        firsts = {name: one.is_first for name, one in house.engine.kept.items() if one.memory.active}
        assert firsts == {"in1.limits": True, "in1.drive": False}


async def test_a_link_that_flaps_writes_nothing_of_alarms_that_do_not_stand(tmp_path: Path) -> None:
    async with alarm_house(tmp_path) as house:
        await house.engine.written()
        before = len(await house.db.read(lambda conn: recent(conn, 200)))
        for quality in (Quality.NOT_CONNECTED, Quality.GOOD) * 3:
            house.see(quality, gate__door=False, gate__mains=True)
        await house.engine.written()
        assert len(await house.db.read(lambda conn: recent(conn, 200))) == before
