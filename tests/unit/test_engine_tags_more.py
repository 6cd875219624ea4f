"""The tag table: filters, formulas, what is told again, what is doubted, what is forced."""

from datetime import UTC, datetime

import pytest

from scada.clock import VirtualClock
from scada.engine.mailbox import EveryItem, Mailbox
from scada.engine.tag.wheel import Wheel
from scada.engine.tags import Batch, TagTable
from scada.model.tag import Access, Quality, Shape, TagName, TagSpec, TagUpdate, Value

DOOR, LAMP, MOTOR, ALARM, FAR, TWICE = (
    TagName(f"in1.{point}") for point in ("door", "lamp", "motor_a", "door_left", "far", "motor_twice")
)
LOOP = TagName("in1.loop.approach")
GOOD = Quality.GOOD
READ = Access.READ


def formula(name: TagName, text: str) -> TagSpec:
    return TagSpec(name, "", READ, shape=None, formula=text)


SPECS = (
    TagSpec(DOOR, "plc1", READ, stale_s=0.5, shape=Shape.BOOL, debounce_s=0.3),
    TagSpec(LAMP, "plc1", READ, stale_s=0.5, shape=Shape.BOOL),
    TagSpec(MOTOR, "plc1", READ, stale_s=3600.0, deadband=0.5, is_analog=True, shape=Shape.NUMBER),
    TagSpec(LOOP, "plc1", READ, stale_s=0.5, shape=Shape.BOOL),
    formula(FAR, "not in1.door_left"),
    formula(ALARM, "in1.door and not in1.lamp"),
    formula(TWICE, "in1.motor_a * 2"),
)


class Desk:
    """A table, its clock and a reader of everything."""

    def __init__(self, specs: tuple[TagSpec, ...] = SPECS) -> None:
        self.clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))
        self.table = TagTable(specs, self.clock, again_s=600.0)
        self.box: Mailbox[Batch] = Mailbox("test", 10_000, EveryItem())
        self.table.subscribe(self.box)

    def see(self, name: TagName, value: Value, quality: Quality = GOOD, after_s: float = 0.0) -> None:
        self.clock.advance(after_s)
        self.table.apply([TagUpdate(name, value, quality)])

    def sweep(self, after_s: float) -> None:
        self.clock.advance(after_s)
        self.table.sweep()

    def told(self) -> list[dict[TagName, tuple[Value, Quality]]]:
        return [{name: (seen.value, seen.quality) for name, seen in batch.items()} for batch in self.box.drain()]

    def now(self, name: TagName) -> tuple[Value, Quality]:
        seen = self.table.get(name)
        return seen.value, seen.quality


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_filtered_contact_turns_once_it_has_stayed(desk: Desk) -> None:
    desk.see(DOOR, False)
    desk.see(DOOR, True, after_s=0.1)
    desk.see(DOOR, False, after_s=0.1)
    desk.see(DOOR, True, after_s=0.1)
    desk.see(DOOR, True, after_s=0.2)
    assert desk.now(DOOR) == (False, GOOD)
    desk.see(DOOR, True, after_s=0.15)
    assert desk.now(DOOR) == (True, GOOD)
    assert [batch[DOOR] for batch in desk.told() if DOOR in batch] == [(False, GOOD), (True, GOOD)]


def test_a_filtered_contact_turns_by_time_alone_where_a_device_tells_changes_only(desk: Desk) -> None:
    desk.see(DOOR, False)
    desk.see(DOOR, True)
    desk.sweep(0.25)
    assert desk.now(DOOR) == (False, GOOD)
    desk.sweep(0.1)
    assert desk.now(DOOR) == (True, GOOD)


def test_a_bad_contact_is_told_at_once_and_what_is_seen_after_it_is_believed(desk: Desk) -> None:
    desk.see(DOOR, False)
    desk.see(DOOR, None, Quality.COMMUNICATION, after_s=0.01)
    assert desk.now(DOOR) == (False, Quality.COMMUNICATION)
    desk.see(DOOR, True, after_s=0.01)
    assert desk.now(DOOR) == (True, GOOD)


