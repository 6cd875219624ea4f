"""Forced values: who may put what over which tag, for how long, and what is written down."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from scada.engine.tag.forcing import COUNT, LONGEST_MIN, MOST, Forced, Forcing
from scada.engine.tags import TagTable
from scada.model.interlock import Allowed, Refused, Writer, may_force, may_write
from scada.model.tag import Access, Quality, Shape, TagName, TagSpec, TagUpdate, TagValue, Value
from scada.ports import JournalEntry
from tests.support.engine import START, KeptJournal, LoopClock, virtually

LIGHT = TagName("in1.light.green")
DERIVED = TagName("in1.warn")
READ = Access.READ
GOOD = TagValue(0, Quality.GOOD, None, START, 0.0)


def spec(point: str, shape: Shape | None = Shape.BOOL, access: Access = READ, **more: str) -> TagSpec:
    return TagSpec(TagName(f"in1.{point}"), "plc1", access, shape=shape, **more)  # type: ignore[arg-type]


class Bench:
    """A table with a light and what follows from it, and who forces."""

    def __init__(self, journal: KeptJournal | None = None) -> None:
        self.clock = LoopClock()
        self.journal = journal or KeptJournal()
        many = [TagSpec(TagName(f"in1.lamp{n}"), "plc1", READ) for n in range(MOST + 1)]
        derived = TagSpec(DERIVED, "", READ, formula="in1.light.green")
        self.table = TagTable([spec("light.green"), derived, TagSpec(COUNT, "", READ), *many], self.clock)
        self.table.apply([TagUpdate(LIGHT, False, Quality.GOOD)])
        self.forcing = Forcing(self.table, self.journal, self.clock)

    def shown(self, name: TagName) -> tuple[Value, Quality]:
        seen = self.table.get(name)
        return seen.value, seen.quality


class Watching(KeptJournal):
    """A journal that looks, as it is written, at what is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.look: Callable[[], object] = lambda: None
        self.seen: list[object] = []

    async def append(self, entries: Sequence[JournalEntry]) -> None:
        self.seen.append(self.look())
        await super().append(entries)


def test_a_forced_value_is_written_down_with_who_and_why_before_it_is_shown() -> None:
    async def story() -> None:
        journal = Watching()
        bench = Bench(journal)
        journal.look = lambda: bench.shown(LIGHT)
        assert isinstance(await bench.forcing.force(LIGHT, True, "wang", "lamp test", 5), Forced)
        assert journal.seen == [(False, Quality.GOOD)]
        assert bench.shown(LIGHT) == bench.shown(DERIVED) == (True, Quality.FORCED)
        assert bench.table.get(COUNT).value == 1
        [entry] = bench.journal.entries
        assert (entry.kind, entry.actor, entry.what, entry.lane) == ("person", "wang", "force", "in1")
        assert entry.body == {"tag": LIGHT, "value": True, "why": "lamp test", "minutes": 5, "read": False}

    virtually(story())


def test_a_forced_value_ends_by_itself_and_that_is_written_down() -> None:
    async def story() -> None:
        bench = Bench()
        watch = asyncio.create_task(bench.forcing.run())
        await bench.forcing.force(LIGHT, True, "wang", "lamp test", 5)
        await asyncio.sleep(299)
        assert bench.shown(LIGHT) == (True, Quality.FORCED)
        await asyncio.sleep(2)
        assert bench.shown(LIGHT) == (False, Quality.GOOD)
        assert not bench.forcing.forced
        assert bench.table.get(COUNT).value == 0
        assert [(entry.actor, entry.what) for entry in bench.journal.entries[1:]] == [("expiry", "unforce")]
        watch.cancel()

    virtually(story())


def test_a_journal_that_cannot_be_written_lets_nothing_be_forced() -> None:
    class Broken(KeptJournal):
        async def append(self, entries: object) -> None:
            raise OSError("disk full")

    async def story() -> None:
        bench = Bench(Broken())
        with pytest.raises(OSError, match="disk full"):
            await bench.forcing.force(LIGHT, True, "wang", "lamp test", 5)
        assert bench.shown(LIGHT) == (False, Quality.GOOD)

    virtually(story())


def test_who_forced_it_or_another_lets_it_go_and_twice_is_refused() -> None:
    async def story() -> None:
        bench = Bench()
        await bench.forcing.force(LIGHT, True, "wang", "lamp test", 5)
        assert await bench.forcing.release(LIGHT, "li", "done") == Allowed()
        assert bench.shown(LIGHT) == (False, Quality.GOOD)
        assert isinstance(await bench.forcing.release(LIGHT, "li", "done"), Refused)

    virtually(story())


def test_a_tag_that_a_new_map_has_anew_is_no_longer_forced() -> None:
    async def story() -> None:
        bench = Bench()
        await bench.forcing.force(LIGHT, True, "wang", "lamp test", 5)
        bench.table.remap([spec("light.green", unit="V"), TagSpec(COUNT, "", READ)])
        assert bench.shown(LIGHT) == (None, Quality.NOT_CONNECTED)
        assert bench.forcing.expire() == [LIGHT]

    virtually(story())


