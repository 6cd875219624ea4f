"""The one path of a write."""

import asyncio
from collections.abc import Callable

import pytest

from scada.engine.tags import TagTable
from scada.engine.writing import Confirmed, Unknown
from scada.model.device import DeviceFigures
from scada.model.handshake import Answer, CommandBlock
from scada.model.interlock import Allowed, Refused, may_write
from scada.model.tag import (
    Access,
    Acknowledged,
    Quality,
    ReadsBack,
    Shape,
    TagName,
    TagSpec,
    TagUpdate,
    TagValue,
    Value,
)
from scada.ports import PlcError
from tests.support.engine import START, KeptJournal, LoopClock, virtually

MODE = TagName("in1.mode.wanted")
LAMP = TagName("in1.lamp")
REQUEST = TagName("in1.gate.open_request")
SPECS = (
    TagSpec(MODE, "plc1", Access.READ_WRITE),
    TagSpec(LAMP, "plc1", Access.WRITE),
    TagSpec(TagName("in1.gate.up"), "plc1", Access.READ),
    TagSpec(TagName("in1.cmd"), "plc1", Access.WRITE),
    TagSpec(TagName("in1.claim.wanted"), "plc1", Access.WRITE),
    TagSpec(TagName("in1.hb.server"), "plc1", Access.WRITE),
    TagSpec(REQUEST, "", Access.READ_WRITE),
    TagSpec(TagName("in1.lane.state"), "", Access.READ),
)


class OneDevice:
    """A device that takes writes by `take`."""

    name = "plc1"
    tags = frozenset(spec.name for spec in SPECS if spec.device)

    def __init__(self, take: Callable[[TagName, Value], None]) -> None:
        self.written: list[tuple[TagName, Value]] = []
        self._take = take
        self.fails: list[PlcError | None] = []

    async def run(self) -> None:
        return

    async def write(self, name: TagName, value: Value) -> None:
        self.written.append((name, value))
        if self.fails and (error := self.fails.pop(0)) is not None:
            raise error
        self._take(name, value)

    def figures(self) -> DeviceFigures:
        return DeviceFigures(self.name)

    async def command(self, name: TagName, block: CommandBlock) -> Answer | None:
        raise PlcError("not here")


class Bench:
    """A table whose mode is connected, one device and a journal."""

    def __init__(self, shows: Callable[[Value], Value] = lambda value: value) -> None:
        self.table = TagTable(SPECS, LoopClock())
        self.table.apply([TagUpdate(MODE, 1, Quality.GOOD)])
        self.shows = shows
        self.device = OneDevice(self._take)
        self.journal = KeptJournal()
        self.table.connect([self.device], self.journal)

    def _take(self, name: TagName, value: Value) -> None:
        update = TagUpdate(name, self.shows(value), Quality.GOOD)
        asyncio.get_running_loop().call_later(0.1, self.table.apply, [update])


def test_a_write_is_journalled_sent_once_and_confirmed_by_reading_back() -> None:
    async def story() -> None:
        bench = Bench()
        assert await bench.table.write(MODE, 2, "li", "fair day") == Confirmed()
        assert bench.device.written == [(MODE, 2)]
        [entry] = bench.journal.entries
        assert (entry.actor, entry.lane, entry.body) == ("li", "in1", {"tag": MODE, "value": 2, "why": "fair day"})

    virtually(story())


def test_a_write_that_does_not_show_is_unknown_and_is_not_repeated() -> None:
    async def story() -> None:
        bench = Bench(shows=lambda value: 1)
        outcome = await bench.table.write(MODE, 2, "li", "")
        assert isinstance(outcome, Unknown)
        assert "reads 1" in outcome.why
        assert len(bench.device.written) == 1

    virtually(story())


def test_a_device_that_fails_or_keeps_silent_leaves_the_write_unknown() -> None:
    async def story() -> None:
        bench = Bench()
        bench.device._take = _fail
        assert await bench.table.write(MODE, 2, "li", "") == Unknown("no route")
        bench.device.write = _hang  # type: ignore[method-assign]
        assert isinstance(await bench.table.write(MODE, 2, "li", ""), Unknown)

    virtually(story())


def test_a_tag_that_cannot_be_read_is_confirmed_by_its_acknowledgement() -> None:
    async def story() -> None:
        assert await Bench().table.write(LAMP, True, "li", "") == Confirmed()

    virtually(story())


def test_the_open_request_goes_the_same_way_and_stands_in_the_journal() -> None:
    async def story() -> None:
        bench = Bench()
        assert await bench.table.write(REQUEST, '{"id": "r1"}', "billing", "paid") == Confirmed()
        assert bench.table.get(REQUEST).value == '{"id": "r1"}'
        assert len(bench.journal.entries) == 1

    virtually(story())


@pytest.mark.parametrize(
    "name", ["in1.cmd", "in1.claim.wanted", "in1.hb.server", "in1.gate.up", "in1.lane.state", "in1.nothing"]
)
def test_what_may_not_be_written_is_refused_and_nothing_is_sent(name: str) -> None:
    async def story() -> None:
        bench = Bench()
        assert isinstance(await bench.table.write(TagName(name), 1, "li", ""), Refused)
        assert bench.device.written == []
        assert bench.journal.entries == []

    virtually(story())