def test_a_contact_that_turned_and_was_lost_does_not_settle_afterwards(desk: Desk) -> None:
    desk.see(DOOR, False)
    desk.see(DOOR, True)
    desk.see(DOOR, None, Quality.NOT_CONNECTED)
    desk.sweep(1.0)
    assert desk.now(DOOR) == (False, Quality.NOT_CONNECTED)


def test_derived_tags_are_told_in_the_batch_of_what_they_follow_each_once(desk: Desk) -> None:
    desk.see(LAMP, False)
    desk.told()
    desk.see(DOOR, True)
    assert desk.told() == [{DOOR: (True, GOOD), ALARM: (True, GOOD), FAR: (False, GOOD)}]
    desk.see(LAMP, True)
    assert desk.told() == [{LAMP: (True, GOOD), ALARM: (False, GOOD), FAR: (True, GOOD)}]


def test_a_derived_tag_goes_stale_with_what_it_follows_in_the_same_batch(desk: Desk) -> None:
    desk.table.apply([TagUpdate(DOOR, True, GOOD), TagUpdate(LAMP, False, GOOD)])
    desk.clock.advance(0.3)
    desk.see(DOOR, True)
    assert desk.table.get(ALARM).seen_s == 0.0
    desk.told()
    desk.sweep(0.3)
    stale = Quality.STALE
    assert desk.told() == [{LAMP: (False, stale), ALARM: (True, stale), FAR: (False, stale)}]


def test_a_formula_sees_what_lies_within_a_deadband(desk: Desk) -> None:
    desk.see(MOTOR, 2.0)
    desk.told()
    desk.see(MOTOR, 2.25)
    assert desk.told() == [{TWICE: (4.5, GOOD)}]


def test_a_formula_of_a_map_that_was_not_linted_is_bad_for_good_and_says_why() -> None:
    names = [TagName(f"in1.f{n}") for n in range(5)]
    texts = ["in1.f1", "in1.f0 + 1", "in1.nowhere + 1", "1 +", "2 * 21"]
    desk = Desk(tuple(formula(name, text) for name, text in zip(names, texts, strict=True)))
    wrong = [desk.table.wrong(name) for name in names]
    assert "circle" in wrong[0]
    assert "circle" in wrong[1]
    assert "no tag in1.nowhere" in wrong[2]
    assert "cannot be read" in wrong[3]
    assert [desk.now(name)[1] for name in names[:4]] == [Quality.CONFIGURATION] * 4
    assert desk.now(names[4]) == (42, GOOD)


def test_a_formula_that_breaks_is_bad_until_it_can_be_reckoned_again() -> None:
    part = TagName("in1.part")
    desk = Desk((TagSpec(LAMP, "plc1", READ), formula(part, "1 / in1.lamp")))
    desk.see(LAMP, 0)
    assert desk.now(part) == (None, Quality.CONFIGURATION)
    assert desk.table.wrong(part) == "division by zero"
    desk.see(LAMP, 4)
    assert desk.now(part) == (0.25, GOOD)
    assert desk.table.wrong(part) == ""


def test_a_derived_tag_is_never_set(desk: Desk) -> None:
    with pytest.raises(ValueError, match="formula"):
        desk.table.set(ALARM, True)


def test_an_unchanged_analog_value_is_told_again_at_times_and_a_contact_is_not(desk: Desk) -> None:
    desk.see(MOTOR, 2.0)
    desk.see(LAMP, True)
    desk.told()
    for _ in range(3200):
        desk.sweep(0.4)
        desk.table.apply([TagUpdate(MOTOR, 2.1, GOOD), TagUpdate(LAMP, True, GOOD)])
    told = desk.told()
    assert [batch[MOTOR] for batch in told if MOTOR in batch] == [(2.1, GOOD)] * 2
    assert not any(LAMP in batch for batch in told)


def test_a_bad_analog_value_is_not_told_again(desk: Desk) -> None:
    desk.see(MOTOR, 2.0)
    desk.see(MOTOR, None, Quality.NOT_CONNECTED)
    desk.told()
    for _ in range(30):
        desk.sweep(100.0)
    assert desk.told() == []