@pytest.mark.parametrize(
    ("name", "value", "why", "minutes", "part"),
    [
        ("in1.no.such", True, "x", 5, "no tag"),
        (LIGHT, True, "", 5, "reason"),
        (LIGHT, True, "x", 0, "minutes"),
        (LIGHT, True, "x", LONGEST_MIN + 1, "minutes"),
        (LIGHT, 1, "x", 5, "no bool"),
        (LIGHT, None, "x", 5, "unknown"),
        (COUNT, 0, "x", 5, "own word"),
    ],
)
def test_what_may_not_be_forced_is_refused_and_nothing_is_written(
    name: str, value: Value, why: str, minutes: int, part: str
) -> None:
    async def story() -> None:
        bench = Bench()
        done = await bench.forcing.force(TagName(name), value, "wang", why, minutes)
        assert isinstance(done, Refused)
        assert part in done.why
        assert not bench.journal.entries

    virtually(story())


def test_so_many_forced_values_are_no_repair_any_more() -> None:
    async def story() -> None:
        bench = Bench()
        done = [await bench.forcing.force(TagName(f"in1.lamp{n}"), True, "wang", "x", 5) for n in range(MOST + 1)]
        assert isinstance(done[-1], Refused)
        assert all(isinstance(one, Forced) for one in done[:-1])

    virtually(story())


PROOFS = [
    *("loop.approach", "loop.safety", "loop.closing", "beam", "gate.up", "gate.down", "gate.close_permit"),
    *(
        "passage.now",
        "passage.next",
        "passage.outcome",
        "rise.count",
        "rise.cause",
        "claim.now",
        "ack.seq",
        "ack.result",
    ),
    *("plc.tick", "plc.boot", "hb.plc", "mode.now", "fire.contact", "hand.button", "gate.mains"),
]


@pytest.mark.parametrize("point", PROOFS)
@pytest.mark.parametrize("value", [True, False, 1])
def test_nobody_forces_what_boom_money_or_handshake_rest_on(point: str, value: Value) -> None:
    assert isinstance(may_force(spec(point, None), value), Refused)
    assert isinstance(may_force(spec("harmless", None, role=point), value), Refused)
    assert isinstance(may_force(spec(point, None, role="harmless"), value), Refused)


@pytest.mark.parametrize(
    ("point", "careful"),
    [("loop.approach_fault", True), ("loop.safety_fault", True), ("gate.drive_fault", True), ("gate.attached", False)],
)
def test_a_fault_may_be_made_up_but_never_hidden(point: str, careful: bool) -> None:
    assert may_force(spec(point), careful) == Allowed()
    assert isinstance(may_force(spec(point), not careful), Refused)
    assert isinstance(may_force(spec(point, role="gate.up"), careful), Refused)


def test_figures_for_people_may_be_forced_within_their_range() -> None:
    motor = TagSpec(TagName("in1.gate.motor_a"), "plc1", READ, shape=Shape.NUMBER, lo=0.0, hi=10.0)
    assert may_force(motor, 3.5) == Allowed()
    assert isinstance(may_force(motor, 11.0), Refused)
    assert isinstance(may_force(spec("cmd", None, Access.WRITE), 1), Refused)


@pytest.mark.parametrize(
    "point",
    [
        *(
            "gate.open",
            "gate.open_pulse",
            "mode.wanted",
            "cmd",
            "claim.wanted",
            "hb.server",
            "hand.open",
            "passage.reset",
            "loop.safety",
            "beam",
        )
    ],
)
def test_no_person_writes_what_moves_the_boom_or_proves_a_passage(point: str) -> None:
    rw = Access.READ_WRITE
    assert isinstance(may_write(spec(point, None, rw), 1, GOOD, Writer.PERSON), Refused)
    assert isinstance(may_write(spec("harmless", None, rw, role=point), 1, GOOD, Writer.PERSON), Refused)


def test_a_person_writes_set_points_of_their_kind_and_within_their_range() -> None:
    point = TagSpec(TagName("in1.time.close_s"), "plc1", Access.READ_WRITE, shape=Shape.WHOLE, lo=1, hi=30)
    assert may_write(point, 8, GOOD, Writer.PERSON) == Allowed()
    for wrong in (0, 31, 8.5, "8", True, None):
        assert isinstance(may_write(point, wrong, GOOD, Writer.PERSON), Refused)
    own = TagSpec(TagName("in1.gate.open_request"), "", Access.READ_WRITE)
    assert isinstance(may_write(own, "{}", GOOD, Writer.PERSON), Refused)
    assert may_write(own, "{}", GOOD) == Allowed()


def test_what_is_forced_is_not_written_since_nobody_would_see_what_it_did() -> None:
    forced = GOOD._replace(quality=Quality.FORCED)
    assert isinstance(may_write(spec("light.green", access=Access.READ_WRITE), True, forced), Refused)
