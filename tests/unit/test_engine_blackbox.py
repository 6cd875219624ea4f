"""The black box keeps what went over a lane's wires before a fault and after it; time is virtual."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scada.__main__ import main
from scada.engine.tags import TagTable
from scada.engine.trace.blackbox import AFTER_S, BlackBox
from scada.engine.trace.file import MOST_FILES, Story, keep, lines, read
from scada.engine.trace.ring import Entry, Note, Read, Ring
from scada.engine.trace.tap import TappedDriver
from scada.model.device import DeviceFigures
from scada.model.handshake import Answer, CommandBlock, CommandCode
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate, TagValue, Value
from scada.ports import PlcError
from scada.store.blackbox import NoBlackBox
from tests.support.engine import LANE, LoopClock, lane_specs, name, virtually
from tests.support.hmi import write_config

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OWN = [TagSpec(name(point), "", Access.READ) for point in ("alarm", "lane.state", "plate.text")]


class House:
    """A lane's tags, its black box, and the stories it told."""

    def __init__(self) -> None:
        self.tags = TagTable([*lane_specs(), *OWN], LoopClock())
        self.stories: list[Story] = []
        self.box = BlackBox(LANE, self.tags, LoopClock(), self._store)

    async def _store(self, story: Story) -> Path:
        self.stories.append(story)
        return Path("story.jsonl")

    async def see(self, point: str, value: Value, quality: Quality = Quality.GOOD, wait_s: float = 0.05) -> None:
        self.tags.apply([TagUpdate(name(point), value, quality)])
        await asyncio.sleep(wait_s)


@asynccontextmanager
async def living() -> AsyncIterator[House]:
    house = House()
    task = asyncio.create_task(house.box.run())
    await asyncio.sleep(0.05)
    try:
        yield house
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def seen(story: Story, point: str) -> list[Value]:
    """Give the values of a point in a story, in order."""
    reads = [entry.thing for entry in story.entries if isinstance(entry.thing, Read)]
    return [thing.values[name(point)].value for thing in reads if name(point) in thing.values]


def test_a_fault_is_written_down_with_what_came_before_and_after() -> None:
    async def story() -> None:
        async with living() as house:
            await house.see("loop.approach", value=True)
            await house.see("alarm", "F_BARRIER: did not reach its limit")
            await house.see("gate.up", value=True, wait_s=AFTER_S - 1)
            assert house.stories == []
            await asyncio.sleep(2)
        (told,) = house.stories
        assert (told.lane, told.fault) == (LANE, "F_BARRIER")
        assert (seen(told, "loop.approach"), seen(told, "gate.up")) == ([True], [True])

    virtually(story())


def test_half_a_minute_before_a_fault_is_there_and_what_is_older_is_in_the_image_before_it() -> None:
    async def story() -> None:
        async with living() as house:
            await house.see("gate.up", value=True, wait_s=15.0)
            await house.see("loop.approach", value=True, wait_s=29.0)
            await house.see("lane.state", "faulted", wait_s=AFTER_S + 0.5)
        (told,) = house.stories
        assert (seen(told, "gate.up"), told.image[name("gate.up")].value) == ([], True)
        assert seen(told, "loop.approach") == [True]

    virtually(story())


def test_a_heartbeat_that_is_lost_is_a_fault_once() -> None:
    async def story() -> None:
        async with living() as house:
            await house.see("hb.plc", 7)
            await house.see("hb.plc", 7, Quality.STALE, wait_s=AFTER_S + 1)
            assert house.stories == [], "a link that is late is no link that is lost"
            await house.see("hb.plc", 7, Quality.NOT_CONNECTED, wait_s=AFTER_S + 1)
            await house.see("hb.plc", 7, Quality.COMMUNICATION, wait_s=AFTER_S + 1)
        assert [told.fault for told in house.stories] == ["plc_lost"]

    virtually(story())


def test_a_second_fault_meanwhile_is_a_mark_in_the_first_ones_file() -> None:
    async def story() -> None:
        async with living() as house:
            await house.see("alarm", "F_SAFETY: stuck", wait_s=3)
            await house.see("lane.state", "faulted", wait_s=AFTER_S + 1)
        (told,) = house.stories
        marks = [entry.thing.about for entry in told.entries if isinstance(entry.thing, Note)]
        assert marks == ["F_SAFETY", "faulted"]

    virtually(story())


def test_a_fault_under_way_is_written_down_when_the_plant_stops() -> None:
    async def story() -> None:
        async with living() as house:
            await house.see("alarm", "F_PLC: gone")
        assert [told.fault for told in house.stories] == ["F_PLC"]

    virtually(story())