def test_a_loop_with_nobody_on_it_is_stuck_until_it_turns(desk: Desk) -> None:
    desk.table.doubt(LOOP)
    assert desk.now(LOOP) == (None, Quality.NOT_CONNECTED)
    desk.see(LOOP, True)
    desk.table.doubt(LOOP)
    desk.see(LOOP, True)
    desk.sweep(0.4)
    assert desk.now(LOOP) == (True, Quality.STUCK)
    desk.see(LOOP, False)
    assert desk.now(LOOP) == (False, GOOD)


def test_a_stuck_loop_whose_link_is_lost_is_bad(desk: Desk) -> None:
    desk.see(LOOP, True)
    desk.table.doubt(LOOP)
    desk.see(LOOP, None, Quality.NOT_CONNECTED)
    assert desk.now(LOOP) == (True, Quality.NOT_CONNECTED)


def test_a_forced_value_lies_over_what_is_read_and_what_follows_shows_it(desk: Desk) -> None:
    desk.table.apply([TagUpdate(DOOR, False, GOOD), TagUpdate(LAMP, False, GOOD)])
    desk.told()
    desk.table.force(DOOR, True)
    forced = Quality.FORCED
    assert desk.told() == [{DOOR: (True, forced), ALARM: (True, forced), FAR: (False, forced)}]
    desk.see(LAMP, False)
    desk.see(DOOR, None, Quality.NOT_CONNECTED)
    assert desk.now(DOOR) == (True, forced)
    assert (desk.table.real(DOOR).value, desk.table.real(DOOR).quality) == (False, Quality.NOT_CONNECTED)
    assert desk.told() == []
    desk.table.unforce(DOOR)
    assert desk.now(DOOR) == (False, Quality.NOT_CONNECTED)
    assert desk.now(ALARM) == (False, Quality.NOT_CONNECTED)


def test_behind_a_forced_value_age_goes_on(desk: Desk) -> None:
    desk.see(LAMP, True)
    desk.table.force(LAMP, False)
    desk.sweep(1.0)
    assert desk.now(LAMP) == (False, Quality.FORCED)
    assert desk.table.real(LAMP).quality is Quality.STALE
    desk.table.unforce(LAMP)
    assert desk.now(LAMP) == (True, Quality.STALE)


def test_a_wheel_gives_each_item_once_and_not_before_its_time() -> None:
    wheel: Wheel[str] = Wheel()
    for item, due_s in (("b", 2.0), ("a", 1.0), ("c", 30.0)):
        wheel.add(item, due_s)
    assert list(wheel.due(0.9)) == []
    assert list(wheel.due(2.5)) == ["a", "b"]
    wheel.add("late", 0.1)
    assert list(wheel.due(2.5)) == []
    assert list(wheel.due(2.53)) == ["late"]
    assert list(wheel.due(3600.0)) == ["c"]


def test_a_new_map_keeps_what_is_the_same_and_tells_what_is_new_changed_or_gone(desk: Desk) -> None:
    for name, value in ((DOOR, False), (LAMP, True), (MOTOR, 2.0), (LOOP, True)):
        desk.see(name, value)
    desk.told()
    new = TagName("in1.new")
    door, _, motor, *_ = SPECS
    changed = TagSpec(LAMP, "plc2", READ, stale_s=0.5)
    desk.table.remap([door, changed, motor, formula(new, "in1.motor_a + 1")])
    lost = Quality.NOT_CONNECTED
    assert (desk.now(DOOR), desk.now(LAMP), desk.now(MOTOR)) == ((False, GOOD), (None, lost), (2.0, GOOD))
    assert desk.now(new) == (3.0, GOOD)
    told = {name: seen for batch in desk.told() for name, seen in batch.items()}
    assert (told[LAMP], told[LOOP], told[ALARM], told[new]) == (
        *((None, lost), (True, lost), (False, lost), (3.0, GOOD)),
    )
    assert DOOR not in told
    assert LOOP not in desk.table
    desk.sweep(0.6)
    assert desk.now(DOOR) == (False, Quality.STALE)
    desk.see(MOTOR, 4.0)
    assert desk.now(new) == (5.0, GOOD)
