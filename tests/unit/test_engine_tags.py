"""The tag table: quality, age, batches."""

from datetime import UTC, datetime

import pytest

from scada.clock import VirtualClock
from scada.engine.mailbox import EveryItem, LatestOnly, Mailbox
from scada.engine.tags import Batch, TagTable, merged
from scada.model.tag import Access, Quality, TagName, TagSpec, TagUpdate, Value

UP = TagName("in1.gate.up")
MOTOR = TagName("in1.gate.motor_a")
STATE = TagName("in1.lane.state")
SPECS = (
    TagSpec(UP, "plc1", Access.READ, stale_s=0.5),
    TagSpec(MOTOR, "plc1", Access.READ, stale_s=15.0, deadband=0.05),
    TagSpec(STATE, "", Access.READ),
)


def seen(name: TagName, value: Value, quality: Quality = Quality.GOOD) -> TagUpdate:
    return TagUpdate(name, value, quality)


class Desk:
    """A table, its clock and a reader of everything."""

    def __init__(self) -> None:
        self.clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))
        self.table = TagTable(SPECS, self.clock)
        self.box: Mailbox[Batch] = Mailbox("test", 100, EveryItem())
        self.table.subscribe(self.box)

    def told(self) -> list[dict[str, Value]]:
        return [{name: value.value for name, value in batch.items()} for batch in self.box.drain()]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_before_anything_is_seen_a_tag_is_not_connected_and_has_no_value(desk: Desk) -> None:
    value = desk.table.get(UP)
    assert (value.value, value.quality, value.seq) == (None, Quality.NOT_CONNECTED, 0)


def test_a_scan_is_told_as_one_batch(desk: Desk) -> None:
    desk.table.apply([seen(UP, True), seen(MOTOR, 1.5)])
    assert desk.told() == [{UP: True, MOTOR: 1.5}]


def test_a_reader_of_named_tags_gets_only_those(desk: Desk) -> None:
    box: Mailbox[Batch] = Mailbox("motor", 1, LatestOnly(merged))
    desk.table.subscribe(box, [MOTOR])
    desk.table.apply([seen(UP, True)])
    assert box.depth == 0
    desk.table.apply([seen(UP, False), seen(MOTOR, 1.5)])
    assert [list(batch) for batch in box.drain()] == [[MOTOR]]
    desk.table.unsubscribe(box)
    desk.table.apply([seen(MOTOR, 3.0)])
    assert box.depth == 0


def test_an_unchanged_value_is_not_told_again_but_its_age_begins_anew(desk: Desk) -> None:
    desk.table.apply([seen(UP, True)])
    first = desk.table.get(UP)
    desk.clock.advance(0.4)
    desk.table.apply([seen(UP, True)])
    desk.clock.advance(0.4)
    desk.table.sweep()
    again = desk.table.get(UP)
    assert desk.told() == [{UP: True}]
    assert (again.quality, again.seq) == (Quality.GOOD, first.seq)
    assert again.seen_s == pytest.approx(0.4)
    assert again.seen_at > first.seen_at


def test_a_value_not_seen_in_time_is_stale_keeps_its_value_and_comes_back(desk: Desk) -> None:
    desk.table.apply([seen(UP, True)])
    desk.clock.advance(0.6)
    desk.table.sweep()
    desk.table.sweep()
    assert (desk.table.get(UP).value, desk.table.get(UP).quality) == (True, Quality.STALE)
    desk.table.apply([seen(UP, True)])
    assert desk.table.get(UP).quality is Quality.GOOD
    assert len(desk.told()) == 3


def test_a_bad_reading_keeps_the_last_value_and_never_becomes_merely_stale(desk: Desk) -> None:
    desk.table.apply([seen(UP, True)])
    desk.table.apply([seen(UP, None, Quality.NOT_CONNECTED)])
    desk.clock.advance(5)
    desk.table.sweep()
    assert (desk.table.get(UP).value, desk.table.get(UP).quality) == (True, Quality.NOT_CONNECTED)


def test_inside_the_deadband_a_value_moves_but_is_not_told(desk: Desk) -> None:
    desk.table.apply([seen(MOTOR, 1.00)])
    for value in (1.02, 1.04, 1.06):
        desk.clock.advance(0.1)
        desk.table.apply([seen(MOTOR, value)])
    assert desk.told() == [{MOTOR: 1.00}, {MOTOR: 1.06}]
    desk.clock.advance(0.1)
    desk.table.apply([seen(MOTOR, 1.03)])
    assert desk.table.get(MOTOR).value == 1.03


def test_when_a_value_last_changed_is_not_moved_by_seeing_it_again(desk: Desk) -> None:
    desk.table.apply([seen(MOTOR, 1.0)])
    desk.clock.advance(4)
    desk.table.apply([seen(MOTOR, 1.0)])
    assert desk.table.changed_s(MOTOR) == 0.0


def test_the_server_sets_its_own_tags_and_no_others(desk: Desk) -> None:
    desk.table.set_all({STATE: "idle"})
    assert desk.table.get(STATE).value == "idle"
    desk.table.set(STATE, None)
    assert desk.table.get(STATE).value is None
    with pytest.raises(ValueError, match="plc1"):
        desk.table.set(UP, True)
    with pytest.raises(KeyError):
        desk.table.set(TagName("in1.nothing"), 1)


def test_a_tag_that_is_in_no_map_is_ignored(desk: Desk) -> None:
    desk.table.apply([seen(TagName("in9.gate.up"), True), seen(UP, True)])
    assert desk.told() == [{UP: True}]
    assert TagName("in9.gate.up") not in desk.table
    assert list(desk.table.snapshot()) == [UP, MOTOR, STATE]