@pytest.mark.parametrize(
    ("value", "quality", "verdict"),
    [
        (2, Quality.GOOD, Allowed()),
        (2, Quality.NOT_CONNECTED, Refused("plc1 is not connected")),
        (None, Quality.GOOD, Refused("in1.mode.wanted cannot be made unknown")),
        (float("nan"), Quality.GOOD, Refused("nan is no number for in1.mode.wanted")),
        ("x" * 5000, Quality.GOOD, Refused("5000 characters are too many for in1.mode.wanted")),
    ],
)
def test_the_interlock_says_why(value: Value, quality: Quality, verdict: Allowed | Refused) -> None:
    assert may_write(SPECS[0], value, TagValue(1, quality, None, START, 0.0)) == verdict


def _fail(name: TagName, value: Value) -> None:
    raise PlcError("no route")


async def _hang(name: TagName, value: Value) -> None:
    await asyncio.sleep(60)


RELAY, SHOWS, COUNTS, SLOW = (TagName(f"in1.{point}") for point in ("relay", "relay_on", "cycles", "set_point"))
OUTPUTS = (
    TagSpec(RELAY, "plc1", Access.WRITE, shape=Shape.BOOL, pulse_s=0.5),
    TagSpec(SHOWS, "plc1", Access.READ_WRITE, pulse_s=0.5, verify=ReadsBack(COUNTS)),
    TagSpec(COUNTS, "plc1", Access.READ),
    TagSpec(SLOW, "plc1", Access.READ_WRITE, verify=Acknowledged()),
)


class Outputs(Bench):
    """Outputs with pulses, and a counter that counts them if `counts`."""

    def __init__(self, counts: bool = True) -> None:
        super().__init__()
        self.counts, self.cycles = counts, 0
        self.table.remap(OUTPUTS)
        self._counted()
        self.table.apply([TagUpdate(SHOWS, False, Quality.GOOD), TagUpdate(SLOW, 1, Quality.GOOD)])

    def _take(self, name: TagName, value: Value) -> None:
        if self.counts and value is True:
            self.cycles += 1
        asyncio.get_running_loop().call_later(0.1, self._counted)

    def _counted(self) -> None:
        self.table.apply([TagUpdate(COUNTS, self.cycles, Quality.GOOD)])


def test_an_output_with_a_pulse_goes_back_by_itself() -> None:
    async def story() -> None:
        bench, began_s = Outputs(), asyncio.get_running_loop().time()
        assert await bench.table.write(RELAY, True, "li", "test") == Confirmed()
        assert bench.device.written == [(RELAY, True), (RELAY, False)]
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(0.5, abs=0.05)
        assert len(bench.journal.entries) == 1

    virtually(story())


def test_a_pulse_goes_back_although_its_caller_is_stopped_and_one_pulse_goes_at_a_time() -> None:
    async def story() -> None:
        bench = Outputs()
        pulse = asyncio.create_task(bench.table.write(RELAY, True, "li", "test"))
        await asyncio.sleep(0.1)
        assert isinstance(await bench.table.write(RELAY, True, "li", "again"), Refused)
        pulse.cancel()
        await asyncio.sleep(0.6)
        assert bench.device.written == [(RELAY, True), (RELAY, False)]
        assert await bench.table.write(RELAY, True, "li", "again") == Confirmed()

    virtually(story())


def test_a_pulse_that_was_not_acknowledged_is_taken_back_and_is_unknown() -> None:
    async def story() -> None:
        bench = Outputs()
        bench.device.fails = [PlcError("link lost")]
        assert await bench.table.write(RELAY, True, "li", "test") == Unknown("link lost")
        assert bench.device.written == [(RELAY, True), (RELAY, False)]

    virtually(story())


def test_an_output_that_may_still_be_on_is_told_as_such() -> None:
    async def story() -> None:
        bench = Outputs()
        bench.device.fails = [None, PlcError("link lost")]
        outcome = await bench.table.write(RELAY, True, "li", "test")
        assert outcome == Unknown("in1.relay may still be on: link lost")

    virtually(story())


def test_a_pulse_is_confirmed_by_the_counter_that_counts_it() -> None:
    async def story() -> None:
        assert await Outputs().table.write(SHOWS, True, "li", "test") == Confirmed()
        outcome = await Outputs(counts=False).table.write(SHOWS, True, "li", "test")
        assert isinstance(outcome, Unknown)
        assert "in1.cycles" in outcome.why

    virtually(story())


def test_where_the_map_says_so_the_acknowledgement_is_enough() -> None:
    async def story() -> None:
        assert await Outputs().table.write(SLOW, 7, "li", "test") == Confirmed()

    virtually(story())


def test_a_pulse_goes_back_by_its_own_link_although_links_are_exchanged_meanwhile() -> None:
    async def story() -> None:
        bench = Outputs()
        before, after = bench.device, OneDevice(bench._take)
        pulse = asyncio.create_task(bench.table.write(RELAY, True, "li", "test"))
        await asyncio.sleep(0.1)
        bench.table.connect([after], bench.journal)
        assert isinstance(await bench.table.write(RELAY, True, "li", "again"), Refused)
        assert await pulse == Confirmed()
        assert (before.written, after.written) == ([(RELAY, True), (RELAY, False)], [])
        assert await bench.table.write(RELAY, True, "li", "again") == Confirmed()
        assert after.written == [(RELAY, True), (RELAY, False)]

    virtually(story())