def test_who_is_in_the_lane_is_not_written_down() -> None:
    async def story() -> None:
        async with living() as house:
            await house.see("plate.text", "京A12345")
            await house.see("alarm", "F_PLC: gone")
        assert not any("京A12345" in line for line in lines(house.stories[0]))

    virtually(story())


class OneTag:
    """A driver that does what the test says."""

    name = "plc1"
    tags = frozenset(TagName(f"{LANE}.{point}") for point in ("hb.server", "cmd"))

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble

    async def run(self) -> None:
        await asyncio.sleep(0)

    async def write(self, name: TagName, value: Value) -> None:
        if self.trouble:
            raise PlcError(self.trouble)

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        return None

    def figures(self) -> DeviceFigures:
        return DeviceFigures(self.name)


async def test_what_goes_out_is_noted_before_it_goes_and_after() -> None:
    told: list[Note] = []
    driver = TappedDriver(OneTag(), lambda _tag, note: told.append(note))
    await driver.command(name("cmd"), CommandBlock(11, CommandCode.OPEN, 7, 2000, 5, 9))
    assert [(note.what, note.about) for note in told] == [("write", name("cmd")), ("done", name("cmd"))]
    assert told[0].told == {"claim": 11, "code": "OPEN", "passage": 7, "ttl_ms": 2000, "tick": 5, "seq": 9}


async def test_a_write_that_failed_is_noted_with_its_reason() -> None:
    told: list[Note] = []
    driver = TappedDriver(OneTag("no answer"), lambda _tag, note: told.append(note))
    with pytest.raises(PlcError):
        await driver.write(name("hb.server"), 1)
    assert told[-1] == Note("failed", name("hb.server"), "no answer")


def read_of(value: Value, at_s: float) -> Entry:
    return Entry(NOON, at_s, Read({name("gate.up"): TagValue(value, Quality.GOOD, None, NOON, at_s)}))


def test_a_ring_never_holds_more_than_its_number_and_its_span() -> None:
    ring = Ring(span_s=10.0, most=100)
    for n in range(1000):
        ring.add(read_of(n, n * 0.01))
    assert (len(ring), ring.image[name("gate.up")].value) == (100, 899)
    ring.add(read_of(1000, 60.0))
    assert [entry.at_s for entry in ring] == [60.0]


def story_of(fault: str, second: int) -> Story:
    image = {name("gate.up"): TagValue(value=False, quality=Quality.STALE, source_at=None, seen_at=NOON, seen_s=0.0)}
    entries = (read_of(value=True, at_s=9.0), Entry(NOON, 10.5, Note("write", name("cmd"), {"seq": 9})))
    return Story(LANE, fault, NOON.replace(second=second), 10.0, image, entries)


def test_a_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = keep(tmp_path / "blackbox", story_of("F_PLC", 0))
    head, rows = read(path)
    assert (head["lane"], head["fault"]) == (LANE, "F_PLC")
    assert [(row.s, row.what, row.about, row.told) for row in rows] == [
        ("before", "read", "in1.gate.up", "False (STALE)"),
        ("-1.000", "read", "in1.gate.up", "True"),
        ("+0.500", "write", "in1.cmd", '{"seq":9}'),
    ]
    assert path.stat().st_mode & 0o077 == 0


def test_a_fault_with_a_strange_name_makes_no_strange_file(tmp_path: Path) -> None:
    assert keep(tmp_path, story_of("../../F X", 0)).parent == tmp_path


def test_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    for n in range(MOST_FILES + 3):
        (tmp_path / f"20260101T{n:06}.000000Z-in1-F.jsonl").touch()
    newest = keep(tmp_path, story_of("F_PLC", 1))
    kept = sorted(tmp_path.glob("*"))
    assert (len(kept), kept[-1]) == (MOST_FILES, newest)


@pytest.mark.parametrize("text", ["", "no json", "[1]", json.dumps({"black_box": 99})])
def test_another_file_is_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(NoBlackBox):
        read(tmp_path / "x.jsonl")


def test_the_command_lists_the_files_and_shows_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path)
    assert main(["tags", "trace", "--config", str(config)]) == 1
    path = keep(tmp_path / "data" / "blackbox", story_of("F_PLC", 0))
    assert main(["tags", "trace", "--config", str(config)]) == 0
    assert path.name in capsys.readouterr().out
    assert main(["tags", "trace", str(path), "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[2] == "-1.000,read,in1.gate.up,True"
    assert main(["tags", "trace", str(config)]) == 2
